package journey_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/testing/seed"
)

// randomLines are a few identifiers of one person, with signs, orders, wrong clocks, events without a timestamp, retries and times that tie.
func randomLines(r *rand.Rand) []journey.Line {
	names := []string{"", event.OrderCompleted, event.OrderRefunded, "Product Viewed", "Product Added", "Order Shipped"}
	var lines []journey.Line
	for i := range 1 + r.IntN(4) {
		line := journey.Line{Identifier: event.Identifier(fmt.Sprint("anon:", i))}
		for n := range r.IntN(10) {
			at := clock("10:00").Add(time.Duration(r.IntN(40)) * 7 * time.Minute).Add(time.Duration(r.IntN(2)) * 40 * 24 * time.Hour)
			tp := event.Touchpoint{
				ID: event.ID(fmt.Sprint("m", n)), Source: "web", Type: event.Track, Name: names[r.IntN(len(names))], Original: at, Corrected: at,
				Received: at.Add(time.Second), Country: []string{"", "GB", "FR"}[r.IntN(3)],
				Marketing: event.Marketing{Explicit: []string{"", "", "email", "paid_search"}[r.IntN(4)], Campaign: []string{"", "", "spring"}[r.IntN(3)]},
			}
			switch tp.Name {
			case "":
				tp.Type = event.Page
			case event.OrderCompleted, event.OrderRefunded:
				tp.Order = &event.Order{ID: fmt.Sprint("o", r.IntN(4)), Amount: 1}
				if tp.Name == event.OrderRefunded {
					tp.Order.Kind = event.Refunded
				}
			}
			if r.IntN(5) == 0 {
				tp.Agent = "crawler"
			}
			switch r.IntN(4) {
			case 0:
				tp.Skewed = true
				tp.Corrected = at.Add(time.Hour + time.Duration(r.IntN(12))*time.Minute)
			case 1:
				tp.Untimed, tp.Received = true, tp.Original
			}
			line.Touchpoints = append(line.Touchpoints, tp)
			for range r.IntN(3) {
				again := tp
				if tp.Order == nil {
					again.Agent = []string{tp.Agent, tp.Agent, "", "monitor"}[r.IntN(4)] // by another agent; of an order that leaves a claim behind
				}
				again.Received = again.Received.Add(time.Duration(r.IntN(3)) * time.Minute)
				line.Touchpoints = append(line.Touchpoints, again)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestAnyOrderGivesTheSameJourney(t *testing.T) {
	t.Parallel()
	m := rules(t)
	seed.Each(t, 1500, func(t *testing.T, r *rand.Rand) {
		lines := randomLines(r)
		claims := claimsOf(lines...)
		until := clock("10:00").Add(time.Duration(r.IntN(200)) * 24 * time.Hour)
		want := journey.Fold("anon:0", lines, claims, m, until)
		for range 3 {
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			for _, l := range lines {
				r.Shuffle(len(l.Touchpoints), func(i, j int) { l.Touchpoints[i], l.Touchpoints[j] = l.Touchpoints[j], l.Touchpoints[i] })
			}
			if got := journey.Fold("anon:0", lines, claims, m, until); !reflect.DeepEqual(got, want) {
				t.Fatalf("the same touchpoints in another order\n got %+v\nwant %+v", got, want)
			}
		}
		checkSteps(t, want)
		checkSessions(t, want)
		checkBots(t, lines, want)
	})
}

// checkBots: an event is a step or a bot's, by the copy of it that counts, and never both or neither.
func checkBots(t *testing.T, lines []journey.Line, j journey.Journey) {
	t.Helper()
	people, bots := 0, 0
	for _, l := range lines {
		for _, tp := range event.Distinct(l.Touchpoints) {
			if tp.Agent == "" {
				people++
				continue
			}
			bots++
		}
	}
	if len(j.Steps) != people || len(j.Bots) != bots {
		t.Fatalf("%d steps and %d of bots, want %d and %d", len(j.Steps), len(j.Bots), people, bots)
	}
	for i, s := range j.Steps {
		if s.Touchpoint.Bot != "" {
			t.Fatalf("step %d is a bot's", i)
		}
	}
	for i, s := range j.Bots {
		if s.Touchpoint.Bot == "" || s.Counts || i > 0 && s.At < j.Bots[i-1].At {
			t.Fatalf("bot's step %d is %+v, want one that does not count, in time order", i, s)
		}
	}
}

// checkSteps holds what must be true of every journey's steps.
func checkSteps(t *testing.T, j journey.Journey) {
	t.Helper()
	counted := map[string]int{}
	for i, s := range j.Steps {
		if i > 0 && s.At < j.Steps[i-1].At {
			t.Fatalf("step %d is at %d, before the one before it at %d", i, s.At, j.Steps[i-1].At)
		}
		if moved := s.At.Sub(s.Touchpoint.Corrected); moved < 0 || moved > event.SkewTolerance {
			t.Fatalf("step %d is %s after its corrected time, at most %s", i, moved, event.SkewTolerance)
		}
		if s.Stage != j.Stages.After[i] {
			t.Fatalf("step %d has stage %q, want %q", i, s.Stage, j.Stages.After[i])
		}
		if !s.Counts {
			continue
		}
		key := fmt.Sprint(s.Touchpoint.Order.Kind, s.Touchpoint.Order.ID)
		if counted[key]++; counted[key] > 1 {
			t.Fatalf("order %s counts twice", key)
		}
		if s.IsOrder() && j.FirstOrder > i {
			t.Fatalf("the first order is step %d, but step %d is one", j.FirstOrder, i)
		}
	}
	for i, s := range j.Steps { // every order that this person alone claims counts once
		if s.Touchpoint.Order == nil {
			continue
		}
		if counted[fmt.Sprint(s.Touchpoint.Order.Kind, s.Touchpoint.Order.ID)] != 1 {
			t.Fatalf("the order of step %d does not count", i)
		}
	}
}

// checkSessions recounts the sessions from the steps alone.
func checkSessions(t *testing.T, j journey.Journey) {
	t.Helper()
	var want []journey.Session
	for i, s := range j.Steps {
		if i == 0 || s.At-j.Steps[i-1].At > 30*60*1000 {
			want = append(want, journey.Session{Start: s.At, First: i})
		}
		last := &want[len(want)-1]
		sent := s.Touchpoint.Marketing
		last.End, last.Channel, last.Campaign = s.At, cmp.Or(last.Channel, sent.Explicit), cmp.Or(last.Campaign, sent.Campaign)
		last.Country = cmp.Or(last.Country, s.Touchpoint.Country)
		if s.Touchpoint.Type != event.Track {
			last.Pages++
		}
		if s.Session != len(want)-1 {
			t.Fatalf("step %d is in session %d, want %d", i, s.Session, len(want)-1)
		}
	}
	for i := range want {
		want[i].Channel = cmp.Or(want[i].Channel, "direct")
	}
	if !slices.Equal(j.Sessions, want) {
		t.Fatalf("sessions are %+v, want %+v", j.Sessions, want)
	}
	for i, s := range j.Steps {
		if channel := cmp.Or(s.Touchpoint.Marketing.Explicit, want[s.Session].Channel); s.Channel != channel {
			t.Fatalf("step %d has channel %q, want %q", i, s.Channel, channel)
		}
	}
}

// A longer life begins as the shorter one did: looking later changes nothing that was seen.
func TestLookingLaterChangesNothing(t *testing.T) {
	t.Parallel()
	m := rules(t)
	seed.Each(t, 500, func(t *testing.T, r *rand.Rand) {
		lines := randomLines(r)
		claims := claimsOf(lines...)
		early := journey.Fold("anon:0", lines, claims, m, clock("10:00"))
		late := journey.Fold("anon:0", lines, claims, m, clock("10:00").Add(400*24*time.Hour))
		if !reflect.DeepEqual(early.Steps, late.Steps) || !slices.Equal(early.Sessions, late.Sessions) || early.FirstOrder != late.FirstOrder {
			t.Fatalf("steps or sessions differ when looked at later")
		}
		for i, v := range early.Stages.Visits {
			seen := late.Stages.Visits[i]
			if i == len(early.Stages.Visits)-1 {
				seen.Left = 0
			}
			if v != seen {
				t.Fatalf("visit %d is %+v, later %+v", i, v, seen)
			}
		}
	})
}
