package quality_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/quality"
)

const (
	hour = event.Millis(60 * 60 * 1000)
	day  = 24 * hour
)

var start = event.At(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))

func tally() *quality.Tally {
	return quality.New(quality.Config{
		Workspace: "demo", From: start, To: start + 3*day, Day: func(at event.Millis) string { return at.Day() },
		Known: func(name string) bool { return name == "Known" },
	})
}

// page is an archived page view of one person.
func page(request, id string, original, received event.Millis) event.Record {
	return event.Record{
		Workspace: "demo", Type: event.Page, Identifiers: []event.Identifier{"user:1"}, Request: request,
		Touchpoint: event.Touchpoint{ID: event.ID(id), Source: "web", Type: event.Page, Original: original, Corrected: original, Received: received},
	}
}

func untimed(request, id string, received event.Millis) event.Record {
	r := page(request, id, received, received)
	r.Touchpoint.Untimed = true
	return r
}

// short says accepted/refused/rejected/failed and repeats of each row.
func short(r quality.Report) string {
	out := ""
	for _, row := range r.Rows {
		out += fmt.Sprintf("%s %s %d=%d/%d/%d/%d repeats %d; ", row.Day[8:], row.Source, row.Received, row.Accepted, row.Refused, row.Rejected, row.Failed, row.Repeats)
	}
	return out
}

