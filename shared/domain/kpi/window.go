package kpi

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
)

// Window is one computed window as it is stored: all its numbers, replaced as one.
type Window struct {
	Grain       period.Grain   `json:"grain"`
	Key         string         `json:"key"`
	Start       event.Millis   `json:"start"`
	End         event.Millis   `json:"end"`
	Revision    int64          `json:"revision"`    // raised by every change of a number
	Run         int64          `json:"run"`         // of the settle that changed it last
	ComputedAt  event.Millis   `json:"computed_at"` // of the newest revision
	Model       string         `json:"model"`       // stage model of the newest revision
	Definitions int            `json:"definitions"` // version of the definitions that the totals are counted in
	Totals      measure.Totals `json:"totals"`
	Rows        []Row          `json:"-"` // what the totals say, filled in by whoever shows them
	Folded      []Folded       `json:"-"` // what has no rows of its own there
}

// Placed gives windows, in place, as a calendar has them: their bounds are those that their keys have there. One that
// the calendar does not have is left out. isMoving says that something is counted in one that had other bounds: the
// workspace has changed its time zone, and its numbers are of the former one or of a later one.
func Placed(calendar period.Calendar, windows []Window) (placed []Window, isMoving bool) {
	placed = windows[:0]
	for _, w := range windows {
		here, err := calendar.ByKey(w.Grain, w.Key)
		start, end := event.At(here.Start), event.At(here.End)
		isMoving = isMoving || !w.Totals.IsZero() && (err != nil || w.Start != start || w.End != end)
		if w.Start, w.End = start, end; err == nil {
			placed = append(placed, w)
		}
	}
	return placed, isMoving
}

// Show fills in the rows of windows, as many as there are. currency is the workspace's own.
func (d *Definitions) Show(currency string, windows []Window) {
	d.ShowAs(View{Currency: currency}, windows)
}

// ShowAs fills in the rows of windows as a reader wants them.
func (d *Definitions) ShowAs(v View, windows []Window) {
	for i := range windows {
		windows[i].Rows, windows[i].Folded = d.View(v, windows[i].Totals)
	}
}

// Says whether both windows hold the same numbers, whenever and however they were computed.
func (w Window) Says(other Window) bool { return w.Totals.Equal(other.Totals) }
