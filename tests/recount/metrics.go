package recount

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/wide"
)

// metric is a formula of docs/kpi.md over measures: numerator, or numerator ÷ denominator, resting on n.
type metric struct {
	name                      kpi.Name
	unit                      kpi.Unit
	numerator, denominator, n number // denominator is nothing where there is none
	onlyByStage, byPage       bool
	interval                  kpi.Method
	whereCounted              bool // no row of nothing for the whole either
	everyRow                  bool
}

// nothing is no measure.
const nothing = measures

// metrics are all of docs/kpi.md, in the order of rows.
var metrics = [...]metric{
	{name: "touchpoints", unit: kpi.UnitCount, numerator: touchpoints, denominator: nothing, n: touchpoints, byPage: true},
	{name: "active_persons", unit: kpi.UnitPersons, numerator: activePersons, denominator: nothing, n: activePersons, byPage: true},
	{name: "new_persons", unit: kpi.UnitPersons, numerator: firstSteps, denominator: nothing, n: firstSteps},
	{name: "sessions", unit: kpi.UnitCount, numerator: sessionsBegun, denominator: nothing, n: sessionsBegun},
	{name: "stage_entries", unit: kpi.UnitCount, numerator: stageEntries, denominator: nothing, n: stageEntries},
	{
		name: "stage_persons", unit: kpi.UnitPersons, onlyByStage: true,
		numerator: stayingPersons, denominator: nothing, n: stayingPersons,
	},
	{name: "orders", unit: kpi.UnitCount, numerator: orders, denominator: nothing, n: orders},
	{name: "revenue", unit: kpi.UnitCurrency, numerator: revenue, denominator: nothing, n: pricedOrders},
	{name: "refunds", unit: kpi.UnitCurrency, numerator: refunds, denominator: nothing, n: refundCount},
	{name: "cancellations", unit: kpi.UnitCurrency, numerator: cancellations, denominator: nothing, n: cancelledOrders},
	{name: "order_updates", unit: kpi.UnitCurrency, numerator: orderUpdates, denominator: nothing, n: updatedOrders},
	{name: "net_revenue", unit: kpi.UnitCurrency, numerator: netRevenue, denominator: nothing, n: orderEvents},
	{name: "buyers", unit: kpi.UnitPersons, numerator: buyers, denominator: nothing, n: buyers},
	{name: "new_buyers", unit: kpi.UnitPersons, numerator: firstOrders, denominator: nothing, n: firstOrders},
	{name: "aov", unit: kpi.UnitCurrency, numerator: revenue, denominator: pricedOrders, n: pricedOrders, interval: "delta"},
	{name: "revenue_per_buyer", unit: kpi.UnitCurrency, numerator: revenue, denominator: payingBuyers, n: pricedOrders, interval: "delta"},
	{name: "conversion_rate", unit: kpi.UnitRatio, numerator: buyers, denominator: activePersons, n: activePersons, interval: "wilson"},
	{name: "repeat_purchase_rate", unit: kpi.UnitRatio, numerator: repeatBuyers, denominator: buyers, n: buyers, interval: "wilson"},
	{name: "page_views", unit: kpi.UnitCount, numerator: pageViews, denominator: nothing, n: pageViews, byPage: true},
	{name: "bounce_rate", unit: kpi.UnitRatio, numerator: bounces, denominator: pageSessions, n: pageSessions, interval: "delta"},
	{name: "pages_per_session", unit: kpi.UnitRatio, numerator: sessionPages, denominator: pageSessions, n: pageSessions, interval: "delta"},
	{name: "session_duration", unit: kpi.UnitSeconds, numerator: sessionSeconds, denominator: sessionsBegun, n: sessionsBegun, interval: "delta"},
	{
		name: "purchase_frequency", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: orders, denominator: buyers, n: buyers,
	},
	{
		name: "net_aov", unit: kpi.UnitCurrency, whereCounted: true, interval: "delta",
		numerator: netRevenue, denominator: pricedOrders, n: orderEvents,
	},
	{
		name: "net_revenue_per_buyer", unit: kpi.UnitCurrency, whereCounted: true, interval: "delta",
		numerator: netRevenue, denominator: payingBuyers, n: orderEvents,
	},
	{
		name: "revenue_per_person", unit: kpi.UnitCurrency, whereCounted: true, interval: "delta",
		numerator: revenue, denominator: activePersons, n: pricedOrders,
	},
	{
		name: "refund_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: refundsMade, denominator: orders, n: orders,
	},
	{
		name: "margin", unit: kpi.UnitCurrency, whereCounted: true,
		numerator: margin, denominator: nothing, n: costedOrders,
	},
	{
		name: "margin_per_order", unit: kpi.UnitCurrency, whereCounted: true, interval: "delta",
		numerator: margin, denominator: costedOrders, n: costedOrders,
	},
	{
		name: "ad_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("ad_clicks"), denominator: signal("ad_views"), n: signal("ad_views"),
	},
	{
		name: "promotion_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("promotion_clicks"), denominator: signal("promotion_views"), n: signal("promotion_views"),
	},
	{
		name: "cta_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("cta_clicks"), denominator: signal("cta_views"), n: signal("cta_views"),
	},
	{
		name: "offer_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("offer_clicks"), denominator: signal("offer_views"), n: signal("offer_views"),
	},
	{
		name: "list_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("list_clicks"), denominator: signal("list_views"), n: signal("list_views"),
	},
	{
		name: "engagement_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("engaged_touchpoints"), denominator: touchpoints, n: touchpoints,
	},
	{
		name: "stage_conversion", unit: kpi.UnitRatio, whereCounted: true, interval: "delta", onlyByStage: true,
		numerator: signal("stage_advances"), denominator: stageEntries, n: stageEntries,
	},
	{
		name: "email_delivered", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_delivered"), denominator: nothing, n: signal("email_delivered"),
	},
	{
		name: "email_opened", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_opened"), denominator: nothing, n: signal("email_opened"),
	},
	{
		name: "email_machine_opens", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_machine_opens"), denominator: nothing, n: signal("email_machine_opens"),
	},
	{
		name: "email_clicked", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_clicked"), denominator: nothing, n: signal("email_clicked"),
	},
	{
		name: "email_bounced", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_bounced"), denominator: nothing, n: signal("email_bounced"),
	},
	{
		name: "email_spam", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("email_spam"), denominator: nothing, n: signal("email_spam"),
	},
	{
		name: "unsubscribed", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("unsubscribed"), denominator: nothing, n: signal("unsubscribed"),
	},
	{
		name: "email_open_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("email_openers"), denominator: signal("email_reached"), n: signal("email_reached"),
	},
	{
		name: "email_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("email_clickers"), denominator: signal("email_reached"), n: signal("email_reached"),
	},
	{
		name: "email_bounce_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("email_bounced"), denominator: signal("email_attempts"), n: signal("email_attempts"),
	},
	{
		name: "unsubscribe_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("unsubscribers"), denominator: signal("email_reached"), n: signal("email_reached"),
	},
	{
		name: "sms_delivered", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("sms_delivered"), denominator: nothing, n: signal("sms_delivered"),
	},
	{
		name: "sms_click_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("sms_clickers"), denominator: signal("sms_reached"), n: signal("sms_reached"),
	},
	{
		name: "sms_failure_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("sms_failed"), denominator: signal("sms_attempts"), n: signal("sms_attempts"),
	},
	{
		name: "push_received", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("push_received"), denominator: nothing, n: signal("push_received"),
	},
	{
		name: "push_tap_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("push_tappers"), denominator: signal("push_reached"), n: signal("push_reached"),
	},
	{
		name: "push_bounce_rate", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("push_bounced"), denominator: signal("push_attempts"), n: signal("push_attempts"),
	},
	{
		name: "nps", unit: kpi.UnitPoints, whereCounted: true, interval: "score",
		numerator: signal("nps_balance"), denominator: signal("nps_answers"), n: signal("nps_answers"),
	},
	{
		name: "csat", unit: kpi.UnitRatio, whereCounted: true, interval: "wilson",
		numerator: signal("csat_satisfied"), denominator: signal("csat_answers"), n: signal("csat_answers"),
	},
	{
		name: "ces", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("ces_scores"), denominator: signal("ces_answers"), n: signal("ces_answers"),
	},
	{
		name: "referrals", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("referrals"), denominator: nothing, n: signal("referrals"),
	},
	{
		name: "referrals_per_person", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("referrals"), denominator: activePersons, n: signal("referrals"),
	},
	{
		name: "reviews", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("reviews"), denominator: nothing, n: signal("reviews"),
	},
	{
		name: "reviews_per_person", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("reviews"), denominator: activePersons, n: signal("reviews"),
	},
	{
		name: "shares", unit: kpi.UnitCount, whereCounted: true,
		numerator: signal("shares"), denominator: nothing, n: signal("shares"),
	},
	{
		name: "shares_per_person", unit: kpi.UnitRatio, whereCounted: true, interval: "delta",
		numerator: signal("shares"), denominator: activePersons, n: signal("shares"),
	},
}

