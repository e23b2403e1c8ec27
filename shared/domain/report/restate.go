package report

import (
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// How exports are restated (docs/adr/0016): whoever is about to store a changed window leaves a note for each exported window that holds it. The
// schedule of that grain reads the notes, makes the exports anew whose bytes differ, and deletes the notes it has read.

// exported are the grains of scheduled exports, each with the windows that its files hold.
var exported = map[period.Grain][]period.Grain{
	period.Day: {period.Day, period.Hour}, period.Week: {period.Week, period.Day}, period.Month: {period.Month, period.Day},
}

// Parts gives the grains of the windows that an export of a day, week or month holds, its own first; nil for a grain that no schedule exports.
func Parts(g period.Grain) []period.Grain { return slices.Clone(exported[g]) }

// Restatement is a note that an exported window may have to be exported anew. Notes are never changed: every change leaves its own, and an export
// deletes exactly those that it read, so a window which changes meanwhile is noted again.
type Restatement struct {
	Handle  string       `json:"-"`       // where the store keeps it
	Grain   period.Grain `json:"grain"`   // day, week or month
	Key     string       `json:"key"`     // of the exported window
	Changes []Change     `json:"changes"` // windows in it that were about to be stored
	At      event.Millis `json:"at"`      // when the note was left
}

// Change is a window that was about to be stored at a revision.
type Change struct {
	Grain    period.Grain `json:"grain"`
	Key      string       `json:"key"`
	Revision int64        `json:"revision"`
}

// Restatements gives the notes to leave before these windows are stored, one for each exported window that holds any of them, days first.
func Restatements(calendar period.Calendar, changed []kpi.Window, at event.Millis) []Restatement {
	var notes []Restatement
	for _, grain := range [...]period.Grain{period.Day, period.Week, period.Month} {
		for _, w := range changed {
			if !slices.Contains(exported[grain], w.Grain) {
				continue
			}
			key := calendar.At(grain, startOf(calendar, w)).Key
			place := slices.IndexFunc(notes, func(n Restatement) bool { return n.Grain == grain && n.Key == key })
			if place < 0 {
				place, notes = len(notes), append(notes, Restatement{Grain: grain, Key: key, At: at})
			}
			notes[place].Changes = append(notes[place].Changes, Change{w.Grain, w.Key, w.Revision})
		}
	}
	return notes
}

// startOf is where a window begins: by its key, for it may have been counted in a zone that the workspace had before.
func startOf(calendar period.Calendar, w kpi.Window) time.Time {
	if here, err := calendar.ByKey(w.Grain, w.Key); err == nil {
		return here.Start
	}
	return w.Start.Time()
}

// patience is how long a note waits for the windows it tells of. Whoever left it lives at most 15 minutes; then the windows will not come.
const patience = time.Hour

// Settled says whether a note may be deleted by an export of these windows: they are at least as new as the note says, or never will be. A note
// that is not settled was left by a rollup that has not stored its windows yet.
func (r Restatement) Settled(windows []kpi.Window, now event.Millis) bool {
	if now.Sub(r.At) > patience {
		return true
	}
	for _, c := range r.Changes {
		isStored := func(w kpi.Window) bool { return w.Grain == c.Grain && w.Key == c.Key && w.Revision >= c.Revision }
		if !slices.ContainsFunc(windows, isStored) {
			return false
		}
	}
	return true
}

// Claim is the right to write a revision of an export. It is stored before the file is, on the condition that no other revision was claimed
// meanwhile, so that a revision has one content for ever: whoever finds a claim without its manifest completes it with the same bytes or
// claims the next revision. The zero Claim is none.
type Claim struct {
	Revision int    `json:"revision"`
	SHA256   string `json:"sha256"`         // of the file
	Base     int    `json:"base,omitempty"` // the revision that this one restates: the newest that was whole; 0 when there is none
	Created  string `json:"created"`        // RFC 3339, UTC
	// Definitions is the version that the rows are of. Another release may make the same bytes under its own.
	Definitions int `json:"definitions,omitempty"`
	// Quarantines took events out when the claim was made.
	Quarantines []Quarantine `json:"quarantines,omitempty"`
}
