package paths

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/sequence"
)

// What stands in the place of a node.
const (
	other      = "(other)"
	goesOn     = "(goes on)"
	noFurther  = "(no further action)"
	isReached  = "(end)"
	noEarlier  = "(no earlier action)"
	goesBefore = "(began earlier)"
)

// flow is all paths, with the nodes of each step that have rows of their own.
type flow struct {
	*reader
	names   []string
	entries []sequence.Entry[[endings]int64]
	steps   []stepNodes // by step from the start, or back from the end
	edges   map[edge]int64
	all     int64 // persons
}

// folded stands for all nodes of a step without a row.
const folded = ^uint32(0)

type stepNodes struct {
	rows   []*node
	at     map[uint32]*node // of the labels that have rows; folded ones have one together
	labels []uint32         // all that occur
	goOn   []uint32         // those that are not only the end
}

type node struct {
	label   uint32
	persons int64
	exits   [endings]int64
}

type edge struct {
	step     int // of from
	from, to uint32
}

func (r *reader) flow() *flow {
	f := &flow{reader: r, edges: map[edge]int64{}, steps: make([]stepNodes, r.settings.steps)}
	f.names, f.entries = r.paths.Sorted()
	for i := range f.steps {
		f.steps[i] = f.step(i)
	}
	for _, e := range f.entries {
		persons := e.Of[ended] + e.Of[reached] + e.Of[cut]
		f.all += persons
		var before *node
		for i, label := range e.Labels {
			n := f.steps[i].of(label)
			n.persons += persons
			if before != nil {
				f.edges[edge{i - 1, before.label, n.label}] += persons
			}
			before = n
		}
		for how, n := range e.Of {
			before.exits[how] += n
		}
	}
	return f
}

// step chooses the nodes of a step that have rows.
func (f *flow) step(i int) stepNodes {
	size, goesOn := map[uint32]int64{}, map[uint32]bool{}
	for _, e := range f.entries {
		if i < len(e.Labels) {
			label, isEnd := e.Labels[i], i == len(e.Labels)-1 && e.Of[reached] > 0
			size[label] += e.Of[ended] + e.Of[reached] + e.Of[cut]
			goesOn[label] = goesOn[label] || !isEnd
		}
	}
	s := stepNodes{at: map[uint32]*node{}, labels: slices.Sorted(maps.Keys(size))}
	for _, label := range s.labels {
		if goesOn[label] {
			s.goOn = append(s.goOn, label)
		}
	}
	order := slices.Clone(s.labels)
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(size[b], size[a]) })
	for _, label := range order[:min(len(order), f.nodes)] {
		n := &node{label: label}
		s.rows, s.at[label] = append(s.rows, n), n
	}
	if len(order) > f.nodes {
		s.rows = append(s.rows, &node{label: folded})
	}
	return s
}

func (s *stepNodes) of(label uint32) *node {
	if n, found := s.at[label]; found {
		return n
	}
	return s.rows[len(s.rows)-1]
}

func (f *flow) name(label uint32) string {
	if label == folded {
		return other
	}
	return f.names[label]
}

// position is how a step is numbered: from 1 on, or from 0 backwards.
func (f *flow) position(step int) analysis.Value {
	if f.isBackward {
		return analysis.CountOf(-step)
	}
	return analysis.CountOf(step + 1)
}

func (r *reader) answer() analysis.Answer {
	f := r.flow()
	out := analysis.Answer{Tables: []analysis.Table{
		f.nodesTable(), f.edgesTable(), f.pathsTable(), f.dropOff(), r.meets.table(), r.meets.together(), r.loops.table(r.nodes),
	}}
	if r.person != "" {
		out.Tables = append(out.Tables, r.journeyTable())
		if r.present == 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("Nobody of the period is %s; a person is known by the highest of their identifiers.", r.person))
		}
	}
	if n := r.present - r.with; n > 0 && r.person == "" {
		why := "the start"
		switch {
		case r.isBackward:
			why = "the end"
		case r.start == nil:
			why = "a node"
		}
		out.Notes = append(out.Notes, fmt.Sprintf("%d of %d persons of the period have no path: no step of theirs is %s.", n, r.present, why))
	}
	if r.Now < r.End() {
		out.Notes = append(out.Notes, "The period is not over: whoever has taken no further action yet may still do.")
	}
	return out
}

