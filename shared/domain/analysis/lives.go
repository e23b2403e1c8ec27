package analysis

import (
	"iter"
	"sync"

	"waymark/shared/domain/step"
)

// Lives are the lives of persons in parts. Each person is in one part, once, with all their steps that were asked for, in time order. Whoever reads
// them must not keep the rows, which are overwritten by those of the next person; texts may be kept. Parts may be read at once, and again.
type Lives interface {
	Parts() int
	Part(i int) iter.Seq[[]step.Row]
}

// Fold reads all lives, part by part and the parts at once: begin makes something to add lives to, and join puts what came of a part to what came of
// those before. The result must not depend on who is in which part: sums of whole numbers, sets and lists that are sorted afterwards do not,
// sums of floats do.
func Fold[A any](lives Lives, begin func() A, add func(to A, life []step.Row), join func(to, part A)) A {
	parts := make([]A, lives.Parts())
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			parts[i] = begin()
			for life := range lives.Part(i) {
				add(parts[i], life)
			}
		})
	}
	all.Wait()
	out := begin()
	for _, part := range parts {
		join(out, part)
	}
	return out
}

// Listed are lives that lie in memory as they are.
type Listed [][][]step.Row

// Listing puts lives into a number of parts.
func Listing(lives [][]step.Row, parts int) Listed {
	out := make(Listed, max(parts, 1))
	for i, life := range lives {
		out[i%len(out)] = append(out[i%len(out)], life)
	}
	return out
}

// Parts is of Lives.
func (l Listed) Parts() int { return len(l) }

// Part is of Lives.
func (l Listed) Part(i int) iter.Seq[[]step.Row] {
	return func(yield func([]step.Row) bool) {
		for _, life := range l[i] {
			if !yield(life) {
				return
			}
		}
	}
}

// Seen are the lives as a plan sees them: the steps of its time, the columns that it asked for, and persons of a segment alone. Tests read lives
// so, for a column that was not asked for is empty in a running system too.
func Seen(lives [][]step.Row, plan Plan, q Question) [][]step.Row {
	columns := plan.Columns | q.Segment.Columns()
	var out [][]step.Row
	for _, life := range lives {
		var seen []step.Row
		for _, r := range step.Between(life, plan.From, plan.To) {
			seen = append(seen, columns.Only(r))
		}
		if len(seen) > 0 && q.Segment.Holds(seen, q.Start(), q.End()) {
			for i := range seen {
				seen[i] = plan.Columns.Only(seen[i])
			}
			out = append(out, seen)
		}
	}
	return out
}
