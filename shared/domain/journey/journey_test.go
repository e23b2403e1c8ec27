package journey_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/agent"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/profile"
	"waymark/shared/model"
)

// clock reads "2 Mar 23:50:01.5" or "23:50" (then of 1 March) of 2026 in UTC.
func clock(text string) event.Millis {
	for _, layout := range []string{"2 Jan 15:04:05", "2 Jan 15:04"} {
		for _, day := range []string{"", "1 Mar "} {
			if at, err := time.Parse(layout, day+text); err == nil {
				return event.At(at.AddDate(2026, 0, 0))
			}
		}
	}
	panic("no time: " + text)
}

// page is a page event at a time, with the channel it points to.
func page(id, at, sign string) event.Touchpoint {
	return event.Touchpoint{ID: event.ID(id), Source: "web", Type: event.Page, Original: clock(at), Corrected: clock(at), Received: clock(at), Marketing: event.Marketing{Explicit: sign}}
}

// order is a completed order, or a refund of that id.
func order(id, at, orderID string, refund bool) event.Touchpoint {
	t := page(id, at, "")
	t.Type, t.Name, t.Order = event.Track, event.OrderCompleted, &event.Order{ID: orderID, Amount: 1}
	if refund {
		t.Name, t.Order.Kind = event.OrderRefunded, event.Refunded
	}
	return t
}

// rules take the channel that a touchpoint names, and its agent for the reason why it is a bot's.
func rules(t testing.TB) journey.Rules {
	t.Helper()
	m, err := model.Stages("default")
	if err != nil {
		t.Fatal(err)
	}
	channels, err := model.Channels()
	if err != nil {
		t.Fatal(err)
	}
	return journey.Rules{
		Model: m, Channel: func(t event.Touchpoint) string { return t.Marketing.Explicit }, Bot: func(agent string) string { return agent },
		Agent: func(string) agent.Agent { return agent.Agent{} }, Referrer: channels.Outside,
	}
}

// claimsOf joins what all lines claim.
func claimsOf(lines ...journey.Line) map[string]profile.Claims {
	out := map[string]profile.Claims{}
	for _, l := range lines {
		for _, tp := range l.Touchpoints {
			tp.Bot = tp.Agent
			if key, claim, ok := profile.ClaimOf(tp, l.Identifier); ok {
				out[key] = out[key].Join(claim)
			}
		}
	}
	return out
}

func fold(t testing.TB, lines ...journey.Line) journey.Journey {
	t.Helper()
	return journey.Fold("user:1", lines, claimsOf(lines...), rules(t), clock("2 Mar 12:00"))
}

// story is a journey's steps as text: time, event, session, channel.
func story(j journey.Journey) []string {
	var out []string
	for _, s := range j.Steps {
		out = append(out, fmt.Sprintf("%s %s %d %s", s.At.Time().Format("2 15:04:05.000"), s.Touchpoint.ID, s.Session, s.Channel))
	}
	return out
}

func TestSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []journey.Line
		want  []string
	}{
		{
			"exactly 30 minutes stay",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", ""), page("b", "09:30", "")}}},
			[]string{"1 09:00:00.000 a 0 direct", "1 09:30:00.000 b 0 direct"},
		},
		{
			"30 minutes and a millisecond do not",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", ""), page("b", "09:30:00.001", "")}}},
			[]string{"1 09:00:00.000 a 0 direct", "1 09:30:00.001 b 1 direct"},
		},
		{
			"the pause counts, not the length",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", ""), page("b", "09:29", ""), page("c", "09:58", ""), page("d", "10:27", "")}}},
			[]string{"1 09:00:00.000 a 0 direct", "1 09:29:00.000 b 0 direct", "1 09:58:00.000 c 0 direct", "1 10:27:00.000 d 0 direct"},
		},
		{
			"the first sign names the session, also for what came before",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", ""), page("b", "09:01", "email"), page("c", "09:02", ""), page("d", "09:03", "paid_search")}}},
			[]string{"1 09:00:00.000 a 0 email", "1 09:01:00.000 b 0 email", "1 09:02:00.000 c 0 email", "1 09:03:00.000 d 0 paid_search"},
		},
		{
			"a sign ends with its session",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", "email"), page("b", "10:00", "")}}},
			[]string{"1 09:00:00.000 a 0 email", "1 10:00:00.000 b 1 direct"},
		},
		{
			"a new sign within a session begins no new one",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "09:00", "email"), page("b", "09:10", "paid_social")}}},
			[]string{"1 09:00:00.000 a 0 email", "1 09:10:00.000 b 0 paid_social"},
		},
		{
			"across midnight",
			[]journey.Line{{"user:1", []event.Touchpoint{page("a", "23:50", "email"), page("b", "2 Mar 00:10", "")}}},
			[]string{"1 23:50:00.000 a 0 email", "2 00:10:00.000 b 0 email"},
		},
		{
			"two devices of one person share a session",
			[]journey.Line{
				{"user:1", []event.Touchpoint{page("u", "09:40", "")}},
				{"device:phone", []event.Touchpoint{page("p1", "09:00", ""), page("p2", "09:50", "")}},
				{"anon:laptop", []event.Touchpoint{page("l1", "09:20", "organic_search"), page("l2", "10:25", "")}},
			},
			[]string{
				"1 09:00:00.000 p1 0 organic_search", "1 09:20:00.000 l1 0 organic_search", "1 09:40:00.000 u 0 organic_search",
				"1 09:50:00.000 p2 0 organic_search", "1 10:25:00.000 l2 1 direct",
			},
		},
		{
			"repeats are dropped, each identifier for itself",
			[]journey.Line{
				{"user:1", []event.Touchpoint{page("a", "09:00", ""), page("a", "09:00", "")}}, {"anon:x", []event.Touchpoint{page("a", "09:00", "")}},
			},
			[]string{"1 09:00:00.000 a 0 direct", "1 09:00:00.000 a 0 direct"},
		},
		{"nobody was there", []journey.Line{{"user:1", nil}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := story(fold(t, c.lines...)); !slices.Equal(got, c.want) {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestSessionBounds(t *testing.T) {
	t.Parallel()
	j := fold(t, journey.Line{Identifier: "user:1", Touchpoints: []event.Touchpoint{page("a", "09:00", ""), page("b", "09:20", "email"), page("c", "10:00", "")}})
	want := []journey.Session{
		{Start: clock("09:00"), End: clock("09:20"), Channel: "email", First: 0, Pages: 2},
		{Start: clock("10:00"), End: clock("10:00"), Channel: "direct", First: 2, Pages: 1},
	}
	if !slices.Equal(j.Sessions, want) {
		t.Errorf("sessions are %+v, want %+v", j.Sessions, want)
	}
}

func TestOrdersThatCount(t *testing.T) {
	t.Parallel()
	mine := journey.Line{Identifier: "user:1", Touchpoints: []event.Touchpoint{
		order("refund", "09:00", "r1", true), order("copy", "11:00", "o1", false), order("first", "10:00", "o1", false), order("second", "12:00", "o2", false),
		order("theirs", "13:00", "o3", false), order("refund-again", "14:00", "r1", true),
	}}
	theirs := journey.Line{Identifier: "user:2", Touchpoints: []event.Touchpoint{order("earlier", "08:00", "o3", false)}}
	j := journey.Fold("user:1", []journey.Line{mine}, claimsOf(mine, theirs), rules(t), clock("2 Mar 12:00"))
	var got []event.ID
	for _, s := range j.Steps {
		if s.Counts {
			got = append(got, s.Touchpoint.ID)
		}
	}
	if want := []event.ID{"refund", "first", "second"}; !slices.Equal(got, want) {
		t.Errorf("orders and refunds that count are %q, want %q", got, want)
	}
	if j.FirstOrder != 1 {
		t.Errorf("first order is step %d, want 1", j.FirstOrder)
	}
	if lonely := fold(t, journey.Line{Identifier: "user:1", Touchpoints: []event.Touchpoint{order("refund", "09:00", "r1", true)}}); lonely.FirstOrder != -1 {
		t.Errorf("first order of somebody with a refund alone is step %d, want -1", lonely.FirstOrder)
	}
	unclaimed := journey.Fold("user:1", []journey.Line{mine}, nil, rules(t), clock("2 Mar 12:00"))
	if unclaimed.FirstOrder != -1 {
		t.Errorf("first order without any claims is step %d, want -1", unclaimed.FirstOrder)
	}
}

// Two orders at one instant count by evidence, and the winner is the same whoever holds it.
func TestClaimsOfOneInstant(t *testing.T) {
	t.Parallel()
	line := journey.Line{Identifier: "user:1", Touchpoints: []event.Touchpoint{order("b", "10:00", "o1", false), order("a", "10:00", "o1", false)}}
	j := fold(t, line)
	if j.Steps[0].Touchpoint.ID != "a" || !j.Steps[0].Counts || j.Steps[1].Counts {
		t.Errorf("steps are %+v, want a to count and b not", j.Steps)
	}
	other := profile.Claim{Evidence: identity.Evidence{At: clock("10:00"), Event: "a", Source: "web"}, Identifier: "anon:x"}
	claims := claimsOf(line)
	claims["order:o1"] = claims["order:o1"].Join(other)
	if j := journey.Fold("user:1", []journey.Line{line}, claims, rules(t), clock("2 Mar 12:00")); j.FirstOrder != -1 {
		t.Errorf("an order that the same event claims for %s counts for user:1 too", other.Identifier)
	}
}
