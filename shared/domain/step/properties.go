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
	key := string(appendText(nil, name)) + `:"`
	for from := 0; ; {
		at := strings.Index(string(s[from:]), key)
		if at < 0 {
			return ""
		}
		at += from
		from = at + len(key)
		if before := s[max(at-1, 0)]; before == '{' || before == ',' { // within a text quotes have a backslash
			return textAt(string(s[from-1:]))
		}
	}
}

// textAt reads the text of JSON that another text begins with.
func textAt(text string) string {
	end, isPlain := 1, true
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end, isPlain = end+1, false
		}
		end++
	}
	if end >= len(text) {
		return ""
	}
	if isPlain {
		return text[1:end]
	}
	var out string
	_ = json.Unmarshal([]byte(text[:end+1]), &out) // SaidOf wrote it
	return out
}

// All gives them all.
func (s Said) All() map[string]string {
	if s == "" {
		return nil
	}
	var out map[string]string
	if json.Unmarshal([]byte(s), &out) != nil {
		return nil
	}
	return out
}
