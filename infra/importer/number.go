package importer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// numberForm says how numbers of a column are written. The rules are:
//
//   - A separator of thousands counts only in front of groups of exactly three digits, behind one to three digits of which the first is no
//     zero: 12.50 with `thousands: "."` is no number, and never 1250. Indian grouping has groups of two in front of the last three.
//   - A blank separator is every blank: U+0020, U+00A0, U+202F, U+2009 and their like.
//   - A minus is - or U+2212. Brackets, a minus behind and signs of currencies count only where the mapping names them.
//   - Numbers of JSON are read as JSON writes them, whatever the mapping says of texts.
type numberForm struct {
	decimal   string   // "." or ","; "" is "."
	thousands string   // "" for none; " " for every blank, "'" for every apostrophe
	indian    bool     // grouping: indian
	signs     []string // of a currency, which may stand at either end
	brackets  bool     // (12.50) is -12.50
	behind    bool     // 12.50- is -12.50
	absolute  bool     // without its minus
	scale     scale
}

// numberKeys are the readers of what a mapping may say of a number.
func (r *mappingReader) numberKeys(what string, f *numberForm) map[string]func(*yaml.Node) {
	return map[string]func(*yaml.Node){
		"absolute":       func(n *yaml.Node) { f.absolute = r.flag(n, what+".absolute") },
		"brackets":       func(n *yaml.Node) { f.brackets = r.flag(n, what+".brackets") },
		"trailing_minus": func(n *yaml.Node) { f.behind = r.flag(n, what+".trailing_minus") },
		"decimal":        func(n *yaml.Node) { f.decimal = r.oneOf(n, what+".decimal", ".", ",") },
		"thousands": func(n *yaml.Node) {
			n.Value = oneBlank(n.Value)
			f.thousands = r.oneOf(n, what+".thousands", ",", ".", " ", "'")
		},
		"grouping":      func(n *yaml.Node) { f.indian = r.oneOf(n, what+".grouping", "western", "indian") == "indian" },
		"currency_sign": func(n *yaml.Node) { f.signs = r.texts(n, what+".currency_sign") },
		"scale":         func(n *yaml.Node) { f.scale = r.scale(n, what+".scale") },
	}
}

// check finds what no single key of a number can show.
func (f numberForm) check(r *mappingReader, n *yaml.Node, what, kind string) {
	if f.thousands != "" && f.thousands == f.point() {
		r.fail(n, "%s: decimal and thousands are both %q", what, f.point())
	}
	if f.indian && f.thousands == "" {
		r.fail(n, "%s: grouping needs the separator too, for example `thousands: \",\"`", what)
	}
	if kind == "number" {
		return
	}
	ofNumbers := map[string]bool{
		"absolute": f.absolute, "brackets": f.brackets, "trailing_minus": f.behind, "currency_sign": f.signs != nil, "scale": f.scale.used(),
	}
	for _, key := range names(ofNumbers) {
		if ofNumbers[key] {
			r.fail(n, "%s: %s belongs to `type: number`", what, key)
		}
	}
}

func (f numberForm) point() string {
	if f.decimal == "" {
		return "."
	}
	return f.decimal
}

