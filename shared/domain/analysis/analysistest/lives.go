// Package analysistest makes random lives for the tests of analyses: whole lives as the fold makes them, with sessions, channels, stages, orders and
// what happens to them, surveys, mails and properties. The same seed makes the same lives.
//
//	for _, life := range analysistest.Lives(seed, 300) { … }
package analysistest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// Begin is the first day of the lives, and End the first instant after them.
var (
	Begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	End   = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
)

// Stages in the order in which persons go through them, most of the time.
var Stages = []string{"awareness", "consideration", "decision", "purchase", "post-purchase", "loyalty"}

var (
	channels  = []string{"direct", "email", "organic_search", "paid_search", "paid_social", "display", "referral"}
	countries = []string{"GB", "DE", "FR", ""}
	devices   = []string{"desktop", "mobile", "tablet", ""}
	plans     = []string{"free", "pro", "team"}
	pages     = []string{"/", "/shoes", "/shoes/:id", "/cart", "/checkout", "/help"}
	events    = []string{"Product Viewed", "Products Searched", "Product Added", "Checkout Started", "Payment Failed", "Support Ticket Opened"}
	texts     = []string{"I love these shoes!", "The checkout is terrible.", "It works.", "Not bad at all", "Waited too long and nobody helped :("}
	products  = []string{"shoe", "sock", "lace", "bag", "wax"}
	stageOf   = map[string]string{"Product Viewed": "consideration", "Product Added": "decision", "Checkout Started": "decision", "Order Completed": "purchase"}
)

// Lives makes the lives of some persons. Each has a step at least.
func Lives(seed uint64, persons int) [][]step.Row {
	r := rand.New(rand.NewPCG(seed, 13))
	out := make([][]step.Row, persons)
	for i := range out {
		m := maker{Rand: r, person: event.Identifier(fmt.Sprintf("user:%05d", i))}
		out[i] = m.life()
	}
	return out
}

type maker struct {
	*rand.Rand
	person       event.Identifier
	rows         []step.Row
	orders       []int // rows of orders
	taken        map[string]bool
	firstChannel string
	session      int
	at           time.Time
}

func pick[T any](m *maker, of []T) T { return of[m.IntN(len(of))] }

func (m *maker) life() []step.Row {
	m.taken = map[string]bool{}
	m.firstChannel = pick(m, channels)
	m.at = Begin.Add(time.Duration(m.Int64N(int64(End.Sub(Begin)) * 9 / 10)))
	for range 1 + m.IntN(6) {
		if m.at.Before(End) {
			m.visit()
		}
		m.at = m.at.Add(31*time.Minute + time.Duration(m.Int64N(int64(40*24*time.Hour))))
	}
	m.finish()
	return m.rows
}

// visit is one session, and what is delivered or happens to orders after it.
func (m *maker) visit() {
	m.session++
	first, steps := len(m.rows), 1+m.IntN(6)
	channel, campaign, country, device := m.firstChannel, "", pick(m, countries), pick(m, devices)
	if m.session > 1 {
		channel = pick(m, channels)
	}
	if m.IntN(3) == 0 {
		campaign = "spring"
	}
	for range steps {
		if !m.at.Before(End) {
			break
		}
		m.touch(channel, campaign, country, device, first)
		m.at = m.at.Add(time.Duration(m.IntN(25*60)) * time.Second).Truncate(time.Millisecond)
	}
	for i := first; i < len(m.rows); i++ {
		if m.rows[first].SessionPages += m.rows[i].SessionPages; i > first {
			m.rows[i].SessionPages = 0
		}
	}
	m.rows[first].SessionSeconds = int64(m.rows[len(m.rows)-1].At-m.rows[first].At) / 1000
	if m.IntN(4) == 0 && m.at.Before(End) {
		m.add(step.Row{Type: event.Track, Event: pick(m, []string{"Email Delivered", "Email Opened", "Email Clicked"}), Channel: "email", Campaign: "letter", Country: country})
	}
	if len(m.orders) > 0 && m.IntN(4) == 0 && m.at.Before(End) {
		m.change()
	}
	if m.IntN(5) == 0 && m.at.Before(End) { // time alone changes the stage
		m.add(step.Row{Stage: "lapsed"})
	}
}

