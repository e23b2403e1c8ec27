// Package ledger is the book of what was counted of whom. A settle folds whole persons and compares them with their entries here; what differs is
// what windows, steps and profiles change by. No rule guesses how far a change reaches: the comparison finds it (docs/adr/0005).
//
// It loads and stores nothing; package settle does.
//
//	changes := ledger.NewChanges(set, clock)
//	changes.Person(ledger.Count{Hours: stored.Hours, Clock: clock, Version: 2}, ledger.Hours(clock, rows), 2)
package ledger

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
)

// Profile is what is stored of a person after they were counted: what people look for, and what was counted of them. Of an identifier that is not
// the root of its person, it says whom it was counted under and nothing else.
type Profile struct {
	ID      event.Identifier   `json:"-"`                 // it is stored under
	Root    event.Identifier   `json:"root,omitempty"`    // "" when ID itself is the person
	Run     int64              `json:"-"`                 // of the settle that wrote it; 0 = it was never written
	Version int                `json:"version,omitempty"` // of the definitions of measures that the person was counted in
	Zone    int                `json:"zone,omitempty"`    // whose hours these are: a place in State.Zones
	Members []event.Identifier `json:"members,omitempty"` // that the person was counted with, the root first
	// Connected are other users that aliases connected with the person when it was counted, sorted.
	Connected []event.Identifier `json:"connected,omitempty"`

	Stage       stage.Name           `json:"stage,omitempty"`
	Since       event.Millis         `json:"since,omitempty"`
	History     []stage.Visit        `json:"history,omitempty"` // the newest MaxHistory
	FirstSeen   event.Millis         `json:"first,omitempty"`
	LastSeen    event.Millis         `json:"last,omitempty"`
	Touchpoints int                  `json:"touchpoints,omitempty"`
	Sessions    int                  `json:"sessions,omitempty"`
	Channels    map[string]int       `json:"channels,omitempty"`
	Orders      int                  `json:"orders,omitempty"`
	Revenue     map[string]money.Sum `json:"revenue,omitempty"` // of orders, by currency
	Net         map[string]money.Sum `json:"net,omitempty"`     // with updates, without refunds and cancellations

	Next  event.Millis `json:"next,omitempty"` // when time alone changes the stage next; 0 = never
	Hours []Hour       `json:"hours,omitempty"`
}

// MaxHistory is how many stays in a stage a stored profile lists.
const MaxHistory = 12

// IsRoot says whether the profile is that of a person, not the name of one that the identifier was counted under.
func (p Profile) IsRoot() bool { return p.Run > 0 && p.Root == "" }

// Hour is what was counted of a person in one hour of the workspace's clock.
type Hour struct {
	Start  event.Millis  `json:"t"`
	Digest uint64        `json:"h"` // of every column of the hour's steps, with their exact times
	Facts  measure.Facts `json:"f"`
}

func (h Hour) equal(other Hour) bool { return h.Digest == other.Digest && h.Facts.Equal(other.Facts) }

// Hours counts the rows of a person, in time order, hour by hour. clock gives the windows of instants.
func Hours(clock *Clock, rows []step.Row) []Hour {
	var out []Hour
	for len(rows) > 0 {
		w := clock.hour(rows[0].At)
		n := 1
		for n < len(rows) && rows[n].At < w.end {
			n++
		}
		out = append(out, Hour{Start: w.start, Digest: digest(rows[:n]), Facts: measure.Of(rows[:n])})
		rows = rows[n:]
	}
	return out
}

// digest is a hash of rows in which every column counts.
func digest(rows []step.Row) uint64 {
	hash := fnv.New64a()
	var buffer []byte
	text := func(values ...string) {
		for _, v := range values {
			buffer = append(strconv.AppendInt(buffer, int64(len(v)), 10), ':')
			buffer = append(buffer, v...)
		}
	}
	number := func(n int64) { buffer = append(strconv.AppendInt(buffer, n, 10), ',') }
	for i := range rows {
		r := &rows[i]
		buffer = buffer[:0]
		number(int64(r.At))
		number(int64(r.Session))
		buffer = strconv.AppendBool(buffer, r.SessionStart)
		buffer = strconv.AppendBool(buffer, r.FirstEver)
		text(string(r.Identifier), string(r.ID), string(r.Type), r.Source, r.Event, r.Channel, r.Country, r.Campaign, r.Device)
		text(r.Grade, r.Browser, r.OS, r.Page, string(r.Properties), r.LandingPage, r.Referrer.Host, r.Referrer.Source, r.Referrer.Medium, r.Referrer.Term)
		number(r.SessionPages)
		number(r.SessionSeconds)
		text(r.SessionChannel, r.SessionCampaign, r.SessionCountry, r.StageBefore, r.Stage, r.Visitor, r.FirstChannel, r.FirstMonth, r.OrderMonth)
		if o := r.Order; o != nil {
			text(o.ID, o.Currency, string(o.Kind), o.Channel, o.Campaign, o.Origin.Source, o.Country, o.Device, o.Stage, o.Visitor)
			text(o.LandingPage, o.ReferrerHost, o.Browser, o.OS, o.Grade)
			number(int64(o.Amount))
			number(int64(o.Number))
		}
		_, _ = hash.Write(buffer) // never an error
	}
	return hash.Sum64()
}

