// Package step is the table of steps: one row for each touchpoint that counts in the life of a person, and one for each change of stage that time
// alone made. It is what people and engines read who outgrow the reports, and what KPIs are counted from.
//
// It does not count; package measure does. docs/steps.md describes the columns.
//
//	rows := step.Of(journey.Fold(root, lines, claims, rules, now), "EUR")
package step

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stage"
)

// Row is one step. Texts that are not known are empty.
type Row struct {
	Person     event.Identifier // root of the identifiers that are one person
	Identifier event.Identifier // that the touchpoint is kept under; "" of a change that time made
	At         event.Millis     // the time that counts
	ID         event.ID         // messageId; "" of a change that time made
	Type       event.Type       // track, page or screen; "" of a change that time made
	Source     string
	Event      string // name of the event or page

	Channel  string // its own, else its session's; "" of a change that time made
	Country  string // code by ISO 3166-1
	Campaign string // its own, else its session's
	Device   string // desktop, mobile, tablet or other; "" without a user agent

	Session         int // 1 is the person's first; 0 of a change that time made
	SessionStart    bool
	SessionChannel  string
	SessionCampaign string
	SessionCountry  string // the first that one of its steps names and that is known

	StageBefore string // "" before any
	Stage       string // after it

	FirstEver    bool   // the person's first step
	Visitor      string // new in the person's first session, returning afterwards
	FirstChannel string // channel of the person's first session
	FirstMonth   string // of the person's first step, 2006-01 in the workspace's zone
	OrderMonth   string // of the person's first order, on steps from that order on

	Order *Order // of an order or refund that counts
}

// Order is the money side of a step.
type Order struct {
	ID       string
	Refund   bool
	Amount   money.Micros
	Currency string // never empty: the workspace's where the event names none
	Number   int    // of the person's orders up to this one; of a refund, the orders before it
}

// IsTouchpoint says whether an event made the step.
func (r Row) IsTouchpoint() bool { return r.Type != "" }

// EntersStage says whether the stage changed here.
func (r Row) EntersStage() bool { return r.Stage != r.StageBefore }

// IsFirstOrder says whether the step is the person's first order ever.
func (r Row) IsFirstOrder() bool { return r.Order != nil && !r.Order.Refund && r.Order.Number == 1 }

// What Visitor may say.
const (
	New       = "new"
	Returning = "returning"
)

// Place is the workspace that rows are made for.
type Place struct {
	Currency string                       // of orders that name none
	Month    func(at event.Millis) string // 2006-01 in the workspace's zone
}

// Of gives the rows of a person in the order in which they happened: a change that time made comes before a touchpoint at the same millisecond.
func Of(j journey.Journey, in Place) []Row {
	m := maker{Journey: j, place: in, devices: map[string]string{}}
	rows := make([]Row, 0, len(j.Steps)+len(j.Stages.Visits))
	visits := j.Stages.Visits
	for i := range j.Steps {
		for len(visits) > 0 && visits[0].Cause.Event == "" && visits[0].Entered <= j.Steps[i].At {
			rows, visits = append(rows, m.made(visits[0])), visits[1:]
		}
		row := m.row(i)
		if row.EntersStage() {
			visits = visits[1:]
		}
		rows = append(rows, row)
	}
	for _, v := range visits {
		rows = append(rows, m.made(v))
	}
	return rows
}

// maker goes through a life once.
type maker struct {
	journey.Journey
	place      Place
	stage      stage.Name // before the next row
	orders     int        // so far
	orderMonth string
	devices    map[string]string // by agent: a person has few
}

// made is the row of a change that time made.
func (m *maker) made(v stage.Visit) Row {
	row := Row{Person: m.Root, At: v.Entered, StageBefore: string(m.stage), Stage: string(v.Stage), OrderMonth: m.orderMonth}
	m.known(&row)
	m.stage = v.Stage
	return row
}

// known fills in what is the same on all rows of a person.
func (m *maker) known(row *Row) {
	if len(m.Steps) > 0 {
		row.FirstChannel, row.FirstMonth = m.Sessions[0].Channel, m.place.Month(m.Steps[0].At)
	}
	row.Visitor = Returning
}

func (m *maker) row(i int) Row {
	s := &m.Steps[i]
	t := &s.Touchpoint
	session := &m.Sessions[s.Session]
	row := Row{
		Person: m.Root, Identifier: s.Identifier, At: s.At, ID: t.ID, Type: t.Type, Source: t.Source, Event: t.Name,
		Channel: s.Channel, Country: t.CountryCode, Campaign: cmp.Or(t.Marketing.Campaign, session.Campaign), Device: m.device(t.Agent),
		Session: s.Session + 1, SessionStart: i == session.First,
		SessionChannel: session.Channel, SessionCampaign: session.Campaign, SessionCountry: session.Country,
		StageBefore: string(m.stage), Stage: string(s.Stage), FirstEver: i == 0,
	}
	m.known(&row)
	if s.Session == 0 {
		row.Visitor = New
	}
	if s.Counts {
		row.Order = m.order(s)
	}
	row.OrderMonth = m.orderMonth
	m.stage = s.Stage
	return row
}

func (m *maker) order(s *journey.Step) *Order {
	o := s.Touchpoint.Order
	if !o.Refund {
		if m.orders++; m.orders == 1 {
			m.orderMonth = m.place.Month(s.At)
		}
	}
	return &Order{ID: o.ID, Refund: o.Refund, Amount: o.Amount, Currency: cmp.Or(o.Currency, m.place.Currency), Number: m.orders}
}

func (m *maker) device(agent string) string {
	class, found := m.devices[agent]
	if !found {
		class = Device(agent)
		m.devices[agent] = class
	}
	return class
}

// Between gives the rows in [start, end); rows are in time order.
func Between(rows []Row, start, end event.Millis) []Row {
	index := func(t event.Millis) int {
		i, _ := slices.BinarySearchFunc(rows, t, func(r Row, at event.Millis) int { return cmp.Compare(r.At, at) })
		return i
	}
	from, to := index(start), index(end)
	return rows[from:max(from, to)]
}
