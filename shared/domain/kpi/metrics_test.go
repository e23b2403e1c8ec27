package kpi_test

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
)

// rows counts every metric of a window in every dimension.
func (c *recount) rows(start, end event.Millis, home string) map[string]kpi.Row {
	out := map[string]kpi.Row{}
	in := func(at event.Millis) bool { return at >= start && at < end }
	for _, dim := range []kpi.Dimension{"", "channel", "source", "stage", "country"} {
		values := map[string]bool{}
		for i := range c.deeds {
			d := &c.deeds[i]
			values[d.byTouch(dim)], values[d.byOrder(dim)], values[d.bySession(dim)] = true, true, true
		}
		for _, ch := range c.changes {
			values[ch.of(dim)] = true
		}
		for _, person := range c.persons() {
			if dim == "stage" {
				values[c.stageAt(person, end)] = true
			}
		}
		values[""] = dim == ""
		for value, any := range values {
			if any {
				c.valueRows(out, dim, value, in, end, home)
			}
		}
	}
	return out
}

func (c *recount) persons() []event.Identifier {
	var out []event.Identifier
	for _, d := range c.deeds {
		out = append(out, d.person)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stageAt is the stage entered last before an instant.
func (c *recount) stageAt(person event.Identifier, end event.Millis) string {
	at := "unknown"
	for _, ch := range c.changes {
		if ch.person == person && ch.at < end {
			at = ch.stage
		}
	}
	return at
}

// valueRows counts one value of one dimension, and adds the rows that must be there.
func (c *recount) valueRows(out map[string]kpi.Row, dim kpi.Dimension, value string, in func(event.Millis) bool, end event.Millis, home string) {
	add := func(name kpi.Name, unit string, numerator int64, denominator *int64, n int64) {
		if dim != "" && n == 0 && numerator == 0 {
			return
		}
		out[key(name, dim, value, unit)] = kpi.Row{Metric: name, Dimension: dim, Value: value, Unit: unit, Numerator: numerator, Denominator: denominator, N: n}
	}
	count := func(name kpi.Name, unit string, n int64) { add(name, unit, n, nil, n) }

	touches := c.number(func(d *deed) bool { return in(d.at) && d.byTouch(dim) == value })
	active := c.people(func(d *deed) bool { return in(d.at) && d.byTouch(dim) == value }, 1)
	orders := func(d *deed) bool { return in(d.at) && d.isOrder && d.byOrder(dim) == value }
	buyers := c.people(orders, 1)
	count("touchpoints", "count", touches)
	count("active_persons", "persons", active)
	count("new_persons", "persons", c.number(func(d *deed) bool { return in(d.at) && d.isFirst && d.byTouch(dim) == value }))
	count("sessions", "count", c.number(func(d *deed) bool { return in(d.at) && d.beginsSession && d.bySession(dim) == value }))
	count("orders", "count", c.number(orders))
	count("buyers", "persons", buyers)
	count("new_buyers", "persons", c.number(func(d *deed) bool { return in(d.at) && d.isFirstOrder && d.byOrder(dim) == value }))
	add("conversion_rate", "ratio", buyers, &active, active)
	add("repeat_purchase_rate", "ratio", c.people(orders, 2), &buyers, buyers)
	var entries int64
	for _, ch := range c.changes {
		if in(ch.at) && ch.of(dim) == value {
			entries++
		}
	}
	count("stage_entries", "count", entries)
	if dim == "" || dim == "stage" {
		var staying int64
		for _, person := range c.persons() {
			here := dim == "" || c.stageAt(person, end) == value
			if here && c.number(func(d *deed) bool { return in(d.at) && d.person == person }) > 0 {
				staying++
			}
		}
		count("stage_persons", "persons", staying)
	}
	c.moneyRows(out, dim, value, in, home)
}

// moneyRows counts each currency for itself. The whole has rows for the workspace's own currency and for every other one seen in the window.
func (c *recount) moneyRows(out map[string]kpi.Row, dim kpi.Dimension, value string, in func(event.Millis) bool, home string) {
	currencies := map[string]bool{home: dim == ""}
	for _, d := range c.deeds {
		if in(d.at) && (d.isOrder || d.isRefund) {
			currencies[cmp.Or(d.tp.Order.Currency, home)] = true
		}
	}
	for currency, seen := range currencies {
		if !seen {
			continue
		}
		ordered := func(d *deed) bool {
			return in(d.at) && d.isOrder && d.byOrder(dim) == value && cmp.Or(d.tp.Order.Currency, home) == currency
		}
		refunded := func(d *deed) bool {
			return in(d.at) && d.isRefund && d.byOrder(dim) == value && cmp.Or(d.tp.Order.Currency, home) == currency
		}
		orders, refunds, buyers := c.number(ordered), c.number(refunded), c.people(ordered, 1)
		add := func(name kpi.Name, numerator int64, denominator *int64, n int64) {
			if dim == "" || n > 0 {
				out[key(name, dim, value, currency)] = kpi.Row{Metric: name, Dimension: dim, Value: value, Unit: currency, Numerator: numerator, Denominator: denominator, N: n}
			}
		}
		add("revenue", c.amount(ordered), nil, orders)
		add("refunds", c.amount(refunded), nil, refunds)
		add("aov", c.amount(ordered), &orders, orders)
		add("revenue_per_buyer", c.amount(ordered), &buyers, orders)
	}
}

func (c *recount) number(counts func(*deed) bool) (n int64) {
	for i := range c.deeds {
		if d := &c.deeds[i]; counts(d) {
			n++
		}
	}
	return n
}

func (c *recount) amount(counts func(*deed) bool) (sum int64) {
	for i := range c.deeds {
		if d := &c.deeds[i]; counts(d) {
			sum += int64(d.tp.Order.Amount)
		}
	}
	return sum
}

// people counts persons with at least so many deeds.
func (c *recount) people(counts func(*deed) bool, atLeast int) (n int64) {
	times := map[event.Identifier]int{}
	for i := range c.deeds {
		if d := &c.deeds[i]; counts(d) {
			times[d.person]++
		}
	}
	for _, t := range times {
		if t >= atLeast {
			n++
		}
	}
	return n
}

func key(name kpi.Name, dim kpi.Dimension, value, unit string) string {
	return string(name) + "|" + string(dim) + "|" + value + "|" + unit
}
