package recount

import (
	"cmp"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
)

// unknown stands for a dimension that an event says nothing of.
const unknown = "unknown"

// number is a measure, as a place in tallies.
type number int

// The measures.
const (
	touchpoints number = iota
	activePersons
	firstSteps
	sessionsBegun
	stageEntries
	stayingPersons
	orders
	buyers
	repeatBuyers
	firstOrders
	revenue
	refunds
	pricedOrders
	payingBuyers
	refundCount
	netRevenue
	cancellations
	cancelledOrders
	orderUpdates
	updatedOrders
	orderEvents
	pageViews
	pageSessions
	bounces
	sessionPages
	sessionSeconds
	serverTouchpoints
	serverOrders
	refundsMade
	costedOrders
	costedRevenue
	costOfGoods
	margin
	activities
	later
	firstSignal
	firstProduct = firstSignal + number(len(signalNames))
	measures     = firstProduct + 80 // more than there are
)

// names are the ids of the measures; activities are none, but what makes persons active. "later" is the one that the simulator's newer release adds: persons who begin two
// sessions.
var names = func() [measures]measure.Name {
	out := [measures]measure.Name{
		"touchpoints", "persons_active", "first_steps", "sessions", "stage_entries", "persons_staying",
		"orders", "buyers", "repeat_buyers", "first_orders",
		"revenue", "refunds", "priced_orders", "paying_buyers", "refund_count",
		"net_revenue", "cancellations", "cancelled_orders", "order_updates", "updated_orders", "order_events",
		"page_views", "page_sessions", "bounces", "session_pages", "session_seconds", "server_touchpoints", "server_orders",
		"refunds_made", "costed_orders", "costed_revenue", "cost_of_goods", "margin", "", "later",
	}
	copy(out[firstSignal:], signalNames[:])
	for i, p := range products {
		out[firstProduct+number(i)] = p.name
	}
	return out
}()

// dimensions are the places in groups; the first is the whole.
var dimensions = [...]measure.Dimension{
	"", "channel", "source", "stage", "country", "campaign", "device", "visitor",
	"first_channel", "first_month", "order_month", "landing_page", "referrer_host", "browser", "os", "grade", "page",
}

const (
	whole   = 0
	byStage = 3
	byPage  = len(dimensions) - 1
)

// kind is what is counted at a row: its touchpoint or stage entry, the session that it begins, or its order or refund.
type kind int

const (
	ofTouchpoint kind = iota
	ofSession
	ofOrder
	kinds
)

// place is what a row says of each dimension, by the table in docs/kpi.md.
type place [len(dimensions)]string

func placeOf(r *step.Row, k kind) place {
	p := place{
		"", r.Channel, r.Source, r.Stage, r.Country, r.Campaign, r.Device, r.Visitor,
		r.FirstChannel, r.FirstMonth, r.OrderMonth, r.LandingPage, r.Referrer.Host, r.Browser, r.OS, r.Grade, r.Page,
	}
	const channel, country, campaign = 1, 4, 5
	if k != ofTouchpoint {
		p[channel], p[campaign] = r.SessionChannel, r.SessionCampaign
	}
	if k == ofSession {
		p[country] = r.SessionCountry
	}
	return p.known()
}

// known has a word for what is not known.
func (p place) known() place {
	for d := range p[1:] {
		p[d+1] = cmp.Or(p[d+1], unknown)
	}
	return p
}

// group is one value of one dimension, in one currency; "" for what has none.
type group struct {
	dimension       int
	value, currency string
}

// tally has a number for each measure.
type tally [measures]int64

// Counted is what a window comes to.
type Counted struct {
	in     In
	groups map[group]*tally
}

func newCounted(in In) *Counted { return &Counted{in, map[group]*tally{}} }

func at(groups map[group]*tally, g group) *tally {
	found, ok := groups[g]
	if !ok {
		found = &tally{}
		groups[g] = found
	}
	return found
}

// person is one life while it is counted.
type person struct {
	life *Life
	did  map[[2]int]map[group]*tally // by a range of rows: windows of several grains hold the same
}

func newPerson(life *Life) person { return person{life, map[[2]int]map[group]*tally{}} }

// add counts what a person did in rows from to to, in a window with that end. The same person is added once.
func (c *Counted) add(p person, from, to int, end event.Millis) {
	rows := [2]int{from, to}
	mine, known := p.did[rows]
	if !known {
		mine = map[group]*tally{}
		for i := from; i < to; i++ {
			count(mine, &p.life.Rows[i])
		}
		for _, t := range mine {
			t.persons(c.in.Later)
		}
		multiply(mine)
		p.did[rows] = mine
	}
	for g, t := range mine {
		sum := at(c.groups, g)
		for n := range t {
			sum[n] += t[n]
		}
	}
	if all := mine[group{}]; all == nil || all[activities] == 0 {
		return
	}
	at(c.groups, group{})[stayingPersons]++
	at(c.groups, group{dimension: byStage, value: p.stageBefore(end)})[stayingPersons]++
}

// stageBefore is the stage in which the person is at the end of a window.
func (p person) stageBefore(end event.Millis) string {
	last := unknown
	for _, v := range p.life.Stages.Visits {
		if v.Entered < end {
			last = string(v.Stage)
		}
	}
	return last
}

