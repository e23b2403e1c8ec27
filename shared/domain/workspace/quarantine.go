package workspace

import (
	"encoding/json"
	"reflect"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Quarantine takes events out of everything that is counted, as if they had never come, until it is lifted. The events stay where they are.
type Quarantine struct {
	ID      string       `json:"id"`
	Source  string       `json:"source"`
	From    event.Millis `json:"from"`             // of receipt
	To      event.Millis `json:"to"`               // of receipt; not part of it
	When    Condition    `json:"when,omitzero"`    // which of the source's events of that time; all where nothing is said
	Reason  string       `json:"reason,omitempty"` // what the operator said; it may name people, so no log holds it
	Applied event.Millis `json:"applied"`
	Lifted  event.Millis `json:"lifted,omitempty"` // since when it takes nothing out any more; 0 while it does
}

// IsActive says whether it takes events out.
func (q Quarantine) IsActive() bool { return q.Lifted == 0 }

// Condition is what an event must be: all that is said must hold, and of a list any. The zero Condition holds for every event.
type Condition struct {
	Types      []event.Type       `json:"type,omitempty"`
	Names      []string           `json:"name,omitempty"`     // exact, or a beginning written "Product *"
	NotNames   []string           `json:"not_name,omitempty"` // the same, for names that must not be
	Pages      []string           `json:"page,omitempty"`     // beginnings of the page's path
	Properties []PropertyIs       `json:"properties,omitempty"`
	Grades     []string           `json:"grade,omitempty"`    // server, signed, public
	Devices    []string           `json:"device,omitempty"`   // class of the user agent: desktop, mobile, tablet, other, or bot
	Campaigns  []string           `json:"campaign,omitempty"` // exact, or a beginning as of Names
	Networks   []string           `json:"network,omitempty"`  // as events keep them: 203.0.113.0/24, 2001:db8::/48
	Kept       []event.Identifier `json:"kept_under,omitempty"`
}

// PropertyIs is one comparison of a property, as in the rules of a stage model.
type PropertyIs struct {
	Name   string   `json:"name"`
	Op     string   `json:"is"`
	Values []string `json:"values"`
}

// How many quarantines a workspace has: those that are active are asked of every event that is counted, and lifted ones are kept as a record.
const (
	MaxQuarantines = 100
	MaxLifted      = 100

	maxQuarantineBytes = 100_000 // of all together: a workspace is read with every batch
)

// ActiveQuarantines are those that take events out, in the order in which they were applied.
func (w Workspace) ActiveQuarantines() []Quarantine {
	return slices.DeleteFunc(slices.Clone(w.Quarantines), func(q Quarantine) bool { return !q.IsActive() })
}

// Quarantined is the workspace with one more quarantine. Faults, both Conflict: too_many_quarantines when as many are active as may be, and
// quarantine_exists when there is one of that id. Where they are too long together, records of lifted ones go, the oldest first.
func (w Workspace) Quarantined(q Quarantine) (Workspace, error) {
	if len(w.ActiveQuarantines()) >= MaxQuarantines {
		return w, fault.Newf(fault.Conflict, "too_many_quarantines", "%d quarantines are active, and more there cannot be: lift one first", MaxQuarantines)
	}
	if slices.ContainsFunc(w.Quarantines, func(other Quarantine) bool { return other.ID == q.ID }) {
		return w, fault.Newf(fault.Conflict, "quarantine_exists", "there is a quarantine %s already", q.ID)
	}
	all := append(slices.Clone(w.Quarantines), q)
	for sizeOf(all) > maxQuarantineBytes {
		oldest := slices.IndexFunc(all, func(q Quarantine) bool { return !q.IsActive() })
		if oldest < 0 {
			return w, fault.Newf(fault.Conflict, "too_many_quarantines",
				"the quarantines that are active have more than %d bytes together: lift one first, or make conditions shorter", maxQuarantineBytes)
		}
		all = slices.Delete(all, oldest, oldest+1)
	}
	w.Quarantines = all
	return w, nil
}

func sizeOf(all []Quarantine) int {
	text, err := json.Marshal(all)
	if err != nil {
		panic("workspace: a quarantine is made of strings and integers: " + err.Error())
	}
	return len(text)
}

// Lift is the workspace in which a quarantine takes nothing out any more. One that was lifted before stays as it is. Of the lifted ones the latest
// are kept. Fault: NotFound when there is none of that id.
func (w Workspace) Lift(id string, now event.Millis) (Workspace, error) {
	at := slices.IndexFunc(w.Quarantines, func(q Quarantine) bool { return q.ID == id })
	if at < 0 {
		return w, fault.New(fault.NotFound, "no_quarantine", "there is no quarantine of that id: `waymark quarantine list` shows all")
	}
	if !w.Quarantines[at].IsActive() {
		return w, nil
	}
	w.Quarantines = slices.Clone(w.Quarantines)
	w.Quarantines[at].Lifted = now
	surplus := len(w.Quarantines) - len(w.ActiveQuarantines()) - MaxLifted
	w.Quarantines = slices.DeleteFunc(w.Quarantines, func(q Quarantine) bool {
		isDropped := !q.IsActive() && q.ID != id && surplus > 0
		if isDropped {
			surplus--
		}
		return isDropped
	})
	return w, nil
}

// SameQuarantines says whether both have the same quarantines.
func (w Workspace) SameQuarantines(other Workspace) bool {
	return len(w.Quarantines) == len(other.Quarantines) && (len(w.Quarantines) == 0 || reflect.DeepEqual(w.Quarantines, other.Quarantines))
}

// WithQuarantines takes the quarantines of another and keeps everything else.
func (w Workspace) WithQuarantines(of Workspace) Workspace {
	w.Quarantines = of.Quarantines
	return w
}
