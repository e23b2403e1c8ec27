package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"waymark/shared/domain/money"
)

// maxGroupedRows bounds the rows that one event with group_by keeps in memory: about 1 GB with a dozen columns.
const maxGroupedRows = 2_000_000

// grouping collects the rows of one rule. The rows of a group may lie anywhere in the file, so nothing is known before its end.
type grouping struct {
	rule  *rule
	byKey map[string]*group
	order []*group
	rows  int
	limit int
}

// group becomes one event: time, identifiers and properties come from its earliest row (of equals the first in the file).
type group struct {
	line     int64 // of its first row
	rows     []int64
	earliest record
	at       time.Time
	ids      string // identifiers of the first row, to see whether the others agree
	products []any
	total    money.Micros
	problem  *Problem
}

func newGrouping(e *rule, limit int) *grouping {
	if len(e.groupBy) == 0 {
		return nil
	}
	return &grouping{rule: e, byKey: map[string]*group{}, limit: limit}
}

func (s *grouping) inOrder() []*group { return s.order }

// add puts a row into its group. Only too many rows are an error; a bad row spoils its group, because an order without one of its lines
// would have a wrong amount.
func (s *grouping) add(row record) error {
	if s.rows++; s.rows > s.limit {
		return fmt.Errorf("group rows of %q: more than %d rows; split the file so that no group is cut, or leave rows out with where", s.rule.name, s.limit)
	}
	cells := make([]string, len(s.rule.groupBy))
	for i, column := range s.rule.groupBy {
		cells[i] = row.text(column)
	}
	key := strings.Join(cells, "\x00")
	g := s.byKey[key]
	if g == nil {
		g = &group{line: row.line}
		s.byKey[key] = g
		s.order = append(s.order, g)
	}
	g.rows = append(g.rows, row.row)
	if g.problem == nil {
		g.problem = g.take(s.rule, row)
	}
	if g.problem != nil {
		g.earliest, g.products = record{}, nil
	}
	return nil
}

func (g *group) take(e *rule, row record) *Problem {
	at, err := e.time.of(row)
	if err != nil {
		return &Problem{Line: row.line, Code: "bad_time", Field: "timestamp", Reason: err.Error()}
	}
	tree := map[string]any{}
	if problem := e.identify(row, tree); problem != nil {
		return problem.at(row.line, "")
	}
	ids := fmt.Sprint(tree)
	if g.ids == "" {
		g.ids = ids
	}
	if g.ids != ids {
		return &Problem{Line: row.line, Code: "group_disagrees", Field: "identifiers", Reason: "the rows of the group name different persons"}
	}
	if g.at.IsZero() || at.Before(g.at) {
		g.at, g.earliest = at, row
	}
	if e.products == nil {
		return nil
	}
	return g.addProduct(e.products, row)
}

func (g *group) addProduct(p *products, row record) *Problem {
	product := map[string]any{}
	for _, f := range p.each {
		if problem := f.put(row, product, "products"); problem != nil {
			return problem.at(row.line, "")
		}
	}
	g.products = append(g.products, product)
	if p.total == "" {
		return nil
	}
	line, err := lineTotal(product)
	if err == nil {
		g.total, err = g.total.Add(line)
	}
	if err != nil {
		problem := problemOf(err)
		problem.Line, problem.Field = row.line, "products"
		return problem
	}
	return nil
}

// draft makes the group's event.
func (g *group) draft(e *rule) (*draft, *Problem) {
	if g.problem != nil {
		return nil, g.problem
	}
	d, problem := e.draft(g.earliest)
	if problem != nil || e.products == nil {
		return d, problem
	}
	properties := map[string]any{"products": g.products}
	if e.products.total != "" {
		properties[e.products.total] = json.Number(g.total.String())
	}
	if own, ok := d.event["properties"].(map[string]any); ok {
		maps.Copy(properties, own)
	}
	d.event["properties"] = properties
	return d, nil
}
