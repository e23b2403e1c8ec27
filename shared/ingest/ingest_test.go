package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/ingest"
	"waymark/shared/testing/system"
)

const googlebot = `"context":{"userAgent":"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}`

// input is what some events come to, with the trait plan of who is identified.
func input(t testing.TB, raw ...string) ingest.Input {
	t.Helper()
	in := ingest.Input{}
	for i, text := range raw {
		e, err := event.Parse([]byte(text), event.Stamp{Workspace: "shop", Source: "web", Received: event.At(system.Begin), Request: "r", Index: i})
		if err != nil {
			t.Fatal(err)
		}
		e.Grade = event.Server
		in.Events = append(in.Events, e.Record(event.Keep{}))
		in.Traits = append(in.Traits, profile.Said(e))
	}
	return in
}

func identify(id, user, anonymous, at, more string) string {
	return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":%q,"anonymousId":%q,"timestamp":%q,"traits":{"plan":%q}%s}`, id, user, anonymous, at, id, more)
}

func order(id, user, at, order, more string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,"userId":%q,"timestamp":%q,"properties":{"order_id":%q,"revenue":5}%s}`, id, user, at, order, more)
}

// batch says who 42 is, and that 42 bought.
func batch(t testing.TB) ingest.Input {
	t.Helper()
	return input(t, identify("e1", "42", "a", "2026-11-20T10:00:00Z", ""), order("e2", "42", "2026-11-20T10:01:00Z", "o1", ""))
}

// apply makes the calls of an Apply and gives their names.
func apply(t testing.TB, s *system.System, in ingest.Input) []string {
	t.Helper()
	var names []string
	hook := s.Call
	s.Call = func(name string, apply func() error) error {
		names = append(names, name)
		if hook != nil {
			return hook(name, apply)
		}
		return apply()
	}
	if err := s.Ingest(s.Ports()).Apply(t.Context(), "shop", in); err != nil {
		t.Fatal(err)
	}
	s.Call = hook
	return names
}

// records are the batches that wait to be settled.
func records(t testing.TB, s *system.System) []ledger.Batch {
	t.Helper()
	batches, _, err := s.Table.Batches(t.Context(), "shop", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// Nothing is read before a page is written, and the record comes last. When the same events come again, nothing is written but what is a set, and the
// record, which names the same identifiers, for a crash may have come just before it.
func TestOrderOfCalls(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	in := batch(t)
	for n, want := range [][]string{
		{"put pages", "evidence", "put links", "put claims", "claims", "put batch"},
		{"put pages", "evidence", "put claims", "claims", "put batch"},
	} {
		if got := apply(t, s, in); !slices.Equal(got, want) {
			t.Errorf("time %d: calls are %q, want %q", n, got, want)
		}
		r := records(t, s)[n]
		if !slices.Equal(r.Identifiers, []event.Identifier{"anon:a", "user:42"}) || len(r.Events) != 2 {
			t.Errorf("time %d: the record is %+v", n, r)
		}
		if !strings.HasPrefix(r.Handle, ledger.HandleAt(event.At(s.Now))+"#") {
			t.Errorf("the record is called %s at %d", r.Handle, event.At(s.Now))
		}
	}
	in.IsArchived = true
	apply(t, s, in)
	if r := records(t, s)[2]; r.Events != nil || len(r.Identifiers) != 2 {
		t.Errorf("the record of archived events is %+v, want one without them", r)
	}
	if calls := apply(t, s, ingest.Input{}); calls != nil {
		t.Errorf("of no events the calls are %q", calls)
	}
}

// Whoever may be another person, or have another order, is named: both ends of a link that is new or has earlier evidence, and all who claim an order.
func TestWhoIsConcerned(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	for n, c := range []struct {
		raw  string
		want []event.Identifier
	}{
		{identify("e1", "42", "a", "2026-11-20T10:00:00Z", ""), []event.Identifier{"anon:a", "user:42"}},
		{identify("e2", "42", "a", "2026-11-20T11:00:00Z", ""), []event.Identifier{"user:42"}}, // later evidence changes nothing
		{identify("e3", "42", "a", "2026-11-20T09:00:00Z", ""), []event.Identifier{"anon:a", "user:42"}},
		{order("e4", "7", "2026-11-20T10:00:00Z", "o1", ""), []event.Identifier{"user:7"}},
		{order("e5", "8", "2026-11-20T11:00:00Z", "o1", ""), []event.Identifier{"user:7", "user:8"}},
		{order("e6", "9", "2026-11-20T09:00:00Z", "o1", ""), []event.Identifier{"user:7", "user:8", "user:9"}},
		{identify("e7", "1", "b", "2026-11-20T10:00:00Z", ","+googlebot), []event.Identifier{"user:1"}}, // a bot proves no link
		{order("e8", "1", "2026-11-20T08:00:00Z", "o1", ","+googlebot), []event.Identifier{"user:1"}},   // and claims no order
	} {
		apply(t, s, input(t, c.raw))
		if got := records(t, s)[n].Identifiers; !slices.Equal(got, c.want) {
			t.Errorf("%s concerns %v, want %v", c.raw, got, c.want)
		}
	}
	apply(t, s, input(t, identify("f1", "42", "c", "2026-11-20T11:00:00Z", ""), identify("f2", "42", "c", "2026-11-20T10:00:00Z", "")))
	ends := []identity.Link{{Child: "anon:a", Parent: "user:42"}, {Child: "anon:b", Parent: "user:1"}, {Child: "anon:c", Parent: "user:42"}}
	links, found, err := s.Table.Evidence(t.Context(), "shop", ends)
	if err != nil || links[0].Event != "e3" || found[1] || links[2].Event != "f2" {
		t.Errorf("the links are proven by %+v, %v, %v; want e3 and f2, and a bot's not to be there", links, found, err)
	}
	claims, err := s.Table.Claims(t.Context(), "shop", []string{"order:o1"})
	if got := claims["order:o1"]; err != nil || len(got) != 3 || got[0].Identifier != "user:9" {
		t.Errorf("the claims are %+v, %v, want three with that of user:9 first", got, err)
	}
}

// Sixteen writers of one person at once: whatever is not refused is there, and what is refused comes again.
func TestWritersAtOnce(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	applier := s.Ingest(s.Ports())
	var ids atomic.Int64
	applier.NewID = func() string { return fmt.Sprint(ids.Add(1)) }
	var writers sync.WaitGroup
	for n := range 16 {
		in := input(t, identify(fmt.Sprint("i", n), "42", fmt.Sprint("a", n), "2026-11-20T10:00:00Z", ""), order(fmt.Sprint("o", n), "42", "2026-11-20T10:00:00Z", "o1", ""))
		writers.Go(func() {
			for applier.Apply(t.Context(), "shop", in) != nil {
				continue
			}
		})
	}
	writers.Wait()
	claims, err := s.Table.Claims(t.Context(), "shop", []string{"order:o1"})
	partitions, err2 := s.Table.Partitions(t.Context(), "shop", []event.Identifier{"user:42"})
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	p := partitions[0]
	if len(claims["order:o1"]) != 16 || len(p.Touchpoints) != 32 || len(p.Node.Children) != 16 {
		t.Errorf("there are %d claims, %d events and %d links, want 16, 32 and 16", len(claims["order:o1"]), len(p.Touchpoints), len(p.Node.Children))
	}
}

// A record that was not written soon after it was named gets a new name: a settle may have passed over the old one.
func TestSlowRecord(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	slow := 2
	s.Call = func(name string, apply func() error) error {
		if name == "put batch" && slow > 0 {
			slow--
			s.Advance(ledger.MaxDelay + time.Millisecond)
		}
		return apply()
	}
	apply(t, s, batch(t))
	got := records(t, s)
	if len(got) != 3 || !strings.HasPrefix(got[2].Handle, ledger.HandleAt(event.At(s.Now))) {
		t.Errorf("the records are %+v, want a third that is named in time", got)
	}
}

var errDead = errors.New("the process was killed")

// A process may die at any call. When the events come again, all is stored as if nothing had been, and the last record names everybody.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	undisturbed := system.New(t, system.Shop())
	names := apply(t, undisturbed, batch(t))
	for n, name := range names {
		for _, isApplied := range []bool{false, true} {
			s := system.New(t, system.Shop())
			left := n
			s.Call = func(_ string, apply func() error) error {
				switch left--; {
				case left >= 0:
					return apply()
				case left == -1 && isApplied:
					_ = apply()
				}
				return errDead
			}
			if err := s.Ingest(s.Ports()).Apply(t.Context(), "shop", batch(t)); !errors.Is(err, errDead) {
				t.Errorf("dying at %s: %v", name, err)
			}
			s.Call = nil
			apply(t, s, batch(t))
			all := records(t, s)
			last, _ := json.Marshal(all[len(all)-1])
			want, _ := json.Marshal(records(t, undisturbed)[0])
			if s.Table.Dump() != undisturbed.Table.Dump() || string(last) != string(want) {
				t.Errorf("after dying at %s, applied %v:\n%s\n%s\nwant\n%s\n%s", name, isApplied, s.Table.Dump(), last, undisturbed.Table.Dump(), want)
			}
		}
	}
}

// What a process has seen stored it does not ask for again: within a minute, and if the event's evidence is later. A link that could not be written is
// not known.
func TestKnownLinks(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	applier := s.Ingest(s.Ports())
	applier.Known = &ingest.Known{}
	asked, fails := 0, false
	s.Call = func(name string, call func() error) error {
		switch {
		case name == "evidence":
			asked++
		case name == "put links" && fails:
			return errDead
		}
		return call()
	}
	applier.Store = s.Ports()
	send := func(id, at string) int {
		t.Helper()
		asked = 0
		if err := applier.Apply(t.Context(), "shop", input(t, identify(id, "42", "a", at, ""))); errors.Is(err, errDead) != fails {
			t.Fatal(err)
		}
		return asked
	}
	fails = true
	for _, c := range []struct {
		what, id, at string
		want         int
	}{
		{"a link that is not written", "e0", "2026-11-20T09:30:00Z", 1},
		{"it with later evidence", "e1", "2026-11-20T10:00:00Z", 1},
		{"still later evidence", "e2", "2026-11-20T11:00:00Z", 0},
		{"a repeat, whose record may be missing", "e1", "2026-11-20T10:00:00Z", 1},
		{"earlier evidence", "e3", "2026-11-20T09:00:00Z", 1},
		{"what was the earliest", "e1", "2026-11-20T10:00:00Z", 0},
	} {
		if got := send(c.id, c.at); got != c.want {
			t.Errorf("%s is asked for %d times, want %d", c.what, got, c.want)
		}
		fails = false
	}
	s.Advance(time.Minute)
	if send("e4", "2026-11-20T12:00:00Z") != 1 || send("e5", "2026-11-20T12:00:00Z") != 0 {
		t.Error("after a minute links are to be asked for, once")
	}
	links, _, err := s.Table.Evidence(t.Context(), "shop", []identity.Link{{Child: "anon:a", Parent: "user:42"}})
	if err != nil || links[0].Event != "e3" {
		t.Errorf("the link is proven by %+v, %v, want e3", links, err)
	}
	other := input(t, identify("e6", "42", "a", "2026-11-20T12:00:00Z", ""))
	if err := applier.Apply(t.Context(), "other", other); err != nil || asked != 1 {
		t.Errorf("in another workspace it is asked for %d times, want once; %v", asked, err)
	}
}
