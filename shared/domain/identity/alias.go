package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// Aliases lists the users that hang together with a user by aliases, that user first. Count is false when they are so many that none of these
// aliases counts; then at most Caps.Aliases + 1 of them are listed. Known is false while something is missing.
func (f *Forest) Aliases(user event.Identifier) (users []event.Identifier, count, known bool) {
	met := map[event.Identifier]bool{user: true}
	users = []event.Identifier{user}
	meet := func(id event.Identifier) {
		if !met[id] {
			met[id] = true
			users = append(users, id)
		}
	}
	var missing []event.Identifier
	for i := 0; i < len(users); i++ {
		n, loaded := f.nodes[users[i]]
		if !loaded {
			missing = append(missing, users[i])
			continue
		}
		for _, l := range n.parents {
			p, loaded := f.nodes[l.Parent]
			switch {
			case !loaded:
				missing = append(missing, l.Parent)
			case p.accepts[n.ID]:
				meet(l.Parent)
			}
		}
		for _, l := range n.children {
			if l.IsAlias() {
				meet(l.Child)
			}
		}
		if len(users) > f.caps.Aliases {
			return users[:f.caps.Aliases+1], false, true
		}
	}
	for _, id := range missing {
		f.missing[id] = true
	}
	return users, len(missing) == 0, len(missing) == 0
}

// Connected lists the users that count as connected with a user by aliases, that user first; none when its aliases do not
// count, and none for other identifiers. Known is false while something is missing.
func (f *Forest) Connected(id event.Identifier) (users []event.Identifier, known bool) {
	if id.Kind() != event.User {
		return nil, true
	}
	users, count, known := f.Aliases(id)
	if !count {
		return nil, known
	}
	return users, true
}

// AtLimits lists the users at the other ends of a loaded user's aliases that a limit may have let in or put out: children of
// a parent that has as many as it accepts, parents of a child that has more than count. Links that are cut are counted with
// the others, for they took part before.
func (f *Forest) AtLimits(user event.Identifier) []event.Identifier {
	n, loaded := f.nodes[user]
	if !loaded || user.Kind() != event.User {
		return nil
	}
	var ends []event.Identifier
	if len(n.Parents)+len(n.Cuts) >= f.caps.Parents {
		for _, l := range n.Parents {
			ends = append(ends, l.Parent)
		}
	}
	if len(n.Children)+len(n.Cuts) >= f.caps.Children {
		for _, l := range n.Children {
			if l.IsAlias() {
				ends = append(ends, l.Child)
			}
		}
	}
	return ends
}

// settle chooses the parents of all users that aliases connect with one: links in the order of their evidence, each unless its child has a
// parent already or the link would close a circle. Count says whether these aliases count at all.
func (f *Forest) settle(user event.Identifier) (count, known bool) {
	if count, found := f.settled[user]; found {
		return count, true
	}
	users, count, known := f.Aliases(user)
	if !known {
		return false, false
	}
	if !count {
		f.settled[user] = false // of the others this is not known: not all of them were met
		return false, true
	}
	var links []Link
	for _, id := range users {
		f.settled[id] = true
		for _, l := range f.nodes[id].parents {
			if f.nodes[l.Parent].accepts[id] {
				links = append(links, l)
			}
		}
	}
	slices.SortFunc(links, Link.before)
	for _, l := range links {
		if _, taken := f.aliases[l.Child]; !taken && !f.closes(l) {
			f.aliases[l.Child] = l
		}
	}
	return true, true
}

// closes says whether the alias would make its child an ancestor of itself.
func (f *Forest) closes(l Link) bool {
	for at := l.Parent; ; {
		if at == l.Child {
			return true
		}
		up, found := f.aliases[at]
		if !found {
			return false
		}
		at = up.Parent
	}
}
