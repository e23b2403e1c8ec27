// Package identity works out which identifiers are one person. Identifiers form a forest: each has at most one parent of a higher rank, and
// the person is the root of the tree. Linking moves no data and un-linking moves none either, so a merge undone leaves no trace. A Cut takes a
// link out of the forest for good, or until it is undone. What one person may grow to is bounded (MaxChildren and the limits beside it).
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
	"fmt"
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

// Sortable writes evidence as text that sorts as Before does, for times from 1970 on.
func (e Evidence) Sortable() string { return fmt.Sprintf("%015d\x00%s\x00%s", e.At, e.Event, e.Source) }

// Link says that child belongs to parent.
type Link struct {
	Child    event.Identifier `json:"child"`
	Parent   event.Identifier `json:"parent"`
	Evidence Evidence         `json:"evidence"`

	// Idle is said of children by the nodes of their parents, and stored nowhere: as far as the parent knows, the child is an anonymous id that never did
	// anything by itself, as servers invent one for each event. Where not all children have a place, such come last.
	Idle bool `json:"-"`
}

// Limits that keep every question about a person bounded, whatever links are sent. Links that are cut do not use them up. Each rule depends on
// the set of links alone, so it gives the same persons in whatever order the links came. docs/adr/0011 says why they are as they are.
const (
	// MaxChildren is how many children one identifier accepts: the earliest that are not idle count, then the earliest idle ones, later ones stay
	// apart. It keeps a mailbox that thousands share from growing one person without end.
	MaxChildren = 1000

	// MaxParents is how many parents one identifier may have. With more it is nobody's: a public terminal, or a mistake. None of them counts.
	MaxParents = 1000

	// MaxAliases is how many users may hang together by aliases. With more, none of these aliases counts until enough of them are cut.
	MaxAliases = 100

	// MaxMembers is how many identifiers of a tree are looked at: the root, then its children by evidence, then theirs. Those beyond are
	// persons of one identifier each.
	MaxMembers = 2000
)

// Caps are the limits that a Forest keeps; tests make them small.
type Caps struct{ Children, Parents, Aliases, Members int }

// DefaultCaps are the limits of the system.
func DefaultCaps() Caps {
	return Caps{Children: MaxChildren, Parents: MaxParents, Aliases: MaxAliases, Members: MaxMembers}
}

// Links gives the links that an event proves: every lower identifier it carries belongs to the highest one; the names that an alias gives up
// belong to the new one. A bot, whose verdict the caller has filled in, proves nothing: it takes on whatever ids the pages that it visits give it.
func Links(r event.Record) []Link {
	t := r.Touchpoint
	if t.IsBot() {
		return nil
	}
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

// Sortable writes evidence as text that sorts as Evidence.Before does, with the child behind it, so that a parent's links sort as they count.
// NUL sorts before all that an id may hold, so a longer id comes after the shorter one that it begins with.
func (l Link) Sortable() string { return l.Evidence.Sortable() + "\x00" + string(l.Child) }

// valid says whether a link follows the rules of rank: upwards, or from user to user.
func (l Link) valid() bool {
	if l.Child == l.Parent {
		return false
	}
	return l.Parent.Above(l.Child) || l.IsAlias()
}

// IsAlias says whether the link joins two users.
func (l Link) IsAlias() bool { return l.Child.Kind() == event.User && l.Parent.Kind() == event.User }

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