func (m *maker) touch(channel, campaign, country, device string, first int) {
	r := step.Row{
		Type: event.Track, Event: pick(m, events), Channel: channel, Campaign: campaign, Country: country, Device: device,
		Session: m.session, SessionStart: len(m.rows) == first, SessionChannel: channel, SessionCampaign: campaign, SessionCountry: country,
		LandingPage: "/", Browser: "Firefox", OS: "Linux",
	}
	if channel == "referral" {
		r.Referrer.Host = pick(m, []string{"example.org", "paypal.com"})
	}
	said := map[string]string{"plan": pick(m, plans)}
	switch m.IntN(9) {
	case 0, 1, 2:
		r.Type, r.Event, r.Page, r.SessionPages = event.Page, "", pick(m, pages), 1
	case 3:
		r.Event, r.Order = "Order Completed", m.order()
		said["products"] = fmt.Sprintf("[%q,%q]", products[m.IntN(2)], products[2+m.IntN(3)])
		said["cost"] = r.Order.Amount.String()
	case 4:
		kind := m.IntN(3)
		r.Event = "Survey Answered"
		said["survey_type"] = []string{"nps", "csat", "ces"}[kind]
		said["score"] = strconv.Itoa([]int{m.IntN(11), 1 + m.IntN(5), 1 + m.IntN(7)}[kind])
		said["scale"] = []string{"10", "5", "7"}[kind]
		said["text"] = pick(m, texts)
	}
	r.Properties = step.SaidOf(said)
	m.add(r)
	if r.Order != nil {
		m.orders = append(m.orders, len(m.rows)-1)
	}
}

func (m *maker) order() *step.Order {
	currency := "EUR"
	if m.IntN(8) == 0 {
		currency = "USD"
	}
	id := fmt.Sprintf("%s-%d", m.person, len(m.orders)+1)
	return &step.Order{ID: id, Kind: event.Completed, Amount: money.Micros(1+m.IntN(20_000)) * 10_000, Currency: currency, Number: len(m.orders) + 1}
}

// change refunds, cancels or updates an order.
func (m *maker) change() {
	of := m.rows[pick(m, m.orders)].Order
	kind := pick(m, []event.OrderKind{event.Refunded, event.Cancelled, event.Updated})
	name := map[event.OrderKind]string{event.Refunded: event.OrderRefunded, event.Cancelled: event.OrderCancelled, event.Updated: event.OrderUpdated}[kind]
	if kind != event.Updated && m.taken[of.ID] {
		return
	}
	change := &step.Order{ID: of.ID, Kind: kind, Amount: of.Amount, Currency: of.Currency, Number: len(m.orders)}
	if kind == event.Updated {
		change.Amount = 1_000_000
	} else {
		m.taken[of.ID] = true
	}
	m.add(step.Row{Type: event.Track, Event: name, Order: change})
}

func (m *maker) add(r step.Row) {
	r.Person, r.Identifier, r.Source, r.Grade = m.person, m.person, "web", "public"
	if r.Order != nil {
		r.Source, r.Grade = "shop", "server"
	}
	r.At = event.At(m.at)
	m.at = m.at.Add(time.Millisecond)
	if r.Type != "" {
		r.ID = event.ID(fmt.Sprintf("m%d", len(m.rows)))
	}
	if r.Type == "" && len(m.rows) == 0 {
		return
	}
	m.rows = append(m.rows, r)
}

// finish fills in what depends on the steps before.
func (m *maker) finish() {
	stage, orderMonth := "", ""
	for i := range m.rows {
		r := &m.rows[i]
		r.FirstEver, r.FirstChannel = i == 0, m.firstChannel
		r.FirstMonth = m.rows[0].At.Time().Format("2006-01")
		r.Visitor = step.Returning
		if r.Session == 1 {
			r.Visitor = step.New
		}
		r.StageBefore = stage
		if r.Stage == "" {
			r.Stage = cmp.Or(stageOf[r.Event], stage, Stages[0])
			if r.IsFirstOrder() || r.Order == nil || r.Order.Kind != event.Completed {
				r.Stage = m.forward(stage, r.Stage)
			} else {
				r.Stage = "loyalty"
			}
		}
		stage = r.Stage
		if r.IsFirstOrder() {
			orderMonth = r.At.Time().Format("2006-01")
		}
		r.OrderMonth = orderMonth
		if r.Order != nil {
			r.Order.Origin = r.OwnOrigin()
			if r.Order.Kind != event.Completed {
				of := slices.IndexFunc(m.rows, func(o step.Row) bool { return o.Order != nil && o.Order.ID == r.Order.ID })
				r.Order.Origin = m.rows[of].Order.Origin
			}
		}
	}
}

// forward lets persons go back only from lapsed.
func (m *maker) forward(before, after string) string {
	if slices.Index(Stages, after) < slices.Index(Stages, before) {
		return before
	}
	return after
}
