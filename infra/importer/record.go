package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// record is one row of a file: cells by column name, or a JSON object.
type record struct {
	line   int64 // in the file, from 1
	row    int64 // data rows only, from 1
	cells  []string
	index  map[string]int
	object map[string]any
}

// text is the cell of a column as text. The column exists where the format can know its columns; in JSON a missing path is empty.
func (r record) text(column string) string {
	if column == columnRow {
		return strconv.FormatInt(r.row, 10)
	}
	if r.object == nil {
		if i, ok := r.index[column]; ok && i < len(r.cells) {
			return r.cells[i]
		}
		return ""
	}
	switch v := r.find(column).(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}

// json is the cell as a JSON value: as it stands in NDJSON, decoded from text elsewhere. An empty cell is nil.
func (r record) json(column string) (any, error) {
	if r.object != nil {
		return r.find(column), nil
	}
	text := strings.TrimSpace(r.text(column))
	if text == "" {
		return nil, nil
	}
	var value any
	if err := decodeJSON([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("the cell is no JSON value: %w", err)
	}
	return value, nil
}

// find follows a dotted path; a member whose own name holds the dots comes first.
func (r record) find(path string) any {
	var at any = r.object
	for {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		if value, ok := object[path]; ok {
			return value
		}
		name, rest, found := strings.Cut(path, ".")
		if !found {
			return nil
		}
		at, path = object[name], rest
	}
}

// decodeJSON reads exactly one JSON value and keeps the text of numbers.
func decodeJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the value")
	}
	return nil
}
