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
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("step: a text has a JSON: " + err.Error())
	}
	return append(to, quoted...)
}

// Property gives one of them, "" where there is none of that name.
func (s Said) Property(name string) string {
	if !strings.Contains(string(s), name) {
		return ""
	}
	return s.All()[name]
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
