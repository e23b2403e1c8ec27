package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Event is an event as it will be sent, with where it comes from.
type Event struct {
	JSON   json.RawMessage
	Line   int64  // of the file; of a group its first line
	Output string // name of the mapping's event
}

// mapper turns rows into events.
type mapper struct {
	mapping *Mapping
	now     time.Time
	summary *Summary
	seen    map[[16]byte]uint32 // how often each content came, to tell identical rows apart
	bad     map[int64]bool      // rows of which something could not be mapped
	groups  []*grouping         // one for each rule, nil where it groups nothing
	waiting map[int64]bool      // rows that only a group may want
	emit    func(Event) error
}

// Map reads a whole file and hands each event to emit, single events in the order of their rows, groups after the last row in the order of
// their first lines. What cannot be mapped is counted in the summary; only reading errors and those of emit end it.
func (m *Mapping) Map(file string, r io.Reader, now time.Time, summary *Summary, emit func(Event) error) error {
	return m.mapUpTo(maxGroupedRows, file, r, now, summary, emit)
}

func (m *Mapping) mapUpTo(groupedRows int, file string, r io.Reader, now time.Time, summary *Summary, emit func(Event) error) error {
	src, err := m.format.open(file, r)
	if err != nil {
		return err
	}
	if have := src.columns(); have != nil {
		if err := m.checkColumns(file, have); err != nil {
			return err
		}
	}
	p := &mapper{mapping: m, now: now, summary: summary, seen: map[[16]byte]uint32{}, bad: map[int64]bool{}, waiting: map[int64]bool{}, emit: emit}
	for i := range m.events {
		p.groups = append(p.groups, newGrouping(&m.events[i], groupedRows))
	}
	for {
		row, err := src.next()
		if errors.Is(err, io.EOF) {
			return p.flush()
		}
		summary.Rows.Read++
		if broken, ok := errors.AsType[*rowError](err); ok {
			p.reject(Problem{Line: broken.line, Code: "unreadable", Reason: broken.reason}, summary.Rows.Read)
			for _, group := range p.groups {
				if group != nil && !group.spoil(broken) {
					summary.warn(Problem{Line: broken.line, Event: group.rule.name, Code: "group_unknown", Reason: broken.reason})
				}
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if err := p.row(row); err != nil {
			return err
		}
	}
}

// row gives a row to every event whose filter it passes. What filters say of a group is known when all its rows are.
func (p *mapper) row(row record) error {
	used, grouped := false, false
	passes := p.mapping.where.holds(row)
	for i := range p.mapping.events {
		rule := &p.mapping.events[i]
		if group := p.groups[i]; group != nil {
			problem, err := group.add(row)
			if err != nil {
				return err
			}
			if problem == nil {
				grouped = true
			} else if passes && rule.where.holds(row) {
				used = true
				p.reject(*problem.at(row.line, rule.name), row.row)
			}
			continue
		}
		rows := int64(1) // several elements of a list are one row
		for _, inner := range row.elements(rule.each) {
			if !passes || !rule.where.holds(inner) {
				continue
			}
			if err := p.apply(rule, inner, rows); err != nil {
				return err
			}
			used, rows = true, 0
		}
	}
	switch {
	case used:
	case grouped:
		p.waiting[row.row] = true
	default:
		p.summary.Rows.Skipped++
		for i := range p.mapping.events {
			p.warnOfFilters(&p.mapping.events[i], row)
		}
	}
	return nil
}

// warnOfFilters warns of a row that was left out because a filter could not read a number.
func (p *mapper) warnOfFilters(rule *rule, row record) {
	both := condition{all: []condition{p.mapping.where, rule.where, rule.groupWhere}}
	if column, cell := both.unread(row); cell != "" {
		p.summary.warn(Problem{
			Line: row.line, Event: rule.name, Code: "filter_no_number", Field: "where." + column, Reason: fmt.Sprintf("%q is not a number", cell),
		})
	}
}

func (p *mapper) apply(rule *rule, row record, rows int64) error {
	p.warnOfCutIDs(rule, row)
	draft, problem := rule.draft(row)
	if problem != nil {
		p.reject(*problem.at(row.line, rule.name), row.row)
		return nil
	}
	return p.finish(rule, draft, row.line, []int64{row.row}, rows)
}

// flush makes the events of all groups.
func (p *mapper) flush() error {
	for i, group := range p.groups {
		if group == nil {
			continue
		}
		rule := &p.mapping.events[i]
		for _, g := range group.order {
			if err := p.flushGroup(rule, g); err != nil {
				return err
			}
		}
	}
	p.summary.Rows.Skipped += int64(len(p.waiting))
	p.summary.Rows.Rejected = int64(len(p.bad))
	p.summary.Rows.Used = p.summary.Rows.Read - p.summary.Rows.Skipped - p.summary.Rows.Rejected
	return nil
}

func (p *mapper) flushGroup(rule *rule, g *group) error {
	made := g.make(rule, p.mapping.where)
	for _, row := range made.rows {
		delete(p.waiting, row)
	}
	for _, warning := range made.warnings {
		p.summary.warn(*warning.at(g.line, rule.name))
	}
	if made.problem != nil {
		p.reject(*made.problem.at(g.line, rule.name), made.rows...)
		return nil
	}
	if made.draft == nil {
		for _, line := range g.lines {
			p.warnOfFilters(rule, line)
		}
		return nil
	}
	for _, line := range g.lines {
		p.warnOfCutIDs(rule, line)
	}
	return p.finish(rule, made.draft, g.line, made.rows, int64(len(made.rows)))
}

// cutNumber is what a spreadsheet makes of a number of more than eleven digits.
var cutNumber = regexp.MustCompile(`^[1-9](?:[.,][0-9]+)?E\+[0-9]{2,3}$`)

// warnOfCutIDs warns of texts that a spreadsheet took for a number and cut: the last digits of an id are lost, and several ids become one.
func (p *mapper) warnOfCutIDs(rule *rule, row record) {
	for _, id := range rule.texts {
		text := row.text(id.column)
		if strings.Contains(text, "E+") && cutNumber.MatchString(strings.TrimSpace(text)) {
			p.summary.warn(Problem{
				Line: row.line, Event: rule.name, Code: "cut_id", Field: id.field,
				Reason: fmt.Sprintf("%q is what a spreadsheet leaves of a long number", text),
			})
		}
	}
}

// finish gives the event its messageId, checks it as the system will, and emits it. counted is how many rows the summary has not heard of yet.
func (p *mapper) finish(rule *rule, d *draft, line int64, rows []int64, counted int64) error {
	content, err := encode(d.event)
	if err != nil {
		return fmt.Errorf("write event of line %d: %w", line, err)
	}
	id := p.identity(rule, d, content, 0)
	n := p.seen[id]
	p.seen[id] = n + 1
	if n > 0 && !rule.distinct {
		p.summary.Events.Repeats++
		return nil
	}
	if n > 0 {
		id = p.identity(rule, d, content, n)
	}
	d.event["messageId"] = "imp-" + hex.EncodeToString(id[:])
	if content, err = encode(d.event); err != nil {
		return fmt.Errorf("write event of line %d: %w", line, err)
	}
	if _, err := event.Parse(content, event.Stamp{Received: event.At(p.now)}); err != nil {
		p.reject(*problemOf(err).at(line, rule.name), rows...)
		return nil
	}
	p.summary.Events.Mapped++
	output := p.summary.Outputs[rule.name]
	p.summary.Outputs[rule.name] = Output{output.Events + 1, output.Rows + counted}
	return p.emit(Event{JSON: content, Line: line, Output: rule.name})
}

// identity is what messageIds are made of: the mapping's name and version, the event's name in it and the chosen cells, or the whole event when
// none are chosen; and for the second and later of identical rows their number. The file's name and the place in it do not matter, so the
// same rows make the same ids wherever they are read from.
func (p *mapper) identity(rule *rule, d *draft, content []byte, occurrence uint32) [16]byte {
	h := sha256.New()
	for _, part := range []string{p.mapping.Name, p.mapping.Version, rule.name} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	if len(rule.messageID) == 0 {
		h.Write(content)
	}
	for _, cell := range d.key {
		fmt.Fprintf(h, "%d:%s", len(cell), cell)
	}
	if occurrence > 0 {
		fmt.Fprintf(h, "#%d", occurrence)
	}
	var id [16]byte
	copy(id[:], h.Sum(nil))
	return id
}

func (p *mapper) reject(problem Problem, rows ...int64) {
	p.summary.note(problem)
	for _, row := range rows {
		p.bad[row] = true
	}
}

func problemOf(err error) *Problem {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return &Problem{Code: "invalid", Reason: err.Error()}
	}
	return &Problem{Code: f.Code, Field: f.Field, Reason: f.Message}
}

// encode writes canonical JSON: keys in order, nothing escaped that need not be.
func encode(tree map[string]any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