// Bare gives rows without their intervals, which are made of the numbers that Differs compares, and have an oracle of their own.
func Bare(rows []kpi.Row) []kpi.Row {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Interval = kpi.Interval{}
	}
	return out
}

// most is how many values of a dimension a window shows one by one. What is beyond no test here reaches.
const most = 500

// Rows gives everything counted, in the order of the system's rows: by dimension, metric, value and currency. The whole
// has a row of every metric, zero or not, the parts where something was counted.
func (c *Counted) Rows() []kpi.Row {
	groups := slices.SortedFunc(maps.Keys(c.groups), compareGroups)
	for _, g := range []group{{}, {currency: c.in.Currency}} { // the whole has rows of these in any case
		if at, found := slices.BinarySearchFunc(groups, g, compareGroups); !found {
			groups = slices.Insert(groups, at, g)
		}
	}
	var rows []kpi.Row
	for len(groups) > 0 {
		n, values := 0, 0
		for n < len(groups) && groups[n].dimension == groups[0].dimension {
			if n == 0 || groups[n].value != groups[n-1].value {
				values++
			}
			n++
		}
		if values > most {
			panic("recount: so many values of a dimension are not shown one by one")
		}
		for i := range metrics {
			m, by := &metrics[i], groups[0].dimension
			if (!m.onlyByStage || by == whole || by == byStage) && (m.byPage || by != byPage) {
				rows = m.appendRows(rows, c.groups, groups[:n])
			}
		}
		groups = groups[n:]
	}
	return rows
}

func compareGroups(a, b group) int {
	if a.dimension != b.dimension {
		return a.dimension - b.dimension
	}
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.currency, b.currency))
}

// appendRows adds the rows of a metric for the groups of one dimension.
func (m *metric) appendRows(rows []kpi.Row, tallies map[group]*tally, groups []group) []kpi.Row {
	isMoney := m.unit == kpi.UnitCurrency
	for _, g := range groups {
		if (g.currency != "") != isMoney {
			continue
		}
		t := cmp.Or(tallies[g], &tally{})
		row := kpi.Row{
			Metric: m.name, Dimension: dimensions[g.dimension], Value: g.value,
			Unit: cmp.Or(g.currency, string(m.unit)), Numerator: wide.Of(t[m.numerator]), N: t[m.n],
		}
		if m.denominator != nothing {
			of := t
			if m.denominator == activePersons {
				of = cmp.Or(tallies[group{g.dimension, g.value, ""}], &tally{})
			}
			row.Denominator = new(of[m.denominator])
		}
		if m.everyRow || g.dimension == whole && !m.whereCounted || row.N > 0 || t[m.numerator] != 0 && !isMoney {
			rows = append(rows, row)
		}
	}
	return rows
}