// count counts one row in each dimension; what concerns an order counts where the order does.
func count(mine map[group]*tally, r *step.Row) {
	var places [kinds]place
	for k := range kinds {
		places[k] = placeOf(r, k)
	}
	if o := r.Order; o != nil {
		places[ofOrder] = place{
			"", o.Channel, o.Origin.Source, o.Stage, o.Country, o.Campaign, o.Device, o.Visitor, r.FirstChannel, r.FirstMonth, r.OrderMonth,
			o.LandingPage, o.ReferrerHost, o.Browser, o.OS, o.Origin.Grade, "",
		}.known()
	}
	said := signalsOf(r)
	for d := range dimensions {
		add := func(k kind, n number, currency string, by int64) {
			at(mine, group{d, places[k][d], currency})[n] += by
		}
		once := func(k kind, n number, holds bool) {
			if holds {
				add(k, n, "", 1)
			}
		}
		once(ofTouchpoint, touchpoints, r.Type != "")
		once(ofTouchpoint, activities, r.Session > 0)
		once(ofTouchpoint, pageViews, r.Type == "page" || r.Type == "screen")
		once(ofTouchpoint, serverTouchpoints, r.Type != "" && r.Grade == "server")
		if d == byPage {
			continue // a page is of touchpoints, and of nothing else
		}
		for name, times := range said {
			p := places[ofTouchpoint][d]
			if d == byStage && name == "stage_advances" {
				p = r.StageBefore
			}
			at(mine, group{d, p, ""})[signal(name)] += times
		}
		once(ofTouchpoint, firstSteps, r.FirstEver)
		once(ofTouchpoint, stageEntries, r.Stage != r.StageBefore)
		once(ofSession, sessionsBegun, r.SessionStart)
		once(ofSession, pageSessions, r.SessionPages > 0)
		once(ofSession, bounces, r.SessionPages == 1)
		if r.SessionStart {
			add(ofSession, sessionPages, "", r.SessionPages)
			add(ofSession, sessionSeconds, "", r.SessionSeconds)
		}
		if r.Order != nil {
			add(ofOrder, orderEvents, r.Order.Currency, 1)
			if r.Order.Origin.Grade == "server" {
				add(ofOrder, serverOrders, r.Order.Currency, 1)
			}
		}
		switch o := r.Order; {
		case o == nil:
		case o.Kind == "refunded":
			add(ofOrder, refundCount, o.Currency, 1)
			once(ofOrder, refundsMade, true)
			add(ofOrder, refunds, o.Currency, int64(o.Amount))
			add(ofOrder, netRevenue, o.Currency, -int64(o.Amount))
		case o.Kind == "cancelled":
			add(ofOrder, cancelledOrders, o.Currency, 1)
			add(ofOrder, cancellations, o.Currency, int64(o.Amount))
			add(ofOrder, netRevenue, o.Currency, -int64(o.Amount))
		case o.Kind == "updated":
			add(ofOrder, updatedOrders, o.Currency, 1)
			add(ofOrder, orderUpdates, o.Currency, int64(o.Amount))
			add(ofOrder, netRevenue, o.Currency, int64(o.Amount))
		default:
			once(ofOrder, orders, true)
			once(ofOrder, firstOrders, o.Number == 1)
			add(ofOrder, pricedOrders, o.Currency, 1)
			add(ofOrder, revenue, o.Currency, int64(o.Amount))
			for n, amount := range costsOf(r) {
				add(ofOrder, n, o.Currency, amount)
			}
			add(ofOrder, netRevenue, o.Currency, int64(o.Amount))
		}
	}
}

// persons fills in the measures that count a person once, of what the person did.
func (t *tally) persons(hasLater bool) {
	once := func(n number, holds bool) {
		if holds {
			t[n] = 1
		}
	}
	once(activePersons, t[activities] > 0)
	once(buyers, t[orders] > 0)
	once(repeatBuyers, t[orders] > 1)
	once(payingBuyers, t[pricedOrders] > 0)
	for i, name := range signalNames {
		if of, isOfPersons := personsOf[name]; isOfPersons {
			once(firstSignal+number(i), t[signal(of)] > 0)
		}
	}
	once(later, hasLater && t[sessionsBegun] > 1)
}

// Differs compares what is counted here with totals of the system, in every measure and every group; "" when they are
// the same. A nil Counted is a window in which nothing is counted. A measure that the totals do not have counts as 0
// there.
func (c *Counted) Differs(totals measure.Totals) string {
	mine, theirs := make([]int, len(totals.Names)), make([]int, len(names)) // where the other has the same measure; -1 for nowhere
	for i, name := range totals.Names {
		mine[i] = slices.Index(names[:], name)
		if mine[i] < 0 {
			return fmt.Sprintf("there is a measure %s, which the recount does not know", name)
		}
	}
	for n, name := range names {
		theirs[n] = slices.Index(totals.Names, name)
	}
	var all map[group]*tally
	if c != nil {
		all = c.groups
	}
	none := &tally{}
	for key, numbers := range totals.Groups {
		want, found := all[group{slices.Index(dimensions[:], key.Dimension), key.Value, key.Currency}]
		if !found {
			want = none
		}
		for i, name := range totals.Names {
			if n := want[mine[i]]; wide.Of(n) != numberAt(numbers, i) {
				return fmt.Sprintf("%s of %+v is %s, the recount says %d", name, key, numberAt(numbers, i), n)
			}
		}
	}
	for g, want := range all {
		key := measure.Key{Dimension: dimensions[g.dimension], Value: g.value, Currency: g.currency}
		got := totals.Groups[key]
		for n, name := range names {
			if name == "" {
				continue
			}
			if want[n] != 0 && (theirs[n] < 0 || numberAt(got, theirs[n]) != wide.Of(want[n])) {
				return fmt.Sprintf("%s of %+v is not %d, as the recount says", name, key, want[n])
			}
		}
	}
	return ""
}

// numberAt is a number of a group, which ends where all that follow are 0.
func numberAt(group []wide.Int, place int) wide.Int {
	if place >= len(group) {
		return wide.Int{}
	}
	return group[place]
}
