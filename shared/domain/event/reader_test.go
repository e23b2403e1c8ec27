package event_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reader reads JSON by the letter of RFC 8259, without any code of the house or of the standard library's decoder. An
// object has each key once; bytes that are no UTF-8 and halves of surrogate pairs are U+FFFD; numbers keep their
// text.
type reader struct {
	rest    string
	deepest int
}

var errNoJSON = errors.New("no JSON")

// readObject reads one object and nothing behind it.
func readObject(text string) (tree map[string]any, depth int, err error) {
	r := &reader{rest: text}
	value, err := r.value(0)
	r.space()
	tree, ok := value.(map[string]any)
	if err != nil || r.rest != "" || !ok {
		return nil, r.deepest, errNoJSON
	}
	return tree, r.deepest, nil
}

func (r *reader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// take drops a prefix that comes next.
func (r *reader) take(prefix string) bool {
	after, found := strings.CutPrefix(r.rest, prefix)
	r.rest = after
	return found
}

func (r *reader) value(above int) (any, error) {
	r.space()
	for literal, value := range map[string]any{"null": nil, "true": true, "false": false} {
		if r.take(literal) {
			return value, nil
		}
	}
	switch {
	case r.take(`"`):
		return r.text()
	case r.take(`[`):
		r.deepest = max(r.deepest, above+1)
		return r.list(above + 1)
	case r.take(`{`):
		r.deepest = max(r.deepest, above+1)
		return r.object(above + 1)
	}
	return r.number()
}

func (r *reader) list(level int) (any, error) {
	list := []any{}
	if r.space(); r.take("]") {
		return list, nil
	}
	for {
		value, err := r.value(level)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		r.space()
		switch {
		case r.take("]"):
			return list, nil
		case !r.take(","):
			return nil, errNoJSON
		}
	}
}

func (r *reader) object(level int) (any, error) {
	tree := map[string]any{}
	if r.space(); r.take("}") {
		return tree, nil
	}
	for {
		if r.space(); !r.take(`"`) {
			return nil, errNoJSON
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if r.space(); !r.take(":") {
			return nil, errNoJSON
		}
		if _, twice := tree[key]; twice {
			return nil, errNoJSON
		}
		if tree[key], err = r.value(level); err != nil {
			return nil, err
		}
		r.space()
		switch {
		case r.take("}"):
			return tree, nil
		case !r.take(","):
			return nil, errNoJSON
		}
	}
}

// text reads what follows an opening quote.
func (r *reader) text() (string, error) {
	var out strings.Builder
	for {
		c, size := utf8.DecodeRuneInString(r.rest)
		switch {
		case r.rest == "" || c < ' ':
			return "", errNoJSON
		case r.take(`"`):
			return out.String(), nil
		case r.take(`\`):
			escaped, err := r.escape()
			if err != nil {
				return "", err
			}
			out.WriteRune(escaped)
		default:
			out.WriteRune(c)
			r.rest = r.rest[size:]
		}
	}
}

// escape reads what follows a backslash.
func (r *reader) escape() (rune, error) {
	for letter, meant := range map[string]rune{`"`: '"', `\`: '\\', "/": '/', "b": '\b', "f": '\f', "n": '\n', "r": '\r', "t": '\t'} {
		if r.take(letter) {
			return meant, nil
		}
	}
	unit, ok := r.unit("u")
	if !ok {
		return 0, errNoJSON
	}
	if !utf16.IsSurrogate(unit) {
		return unit, nil
	}
	before := r.rest
	if low, ok := r.unit(`\u`); ok {
		if pair := utf16.DecodeRune(unit, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	r.rest = before
	return utf8.RuneError, nil
}

func (r *reader) unit(before string) (rune, bool) {
	digits, found := strings.CutPrefix(r.rest, before)
	if !found || len(digits) < 4 || strings.ContainsAny(digits[:4], "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(digits[:4], 16, 16)
	r.rest = digits[4:]
	return rune(n), err == nil
}

func (r *reader) number() (any, error) {
	before := r.rest
	digits := func() bool {
		after := strings.TrimLeft(r.rest, "0123456789")
		some := len(after) < len(r.rest)
		r.rest = after
		return some
	}
	r.take("-")
	if !r.take("0") && !digits() {
		return nil, errNoJSON
	}
	if r.take(".") && !digits() {
		return nil, errNoJSON
	}
	if r.take("e") || r.take("E") {
		if !r.take("+") {
			r.take("-")
		}
		if !digits() {
			return nil, errNoJSON
		}
	}
	return json.Number(before[:len(before)-len(r.rest)]), nil
}
