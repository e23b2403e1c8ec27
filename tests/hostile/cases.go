package hostile

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Cases is the whole table. root is the project's folder, where the corpora are.
func Cases(root string) ([]Case, error) {
	parsing, err := files(root)
	if err != nil {
		return nil, err
	}
	naughty, err := texts(root)
	if err != nil {
		return nil, err
	}
	return slices.Concat(fromFiles(parsing), inPlaces(naughty), random(), limits(), underTypes(), shapes()), nil
}

// number is a JSON number by its text.
func number(text string) json.Number { return json.Number(text) }

// decoded is what a JSON string says; what is no UTF-8 is U+FFFD.
func decoded(raw string) string {
	var text string
	if err := json.Unmarshal([]byte(`"`+raw+`"`), &text); err != nil {
		return raw
	}
	return text
}

// alike makes texts comparable of which a byte or a run of bytes that is no UTF-8 may have become one U+FFFD or several.
func alike(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	for strings.Contains(text, "\ufffd\ufffd") {
		text = strings.ReplaceAll(text, "\ufffd\ufffd", "\ufffd")
	}
	return text
}
