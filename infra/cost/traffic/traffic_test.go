package traffic_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/infra/cost/traffic"
)

var midnight = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

func profiles(t testing.TB) []traffic.Profile {
	t.Helper()
	all, err := traffic.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sums is what the requests of some traffic come to.
type sums struct {
	requests, repeats, events, counted, identifies, orders int
	bytes                                                  int
	people                                                 map[string]int // events by anonymous or user id
}

// sent is an event as it is written.
type sent struct {
	Type, Event, AnonymousID, UserID, MessageID string
	Timestamp                                   time.Time
}

func eventsOf(t *testing.T, r traffic.Request) []sent {
	t.Helper()
	if r.Path != "/v1/batch" {
		var one sent
		if err := json.Unmarshal(r.Body, &one); err != nil {
			t.Fatal(err)
		}
		return []sent{one}
	}
	var body struct{ Batch []sent }
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body.Batch
}

func add(t *testing.T, requests []traffic.Request) sums {
	t.Helper()
	s := sums{people: map[string]int{}}
	seen := map[string]bool{}
	for _, r := range requests {
		events := eventsOf(t, r)
		s.requests++
		s.counted += r.Counted
		if r.Events == 0 {
			s.repeats++
			continue
		}
		if r.Events != len(events) {
			t.Errorf("a request says %d events and has %d", r.Events, len(events))
		}
		s.bytes += len(r.Body)
		for _, e := range events {
			if seen[e.MessageID] {
				t.Errorf("the event %s is there twice", e.MessageID)
			}
			seen[e.MessageID] = true
			s.events++
			if e.Type == "identify" {
				s.identifies++
			}
			if e.Event == "Order Completed" {
				s.orders++
			}
			who := e.AnonymousID
			if who == "" {
				who = e.UserID
			}
			s.people[who]++
		}
	}
	return s
}

// The traffic is what the profile says, as closely as chance lets some thousand visits be.
func TestShape(t *testing.T) {
	t.Parallel()
	const touchpoints = 10_000
	for _, p := range profiles(t)[:3] { // the quiet ones are the same traffic
		p.PerDay = touchpoints
		requests, end := p.Day(midnight, touchpoints)
		if !end.Equal(midnight.Add(24 * time.Hour)) {
			t.Errorf("%s: the day ends at %s", p.Name, end)
		}
		s := add(t, requests)
		near := func(what string, got, want, within float64) {
			if math.Abs(got-want) > within*want {
				t.Errorf("%s: %s %.3f, want %.3f", p.Name, what, got, want)
			}
		}
		if s.events != touchpoints || s.counted != touchpoints-s.identifies {
			t.Errorf("%s: %d events, %d counted, %d of them identify, want %d", p.Name, s.events, s.counted, s.identifies,
				touchpoints)
		}
		near("events a request", float64(s.events)/float64(s.requests-s.repeats), p.EventsPerRequest, 0.01)
		if s.requests > 1000 {
			near("share of repeats", float64(s.repeats)/float64(s.requests-s.repeats), p.Retries/100, 0.3)
		}
		near("bytes an event", float64(s.bytes)/float64(s.events), 930, 0.12)
		if p.ServerUsers > 0 {
			users := float64(p.ServerUsers)
			near("users", float64(len(s.people)), users*(1-math.Exp(-touchpoints/users)), 0.02) // the others are never drawn
			near("share of orders", float64(s.orders)/float64(s.events), p.Orders/100, 0.1)
			continue
		}
		visits := float64(s.events) / p.EventsPerVisit
		near("visitors", float64(len(s.people)), visits*p.NewVisitors/100, 0.02)
		near("visits that identify", float64(s.identifies), visits*p.Identify/100, 0.05)
		near("visits that end with an order", float64(s.orders), visits*p.Orders/100, 0.1)
	}
}

// The same profile is the same traffic, byte for byte, also under another name; a part of a day is not.
func TestSameTraffic(t *testing.T) {
	t.Parallel()
	p := profiles(t)[0]
	one, _ := p.Day(midnight, 500)
	p.Name = "other"
	two, end := p.Day(midnight, 500)
	if len(one) != len(two) {
		t.Fatalf("%d and %d requests", len(one), len(two))
	}
	for i := range one {
		if !one[i].At.Equal(two[i].At) || !bytes.Equal(one[i].Body, two[i].Body) {
			t.Fatalf("request %d: %s %s\nand %s %s", i, one[i].At, one[i].Body, two[i].At, two[i].Body)
		}
	}
	if want := midnight.Add(72 * time.Minute); !end.Equal(want) { // 500 of 10,000
		t.Errorf("the part ends at %s, want %s", end, want)
	}
	moment := p.Moment(midnight, 500)
	for _, a := range eventsOf(t, one[0]) {
		for _, r := range moment {
			for _, b := range eventsOf(t, r) {
				if a.MessageID == b.MessageID || a.AnonymousID == b.AnonymousID {
					t.Fatalf("%v is in the day and in the moment", a)
				}
			}
		}
	}
}

// Requests are sorted, lie in their span but for repeats, and no event of a day lies outside of it or after its
// request.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, p := range profiles(t)[:3] {
		requests, end := p.Day(midnight, 2000)
		before := midnight
		for _, r := range requests {
			if r.At.Before(before) || r.Events > 0 && !r.At.Before(end) {
				t.Errorf("%s: a request at %s, after one at %s, in a span that ends at %s", p.Name, r.At, before, end)
			}
			before = r.At
			for _, e := range eventsOf(t, r) {
				if e.Timestamp.Before(midnight) || e.Timestamp.After(r.At) {
					t.Errorf("%s: an event of %s in a request at %s", p.Name, e.Timestamp, r.At)
				}
			}
		}
	}
}

