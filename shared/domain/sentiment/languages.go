package sentiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Languages are the lexicons of a workspace: English, and what it has settled.
type Languages struct {
	Default string // language of texts that do not say theirs; "" where such texts are not scored
	byCode  map[string]*Lexicon
}

// Bounds of what a workspace may settle.
const (
	mostLanguages = 50
	mostWords     = 50_000 // of a language
	mostLetters   = 100    // of a word
)

// ParseLanguages reads what a workspace has settled, nil for nothing:
//
//	{"default": "de", "languages": {"de": {"words": {"gut": 1.9}, "boosters": {"sehr": 0.293}, "negations": ["nicht"], "contrasts": ["aber"], "idioms": {"in ordnung": 1}}}}
//
// A language has a code such as de; what is settled of en comes on top of VADER's lexicon, that of another language is all there is. Valences are
// of -4 to 4, boosters of -1 to 1. Fault: Invalid bad_lexicons, at the entry.
func ParseLanguages(text []byte) (Languages, error) {
	out := Languages{byCode: map[string]*Lexicon{}}
	if len(text) == 0 {
		return out, nil
	}
	doc, err := strictjson.Parse(string(text))
	if err != nil {
		return out, bad("", "lexicons are no JSON: %v", err)
	}
	if key, found := doc.Twice(); found {
		return out, bad(key, "%.40q stands there twice; write each name once", key)
	}
	if doc.Kind() != strictjson.Object {
		return out, bad("", `lexicons are an object such as {"default": "en", "languages": {"de": {"words": {"gut": 1.9}}}}`)
	}
	for name, value := range doc.Members() {
		switch {
		case name == "default" && value.Kind() == strictjson.Text:
			if out.Default = value.Scalar(); CodeOf(out.Default) != out.Default || out.Default == "" {
				return out, bad(name, "default is a language's code of two or three small letters, such as en, not %.40q", out.Default)
			}
		case name == "languages" && value.Kind() == strictjson.Object && value.Len() <= mostLanguages:
			if err := out.read(value); err != nil {
				return out, err
			}
		default:
			return out, bad(name, "lexicons have default, a code, and languages, an object of at most %d lexicons by code; not %.40q so", mostLanguages, name)
		}
	}
	if _, found := out.Of(out.Default); out.Default != "" && !found {
		return out, bad("default", "default is %q, for which there is no lexicon: add languages.%s, or say another language", out.Default, out.Default)
	}
	return out, nil
}

func (l Languages) read(languages strictjson.Value) error {
	for code, value := range languages.Members() {
		at := "languages." + code
		if CodeOf(code) != code || code == "" {
			return bad(at, "a language is a code of two or three small letters, such as de, not %.40q", code)
		}
		said, err := lexiconOf(at, value)
		if err != nil {
			return err
		}
		if code == "en" {
			said = English().with(said)
		}
		l.byCode[code] = said
	}
	return nil
}

func lexiconOf(at string, value strictjson.Value) (*Lexicon, error) {
	x := &Lexicon{words: map[string]float64{}, boosters: map[string]float64{}, negations: map[string]bool{}, contrasts: map[string]bool{}, idioms: map[string]float64{}}
	if value.Kind() != strictjson.Object || value.Len() == 0 {
		return x, bad(at, "a lexicon is an object with words, boosters, negations, contrasts and idioms, or some of these")
	}
	for name, part := range value.Members() {
		at := at + "." + name
		var err error
		switch name {
		case "words":
			err = numbers(at, part, Most, x.words)
		case "idioms":
			err = numbers(at, part, Most, x.idioms)
		case "boosters":
			err = numbers(at, part, 1, x.boosters)
		case "negations":
			err = list(at, part, x.negations)
		case "contrasts":
			err = list(at, part, x.contrasts)
		default:
			err = bad(at, "a lexicon has words, boosters, negations, contrasts and idioms, not %.40q", name)
		}
		if err != nil {
			return x, err
		}
	}
	return x, nil
}

func numbers(at string, part strictjson.Value, most float64, to map[string]float64) error {
	if part.Kind() != strictjson.Object || part.Len() > mostWords {
		return bad(at, "%s is an object of at most %d words with a number of -%v to %v each", at, mostWords, most, most)
	}
	for word, value := range part.Members() {
		n, err := strconv.ParseFloat(value.Scalar(), 64)
		if value.Kind() != strictjson.Number || err != nil || math.Abs(n) > most {
			return bad(at+"."+word, "%.60q has a number of -%v to %v, not %.40s", word, most, most, value.Raw())
		}
		if err := wordOf(at, word); err != nil {
			return err
		}
		to[lower(word)] = n
	}
	return nil
}

func list(at string, part strictjson.Value, to map[string]bool) error {
	if part.Kind() != strictjson.List || part.Len() > mostWords {
		return bad(at, "%s is a list of at most %d words", at, mostWords)
	}
	for value := range part.Items() {
		if value.Kind() != strictjson.Text {
			return bad(at, "%s has words, not %.40s", at, value.Raw())
		}
		if err := wordOf(at, value.Scalar()); err != nil {
			return err
		}
		to[lower(value.Scalar())] = true
	}
	return nil
}

func wordOf(at, word string) error {
	if word == "" || len(word) > mostLetters || word != strings.Join(strings.Fields(word), " ") {
		return bad(at, "a word has at most %d bytes, and of white space only single blanks between words, not %.120q", mostLetters, word)
	}
	return nil
}

func bad(at, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_lexicons", format, args...).At(at)
}

// CodeOf is the language of a tag such as de-AT or EN_us, "" where the text is none.
func CodeOf(tag string) string {
	code, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	isLetters := !strings.ContainsFunc(code, func(r rune) bool { return r < 'a' || r > 'z' })
	if len(code) < 2 || len(code) > 3 || !isLetters {
		return ""
	}
	return code
}

// Of gives the lexicon of a language, by code.
func (l Languages) Of(code string) (*Lexicon, bool) {
	if x, found := l.byCode[code]; found {
		return x, true
	}
	if code == "en" {
		return English(), true
	}
	return nil, false
}

// Codes lists the languages that have a lexicon.
func (l Languages) Codes() []string {
	out := slices.Collect(maps.Keys(l.byCode))
	if !slices.Contains(out, "en") {
		out = append(out, "en")
	}
	slices.Sort(out)
	return out
}

// DescribeLanguages says in a sentence a language what a text of it is scored by.
func DescribeLanguages(l Languages) []string {
	var out []string
	for _, code := range l.Codes() {
		x, _ := l.Of(code)
		text := fmt.Sprintf("%s: texts are scored by %d words, %d boosters, %d negations, %d contrasts and %d idioms", code, len(x.words), len(x.boosters),
			len(x.negations), len(x.contrasts), len(x.idioms))
		if x.isEnglish {
			text += ", VADER's among them"
		}
		out = append(out, text+".")
	}
	if l.Default == "" {
		return append(out, "A text that does not say its language is not scored.")
	}
	return append(out, "A text that does not say its language is taken for "+l.Default+".")
}
