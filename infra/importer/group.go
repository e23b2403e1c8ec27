package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	last  []string // the key of the row above; nil when that row could not be read
}

// group becomes one event, or none: an order without one of its lines would have a wrong amount.
type group struct {
	line    int64 // of its first row
	lines   []record
	problem *Problem // a row of it could not be read
}

func newGrouping(e *rule, limit int) *grouping {
	if len(e.groupBy) == 0 {
		return nil
	}
	return &grouping{rule: e, byKey: map[string]*group{}, limit: limit}
}

// add puts a row into its group. Only too many rows are an error; a row without a key is a problem of its own.
func (s *grouping) add(row record) (*Problem, error) {
	if s.rows++; s.rows > s.limit {
		return nil, fmt.Errorf("group rows of %q: more than %d rows; split the file so that no group is cut", s.rule.name, s.limit)
	}
	key, problem := s.key(row)
	if problem != nil {
		return problem, nil
	}
	g := s.group(key, row.line)
	g.lines = append(g.lines, row)
	return nil, nil
}

// spoil makes a row that could not be read a problem of its group, if the row says which one that is.
func (s *grouping) spoil(broken *rowError) (known bool) {
	cells := make([]string, len(s.rule.groupBy))
	for i, column := range s.rule.groupBy {
		cells[i] = strings.TrimSpace(broken.partial.text(column))
	}
	s.last = nil
	if slices.Contains(cells, "") {
		return false
	}
	g := s.group(cells, broken.line)
	g.problem = &Problem{
		Line: broken.line, Code: "group_incomplete",
		Reason: "this line of the group could not be read, so the whole group is left out: " + broken.reason,
	}
	return true
}

func (s *grouping) group(key []string, line int64) *group {
	joined := strings.Join(key, "\x00")
	g := s.byKey[joined]
	if g == nil {
		g = &group{line: line}
		s.byKey[joined] = g
		s.order = append(s.order, g)
	}
	return g
}

// key is what the rows of a group have in common. Where the mapping carries a column of it down, a blank one is that of the row above.
func (s *grouping) key(row record) ([]string, *Problem) {
	cells := make([]string, len(s.rule.groupBy))
	for i, column := range s.rule.groupBy {
		cells[i] = strings.TrimSpace(row.text(column))
		if cells[i] != "" {
			continue
		}
		carries := slices.Contains(s.rule.carry, column)
		if carries && s.last != nil {
			cells[i] = s.last[i]
			continue
		}
		reason := "the column is empty, so nobody knows to which group the row belongs"
		if carries {
			reason = "the column is empty, and the line above it, which would say to which group the row belongs, could not be read"
		} else if s.last != nil {
			reason += fmt.Sprintf("; if it belongs to the line above, add 'carry: [%s]' to the event", column)
		}
		return nil, &Problem{Line: row.line, Code: "bad_value", Field: column, Reason: reason}
	}
	s.last = cells
	return cells, nil
}

// made is what became of a group.
type made struct {
	draft    *draft // nil when the group is not wanted or has a problem
	problem  *Problem
	rows     []int64   // the event was made of, or would have been
	warnings []Problem // about single lines
}

// make makes the group's event. Time, identifiers and properties come from its earliest line, of equals the first in the file; but all lines
// are read, so that the order of the lines does not decide whether an unreadable one is found.
func (g *group) make(e *rule, where condition) made {
	if len(g.lines) == 0 {
		return made{} // the row that could not be read is counted as such
	}
	lines := filled(g.lines, e.carry)
	wanted, problem := e.wanted(lines, where)
	if problem == nil && len(wanted) > 0 {
		problem = g.problem
	}
	m := made{problem: problem, rows: rowsOf(wanted)}
	if problem != nil {
		m.rows = rowsOf(lines)
	}
	if problem != nil || len(wanted) == 0 {
		return m
	}
	wanted, m.warnings = e.withoutEqual(wanted)
	m.draft, m.problem = e.assemble(wanted, &m.warnings)
	return m
}

// wanted are the lines that become the event: all or none, but for those that line_where leaves out.
func (e *rule) wanted(lines []record, where condition) ([]record, *Problem) {
	if !e.groupWhere.holds(filled(lines, e.groupWhere.columns(nil))[0]) {
		return nil, nil
	}
	// A filter that sees one line speaks of the group: what further lines leave blank is what the order says.
	both := condition{all: []condition{where, e.where}}
	seen := filled(lines, both.columns(nil))
	holds := both.holds(seen[0])
	for _, line := range seen {
		if both.holds(line) == holds {
			continue
		}
		taken, left := seen[0].line, line.line
		if !holds {
			taken, left = left, taken
		}
		return nil, &Problem{
			Line: line.line, Code: "group_disagrees", Field: "where",
			Reason: fmt.Sprintf("where takes line %d of the group and not line %d, so the event would be made of a part of its lines; "+
				"write group_where, which asks the first line only, or line_where, which leaves lines out", taken, left),
		}
	}
	if !holds {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line record) bool { return !e.lineWhere.holds(line) }), nil
}

