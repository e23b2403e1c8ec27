package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value says where a value comes from (a column, a constant, a template or a hash) and what is done to it, in this order: trim, map,
// default, lower, type. An empty result means that the event goes without it.
type value struct {
	column     string
	constant   string
	isConstant bool
	literal    any      // a constant that is a number or a truth value
	template   []string // even places are texts, odd ones are columns
	hash       []string
	kind       string // text, number, bool, json
	keepBlanks bool
	lower      bool
	absolute   bool
	decimal    string
	thousands  string
	names      map[string]string
	fallback   string
}

// value reads a value; a plain text is the name of a column.
func (r *mappingReader) value(n *yaml.Node, what string) value {
	if n.Kind == yaml.ScalarNode {
		return value{column: r.column(n, what), kind: "text"}
	}
	v := value{kind: "text", decimal: "."}
	sources := 0
	source := func(read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { sources++; read(n) }
	}
	r.fields(n, what, map[string]func(*yaml.Node){
		"column":   source(func(n *yaml.Node) { v.column = r.column(n, what) }),
		"constant": source(func(n *yaml.Node) { r.constant(n, what, &v) }),
		"template": source(func(n *yaml.Node) { v.template = r.template(n, what) }),
		"hash":     source(func(n *yaml.Node) { v.hash = r.columnList(n, what+".hash") }),
		"type":     func(n *yaml.Node) { v.kind = r.oneOf(n, what+".type", "text", "number", "bool", "json") },
		"trim":     func(n *yaml.Node) { v.keepBlanks = !r.flag(n, what+".trim") },
		"lower":    func(n *yaml.Node) { v.lower = r.flag(n, what+".lower") },
		"absolute": func(n *yaml.Node) { v.absolute = r.flag(n, what+".absolute") },
		"decimal":  func(n *yaml.Node) { v.decimal = r.oneOf(n, what+".decimal", ".", ",") },
		"thousands": func(n *yaml.Node) {
			v.thousands = r.oneOf(n, what+".thousands", ",", ".", " ", "'", "\u00a0", "\u202f")
		},
		"default": func(n *yaml.Node) { v.fallback = r.text(n, what+".default") },
		"map": func(n *yaml.Node) {
			v.names = map[string]string{}
			r.each(n, what+".map", func(key string, n *yaml.Node) { v.names[key] = r.text(n, what+".map."+key) })
		},
	})
	if sources != 1 {
		r.fail(n, "%s needs exactly one of column, constant, template or hash", what)
	}
	if v.thousands == v.decimal {
		r.fail(n, "%s: decimal and thousands are both %q", what, v.decimal)
	}
	if v.absolute && v.kind != "number" {
		r.fail(n, "%s: absolute belongs to `type: number`", what)
	}
	return v
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
		number, err := numberText(n.Value, *v)
		if err != nil {
			r.fail(n, "%s: %v", what, err)
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
	text := v.source(row)
	if !v.keepBlanks {
		text = strings.TrimSpace(text)
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
	if text == "" {
		return nil, nil
	}
	switch v.kind {
	case "number":
		return numberText(text, v)
	case "bool":
		return truth(text)
	}
	return text, nil
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

func (v value) source(row record) string {
	switch {
	case v.isConstant:
		return v.constant
	case v.column != "":
		return row.text(v.column)
	case len(v.hash) > 0:
		return hashOf(row, v.hash)
	}
	var b strings.Builder
	for i, part := range v.template {
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

var decimalNumber = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]{1,3})?$`)

// numberText turns a cell into the text of a JSON number of exactly the same value; nothing goes through a float.
func numberText(text string, v value) (json.Number, error) {
	plain := text
	if v.thousands != "" {
		plain = strings.ReplaceAll(plain, v.thousands, "")
	}
	if v.decimal == "," {
		if strings.Contains(plain, ".") {
			return "", fmt.Errorf("%q is not a number with a decimal comma", text)
		}
		plain = strings.Replace(plain, ",", ".", 1)
	}
	m := decimalNumber.FindStringSubmatch(plain)
	if m == nil || m[2]+m[3] == "" {
		return "", fmt.Errorf("%q is not a number", text)
	}
	whole := strings.TrimLeft(m[2], "0")
	if whole == "" {
		whole = "0"
	}
	number := whole
	if m[3] != "" {
		number += "." + m[3]
	}
	if m[1] == "-" && !v.absolute {
		number = "-" + number
	}
	return json.Number(number + m[4]), nil
}

func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "1", "on":
		return true, nil
	case "false", "f", "no", "n", "0", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}
