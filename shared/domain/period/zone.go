package period

import "time"

// dayLayout is how a local date is written in keys and bounds.
const dayLayout = time.DateOnly

// zone answers when a place's clock shows what.
type zone struct{ location *time.Location }

// era is a stretch of time in which the clock is not changed. A missing bound is a zero time.
type era struct {
	start, end time.Time
	offset     time.Duration
}

// eraAt finds the era of an instant. The zone database also notes changes of name only, which are not changes of the clock.
func (z zone) eraAt(t time.Time) era {
	local := t.In(z.location)
	e := era{offset: offsetOf(local)}
	start, end := local.ZoneBounds()
	for !start.IsZero() {
		before := start.Add(-1)
		if offsetOf(before) != e.offset {
			break
		}
		start, _ = before.ZoneBounds()
	}
	for !end.IsZero() && offsetOf(end) == e.offset {
		_, next := end.ZoneBounds()
		if !next.IsZero() && !next.After(end) {
			// Beyond the listed changes (2037) Go 1.26 takes all years for 365 days long and gives 31 December of a leap year as its own end.
			next = end.Add(24 * time.Hour)
		}
		end = next
	}
	e.start, e.end = start, end
	return e
}

func offsetOf(local time.Time) time.Duration {
	_, seconds := local.Zone()
	return time.Duration(seconds) * time.Second
}

// date gives the local date of an instant, as midnight UTC of that date: dates are reckoned in UTC, where all days are equal.
func (z zone) date(t time.Time) time.Time {
	year, month, day := t.In(z.location).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// dayStart gives the first instant whose local date is that one or a later one.
func (z zone) dayStart(date time.Time) time.Time {
	// No clock is a day and a half from UTC, so the search begins before the date everywhere.
	for t := date.Add(-36 * time.Hour); ; {
		e := z.eraAt(t)
		midnight := date.Add(-e.offset)
		if midnight.Before(t) {
			return t.UTC() // the change that began this era jumped over midnight
		}
		if e.end.IsZero() || midnight.Before(e.end) {
			return midnight
		}
		t = e.end
	}
}

// hour gives the bounds of the hour of the local clock that holds an instant.
func (z zone) hour(t time.Time) (start, end time.Time) {
	e := z.eraAt(t)
	clock := t.UTC().Add(e.offset) // a UTC time that reads as the local clock does
	start = clock.Truncate(time.Hour).Add(-e.offset)
	end = start.Add(time.Hour)
	if !e.start.IsZero() && start.Before(e.start) {
		start = e.start.UTC()
	}
	if !e.end.IsZero() && end.After(e.end) {
		end = e.end.UTC()
	}
	return start, end
}
