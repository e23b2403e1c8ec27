package importer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

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
		if strings.TrimSpace(text) == "" || s.format.comments != "" && strings.HasPrefix(text, s.format.comments) {
			continue
		}
		s.row++
		text, err = s.format.decode(text)
		if err != nil {
			return record{}, &rowError{line: s.line, reason: err.Error()}
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
		return record{}, &rowError{line: s.line, reason: noObject(text)}
	}
	return record{line: s.line, row: s.row, object: object}, nil
}

func (s *lineSource) match(text string) (record, error) {
	cells := s.format.pattern.FindStringSubmatch(text)
	if cells == nil {
		return record{}, &rowError{line: s.line, reason: "the line does not match the pattern"}
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
			return "", &rowError{line: s.line, reason: fmt.Sprintf("the line is longer than %d bytes", maxLineBytes)}
		}
		return b.String(), nil
	}
}

// noObject says what is wrong with a line of NDJSON.
func noObject(text string) string {
	if text = strings.TrimSpace(text); text == "{" || strings.HasPrefix(text, "{") && !strings.HasSuffix(text, "}") {
		return "the line is no JSON object; if the file is one object over many lines, add 'list: …' to format, the name of the list in it"
	}
	return "the line is no JSON object"
}

// w3cSource reads logs in the extended format of the W3C, as CloudFront and IIS write them: lines that begin with # are about the file,
// and the line #Fields: names the columns. Cells are parted by tabs, or by blanks where a line has no tab; "-" is an empty one.
type w3cSource struct {
	lines  lineSource
	header []string
	index  map[string]int
}

func openW3C(f format, file string, r *bufio.Reader) (source, error) {
	s := &w3cSource{lines: lineSource{format: f, r: r}}
	for s.header == nil {
		text, err := s.lines.readLine()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read %s: no line begins with #Fields: and names the columns, so it is no log of the W3C format", file)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if !strings.HasPrefix(text, "#") {
			return nil, fmt.Errorf("read %s: line %d comes before the line #Fields: that names the columns", file, s.lines.line)
		}
		if err := s.directive(text); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return s, nil
}

func (s *w3cSource) columns() []string { return s.header }

// directive reads a line that begins with #. Joined logs name their columns more than once; one that is gone would read as empty.
func (s *w3cSource) directive(text string) error {
	list, isFields := strings.CutPrefix(text, "#Fields:")
	if !isFields {
		return nil
	}
	fields := strings.Fields(list)
	s.index = map[string]int{}
	for i, name := range fields {
		s.index[name] = i
	}
	for _, name := range s.header {
		if !slices.Contains(fields, name) {
			return fmt.Errorf("line %d: from here on the column %q is missing; split the file here", s.lines.line, name)
		}
	}
	if s.header == nil {
		s.header = fields
	}
	return nil
}

func (s *w3cSource) next() (record, error) {
	for {
		text, err := s.lines.readLine()
		if err != nil {
			return record{}, err
		}
		if strings.HasPrefix(text, "#") {
			if err := s.directive(text); err != nil {
				return record{}, err
			}
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		s.lines.row++
		cells := strings.Split(text, "\t")
		if len(cells) == 1 {
			cells = strings.Fields(text)
		}
		for i, cell := range cells {
			if cells[i], err = s.lines.format.decode(cell); err != nil {
				return record{}, &rowError{line: s.lines.line, reason: err.Error()}
			}
			if cell == "-" {
				cells[i] = ""
			}
		}
		if len(cells) != len(s.index) {
			return record{}, &rowError{line: s.lines.line, reason: fmt.Sprintf("the row has %d columns, #Fields names %d", len(cells), len(s.index))}
		}
		return record{line: s.lines.line, row: s.lines.row, cells: cells, index: s.index}, nil
	}
}
