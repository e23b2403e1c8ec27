package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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

	carried map[string]cell // cells that the lines of a group have in common and this one leaves blank
	outer   *record         // of an element of a list: the row that the list is in
}

// text is the cell of a column as text. The column exists where the format can know its columns; in JSON a missing path is empty.
func (r record) text(column string) string {
	text, _ := r.cell(column)
	return text
}

// cell is the text of a column, and whether a JSON file has a number there.
func (r record) cell(column string) (text string, isNumber bool) {
	if filled, ok := r.carried[column]; ok {
		return filled.text, filled.isNumber
	}
	if column == columnRow {
		return strconv.FormatInt(r.row, 10), false
	}
	if r.object == nil {
		if i, ok := r.index[column]; ok && i < len(r.cells) {
			return r.cells[i], false
		}
		return "", false
	}
	switch v := find(r.object, column).(type) {
	case nil:
		return "", false
	case string:
		return v, false
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), false
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return "", false
		}
		return string(b), false
	}
}

// json is the cell as a JSON value: as it stands in NDJSON, decoded from text elsewhere. An empty cell is nil.
func (r record) json(column string) (any, error) {
	if r.object != nil {
		return find(r.object, column), nil
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

// within is an object of a list in the row as a row of its own; _parent is what the list is in.
func (r record) within(object map[string]any) record {
	object = maps.Clone(object)
	object["_parent"] = r.object
	return record{line: r.line, row: r.row, object: object, outer: &r}
}

// elements are the objects of lists inside a row, one list for each step down. What is no list has none.
func (r record) elements(lists []string) []record {
	rows := []record{r}
	for _, list := range lists {
		var inner []record
		for _, row := range rows {
			items, _ := find(row.object, list).([]any)
			for _, item := range items {
				if object, ok := item.(map[string]any); ok {
					inner = append(inner, row.within(object))
				}
			}
		}
		rows = inner
	}
	return rows
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