func TestFates(t *testing.T) {
	t.Parallel()
	envelope := func(request string, first, n int, received event.Millis) event.Envelope {
		return event.Envelope{Workspace: "demo", Source: "web", Request: request, First: first, Received: received, Events: make([]json.RawMessage, n)}
	}
	failed := func(request string, index int, received event.Millis) event.Failed {
		return event.Failed{Workspace: "demo", Source: "web", Request: request, Index: index, Received: received, Class: "bad_time"}
	}
	accept := func(t *quality.Tally, records ...event.Record) {
		for _, r := range records {
			t.Accept(quality.CopyOf(r, ""))
		}
	}
	for _, c := range []struct {
		name string
		fill func(*quality.Tally)
		want string
	}{
		{"nothing", func(*quality.Tally) {}, ""},
		{"a double of one delivery", func(t *quality.Tally) { accept(t, page("r", "m", start, start), page("r", "m", start, start)) }, "20 web 1=1/0/0/0 repeats 0; "},
		{"a client's retry", func(t *quality.Tally) { accept(t, page("r2", "m", start, start+day), page("r1", "m", start, start)) }, "20 web 1=1/0/0/0 repeats 0; 21 web 1=1/0/0/0 repeats 1; "},
		{"two copies at one instant", func(t *quality.Tally) { accept(t, page("r2", "m", start, start), page("r1", "m", start, start)) }, "20 web 2=2/0/0/0 repeats 1; "},
		{"the first copy came before the time asked for", func(t *quality.Tally) {
			accept(t, page("r2", "m", start-day, start), page("r1", "m", start-day, start-day))
		}, "20 web 1=1/0/0/0 repeats 1; "},
		{"another copy comes after it", func(t *quality.Tally) { accept(t, page("r2", "m", start, start+3*day), page("r1", "m", start, start)) }, "20 web 1=1/0/0/0 repeats 0; "},
		{"alike under another identifier", func(t *quality.Tally) {
			other := page("r2", "m", start, start)
			other.Identifiers = []event.Identifier{"user:2"}
			accept(t, page("r1", "m", start, start), other)
		}, "20 web 2=2/0/0/0 repeats 0; "},
		{"alike and of another type", func(t *quality.Tally) {
			other := page("r2", "m", start, start)
			other.Type = event.Identify
			accept(t, page("r1", "m", start, start), other)
		}, "20 web 2=2/0/0/0 repeats 0; "},
		{"a track is a repeat of a page", func(t *quality.Tally) {
			other := page("r2", "m", start, start)
			other.Type = event.Track
			accept(t, page("r1", "m", start, start), other)
		}, "20 web 2=2/0/0/0 repeats 1; "},
		{"untimed, again within 48 hours, and after", func(t *quality.Tally) {
			accept(t, untimed("r1", "m", start), untimed("r2", "m", start+2*day), untimed("r3", "m", start+2*day+1))
		}, "20 web 1=1/0/0/0 repeats 0; 22 web 2=2/0/0/0 repeats 1; "},
		{"archived before deliveries were told apart", func(t *quality.Tally) {
			accept(t, page("", "m", start, start), page("", "m", start, start), page("", "m", start, start+1))
		}, "20 web 2=2/0/0/0 repeats 1; "},
		{"replayed: accepted, and not removed yet", func(t *quality.Tally) { t.Reject(failed("r", 0, start)); accept(t, page("r", "m", start, start)) }, "20 web 1=1/0/0/0 repeats 0; "},
		{"rejected, listed twice", func(t *quality.Tally) { t.Reject(failed("r", 0, start)); t.Reject(failed("r", 0, start)) }, "20 web 1=0/0/1/0 repeats 0; "},
		{"dead", func(t *quality.Tally) { t.Dead(envelope("r", 5, 3, start)); t.Dead(envelope("r", 5, 3, start)) }, "20 web 3=0/0/0/3 repeats 0; "},
		{"dead, of which one was rejected", func(t *quality.Tally) { t.Dead(envelope("r", 0, 3, start)); t.Reject(failed("r", 1, start)) }, "20 web 3=0/0/1/2 repeats 0; "},
		{"dead, of which one was archived", func(t *quality.Tally) { accept(t, page("r", "m", start, start)); t.Dead(envelope("r", 0, 2, start)) }, "20 web 2=0/0/0/2 repeats 0; "},
		{"what is dead makes nothing a repeat", func(t *quality.Tally) {
			t.Dead(envelope("r0", 0, 1, start-1))
			accept(t, page("r0", "m", start-1, start-1), page("r", "m", start-1, start))
		}, "20 web 1=1/0/0/0 repeats 0; "},
		{"dead, of another workspace or day", func(t *quality.Tally) {
			e := envelope("r", 0, 2, start)
			e.Workspace = "other"
			t.Dead(e)
			t.Dead(envelope("r", 0, 2, start-1))
		}, ""},
		{"refused, and its note both kept and dead", func(t *quality.Tally) {
			e := envelope("r", 0, 0, start)
			e.Refused = &event.Refused{Code: "c", Events: 7}
			t.Dead(e)
			refusal, _ := e.Refusal()
			t.Refuse(refusal)
		}, "20 web 7=0/7/0/0 repeats 0; "},
	} {
		counts := tally()
		c.fill(counts)
		if got := short(counts.Report()); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Late is by the corrected time, and more than an hour.
func TestLate(t *testing.T) {
	t.Parallel()
	counts := tally()
	for n, ago := range []event.Millis{0, hour, hour + 1} {
		r := page(fmt.Sprint(n), fmt.Sprint(n), start-10*hour, start+5*hour)
		r.Touchpoint.Corrected = r.Touchpoint.Received - ago
		counts.Accept(quality.CopyOf(r, ""))
	}
	if got := counts.Report().Total.Late; got != 1 {
		t.Errorf("%d are late, want 1", got)
	}
}

// Needs asks for the days of receipt, for the days on which an earlier copy can lie, and follows a chain of untimed copies back to its beginning.
func TestNeeds(t *testing.T) {
	t.Parallel()
	counts := tally()
	check := func(what string, want ...string) {
		t.Helper()
		if got := counts.Needs(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: needs\n%v\nwant\n%v", what, got, want)
		}
	}
	check("at first", "2026-11-20", "2026-11-21", "2026-11-22")
	counts.Accept(quality.CopyOf(page("r1", "m", start-400*day, start), ""))
	check("an old event", "2025-10-16", "2026-11-20", "2026-11-21", "2026-11-22")
	counts.Accept(quality.CopyOf(page("r2", "m", start-500*day, start-1), ""))
	check("one received before", "2025-10-16", "2026-11-20", "2026-11-21", "2026-11-22")
	counts.Accept(quality.CopyOf(untimed("r3", "u", start), ""))
	check("an untimed one", "2025-10-16", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22")
	counts.Accept(quality.CopyOf(untimed("r4", "u", start-40*hour), ""))
	check("its copy before", "2025-10-16", "2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22")
}

// TestAnyOrderGivesTheSameReport: the report depends on the set of what it is made of.
func TestAnyOrderGivesTheSameReport(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		var steps []func(*quality.Tally)
		for range 30 {
			n := random.IntN(8) // one delivery is alike wherever it is found
			request, received := fmt.Sprint("r", n), start+event.Millis(n)*11*hour
			r := page(request, fmt.Sprint("m", n/2), start, received)
			if random.IntN(2) == 0 {
				r = untimed(request, "u", received)
				r.Index = 2
			}
			r.Index += random.IntN(2)
			switch random.IntN(6) {
			case 0:
				steps = append(steps, func(t *quality.Tally) {
					t.Reject(event.Failed{Source: "web", Request: r.Request, Index: r.Index, Received: r.Touchpoint.Received, Class: "c"})
				})
			case 1:
				steps = append(steps, func(t *quality.Tally) {
					t.Dead(event.Envelope{Workspace: "demo", Source: "web", Request: r.Request, First: r.Index, Received: r.Touchpoint.Received, Events: make([]json.RawMessage, 1)})
				})
			default:
				steps = append(steps, func(t *quality.Tally) { t.Accept(quality.CopyOf(r, "")) })
			}
		}
		var want quality.Report
		for round := range 4 {
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			counts := tally()
			for _, step := range append(steps, steps[:5]...) {
				step(counts)
			}
			got := counts.Report()
			if round == 0 {
				want = got
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, short(got), short(want))
			}
		}
	}
}
