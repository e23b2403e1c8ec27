// Package quarantine_test plays attacks by a site's public key, and accidents, among honest traffic, takes them out again by one quarantine, and
// holds what is stored against a system that never saw them.
package quarantine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// said is an event of a device at a time; more is what else it says.
func said(kind, id, anonymous, at, more string) string {
	return fmt.Sprintf(`{"type":%q,"messageId":%q,"anonymousId":%q,"timestamp":%q%s}`, kind, id, anonymous, at, more)
}

func bought(order, amount, more string) string {
	return fmt.Sprintf(`,"event":"Order Completed","properties":{"order_id":%q,"revenue":%s%s}`, order, amount, more)
}

func as(user, more string) string { return fmt.Sprintf(`,"userId":%q%s`, user, more) }

// send posts events in batches of 200 and processes them.
func send(s *system.System, key string, events []string) {
	for chunk := range slices.Chunk(events, 200) {
		s.Send(key, chunk...)
	}
}

// before is a shop's autumn up to the attack, at which the clock stands at noon of 22 November 2026.
func before(s *system.System) {
	s.Send("wk_site",
		said("page", "h1", "a", "2026-11-20T10:00:00Z", `,"context":{"campaign":{"source":"news","medium":"email","name":"spring"}}`),
		said("identify", "h2", "a", "2026-11-20T10:05:00Z", as("42", `,"traits":{"email":"jo@example.com","name":"Jo"}`)),
		said("page", "h3", "b", "2026-11-21T09:00:00Z", `,"context":{"location":{"country":"GB"}}`),
	)
	s.Send("wk_web",
		said("identify", "h4", "a2", "2026-11-19T10:00:00Z", as("42", `,"traits":{"email":"jo@example.com","plan":"gold"}`)),
		said("track", "h5", "a", "2026-11-20T10:20:00Z", as("42", bought("1001", "999.00", ""))),
		said("track", "h6", "c", "2026-11-21T12:00:00Z", as("9", bought("1002", "20.00", `,"currency":"EUR"`))),
		said("identify", "h7", "c", "2026-11-21T12:00:00Z", as("9", `,"traits":{"email":"al@example.com"}`)),
		said("track", "h8", "", "2026-11-21T14:00:00Z", as("9", `,"event":"Order Refunded","properties":{"order_id":"1002","revenue":5}`)),
	)
	s.Send("wk_site", said("track", "h9", "b", "2026-11-21T09:10:00Z", bought("1003", "30.00", "")), said("page", "h10", "d", "2026-10-28T09:00:00Z", ""))
}

// meanwhile is what the shop's server says while the attack goes on.
func meanwhile(s *system.System) {
	s.Send("wk_web", said("track", "m1", "a", "2026-11-22T13:20:00Z", as("42", bought("1004", "11.00", ""))), said("page", "m2", "e", "2026-11-22T13:21:00Z", ""))
}

// after is what honest people do when the attack is over: some of it is about what the attacker has touched.
func after(s *system.System) {
	s.Send("wk_site",
		said("identify", "n1", "b", "2026-11-22T15:00:00Z", as("7", `,"traits":{"email":"kim@example.com"}`)),
		said("page", "n2", "a", "2026-11-22T15:01:00Z", `,"context":{"location":{"country":"DE"}}`),
		said("track", "n3", "d", "2026-11-22T15:10:00Z", bought("g5", "40.00", "")),
	)
	s.Send("wk_web",
		said("track", "n4", "d2", "2026-11-22T15:20:00Z", as("8", bought("g7", "50.00", ""))),
		said("identify", "n5", "", "2026-11-22T15:30:00Z", as("8", `,"traits":{"email":"al@example.com"}`)),
	)
}

// honest are the identifiers of honest people.
var honest = []event.Identifier{
	"anon:a", "anon:a2", "anon:b", "anon:c", "anon:d", "anon:d2", "anon:e", "user:42", "user:9", "user:7", "user:8",
	"email:jo@example.com", "email:al@example.com", "email:kim@example.com",
}

// the times of receipt: before, attack, after.
var (
	begun = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	ended = time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
)

// played is a system in which honest people did what they do, with an attack by the site's key in between; nil for none.
func played(t testing.TB, configure func(*system.System), attack func(*system.System)) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	if configure != nil {
		configure(s)
	}
	before(s)
	s.Settle()
	s.Now = begun.Add(10 * time.Minute)
	if attack != nil {
		attack(s)
	}
	s.Now = begun.Add(20 * time.Minute)
	meanwhile(s)
	s.Settle()
	s.Now = ended.Add(2 * time.Hour)
	after(s)
	s.Settle()
	s.Now = ended.Add(3 * time.Hour)
	return s
}

