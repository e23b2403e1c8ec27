// Package step is the table of steps: one row for each touchpoint that counts in the life of a person, one for each change of stage that time
// alone made, and one for each change or refund of an order of theirs that somebody else sent. It is what people and engines read who outgrow the reports, and what KPIs are counted from.
//
// It does not count; package measure does. docs/steps.md describes the columns.
//
//	rows := step.Of(journey.Fold(root, lines, claims, rules, now), "EUR")
package step

import (
	"cmp"
	"slices"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
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
	Grade      string // server, signed or public: who has sent it; "" of a change that time made, or that another person sent of an order
	Event      string // name of the event or page

	Channel  string // its own, else its session's; "" where there is neither
	Country  string // code by ISO 3166-1
	Campaign string // its own, else its session's
	Device   string // desktop, mobile, tablet or other; "" without a user agent
	Browser  string // family, such as Chrome; "" without a user agent
	OS       string // family, such as Android; "" without a user agent
	Page     string // path of the page, by package page

	Properties Said // that the touchpoint keeps

	Session         int // 1 is the person's first; 0 of what nobody did
	SessionStart    bool
	SessionChannel  string
	SessionCampaign string
	SessionCountry  string          // the first that one of its steps names and that is known
	LandingPage     string          // path of the session's first page
	Referrer        channel.Outside // that the session came from: the first that one of its steps names
	SessionPages    int64           // pages and screens of the session; 0 unless SessionStart
	SessionSeconds  int64           // from the session's first step to its last, rounded; 0 unless SessionStart

	StageBefore string // "" before any
	Stage       string // after it

	FirstEver    bool   // the person's first step
	Visitor      string // new in the person's first session, returning afterwards
	FirstChannel string // channel of the person's first session
	FirstMonth   string // of the person's first step, 2006-01 in the workspace's zone
	OrderMonth   string // of the person's first order, on steps from that order on and on what happens to orders

	Order *Order // of an order or refund that counts
}

// Order is the money side of a step.
type Order struct {
	ID       string // of the order; of a refund that names none, its own
	Kind     event.OrderKind
	Amount   money.Micros // of an order what it comes to, of an update what it adds, else what it takes back
	Currency string       // never empty: the workspace's where the event names none
	Number   int          // of the person's orders up to this one; of what is no order, the orders before it
	Origin                // what it is counted by
}

// Origin is where an order came from. What happens to an order has the origin of the order, so that revenue and what is taken back of it meet; where
// no order is known, its own.
type Origin struct {
	Channel, Campaign         string // of the session
	LandingPage, ReferrerHost string // of the session
	Source                    string
	Grade                     string // of who has said what the order comes to
	Country                   string
	Device                    string
	Browser, OS               string
	Stage                     string
	Visitor                   string
}

// OwnOrigin is the origin of an order that is this step.
func (r *Row) OwnOrigin() Origin {
	return Origin{
		Channel: r.SessionChannel, Campaign: r.SessionCampaign, LandingPage: r.LandingPage, ReferrerHost: r.Referrer.Host, Source: r.Source,
		Grade:   r.Grade,
		Country: r.Country, Device: r.Device, Browser: r.Browser, OS: r.OS, Stage: r.Stage, Visitor: r.Visitor,
	}
}

// Net is what the step adds to the net revenue.
func (o *Order) Net() money.Micros {
	if o.Kind == event.Cancelled || o.Kind == event.Refunded {
		return -o.Amount
	}
	return o.Amount
}

// IsOfServer says whether a server has told what the order comes to.
func (o *Order) IsOfServer() bool { return o.Grade == event.Server.String() }

// IsTouchpoint says whether an event of the person's made the step.
func (r Row) IsTouchpoint() bool { return r.Type != "" }

// IsOfServer says whether a server has sent the event that made the step.
func (r *Row) IsOfServer() bool { return r.IsTouchpoint() && r.Grade == event.Server.String() }

// IsPageView says whether the person saw a page or screen.
func (r *Row) IsPageView() bool { return r.Type == event.Page || r.Type == event.Screen }

// IsActivity says whether the person did something: of what nobody did, such as a mail that was delivered, only the touchpoint counts.
func (r Row) IsActivity() bool { return r.Session > 0 }

