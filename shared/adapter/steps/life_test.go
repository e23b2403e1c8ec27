package steps_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// life makes up the steps of a person from January to June 2026: sessions with channels, orders and refunds, stages,
// and lapses by silence.
type life struct {
	random *rand.Rand
	person event.Identifier
	at     event.Millis
	rows   []step.Row

	session         int
	channel, start  string
	campaign, stage string
	country         string
	orders          int
	orderMonth      string

	more    *rand.Rand // of what came later, so that the rest stays
	landing string
	from    channel.Outside
	browser [2]string
}

const lapseAfter = 45 * 24 * time.Hour

func lifeOf(random *rand.Rand, n int) []step.Row {
	l := &life{random: random, person: event.Identifier(fmt.Sprintf("user:%03d", n)), country: l0(random, "DE", "AT", "FR", "")}
	l.more = rand.New(rand.NewPCG(12, uint64(n)))
	l.browser = [][2]string{{"Chrome", "Android"}, {"Safari", "iOS"}, {"Firefox", "Windows"}}[n%3]
	l.at = event.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Add(time.Duration(random.IntN(85*24*60*60*1000)) * time.Millisecond)
	for range 1 + random.IntN(6) {
		l.visit()
		l.at = l.at.Add(time.Hour + time.Duration(random.IntN(40*24*60))*time.Minute)
	}
	l.lapse(event.At(time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)))
	return l.rows
}

func l0(random *rand.Rand, texts ...string) string { return texts[random.IntN(len(texts))] }

// visit is one session.
func (l *life) visit() {
	l.lapse(l.at)
	l.session++
	l.channel = l0(l.random, "direct", "email", "paid_search", "social")
	l.campaign = l0(l.random, "", "", "spring")
	if l.session == 1 {
		l.start = l.channel
	}
	l.landing, l.from = l0(l.more, "/", "/p/:id", "/blog/2026", "/sale", ""), channel.Outside{}
	if l.more.IntN(2) == 0 {
		l.from = channel.Outside{Host: "google.com", Source: "Google", Medium: "search", Term: l0(l.more, "", "red shoes")}
	}
	first := len(l.rows)
	defer func() {
		for i := first; l.landing != "" && i < len(l.rows); i++ {
			if r := &l.rows[i]; r.Session > 0 && (i == first || l.more.IntN(2) == 0) {
				r.Type, r.Page = event.Page, l0(l.more, l.landing, "/cart", "/p/:id")
				l.rows[first].SessionPages++
			}
		}
		l.rows[first].SessionSeconds = int64((l.rows[len(l.rows)-1].At - l.rows[first].At + 500) / 1000)
	}()
	for i := range 1 + l.random.IntN(5) {
		name := l0(l.random, "Home", "Home", "Product Viewed", "Product Viewed", "Cart Viewed", "Order Completed")
		if l.orders > 0 && l.random.IntN(8) == 0 {
			name = "Order Refunded"
		}
		l.touch(name, i == 0)
		l.at = l.at.Add(time.Duration(l.random.IntN(20*60*1000)) * time.Millisecond)
	}
}

func (l *life) touch(name string, starts bool) {
	row := l.row(l.at)
	row.Identifier, row.ID, row.Type, row.Source, row.Event = l.person, event.ID(fmt.Sprint(l.person, "-", len(l.rows))), event.Track, "shop", name
	row.Channel, row.Campaign, row.Country, row.Device = l.channel, l.campaign, l.country, l0(l.random, "desktop", "mobile")
	if l.random.IntN(10) == 0 {
		row.Channel = "referral" // a sign of its own within the session
	}
	row.Session, row.SessionStart, row.SessionChannel, row.SessionCampaign, row.SessionCountry = l.session, starts, l.channel, l.campaign, l.country
	row.LandingPage, row.Referrer, row.Browser, row.OS = l.landing, l.from, l.browser[0], l.browser[1]
	row.Grade = [...]string{"public", "server", "signed"}[len(l.browser[0])%3]
	row.FirstEver = len(l.rows) == 0
	if l.session == 1 {
		row.Visitor = step.New
	}
	l.order(&row)
	entered := map[string]string{"Product Viewed": "consideration", "Cart Viewed": "decision", "Order Completed": "purchase"}[name]
	if l.orders > 1 && entered == "purchase" {
		entered = "loyalty"
	}
	if entered == "" && (l.stage == "" || l.stage == "lapsed") {
		entered = "awareness"
	}
	l.enter(&row, entered)
}