// stored is all that honest people and windows come to. Numbers of runs and times of computing are left out, for they tell how it went.
func stored(t testing.TB, s *system.System) []string {
	t.Helper()
	shop := system.Shop()
	out := s.Counted(shop, honest, system.Everyone)
	state, err := s.Table.State(t.Context(), shop.Namespace())
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, "pending and recount "+state.Pending+state.Recount+state.After)
	for _, id := range honest {
		for _, of := range []string{"", "/timeline", "/why?other=user:42"} {
			status, body := s.Get("/v1/profiles/" + string(id) + of)
			out = append(out, fmt.Sprintf("answer %s%s %d %s", id, of, status, withoutMarks(t, body)))
		}
	}
	return out
}

// withoutMarks leaves out of an answer what tells that something is in quarantine, and nothing else.
func withoutMarks(t testing.TB, body string) string {
	t.Helper()
	var answer map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	delete(answer, "quarantined")
	delete(answer, "request_id")
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// same fails the test unless both hold the same.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: stored %.700s", what, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s: missing %.700s", what, line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
	}
}

// order is the body of a quarantine of what the site sent in the hour of the attack; when narrows it.
func order(when string) string {
	return fmt.Sprintf(`{"source":"site","received":{"from":%q,"to":%q},"when":%s,"reason":"a script"`, begun.Format(time.RFC3339), ended.Format(time.RFC3339), when)
}

// apply puts into quarantine and counts everybody anew. It gives the quarantine's id.
func apply(t *testing.T, s *system.System, body string) string {
	t.Helper()
	status, answer := s.Ask(http.MethodPost, "/v1/quarantines", "sk_shop", body+"}")
	var said struct {
		Quarantine struct{ ID string }
	}
	if err := json.Unmarshal([]byte(answer), &said); err != nil || status != http.StatusOK || said.Quarantine.ID == "" {
		t.Fatalf("apply is answered %d %s (%v)", status, answer, err)
	}
	return said.Quarantine.ID
}

func lift(t *testing.T, s *system.System, id string) {
	t.Helper()
	if status, answer := s.Ask(http.MethodDelete, "/v1/quarantines/"+id, "sk_shop", ""); status != http.StatusOK {
		t.Fatalf("lift is answered %d %s", status, answer)
	}
}

// changedKPI is a KPI in the answer to a preview.
type changedKPI struct {
	Metric, Unit  string
	Before, After struct{ Value any }
}

type previewed struct {
	Events, Identifiers, Persons, Changed, Orders int
	Days                                          []string
	KPIs                                          []changedKPI
}

func preview(t *testing.T, s *system.System, body string) previewed {
	t.Helper()
	status, answer := s.Ask(http.MethodPost, "/v1/quarantines", "sk_shop", body+`,"preview":true}`)
	var said previewed
	if err := json.Unmarshal([]byte(answer), &said); err != nil || status != http.StatusOK {
		t.Fatalf("preview is answered %d %s (%v)", status, answer, err)
	}
	return said
}

// sums are the KPIs of some days, added up, as GET /v1/kpis would show them of one.
func sums(t *testing.T, s *system.System, days []string) map[string]string {
	t.Helper()
	total := s.Definitions.Set().Empty()
	for _, day := range days {
		w, err := s.Table.Window(t.Context(), system.Shop().Namespace(), period.Day, day)
		if err != nil {
			t.Fatal(err)
		}
		total = total.Plus(s.Definitions.Set().Empty())
		if len(w.Totals.Groups) > 0 {
			total = w.Totals.Plus(total)
		}
	}
	out := map[string]string{}
	for _, r := range s.Definitions.Rows("GBP", total) {
		if r.Dimension == "" {
			out[string(r.Metric)+" "+r.Unit] = fmt.Sprint(value(t, r))
		}
	}
	return out
}

func shop(t testing.TB, s *system.System) workspace.Workspace {
	t.Helper()
	w, err := s.Table.Workspace(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func join(parts ...[]string) []string { return slices.Concat(parts...) }

func many(n int, one func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = one(i)
	}
	return out
}

func traits(n int) string {
	return `,"traits":{` + strings.Join(many(n, func(i int) string { return fmt.Sprintf(`"t%03d":"x"`, i) }), ",") + `}`
}
