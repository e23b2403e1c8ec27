// Package kind knows which events are of which kind of touchpoint: by type and name, as the catalogue says. It is not for what a kind's events must
// look like in full, which their JSON Schemas say; it can tell of a stored touchpoint which of the properties it must have are missing.
//
//	of, known := catalogue.Of(event.Track, "Product Viewed") // kind product-view
package kind

import (
	"slices"

	"waymark/shared/domain/event"
)

// Event is what the catalogue says of the events of one type and name.
type Event struct {
	Kind    string // id of the kind
	Channel string // where it happens when nothing else says so; "" = not known
	Needs   []Need // that a stored touchpoint shows
}

// Need is a property that an event must have, or several of which it must have one.
type Need []string

// Catalogue holds the events by Key.
type Catalogue map[string]Event

// Key is how an event is found.
func Key(t event.Type, name string) string { return string(t) + " " + name }

// Of gives the kind of an event. A page or screen whose name the catalogue does not have is one without a name of its own.
func (c Catalogue) Of(t event.Type, name string) (Event, bool) {
	if e, found := c[Key(t, name)]; found || t == event.Track {
		return e, found
	}
	e, found := c[Key(t, "")]
	return e, found
}

// UsualChannel is where a track event's kind happens when nothing else says so; "" when that may be anywhere. A page or screen says itself where it is.
func (c Catalogue) UsualChannel(t *event.Touchpoint) string {
	if t.Type != event.Track {
		return ""
	}
	return c[Key(t.Type, t.Name)].Channel
}

// Lacks gives the kind of a touchpoint that has not what its kind needs; "" for one that has, or of no kind.
func (c Catalogue) Lacks(t *event.Touchpoint) string {
	e, _ := c.Of(t.Type, t.Name)
	if slices.ContainsFunc(e.Needs, func(n Need) bool { return !n.isMet(t) }) {
		return e.Kind
	}
	return ""
}

func (n Need) isMet(t *event.Touchpoint) bool {
	return slices.ContainsFunc(n, func(name string) bool {
		switch name {
		case "url":
			return t.Page != ""
		case "referrer":
			return t.Marketing.Referrer != ""
		case "name":
			return t.Name != ""
		}
		return t.Properties[name] != ""
	})
}
