package trust_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

const received event.Millis = 1795348800000 // noon of 22 November 2026

// site is a source with some settings, given as name and value, whose secret is "new"; "old" is valid for an hour more, and "older" no more.
func site(t testing.TB, settings ...string) trust.Source {
	t.Helper()
	s := trust.Source{Secrets: []workspace.IdentitySecret{
		{Text: "new"}, {Text: "old", Expires: received.Add(time.Hour)}, {Text: "older", Expires: received},
	}}
	for i := 0; i < len(settings); i += 2 {
		if err := s.Policy.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func server(t testing.TB, settings ...string) trust.Source {
	s := site(t, settings...)
	s.Kind = workspace.ServerSource
	return s
}

// judged is what becomes of an event that a source sends, in one line: its grade and whom it names, or why it failed.
func judged(t testing.TB, check event.Check, raw string) string {
	t.Helper()
	e, err := event.Parse([]byte(raw), event.Stamp{Workspace: "demo", Source: "web", Received: received, Request: "r"})
	if err != nil {
		return "unread " + fault.CodeOf(err)
	}
	if err := check(&e); err != nil {
		return fmt.Sprint(fault.CodeOf(err), " ", err.(*fault.Error).Field)
	}
	out := fmt.Sprint(e.Grade, " ", e.Identifiers)
	if len(e.Previous) > 0 {
		out += fmt.Sprint(" was ", e.Previous)
	}
	for _, mark := range []struct {
		word string
		is   bool
	}{{" vouched", e.Vouched}, {" unproven", e.Unproven}, {" with proof", e.Proof != event.Proof{}}} {
		if mark.is {
			out += mark.word
		}
	}
	return out
}

func proof(user, email string) string {
	return fmt.Sprintf(`"context":{"proof":{"user":%q,"email":%q}}`, user, email)
}

// TestWhomASiteNames is the truth table of docs/signed-users.md.
func TestWhomASiteNames(t *testing.T) {
	t.Parallel()
	of := trust.Proof
	for _, c := range []struct{ name, event, open, signed string }{
		{"a visitor", `"anonymousId":"a"`, "public [anon:a]", "public [anon:a]"},
		{"a user without proof", `"userId":"7","anonymousId":"a"`, "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"a user without proof or visitor", `"userId":"7"`, "public [user:7]", "unproven_identity context.proof"},
		{"a user with proof", `"userId":"7","anonymousId":"a",` + proof(of("new", "7"), ""), "signed [user:7 anon:a]", "signed [user:7 anon:a]"},
		{"a proof that is a text", `"userId":"7","context":{"proof":"` + of("new", "7") + `"}`, "signed [user:7]", "signed [user:7]"},
		{"a number is the text of it", `"userId":7.0,` + proof(of("new", "7"), ""), "signed [user:7]", "signed [user:7]"},
		{"capital hex", `"userId":"7",` + proof(strings.ToUpper(of("new", "7")), ""), "signed [user:7]", "signed [user:7]"},
		{"letters beyond ASCII", `"userId":"Zoë-Ω",` + proof(of("new", "Zoë-Ω"), ""), "signed [user:Zoë-Ω]", "signed [user:Zoë-Ω]"},
		{"an older secret that is valid", `"userId":"7",` + proof(of("old", "7"), ""), "signed [user:7]", "signed [user:7]"},
		{"an expired secret", `"userId":"7","anonymousId":"a",` + proof(of("older", "7"), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"another source's secret", `"userId":"7","anonymousId":"a",` + proof(of("shop's", "7"), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"another user's proof", `"userId":"7","anonymousId":"a",` + proof(of("new", "8"), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"another case of the id", `"userId":"Ada","anonymousId":"a",` + proof(of("new", "ada"), ""), "public [user:Ada anon:a]", "public [anon:a] unproven"},
		{"an id that only looks the same", `"userId":"ada\u200b","anonymousId":"a",` + proof(of("new", "ada\u200b"), ""), "public [user:ada anon:a]", "public [anon:a] unproven"},
		{"half a proof", `"userId":"7","anonymousId":"a",` + proof(of("new", "7")[:62], ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"a proof that is right at first", `"userId":"7","anonymousId":"a",` + proof(of("new", "7")[:48]+strings.Repeat("0", 16), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"the proof of nothing", `"userId":"7","anonymousId":"a",` + proof(of("new", ""), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"no hex", `"userId":"7","anonymousId":"a",` + proof(strings.Repeat("z", 64), ""), "public [user:7 anon:a]", "public [anon:a] unproven"},
		{"the user's proof for the address", `"userId":"7","anonymousId":"a","traits":{"email":"x@y.z"},` + proof("", of("new", "7")), "public [user:7 email:x@y.z anon:a]", "public [anon:a] unproven"},
		{"both proofs", `"userId":"7","traits":{"email":"x@y.z"},` + proof(of("new", "7"), of("new", "x@y.z")), "signed [user:7 email:x@y.z] vouched", "signed [user:7 email:x@y.z] vouched"},
		{"the user's proof alone", `"userId":"7","traits":{"email":"x@y.z"},` + proof(of("new", "7"), ""), "signed [user:7 email:x@y.z]", "signed [user:7] unproven"},
		{"another address's proof", `"userId":"7","traits":{"email":"x@y.z"},` + proof(of("new", "7"), of("new", "a@y.z")), "signed [user:7 email:x@y.z]", "signed [user:7] unproven"},
		{"an address as it is written", `"userId":"7","traits":{"email":" Xé@Y.z "},` + proof(of("new", "7"), of("new", "Xé@Y.z")), "signed [user:7 email:xé@y.z] vouched", "signed [user:7 email:xé@y.z] vouched"},
		{"an address in small letters", `"userId":"7","traits":{"email":"X@Y.z"},` + proof(of("new", "7"), of("new", "x@y.z")), "signed [user:7 email:x@y.z] vouched", "signed [user:7 email:x@y.z] vouched"},
		{"an address that only looks the same", `"anonymousId":"a","traits":{"email":"x\u200b@y.z"},` + proof("", of("new", "x\u200b@y.z")), "public [email:x@y.z anon:a]", "public [anon:a] unproven"},
		{"an address alone", `"anonymousId":"a","traits":{"email":"x@y.z"},` + proof("", of("new", "x@y.z")), "signed [email:x@y.z anon:a]", "signed [email:x@y.z anon:a]"},
		{"an address proven, not its user", `"userId":"7","anonymousId":"a","traits":{"email":"x@y.z"},` + proof("", of("new", "x@y.z")), "public [user:7 email:x@y.z anon:a]", "signed [email:x@y.z anon:a] unproven"},
		{"a user id that is an address", `"userId":"x@y.z",` + proof(of("new", "x@y.z"), ""), "signed [user:x@y.z email:x@y.z]", "signed [user:x@y.z] unproven"},
		{"phone and card", `"userId":"7","traits":{"phone":"+4912345678","loyalty_id":"c1"},"context":{"device":{"id":"d1"},"proof":"` + of("new", "7") + `"}`, "signed [user:7 phone:+4912345678 loyalty:c1 device:d1]", "signed [user:7 device:d1] unproven"},
		{"a phone alone", `"traits":{"phone":"+4912345678"}`, "public [phone:+4912345678]", "unproven_identity context.proof"},
	} {
		raw := `{"type":"identify",` + c.event + `}`
		if got := judged(t, site(t).Judge(), raw); got != c.open {
			t.Errorf("%s, open: %s, want %s", c.name, got, c.open)
		}
		if got := judged(t, site(t, "identity", "signed").Judge(), raw); got != c.signed {
			t.Errorf("%s, signed: %s, want %s", c.name, got, c.signed)
		}
	}
}

// TestAliases: a site names no user whom somebody was before.
func TestAliases(t *testing.T) {
	t.Parallel()
	seven := proof(trust.Proof("new", "7"), "")
	for _, c := range []struct{ event, server, open, signed string }{
		{`"userId":"7","previousId":"6"`, "server [user:7] was [user:6 anon:6]", "public [user:7] was [anon:6]", "unproven_identity userId"},
		{`"userId":"7","previousId":"6",` + seven, "server [user:7] was [user:6 anon:6]", "signed [user:7] was [anon:6]", "signed [user:7] was [anon:6]"},
		{`"userId":"7","anonymousId":"a","previousId":"a"`, "server [user:7 anon:a] was [anon:a]", "public [user:7 anon:a] was [anon:a]", "unproven_identity userId"},
		{`"userId":"7","previousId":"7"`, "server [user:7] was [user:7]", "unproven_identity previousId", "unproven_identity previousId"},
		{`"anonymousId":"a","previousId":"b"`, "server [anon:a] was [user:b anon:b]", "public [anon:a] was [anon:b]", "public [anon:a] was [anon:b]"},
	} {
		raw := `{"type":"alias",` + c.event + `}`
		for _, by := range []struct {
			name   string
			source trust.Source
			want   string
		}{
			{"server", server(t, "identity", "signed"), c.server}, {"open", site(t), c.open}, {"signed", site(t, "identity", "signed"), c.signed},
		} {
			if got := judged(t, by.source.Judge(), raw); got != by.want {
				t.Errorf("%s %s: %s, want %s", by.name, c.event, got, by.want)
			}
		}
	}
}

// TestWhenAndWhatASiteSends: what a site may not send a server may, and whoever replays it.
func TestWhenAndWhatASiteSends(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	at := func(d time.Duration) string {
		return fmt.Sprintf(`{"type":"page","userId":"7","timestamp":%d}`, received.Add(d))
	}
	skewed := func(d time.Duration) string { // the device's clock is wrong by d
		return fmt.Sprintf(`{"type":"page","userId":"7","timestamp":%d,"sentAt":%d}`, received.Add(d-day), received.Add(d))
	}
	track := func(name, properties string) string {
		return fmt.Sprintf(`{"type":"track","event":%q,"userId":"7","properties":{%s}}`, name, properties)
	}
	fine, served := "public [user:7]", "server [user:7]"
	for _, c := range []struct{ name, event, site, server, replayed string }{
		{"now", at(0), fine, served, fine},
		{"no time", `{"type":"page","userId":"7"}`, fine, served, fine},
		{"30 days before", at(-30 * day), fine, served, fine},
		{"a moment more", at(-30*day - time.Millisecond), "time_not_accepted timestamp", served, fine},
		{"24 hours ahead", at(day), fine, served, fine},
		{"a moment further ahead", at(day + time.Millisecond), "time_not_accepted timestamp", served, fine},
		{"in the year 2099", at(70 * 365 * day), "time_not_accepted timestamp", served, fine},
		{"in the year 1970", `{"type":"page","userId":"7","timestamp":"1970-01-01"}`, "time_not_accepted timestamp", served, fine},
		{"a clock that is a year slow", skewed(-365 * day), fine, served, fine},
		{"a clock that is a year fast", skewed(365 * day), fine, served, fine},
		{"a false time of sending", fmt.Sprintf(`{"type":"page","userId":"7","timestamp":%d,"sentAt":%d}`, received, received.Add(40*day)), "time_not_accepted timestamp", served, fine},
		{"another's receipt long ago", fmt.Sprintf(`{"type":"page","userId":"7","timestamp":%d,"receivedAt":%d}`, received.Add(-40*day), received.Add(-40*day)), "time_not_accepted timestamp", served, fine},
		{"an order", track("Order Completed", `"order_id":"o","total":3`), fine, served, fine},
		{"an order of nothing", track("Order Completed", `"order_id":"o","total":0`), fine, served, fine},
		{"an order of less than nothing", track("Order Completed", `"order_id":"o","total":-0.000001`), "negative_order properties", "negative_order properties", "negative_order properties"},
		{"products of less than nothing", track("Order Completed", `"products":[{"price":1},{"price":-3}]`), "negative_order properties", "negative_order properties", "negative_order properties"},
		{"an update to less than nothing", track("Order Updated", `"order_id":"o","total":-1`), "negative_order properties", "negative_order properties", "negative_order properties"},
		{"an update", track("order_updated", `"order_id":"o","total":1`), "server_only event", served, fine},
		{"an update of no order", track("Order Updated", `"total":1`), "server_only event", served, fine},
		{"a cancellation", track("Order Canceled", `"order_id":"o"`), "server_only event", served, fine},
		{"a refund", track("Order Refunded", `"order_id":"o","total":3`), "server_only event", served, fine},
		{"a page of that name", `{"type":"page","name":"Order Refunded","userId":"7"}`, fine, served, fine},
		{"the largest order", track("Order Completed", `"order_id":"o","total":"99.95"`), fine, served, fine},
		{"one that is too large", track("Order Completed", `"order_id":"o","total":"99.950001"`), "order_too_large properties", "order_too_large properties", fine},
	} {
		limited := []string{"max-order", "99.95"}
		for _, by := range []struct {
			name  string
			check event.Check
			want  string
		}{
			{"a site", site(t, limited...).Judge(), c.site},
			{"a server", server(t, limited...).Judge(), c.server},
			{"a replay", site(t, limited...).JudgeReplay(nil), c.replayed},
		} {
			if got := judged(t, by.check, c.event); got != by.want {
				t.Errorf("%s, by %s: %s, want %s", c.name, by.name, got, by.want)
			}
		}
	}
	for days, want := range map[time.Duration]string{1: fine, 2: "time_not_accepted timestamp"} {
		if got := judged(t, site(t, "accept", "1").Judge(), at(-days*day)); got != want {
			t.Errorf("accept 1, %d days: %s, want %s", days, got, want)
		}
	}
}

// TestReplayKeepsWhatWasProven: the proof itself is not kept with a failed event.
func TestReplayKeepsWhatWasProven(t *testing.T) {
	t.Parallel()
	raw := `{"type":"identify","userId":"7","anonymousId":"a","traits":{"email":"x@y.z"}}`
	signed := site(t, "identity", "signed")
	for _, c := range []struct {
		proven []event.Identifier
		want   string
	}{
		{nil, "public [anon:a] unproven"},
		{[]event.Identifier{"user:7"}, "signed [user:7 anon:a] unproven"},
		{[]event.Identifier{"user:7", "email:x@y.z"}, "signed [user:7 email:x@y.z anon:a] vouched"},
		{[]event.Identifier{"user:8", "email:x@y.z"}, "signed [email:x@y.z anon:a] unproven"}, // somebody has edited the user
	} {
		if got := judged(t, signed.JudgeReplay(c.proven), raw); got != c.want {
			t.Errorf("proven %v: %s, want %s", c.proven, got, c.want)
		}
	}
}

// TestProofOfOneIsNoneForAnother: whoever has the proofs of many users and addresses has none of another, whatever they put where.
func TestProofOfOneIsNoneForAnother(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	ids := []string{"7", "77", "7a", "a7", "Ada", "ada", "ADA", "ada ", "zoë", "zoe", "x@y.z", "X@y.z", "xx@y.z", "7\u200b", "７", "+77", "anon:7", "user:7"}
	for range 20_000 {
		mine, theirs := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
		secret := []string{"new", "old"}[random.IntN(2)]
		raw := fmt.Sprintf(`{"type":"identify","userId":%q,"anonymousId":"a",%s}`, theirs, proof(trust.Proof(secret, mine), ""))
		e, err := event.Parse([]byte(raw), event.Stamp{Workspace: "demo", Source: "web", Received: received, Request: "r"})
		if err != nil {
			t.Fatal(raw, err)
		}
		isTheirs := e.PrimaryID().Value() == mine
		if err := site(t, "identity", "signed").Judge()(&e); err != nil {
			t.Fatal(raw, err)
		}
		if got := e.Grade == event.Signed; got != isTheirs {
			t.Fatalf("the proof of %q for the user %q: signed is %v", mine, theirs, got)
		}
	}
}