// EntersStage says whether the stage changed here.
func (r Row) EntersStage() bool { return r.Stage != r.StageBefore }

// IsFirstOrder says whether the step is the person's first order ever.
func (r Row) IsFirstOrder() bool {
	return r.Order != nil && r.Order.Kind == event.Completed && r.Order.Number == 1
}

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

// Of gives the rows of a person in the order in which they happened: what has no touchpoint comes before a touchpoint at the same millisecond.
func Of(j journey.Journey, in Place) []Row {
	m := maker{Journey: j, place: in}
	m.sales()
	rows := make([]Row, 0, len(j.Steps)+len(j.Stages.Visits)+len(m.sent))
	visits, sent := j.Stages.Visits, m.sent
	rest := func(until event.Millis, isEnd bool) {
		for {
			isVisit := len(visits) > 0 && visits[0].Cause.Event == "" && (isEnd || visits[0].Entered <= until)
			isSent := len(sent) > 0 && (isEnd || sent[0].At <= until)
			switch {
			case isVisit && (!isSent || visits[0].Entered <= sent[0].At):
				rows, visits = append(rows, m.made(visits[0])), visits[1:]
			case isSent:
				m.links = append(m.links, link{len(rows), sent[0].order})
				rows, sent = append(rows, m.foreign(sent[0])), sent[1:]
			default:
				return
			}
		}
	}
	for i := range j.Steps {
		rest(j.Steps[i].At, false)
		row := m.row(i)
		if row.EntersStage() {
			visits = visits[1:]
		}
		if j.Steps[i].IsOrder() {
			m.rowOf[i] = len(rows)
		} else if s, found := m.changes[i]; found {
			m.links = append(m.links, link{len(rows), s.order})
		}
		rows = append(rows, row)
	}
	rest(0, true)
	for i := range rows {
		if o := rows[i].Order; o != nil {
			o.Origin = rows[i].OwnOrigin()
		}
	}
	for _, l := range m.links {
		change := &rows[l.row]
		change.Order.Origin, change.OrderMonth = rows[m.rowOf[l.order]].Order.Origin, m.orderMonth
	}
	return rows
}

// Orders gives the money side of a life's steps, by their index, and that of changes and refunds which other persons sent.
func Orders(j journey.Journey, currency string) (byStep map[int]*Order, sent []*Order) {
	m := maker{Journey: j, place: Place{Currency: currency, Month: func(event.Millis) string { return "" }}}
	m.sales()
	byStep = map[int]*Order{}
	for i := range j.Steps {
		if j.Steps[i].Counts {
			byStep[i] = m.order(i)
		}
	}
	for _, s := range m.sent {
		sent = append(sent, m.change(s))
	}
	return byStep, sent
}

// maker goes through a life once.
type maker struct {
	journey.Journey
	place      Place
	stage      stage.Name // before the next row
	orders     int        // so far
	orderMonth string

	changes map[int]sale // of the person's orders, by the step that they are
	sent    []sale       // changes that other persons sent, in time order
	rowOf   map[int]int  // of orders, by step
	links   []link
}

// sale is a change or refund of an order.
type sale struct {
	profile.Sale
	order int // step of the order
}

// link says which order the row of a change or refund is of.
type link struct{ row, order int }

// sales works out what happened to the person's orders.
func (m *maker) sales() {
	if len(m.Orders) == 0 {
		return
	}
	m.changes, m.rowOf = map[int]sale{}, make(map[int]int, len(m.Orders))
	steps, isOwn := map[copyName]int{}, map[event.Identifier]bool{}
	for i := range m.Steps {
		s := &m.Steps[i]
		isOwn[s.Identifier] = true
		if s.Counts && !s.IsOrder() {
			steps[nameOf(s)] = i
		}
	}
	for i := range m.Bots {
		isOwn[m.Bots[i].Identifier] = true
	}
	for _, o := range m.Orders {
		for _, s := range profile.Sales(m.Steps[o.Step].Touchpoint, o.Changes, m.place.Currency) {
			if i, found := steps[copyName{s.Name(), s.Evidence}]; found {
				m.changes[i] = sale{s, o.Step}
			} else if !isOwn[s.Identifier] {
				m.sent = append(m.sent, sale{s, o.Step})
			}
		}
	}
	slices.SortStableFunc(m.sent, func(a, b sale) int { return cmp.Compare(a.At, b.At) })
}

