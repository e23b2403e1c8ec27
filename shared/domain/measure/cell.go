// Package measure counts what persons did. Facts are what one person did in a stretch of time, in a form that merges; Totals add persons up, by
// each value of each dimension. Totals are sums over persons, so what one person changed is taken out and put in again, and nobody else is looked
// at. Distinct persons are sums too: in one window each person counts once.
//
// It reads no clock and stores nothing. Which metrics are made of the measures says package kpi.
//
//	facts := measure.Of(rows)
//	totals := set.Of(facts)
package measure

import (
	"cmp"
	"encoding/json"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// Dimension is what numbers may be broken down by; "" is the whole.
type Dimension string

// The dimensions.
const (
	Whole          Dimension = ""
	ByChannel      Dimension = "channel"
	BySource       Dimension = "source"
	ByStage        Dimension = "stage"
	ByCountry      Dimension = "country"
	ByCampaign     Dimension = "campaign"
	ByDevice       Dimension = "device"
	ByVisitor      Dimension = "visitor"       // new or returning
	ByFirstChannel Dimension = "first_channel" // of the person's first session
	ByFirstMonth   Dimension = "first_month"   // cohort: month of the person's first step
	ByOrderMonth   Dimension = "order_month"   // cohort: month of the person's first order
	ByLandingPage  Dimension = "landing_page"  // of the session
	ByReferrerHost Dimension = "referrer_host" // of the session
	ByBrowser      Dimension = "browser"
	ByOS           Dimension = "os"
	ByGrade        Dimension = "grade" // server, signed or public: how far who sent it may be believed
	ByPage         Dimension = "page"  // of touchpoints alone: sessions and orders have many
)

// Dimensions lists them in the order of rows. The place of each but the whole is its place in a Cell, so new ones come last, and only ByPage after
// them: pages are in no Cell.
var Dimensions = [...]Dimension{
	Whole, ByChannel, BySource, ByStage, ByCountry, ByCampaign, ByDevice, ByVisitor, ByFirstChannel, ByFirstMonth, ByOrderMonth,
	ByLandingPage, ByReferrerHost, ByBrowser, ByOS, ByGrade, ByPage,
}

// Since is the version of the definitions that first counted by a dimension: who was counted under an earlier one is in none of its values.
func (d Dimension) Since() int {
	switch d {
	case ByLandingPage, ByReferrerHost, ByBrowser, ByOS, ByPage:
		return 4
	case ByGrade:
		return 5
	}
	return 1
}

// Unknown stands for a dimension that an event says nothing of, so that the parts of a dimension add up to the whole.
const Unknown = "unknown"

// Cell is one place in the cube of dimensions: a value for each but the whole and the page, "" where it is not known.
type Cell [len(Dimensions) - 2]string

// MarshalJSON leaves out what is not known at the end.
func (c Cell) MarshalJSON() ([]byte, error) { return json.Marshal(trimmed(c[:])) }

// trimmed is a list without what is zero at its end.
func trimmed[T comparable](list []T) []T {
	var zero T
	for len(list) > 0 && list[len(list)-1] == zero {
		list = list[:len(list)-1]
	}
	return list
}

// value of a cell in a dimension, by its place in Dimensions.
func (c *Cell) value(dimension int) string {
	if dimension == 0 {
		return ""
	}
	return cmp.Or(c[dimension-1], Unknown)
}

// Places in a Cell of the dimensions that differ between what is counted at one step.
const (
	channel, campaign, country, stage = 0, 4, 3, 2
)

func cellOf(r *step.Row) Cell {
	return Cell{r.Channel, r.Source, r.Stage, r.Country, r.Campaign, r.Device, r.Visitor, r.FirstChannel, r.FirstMonth, r.OrderMonth, r.LandingPage, r.Referrer.Host, r.Browser, r.OS, r.Grade}
}

// orderCell is where an order counts, and what happens to it: it belongs to its session's channel and campaign.
func orderCell(r *step.Row) Cell {
	o := &r.Order.Origin
	return Cell{o.Channel, o.Source, o.Stage, o.Country, o.Campaign, o.Device, o.Visitor, r.FirstChannel, r.FirstMonth, r.OrderMonth, o.LandingPage, o.ReferrerHost, o.Browser, o.OS, o.Grade}
}

// sessionCell has the dimensions of the session's first step; its country is the first one that any of its steps names.
func sessionCell(r *step.Row) Cell {
	c := cellOf(r)
	c[channel], c[campaign] = r.SessionChannel, r.SessionCampaign
	c[country] = r.SessionCountry
	return c
}

// Counter is something that is counted step by step.
type Counter string

// counting is how a step is counted: how often, and in which cell.
type counting struct {
	name  Counter
	cell  func(*step.Row) Cell
	count func(*step.Row) int64
}

// counters are what steps are counted for. A new one is a line here; it may add several to a step.
var counters = [...]counting{
	{"touchpoints", cellOf, when((*step.Row).IsTouchpoint)},
	{"sessions", sessionCell, when(func(r *step.Row) bool { return r.SessionStart })},
	{"stage_entries", cellOf, when((*step.Row).EntersStage)},
	{"first_steps", cellOf, when(func(r *step.Row) bool { return r.FirstEver })},
	{"orders", orderCell, when(isOf(event.Completed))},
	{"first_orders", orderCell, when((*step.Row).IsFirstOrder)},
	{"refund_count", orderCell, when(isOf(event.Refunded))},
	{"cancelled_orders", orderCell, when(isOf(event.Cancelled))},
	{"order_updates", orderCell, when(isOf(event.Updated))},
	{"order_events", orderCell, when(func(r *step.Row) bool { return r.Order != nil })},
	{"activities", cellOf, when((*step.Row).IsActivity)},
	{"page_views", cellOf, when((*step.Row).IsPageView)},
	{"page_sessions", sessionCell, when(func(r *step.Row) bool { return r.SessionPages > 0 })},
	{"bounces", sessionCell, when(func(r *step.Row) bool { return r.SessionPages == 1 })},
	{"session_pages", sessionCell, func(r *step.Row) int64 { return r.SessionPages }},
	{"session_seconds", sessionCell, func(r *step.Row) int64 { return r.SessionSeconds }},
	{"server_touchpoints", cellOf, when((*step.Row).IsOfServer)},
	{"server_orders", orderCell, when(func(r *step.Row) bool { return r.Order != nil && r.Order.IsOfServer() })},
	{"costed_orders", orderCell, when(isCosted)},
}

// costOf is what the goods of an order cost, in its currency, where it says so.
func costOf(r *step.Row) (cost money.Micros, isSaid bool) {
	if r.Order == nil || r.Order.Kind != event.Completed {
		return 0, false
	}
	cost, err := money.Parse(r.Properties.Property("cost"))
	return cost, err == nil && cost >= 0
}

func isCosted(r *step.Row) bool {
	_, isSaid := costOf(r)
	return isSaid
}

// isOf says whether a step is of an order, in one way.
func isOf(kind event.OrderKind) func(*step.Row) bool {
	return func(r *step.Row) bool { return r.Order != nil && r.Order.Kind == kind }
}

// Places of counters: what a touchpoint is counted for by its page, and activities, whose presence makes a person active.
const (
	touchpoints, activities, pageViews, serverTouchpoints = 0, 10, 11, 16
)

func when(holds func(*step.Row) bool) func(*step.Row) int64 {
	return func(r *step.Row) int64 {
		if holds(r) {
			return 1
		}
		return 0
	}
}

// Counts has a place for each counter. What is stored, also by earlier versions, may be shorter, and reads as 0 behind its end.
type Counts [len(counters)]int64

// MarshalJSON leaves out the zeros at the end.
func (c Counts) MarshalJSON() ([]byte, error) { return json.Marshal(trimmed(c[:])) }

// Money is what orders of one currency come to, and what happened to orders.
type Money struct {
	Currency  string    `json:"c"`
	Orders    int64     `json:"o,omitempty"`
	Revenue   money.Sum `json:"r,omitzero"`
	RefundedN int64     `json:"n,omitempty"`
	Refunds   money.Sum `json:"f,omitzero"`
	CancelN   int64     `json:"d,omitempty"`
	Cancelled money.Sum `json:"x,omitzero"`
	UpdateN   int64     `json:"v,omitempty"`
	Updates   money.Sum `json:"u,omitzero"`  // what updates add, which may be less than 0
	ServerN   int64     `json:"s,omitempty"` // of all these, those of orders that a server has told of
	CostedN   int64     `json:"k,omitempty"` // of orders, those that say what their goods cost
	Costed    money.Sum `json:"a,omitzero"`  // what those come to
	Cost      money.Sum `json:"g,omitzero"`  // and what their goods cost
}

// Net is what remains of orders and updates without refunds and cancellations.
func (m Money) Net() money.Sum { return m.Revenue.Plus(m.Updates).Minus(m.Refunds).Minus(m.Cancelled) }

func (m Money) plus(other Money) Money {
	return Money{
		Currency: m.Currency, Orders: m.Orders + other.Orders, Revenue: m.Revenue.Plus(other.Revenue),
		RefundedN: m.RefundedN + other.RefundedN, Refunds: m.Refunds.Plus(other.Refunds),
		CancelN: m.CancelN + other.CancelN, Cancelled: m.Cancelled.Plus(other.Cancelled),
		UpdateN: m.UpdateN + other.UpdateN, Updates: m.Updates.Plus(other.Updates), ServerN: m.ServerN + other.ServerN,
		CostedN: m.CostedN + other.CostedN, Costed: m.Costed.Plus(other.Costed), Cost: m.Cost.Plus(other.Cost),
	}
}

// Entry is what was counted in one cell.
type Entry struct {
	Cell   Cell    `json:"c"`
	Counts Counts  `json:"n"`
	Extras Extras  `json:"x,omitempty"`
	Money  []Money `json:"m,omitempty"` // by currency, sorted
}

// Facts is what one person did in a stretch of time. The zero Facts is nothing.
type Facts struct {
	Entries []Entry `json:"e,omitempty"` // by cell, sorted
	Pages   []Page  `json:"p,omitempty"` // by path, sorted
	Stage   string  `json:"s,omitempty"` // at the end
}

// Of counts the rows of one person, in time order.
func Of(rows []step.Row) Facts {
	var f Facts
	for i := range rows {
		r := &rows[i]
		f.Stage = r.Stage
		for n := range counters {
			if count := counters[n].count(r); count != 0 {
				f.entry(counters[n].cell(r)).Counts[n] += count
			}
		}
		f.signal(r)
		if r.Order != nil {
			f.entry(orderCell(r)).sale(r)
		}
		if r.Page != "" {
			f.page(r.Page).count(r)
		}
	}
	slices.SortFunc(f.Entries, compareEntries)
	return f
}

// entry finds the entry of a cell, or makes one. Persons have few, and it is most often the newest.
func (f *Facts) entry(c Cell) *Entry {
	for i := len(f.Entries) - 1; i >= 0; i-- {
		if f.Entries[i].Cell == c {
			return &f.Entries[i]
		}
	}
	f.Entries = append(f.Entries, Entry{Cell: c})
	return &f.Entries[len(f.Entries)-1]
}

func (e *Entry) sale(r *step.Row) {
	o := r.Order
	sale, amount := Money{Currency: o.Currency}, money.SumOf(o.Amount)
	switch o.Kind {
	case event.Refunded:
		sale.RefundedN, sale.Refunds = 1, amount
	case event.Cancelled:
		sale.CancelN, sale.Cancelled = 1, amount
	case event.Updated:
		sale.UpdateN, sale.Updates = 1, amount
	default:
		sale.Orders, sale.Revenue = 1, amount
		if cost, isSaid := costOf(r); isSaid {
			sale.CostedN, sale.Costed, sale.Cost = 1, amount, money.SumOf(cost)
		}
	}
	if o.IsOfServer() {
		sale.ServerN = 1
	}
	e.Money = addMoney(e.Money, sale)
}

// addMoney adds to sums by currency, sorted; the list given is changed.
func addMoney(sums []Money, m Money) []Money {
	i, found := slices.BinarySearchFunc(sums, m.Currency, func(s Money, currency string) int { return cmp.Compare(s.Currency, currency) })
	if !found {
		sums = slices.Insert(sums, i, Money{Currency: m.Currency})
	}
	sums[i] = sums[i].plus(m)
	return sums
}

func compareEntries(a, b Entry) int { return slices.Compare(a.Cell[:], b.Cell[:]) }

// Merge joins the facts of one person in stretches of time that follow each other, in time order. Nothing given is changed.
func Merge(parts ...Facts) Facts {
	if len(parts) == 1 {
		return parts[0]
	}
	var out Facts
	for _, p := range parts {
		out.Stage = p.Stage
		for i := range p.Entries {
			e := out.entry(p.Entries[i].Cell)
			for n, count := range p.Entries[i].Counts {
				e.Counts[n] += count
			}
			for _, x := range p.Entries[i].Extras {
				e.Extras = e.Extras.add(x.Place, x.N)
			}
			for _, m := range p.Entries[i].Money {
				e.Money = addMoney(e.Money, m)
			}
		}
		for _, page := range p.Pages {
			out.page(page.Path).plus(page)
		}
	}
	slices.SortFunc(out.Entries, compareEntries)
	return out
}

// Equal says whether both hold the same.
func (f Facts) Equal(other Facts) bool {
	return f.Stage == other.Stage && slices.Equal(f.Pages, other.Pages) && slices.EqualFunc(f.Entries, other.Entries, func(a, b Entry) bool {
		return a.Cell == b.Cell && a.Counts == b.Counts && slices.Equal(a.Extras, b.Extras) && slices.Equal(a.Money, b.Money)
	})
}
