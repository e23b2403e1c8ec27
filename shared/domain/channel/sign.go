package channel

import "waymark/shared/domain/event"

// Sign is the channel that an event itself points to: what it says, else what the address of its page says; "" when it has no sign.
func (r *Rules) Sign(m event.Marketing) Name {
	said := Signals{
		Explicit: m.Explicit, Source: m.Source, Medium: m.Medium, Campaign: m.Campaign, Term: m.Term, Content: m.Content, Referrer: m.Referrer,
		Page: m.URL,
	}
	return r.Of(said.Or(FromURL(m.URL)))
}
