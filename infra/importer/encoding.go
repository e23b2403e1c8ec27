package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// asUTF8 drops a byte order mark and believes it more than the mapping: what it marks is UTF-8 or UTF-16 whatever format.encoding says.
func (f *format) asUTF8(r *bufio.Reader) (*bufio.Reader, error) {
	head, _ := r.Peek(4) // a shorter file has no mark
	skip, bigEndian := 0, f.encoding == "utf-16be"
	switch {
	case bytes.HasPrefix(head, []byte("\uFEFF")):
		skip, f.encoding = 3, "utf-8"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		skip, bigEndian, f.encoding = 2, false, "utf-16le"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		skip, bigEndian, f.encoding = 2, true, "utf-16be"
	case len(head) == 4 && f.encoding == "utf-8" && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return nil, errors.New("the file looks like UTF-16 without a byte order mark; add 'encoding: utf-16le' to format")
	case len(head) == 4 && f.encoding == "utf-8" && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return nil, errors.New("the file looks like UTF-16 without a byte order mark; add 'encoding: utf-16be' to format")
	}
	if _, err := r.Discard(skip); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(f.encoding, "utf-16") {
		return r, nil
	}
	f.encoding = "utf-8"
	return bufio.NewReaderSize(&utf16Reader{r: r, bigEndian: bigEndian}, peekBytes), nil
}

// utf16Reader gives UTF-16 as UTF-8. Halves of pairs and a lost last byte become U+FFFD, which no identifier may hold.
type utf16Reader struct {
	r         *bufio.Reader
	bigEndian bool
	left      []byte // encoded and not read yet
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.left) == 0 {
		unit, err := u.unit()
		if err != nil {
			return 0, err
		}
		if utf16.IsSurrogate(unit) {
			low, err := u.peek()
			if pair := utf16.DecodeRune(unit, low); err == nil && pair != utf8.RuneError {
				_, _ = u.unit() // it was there a moment ago
				unit = pair
			}
		}
		u.left = utf8.AppendRune(nil, unit) // a lone half is written as U+FFFD
	}
	n := copy(p, u.left)
	u.left = u.left[n:]
	return n, nil
}

func (u *utf16Reader) unit() (rune, error) {
	var two [2]byte
	switch n, err := io.ReadFull(u.r, two[:]); {
	case n == 1 && errors.Is(err, io.ErrUnexpectedEOF):
		return utf8.RuneError, nil
	case err != nil:
		return 0, err
	}
	return u.join(two[:]), nil
}

func (u *utf16Reader) peek() (rune, error) {
	two, err := u.r.Peek(2)
	if err != nil {
		return 0, err
	}
	return u.join(two), nil
}

func (u *utf16Reader) join(two []byte) rune {
	if u.bigEndian {
		return rune(two[0])<<8 | rune(two[1])
	}
	return rune(two[1])<<8 | rune(two[0])
}

// withLineFeeds ends lines with a line feed in a file that ends them with a carriage return alone, as old spreadsheets do: its beginning has
// no line feed at all.
func withLineFeeds(r *bufio.Reader) *bufio.Reader {
	head, _ := r.Peek(peekBytes)
	if bytes.IndexByte(head, '\n') >= 0 || bytes.IndexByte(head, '\r') < 0 {
		return r
	}
	return bufio.NewReaderSize(&feeds{r: r}, peekBytes)
}

// feeds reads CR as LF, and CR LF as it is.
type feeds struct{ r *bufio.Reader }

func (f *feeds) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i, c := range p[:n] {
		if c != '\r' {
			continue
		}
		next := byte(0)
		if i+1 < n {
			next = p[i+1]
		} else if ahead, err := f.r.Peek(1); err == nil {
			next = ahead[0]
		}
		if next != '\n' {
			p[i] = '\n'
		}
	}
	return n, err
}

// decode turns a cell's bytes into UTF-8.
func (f format) decode(cell string) (string, error) {
	if f.encoding == "utf-8" {
		if !utf8.ValidString(cell) {
			return "", errors.New("the row is not UTF-8; add 'encoding: windows-1252' or latin-1 to format")
		}
		return cell, nil
	}
	ascii := true
	for i := 0; i < len(cell) && ascii; i++ {
		ascii = cell[i] < utf8.RuneSelf
	}
	if ascii {
		return cell, nil
	}
	var b strings.Builder
	for i := range len(cell) {
		r := rune(cell[i])
		if f.encoding == "windows-1252" && r >= 0x80 && r < 0xA0 {
			r = windows1252[r-0x80]
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

// windows1252 holds the characters of the bytes 80 to 9F, where that code page differs from Latin-1.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}
