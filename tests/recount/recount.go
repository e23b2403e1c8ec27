// Package recount is the oracle for numbers: it counts what persons did in another way than the system does, from
// whole lives, window by window. It is written from docs/kpi.md and docs/steps.md. Rows of the steps table, measures,
// dimensions and metrics are all worked out here a second time; of the packages step, measure and kpi it uses the
// types in which the system says its numbers, and no code.
//
// It does not fold: which copy of an event counts, at what time, which event has the order and what stage follows is
// what package journey says. Sessions and whatever is said of a session are worked out again.
//
//	shop := recount.In{Calendar: calendar, Currency: "GBP"}
//	problem := shop.Windows(lives)["day 2026-11-22"].Differs(stored.Totals)
package recount

import (
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// In is the workspace that lives are counted in.
type In struct {
	Calendar period.Calendar
	Currency string // of orders that name none
	Later    bool   // the definitions have the measure "later" too, which the simulator's newer release adds
}

// Life is one person's journey with its rows of the steps table, in time order.
type Life struct {
	journey.Journey
	Rows []step.Row
}

// Windows counts all lives in every window in which anything counts, by Key.
func (in In) Windows(lives []Life) map[string]*Counted {
	out := map[string]*Counted{}
	cut := cutter{calendar: in.Calendar, hours: map[event.Millis]*[len(grains)]window{}}
	for i := range lives {
		p := newPerson(&lives[i])
		for grain := range grains {
			for from, to := 0, 0; from < len(p.life.Rows); from = to {
				w := cut.at(p.life.Rows[from].At)[grain]
				for to = from + 1; to < len(p.life.Rows) && p.life.Rows[to].At < w.end; {
					to++
				}
				c, found := out[w.key]
				if !found {
					c = newCounted(in)
					out[w.key] = c
				}
				c.add(p, from, to, w.end)
			}
		}
	}
	// A window in which only happened what counts nowhere is none.
	maps.DeleteFunc(out, func(_ string, c *Counted) bool { return len(c.groups) == 0 })
	return out
}

// Window counts all lives in one window.
func (in In) Window(lives []Life, w period.Window) *Counted {
	c := newCounted(in)
	start, end := event.At(w.Start), event.At(w.End)
	for i := range lives {
		p := newPerson(&lives[i])
		from := slices.IndexFunc(p.life.Rows, func(r step.Row) bool { return r.At >= start })
		if from < 0 {
			continue
		}
		to := from
		for to < len(p.life.Rows) && p.life.Rows[to].At < end {
			to++
		}
		c.add(p, from, to, end)
	}
	return c
}

// Key names a window by grain and key, as in "day 2026-11-22".
func Key(g period.Grain, key string) string { return string(g) + " " + key }

// grains are those of windows.
var grains = [...]period.Grain{period.Hour, period.Day, period.Week, period.Month, period.Quarter, period.Year}

// window is one window, by Key, with the first instant after it.
type window struct {
	key string
	end event.Millis
}

// cutter knows the windows of instants, each worked out once.
type cutter struct {
	calendar period.Calendar
	hours    map[event.Millis]*[len(grains)]window // by the minute
}

// at gives the windows that hold an instant, by grain.
func (c cutter) at(at event.Millis) *[len(grains)]window {
	minute := at / 60_000
	found, ok := c.hours[minute]
	if !ok {
		found = &[len(grains)]window{}
		for i, g := range grains {
			w := c.calendar.At(g, at.Time())
			found[i] = window{Key(g, w.Key), event.At(w.End)}
		}
		c.hours[minute] = found
	}
	return found
}
