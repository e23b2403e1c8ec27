package funnel_test

import (
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/step"
)

// brute tries every choice of steps.
func brute(c funnel.Config, rows []step.Row, in funnel.Bounds) string {
	b := bruteForce{Config: c, rows: rows, in: in}
	var best funnel.Outcome
	var closes event.Millis = -1
	isDecided, isFirst := true, true
	for e := range rows {
		if rows[e].At < in.Start || rows[e].At >= min(in.End, in.Now) || !b.enters(&rows[e]) || c.Entry == funnel.First && !isFirst {
			continue
		}
		isFirst = false
		b.entry, b.best, b.isLive = e, nil, false
		limit := b.limit()
		isDecided = isDecided && limit < in.Now
		b.try([]int{e}, b.done(e))
		if b.isLive {
			closes = max(closes, limit)
		}
		if len(b.best) > len(best.Reached) {
			best = funnel.Outcome{Reached: b.best}
		}
	}
	best.IsDecided = isDecided
	required := 0
	for _, s := range c.Steps {
		if !s.Optional {
			required++
		}
	}
	switch {
	case len(best.Reached) == 0:
		return "outside"
	case len(best.Reached) == required:
		best.State = funnel.Converted
	case closes >= in.Now:
		best.State, best.Closes = funnel.Open, closes
	default:
		best.State = funnel.Lost
	}
	return written(rows, best)
}

type bruteForce struct {
	funnel.Config
	rows   []step.Row
	in     funnel.Bounds
	entry  int
	best   []int
	isLive bool
}

func is(s funnel.Step, r *step.Row) bool { return slices.Contains(s.Values[0].Exact, r.Event) }

func (b *bruteForce) limit() event.Millis {
	limit := b.rows[b.entry].At + event.Millis(b.Window.Milliseconds())
	if b.Within == funnel.Period {
		limit = min(limit, b.in.End-1)
	}
	return limit
}

func (b *bruteForce) enters(r *step.Row) bool {
	if b.Order != funnel.Unordered {
		return is(b.Steps[0], r)
	}
	return slices.ContainsFunc(b.Steps, func(s funnel.Step) bool { return !s.Optional && is(s, r) })
}

// done are the steps of the funnel that the first step of the life may be, each way apart.
func (b *bruteForce) done(e int) (ways [][]int) {
	if b.Order != funnel.Unordered {
		return [][]int{{0}}
	}
	for s := range b.Steps {
		if !b.Steps[s].Optional && is(b.Steps[s], &b.rows[e]) {
			ways = append(ways, []int{s})
		}
	}
	return ways
}

// try goes on with each choice.
func (b *bruteForce) try(chosen []int, ways [][]int) {
	for _, way := range ways {
		b.note(chosen, way)
		for at := chosen[len(chosen)-1]; at < len(b.rows) && b.rows[at].At <= b.limit() && b.rows[at].At < b.in.Now; at++ {
			if at == chosen[len(chosen)-1] && !b.Overlap || !b.mayFollow(chosen[len(chosen)-1], at, len(way)) {
				continue
			}
			for s := range b.Steps {
				if b.mayDo(way, s) && is(b.Steps[s], &b.rows[at]) {
					b.try(append(slices.Clone(chosen), at), [][]int{append(slices.Clone(way), s)})
				}
			}
		}
	}
}

// mayFollow says whether nothing lies between two steps of a life that must not. Of the last required step nothing follows any more.
func (b *bruteForce) mayFollow(last, at, _ int) bool {
	if b.Order == funnel.Strict {
		return at == last+1
	}
	return !b.isExcludedBetween(last, at)
}

func (b *bruteForce) isExcludedBetween(last, end int) bool {
	for k := last + 1; k < end; k++ {
		isStep := slices.ContainsFunc(b.Steps, func(s funnel.Step) bool { return !s.Optional && is(s, &b.rows[k]) })
		if len(b.Exclusions) > 0 && is(b.Exclusions[0].Step, &b.rows[k]) && !(b.Order == funnel.Unordered && isStep) {
			return true
		}
	}
	return false
}

// mayDo says whether a step of the funnel may come next. Optional steps matter to strict funnels alone: elsewhere they hold up nothing.
func (b *bruteForce) mayDo(way []int, s int) bool {
	if b.Order == funnel.Unordered {
		return !b.Steps[s].Optional && !slices.Contains(way, s)
	}
	last := way[len(way)-1]
	if s <= last || b.Order == funnel.Ordered && b.Steps[s].Optional {
		return false
	}
	for between := last + 1; between < s; between++ {
		if !b.Steps[between].Optional {
			return false
		}
	}
	return true
}

// note keeps the choice with the most required steps; of these the one that had them first, and each step before as early as that allows.
func (b *bruteForce) note(chosen, way []int) {
	var reached []int
	for i, s := range way {
		if !b.Steps[s].Optional {
			reached = append(reached, chosen[i])
		}
	}
	known := len(b.rows)
	for known > 0 && b.rows[known-1].At >= b.in.Now {
		known--
	}
	last := chosen[len(chosen)-1]
	isEnded := b.Order == funnel.Strict && last+1 < known || b.isExcludedBetween(last, known)
	b.isLive = b.isLive || !isEnded && b.limit() >= b.in.Now
	if len(reached) < len(b.best) {
		return
	}
	if len(reached) > len(b.best) || b.isSooner(reached) {
		b.best = reached
	}
}

func (b *bruteForce) isSooner(reached []int) bool {
	if b.Order == funnel.Unordered {
		return slices.Compare(reached, b.best) < 0
	}
	backwards := func(of []int) []int {
		of = slices.Clone(of)
		slices.Reverse(of)
		return of
	}
	return slices.Compare(backwards(reached), backwards(b.best)) < 0
}
