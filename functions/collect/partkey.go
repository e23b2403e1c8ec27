package collect

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/url"

	"waymark/shared/domain/strictjson"
)

// keyWithin is the write key of a body that could not be read, or not whole, as far as that can be told: the refusal is then counted for its source.
// It decides nothing else, and looks without copying, for the body may be large. "" when there is none, or two.
func keyWithin(body []byte) string {
	text := bytes.TrimPrefix(unpackedPart(body), []byte("\xef\xbb\xbf"))
	if isForm(string(text[:min(len(text), maxFormName+1)])) {
		return keyInForm(text)
	}
	return keyInObject(text)
}

// keyInForm finds the field writeKey of a form, whatever is wrong with the others.
func keyInForm(text []byte) string {
	found := ""
	for field := range bytes.SplitSeq(text, []byte("&")) {
		value, is := bytes.CutPrefix(field, []byte("writeKey="))
		if !is {
			continue
		}
		key, err := url.QueryUnescape(string(value))
		if err != nil || found != "" && key != found {
			return ""
		}
		found = key
	}
	return found
}

// unpackedPart is what can be unpacked of a body, up to where unpack looks.
func unpackedPart(body []byte) []byte {
	if !isPacked(body) {
		return body
	}
	member, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	part, _ := io.ReadAll(io.LimitReader(member, maxUnpackedBytes)) // the part before the error
	return part
}

// keyInObject finds the member writeKey of the outermost object of a text that begins as JSON.
func keyInObject(text []byte) string {
	depth, found := 0, ""
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := endOfText(text, i)
			if depth == 1 && string(text[i:end]) == `"writeKey"` {
				key := valueAfter(text[end:])
				if found != "" && key != found {
					return ""
				}
				found = key
			}
			i = end - 1
		}
	}
	return found
}

// endOfText is where the JSON text that begins at a quote ends, behind its other quote, or the end of everything.
func endOfText(text []byte, at int) int {
	for i := at + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// valueAfter is the text behind a colon; "" when there is something else.
func valueAfter(text []byte) string {
	rest, is := bytes.CutPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte(":"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	if !is || !bytes.HasPrefix(rest, []byte(`"`)) {
		return ""
	}
	value, err := strictjson.Parse(string(rest[:endOfText(rest, 0)]))
	if err != nil {
		return ""
	}
	return value.Scalar()
}
