package importer

import (
	"bytes"
	"slices"
	"strings"
)

// fitRows is how many rows of a file are looked at to see whether a mapping fits.
const fitRows = 3

// Fits says whether a file is of the kind that a mapping is for, and why: head is the beginning of the file, a MiB or all of it. The columns
// that `known_by` names must be there, in the header or in each object; lines must match the pattern. A mapping that says neither fits nothing.
func (m *Mapping) Fits(head []byte) (why string, fits bool) {
	f := m.format
	if f.kind != "lines" && len(m.knownBy) == 0 {
		return "", false
	}
	if f.kind == "jsonapi" {
		f.kind, f.list = "ndjson", "data" // the first page may be longer than the head
	}
	rows, err := f.open("", bytes.NewReader(head))
	if err != nil {
		return "", false
	}
	why = "it has " + strings.Join(m.knownBy, ", ")
	if f.kind == "csv" || f.kind == "w3c" {
		header := rows.columns()
		return why, f.columns == nil && !slices.ContainsFunc(m.knownBy, func(name string) bool { return !slices.Contains(header, name) })
	}
	for i := range fitRows {
		row, err := rows.next()
		if i > 0 && err != nil {
			break // the file ends, or its beginning was cut here
		}
		if err != nil || slices.ContainsFunc(m.knownBy, func(path string) bool { return !has(row.object, path) }) {
			return "", false
		}
	}
	if f.kind == "lines" {
		why = "its lines have the form of such a log"
	}
	return why, true
}

// has says whether an object has a path, be its value null.
func has(object map[string]any, path string) bool {
	if find(object, path) != nil {
		return true
	}
	parent, name := any(object), path
	if last := strings.LastIndexByte(path, '.'); last >= 0 {
		parent, name = find(object, path[:last]), path[last+1:]
	}
	members, _ := parent.(map[string]any)
	_, found := members[name]
	return found
}
