package kpi_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/stage"
)

// The recount knows nothing of package kpi but its rows. It works on one flat list of what all persons did and counts every metric by going
// through that list from beginning to end, once for each metric, dimension and window, by the words of the definitions.

// deed is one touchpoint of one person, with everything that a definition may ask.
type deed struct {
	person, identifier              event.Identifier
	tp                              event.Touchpoint
	at                              event.Millis
	channel, sessionChannel         string
	source, stage, country          string
	isFirst, beginsSession          bool
	sessionCountry                  string
	isOrder, isRefund, isFirstOrder bool
}

// change is one stage entered by one person.
type change struct {
	person                          event.Identifier
	at                              event.Millis
	stage, channel, source, country string
}

// recount is the flat list.
type recount struct {
	deeds   []deed
	changes []change
}

func (w *world) recount() *recount {
	c := &recount{}
	for person, ids := range w.persons {
		var own []deed
		for _, id := range ids {
			own = append(own, deedsOf(person, id, w.stored[id])...)
		}
		slices.SortFunc(own, func(a, b deed) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.tp.Original, b.tp.Original), cmp.Compare(a.tp.ID, b.tp.ID), cmp.Compare(a.tp.Source, b.tp.Source), cmp.Compare(a.identifier, b.identifier))
		})
		w.countOrders(own)
		nameSessions(own)
		c.deeds = append(c.deeds, own...)
		c.changes = append(c.changes, w.nameStages(own)...)
		for i, d := range own {
			c.deeds[len(c.deeds)-len(own)+i].stage = d.stage
		}
	}
	return c
}

// deedsOf drops repeats: of copies with one source, id and device time the first received; of events without a device time every one that
// was received more than 48 hours after the last that counted.
func deedsOf(person, id event.Identifier, copies []event.Touchpoint) []deed {
	copies = slices.Clone(copies)
	slices.SortFunc(copies, func(a, b event.Touchpoint) int {
		return cmp.Or(cmp.Compare(a.Received, b.Received), strings.Compare(string(a.Bytes()), string(b.Bytes())))
	})
	var out []deed
	for _, tp := range copies {
		repeat := false
		for _, d := range out {
			same := d.tp.Source == tp.Source && d.tp.ID == tp.ID && d.tp.Untimed == tp.Untimed
			if tp.Untimed {
				repeat = repeat || same && tp.Received-d.tp.Received <= 48*60*60*1000
				continue
			}
			repeat = repeat || same && d.tp.Original == tp.Original
		}
		if !repeat {
			out = append(out, deed{person: person, identifier: id, tp: tp, at: tp.Corrected, source: tp.Source, country: cmp.Or(tp.Country, "unknown")})
		}
	}
	keepDeviceOrder(out)
	return out
}

// keepDeviceOrder moves events of a wrong clock that a slow delivery would put before an earlier one of the same clock, by at most 5 minutes.
func keepDeviceOrder(own []deed) {
	slices.SortFunc(own, func(a, b deed) int {
		return cmp.Or(cmp.Compare(a.tp.Original, b.tp.Original), cmp.Compare(a.tp.ID, b.tp.ID), cmp.Compare(a.tp.Source, b.tp.Source))
	})
	type clock struct{ offset, at event.Millis }
	var clocks []clock
next:
	for i, d := range own {
		if !d.tp.Skewed {
			continue
		}
		offset := d.tp.Corrected - d.tp.Original
		for k, c := range clocks {
			if c.offset-offset < 300_000 && offset-c.offset < 300_000 {
				if c.at > d.at && c.at-d.at <= 300_000 {
					own[i].at = c.at
				}
				clocks[k] = clock{offset, own[i].at}
				continue next
			}
		}
		clocks = append(clocks, clock{offset, d.at})
	}
}

// countOrders finds which deeds are orders and refunds: of all copies in the workspace with one id the earliest, by time, message and source.
func (w *world) countOrders(own []deed) {
	for i := range own {
		mine := own[i].tp.Order
		if mine == nil {
			continue
		}
		wins := true
		for id, copies := range w.stored {
			for _, other := range copies {
				if other.Order == nil || other.Order.ID != mine.ID || other.Order.Refund != mine.Refund {
					continue
				}
				wins = wins && cmp.Or(
					cmp.Compare(own[i].tp.Original, other.Original), cmp.Compare(own[i].tp.ID, other.ID), cmp.Compare(own[i].tp.Source, other.Source),
					cmp.Compare(own[i].identifier, id),
				) <= 0
			}
		}
		own[i].isOrder, own[i].isRefund = wins && !mine.Refund, wins && mine.Refund
	}
	for i := range own {
		if own[i].isOrder {
			own[i].isFirstOrder = true
			return
		}
	}
}

func nameSessions(own []deed) {
	for first := 0; first < len(own); {
		last := first
		for last+1 < len(own) && own[last+1].at-own[last].at <= event.Millis(30*time.Minute/time.Millisecond) {
			last++
		}
		channel, country := "", ""
		for _, d := range own[first : last+1] {
			channel, country = cmp.Or(channel, d.tp.Sign), cmp.Or(country, d.tp.Country)
		}
		for i := first; i <= last; i++ {
			own[i].sessionChannel = cmp.Or(channel, "direct")
			own[i].sessionCountry = cmp.Or(country, "unknown")
			own[i].channel = cmp.Or(own[i].tp.Sign, own[i].sessionChannel)
		}
		own[first].beginsSession = true
		first = last + 1
	}
	if len(own) > 0 {
		own[0].isFirst = true
	}
}

// nameStages asks the stage model, which has tests of its own, and finds the deed that made each change.
func (w *world) nameStages(own []deed) []change {
	var touches []stage.Touch
	for _, d := range own {
		touches = append(touches, stage.Touch{At: d.at, Touchpoint: d.tp, Channel: d.channel, NewOrder: d.isOrder})
	}
	history := w.model.Walk(touches, w.now)
	var out []change
	next := 0
	for _, v := range history.Visits {
		c := change{at: v.Entered, stage: string(v.Stage), channel: "unknown", source: "unknown", country: "unknown"}
		if len(own) > 0 {
			c.person = own[0].person
		}
		for i := next; v.Cause.Event != "" && i < len(own); i++ {
			if own[i].at == v.Entered && own[i].tp.ID == v.Cause.Event && own[i].tp.Source == v.Cause.Source && history.After[i] == v.Stage {
				c.channel, c.source, c.country, next = own[i].channel, own[i].source, own[i].country, i+1
				break
			}
		}
		out = append(out, c)
	}
	for i := range own {
		own[i].stage = cmp.Or(string(history.After[i]), "unknown")
	}
	return out
}

// byTouch gives a deed's value in a dimension by its own channel, byOrder by its session's.
func (d *deed) byTouch(dim kpi.Dimension) string { return d.of(dim, d.channel, d.country) }
func (d *deed) byOrder(dim kpi.Dimension) string { return d.of(dim, d.sessionChannel, d.country) }
func (d *deed) bySession(dim kpi.Dimension) string {
	return d.of(dim, d.sessionChannel, d.sessionCountry)
}

func (d *deed) of(dim kpi.Dimension, channel, country string) string {
	return valueIn(dim, channel, d.source, d.stage, country)
}

func (c change) of(dim kpi.Dimension) string {
	return valueIn(dim, c.channel, c.source, c.stage, c.country)
}

func valueIn(dim kpi.Dimension, channel, source, stage, country string) string {
	switch dim {
	case "channel":
		return channel
	case "source":
		return source
	case "stage":
		return stage
	case "country":
		return country
	}
	return ""
}
