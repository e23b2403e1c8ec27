package fate_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
)

func TestKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 150)
	for name, test := range map[string]struct {
		raw, reason string
		want        fate.Event
	}{
		"an event":                  {`{"type":"track","event":"Signed Up","messageId":"m1"}`, "it is bad", fate.Event{Type: "track", Name: "Signed Up", MessageID: "m1", Reason: "it is bad"}},
		"a page's name":             {`{"type":"page","name":"Home"}`, "", fate.Event{Type: "page", Name: "Home"}},
		"no object":                 {`[1]`, "", fate.Event{}},
		"no JSON":                   {`{"type":`, "", fate.Event{}},
		"members of other types":    {`{"type":7,"event":{"a":1},"messageId":null}`, "", fate.Event{}},
		"an address in the name":    {`{"type":"track","event":"Mail to jo@shop.example"}`, "", fate.Event{Type: "track", Name: "…"}},
		"a long number in the name": {`{"type":"track","event":"Call 0301234567"}`, "", fate.Event{Type: "track", Name: "…"}},
		"a short number":            {`{"type":"track","event":"Step 1234 of 1234"}`, "", fate.Event{Type: "track", Name: "Step 1234 of 1234"}},
		"a quote in the reason":     {`{}`, `"jo@shop.example" is no time such as "x"`, fate.Event{Reason: `"…" is no time such as "…"`}},
		"a quote without an end":    {`{}`, `the key "secret`, fate.Event{Reason: `the key "…`}},
		"a terminal is not steered": {`{"type":"\u001b[31mred"}`, "", fate.Event{Type: "\ufffd[31mred"}},
		"a long name":               {`{"event":"` + long + `"}`, "", fate.Event{Name: strings.Repeat("ä", 100) + "…"}},
	} {
		test.want.Fate, test.want.Source = fate.Rejected, "web"
		got := fate.Kept(event.Failed{Source: "web", Original: test.raw, Reason: test.reason})
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

// TestPersonIsNoIdentifier: the same person has the same sign, another one another, and another workspace another for the same.
func TestPersonIsNoIdentifier(t *testing.T) {
	t.Parallel()
	of := func(workspace string, ids ...event.Identifier) fate.Event {
		return fate.Taken(event.Event{Workspace: workspace, Identifiers: ids})
	}
	a, b, c := of("shop", "user:42", "anon:x"), of("shop", "user:43"), of("mall", "user:42")
	if a.Person != of("shop", "user:42").Person || a.Person == b.Person || a.Person == c.Person {
		t.Errorf("the persons are %q, %q and %q", a.Person, b.Person, c.Person)
	}
	if !reflect.DeepEqual(a.Identifiers, []string{"user", "anon"}) || strings.Contains(a.Person, "42") {
		t.Errorf("got %+v", a)
	}
}

// TestBounded: of too many events the bad ones are kept first, all in their order, and it is known how many are left out.
func TestBounded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ good, bad, wantGood, wantBad, left int }{
		"few":               {3, 2, 3, 2, 0},
		"as many as may be": {fate.MaxEvents, 0, fate.MaxEvents, 0, 0},
		"one too many":      {fate.MaxEvents, 1, fate.MaxEvents - 1, 1, 1},
		"too many bad ones": {5, fate.MaxEvents + 9, 0, fate.MaxEvents, 14},
	} {
		var all []fate.Event
		for i := range test.good + test.bad {
			e := fate.Event{Fate: fate.Accepted, MessageID: event.ID(fmt.Sprintf("%05d", i))}
			if i >= test.good {
				e.Fate = fate.Rejected
			}
			all = append(all, e)
		}
		b := fate.Bounded(all)
		good, bad, last := 0, 0, event.ID("")
		for _, e := range b.Events {
			if e.MessageID <= last {
				t.Fatalf("%s: %s comes after %s", name, e.MessageID, last)
			}
			if last = e.MessageID; e.Fate == fate.Accepted {
				good++
			} else {
				bad++
			}
		}
		if good != test.wantGood || bad != test.wantBad || b.LeftOut != test.left {
			t.Errorf("%s: %d good and %d bad events, %d left out, want %+v", name, good, bad, b.LeftOut, test)
		}
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	e := fate.Event{Fate: fate.Accepted, MessageID: "m1", Type: "track", Name: "Signed Up", Source: "web"}
	for _, f := range []fate.Filter{{}, {MessageID: "m1"}, {Type: "track"}, {Name: "Signed Up"}, {Source: "web"}, {Fate: fate.Accepted}, {MessageID: "m1", Source: "web"}} {
		if !f.Matches(e) {
			t.Errorf("%+v does not match %+v", f, e)
		}
	}
	for _, f := range []fate.Filter{{MessageID: "m2"}, {Type: "page"}, {Name: "signed up"}, {Source: "till"}, {Fate: fate.Rejected}, {MessageID: "m1", Source: "till"}} {
		if f.Matches(e) {
			t.Errorf("%+v matches %+v", f, e)
		}
	}
}

// TestTextToTheUnit: a text of 200 bytes is told whole, a longer one is cut.
func TestTextToTheUnit(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int]string{200: strings.Repeat("a", 200), 201: strings.Repeat("a", 200) + "…"} {
		if got := fate.Kept(event.Failed{Reason: strings.Repeat("a", bytes)}).Reason; got != want {
			t.Errorf("%d bytes are told as %q, want %q", bytes, got, want)
		}
	}
}
