package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// An alias that does not say of which kind the name is that it gives up proves two links: of the user and of the anonymous id of that name, its twins.
// Mostly one of them was ever used.

// Shown gives the members that people look for: of twins, one that was never used is left out, the anonymous one when neither was. node gives the links
// of an identifier and the decisions about them; used says whether anything is known of it besides its links.
func Shown(members []Member, node func(event.Identifier) Node, used func(event.Identifier) bool) []Member {
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool {
		if m.Link == nil || used(m.ID) {
			return false
		}
		other, isTwin := twin(m.ID)
		of := node(m.Link.Parent)
		isTwin = isTwin && (slices.ContainsFunc(of.Children, func(l Link) bool { return l.Child == other && l.Evidence == m.Link.Evidence }) ||
			slices.ContainsFunc(of.Cuts, func(c Cut) bool { return c.Child == other && c.Parent == of.ID }))
		return isTwin && (m.ID.Kind() == event.Anonymous || used(other))
	})
}

// twin is the identifier of the other kind of the same name.
func twin(id event.Identifier) (event.Identifier, bool) {
	switch id.Kind() {
	case event.User:
		return event.Identifier(string(event.Anonymous) + ":" + id.Value()), true
	case event.Anonymous:
		return event.Identifier(string(event.User) + ":" + id.Value()), true
	}
	return "", false
}
