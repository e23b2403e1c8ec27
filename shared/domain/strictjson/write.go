package strictjson

import (
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"
)

// AppendText appends a string as JSON in ASCII: every other character as \uXXXX, bytes that are no UTF-8 as \ufffd.
func AppendText(out []byte, text string) []byte {
	out = append(out, '"')
	begun := 0
	for at := 0; at < len(text); {
		c := text[at]
		if plain[c] {
			at++
			continue
		}
		out = append(out, text[begun:at]...)
		size := 1
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < utf8.RuneSelf:
			out = appendUnit(out, rune(c))
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(text[at:])
			out = appendRune(out, r)
		}
		at += size
		begun = at
	}
	return append(append(out, text[begun:]...), '"')
}

// AppendAny appends what Any has read, with the keys of objects sorted. Whatever else is in it becomes null.
func AppendAny(out []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return AppendText(out, v)
	case json.Number:
		return append(out, v...)
	case bool:
		if v {
			return append(out, "true"...)
		}
		return append(out, "false"...)
	case []any:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = AppendAny(out, item)
		}
		return append(out, ']')
	case map[string]any:
		out = append(out, '{')
		keys := slices.AppendSeq(make([]string, 0, len(v)), maps.Keys(v))
		slices.Sort(keys)
		for i, key := range keys {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(AppendText(out, key), ':')
			out = AppendAny(out, v[key])
		}
		return append(out, '}')
	}
	return append(out, "null"...)
}
