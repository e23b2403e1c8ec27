package journey

import (
	"slices"

	"waymark/shared/domain/event"
)

// Passive says which events nobody does: what is delivered to a person, or booked. They are steps of the person's life and no sign of it.
type Passive struct {
	Version    int             // changes with what it says
	Names      map[string]bool // of track events that nobody ever does
	ByMachine  map[string]bool // of those that a machine may do in a person's name
	Agents     []string        // of such machines, whole
	Properties []string        // that are "true" on what such machines do
}

// Of says whether nobody did what the touchpoint tells.
func (p *Passive) Of(t *event.Touchpoint) bool {
	if t.Type != event.Track {
		return false
	}
	return p.Names[t.Name] || p.ByMachine[t.Name] && (slices.Contains(p.Agents, t.Agent) ||
		slices.ContainsFunc(p.Properties, func(name string) bool { return t.Properties[name] == "true" }))
}
