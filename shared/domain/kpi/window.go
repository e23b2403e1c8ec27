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
}

// Show fills in the rows of windows. currency is the workspace's own.
func (d *Definitions) Show(currency string, windows []Window) {
	for i := range windows {
		windows[i].Rows = d.Rows(currency, windows[i].Totals)
	}
}

// Says whether both windows hold the same numbers, whenever and however they were computed.
func (w Window) Says(other Window) bool { return w.Totals.Equal(other.Totals) }
