package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// value says where a value comes from (a column, the first of several that is not empty, a constant, a template or a hash) and what is done
// to it, in this order: trim, decode, map, default, lower, type. An empty result means that the event goes without it.
type value struct {
	column     string
	first      []value
	constant   string
	isConstant bool
	literal    any      // a constant that is a number or a truth value
	template   []string // even places are texts, odd ones are columns
	hash       []string
	kind       string // text, number, bool, json
	keepBlanks bool
	decode     []string // url or form, in order
	lower      bool
	number     numberForm
	names      map[string]string
	fallback   string
}

// value reads a value; a plain text is the name of a column.
func (r *mappingReader) value(n *yaml.Node, what string) value {
	if n.Kind == yaml.ScalarNode {
		return value{column: r.column(n, what), kind: "text"}
	}
	v := value{kind: "text"}
	sources := 0
	source := func(read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { sources++; read(n) }
	}
	readers := r.numberKeys(what, &v.number)
	maps.Copy(readers, map[string]func(*yaml.Node){
		"column":   source(func(n *yaml.Node) { v.column = r.column(n, what) }),
		"first":    source(func(n *yaml.Node) { v.first = r.firstOf(n, what+".first") }),
		"constant": source(func(n *yaml.Node) { r.constant(n, what, &v) }),
		"template": source(func(n *yaml.Node) { v.template = r.template(n, what) }),
		"hash":     source(func(n *yaml.Node) { v.hash = r.columnList(n, what+".hash") }),
		"type":     func(n *yaml.Node) { v.kind = r.oneOf(n, what+".type", "text", "number", "bool", "json") },
		"trim":     func(n *yaml.Node) { v.keepBlanks = !r.flag(n, what+".trim") },
		"decode":   func(n *yaml.Node) { v.decode = r.decodings(n, what+".decode") },
		"lower":    func(n *yaml.Node) { v.lower = r.flag(n, what+".lower") },
		"default":  func(n *yaml.Node) { v.fallback = r.text(n, what+".default") },
		"map": func(n *yaml.Node) {
			v.names = map[string]string{}
			r.each(n, what+".map", func(key string, n *yaml.Node) { v.names[key] = r.text(n, what+".map."+key) })
		},
	})
	r.fields(n, what, readers)
	if sources != 1 {
		r.fail(n, "%s needs exactly one of column, first, constant, template or hash", what)
	}
	if v.kind == "json" && v.column == "" {
		r.fail(n, "%s: `type: json` needs a column", what)
	}
	v.number.check(r, n, what, v.kind)
	return v
}

// firstOf reads a list of values, of which the first that is not empty counts.
func (r *mappingReader) firstOf(n *yaml.Node, what string) []value {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fail(n, "%s must be a list of values that is not empty", what)
		return nil
	}
	var list []value
	for _, item := range n.Content {
		list = append(list, r.value(item, what))
	}
	return list
}

func (r *mappingReader) decodings(n *yaml.Node, what string) []string {
	if n.Kind != yaml.SequenceNode {
		return []string{r.oneOf(n, what, "url", "form")}
	}
	var list []string
	for _, item := range n.Content {
		list = append(list, r.oneOf(item, what, "url", "form"))
	}
	return list
}

// constantOrValue reads an event's type or name, where a plain text stands for itself.
func (r *mappingReader) constantOrValue(n *yaml.Node, what string) value {
	if n.Kind == yaml.ScalarNode {
		return value{constant: r.text(n, what), isConstant: true, kind: "text"}
	}
	return r.value(n, what)
}

func (r *mappingReader) constant(n *yaml.Node, what string, v *value) {
	v.constant, v.isConstant = r.text(n, what), true
	switch n.Tag {
	case "!!int", "!!float":
		number, ok := numberForm{}.read(n.Value)
		if !ok {
			r.fail(n, "%s: %q is not a number", what, n.Value)
		}
		v.literal = number
	case "!!bool":
		v.literal = r.flag(n, what)
	}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (r *mappingReader) template(n *yaml.Node, what string) []string {
	text := r.text(n, what)
	var parts []string
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		column := text[m[2]:m[3]]
		r.mapping.columns = append(r.mapping.columns, reference{column, n.Line})
		parts = append(parts, text[at:m[0]], column)
		at = m[1]
	}
	if len(parts) == 0 {
		r.fail(n, "%s: a template names columns in braces, for example \"shop-{order}\"", what)
	}
	return append(parts, text[at:])
}

