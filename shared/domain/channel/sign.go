package channel

import "waymark/shared/domain/event"

// Sent is what an event says of how the person came, with what is read from its page's address put in the place of that address: campaign
// parameters that the event does not name itself, and the name of a click id. It needs no rules, so it can be kept for good.
func Sent(m event.Marketing) event.Marketing {
	s := Signals{
		Explicit: m.Explicit, Source: m.Source, Medium: m.Medium, Campaign: m.Campaign, Term: m.Term, Content: m.Content,
		ClickID: m.Click, Referrer: m.Referrer,
	}.Or(FromURL(m.URL))
	return event.Marketing{
		Explicit: s.Explicit, Source: s.Source, Medium: s.Medium, Campaign: s.Campaign, Term: s.Term, Content: s.Content,
		Click: s.ClickID, Referrer: s.Referrer,
	}
}

// Own is the channel that a touchpoint itself points to; "" when it has no sign of its own.
func (r *Rules) Own(t event.Touchpoint) Name {
	m := t.Marketing
	return r.Of(Signals{
		Explicit: m.Explicit, Source: m.Source, Medium: m.Medium, Campaign: m.Campaign, Term: m.Term, Content: m.Content,
		ClickID: m.Click, Referrer: m.Referrer, Page: t.Page,
	})
}
