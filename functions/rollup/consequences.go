package rollup

import (
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// What else a changed day can change, per person (docs/adr/0006):
//   - every other day on which the person has a step or a stage change, from the start of the session that the day's first step belongs to:
//     whether a person is new, a session across midnight, a repeat order and the stage all depend on what came before, and the channel of a
//     session on its first step with a sign;
//   - the days on which time alone changes the stage after a step of this day, or would have done so after what came before it: silence counts
//     from the last step, and the time in a stage from when it was entered, which may be many steps ago. What the day held before is not known
//     any more, to the minute, so all that lies a delay after any moment of the day is marked.
//
// A day whose persons did not change has no consequences, so this comes to rest. Persons whom a link joined count as changed: a later
// day may have been computed when they were not one, or before this one. Those who were parted have marks of their own (persons.go).

// consequences gives the marks that follow from the changed persons of a day.
func (c *computation) consequences(d *day, changed []event.Identifier) []kpi.Mark {
	found := c.findings(d.window.Key)
	roots := map[event.Identifier]bool{}
	for _, id := range changed {
		roots[c.loaded.Root(id)] = true
	}
	for _, root := range sortedKeys(roots) {
		found.person(d, root)
	}
	return found.marks()
}

// findings are nothing yet, for the day that is being computed.
func (c *computation) findings(today string) *findings {
	return &findings{computation: c, today: today, days: map[string]map[event.Identifier]bool{}, later: map[due]map[event.Identifier]bool{}}
}

type findings struct {
	*computation
	today string
	days  map[string]map[event.Identifier]bool
	later map[due]map[event.Identifier]bool
}

// due is a window that time alone will change: not before an instant that lies ahead.
type due struct {
	key    string
	moment event.Millis
}

func (f *findings) person(d *day, root event.Identifier) {
	j := f.journeys[root]
	start, end := event.At(d.window.Start), event.At(d.window.End)
	from := j.ReachBack(start, end)
	for _, at := range j.Instants() {
		if at >= from {
			f.mark(at, root)
		}
	}
	reached := min(start, f.now) // a step that is dated ahead shows at once what time does before it
	if before, ok := j.LastBefore(start); ok {
		f.wait(before, reached, root)
	}
	if entered, ok := enteredBefore(j, start); ok {
		f.wait(entered, reached, root)
	}
	for _, s := range j.Between(start, end) {
		f.wait(s.At, reached, root)
	}
	f.await(j.Stages.Next, root)
	f.await(j.Stages.DueAt(end), root)
	f.delayed(start, end, root)
}

// delayed marks the days on which time would change the stage after any moment of a day.
func (f *findings) delayed(start, end event.Millis, root event.Identifier) {
	for _, delay := range f.delays {
		from, to := start.Add(delay), min(end.Add(delay), f.shown())
		for _, later := range f.calendar.Between(period.Day, from.Time(), to.Time()) {
			f.suspect(event.At(later.Start), root)
		}
	}
}

// enteredBefore is when the person entered the stage that they are in just before t; ok is false when they were in none.
func enteredBefore(j journey.Journey, t event.Millis) (at event.Millis, ok bool) {
	for _, v := range slices.Backward(j.Stages.Visits) {
		if v.Entered < t {
			return v.Entered, true
		}
	}
	return 0, false
}

// shown is up to when a day may hold a change that time makes: it shows before its moment when a step that is dated ahead follows.
func (f *findings) shown() event.Millis { return f.now.Add(event.FutureLimit) }

// wait marks the days on which time would change the stage after a step at this instant: not those before what the changed day can reach.
func (f *findings) wait(step, from event.Millis, root event.Identifier) {
	for _, delay := range f.delays {
		at := step.Add(delay)
		if from <= at && at <= f.shown() {
			f.suspect(at, root)
		}
	}
}

// await marks the next change that time will make if nothing else happens. When it comes due, the one after it is marked. Besides what will
// happen, each day awaits what would if it were the last: the later ones may be taken away by a link before any run has stored them, and then
// nothing tells that this day's is now the one that counts.
func (f *findings) await(at event.Millis, root event.Identifier) {
	if at <= f.now {
		return // there is none: those up to now are made
	}
	key := due{f.calendar.At(period.Day, at.Time()).Key, at}
	if f.later[key] == nil {
		f.later[key] = map[event.Identifier]bool{}
	}
	f.later[key][root] = true
}

// suspect marks a day that may hold a change of stage which is none any more. One that was never computed holds none.
func (f *findings) suspect(at event.Millis, root event.Identifier) {
	if f.computed != nil && !f.computed[f.calendar.At(period.Day, at.Time()).Key] {
		return
	}
	f.mark(at, root)
}

// mark notes a day, unless it is today's. In a generation in use it does so even where a mark already read names the person: another rollup may
// have read the same mark and an older state of the person, and clears it with that. Only a generation that a rebuild makes has no second rollup:
// there a day is left out that is computed later with this person anyway or was just made with all that is known.
func (f *findings) mark(at event.Millis, root event.Identifier) {
	key := f.calendar.At(period.Day, at.Time()).Key
	if key == f.today {
		return
	}
	if f.computed != nil && (f.isWaiting(key, root) || f.made[key][root] || f.before[key][root]) {
		return
	}
	if f.days[key] == nil {
		f.days[key] = map[event.Identifier]bool{}
	}
	f.days[key][root] = true
}

// isWaiting says whether a day of a generation that a rebuild makes is to be computed later and a mark of it names the person.
func (c *computation) isWaiting(key string, root event.Identifier) bool {
	marks, open := c.open[key]
	if !open {
		return false
	}
	if c.waiting[key] == nil {
		c.waiting[key] = map[event.Identifier]bool{}
		for _, m := range marks {
			for _, id := range m.Identifiers {
				c.waiting[key][id] = true
				c.waiting[key][c.loaded.Root(id)] = true // "" for those of another chunk
			}
		}
	}
	return c.waiting[key][root]
}

// again is a mark of a day by a rollup. One that began earlier and is still under way does not see it: it could not see the lapse, either, that the
// day may be marked for, and would clear the mark.
func (r *run) again(day string, ids []event.Identifier) kpi.Mark {
	return kpi.Mark{Grain: period.Day, Key: day, NotBefore: r.now, Identifiers: ids}
}

func (f *findings) marks() []kpi.Mark {
	var out []kpi.Mark
	for _, key := range sortedKeys(f.days) {
		out = append(out, f.again(key, sortedKeys(f.days[key])))
	}
	for key, ids := range f.later {
		out = append(out, kpi.Mark{Grain: period.Day, Key: key.key, NotBefore: key.moment, Identifiers: sortedKeys(ids)})
	}
	return out
}
