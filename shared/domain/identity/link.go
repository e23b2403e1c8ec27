// Package identity works out which identifiers are one person. Identifiers form a forest: each has at most one parent of a higher rank, and
// the person is the root of the tree. Linking moves no data and un-linking moves none either, so a merge undone leaves no trace.
//
// It loads nothing. A Forest says which nodes it still needs, the caller loads them, and when nothing is needed any more the Forest answers.
//
//	f := identity.NewForest(id)
//	for need := f.Needs(); len(need) > 0; need = f.Needs() {
//		f.Add(load(need)...)
//	}
//	person := f.Person()
package identity

import (
	"strings"

	"waymark/shared/domain/event"
)

// Evidence is the event that proves a link. Its order (time of the device, then id, then source) is the same for all copies of the event.
type Evidence struct {
	At     event.Millis `json:"at"` // original time, never the corrected one
	Event  event.ID     `json:"event"`
	Source string       `json:"source"`
}

// Before orders evidence: the earlier time first, ties by event id, then source.
func (e Evidence) Before(other Evidence) bool {
	if e.At != other.At {
		return e.At < other.At
	}
	if e.Event != other.Event {
		return e.Event < other.Event
	}
	return e.Source < other.Source
}

// Link says that child belongs to parent.
type Link struct {
	Child    event.Identifier `json:"child"`
	Parent   event.Identifier `json:"parent"`
	Evidence Evidence         `json:"evidence"`
}

// MaxChildren is how many children one identifier may have: the earliest count, later ones stay apart. It keeps a device or a mailbox that
// thousands share from growing one person without end.
const MaxChildren = 1000

// Links gives the links that an event proves: every lower identifier it carries belongs to the highest one; the names that an alias gives up
// belong to the new one.
func Links(e event.Event) []Link {
	return proven(e.Identifiers, e.Previous, Evidence{At: e.Original, Event: e.ID, Source: e.Source})
}

// Recorded gives the links that an archived event proves: those that Links gave when it came.
func Recorded(r event.Record) []Link {
	t := r.Touchpoint
	return proven(r.Identifiers, r.Previous, Evidence{At: t.Original, Event: t.ID, Source: t.Source})
}

func proven(identifiers, given []event.Identifier, evidence Evidence) []Link {
	kept := identifiers[0]
	var out []Link
	for _, lower := range identifiers[1:] {
		out = append(out, Link{Child: lower, Parent: kept, Evidence: evidence})
	}
	for _, previous := range given {
		if previous == kept || kept.Kind() != event.User {
			continue
		}
		if !has(out, previous) {
			out = append(out, Link{Child: previous, Parent: kept, Evidence: evidence})
		}
	}
	return out
}

func has(links []Link, child event.Identifier) bool {
	for _, l := range links {
		if l.Child == child {
			return true
		}
	}
	return false
}

// valid says whether a link follows the rules of rank: upwards, or from user to user.
func (l Link) valid() bool {
	if l.Child == l.Parent {
		return false
	}
	return l.Parent.Above(l.Child) || (l.Child.Kind() == event.User && l.Parent.Kind() == event.User)
}

// before orders links by evidence, then by their ends, so that any set of links has one order.
func (l Link) before(other Link) int {
	switch {
	case l.Evidence.Before(other.Evidence):
		return -1
	case other.Evidence.Before(l.Evidence):
		return 1
	case l.Parent != other.Parent:
		return strings.Compare(string(l.Parent), string(other.Parent))
	}
	return strings.Compare(string(l.Child), string(other.Child))
}
