package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
)

// openJSON finds out how a JSON file is written: an object in each line, an array of them, or an array inside an object, which
// format.list names.
func (f format) openJSON(r *bufio.Reader) source {
	lines := &lineSource{format: f, r: r}
	head, _ := r.Peek(peekBytes) // of a shorter file it is all
	head = bytes.TrimLeft(head, " \t\r\n")
	if bytes.HasPrefix(head, []byte("[")) {
		return &arraySource{format: f, r: r, line: 1}
	}
	if f.list == "" || !bytes.HasPrefix(head, []byte("{")) {
		return lines
	}
	large := bufio.NewReaderSize(r, maxLineBytes)
	lines.r = large
	head, _ = large.Peek(maxLineBytes)
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	var object map[string]json.RawMessage
	if err := decodeJSON(first, &object); err == nil && !bytes.HasPrefix(object[f.list], []byte("[")) {
		return lines // each line is a row of its own
	}
	return &arraySource{format: f, r: large, line: 1}
}

// arraySource reads the elements of JSON arrays one by one; only one is in memory. Several arrays, or objects with the list, may follow each
// other, as the pages of an API do when they are put into one file.
type arraySource struct {
	format  format
	r       *bufio.Reader
	line    int64
	row     int64
	inArray bool
	inside  bool // of an object that holds the array
}

func (s *arraySource) columns() []string { return s.format.columns }

func (s *arraySource) next() (record, error) {
	for {
		c, err := s.peek()
		if errors.Is(err, io.EOF) && (s.inArray || s.inside) {
			return record{}, fmt.Errorf("line %d: the file ends inside its JSON array, so the rest of it is missing; get the file again", s.line)
		}
		if err != nil {
			return record{}, err
		}
		switch {
		case s.inArray && c == ']':
			s.inArray = false
			err = s.skip()
		case s.inArray && c == ',':
			err = s.skip()
		case s.inArray:
			return s.element()
		case s.inside:
			err = s.member(c)
		case c == '[':
			s.inArray = true
			err = s.skip()
		case c == '{' && s.format.list != "":
			s.inside = true
			err = s.skip()
		default:
			err = fmt.Errorf("line %d: %q stands where a JSON array should begin", s.line, c)
		}
		if err != nil {
			return record{}, err
		}
	}
}

// member reads up to the value of the list, or over another member of the object around it.
func (s *arraySource) member(c byte) error {
	switch c {
	case '}':
		s.inside = false
		return s.skip()
	case ',':
		return s.skip()
	}
	raw, _, err := s.value()
	if err != nil {
		return err
	}
	var name string
	if json.Unmarshal(raw, &name) != nil {
		return fmt.Errorf("line %d: the name of a member should stand here", s.line)
	}
	if c, err = s.peek(); err == nil && c == ':' {
		err = s.skip()
	}
	if err == nil {
		c, err = s.peek()
	}
	if err != nil {
		return s.cut(err)
	}
	if name == s.format.list && c == '[' {
		s.inArray = true
		return s.skip()
	}
	_, _, err = s.value()
	return err
}

func (s *arraySource) element() (record, error) {
	line := s.line
	raw, whole, err := s.value()
	if err != nil {
		return record{}, err
	}
	s.row++
	if !whole {
		return record{}, &rowError{line: line, reason: fmt.Sprintf("the element is longer than %d bytes", maxLineBytes)}
	}
	text, err := s.format.decode(string(raw))
	if err != nil {
		return record{}, &rowError{line: line, reason: err.Error()}
	}
	var object map[string]any
	if err := decodeJSON([]byte(text), &object); err != nil || object == nil {
		return record{}, &rowError{line: line, reason: "the element of the array is no JSON object"}
	}
	return record{line: line, row: s.row, object: object}, nil
}

// value reads one value: up to the bracket that closes it, or, of a text or number, to its end. whole is false when it is too long to keep.
func (s *arraySource) value() (raw []byte, whole bool, err error) {
	depth, inText, escaped := 0, false, false
	whole = true
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return nil, false, s.cut(err)
		}
		if !inText && depth == 0 && len(raw) > 0 && bytes.IndexByte([]byte(",]}: \t\r\n"), c) >= 0 {
			return raw, whole, s.r.UnreadByte() // a number or a word ends with what follows
		}
		if c == '\n' {
			s.line++
		}
		if whole = whole && len(raw) < maxLineBytes; whole {
			raw = append(raw, c)
		}
		switch {
		case inText:
			inText = escaped || c != '"'
			escaped = !escaped && c == '\\'
		case c == '"':
			inText = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		default:
			continue
		}
		if depth <= 0 && !inText {
			return raw, whole, nil
		}
	}
}

// peek gives the next byte that is no blank.
func (s *arraySource) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
		}
	}
}

func (s *arraySource) skip() error {
	_, err := s.r.Discard(1)
	return err
}

func (s *arraySource) cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: the file ends inside a JSON value, so the rest of it is missing; get the file again", s.line)
	}
	return err
}

// eachSource makes a row of each element of a list inside the rows, such as the refunds of an order. The element's members are the columns;
// _parent is the object that the list is in.
type eachSource struct {
	inner   source
	lists   []string // one for each step down
	waiting []record
	row     int64
}

func (s *eachSource) columns() []string { return nil }

func (s *eachSource) next() (record, error) {
	for len(s.waiting) == 0 {
		outer, err := s.inner.next()
		if err != nil {
			if _, ok := errors.AsType[*rowError](err); ok {
				s.row++
			}
			return record{}, err
		}
		rows := []map[string]any{outer.object}
		for _, list := range s.lists {
			rows = elements(rows, list)
		}
		for _, object := range rows {
			s.waiting = append(s.waiting, record{line: outer.line, object: object})
		}
	}
	row := s.waiting[0]
	s.waiting = s.waiting[1:]
	s.row++
	row.row = s.row
	return row, nil
}

func elements(parents []map[string]any, list string) []map[string]any {
	var rows []map[string]any
	for _, parent := range parents {
		items, _ := find(parent, list).([]any)
		for _, item := range items {
			row := map[string]any{"value": item}
			if object, ok := item.(map[string]any); ok {
				row = maps.Clone(object)
			}
			row["_parent"] = parent
			rows = append(rows, row)
		}
	}
	return rows
}