// copyName is what tells the copy of a change or refund that counts from others.
type copyName struct {
	profile.ClaimName
	identity.Evidence
}

func nameOf(s *journey.Step) copyName {
	_, claim, _ := profile.ClaimOf(s.Touchpoint, s.Identifier)
	return copyName{claim.Name(), claim.Evidence}
}

// made is the row of a change that time made.
func (m *maker) made(v stage.Visit) Row {
	row := Row{Person: m.Root, At: v.Entered, StageBefore: string(m.stage), Stage: string(v.Stage), OrderMonth: m.orderMonth}
	m.known(&row)
	m.stage = v.Stage
	return row
}

// foreign is the row of a change or refund that another person sent.
func (m *maker) foreign(s sale) Row {
	row := Row{
		Person: m.Root, Identifier: s.Identifier, At: s.At, ID: s.Evidence.Event, Source: s.Evidence.Source, Event: eventOf(s.Kind),
		Grade:       s.Evidence.Grade.String(),
		StageBefore: string(m.stage), Stage: string(m.stage), OrderMonth: m.orderMonth,
		Order: m.change(s),
	}
	m.known(&row)
	return row
}

func eventOf(kind event.OrderKind) string {
	switch kind {
	case event.Updated:
		return event.OrderUpdated
	case event.Cancelled:
		return event.OrderCancelled
	}
	return event.OrderRefunded
}

// known fills in what is the same on all rows of a person.
func (m *maker) known(row *Row) {
	if len(m.Steps) > 0 {
		row.FirstMonth = m.place.Month(m.Steps[0].At)
	}
	if len(m.Sessions) > 0 {
		row.FirstChannel = m.Sessions[0].Channel
	}
	row.Visitor = Returning
}

func (m *maker) row(i int) Row {
	s := &m.Steps[i]
	t := &s.Touchpoint
	row := Row{
		Person: m.Root, Identifier: s.Identifier, At: s.At, ID: t.ID, Type: t.Type, Source: t.Source, Grade: t.Grade.String(),
		Event:   t.Name,
		Channel: s.Channel, Country: t.CountryCode, Campaign: t.Marketing.Campaign,
		Device: s.Client.Device, Browser: s.Client.Browser, OS: s.Client.OS, Page: s.Page, Properties: SaidOf(t.Properties),
		StageBefore: string(m.stage), Stage: string(s.Stage), FirstEver: i == 0,
	}
	m.known(&row)
	if s.Session != journey.NoSession {
		session := &m.Sessions[s.Session]
		row.Campaign = cmp.Or(row.Campaign, session.Campaign)
		row.Session, row.SessionStart = s.Session+1, i == session.First
		row.SessionChannel, row.SessionCampaign, row.SessionCountry = session.Channel, session.Campaign, session.Country
		row.LandingPage, row.Referrer = session.LandingPage, session.Referrer
		if row.SessionStart {
			row.SessionPages, row.SessionSeconds = int64(session.Pages), session.Seconds()
		}
		if s.Session == 0 {
			row.Visitor = New
		}
	}
	if s.Counts {
		row.Order = m.order(i)
	}
	row.OrderMonth = m.orderMonth
	m.stage = s.Stage
	return row
}

func (m *maker) order(i int) *Order {
	if s, found := m.changes[i]; found {
		return m.change(s)
	}
	s := &m.Steps[i]
	o := s.Touchpoint.Order
	if o.Kind == event.Completed {
		if m.orders++; m.orders == 1 {
			m.orderMonth = m.place.Month(s.At)
		}
	}
	return &Order{ID: cmp.Or(o.Of, o.ID), Kind: o.Kind, Amount: o.Amount, Currency: cmp.Or(o.Currency, m.place.Currency), Number: m.orders}
}

// change is the money of a change or refund of one of the person's orders.
func (m *maker) change(s sale) *Order {
	id := m.Steps[s.order].Touchpoint.Order.ID
	return &Order{ID: id, Kind: s.Kind, Amount: s.Amount, Currency: s.Currency, Number: m.orders}
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
