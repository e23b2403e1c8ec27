package importer

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// maxLineBytes bounds a line of NDJSON or of a log. An event may have 32 KB; a line of which only some columns are used may be longer.
const maxLineBytes = 1 << 20

// rowError is a row that cannot be read; reading goes on behind it.
type rowError struct {
	line   int64
	reason string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

// source reads the rows of one file. next answers io.EOF at the end and *rowError for a row that cannot be read.
type source interface {
	columns() []string // nil when the format cannot know them
	next() (record, error)
}

// counter counts the bytes read so far, for the progress bar, which runs in another goroutine.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// open unpacks gzip, which it knows by its first bytes and not by the file's name, and reads the header.
func (f format) open(file string, r io.Reader) (source, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", file, err)
		}
		buffered = bufio.NewReaderSize(unpacked, 1<<16)
	}
	mark, _ := buffered.Peek(3)
	switch {
	case string(mark) == "\uFEFF":
		if _, err := buffered.Discard(3); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	case len(mark) >= 2 && (mark[0] == 0xFF && mark[1] == 0xFE || mark[0] == 0xFE && mark[1] == 0xFF):
		return nil, fmt.Errorf("read %s: the file is UTF-16; save it as UTF-8 and import again", file)
	}
	if f.kind == "csv" {
		return f.openCSV(file, buffered)
	}
	return &lineSource{format: f, r: buffered}, nil
}

func (f format) openCSV(file string, r io.Reader) (source, error) {
	reader := csv.NewReader(r)
	reader.Comma = f.delimiter
	reader.LazyQuotes = f.lazyQuotes
	header := f.columns
	if header == nil {
		first, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read %s: the file is empty, not even a header line is there", file)
		}
		if err != nil {
			return nil, fmt.Errorf("read header of %s: %w", file, err)
		}
		for _, name := range first {
			decoded, err := f.decode(name)
			if err != nil {
				return nil, fmt.Errorf("read header of %s: %w", file, err)
			}
			header = append(header, strings.TrimSpace(decoded))
		}
	}
	reader.FieldsPerRecord = len(header)
	index := make(map[string]int, len(header))
	for i, name := range header {
		if _, twice := index[name]; twice && name != "" {
			return nil, fmt.Errorf("read header of %s: the column %q is there twice; rename one", file, name)
		}
		index[name] = i
	}
	return &csvSource{format: f, reader: reader, header: header, index: index}, nil
}

type csvSource struct {
	format format
	reader *csv.Reader
	header []string
	index  map[string]int
	row    int64
}

func (s *csvSource) columns() []string { return s.header }

func (s *csvSource) next() (record, error) {
	cells, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return record{}, io.EOF
	}
	s.row++
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		reason := broken.Err.Error()
		if errors.Is(broken.Err, csv.ErrFieldCount) {
			reason = fmt.Sprintf("the row has %d columns, the header has %d", len(cells), len(s.header))
		}
		return record{}, &rowError{int64(broken.StartLine), reason}
	}
	if err != nil {
		return record{}, err
	}
	line, _ := s.reader.FieldPos(0)
	for i, cell := range cells {
		if cells[i], err = s.format.decode(cell); err != nil {
			return record{}, &rowError{int64(line), err.Error()}
		}
	}
	return record{line: int64(line), row: s.row, cells: cells, index: s.index}, nil
}

// lineSource reads formats of one row per line: NDJSON, and lines that match a pattern with named groups.
type lineSource struct {
	format format
	r      *bufio.Reader
	line   int64
	row    int64
	index  map[string]int
}

func (s *lineSource) columns() []string {
	if s.format.kind == "ndjson" {
		return s.format.columns
	}
	var list []string
	for _, name := range s.format.pattern.SubexpNames() {
		if name != "" {
			list = append(list, name)
		}
	}
	return list
}

func (s *lineSource) next() (record, error) {
	for {
		text, err := s.readLine()
		if err != nil {
			return record{}, err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		s.row++
		text, err = s.format.decode(text)
		if err != nil {
			return record{}, &rowError{s.line, err.Error()}
		}
		if s.format.kind == "ndjson" {
			return s.object(text)
		}
		return s.match(text)
	}
}

func (s *lineSource) object(text string) (record, error) {
	var object map[string]any
	if err := decodeJSON([]byte(text), &object); err != nil || object == nil {
		return record{}, &rowError{s.line, "the line is no JSON object"}
	}
	return record{line: s.line, row: s.row, object: object}, nil
}

func (s *lineSource) match(text string) (record, error) {
	cells := s.format.pattern.FindStringSubmatch(text)
	if cells == nil {
		return record{}, &rowError{s.line, "the line does not match the pattern"}
	}
	if s.index == nil {
		s.index = map[string]int{}
		for i, name := range s.format.pattern.SubexpNames() {
			if name != "" {
				s.index[name] = i
			}
		}
	}
	return record{line: s.line, row: s.row, cells: cells, index: s.index}, nil
}

func (s *lineSource) readLine() (string, error) {
	var b strings.Builder
	s.line++
	tooLong := false
	for {
		part, more, err := s.r.ReadLine()
		if err != nil {
			return "", err
		}
		if tooLong = tooLong || b.Len()+len(part) > maxLineBytes; !tooLong {
			b.Write(part)
		}
		if more {
			continue
		}
		if tooLong {
			s.row++
			return "", &rowError{s.line, fmt.Sprintf("the line is longer than %d bytes", maxLineBytes)}
		}
		return b.String(), nil
	}
}

// decode turns a cell's bytes into UTF-8.
func (f format) decode(cell string) (string, error) {
	if f.encoding == "utf-8" {
		if !utf8.ValidString(cell) {
			return "", errors.New("the row is not UTF-8; format.encoding may be latin-1 or windows-1252")
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
