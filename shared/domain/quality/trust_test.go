package quality_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/quality"
)

// said is one event of a user as a source of some grade sent it.
type said struct {
	id, source string
	grade      event.Grade
	user       event.Identifier
	others     []event.Identifier
	order      string
	amount     money.Micros
	currency   string
	received   event.Millis
	quarantine bool
	bot        string
}

func (s said) record() event.Record {
	t := event.Touchpoint{
		ID: event.ID(s.id), Source: s.source, Type: event.Track, Name: event.OrderCompleted, Original: start, Corrected: start, Received: s.received, Grade: s.grade, Bot: s.bot,
	}
	if s.order != "" {
		t.Order = &event.Order{ID: s.order, Amount: s.amount, Currency: s.currency}
	}
	return event.Record{
		Workspace: "demo", Type: event.Track, Identifiers: append([]event.Identifier{s.user}, s.others...),
		Request: fmt.Sprint("r-", s.received), Touchpoint: t,
	}
}

// counted tallies events as the caller of a report does.
func counted(ofServers bool, all ...said) *quality.Tally {
	t := tally()
	t.Currency = "GBP"
	claims := map[string]profile.Claims{}
	for _, s := range all {
		r, key := s.record(), ""
		if s.order != "" && s.bot == "" {
			key = profile.OrderKey(*r.Touchpoint.Order)
			one := r.Touchpoint
			one.Others = r.Others()
			_, claim, _ := profile.ClaimOf(one, s.user)
			claims[key] = claims[key].Join(claim)
		}
		c := quality.CopyOf(r, key)
		c.Quarantined = s.quarantine
		t.Accept(c)
	}
	t.SetClaims(claims, ofServers)
	return t
}

func asText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const unit = money.Micros(1_000_000)