// Changed lists the starts of the hours in which two countings of one person differ, in time order.
func Changed(before, now []Hour) []event.Millis {
	var out []event.Millis
	for len(before)+len(now) > 0 {
		switch {
		case len(now) == 0 || len(before) > 0 && before[0].Start < now[0].Start:
			out, before = append(out, before[0].Start), before[1:]
		case len(before) == 0 || now[0].Start < before[0].Start:
			out, now = append(out, now[0].Start), now[1:]
		default:
			if !before[0].equal(now[0]) {
				out = append(out, now[0].Start)
			}
			before, now = before[1:], now[1:]
		}
	}
	return out
}

// Clock gives the windows of a workspace's calendar, each worked out once. It is not safe for concurrent use.
type Clock struct {
	calendar period.Calendar
	hours    map[event.Millis]*hourWindows // by the UTC quarter of an hour: no zone changes its clock within one
}

// hourWindows are an hour and the windows that hold it, in the order of period.Grains.
type hourWindows struct {
	start, end event.Millis
	windows    [6]period.Window
}

// NewClock is a clock of that calendar.
func NewClock(calendar period.Calendar) *Clock {
	return &Clock{calendar: calendar, hours: map[event.Millis]*hourWindows{}}
}

const quarter = 15 * 60 * 1000

func (c *Clock) hour(at event.Millis) *hourWindows {
	key := at - at%quarter
	if found, ok := c.hours[key]; ok && at >= found.start && at < found.end {
		return found
	}
	w := c.calendar.At(period.Hour, at.Time())
	found := &hourWindows{start: event.At(w.Start), end: event.At(w.End)}
	for i, g := range period.Grains() {
		found.windows[i] = c.calendar.At(g, w.Start)
	}
	c.hours[key] = found
	return found
}

// Day is the key of the day in which an instant lies: 2006-01-02 in the workspace's zone.
func (c *Clock) Day(at event.Millis) string { return c.hour(at).windows[1].Key }

// DaySpan is the day of a key: [start, end). It is empty where the zone has no such day.
func (c *Clock) DaySpan(key string) (start, end event.Millis) {
	w, err := c.calendar.ByKey(period.Day, key)
	if err != nil {
		return 0, 0
	}
	return event.At(w.Start), event.At(w.End)
}