var (
	plainNumber = regexp.MustCompile(`^([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]{1,3})?$`)
	western     = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:,[0-9]{3})+$`)
	indian      = regexp.MustCompile(`^[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}$`)
)

// read turns a text into the text of a JSON number of exactly the same value; nothing goes through a float.
func (f numberForm) read(text string) (json.Number, bool) {
	rest, negative, ok := f.unsigned(text)
	if !ok {
		return "", false
	}
	whole, fraction, hasPoint := strings.Cut(rest, f.point())
	if f.thousands != "" && strings.Contains(whole, f.thousands) {
		grouped := strings.ReplaceAll(whole, f.thousands, ",")
		form := western
		if f.indian {
			form = indian
		}
		if f.thousands != "," && strings.Contains(whole, ",") || !form.MatchString(grouped) || strings.ContainsAny(fraction, "eE") {
			return "", false
		}
		whole = strings.ReplaceAll(grouped, ",", "")
	}
	if strings.ContainsAny(whole+fraction, ".,") {
		return "", false
	}
	if hasPoint {
		whole += "." + fraction
	}
	m := plainNumber.FindStringSubmatch(whole)
	if m == nil || m[1]+m[2] == "" {
		return "", false
	}
	return joinNumber(negative && !f.absolute, m[1], m[2], m[3]), true
}

// unsigned takes signs and brackets off: what is left is digits with their separators.
func (f numberForm) unsigned(text string) (rest string, negative, ok bool) {
	rest = strings.TrimFunc(strings.Map(foldSeparator, text), unicode.IsSpace)
	minus := 0 // a number has one sign at most
	sign := func(at func(string, string) (string, bool), sign string, used, isMinus bool) {
		if after, found := at(rest, sign); found && used {
			rest, minus, negative = strings.TrimSpace(after), minus+1, negative || isMinus
		}
	}
	for pass := range 2 { // the minus may stand on either side of the currency's sign
		if inner, found := strings.CutPrefix(rest, "("); found && f.brackets && strings.HasSuffix(inner, ")") {
			rest, minus, negative = strings.TrimSpace(inner[:len(inner)-1]), minus+1, true
		}
		sign(strings.CutPrefix, "-", true, true)
		sign(strings.CutPrefix, "+", true, false)
		sign(strings.CutSuffix, "-", f.behind, true)
		if pass == 0 {
			rest = f.withoutSign(rest)
		}
	}
	return rest, negative, minus <= 1
}

// withoutSign drops the sign of a currency that the mapping names; the longest first, for $ is in US$ too.
func (f numberForm) withoutSign(text string) string {
	best := text
	for _, sign := range f.signs {
		for _, cut := range []func(string, string) (string, bool){strings.CutPrefix, strings.CutSuffix} {
			if after, found := cut(text, strings.Map(foldSeparator, sign)); found && sign != "" && len(after) < len(best) {
				best = after
			}
		}
	}
	return strings.TrimSpace(best)
}

// foldSeparator makes one blank of all blanks, one apostrophe of all apostrophes, and one minus of both.
func foldSeparator(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r == '’' || r == 'ʼ':
		return '\''
	case r == '\u2212':
		return '-'
	}
	return r
}

func oneBlank(separator string) string { return strings.Map(foldSeparator, separator) }

// joinNumber writes a number without needless zeros in front. Its decimals and its exponent stay as they are.
func joinNumber(negative bool, whole, fraction, exponent string) json.Number {
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		whole = "-" + whole
	}
	return json.Number(whole + exponent)
}

// shift moves the decimal point of a number to the right, or to the left by a negative count of places.
func shift(number json.Number, places int) json.Number {
	text, negative := strings.CutPrefix(number.String(), "-")
	m := plainNumber.FindStringSubmatch(text)
	if places == 0 || m == nil {
		return number
	}
	whole, fraction := m[1], m[2]
	for ; places < 0; places++ {
		whole = "0" + whole
		fraction, whole = whole[len(whole)-1:]+fraction, whole[:len(whole)-1]
	}
	for ; places > 0; places-- {
		if fraction == "" {
			fraction = "0"
		}
		whole, fraction = whole+fraction[:1], fraction[1:]
	}
	return joinNumber(negative, whole, fraction, m[3])
}

// badNumber is a cell that is no number in the form that the mapping states.
type badNumber struct {
	text string
	form numberForm
}

func (e *badNumber) Error() string { return fmt.Sprintf("%q is not a number", e.text) }

// advice names what to add to the mapping so that the cell is a number: the fewest keys of all that help, and what the number would be.
func (e *badNumber) advice(field string) string {
	if !strings.ContainsFunc(e.text, unicode.IsDigit) {
		return ""
	}
	var best []string
	fewest := 4
	for _, change := range e.changes() {
		number, ok := change.form.read(e.text)
		if !ok || len(change.lines) > fewest {
			continue
		}
		if len(change.lines) < fewest {
			best, fewest = nil, len(change.lines)
		}
		best = append(best, fmt.Sprintf("%s to %s (%s)", strings.Join(change.lines, " and "), field, number))
	}
	if len(best) == 0 || len(best) > 3 {
		return ""
	}
	return "; add " + strings.Join(best, ", or ")
}

type formChange struct {
	form  numberForm
	lines []string
}

// changes are all other forms of a number, each with the lines of the mapping that say so.
func (e *badNumber) changes() []formChange {
	all := []formChange{{form: e.form}}
	vary := func(key string, values []string, set func(*numberForm, string)) {
		var more []formChange
		for _, c := range all {
			for _, value := range values {
				changed := formChange{c.form, append(slices.Clone(c.lines), fmt.Sprintf("'%s: %s'", key, value))}
				set(&changed.form, value)
				more = append(more, changed)
			}
		}
		all = append(all, more...)
	}
	other := map[string]string{".": ",", ",": "."}[e.form.point()]
	vary("decimal", []string{quoted(other)}, func(f *numberForm, v string) {
		if f.decimal = unquoted(v); f.thousands == f.decimal {
			f.thousands = ""
		}
	})
	var separators []string
	for _, s := range []string{",", ".", " ", "'"} {
		if s != e.form.thousands && strings.Contains(oneBlank(e.text), s) {
			separators = append(separators, quoted(s))
		}
	}
	vary("thousands", separators, func(f *numberForm, v string) { f.thousands = unquoted(v) })
	vary("grouping", []string{"indian"}, func(f *numberForm, _ string) { f.indian = f.thousands != "" })
	if sign := currencySign.FindString(e.text); sign != "" {
		vary("currency_sign", []string{quoted(sign)}, func(f *numberForm, _ string) { f.signs = append(slices.Clone(f.signs), sign) })
	}
	vary("brackets", []string{"true"}, func(f *numberForm, _ string) { f.brackets = true })
	vary("trailing_minus", []string{"true"}, func(f *numberForm, _ string) { f.behind = true })
	return slices.DeleteFunc(all, func(c formChange) bool { return c.form.thousands == c.form.point() })
}

var currencySign = regexp.MustCompile(`\p{L}{0,3}\p{Sc}|[A-Z]{3}|k[rč]|K[rč]|zł|Fr\.?|lei|Ft`)

func quoted(text string) string { return `"` + text + `"` }

func unquoted(text string) string {
	plain, err := strconv.Unquote(text)
	if err != nil {
		return text
	}
	return plain
}
