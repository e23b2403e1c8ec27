package strictjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain are the bytes that stand for themselves in a string and need no second look.
var plain = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return set
}()

// string reads a string, whose opening quote stands here.
func (p *parser) string() bool {
	text := p.text
	start := p.at + 1
	at := start
	var m marks
	for {
		for at < len(text) && plain[text[at]] {
			at++
		}
		if p.at = at; at >= len(text) {
			return p.unexpected("")
		}
		switch c := text[at]; {
		case c == '"':
			p.leaf(start, at, Text, m)
			p.at++
			return true
		case c == '\\':
			if !p.escape() {
				return false
			}
			m |= escaped
			at = p.at
		case c < ' ':
			return p.unexpected("in a string")
		default:
			m |= wide
			at++
		}
	}
}

// escape passes over a backslash and what belongs to it.
func (p *parser) escape() bool {
	p.at++
	if p.at >= len(p.text) {
		return p.unexpected("")
	}
	switch p.text[p.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.at++
		return true
	case 'u':
		p.at++
		for range 4 {
			if p.at >= len(p.text) || !isHex(p.text[p.at]) {
				return p.unexpected("in an escape")
			}
			p.at++
		}
		return true
	}
	return p.unexpected("in an escape")
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// textOf is what a string says. A byte that is no UTF-8 and half of a surrogate pair are U+FFFD each.
func (d *document) textOf(n *node) string {
	raw := d.text[n.start:n.end]
	if n.marks&escaped != 0 {
		raw = unescape(raw)
	}
	if n.marks&wide != 0 && !utf8.ValidString(raw) {
		raw = string([]rune(raw))
	}
	return raw
}

func (d *document) sameText(a, b *node) bool {
	if (a.marks|b.marks)&(escaped|wide) == 0 {
		return a.end-a.start == b.end-b.start && d.text[a.start:a.end] == d.text[b.start:b.end]
	}
	return d.textOf(a) == d.textOf(b)
}

// unescape reads the escapes of a string, which was checked.
func unescape(raw string) string {
	var out strings.Builder
	out.Grow(len(raw))
	for {
		at := strings.IndexByte(raw, '\\')
		if at < 0 {
			out.WriteString(raw)
			return out.String()
		}
		out.WriteString(raw[:at])
		c := raw[at+1]
		raw = raw[at+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, size := escapedRune(raw)
			out.WriteRune(r)
			raw = raw[size:]
			continue
		}
		out.WriteByte(c)
	}
}

// escapedRune reads four hexadecimal digits, or two times four that are the halves of a surrogate pair.
func escapedRune(raw string) (r rune, size int) {
	const next = len(`0000\u`)
	r = unit(raw)
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(raw) >= next+4 && raw[4:next] == `\u` {
		if pair := utf16.DecodeRune(r, unit(raw[next:])); pair != utf8.RuneError {
			return pair, next + 4
		}
	}
	return utf8.RuneError, 4
}

func unit(raw string) rune {
	var r rune
	for i := range 4 {
		r = r<<4 | rune(hexValue(raw[i]))
	}
	return r
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&7 + 9 // of a letter
}
