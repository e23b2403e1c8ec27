package paths

import (
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/sequence"
	"waymark/shared/domain/step"
)

// How the shown part of a path ends.
type ending int

const (
	ended   ending = iota // no further action; read backwards, nothing before
	reached               // at the end that was asked for
	cut                   // it goes on beyond the steps that are shown
	endings
)

// reader follows persons, one after the other.
type reader struct {
	*settings
	paths   *sequence.Counts[[endings]int64] // persons
	present int64                            // persons with a step in the period
	with    int64                            // persons with a path
	unseen  int64                            // of these, whose start or end is a step that no node shows
	loops   loops
	meets   meetings
	journey [][]string // of the person asked for

	items  []item // of the life
	labels []uint32
}

// item is a step of a life that is a node, the start or an end.
type item struct {
	label                  uint32 // of a node
	row                    int
	at                     event.Millis
	session                int
	isNode, isStart, isEnd bool
	isSeen, isOfPeriod     bool
}

func (s *settings) begin() *reader {
	return &reader{settings: s, paths: sequence.New[[endings]int64](), loops: newLoops(), meets: newMeetings()}
}

func (r *reader) join(part *reader) {
	r.paths.Join(part.paths, func(to, from *[endings]int64) {
		for i, n := range from {
			to[i] += n
		}
	})
	r.loops.join(&part.loops)
	r.meets.join(&part.meets)
	r.present, r.with, r.unseen = r.present+part.present, r.with+part.with, r.unseen+part.unseen
	r.journey = append(r.journey, part.journey...)
}

func (r *reader) add(life []step.Row) {
	if r.person != "" && life[0].Person != r.person {
		return
	}
	period := step.Between(life, r.Start(), r.Known())
	if len(period) > 0 {
		r.present++
	}
	r.collect(life)
	r.loops.add(r.items, r.paths.Names())
	r.meets.add(period)
	var first, last int
	var how ending
	if r.isBackward {
		first, last, how = r.back()
	} else {
		first, last, how = r.forth()
	}
	if first < 0 {
		return
	}
	r.with++
	r.paths.At(r.labels)[how]++
	if r.person != "" {
		r.tell(life, min(first, last), max(first, last))
	}
}

// collect finds the nodes of a life, and what of it is the start or an end.
func (r *reader) collect(life []step.Row) {
	r.items = r.items[:0]
	before, isAny, known := "", false, r.Known()
	for i := range life {
		row := &life[i]
		if row.At >= r.until {
			return
		}
		it := item{row: i, at: row.At, session: row.Session, isOfPeriod: row.At < known}
		if it.isSeen = r.sees(row); it.isSeen {
			value := r.node.Of(row)
			it.isNode = !r.collapses || !isAny || value != before
			before, isAny = value, true
			it.isSeen = it.isNode
			if it.isNode {
				it.label = r.paths.Label(value)
			}
		}
		is := func(t *target) bool { return t != nil && it.isOfPeriod && (it.isNode || !t.isNode) && t.holds(row) }
		it.isStart = is(r.start)
		it.isEnd = r.end != nil && (it.isNode || !r.end.isNode) && r.end.holds(row)
		if it.isNode || it.isStart || it.isEnd {
			r.items = append(r.items, it)
		}
	}
}

// sees says whether a step can be a node, as funnels do.
func (s *settings) sees(row *step.Row) bool {
	if s.isSession && !row.IsActivity() {
		return false
	}
	switch s.kind {
	case funnel.Pages:
		return row.IsPageView()
	case funnel.Stages:
		return row.EntersStage()
	}
	return row.IsActivity()
}

// forth gives the labels of a path from its start on, and its first and last row; first is -1 where there is none.
func (r *reader) forth() (first, last int, how ending) {
	r.labels = r.labels[:0]
	at := slices.IndexFunc(r.items, func(it item) bool { return it.isOfPeriod && (it.isStart || r.start == nil && it.isNode) })
	if at < 0 {
		return -1, 0, ended
	}
	start := &r.items[at]
	first, last = start.row, start.row
	r.labels = append(r.labels, r.labelOf(r.start, start))
	for i := at + 1; i < len(r.items); i++ {
		it := &r.items[i]
		if r.isSession && (it.session == 0 || it.session != start.session) {
			continue
		}
		if r.isSession && it.at > start.at.Add(sessionSpan) {
			break
		}
		if !it.isNode && !it.isEnd {
			continue
		}
		if len(r.labels) == r.steps {
			return first, last, cut
		}
		last = it.row
		if it.isEnd {
			r.labels = append(r.labels, r.labelOf(r.end, it))
			return first, last, reached
		}
		r.labels = append(r.labels, it.label)
	}
	return first, last, ended
}

// back gives the labels of a path from its end backwards.
func (r *reader) back() (first, last int, how ending) {
	r.labels = r.labels[:0]
	at := len(r.items) - 1
	for at >= 0 && (!r.items[at].isEnd || !r.items[at].isOfPeriod) {
		at--
	}
	if at < 0 {
		return -1, 0, ended
	}
	end := &r.items[at]
	first, last = end.row, end.row
	r.labels = append(r.labels, r.labelOf(r.end, end))
	for i := at - 1; i >= 0; i-- {
		it := &r.items[i]
		if !it.isNode || r.isSession && (it.session == 0 || it.session != end.session) {
			continue
		}
		if r.isSession && it.at.Add(sessionSpan) < end.at {
			break
		}
		if len(r.labels) == r.steps {
			return first, last, cut
		}
		r.labels = append(r.labels, it.label)
		last = it.row
	}
	return first, last, ended
}

// labelOf is how a path shows its start or end: by its node, or by what was asked for where that is no node.
func (r *reader) labelOf(t *target, it *item) uint32 {
	if !it.isSeen {
		r.unseen++
	}
	if t == nil || t.isNode {
		return it.label
	}
	return r.paths.Label(t.String())
}

// told is how many steps of one person are listed.
const told = 500

// tell lists the steps of a person, from the first to the last of their path.
func (r *reader) tell(life []step.Row, first, last int) {
	for i := first; i <= last && len(r.journey) < told; i++ {
		row := &life[i]
		node := ""
		if r.sees(row) {
			node = r.node.Of(row)
		}
		r.journey = append(r.journey, []string{r.Instant(row.At), row.Event, row.Page, row.Channel, row.Device, row.Stage, node})
	}
}
