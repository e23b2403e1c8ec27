package identity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/testing/seed"
)

// The persons are those of an evaluator that never saw the links which are cut, whatever the limits, the order of links and that of loading.
func TestForestEqualsReference(t *testing.T) {
	t.Parallel()
	sizes, limited := map[int]int{}, 0
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		links, all := randomLinks(r)
		cuts, standing := randomCuts(r, links, all)
		caps := anyCaps(r)
		ref := newReference(standing, all, caps)
		in := map[event.Identifier]event.Identifier{} // every identifier is in exactly one person
		g := newGraph(links, cuts...)
		r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
		shuffled := newGraph(links, cuts...)
		g.caps, shuffled.caps = caps, caps
		for _, start := range all {
			p, _, _ := g.person(start)
			got := answer(p)
			if r.IntN(4) == 0 { // for a quarter of them, because it takes many rounds
				if again := answer(shuffled.personInAnyOrder(start, all, r)); !slices.Equal(again, got) {
					t.Fatalf("person of %s depends on the order of links or of loading:\n%q\n%q\nlinks %q\ncuts %+v\n%+v", start, got, again, lines(links), cuts, caps)
				}
			}
			if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, ref.answer(start)) {
				t.Fatalf("person of %s\n got %q\nwant %q\nlinks %q\ncuts %+v\n%+v", start, sorted, ref.answer(start), lines(links), cuts, caps)
			}
			if !p.Has(start) {
				t.Fatalf("person of %s is %v, which lacks it", start, p.IDs())
			}
			for _, id := range p.IDs() {
				if other, found := in[id]; found && other != p.Root {
					t.Fatalf("%s is in the persons %s and %s", id, other, p.Root)
				}
				in[id] = p.Root
			}
			sizes[len(p.Members)]++
			if ref.root(start) != p.Root {
				limited++
			}
		}
	})
	t.Logf("persons asked for by size: %v; %d beyond the limit of members", sizes, limited)
}

func lines(links []identity.Link) []string {
	var out []string
	for _, l := range links {
		out = append(out, line(l))
	}
	return out
}

// Links are joined in the store: of several proofs of one link the earliest stays. So any order of events gives the same persons.
func TestAnyOrderOfEventsGivesTheSamePersons(t *testing.T) {
	t.Parallel()
	seed.Each(t, 300, func(t *testing.T, r *rand.Rand) {
		events, all := randomEvents(r)
		var want map[event.Identifier][]string
		for range 4 {
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			g := newGraph(joined(events))
			got := map[event.Identifier][]string{}
			for _, id := range all {
				p, _, _ := g.person(id)
				got[id] = answer(p)
			}
			if want == nil {
				want = got
			}
			for _, id := range all {
				if !slices.Equal(got[id], want[id]) {
					t.Fatalf("person of %s in two orders of the same events:\n%q\n%q", id, got[id], want[id])
				}
			}
		}
	})
}

func randomEvents(r *rand.Rand) (events []event.Record, all []event.Identifier) {
	id := func(k event.Kind) event.Identifier { return event.Identifier(fmt.Sprintf("%s:%d", k, r.IntN(4))) }
	for _, k := range event.Kinds {
		for i := range 4 {
			all = append(all, event.Identifier(fmt.Sprintf("%s:%d", k, i)))
		}
	}
	for i := range 3 + r.IntN(20) {
		e := event.Record{Touchpoint: event.Touchpoint{Source: "web", Grade: anyGrade(r), Vouched: r.IntN(2) == 0, Received: event.Millis(r.IntN(8)), ID: event.ID(fmt.Sprint("m", i)), Original: event.Millis(r.IntN(8))}}
		for _, k := range event.Kinds {
			if r.IntN(3) == 0 {
				e.Identifiers = append(e.Identifiers, id(k))
			}
		}
		if len(e.Identifiers) == 0 {
			e.Identifiers = append(e.Identifiers, id(event.Anonymous))
		}
		if r.IntN(4) == 0 {
			e.Type, e.Previous = event.Alias, []event.Identifier{id(event.User)}
		}
		events = append(events, e)
	}
	return events, all
}

func joined(events []event.Record) []identity.Link {
	type ends struct{ child, parent event.Identifier }
	stored := map[ends]identity.Link{}
	for _, e := range events {
		for _, l := range identity.Links(e) {
			if old, found := stored[ends{l.Child, l.Parent}]; !found || l.Evidence.Before(old.Evidence) {
				stored[ends{l.Child, l.Parent}] = l
			}
		}
	}
	var out []identity.Link
	for _, l := range stored {
		out = append(out, l)
	}
	return out
}
