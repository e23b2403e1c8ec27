package series

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Span is a stretch of time, [Start, End).
type Span struct{ Start, End event.Millis }

// SpanOf is a window as a span.
func SpanOf(w period.Window) Span { return Span{event.At(w.Start), event.At(w.End)} }

// Asked is what to count. All sets are counted in one pass over the lives.
type Asked struct {
	Sets [][]Span // of each set the spans are in time order and do not overlap
	By   analysis.Breakdown
}

// Columns are those that Count reads.
func (a Asked) Columns() step.Columns {
	out := step.ColumnsOf(step.Session, step.SessionStart, step.SessionPages, step.FirstEver, step.OrderMoney, step.Stage, step.StageBefore) | a.By.Columns()
	if !a.By.IsZero() {
		out = out.With(step.OrderOrigin, step.SessionChannel, step.SessionCampaign, step.SessionCountry)
	}
	return out
}

// Counted is what happened in a span. A person is counted once in the whole, and once in each value that they have, so that persons of values may be
// more than those of the whole.
type Counted struct {
	Whole Tally
	By    map[string]*Tally // nil without a breakdown
}

// Tally is numbers that metrics are made of.
type Tally struct {
	counts [counters]int64
	sums   []sums // by currency, sorted
}

type sums struct {
	currency     string
	revenue, net money.Sum
}

func (t *Tally) money(currency string) sums {
	for _, s := range t.sums {
		if s.currency == currency {
			return s
		}
	}
	return sums{}
}

// Currencies lists those in which something was counted.
func (t *Tally) Currencies() []string {
	out := make([]string, len(t.sums))
	for i, s := range t.sums {
		out[i] = s.currency
	}
	return out
}

// Minus is t − other, number by number.
func (t *Tally) Minus(other *Tally) Tally {
	out := Tally{counts: t.counts}
	for _, s := range t.sums {
		out.pay(s)
	}
	for i, n := range other.counts {
		out.counts[i] -= n
	}
	for _, s := range other.sums {
		out.pay(sums{s.currency, money.Sum{}.Minus(s.revenue), money.Sum{}.Minus(s.net)})
	}
	return out
}

// Add puts other to t.
func (t *Tally) Add(other *Tally) {
	for i, n := range other.counts {
		t.counts[i] += n
	}
	for _, s := range other.sums {
		t.pay(s)
	}
}

func (t *Tally) pay(s sums) {
	i, found := slices.BinarySearchFunc(t.sums, s.currency, func(a sums, currency string) int { return cmp.Compare(a.currency, currency) })
	if !found {
		t.sums = slices.Insert(t.sums, i, sums{currency: s.currency})
	}
	t.sums[i].revenue, t.sums[i].net = t.sums[i].revenue.Plus(s.revenue), t.sums[i].net.Plus(s.net)
}

// Count counts what was asked: of each set, for each of its spans.
func Count(lives analysis.Lives, asked Asked) [][]Counted {
	begin := func() *counting {
		c := &counting{asked: asked, sets: make([][]Counted, len(asked.Sets))}
		for i, spans := range asked.Sets {
			c.sets[i] = make([]Counted, len(spans))
			for j := range spans {
				if !asked.By.IsZero() {
					c.sets[i][j].By = map[string]*Tally{}
				}
			}
		}
		return c
	}
	return analysis.Fold(lives, begin, (*counting).life, (*counting).join).sets
}

type counting struct {
	asked  Asked
	sets   [][]Counted
	values []valued // of one person in one span; kept for its room
}

type valued struct {
	value  string
	counts [counters]int64
}

func (c *counting) join(part *counting) {
	for i := range part.sets {
		for j := range part.sets[i] {
			to, from := &c.sets[i][j], &part.sets[i][j]
			to.Whole.Add(&from.Whole)
			for value, tally := range from.By {
				of(to.By, value).Add(tally)
			}
		}
	}
}

func of(by map[string]*Tally, value string) *Tally {
	t := by[value]
	if t == nil {
		t = &Tally{}
		by[value] = t
	}
	return t
}

// life adds one person.
func (c *counting) life(life []step.Row) {
	for i, spans := range c.asked.Sets {
		for j, at := 0, 0; j < len(spans) && at < len(life); j++ {
			for at < len(life) && life[at].At < spans[j].Start {
				at++
			}
			from := at
			for at < len(life) && life[at].At < spans[j].End {
				at++
			}
			if at > from {
				c.span(&c.sets[i][j], life[from:at])
			}
		}
	}
}