// of evaluates the value for a row: a string, a json.Number, a bool or decoded JSON; nil when it is empty.
func (v value) of(row record) (any, error) {
	if v.literal != nil {
		return v.literal, nil
	}
	if v.kind == "json" {
		return row.json(v.column)
	}
	text, isNumber, err := v.source(row)
	if err != nil {
		return nil, err
	}
	text = v.refine(text)
	if text == "" {
		return nil, nil
	}
	switch v.kind {
	case "number":
		form := v.number
		if isNumber {
			form = numberForm{absolute: form.absolute}
		}
		number, ok := form.read(text)
		if !ok {
			return nil, &badNumber{text, form}
		}
		return v.number.scale.apply(number, row)
	case "bool":
		return truth(text)
	}
	return text, nil
}

// refine is what the mapping does to a text before it looks at its type.
func (v value) refine(text string) string {
	if !v.keepBlanks {
		text = strings.TrimSpace(text)
	}
	for _, step := range v.decode {
		text = unescape(text, step == "form")
	}
	if v.names != nil {
		if renamed, ok := v.names[text]; ok {
			text = renamed
		} else if v.fallback != "" {
			text = v.fallback
		}
	}
	if text == "" {
		text = v.fallback
	}
	if v.lower {
		text = strings.ToLower(text)
	}
	return text
}

// text is the value as text, for identifiers and names.
func (v value) text(row record) (string, error) {
	result, err := v.of(row)
	if err != nil || result == nil {
		return "", err
	}
	if text, ok := result.(string); ok {
		return text, nil
	}
	return fmt.Sprint(result), nil
}

// source is the text that the value is made of; isNumber when a JSON file has a number there.
func (v value) source(row record) (text string, isNumber bool, err error) {
	switch {
	case v.isConstant:
		return v.constant, false, nil
	case v.column != "":
		text, isNumber = row.cell(v.column)
		return text, isNumber, nil
	case len(v.hash) > 0:
		return hashOf(row, v.hash), false, nil
	case v.first == nil:
		return fill(v.template, row), false, nil
	}
	for _, one := range v.first {
		result, err := one.of(row)
		if err != nil {
			return "", false, err
		}
		if result != nil {
			_, isNumber = row.cell(one.column)
			_, hasType := result.(json.Number)
			return fmt.Sprint(result), isNumber || hasType, nil
		}
	}
	return "", false, nil
}

// sources are the columns that a value is made of, but for hashes.
func (v value) sources() []string {
	list := []string{v.column}
	for i := 1; i < len(v.template); i += 2 {
		list = append(list, v.template[i])
	}
	for _, one := range v.first {
		list = append(list, one.sources()...)
	}
	return list
}

// fill puts a row's cells into a template. Half a template would join rows that have nothing in common, so it is empty if one cell is.
func fill(template []string, row record) string {
	var b strings.Builder
	for i, part := range template {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		cell := strings.TrimSpace(row.text(part))
		if cell == "" {
			return "" // half a template would join rows that have nothing in common
		}
		b.WriteString(cell)
	}
	return b.String()
}

// hashOf is the first 32 hexadecimal digits of the SHA-256 of the cells, each with its length in front so that "ab","c" is not "a","bc".
func hashOf(row record, columns []string) string {
	h := sha256.New()
	empty := true
	for _, column := range columns {
		cell := row.text(column)
		empty = empty && cell == ""
		fmt.Fprintf(h, "%d:%s", len(cell), cell)
	}
	if empty {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// unescape decodes %XX, and + as a blank in forms. What is no such sequence stays as it is; bytes that are no UTF-8 stay encoded.
func unescape(text string, form bool) string {
	if form {
		text = strings.ReplaceAll(text, "+", " ")
	}
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if decoded, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				b.WriteByte(decoded[0])
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	if !utf8.ValidString(b.String()) {
		return text
	}
	return b.String()
}

func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "1", "on":
		return true, nil
	case "false", "f", "no", "n", "0", "off":
		return false, nil
	}
	return false, &badTruth{text}
}

// badTruth is a cell that is neither true nor false in any of the forms known.
type badTruth struct{ text string }

func (e *badTruth) Error() string { return fmt.Sprintf("%q is neither true nor false", e.text) }

func (e *badTruth) advice(field string) string {
	return fmt.Sprintf("; add 'map: {%s: \"true\"}' or \"false\" to %s", quoted(e.text), field)
}
