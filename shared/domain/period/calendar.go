package period

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a Lambda's machine need not have a zone database

	"waymark/shared/domain/fault"
)

// Calendar makes the windows of one time zone; New makes it, the zero Calendar has no zone and is of no use. It never changes and may be used
// by several goroutines.
type Calendar struct {
	zone      zone
	weekStart time.Weekday
}

// New gives the calendar of a zone of the IANA database ("Europe/London", "UTC"), with weeks that begin on weekStart; ISO 8601 weeks begin on
// time.Monday. Faults, both Invalid: time_zone_unknown, week_start_unknown.
func New(zoneName string, weekStart time.Weekday) (Calendar, error) {
	location, err := loaded(zoneName)
	// Go reads "" as UTC and "Local" as the machine's zone: the one hides a missing setting, the other differs between machines.
	if err != nil || zoneName == "" || zoneName == "Local" {
		return Calendar{}, fault.Newf(fault.Invalid, "time_zone_unknown",
			"there is no time zone %q; use a name of the IANA database, such as Europe/London or UTC", zoneName)
	}
	if weekStart < time.Sunday || weekStart > time.Saturday {
		return Calendar{}, fault.New(fault.Invalid, "week_start_unknown", "a week begins on one of the days from Sunday (0) to Saturday (6)")
	}
	return Calendar{zone: zone{location}, weekStart: weekStart}, nil
}

// locations are those that were loaded before, by name: each time.LoadLocation reads a file.
var locations sync.Map

func loaded(zoneName string) (*time.Location, error) {
	if found, ok := locations.Load(zoneName); ok {
		return found.(*time.Location), nil
	}
	location, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, err
	}
	locations.Store(zoneName, location)
	return location, nil
}

// Zone gives the name of the calendar's time zone.
func (c Calendar) Zone() string { return c.zone.location.String() }

// Local gives the instant as the zone's clock shows it, for people; windows are made from any instant.
func (c Calendar) Local(t time.Time) time.Time { return t.In(c.zone.location) }

// At gives the window of a grain that holds the instant. For Period, which has no window of its own accord, and for an unknown grain it gives
// the zero Window, which holds nothing.
func (c Calendar) At(g Grain, t time.Time) Window {
	if g == Hour {
		start, end := c.zone.hour(t)
		return Window{Grain: Hour, Start: start, End: end, Key: start.Format(time.RFC3339)}
	}
	if !isOfDays(g) {
		return Window{}
	}
	first := c.firstDate(g, c.zone.date(t))
	for {
		w := c.fromDate(g, first)
		if t.Before(w.End) {
			return w
		}
		first = nextDate(g, first) // the clock was set back across the window's end
	}
}

// isOfDays tells whether a grain's windows consist of whole days.
func isOfDays(g Grain) bool {
	return slices.Contains(Grains(), g) && g != Hour
}