// span adds what one person did in one span.
func (c *counting) span(to *Counted, rows []step.Row) {
	var whole [counters]int64
	c.values = c.values[:0]
	for i := range rows {
		r := &rows[i]
		own := countsOf(r)
		for n, count := range own.counts() {
			whole[n] += count
		}
		if r.Order != nil {
			to.Whole.pay(paid(r.Order))
		}
		if to.By != nil {
			c.parts(to, r, own)
		}
	}
	addPerson(&to.Whole, whole)
	for _, v := range c.values {
		addPerson(of(to.By, v.value), v.counts)
	}
}

// addPerson adds a person's counts, and the person once to each count of persons.
func addPerson(t *Tally, counts [counters]int64) {
	for _, persons := range []counter{activePersons, buyers} {
		counts[persons] = min(counts[persons], 1)
	}
	for n, count := range counts {
		t.counts[n] += count
	}
}

// counted is what a row is counted for: at its own value, its session's and its order's.
type counted struct{ own, session, order [counters]int64 }

func countsOf(r *step.Row) (c counted) {
	c.own[touchpoints] = one(r.IsTouchpoint())
	c.own[newPersons] = one(r.FirstEver)
	c.own[stageEntries] = one(r.EntersStage())
	c.own[pageViews] = one(r.IsPageView())
	c.own[activePersons] = one(r.IsActivity())
	if r.SessionStart {
		c.session[sessions] = 1
		c.session[pageSessions], c.session[bounces] = one(r.SessionPages > 0), one(r.SessionPages == 1)
	}
	if r.Order != nil && r.Order.Kind == event.Completed {
		c.order[orders], c.order[buyers] = 1, 1
	}
	return c
}

func (c *counted) counts() (out [counters]int64) {
	for n := range out {
		out[n] = c.own[n] + c.session[n] + c.order[n]
	}
	return out
}

func one(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}

func paid(o *step.Order) sums {
	s := sums{currency: o.Currency, net: money.SumOf(o.Net())}
	if o.Kind == event.Completed {
		s.revenue = money.SumOf(o.Amount)
	}
	return s
}

// parts adds a row to the values that it has.
func (c *counting) parts(to *Counted, r *step.Row, counts counted) {
	c.add(c.asked.By.Of(r), counts.own)
	if r.SessionStart {
		c.add(SessionValue(c.asked.By, r), counts.session)
	}
	if r.Order != nil {
		value := OrderValue(c.asked.By, r)
		c.add(value, counts.order)
		of(to.By, value).pay(paid(r.Order))
	}
}

func (c *counting) add(value string, counts [counters]int64) {
	i := slices.IndexFunc(c.values, func(v valued) bool { return v.value == value })
	if i < 0 {
		i = len(c.values)
		c.values = append(c.values, valued{value: value})
	}
	for n, count := range counts {
		c.values[i].counts[n] += count
	}
}

// SessionValue is the value that a session is counted by, as KPIs count it, at its first step.
func SessionValue(by analysis.Breakdown, r *step.Row) string {
	switch by.Name {
	case "channel":
		return cmp.Or(r.SessionChannel, analysis.Unknown)
	case "campaign":
		return cmp.Or(r.SessionCampaign, analysis.Unknown)
	case "country":
		return cmp.Or(r.SessionCountry, analysis.Unknown)
	}
	return by.Of(r)
}

// OrderValue is the value that an order is counted by, as KPIs count it: that of its origin.
func OrderValue(by analysis.Breakdown, r *step.Row) string {
	o := &r.Order.Origin
	said := ""
	switch by.Name {
	case "channel":
		said = o.Channel
	case "campaign":
		said = o.Campaign
	case "landing_page":
		said = o.LandingPage
	case "referrer_host":
		said = o.ReferrerHost
	case "source":
		said = o.Source
	case "grade":
		said = o.Grade
	case "country":
		said = o.Country
	case "device":
		said = o.Device
	case "browser":
		said = o.Browser
	case "os":
		said = o.OS
	case "stage":
		said = o.Stage
	case "visitor":
		said = o.Visitor
	default:
		return by.Of(r)
	}
	return cmp.Or(said, analysis.Unknown)
}

// Values lists the values of a breakdown in some of what was counted, sorted.
func Values(counted ...Counted) []string {
	all := map[string]bool{}
	for _, c := range counted {
		for value := range c.By {
			all[value] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