// filled gives lines of which the blank cells of some columns hold what the nearest line above has there, or else the nearest below.
func filled(lines []record, columns []string) []record {
	lines = slices.Clone(lines)
	for _, column := range columns {
		var above *cell
		for pass := range 2 {
			for i := range lines {
				if pass == 1 {
					i = len(lines) - 1 - i
				}
				text, isNumber := lines[i].cell(column)
				if strings.TrimSpace(text) != "" {
					above = &cell{text, isNumber}
				} else if above != nil {
					lines[i].carry(column, *above)
				}
			}
		}
	}
	return lines
}

// withoutEqual names lines that are equal to an earlier one of the group, and drops them if the mapping says so.
func (e *rule) withoutEqual(lines []record) ([]record, []Problem) {
	if len(lines) == 1 {
		return lines, nil
	}
	var kept []record
	var warnings []Problem
	first := map[string]int64{}
	for _, line := range lines {
		content := line.content()
		twin, isEqual := first[content]
		if !isEqual {
			first[content] = line.line
			kept = append(kept, line)
			continue
		}
		if e.dropEqual {
			warnings = append(warnings, Problem{Line: line.line, Code: "equal_lines_dropped", Reason: fmt.Sprintf("equal to line %d", twin)})
			continue
		}
		kept = append(kept, line)
		warnings = append(warnings, Problem{Line: line.line, Code: "equal_lines", Reason: fmt.Sprintf("equal to line %d", twin)})
	}
	return kept, warnings
}

// assemble makes the event of lines that are all wanted.
func (e *rule) assemble(lines []record, warnings *[]Problem) (*draft, *Problem) {
	var earliest, first *draft
	basket := &basket{}
	for _, line := range lines {
		d, problem := e.draft(line)
		if problem == nil && e.products != nil {
			problem = basket.add(e.products, line)
		}
		if problem == nil && first != nil && first.ids != d.ids {
			problem = e.strangers()
		}
		if problem != nil {
			return nil, problem.at(line.line, "")
		}
		if first == nil {
			first = d
		} else if name := e.differing(first, d); name != "" {
			*warnings = append(*warnings, Problem{
				Line: line.line, Code: "lines_differ", Field: "properties." + name,
				Reason: fmt.Sprintf("line %d of the group has another number", lines[0].line),
			})
		}
		if earliest == nil || d.at.Before(earliest.at) {
			earliest = d
		}
	}
	basket.into(earliest, e.products)
	return earliest, nil
}

func (e *rule) strangers() *Problem {
	reason := "the rows of the group name different persons"
	var columns []string
	for _, f := range e.identifiers {
		if f.value.column != "" && !slices.Contains(e.carry, f.value.column) {
			columns = append(columns, f.value.column)
		}
	}
	if columns != nil {
		reason += fmt.Sprintf("; if further lines leave them blank, add 'carry: [%s]' to the event", strings.Join(columns, ", "))
	}
	return &Problem{Code: "group_disagrees", Field: "identifiers", Reason: reason}
}

// differing is the name of a number that two lines of a group state differently. The number of an order stands once, or on every line.
func (e *rule) differing(a, b *draft) string {
	one, _ := a.event["properties"].(map[string]any)
	other, _ := b.event["properties"].(map[string]any)
	for _, f := range e.properties {
		x, isNumber := one[f.path[0]].(json.Number)
		y, isOther := other[f.path[0]].(json.Number)
		if isNumber && isOther && x != y {
			return f.path[0]
		}
	}
	return ""
}

func rowsOf(lines []record) []int64 {
	rows := make([]int64, len(lines))
	for i, line := range lines {
		rows[i] = line.row
	}
	return rows
}

// content is all that a row says, to find equal ones.
func (r record) content() string {
	if r.object != nil {
		text, err := json.Marshal(r.object)
		if err == nil {
			return string(text)
		}
	}
	return strings.Join(r.cells, "\x00")
}

// cell is a cell that other lines of a group are given.
type cell struct {
	text     string
	isNumber bool
}

func (r *record) carry(column string, c cell) {
	if r.carried = maps.Clone(r.carried); r.carried == nil {
		r.carried = map[string]cell{}
	}
	r.carried[column] = c
}