// firstDate gives the first date of the grain's unit that holds a date.
func (c Calendar) firstDate(g Grain, date time.Time) time.Time {
	year, month, day := date.Date()
	switch g {
	case Week:
		day -= int(date.Weekday()-c.weekStart+7) % 7
	case Month:
		day = 1
	case Quarter:
		month, day = month-(month-1)%3, 1
	case Year:
		month, day = time.January, 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// nextDate gives the first date of the unit after the one that begins with first.
func nextDate(g Grain, first time.Time) time.Time {
	switch g {
	case Week:
		return first.AddDate(0, 0, 7)
	case Month:
		return first.AddDate(0, 1, 0)
	case Quarter:
		return first.AddDate(0, 3, 0)
	case Year:
		return first.AddDate(1, 0, 0)
	default:
		return first.AddDate(0, 0, 1)
	}
}

// fromDate gives the window that begins with a date. It is empty when the zone skipped that date.
func (c Calendar) fromDate(g Grain, first time.Time) Window {
	return Window{Grain: g, Start: c.zone.dayStart(first), End: c.zone.dayStart(nextDate(g, first)), Key: first.Format(dayLayout)}
}

// ByKey gives the window that has the key. The key of an hour may have any offset. Faults, Invalid: window_key_unknown when the key is
// malformed, does not begin a window of that grain or is of a skipped date; grain_unknown.
func (c Calendar) ByKey(g Grain, key string) (Window, error) {
	if g == Period {
		return c.periodByKey(key)
	}
	if _, err := ParseGrain(string(g)); err != nil {
		return Window{}, err
	}
	if g == Hour {
		t, err := time.Parse(time.RFC3339, key)
		if w := c.At(Hour, t); err == nil && w.Start.Equal(t) {
			return w, nil
		}
		return Window{}, unknownKey(g, key)
	}
	date, err := time.Parse(dayLayout, key)
	if err != nil || !c.firstDate(g, date).Equal(date) {
		return Window{}, unknownKey(g, key)
	}
	w := c.fromDate(g, date)
	if w.Start.Equal(w.End) {
		return Window{}, unknownKey(g, key)
	}
	return w, nil
}

func (c Calendar) periodByKey(key string) (Window, error) {
	fromText, toText, _ := strings.Cut(key, "/")
	from, fromErr := c.ParseBound(fromText)
	to, toErr := c.ParseBound(toText)
	if fromErr != nil || toErr != nil {
		return Window{}, unknownKey(Period, key)
	}
	return c.Period(from, to)
}

func unknownKey(g Grain, key string) error {
	return fault.Newf(fault.Invalid, "window_key_unknown",
		"%q begins no %s here; give the local date it begins with (2026-10-25), for an hour its instant (2026-10-25T09:00:00Z), for a period two bounds (2026-10-01/2026-11-01)",
		key, g)
}

// Period gives the window between two instants. Fault: Invalid period_empty unless from is before to.
func (c Calendar) Period(from, to time.Time) (Window, error) {
	if !from.Before(to) {
		return Window{}, fault.New(fault.Invalid, "period_empty", "the period ends before it begins; give a from that is earlier than to (to is not part of the period)")
	}
	key := c.bound(from) + "/" + c.bound(to)
	return Window{Grain: Period, Start: from.UTC(), End: to.UTC(), Key: key}, nil
}

// bound writes an instant as ParseBound reads it: as a date where a day begins.
func (c Calendar) bound(t time.Time) string {
	if day := c.At(Day, t); day.Start.Equal(t) {
		return day.Key
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ParseBound reads a bound of a period: a local date, which stands for the beginning of that day ("2026-10-25"), or an instant as of RFC 3339
// ("2026-10-25T09:00:00+01:00"). A skipped date stands for the beginning of the next. Fault: Invalid bound_malformed.
func (c Calendar) ParseBound(text string) (time.Time, error) {
	if date, err := time.Parse(dayLayout, text); err == nil {
		return c.zone.dayStart(date), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, "bound_malformed",
			"this is neither a date such as 2026-10-25 nor an instant with its offset such as 2026-10-25T09:00:00Z; send one of the two")
	}
	return t.UTC(), nil
}

// Next gives the window after w. After a period comes one of as many days, or as long where it is not made of whole days.
func (c Calendar) Next(w Window) Window {
	if w.Grain != Period {
		return c.At(w.Grain, w.End)
	}
	return c.mustPeriod(w.End, c.shifted(w.End, w))
}

// Prev gives the window before w, of a period as Next.
func (c Calendar) Prev(w Window) Window {
	if w.Grain != Period {
		return c.At(w.Grain, w.Start.Add(-1))
	}
	back := Window{Start: w.End, End: w.Start}
	return c.mustPeriod(c.shifted(w.Start, back), w.Start)
}

// shifted moves a bound of w by as many days, or as long, as it is from w.Start to w.End, backwards if End is before Start.
func (c Calendar) shifted(bound time.Time, w Window) time.Time {
	startDay, endDay := c.At(Day, w.Start), c.At(Day, w.End)
	if !startDay.Start.Equal(w.Start) || !endDay.Start.Equal(w.End) {
		return bound.Add(w.End.Sub(w.Start))
	}
	dates := c.zone.date(w.End).Sub(c.zone.date(w.Start))
	return c.zone.dayStart(c.zone.date(bound).Add(dates))
}

// mustPeriod is Period for bounds known to be in order.
func (c Calendar) mustPeriod(from, to time.Time) Window {
	w, _ := c.Period(from, to)
	return w
}

// Split cuts w into windows of a grain, which tile it exactly. A window that w cuts off, such as the week across a month's end, is given as the
// part inside w, of grain Period, so that nobody takes it for the whole.
func (c Calendar) Split(w Window, g Grain) []Window {
	var parts []Window
	for part := range c.Windows(g, w.Start, w.End) {
		if part.Start.Before(w.Start) || part.End.After(w.End) {
			part = c.mustPeriod(later(part.Start, w.Start), earlier(part.End, w.End))
		}
		parts = append(parts, part)
	}
	return parts
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Between gives the windows of a grain that touch [from, to), whole and in order: the first holds from, the last starts before to. Ten thousand
// years have 88 million hours: check a foreign range before.
func (c Calendar) Between(g Grain, from, to time.Time) []Window {
	return slices.Collect(c.Windows(g, from, to))
}

// Windows is Between without the list.
func (c Calendar) Windows(g Grain, from, to time.Time) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		if !slices.Contains(Grains(), g) {
			return
		}
		for cursor := from; cursor.Before(to); {
			w := c.At(g, cursor)
			if !yield(w) {
				return
			}
			cursor = w.End
		}
	}
}
