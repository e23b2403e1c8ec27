package custom

import (
	"slices"
	"sort"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
)

// The grains that no calendar has.
const (
	fiscalQuarter period.Grain = "fiscal_quarter"
	fiscalYear    period.Grain = "fiscal_year"
)

// maxWindows is how many windows an answer has at most.
const maxWindows = 2000

// span is one window.
type span struct {
	start, end event.Millis
	key        string
}

// spansOf cuts the time of a question into windows, those at its ends whole. fiscal is the month with which a fiscal year begins.
func spansOf(q analysis.Question, grain period.Grain, fiscal time.Month) ([]span, error) {
	if grain == period.Period {
		return []span{{q.Start(), q.End(), q.Instant(q.Start())}}, nil
	}
	var out []span
	for w := firstWindow(q, grain, fiscal); w.Start.Before(q.To); w = windowAt(q.Calendar, grain, fiscal, w.End) {
		if len(out) == maxWindows {
			return nil, analysis.Bad("grain", "there are more than %d windows of a %s in this time; ask for a longer one or a shorter time", maxWindows, grain)
		}
		out = append(out, span{event.At(w.Start), event.At(w.End), q.Instant(event.At(w.Start))})
	}
	return out, nil
}

func firstWindow(q analysis.Question, grain period.Grain, fiscal time.Month) period.Window {
	return windowAt(q.Calendar, grain, fiscal, q.From)
}

// windowAt is the window that holds an instant. A fiscal quarter or year is of whole months.
func windowAt(c period.Calendar, grain period.Grain, fiscal time.Month, at time.Time) period.Window {
	months := map[period.Grain]int{fiscalQuarter: 3, fiscalYear: 12}[grain]
	if months == 0 {
		return c.At(grain, at)
	}
	month := c.At(period.Month, at)
	first, _ := time.Parse(time.DateOnly, month.Key) // which every calendar writes so
	back := (int(first.Month()) - int(fiscal) + 12) % months
	bound := func(by int) time.Time {
		w, err := c.ByKey(period.Month, first.AddDate(0, by, 0).Format(time.DateOnly))
		if err != nil { // no zone skips the whole first day of a month and says so by its key
			return c.At(period.Month, first.AddDate(0, by, 0)).Start
		}
		return w.Start
	}
	return period.Window{Grain: grain, Start: bound(-back), End: bound(months - back)}
}

// placeOf is the window that holds an instant; −1 where none does.
func placeOf(spans []span, at event.Millis) int {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].end > at })
	if i == len(spans) || at < spans[i].start {
		return -1
	}
	return i
}

// grains lists what may be asked for.
func grains() []string {
	out := []string{string(period.Period)}
	for _, g := range period.Grains() {
		out = append(out, string(g))
	}
	return slices.Concat(out, []string{string(fiscalQuarter), string(fiscalYear)})
}
