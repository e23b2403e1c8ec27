package paths

import (
	"cmp"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/sequence"
)

// loops counts who comes back to a node: in the period, to one where they were before, another in between. Persons are counted by the set of
// nodes that they came by and came back to, so that any union of nodes has its distinct persons.
type loops struct {
	sets    *sequence.Counts[int64] // persons by set; a node that they came back to has the prefix
	returns map[string]int64        // how often

	marks []mark // of the life's labels
	life  int
	set   []uint32
	seen  []uint32
}

// mark is what a life has of a label.
type mark struct {
	life          int
	isBack        bool
	plain, looped uint32 // labels in sets
	isKnown       bool
	returns       int64 // of all lives
}

const backPrefix = "\x00"

func newLoops() loops { return loops{sets: sequence.New[int64](), returns: map[string]int64{}} }

func (l *loops) add(items []item, names []string) {
	l.life++
	for len(l.marks) < len(names) {
		l.marks = append(l.marks, mark{})
	}
	l.seen = l.seen[:0]
	var before *mark
	for i := range items {
		it := &items[i]
		if !it.isNode || !it.isOfPeriod {
			continue
		}
		m := &l.marks[it.label]
		switch {
		case m.life != l.life:
			m.life, m.isBack = l.life, false
			l.seen = append(l.seen, it.label)
		case m != before:
			m.isBack = true
			m.returns++
		}
		before = m
	}
	if len(l.seen) == 0 {
		return
	}
	l.set = l.set[:0]
	for _, label := range l.seen {
		m := &l.marks[label]
		if !m.isKnown {
			m.isKnown, m.plain, m.looped = true, l.sets.Label(names[label]), l.sets.Label(backPrefix+names[label])
		}
		if m.isBack {
			l.set = append(l.set, m.looped)
		} else {
			l.set = append(l.set, m.plain)
		}
	}
	slices.Sort(l.set)
	*l.sets.At(l.set)++
}

// closed adds up the returns of labels, whose names it needs.
func (l *loops) closed() {
	names := l.sets.Names()
	for i := range l.marks {
		if m := &l.marks[i]; m.returns > 0 {
			l.returns[names[m.plain]] += m.returns
			m.returns = 0
		}
	}
}

func (l *loops) join(part *loops) {
	part.closed()
	l.sets.Join(part.sets, func(to, from *int64) { *to += *from })
	for name, n := range part.returns {
		l.returns[name] += n
	}
}

// table gives the nodes that most persons came back to, and all others as one.
func (l *loops) table(rows int) analysis.Table {
	t := analysis.Table{
		Name: "loops", Sentence: "Who came back to a node where they were before, with another in between, in the whole period. Persons are in several rows; (other) is distinct persons too.",
		Columns: []analysis.Column{
			{Name: "node", Unit: analysis.Text, Sentence: "that persons came to"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who came to it"},
			{Name: "came_back", Unit: analysis.Persons, Sentence: "of these, who came back to it"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "came_back of persons"},
			{Name: "returns", Unit: analysis.Counts, Sentence: "how often they came back"},
		},
	}
	l.closed()
	names, sets := l.sets.Sorted()
	type count struct{ persons, back, returns int64 }
	of := map[string]*count{}
	for _, e := range sets {
		for _, n := range e.Labels {
			name, isBack := strings.CutPrefix(names[n], backPrefix)
			if of[name] == nil {
				of[name] = &count{returns: l.returns[name]}
			}
			of[name].persons += *e.Of
			if isBack {
				of[name].back += *e.Of
			}
		}
	}
	var order []string
	for name := range of {
		order = append(order, name)
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b].back, of[a].back), cmp.Compare(of[b].persons, of[a].persons), strings.Compare(a, b))
	})
	row := func(name string, c count) {
		t.Row(analysis.Word(name), analysis.Count(c.persons), analysis.Count(c.back), analysis.Rate(c.back, c.persons), analysis.Count(c.returns))
	}
	shown := order[:min(rows, len(order))]
	for _, name := range shown {
		row(name, *of[name])
	}
	var rest count
	isShown := map[string]bool{}
	for _, name := range shown {
		isShown[name] = true
	}
	for _, e := range sets {
		isRest, isBack := false, false
		for _, n := range e.Labels {
			name, back := strings.CutPrefix(names[n], backPrefix)
			if !isShown[name] {
				isRest, isBack = true, isBack || back
			}
		}
		if isRest {
			rest.persons += *e.Of
		}
		if isBack {
			rest.back += *e.Of
		}
	}
	for _, name := range order[len(shown):] {
		rest.returns += of[name].returns
	}
	if rest.persons > 0 {
		row(other, rest)
	}
	return t
}
