package importer

import (
	"io"
	"time"

	"go.yaml.in/yaml/v3"
)

// MapGrouped maps with a small limit of grouped rows.
func MapGrouped(m *Mapping, r io.Reader, limit int) error {
	summary := NewSummary(m, "f")
	return m.mapUpTo(limit, "f", r, time.Unix(0, 0), &summary, func(Event) error { return nil })
}

// ReadTime reads a cell with the `time` of a mapping.
func ReadTime(settings, cell string) (time.Time, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(settings), &root); err != nil {
		return time.Time{}, err
	}
	r := &mappingReader{decoder: &decoder{file: "m"}}
	c := r.clock(root.Content[0])
	if err := r.err(); err != nil {
		return time.Time{}, err
	}
	return c.of(record{cells: []string{cell}, index: map[string]int{c.source.column: 0}})
}

// Evaluate gives a value of a mapping for a row of cells.
func Evaluate(settings string, cells map[string]string) (any, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(settings), &root); err != nil {
		return nil, err
	}
	r := &mappingReader{decoder: &decoder{file: "m"}}
	v := r.value(root.Content[0], "value")
	if err := r.err(); err != nil {
		return nil, err
	}
	return v.of(rowOf(cells))
}

// Holds says whether a condition of a mapping holds for a row of cells.
func Holds(settings string, cells map[string]string) (bool, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(settings), &root); err != nil {
		return false, err
	}
	r := &mappingReader{decoder: &decoder{file: "m"}}
	c := r.condition(root.Content[0])
	return c.holds(rowOf(cells)), r.err()
}

func rowOf(cells map[string]string) record {
	row := record{index: map[string]int{}, row: 7}
	for name, cell := range cells {
		row.index[name] = len(row.cells)
		row.cells = append(row.cells, cell)
	}
	return row
}