// ChangedDays lists the days on which a person's steps differ from those counted before. All days of another clock do,
// and all of this one then.
func (c *Clock) ChangedDays(was Count, now []Hour) []string {
	var days []string
	if was.Clock == c {
		for _, at := range Changed(was.Hours, now) {
			days = append(days, c.Day(at))
		}
		return slices.Compact(days)
	}
	for _, h := range was.Hours {
		days = append(days, was.Clock.Day(h.Start))
	}
	for _, h := range now {
		days = append(days, c.Day(h.Start))
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// Month is the month in which an instant lies: 2006-01 in the workspace's zone.
func (c *Clock) Month(at event.Millis) string { return c.hour(at).windows[3].Key[:len("2006-01")] }

// Window names a window.
type Window struct {
	Grain period.Grain `json:"grain"`
	Key   string       `json:"key"`
	Start event.Millis `json:"start"`
	End   event.Millis `json:"end"`
}

// Change is what a window's totals change by.
type Change struct {
	Window
	By measure.Totals `json:"by"`
}

// Changes collects what many persons change windows by. It is not safe for concurrent use.
type Changes struct {
	set   *measure.Set
	clock *Clock
	by    map[Window]measure.Totals
	moved map[Window]bool // into or out of which a person came from another clock
}

// NewChanges begins with nothing.
func NewChanges(set *measure.Set, clock *Clock) *Changes {
	return &Changes{set: set, clock: clock, by: map[Window]measure.Totals{}, moved: map[Window]bool{}}
}

// Count is what was counted of a person.
type Count struct {
	Hours   []Hour
	Clock   *Clock // that cut the hours
	Version int    // of the definitions
}

// Person takes one person out of every window in which they are counted otherwise now, as they were counted before, and
// puts them in again, under the current version of the definitions. Where definitions or clock were others, every
// window is counted anew.
func (c *Changes) Person(was Count, now []Hour, current int) {
	if was.Clock != c.clock {
		c.move(was, now)
		return
	}
	before, version := was.Hours, was.Version
	changed := Changed(before, now)
	if version != current {
		changed = starts(before, now)
	}
	for grain := range period.Grains() {
		var last Window
		for _, at := range changed {
			w := c.clock.hour(at).windows[grain]
			name := Window{w.Grain, w.Key, event.At(w.Start), event.At(w.End)}
			if name == last {
				continue
			}
			last = name
			c.window(name, factsIn(before, name), factsIn(now, name), version, current)
		}
	}
}

func (c *Changes) window(name Window, before, now measure.Facts, version, current int) {
	if version == current && before.Equal(now) {
		return
	}
	totals, found := c.by[name]
	if !found {
		totals = c.set.Empty()
		c.by[name] = totals
	}
	c.set.Remove(totals, before, version)
	c.set.Add(totals, now)
}

// move takes a person out of the windows of another clock and puts them into those of this one. Windows of one key may
// hold other hours then, so all of them are written anew.
func (c *Changes) move(was Count, now []Hour) {
	for grain := range period.Grains() {
		for _, w := range was.Clock.windows(was.Hours, grain) {
			c.set.Remove(c.totals(c.clock.placed(w)), factsIn(was.Hours, w), was.Version)
		}
		for _, w := range c.clock.windows(now, grain) {
			c.set.Add(c.totals(w), factsIn(now, w))
		}
	}
}

// totals finds what a window changes by, and sees to it that it is written even if no number changes.
func (c *Changes) totals(name Window) measure.Totals {
	totals, found := c.by[name]
	if !found {
		totals = c.set.Empty()
		c.by[name] = totals
	}
	c.moved[name] = true
	return totals
}

// windows lists the windows of a grain that hold hours, in time order.
func (c *Clock) windows(hours []Hour, grain int) []Window {
	var out []Window
	for _, h := range hours {
		w := c.hour(h.Start).windows[grain]
		out = append(out, Window{w.Grain, w.Key, event.At(w.Start), event.At(w.End)})
	}
	return slices.Compact(out)
}

// placed gives a window of another clock the bounds that its key has here. Nothing is counted any more in one that is not
// there, such as a week from another day. It gets the bounds that its key has in UTC, so that persons who come from
// several clocks leave one window and not several of one key.
func (c *Clock) placed(w Window) Window {
	here, err := c.calendar.ByKey(w.Grain, w.Key)
	if err != nil {
		if day, isDay := time.Parse(time.DateOnly, w.Key); isDay == nil {
			if utc, failed := period.New("UTC", day.Weekday()); failed == nil {
				here, err = utc.ByKey(w.Grain, w.Key)
			}
		}
	}
	if err == nil {
		w.Start, w.End = event.At(here.Start), event.At(here.End)
	}
	return w
}

// starts lists the starts of all hours, in time order.
func starts(before, now []Hour) []event.Millis {
	var out []event.Millis
	for _, h := range slices.Concat(before, now) {
		out = append(out, h.Start)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// factsIn is what a person did in a window.
func factsIn(hours []Hour, w Window) measure.Facts {
	from, _ := slices.BinarySearchFunc(hours, w.Start, compareStart)
	to, _ := slices.BinarySearchFunc(hours, w.End, compareStart)
	if to-from == 1 {
		return hours[from].Facts
	}
	parts := make([]measure.Facts, 0, to-from)
	for _, h := range hours[from:to] {
		parts = append(parts, h.Facts)
	}
	return measure.Merge(parts...)
}

func compareStart(h Hour, at event.Millis) int {
	switch {
	case h.Start < at:
		return -1
	case h.Start > at:
		return 1
	}
	return 0
}

// List gives the changes that are any, and the windows that are others, by grain and key.
func (c *Changes) List() []Change {
	var out []Change
	for name, totals := range c.by {
		if !totals.IsZero() || c.moved[name] {
			out = append(out, Change{name, totals})
		}
	}
	grains := period.Grains()
	slices.SortFunc(out, func(a, b Change) int {
		if a.Grain != b.Grain {
			return slices.Index(grains, a.Grain) - slices.Index(grains, b.Grain)
		}
		return int(a.Start - b.Start)
	})
	return out
}
