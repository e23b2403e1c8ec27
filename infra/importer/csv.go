package importer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var separatorLine = regexp.MustCompile(`^"?sep=([^\r\n])"?\r?(?:\n|$)`)

func (f format) openCSV(file string, r *bufio.Reader) (source, error) {
	lines := int64(0)
	head, _ := r.Peek(16) // a shorter file is all of it
	if m := separatorLine.FindSubmatch(head); m != nil {
		// The line is Excel's own: the program that wrote the file knew what parts the cells.
		f.delimiter, _ = utf8.DecodeRune(m[1])
		lines = 1
		if _, err := r.Discard(len(m[0])); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	reader := csv.NewReader(&cellReader{r: r, delimiter: []byte(string(f.delimiter))})
	reader.Comma = f.delimiter
	reader.LazyQuotes = f.lazyQuotes
	reader.Comment, _ = utf8.DecodeRuneInString(f.comments)
	if f.comments == "" {
		reader.Comment = 0
	}
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
			header = append(header, strings.TrimSpace(unwrapped(decoded)))
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
	return &csvSource{format: f, reader: reader, header: header, index: index, above: lines}, nil
}

type csvSource struct {
	format format
	reader *csv.Reader
	header []string
	index  map[string]int
	above  int64 // lines of the file that the reader did not see
	row    int64
}

func (s *csvSource) columns() []string { return s.header }

func (s *csvSource) next() (record, error) {
	cells, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return record{}, io.EOF
	}
	s.row++
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return record{}, s.broken(broken, cells)
	}
	if err != nil {
		return record{}, err
	}
	at, _ := s.reader.FieldPos(0)
	line := int64(at) + s.above
	row := record{line: line, row: s.row, cells: cells, index: s.index}
	for i, cell := range cells {
		decoded, err := s.format.decode(cell)
		if err != nil {
			return record{}, &rowError{line: line, reason: err.Error(), partial: row}
		}
		cells[i] = unwrapped(decoded)
	}
	return row, nil
}

// broken says what is wrong with a row, and which cells it has all the same.
func (s *csvSource) broken(fault *csv.ParseError, cells []string) *rowError {
	broken := &rowError{line: int64(fault.StartLine) + s.above, reason: fault.Err.Error()}
	cells = slices.Clone(cells) // those in front of what could not be read
	for i := range cells {
		cells[i] = unwrapped(cells[i])
	}
	broken.partial = record{line: broken.line, row: s.row, cells: cells, index: s.index}
	if fault.Line > fault.StartLine {
		broken.reason += fmt.Sprintf(", and the row runs on to line %d", int64(fault.Line)+s.above)
	}
	switch {
	case errors.Is(fault.Err, csv.ErrFieldCount):
		broken.reason = fmt.Sprintf("the row has %d columns, the header has %d", len(cells), len(s.header))
	case errors.Is(fault.Err, csv.ErrBareQuote) || errors.Is(fault.Err, csv.ErrQuote):
		broken.reason += "; if quotes stand in texts, add 'lazy_quotes: true' to format"
	}
	return broken
}

// cellReader makes an ordinary quoted cell of ="00123", by which spreadsheets are told that a cell is text: it drops the = in front of the
// quote that opens a cell.
type cellReader struct {
	r         *bufio.Reader
	delimiter []byte
	matched   int  // bytes of the delimiter that were read
	inCell    bool // something of the cell was read
	quoted    bool // the cell began with a quote
	open      bool // and a quote is open
}

func (c *cellReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if n > 0 && c.r.Buffered() == 0 {
			return n, nil
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return n, err
		}
		if b == '=' && !c.inCell {
			if next, err := c.r.Peek(1); err == nil && next[0] == '"' {
				continue
			}
		}
		c.step(b)
		p[n] = b
		n++
	}
	return n, nil
}

func (c *cellReader) step(b byte) {
	if b == '"' && (c.quoted || !c.inCell) {
		c.quoted, c.inCell, c.open = true, true, !c.open
		return
	}
	if c.open {
		return
	}
	if b == c.delimiter[c.matched] {
		c.matched++
	} else {
		c.matched = 0
	}
	if c.inCell = true; b == '\n' || c.matched == len(c.delimiter) {
		c.inCell, c.quoted, c.matched = false, false, 0
	}
}

// guarded is a cell that a program protected from being taken for a formula, or a number from losing its zeros: '00124, '=SUM. A word that
// begins with an apostrophe is none: 's-Hertogenbosch, '90s hits.
var guarded = regexp.MustCompile(`^'(?:[=+@-]|[0-9][^\s']*$)`)

// unwrapped takes off what spreadsheets and their users put around a cell that is to stay a text: ="00123" and '00124.
func unwrapped(cell string) string {
	text := strings.TrimSpace(cell)
	switch {
	case len(text) >= 3 && strings.HasPrefix(text, `="`) && strings.HasSuffix(text, `"`):
		return strings.ReplaceAll(text[2:len(text)-1], `""`, `"`)
	case guarded.MatchString(text):
		return text[1:]
	}
	return cell
}
