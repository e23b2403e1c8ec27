package recount

import (
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Life is one person's journey with its rows.
type Life struct {
	journey.Journey
	Rows []step.Row
}

// Counted is what a window comes to.
type Counted struct {
	Rows   []Row          // by this package; those of dimensions that it does not know are of the system's measures
	Totals measure.Totals // by the system's measures, from whole lives
	Shown  []Row          // rows of Totals: they must be the same as Rows
}

// Windows counts all lives in every window in which anything happened, by Key.
func Windows(d *kpi.Definitions, calendar period.Calendar, currency string, lives []Life) map[string]Counted {
	counts := map[string]count{}
	for _, life := range lives {
		for key, w := range windowsOf(calendar, life.Rows) {
			if _, begun := counts[key]; !begun {
				counts[key] = newCount(d, currency)
			}
			counts[key].add(life, w)
		}
	}
	out := make(map[string]Counted, len(counts))
	for key, c := range counts {
		out[key] = c.done()
	}
	return out
}

// Window counts all lives in one window, as Windows does.
func Window(d *kpi.Definitions, currency string, lives []Life, w period.Window) Counted {
	c := newCount(d, currency)
	for _, life := range lives {
		c.add(life, w)
	}
	return c.done()
}

// count is one window in the making.
type count struct {
	definitions *kpi.Definitions
	currency    string
	tally       *Tally
	totals      measure.Totals
}

func newCount(d *kpi.Definitions, currency string) count {
	return count{d, currency, NewTally(currency), d.Set().Empty()}
}

func (c count) add(life Life, w period.Window) {
	start, end := event.At(w.Start), event.At(w.End)
	if f, counts := Of(life.Journey, start, end, c.currency); counts {
		c.tally.Add(f)
	}
	c.definitions.Set().Add(c.totals, measure.Of(step.Between(life.Rows, start, end)))
}

func (c count) done() Counted {
	shown := c.definitions.Rows(c.currency, c.totals)
	newer := slices.IndexFunc(shown, func(r Row) bool { return !slices.Contains(Dimensions[:], Dimension(r.Dimension)) })
	if newer < 0 {
		newer = len(shown)
	}
	return Counted{append(c.tally.Rows(), shown[newer:]...), c.totals, shown}
}

// Key names a window by grain and key, as in "day 2026-11-22".
func Key(g period.Grain, key string) string { return string(g) + " " + key }

func windowsOf(calendar period.Calendar, rows []step.Row) map[string]period.Window {
	out := map[string]period.Window{}
	var hour period.Window
	for _, row := range rows {
		at := row.At.Time()
		if hour.Contains(at) {
			continue
		}
		hour = calendar.At(period.Hour, at)
		for _, g := range period.Grains() {
			w := calendar.At(g, at)
			out[Key(g, w.Key)] = w
		}
	}
	return out
}
