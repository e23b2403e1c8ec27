// Package period cuts time into the windows that KPIs are made for: hours, days, weeks, months, quarters and years of a workspace's time
// zone, and free periods between two bounds. It is where a time zone enters; everything else works with instants in UTC.
//
// It is not for durations ("30 minutes after"), which are plain time.Duration, and knows no fiscal years.
//
//	london, err := period.New("Europe/London", time.Monday)
//	day := london.At(period.Day, instant)           // 25 hours long on 2026-10-25
//	hours := london.Split(day, period.Hour)         // so there are 25 of them
//
// The rules are:
//   - Windows of one grain tile time: each ends where the next starts, and every instant is in exactly one.
//   - A day begins at the first instant whose local date is that day or a later one. So it begins at 01:00 where midnight is skipped, at the
//     first of two midnights, and a clock set back across midnight does not reopen the day before. A date that a zone skipped
//     (2011-12-30 in Pacific/Apia) has no window.
//   - Weeks, months, quarters and years begin where their first day begins.
//   - An hour begins where the local clock shows a full hour, and wherever the clock is changed. An hour that occurs twice is two windows; a change
//     by half an hour makes one window of half an hour.
//
// Zone rules come from the machine's zone database and, where there is none, from the copy in the binary.
package period

import (
	"time"

	"waymark/shared/domain/fault"
)

// Grain is a size of window.
type Grain string

// The grains. Period is the one that no calendar gives: a window between two chosen bounds, see Calendar.Period.
const (
	Hour    Grain = "hour"
	Day     Grain = "day"
	Week    Grain = "week"
	Month   Grain = "month"
	Quarter Grain = "quarter"
	Year    Grain = "year"
	Period  Grain = "period"
)

// Grains lists the grains that tile time, the smallest first; Period is not one of them.
func Grains() []Grain {
	return []Grain{Hour, Day, Week, Month, Quarter, Year}
}

// ParseGrain reads the name of a grain, period included. Fault: Invalid grain_unknown.
func ParseGrain(text string) (Grain, error) {
	switch g := Grain(text); g {
	case Hour, Day, Week, Month, Quarter, Year, Period:
		return g, nil
	default:
		return "", fault.New(fault.Invalid, "grain_unknown", "a grain is one of hour, day, week, month, quarter, year and period")
	}
}

// Window is a span of time, [Start, End). Windows are plain values: equal ones compare equal with ==.
type Window struct {
	Grain Grain
	Start time.Time // UTC, in the window
	End   time.Time // UTC, the first instant after it
	// Key names the window among those of its grain, and sorts as time does. It is the local start date (2026-10-25) of days, weeks, months,
	// quarters and years, and the UTC start (2026-10-25T00:00:00Z) of hours, because the local labels of an hour that occurs twice,
	// 01:00+01:00 and then 01:00+00:00, would sort the wrong way round. A period has both its bounds: 2026-10-01/2026-11-01.
	Key string
}

// Contains tells whether the instant is in the window.
func (w Window) Contains(t time.Time) bool {
	return !t.Before(w.Start) && t.Before(w.End)
}

// Closed tells whether the window is over at that instant: nothing that happens from then on is in it.
func (w Window) Closed(now time.Time) bool {
	return !now.Before(w.End)
}
