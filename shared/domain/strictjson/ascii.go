package strictjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendASCII appends JSON with every character beyond ASCII as \uXXXX and bytes that are no UTF-8 as \ufffd. It
// works on the whole text at once: in valid JSON such characters stand in strings only.
func AppendASCII(out, raw []byte) []byte {
	for len(raw) > 0 {
		at := bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf })
		if at < 0 {
			return append(out, raw...)
		}
		r, size := utf8.DecodeRune(raw[at:])
		out = appendRune(append(out, raw[:at]...), r)
		raw = raw[at+size:]
	}
	return out
}

// appendRune appends a character as one escape, or two that are a surrogate pair.
func appendRune(out []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendUnit(appendUnit(out, high), low)
	}
	return appendUnit(out, r)
}

func appendUnit(out []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

// Unescaped undoes AppendASCII, and what encoding/json does to < > and &: what was made longer is as long as it was.
// raw must be valid JSON. Other characters of ASCII and halves of surrogate pairs stay escaped.
func Unescaped(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`\u`)) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return append(out, raw...)
		}
		out, raw = append(out, raw[:at]...), raw[at:]
		if raw[1] != 'u' {
			out, raw = append(out, raw[:2]...), raw[2:]
			continue
		}
		digits := string(raw[2:min(len(raw), len(`\ud83d\ude00`))])
		r, size := escapedRune(digits)
		isHalf := r == utf8.RuneError && utf16.IsSurrogate(unit(digits))
		size += len(`\u`)
		if !isHalf && r >= utf8.RuneSelf || r == '<' || r == '>' || r == '&' {
			out, raw = utf8.AppendRune(out, r), raw[size:]
			continue
		}
		out, raw = append(out, raw[:size]...), raw[size:]
	}
}
