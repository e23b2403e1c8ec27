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
	"cmp"
	"fmt"

	"waymark/shared/domain/event"
)

// Evidence is the event that proves something: who has sent it, and when it counts from. A server's word counts from its own time, anybody else's from
// its first receipt, because whoever has a public key can state any time. Of copies of one event the one that Before puts first counts.
type Evidence struct {
	Grade    event.Grade  `json:"grade,omitempty"`
	At       event.Millis `json:"at"` // of a server its original time, never the corrected one; else the time of receipt
	Event    event.ID     `json:"event"`
	Source   string       `json:"source"`
	Received event.Millis `json:"received,omitempty"`
}

// EvidenceOf is what a touchpoint proves something by.
func EvidenceOf(t *event.Touchpoint) Evidence {
	e := Evidence{Grade: t.Grade, At: t.Received, Event: t.ID, Source: t.Source, Received: t.Received}
	if t.Grade == event.Server {
		e.At = t.Original
	}
	return e
}

// Before orders evidence: the better grade first, then the earlier time, ties by event id, source and receipt.
func (e Evidence) Before(other Evidence) bool { return e.compare(other) < 0 }

func (e Evidence) compare(other Evidence) int {
	return cmp.Or(
		cmp.Compare(other.Grade, e.Grade), cmp.Compare(e.At, other.At), cmp.Compare(e.Event, other.Event), cmp.Compare(e.Source, other.Source),
		cmp.Compare(e.Received, other.Received),
	)
}

// Sortable writes evidence as text that sorts as Before does, for times from 1970 on.
func (e Evidence) Sortable() string {
	return fmt.Sprintf("%d%015d\x00%s\x00%s\x00%015d", event.Server-e.Grade, e.At, e.Event, e.Source, e.Received)
}

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
// the set of links alone, so it gives the same persons in whatever order the links came. What exceeds a limit is the newest evidence of the lowest
// grade. docs/adr/0011 says why they are as they are.
const (
	// MaxChildren is how many children one identifier accepts on the word of servers: the earliest that are not idle, then the earliest idle ones. On
	// that of sites it accepts as many that are not idle, and as many that are. Later ones stay apart. It keeps a mailbox that thousands share from
	// growing one person without end.
	MaxChildren = 1000

	// MaxParents is how many parents of one identifier are looked at, those with the best evidence.
	MaxParents = 1000

	// MaxAliases is how many users may hang together by aliases. With more, none of these aliases counts until enough of them are cut.
	MaxAliases = 100

	// MaxMembers is how many identifiers of a tree are looked at: the root, then by evidence whoever belongs to one of those before. Those beyond
	// are persons of one identifier each.
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
// None but a server links two users.
func Links(r event.Record) []Link {
	t := r.Touchpoint
	t.Others = r.Others()
	return LinksOf(&t, r.PrimaryID())
}

// LinksOf is Links for a touchpoint as pages hold it, under an identifier.
func LinksOf(t *event.Touchpoint, kept event.Identifier) []Link {
	if t.IsBot() || len(t.Others) == 0 {
		return nil
	}
	out := make([]Link, 0, len(t.Others))
	for _, child := range t.Others {
		l := Link{Child: child, Parent: kept, Evidence: EvidenceOf(t)}
		// That a user is signed in proves nothing of the ids that the browser sends along; an address may be proven by itself.
		if l.Evidence.Grade == event.Signed && (child.Kind() != event.Email || !t.Vouched) {
			l.Evidence.Grade = event.Public
		}
		if l.valid() {
			out = append(out, l)
		}
	}
	return out
}

// Sortable writes evidence as text that sorts as Evidence.Before does, with the child behind it, so that a parent's links sort as they count.
// NUL sorts before all that an id may hold, so a longer id comes after the shorter one that it begins with.
func (l Link) Sortable() string { return l.Evidence.Sortable() + "\x00" + string(l.Child) }

// valid says whether a link follows the rules of rank: upwards, or from user to user on the word of a server.
func (l Link) valid() bool {
	return l.Parent.Above(l.Child) || l.IsAlias() && l.Child != l.Parent && l.Evidence.Grade == event.Server
}

// IsAlias says whether the link joins two users.
func (l Link) IsAlias() bool { return l.Child.Kind() == event.User && l.Parent.Kind() == event.User }

// before orders links by evidence, then by their ends, so that any set of links has one order.
func (l Link) before(other Link) int {
	return cmp.Or(l.Evidence.compare(other.Evidence), cmp.Compare(l.Parent, other.Parent), cmp.Compare(l.Child, other.Child))
}