func (f *flow) nodesTable() analysis.Table {
	t := analysis.Table{
		Name:     "nodes",
		Sentence: "Distinct persons at each step. persons = went_on + no_further + reached + goes_on, and went_on of a step adds up to the persons of the next.",
		Columns: []analysis.Column{
			{Name: "position", Unit: analysis.Counts, Sentence: "step of the path, from 1; of paths that lead to an end, back from 0"},
			{Name: "node", Unit: analysis.Text, Sentence: "that persons were at; (other) is all that have no row"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who were there at this step"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all persons with a path"},
			{Name: "went_on", Unit: analysis.Persons, Sentence: "who are at the next step too; backwards, who came from one"},
			{Name: "no_further", Unit: analysis.Persons, Sentence: "who took no further action; backwards, no earlier one"},
			{Name: "reached", Unit: analysis.Persons, Sentence: "who stop here because it is the end that was asked for"},
			{Name: "goes_on", Unit: analysis.Persons, Sentence: "whose path goes on beyond the steps that are shown"},
		},
	}
	for i := range f.steps {
		for _, n := range f.steps[i].rows {
			went := n.persons - n.exits[ended] - n.exits[reached] - n.exits[cut]
			t.Row(f.position(i), analysis.Word(f.name(n.label)), analysis.Count(n.persons), analysis.Rate(n.persons, f.all), analysis.Count(went),
				analysis.Count(n.exits[ended]), analysis.Count(n.exits[reached]), analysis.Count(n.exits[cut]))
		}
	}
	return t
}

func (f *flow) edgesTable() analysis.Table {
	t := analysis.Table{
		Name:     "edges",
		Sentence: "Distinct persons from each step to the next. Those out of a node, with the rows in brackets, add up to its persons; those into it too.",
		Columns: []analysis.Column{
			{Name: "position", Unit: analysis.Counts, Sentence: "of the node that they went from; backwards, that they came to"},
			{Name: "from", Unit: analysis.Text, Sentence: "node that they went from"},
			{Name: "to", Unit: analysis.Text, Sentence: "node that they went to, or how their path ends"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who went so"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of the persons at the node of that position"},
			{Name: "funnel", Unit: analysis.Text, Sentence: "parameters of the funnel that exactly these persons convert in; nothing where there is none"},
			{Name: "why_none", Unit: analysis.Text, Sentence: "why no funnel counts exactly these persons"},
		},
	}
	brackets := [endings]string{noFurther, isReached, goesOn}
	if f.isBackward {
		brackets = [endings]string{noEarlier, isReached, goesBefore}
	}
	link := f.links()
	for i := range f.steps {
		for _, n := range f.steps[i].rows {
			row := func(to string, persons int64, query, why string) {
				from, text := f.name(n.label), analysis.None()
				if f.isBackward {
					from, to = to, from
				}
				if query != "" {
					text = analysis.Word(query)
				}
				reason := analysis.None()
				if why != "" {
					reason = analysis.Word(why)
				}
				t.Row(f.position(i), analysis.Word(from), analysis.Word(to), analysis.Count(persons), analysis.Rate(persons, n.persons), text, reason)
			}
			if i+1 < len(f.steps) {
				for _, next := range f.steps[i+1].rows {
					e := edge{i, n.label, next.label}
					if persons := f.edges[e]; persons > 0 {
						query, why := link.of(e)
						row(f.name(next.label), persons, query, why)
					}
				}
			}
			for how, persons := range n.exits {
				if persons > 0 {
					row(brackets[how], persons, "", "it is the end of a path")
				}
			}
		}
	}
	return t
}

