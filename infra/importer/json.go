package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// maxPageBytes bounds a document of JSON:API, which is one page of an answer.
const maxPageBytes = 64 << 20

// apiSource reads documents of JSON:API, one after the other: the rows are the elements of `data`. A reference to another object, {type, id},
// becomes that object where `included` has it: relationships.profile.data.attributes.email.
type apiSource struct {
	r       *io.LimitedReader
	decoder *json.Decoder
	waiting []any
	page    int64
	row     int64
}

func openAPI(r io.Reader) source {
	s := &apiSource{r: &io.LimitedReader{R: r, N: maxPageBytes}}
	s.decoder = json.NewDecoder(s.r)
	s.decoder.UseNumber()
	return s
}

func (s *apiSource) columns() []string { return nil }

func (s *apiSource) next() (record, error) {
	for len(s.waiting) == 0 {
		s.r.N = maxPageBytes
		s.page++
		var page struct {
			Data     []any            `json:"data"`
			Included []map[string]any `json:"included"`
		}
		err := s.decoder.Decode(&page)
		switch {
		case errors.Is(err, io.EOF) && s.page > 1:
			return record{}, io.EOF
		case s.r.N <= 0:
			return record{}, fmt.Errorf("document %d is longer than %d bytes; save the pages of the answer one after the other", s.page, maxPageBytes)
		case err != nil:
			return record{}, fmt.Errorf("document %d is no page of a JSON:API, {\"data\": […], \"included\": […]}, or is cut: %w", s.page, err)
		}
		included := map[[2]string]map[string]any{}
		for _, object := range page.Included {
			included[referenceOf(object)] = object
		}
		for _, item := range page.Data {
			resolve(item, included)
			s.waiting = append(s.waiting, item)
		}
	}
	item := s.waiting[0]
	s.waiting = s.waiting[1:]
	s.row++
	object, ok := item.(map[string]any)
	if !ok {
		return record{}, &rowError{line: s.page, reason: "the element of data is no JSON object"}
	}
	return record{line: s.page, row: s.row, object: object}, nil
}

func referenceOf(object map[string]any) [2]string {
	kind, _ := object["type"].(string)
	id, _ := object["id"].(string)
	return [2]string{kind, id}
}

// resolve puts included objects in place of the references to them in an object's relationships.
func resolve(item any, included map[[2]string]map[string]any) {
	relationships, _ := find(item, "relationships").(map[string]any)
	for _, relation := range relationships {
		object, ok := relation.(map[string]any)
		if !ok {
			continue
		}
		if to, ok := object["data"].(map[string]any); ok && included[referenceOf(to)] != nil {
			object["data"] = included[referenceOf(to)]
		}
	}
}