// Whose word is what in the report: by grade, and by source and grade, with the money of each currency to the last digit.
func TestShares(t *testing.T) {
	t.Parallel()
	real := said{id: "m1", source: "shop", grade: event.Server, user: "user:1", order: "1", amount: 999 * unit, received: start + 5}
	guess := said{id: "m1", source: "site", user: "user:9", order: "1", amount: 10_000, received: start + 1}
	own := said{id: "m2", source: "site", user: "user:2", order: "2", amount: 1 * unit, currency: "EUR", received: start + 2}
	signed := said{id: "m3", source: "site", grade: event.Signed, user: "user:3", order: "3", amount: 1 * unit, received: start + 3}
	again := own
	again.received += 20
	robot := said{id: "m4", source: "site", user: "user:4", order: "4", amount: unit, received: start + 4, bot: "crawler"}
	locked := said{id: "m5", source: "site", user: "user:5", order: "5", amount: unit, received: start + 6, quarantine: true}
	for _, c := range []struct {
		name      string
		ofServers bool
		all       []said
		want      string
	}{
		{"nothing", false, nil, `{"touchpoints":0,"orders":0,"revenue":[],"by_grade":[],"by_source":[]}`},
		{"any", false, []said{real, guess, own, signed, again, robot, locked}, `{"touchpoints":4,"orders":3,` +
			`"revenue":[{"currency":"EUR","amount":"1.00","share":1.0000},{"currency":"GBP","amount":"1000.00","share":1.0000}],` +
			`"by_grade":[` +
			`{"grade":"server","touchpoints":1,"touchpoints_share":0.2500,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"GBP","amount":"999.00","share":0.9990}]},` +
			`{"grade":"signed","touchpoints":1,"touchpoints_share":0.2500,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"GBP","amount":"1.00","share":0.0010}]},` +
			`{"grade":"public","touchpoints":2,"touchpoints_share":0.5000,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"EUR","amount":"1.00","share":1.0000}]}],` +
			`"by_source":[` +
			`{"source":"shop","grade":"server","touchpoints":1,"touchpoints_share":0.2500,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"GBP","amount":"999.00","share":0.9990}]},` +
			`{"source":"site","grade":"signed","touchpoints":1,"touchpoints_share":0.2500,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"GBP","amount":"1.00","share":0.0010}]},` +
			`{"source":"site","grade":"public","touchpoints":2,"touchpoints_share":0.5000,"orders":1,"orders_share":0.3333,"revenue":[{"currency":"EUR","amount":"1.00","share":1.0000}]}]}`},
		{"server", true, []said{real, own}, `{"touchpoints":2,"orders":1,"revenue":[{"currency":"GBP","amount":"999.00","share":1.0000}],` +
			`"by_grade":[` +
			`{"grade":"server","touchpoints":1,"touchpoints_share":0.5000,"orders":1,"orders_share":1.0000,"revenue":[{"currency":"GBP","amount":"999.00","share":1.0000}]},` +
			`{"grade":"public","touchpoints":1,"touchpoints_share":0.5000,"orders":0,"orders_share":0.0000,"revenue":[]}],` +
			`"by_source":[` +
			`{"source":"shop","grade":"server","touchpoints":1,"touchpoints_share":0.5000,"orders":1,"orders_share":1.0000,"revenue":[{"currency":"GBP","amount":"999.00","share":1.0000}]},` +
			`{"source":"site","grade":"public","touchpoints":1,"touchpoints_share":0.5000,"orders":0,"orders_share":0.0000,"revenue":[]}]}`},
	} {
		if got := asText(t, counted(c.ofServers, c.all...).Report().Shares); got != c.want {
			t.Errorf("orders by %s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// A delivery conflicts with the first one of its message id when it says anything else; a repeat, another source or what is in quarantine does not.
func TestConflicts(t *testing.T) {
	t.Parallel()
	first := said{id: "m", source: "site", user: "user:1", order: "1", amount: unit, received: start + 1}
	later := func(change func(*said)) []said {
		s := first
		s.received += 5
		change(&s)
		return []said{s, first}
	}
	for _, c := range []struct {
		name string
		all  []said
		want int
	}{
		{"a repeat", later(func(*said) {}), 0},
		{"another amount", later(func(s *said) { s.amount++ }), 1},
		{"another currency", later(func(s *said) { s.currency = "EUR" }), 1},
		{"another order", later(func(s *said) { s.order = "2" }), 1},
		{"another user", later(func(s *said) { s.user = "user:2" }), 1},
		{"more ids", later(func(s *said) { s.others = []event.Identifier{"anon:a"} }), 1},
		{"another source", later(func(s *said) { s.source, s.amount = "shop", 2*unit }), 0},
		{"another id", later(func(s *said) { s.id, s.amount = "n", 2*unit }), 0},
		{"in quarantine", later(func(s *said) { s.quarantine, s.amount = true, 2*unit }), 0},
		{"the first is in quarantine", []said{{id: "m", source: "site", user: "user:9", received: start, quarantine: true}, first}, 0},
		{"two others", append(later(func(s *said) { s.amount++ }), later(func(s *said) { s.amount--; s.received++ })...), 2},
		{"a repeat of the other", append(later(func(s *said) { s.amount++ }), later(func(s *said) { s.amount++; s.received++ })...), 2},
	} {
		report := counted(false, c.all...).Report()
		if report.Total.Conflicts != c.want {
			t.Errorf("%s: %d conflicts, want %d", c.name, report.Total.Conflicts, c.want)
		}
	}
}

// Both sides of a contested order are told, the larger difference first; that of one person with one amount is not contested, nor is one whose other
// claim is in quarantine.
func TestContestedOrdersAndIdentifiers(t *testing.T) {
	t.Parallel()
	all := []said{
		{id: "a1", source: "shop", grade: event.Server, user: "user:1", order: "1001", amount: 999 * unit, received: start + 9},
		{id: "b1", source: "site", user: "user:evil", order: "1001", amount: 10_000, received: start + 1, others: []event.Identifier{"email:victim@shop.example"}},
		{id: "a2", source: "shop", grade: event.Server, user: "user:2", order: "1002", amount: 50 * unit, received: start + 10, others: []event.Identifier{"email:victim@shop.example"}},
		{id: "b2", source: "site", user: "anon:laptop", order: "1002", amount: 50 * unit, received: start + 2},
		{id: "b3", source: "site", user: "user:3", order: "1003", amount: 5 * unit, received: start + 3},
		{id: "b4", source: "site", user: "user:4", order: "1003", amount: 5 * unit, received: start + 4},
		{id: "b5", source: "site", user: "user:5", order: "1004", amount: 5 * unit, received: start + 5},
		{id: "b6", source: "site", user: "user:6", order: "1004", amount: 9 * unit, received: start + 6, quarantine: true},
	}
	tally := counted(false, all...)
	tally.Person = func(id event.Identifier) (event.Identifier, bool) {
		if id == "anon:laptop" {
			return "user:2", true
		}
		return id, true
	}
	report := tally.Report()
	const orders = `{"orders":2,"displaced":{"claims":2,"amounts":[{"currency":"GBP","said":"50.01","counts":"1049.00"}]},"unresolved":0,"list":[` +
		`{"order":"1001","difference":"998.99","currency":"GBP","persons":2,"claims":2,"list":[` +
		`{"amount":"999.00","currency":"GBP","grade":"server","source":"shop","user":"user:1","received":"2026-11-20T00:00:00.009Z","counts":true},` +
		`{"amount":"0.01","currency":"GBP","grade":"public","source":"site","user":"user:evil","received":"2026-11-20T00:00:00.001Z","counts":false}]},` +
		`{"order":"1003","difference":"0.00","currency":"GBP","persons":2,"claims":2,"list":[` +
		`{"amount":"5.00","currency":"GBP","grade":"public","source":"site","user":"user:3","received":"2026-11-20T00:00:00.003Z","counts":true},` +
		`{"amount":"5.00","currency":"GBP","grade":"public","source":"site","user":"user:4","received":"2026-11-20T00:00:00.004Z","counts":false}]}]}`
	if got := asText(t, report.Orders); got != orders {
		t.Errorf("contested orders:\n got %s\nwant %s", got, orders)
	}
	const identifiers = `{"identifiers":1,"unresolved":0,"by_kind":{"email":1},"list":[{"kind":"email","users":2,"list":[` +
		`{"user":"user:2","grade":"server","source":"shop","received":"2026-11-20T00:00:00.010Z"},` +
		`{"user":"user:evil","grade":"public","source":"site","received":"2026-11-20T00:00:00.001Z"}]}]}`
	if got := asText(t, report.Identifiers); got != identifiers {
		t.Errorf("contested identifiers:\n got %s\nwant %s", got, identifiers)
	}
	tally.Person = func(id event.Identifier) (event.Identifier, bool) { return "", false }
	if got := tally.Report().Orders; got.Unresolved != 2 || got.Orders != 1 {
		t.Errorf("with nobody looked up %d orders are contested and %d not known to be, want 1 and 2", got.Orders, got.Unresolved)
	}
}