// A busy moment has its rate in every part, the first and the last too.
func TestMomentIsSteady(t *testing.T) {
	t.Parallel()
	for _, p := range profiles(t) {
		if p.BusyPerSecond == 0 || p.ServerUsers > 0 {
			continue
		}
		requests := slices.DeleteFunc(p.Moment(midnight, 4000), func(r traffic.Request) bool { return r.Events == 0 })
		const parts = 8
		length := requests[len(requests)-1].At.Sub(midnight) / parts
		counts := [parts + 1]int{}
		for _, r := range requests {
			counts[int(r.At.Sub(midnight)/length)]++
		}
		want := p.BusyPerSecond * length.Seconds()
		for i, n := range counts[:parts] {
			if math.Abs(float64(n)-want) > 4*math.Sqrt(want) {
				t.Errorf("%s: part %d of the moment has %d requests, want about %.0f", p.Name, i, n, want)
			}
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../mine.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := traffic.Profile{
		Name: "shop", Title: "a shop with 4,000 visits a day", PerDay: 24000, EventsPerVisit: 6, EventsPerRequest: 2.8,
		NewVisitors: 60, Identify: 12, Orders: 2.5,
		Retries: 1, PauseSeconds: [2]float64{6, 60},
	}
	if got, err := traffic.Parse(text); err != nil || got != want {
		t.Errorf("Parse(mine.yaml) = %+v, %v, want %+v", got, err, want)
	}
	for _, c := range []struct{ name, replace, by, want string }{
		{"no YAML", "name:", "name: [", "read traffic: "},
		{"an unknown field", "name:", "colour: red\nname:", "field colour not found"},
		{"no name", "name: shop", "name: The Shop", "its name must be small letters, digits and hyphens"},
		{"nothing a day", "24000", "0", "touchpoints_per_day must be 1 or more"},
		{"more than all", "identify_percent: 12", "identify_percent: 101", "identify_percent must be 0 to 100"},
		{"less than an event a request", "2.8", "0.5", "events_per_request must be 1 to 500"},
		{
			"visits smaller than requests", "events_per_visit: 6", "events_per_visit: 2",
			"events_per_visit must be at least events_per_request",
		},
		{"no pause", "[6, 60]", "[0, 60]", "pause_seconds must be two means above 0"},
		{"not a number", "24000", ".nan", "read traffic: "},
		{
			"not a percentage", "new_visitors_percent: 60", "new_visitors_percent: .nan",
			"new_visitors_percent must be 0 to 100",
		},
		{
			"a batch of less than nothing", "name: shop", "name: shop\nmessages_per_batch: -1",
			"messages_per_batch must be 0 to 10000",
		},
	} {
		if _, err := traffic.Parse([]byte(strings.Replace(string(text), c.replace, c.by, 1))); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Whatever somebody writes, it is refused or makes traffic of as many touchpoints as asked for.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("../mine.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("touchpoints_per_day: 1\nevents_per_request: 100\nserver_users: 1\n"))
	f.Add([]byte("touchpoints_per_day: 5\nevents_per_visit: 1\nevents_per_request: 1\nbusy_requests_per_second: 0.001\npause_seconds: [1000, 0.001]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := traffic.Parse(text)
		if err != nil {
			return
		}
		n := min(20, p.PerDay)
		day, _ := p.Day(midnight, n)
		all := [][]traffic.Request{day}
		if p.BusyPerSecond > 0 {
			all = append(all, p.Moment(midnight, n))
		}
		for _, requests := range all {
			events := 0
			for _, r := range requests {
				events += r.Events
			}
			if events != n {
				t.Errorf("%d events, want %d, of %+v", events, n, p)
			}
		}
	})
}
