package recount

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// changes works out what happened to a person's orders, by docs/kpi.md: of the steps that are changes or refunds what they come to, and rows of
// those that other persons sent.
func (in In) changes(j journey.Journey) (amounts map[int]*step.Order, sent []step.Row) {
	type name struct {
		identity.Evidence
		event.Identifier
		said uint64
	}
	steps := map[name]int{}
	for i, s := range j.Steps {
		t := s.Touchpoint
		steps[name{identity.EvidenceOf(&t), s.Identifier, t.Said()}] = i
	}
	own := map[event.Identifier]bool{}
	for _, s := range slices.Concat(j.Steps, j.Bots) {
		own[s.Identifier] = true
	}
	amounts = map[int]*step.Order{}
	for _, o := range j.Orders {
		t := j.Steps[o.Step].Touchpoint
		currency := cmp.Or(t.Order.Currency, in.Currency)
		stated, taken, isOver := t.Order.Amount, money.Micros(0), false
		for _, c := range o.Changes {
			is := &step.Order{ID: t.Order.ID, Kind: c.Kind, Currency: cmp.Or(c.Currency, currency)}
			left := stated - taken
			if (left < 0) != (stated < 0) {
				left = 0
			}
			switch {
			case isOver: // nothing is left of a cancelled order
			case c.Kind == event.Cancelled:
				is.Amount, isOver = left, true
			case c.Kind == event.Updated:
				if !c.Unpriced && is.Currency == currency && c.At >= t.Corrected {
					is.Amount, stated = c.Amount-stated, c.Amount
				}
			case c.Unpriced:
				is.Amount, taken = left, taken+left
			default:
				is.Amount = c.Amount
				if is.Currency == currency {
					taken += c.Amount
				}
			}
			if i, isOwn := steps[name{c.Evidence, c.Identifier, c.Said}]; isOwn && j.Steps[i].Counts && j.Steps[i].Touchpoint.Order.Kind == c.Kind {
				amounts[i] = is
			}
			if own[c.Identifier] { // of one of the person's own that is no step, another copy of the event stayed
				continue
			}
			events := map[event.OrderKind]string{"updated": "Order Updated", "cancelled": "Order Cancelled", "refunded": "Order Refunded"}
			sent = append(sent, step.Row{
				Person: j.Root, Identifier: c.Identifier, At: c.At, ID: c.Evidence.Event, Source: c.Evidence.Source, Event: events[c.Kind], Grade: c.Evidence.Grade.String(),
				Visitor: "returning", Order: is,
			})
		}
	}
	return amounts, sent
}

// origins says where orders count, and what happens to them: by the session and all else of the order's row. A refund of an order that nobody knows
// is of none, whatever it is called, and counts by its own row.
func origins(rows []step.Row, amounts map[int]*step.Order, cohort string) {
	changes := slices.Collect(maps.Values(amounts))
	for i := range rows {
		r := &rows[i]
		of := r
		if r.Order != nil && (r.Type == "" || slices.Contains(changes, r.Order)) {
			r.OrderMonth = cohort
			of = &rows[slices.IndexFunc(rows, func(o step.Row) bool {
				return o.Order != nil && o.Order.Kind == event.Completed && o.Order.ID == r.Order.ID
			})]
		}
		if r.Order != nil {
			r.Order.Origin = step.Origin{
				Channel: of.SessionChannel, Campaign: of.SessionCampaign, Source: of.Source, Country: of.Country, Device: of.Device,
				Stage: of.Stage, Visitor: of.Visitor, Browser: of.Browser, OS: of.OS,
				LandingPage: of.LandingPage, ReferrerHost: of.Referrer.Host, Grade: of.Grade,
			}
		}
	}
}