func (l *life) order(row *step.Row) {
	if row.Event != "Order Completed" && row.Event != "Order Refunded" {
		return
	}
	o := &step.Order{ID: "o-" + string(row.ID), Currency: "EUR"}
	if row.Event == "Order Refunded" {
		o.Kind = event.Refunded
	}
	o.Amount = money.Micros(l.random.IntN(200_000)) * 10_000
	if l.country == "" {
		o.Currency = "USD"
	}
	if o.Kind == event.Completed {
		if l.orders++; l.orders == 1 {
			l.orderMonth = row.At.Day()[:7]
		}
	}
	o.Number = l.orders
	o.Origin = row.OwnOrigin()
	row.Order, row.OrderMonth = o, l.orderMonth
}

// lapse adds the change of stage that silence makes, if it is due before an instant.
func (l *life) lapse(before event.Millis) {
	if len(l.rows) == 0 {
		return
	}
	if due := l.rows[len(l.rows)-1].At.Add(lapseAfter); due < before && l.stage != "lapsed" {
		row := l.row(due)
		l.enter(&row, "lapsed")
	}
}

// row has what is the same on all rows.
func (l *life) row(at event.Millis) step.Row {
	first := at
	if len(l.rows) > 0 {
		first = l.rows[0].At
	}
	return step.Row{
		Person: l.person, At: at, StageBefore: l.stage, Visitor: step.Returning, FirstChannel: l.start, FirstMonth: first.Day()[:7], OrderMonth: l.orderMonth,
	}
}

func (l *life) enter(row *step.Row, entered string) {
	if entered != "" {
		l.stage = entered
	}
	row.Stage = l.stage
	l.rows = append(l.rows, *row)
}

// lives are the steps of 150 persons, by person.
func lives() [][]step.Row {
	random := rand.New(rand.NewPCG(2026, 3))
	var all [][]step.Row
	for n := range 150 {
		all = append(all, lifeOf(random, n))
	}
	return all
}

// written is a bucket to which many runs have written lives: first as they were known too early, then as they are, some
// of them with crashes and compactions that left copies.
func written(t *testing.T, all [][]step.Row) objects {
	t.Helper()
	o := objects{}
	table := steps.NewWithin(o, steps.Limits{PartRows: 10, Chains: 3})
	put := func(run int64, persons [][]step.Row, ghosts bool, change func([]step.Row) []step.Row) {
		for _, d := range byDay(persons, ghosts, change) {
			must(t, table.PutSteps(t.Context(), "shop", run, d))
		}
	}
	put(1, all[:100], true, func(rows []step.Row) []step.Row { // with one step too many, in other channels
		early := append(slices.Clone(rows), rows[len(rows)-1])
		for i := range early {
			early[i].Channel, early[i].Stage = "display", "advocacy"
		}
		return early
	})
	early := o.clone()
	whole := func(rows []step.Row) []step.Row { return rows }
	put(2, all[:60], false, whole)
	put(3, all[60:], false, whole)
	put(4, all[:0], true, func([]step.Row) []step.Row { return nil }) // nobody is there any more of whom run 1 knew by mistake
	before := o.clone()
	days, err := table.Days(t.Context(), "shop")
	must(t, err)
	for i, d := range days {
		if i%3 > 0 {
			must(t, table.CompactSteps(t.Context(), "shop", d.Key))
		}
		if i%3 == 2 { // the compaction died before it had deleted anything, and run 1 comes late
			for _, from := range []objects{before, early} {
				for key, body := range from {
					if _, found := o[key]; !found && key[:len("steps/workspace=shop/day=2026-01-01")] == "steps/workspace=shop/day="+d.Key {
						o[key] = body
					}
				}
			}
		}
	}
	must(t, table.PutSteps(t.Context(), "shop-2", 1, byDay(all[:1], false, whole)[0]))
	return o
}

// byDay puts what persons did into days of UTC. A ghost is somebody who did the same as another.
func byDay(persons [][]step.Row, ghosts bool, change func([]step.Row) []step.Row) []ledger.Day {
	const ghost = "user:ghost"
	days := map[string]*ledger.Day{}
	of := func(key string) *ledger.Day {
		if days[key] == nil {
			days[key] = &ledger.Day{Key: key}
		}
		return days[key]
	}
	add := func(person event.Identifier, rows []step.Row) {
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].At.Day() == rows[0].At.Day() {
				n++
			}
			d := of(rows[0].At.Day())
			d.Persons = append(d.Persons, person)
			for _, r := range change(rows[:n]) {
				r.Person = person
				d.Rows = append(d.Rows, r)
			}
			rows = rows[n:]
		}
	}
	for _, rows := range persons {
		add(rows[0].Person, rows)
	}
	if ghosts {
		add(ghost, lives()[0])
	}
	var out []ledger.Day
	for _, d := range days {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b ledger.Day) int { return slices.Compare([]string{a.Key}, []string{b.Key}) })
	return out
}