// dropOff is who took no further action, the same numbers as in nodes.
func (f *flow) dropOff() analysis.Table {
	t := analysis.Table{
		Name: "drop_off", Sentence: "Where paths end without the end that was asked for: the persons of no_further in nodes, most first. They add up to all persons less those who reached the end or go on.",
		Columns: []analysis.Column{
			{Name: "position", Unit: analysis.Counts, Sentence: "step of the path"},
			{Name: "node", Unit: analysis.Text, Sentence: "that was the last"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who were there at this step"},
			{Name: "dropped", Unit: analysis.Persons, Sentence: "who took no further action"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "dropped of persons"},
		},
	}
	if f.isBackward {
		t.Sentence = "Paths that lead to an end do not stop before it, so nobody drops off."
		return t
	}
	for i := range f.steps {
		for _, n := range f.steps[i].rows {
			if dropped := n.exits[ended]; dropped > 0 {
				t.Row(f.position(i), analysis.Word(f.name(n.label)), analysis.Count(n.persons), analysis.Count(dropped), analysis.Rate(dropped, n.persons))
			}
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b []analysis.Value) int {
		x, _ := a[3].Float()
		y, _ := b[3].Float()
		return cmp.Compare(y, x)
	})
	return t
}

// pathsTable is the most frequent paths, by names that are not folded.
func (f *flow) pathsTable() analysis.Table {
	t := analysis.Table{
		Name:     "paths",
		Sentence: "Paths by distinct persons. They add up to all persons with a path, who with an end alone are all who reached it.",
		Columns: []analysis.Column{
			{Name: "path", Unit: analysis.Text, Sentence: "nodes in the order of time; (other) is all paths that have no row"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who went so"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all persons with a path"},
		},
	}
	type path struct {
		text    string
		persons int64
	}
	var paths []path
	for _, e := range f.entries {
		var nodes []string
		for _, label := range e.Labels {
			nodes = append(nodes, f.names[label])
		}
		for how, persons := range e.Of {
			if persons > 0 {
				paths = append(paths, path{f.text(nodes, ending(how)), persons})
			}
		}
	}
	slices.SortFunc(paths, func(a, b path) int { return cmp.Or(cmp.Compare(b.persons, a.persons), strings.Compare(a.text, b.text)) })
	rest := int64(0)
	for i, p := range paths {
		if i >= f.top {
			rest += p.persons
			continue
		}
		t.Row(analysis.Word(p.text), analysis.Count(p.persons), analysis.Rate(p.persons, f.all))
	}
	if rest > 0 {
		t.Row(analysis.Word(other), analysis.Count(rest), analysis.Rate(rest, f.all))
	}
	return t
}

func (f *flow) text(nodes []string, how ending) string {
	if how == cut {
		nodes = append(slices.Clone(nodes), "…")
	}
	if f.isBackward {
		nodes = slices.Clone(nodes)
		slices.Reverse(nodes)
	}
	return strings.Join(nodes, " > ")
}

func (r *reader) journeyTable() analysis.Table {
	t := analysis.Table{Name: "journey", Sentence: fmt.Sprintf("All steps of %s from the first to the last of the path, at most %d.", r.person, told)}
	for i, name := range []string{"time", "event", "page", "channel", "device", "stage", "node"} {
		unit := analysis.Text
		if i == 0 {
			unit = analysis.Time
		}
		t.Columns = append(t.Columns, analysis.Column{Name: name, Unit: unit, Sentence: name + " of the step"})
	}
	t.Columns[6].Sentence = "node of the path; nothing where the step is none"
	for _, row := range r.journey {
		var values []analysis.Value
		for _, text := range row {
			values = append(values, analysis.Word(text))
		}
		t.Row(values...)
	}
	return t
}
