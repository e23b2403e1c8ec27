package stage

import (
	"waymark/shared/domain/event"
)

// nowhere is the place of a person before any stage. Other places are indexes of Model.stages; the lapse has the index after the last.
const nowhere = -1

// Walk follows a person through the touches, which must be in time order; touches at one instant are taken in the order given. Changes that
// come with time are made at their exact millisecond, before a touch at that same millisecond, as far as `until` or the last touch, whichever
// is later.
//
// The result depends on nothing but the arguments: a longer `until` only adds visits and ends the one that was open.
func (m *Model) Walk(touches []Touch, until event.Millis) History {
	w := walker{Model: m, place: nowhere, matched: make([][]event.Millis, len(m.counters))}
	after := make([]Name, 0, len(touches))
	for i := range touches {
		w.wait(touches[i].At)
		w.touch(&touches[i])
		after = append(after, m.nameOf(w.place))
	}
	w.wait(until)
	next, _, _ := w.due()
	return History{Visits: w.visits, After: after, Next: next}
}

// walker is how far a walk has come.
type walker struct {
	*Model
	visits  []Visit
	place   int
	before  int              // where the person was before the lapse
	last    event.Millis     // the last touch
	orders  int              // distinct orders so far
	matched [][]event.Millis // of each counter, the times of the touches it counts
}

// wait makes the changes that come with time, up to and at `to`.
func (w *walker) wait(to event.Millis) {
	for {
		at, place, rule := w.due()
		if rule == "" || at > to {
			return
		}
		if place == w.lapse() {
			w.before = w.place
		}
		w.enter(place, at, Cause{Rule: rule})
	}
}

// due is the next change that comes with time alone. A lapse that falls on the instant of another change comes in its place.
func (w *walker) due() (at event.Millis, place int, rule string) {
	if w.place == nowhere || w.place == w.lapse() {
		return 0, nowhere, ""
	}
	if wait := w.waits[w.place]; wait.rule != "" {
		entered := w.visits[len(w.visits)-1].Entered
		at, place, rule = entered.Add(wait.after), wait.place, wait.rule
	}
	if w.silence.rule == "" {
		return at, place, rule
	}
	if lapses := w.last.Add(w.silence.after); rule == "" || lapses <= at {
		return lapses, w.silence.place, w.silence.rule
	}
	return at, place, rule
}

func (w *walker) touch(t *Touch) {
	isPassive := t.Touchpoint.Passive // then it neither ends a silence nor a lapse
	if isPassive && w.place == w.lapse() {
		return
	}
	if !isPassive || w.place == nowhere {
		w.last = t.At
	}
	cause := Cause{Event: t.Touchpoint.ID, Source: t.Touchpoint.Source}
	place, rule := w.pointed(t)
	switch {
	case rule == "" && w.place == w.lapse():
		place, rule = w.before, ReturnRule
	case rule == "" || place == w.place:
		return
	case w.policy == Furthest && place < w.place && w.place != w.lapse():
		return
	}
	cause.Rule = rule
	w.enter(place, t.At, cause)
}

// pointed is the furthest stage that the touch points to, with the first rule that says so; no rule when it points nowhere.
func (w *walker) pointed(t *Touch) (place int, rule string) {
	if t.repeatsOrder() {
		return nowhere, ""
	}
	if t.NewOrder {
		w.orders++
	}
	for i := range w.counters {
		if w.counters[i].holds(&t.Touchpoint, t.Channel) {
			w.matched[i] = append(w.matched[i], t.At)
		}
	}
	best := -1
	for _, candidates := range [2][]int{w.named[t.Touchpoint.Name], w.unnamed} {
		for _, i := range candidates {
			r := &w.rules[i]
			if best >= 0 && (r.place < w.rules[best].place || r.place == w.rules[best].place && i > best) {
				continue
			}
			if w.holds(r, t) {
				best = i
			}
		}
	}
	if best < 0 {
		return nowhere, ""
	}
	return w.rules[best].place, w.rules[best].id
}

func (w *walker) holds(r *rule, t *Touch) bool {
	if r.entry && (w.place != nowhere || t.Touchpoint.Passive) {
		return false
	}
	if w.orders < r.orders.AtLeast || r.orders.AtMost != nil && w.orders > *r.orders.AtMost {
		return false
	}
	if !r.matches.holds(&t.Touchpoint, t.Channel) {
		return false
	}
	return r.counter == none || w.counted(r, t.At) >= r.atLeast
}

// counted is how many touches the rule's counter holds, not longer ago than the rule allows.
func (w *walker) counted(r *rule, now event.Millis) int {
	times := w.matched[r.counter]
	if r.within > 0 {
		for len(times) > 0 && times[0] < now.Add(-r.within) {
			times = times[1:]
		}
		w.matched[r.counter] = times
	}
	return len(times)
}

func (w *walker) enter(place int, at event.Millis, cause Cause) {
	if n := len(w.visits); n > 0 {
		w.visits[n-1].Left = at
	}
	w.place = place
	w.visits = append(w.visits, Visit{Stage: w.nameOf(place), Entered: at, Cause: cause})
}
