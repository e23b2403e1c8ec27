package step

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Said is the properties that a touchpoint keeps, as the text of a JSON object of texts, sorted by name: {"plan":"pro","seats":"3"}. "" is none.
type Said string

// SaidOf writes properties down.
func SaidOf(properties map[string]string) Said {
	if len(properties) == 0 {
		return ""
	}
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(properties)) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(appendText(text, name), ':'), appendText(nil, properties[name])...)
	}
	return Said(append(text, '}'))
}

func appendText(to []byte, text string) []byte {
	quoted, err := json.Marshal(strings.ToValidUTF8(text, "\ufffd"))
	if err != nil {
		panic("step: a text has a JSON: " + err.Error())
	}
	return append(to, quoted...)
}

// Property gives one of them, "" where there is none of that name. It reads no further than it must: analyses ask of a million steps.
func (s Said) Property(name string) string {
	if s == "" {
		return ""
	}
	if !isPlain(name) {
		quoted := appendText(nil, name)
		name = string(quoted[1 : len(quoted)-1])
	}
	for from := 0; from < len(s); {
		at := strings.Index(string(s[from:]), name)
		if at < 0 {
			return ""
		}
		at += from
		if s.isName(at, at+len(name)) {
			value, _ := textAt(string(s[at+len(name)+len(`":`):]))
			return value
		}
		from = at + 1
	}
	return ""
}

// isName says whether a name stands between two places: a quote before it that begins a text, for within a text quotes have a backslash, and a text after it.
func (s Said) isName(from, to int) bool {
	return from >= 2 && s[from-1] == '"' && (s[from-2] == '{' || s[from-2] == ',') && strings.HasPrefix(string(s[to:]), `":"`)
}

// isPlain says whether a text stands in JSON as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// textAt reads the text of JSON that another text begins with, and says how long it is there; 0 of none.
func textAt(text string) (value string, length int) {
	if text == "" {
		return "", 0
	}
	end, isPlain := 1, true
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end, isPlain = end+1, false
		}
		end++
	}
	if end >= len(text) || text[0] != '"' {
		return "", 0
	}
	if isPlain {
		return text[1:end], end + 1
	}
	_ = json.Unmarshal([]byte(text[:end+1]), &value) // SaidOf wrote it
	return value, end + 1
}

// All gives them all; nil where it is no text that SaidOf writes.
func (s Said) All() map[string]string {
	if s == "" {
		return nil
	}
	out := map[string]string{}
	for rest := string(s[1:]); ; {
		name, n := textAt(rest)
		if n == 0 || n >= len(rest) || rest[n] != ':' {
			return nil
		}
		value, m := textAt(rest[n+1:])
		if m == 0 || n+1+m >= len(rest) {
			return nil
		}
		out[name] = value
		rest = rest[n+1+m:]
		if rest == "}" && s[0] == '{' {
			return out
		}
		if rest[0] != ',' {
			return nil
		}
		rest = rest[1:]
	}
}
