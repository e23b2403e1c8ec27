package importer

import (
	"bufio"
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

// Advisable lets a test ask a fault of a cell for its advice.
func Advisable(err error) error {
	if a, ok := err.(interface {
		error
		advice(string) string
	}); ok {
		return advisable{a.Error(), a.advice}
	}
	return err
}

type advisable struct {
	text   string
	advice func(string) string
}

func (a advisable) Error() string              { return a.text }
func (a advisable) Advice(field string) string { return a.advice(field) }

// EvaluateJSON gives a value of a mapping for a JSON object.
func EvaluateJSON(settings, object string) (any, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(settings), &root); err != nil || len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		root = yaml.Node{Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: settings}}}
	}
	r := &mappingReader{decoder: &decoder{file: "m"}}
	v := r.value(root.Content[0], "value")
	if err := r.err(); err != nil {
		return nil, err
	}
	row := record{row: 7}
	if err := decodeJSON([]byte(object), &row.object); err != nil {
		return nil, err
	}
	return v.of(row)
}

// Cells is a CSV file as it is read: ="1" is "1".
func Cells(r io.Reader, delimiter string) io.Reader {
	return &cellReader{r: bufio.NewReader(r), delimiter: []byte(delimiter)}
}
