package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// fitRows is how many rows of a file are looked at to see whether a mapping fits.
const fitRows = 3

// Fits says whether a file is of the kind that a mapping is for, and why: head is the beginning of the file, a MiB or all of it. Columns that
// `known_by` names must be there; lines must match the pattern. A mapping that says neither fits nothing.
func (m *Mapping) Fits(head []byte) (why string, fits bool) {
	if m.format.kind != "lines" && len(m.knownBy) == 0 {
		return "", false
	}
	rows, err := m.format.open("", bytes.NewReader(head))
	if err != nil {
		return "", false
	}
	have := map[string]bool{}
	for _, column := range rows.columns() {
		have[column] = true
	}
	for i := range fitRows {
		row, err := rows.next()
		if i > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
			break
		}
		if err != nil {
			if m.format.kind == "csv" && i == 0 && errors.Is(err, io.EOF) && m.hasAll(have) {
				break // a header without rows
			}
			return "", false
		}
		for _, column := range m.knownBy {
			have[column] = have[column] || row.object != nil && has(row.object, column)
		}
		if !m.hasAll(have) {
			return "", false
		}
		if row.object != nil {
			clear(have) // each object must have them
		}
	}
	if m.format.kind == "lines" {
		return "its lines have the form of such a log", true
	}
	return fmt.Sprintf("it has %s", strings.Join(m.knownBy, ", ")), true
}

func (m *Mapping) hasAll(have map[string]bool) bool {
	for _, column := range m.knownBy {
		if !have[column] {
			return false
		}
	}
	return true
}

// has says whether an object has a path, be its value null.
func has(object map[string]any, path string) bool {
	if find(object, path) != nil {
		return true
	}
	last := strings.LastIndexByte(path, '.')
	parent := any(object)
	if last >= 0 {
		parent = find(object, path[:last])
	}
	members, ok := parent.(map[string]any)
	_, found := members[path[last+1:]]
	return ok && found
}
