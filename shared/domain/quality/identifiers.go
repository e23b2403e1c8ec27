package quality

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// ContestedIdentifiers are e-mail addresses, devices and other identifiers that more than one user claimed, at least one of them in the time that is
// reported. Their texts are not told: the users are enough to look them up.
type ContestedIdentifiers struct {
	Identifiers int                   `json:"identifiers"` // contested
	Unresolved  int                   `json:"unresolved"`  // identifiers of which it was not looked up who claimed them before that time
	ByKind      map[event.Kind]int    `json:"by_kind,omitempty"`
	List        []ContestedIdentifier `json:"list"` // at most TopIdentifiers
}

// ContestedIdentifier is one of them.
type ContestedIdentifier struct {
	Kind  event.Kind  `json:"kind"`
	Users int         `json:"users"` // who claim it, at most identity.MaxParents of those known before
	List  []UserClaim `json:"list"`  // at most TopUsers, the best evidence first: the first one holds it unless that link is cut
}

// UserClaim is the best evidence that an identifier belongs to a user.
type UserClaim struct {
	User     event.Identifier `json:"user"`
	Grade    string           `json:"grade"`
	Source   string           `json:"source"`
	Received string           `json:"received"`
}

// Claimed are the identifiers that the deliveries asked for say belong to a user: e-mail addresses and other names of people first, then those that
// several users claim, then those on the word of the lowest grade. Of very many the caller looks up the first.
func (t *Tally) Claimed() []event.Identifier {
	claimed := t.links()
	return slices.SortedFunc(maps.Keys(claimed), func(a, b event.Identifier) int {
		return cmp.Or(
			compareBool(isDevice(a), isDevice(b)), cmp.Compare(len(claimed[b]), len(claimed[a])), cmp.Compare(lowest(claimed[a]), lowest(claimed[b])),
			cmp.Compare(a, b),
		)
	})
}

func isDevice(id event.Identifier) bool {
	return id.Kind() == event.Device || id.Kind() == event.Anonymous
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func lowest(by map[event.Identifier]identity.Link) event.Grade {
	grade := event.Server
	for _, link := range by {
		grade = min(grade, link.Evidence.Grade)
	}
	return grade
}

// links are the best links of each identifier to each user that the deliveries asked for prove.
func (t *Tally) links() map[event.Identifier]map[event.Identifier]identity.Link {
	claimed := map[event.Identifier]map[event.Identifier]identity.Link{}
	for _, c := range t.copies {
		if c.Quarantined || !t.counts(c.received, c.source) {
			continue
		}
		for _, link := range c.links {
			if claimed[link.Child] == nil {
				claimed[link.Child] = map[event.Identifier]identity.Link{}
			}
			put(claimed[link.Child], link)
		}
	}
	return claimed
}

func put(by map[event.Identifier]identity.Link, link identity.Link) {
	if known, found := by[link.Parent]; !found || link.Evidence.Before(known.Evidence) {
		by[link.Parent] = link
	}
}

func (t *Tally) contestedIdentifiers() ContestedIdentifiers {
	out := ContestedIdentifiers{List: []ContestedIdentifier{}}
	type one struct {
		ContestedIdentifier
		id event.Identifier
	}
	var all []one
	for id, by := range t.links() {
		if t.Links != nil {
			parents, isKnown := t.Links(id)
			if !isKnown {
				out.Unresolved++
			}
			for _, link := range parents {
				if link.Parent.Kind() == event.User {
					put(by, link)
				}
			}
		}
		if len(by) < 2 {
			continue
		}
		links := slices.SortedFunc(maps.Values(by), func(a, b identity.Link) int {
			switch {
			case a.Evidence.Before(b.Evidence):
				return -1
			case b.Evidence.Before(a.Evidence):
				return 1
			}
			return cmp.Compare(a.Parent, b.Parent)
		})
		found := one{ContestedIdentifier{Kind: id.Kind(), Users: len(by)}, id}
		for _, link := range links[:min(len(links), TopUsers)] {
			e := link.Evidence
			found.List = append(found.List, UserClaim{User: link.Parent, Grade: e.Grade.String(), Source: e.Source, Received: instant(e.Received)})
		}
		if out.ByKind == nil {
			out.ByKind = map[event.Kind]int{}
		}
		out.ByKind[found.Kind]++
		out.Identifiers++
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), compareBool(isDevice(a.id), isDevice(b.id)), cmp.Compare(a.id, b.id))
	})
	for _, found := range all[:min(len(all), TopIdentifiers)] {
		out.List = append(out.List, found.ContestedIdentifier)
	}
	return out
}

// instant writes a time as all answers do: RFC 3339 in UTC with milliseconds.
func instant(at event.Millis) string { return at.Time().Format("2006-01-02T15:04:05.000Z07:00") }
