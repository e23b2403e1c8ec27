package life_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
	"waymark/shared/model"
)

// store holds a few identifiers and notes what it is asked for.
type store struct {
	links   []identity.Link
	lines   map[event.Identifier][]event.Touchpoint
	claims  map[string]profile.Claims
	counted map[event.Identifier]ledger.Profile
	asked   [][]event.Identifier
	keys    [][]string
	broken  string // the method that fails
}

var errDown = errors.New("store is down")

func (s *store) Partitions(_ context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error) {
	if ns != "demo" || s.broken == "Partitions" {
		return nil, errDown
	}
	s.asked = append(s.asked, ids)
	out := make([]ledger.Partition, len(ids))
	for i, id := range ids {
		out[i].Touchpoints, out[i].Profile = s.lines[id], s.counted[id]
		for _, l := range s.links {
			if l.Child == id {
				out[i].Node.Parents = append(out[i].Node.Parents, l)
			}
			if l.Parent == id {
				out[i].Node.Children = append(out[i].Node.Children, l)
			}
		}
	}
	return out, nil
}

func (s *store) Claims(_ context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error) {
	if ns != "demo" || s.broken == "Claims" {
		return nil, errDown
	}
	s.keys = append(s.keys, keys)
	return s.claims, nil
}

func (s *store) AllLinks(ctx context.Context, ns workspace.Namespace, id event.Identifier) (identity.Node, error) {
	all, err := s.Partitions(ctx, ns, []event.Identifier{id})
	if err != nil {
		return identity.Node{}, err
	}
	return all[0].Node, nil
}

func (s *store) AllClaims(_ context.Context, _ workspace.Namespace, key string) (profile.Claims, error) {
	return s.claims[key], nil
}

func link(child, parent event.Identifier, at event.Millis) identity.Link {
	return identity.Link{Child: child, Parent: parent, Evidence: identity.Evidence{At: at, Event: event.ID(fmt.Sprint("m", at)), Source: "web"}}
}

// family is two persons: user:1 with a phone and a mailbox, user:2 who shares the phone; and somebody alone.
func family() *store {
	buy := event.Touchpoint{ID: "buy", Source: "web", Type: event.Track, Name: event.OrderCompleted, Original: 2000, Corrected: 2000, Order: &event.Order{ID: "o1", Amount: 1}}
	look := event.Touchpoint{ID: "look", Source: "web", Type: event.Page, Original: 1000, Corrected: 1000}
	key, claim, _ := profile.ClaimOf(buy, "user:1")
	return &store{
		links:  []identity.Link{link("device:p", "user:1", 1), link("device:p", "user:2", 2), link("email:e", "user:1", 3)},
		lines:  map[event.Identifier][]event.Touchpoint{"user:1": {buy}, "device:p": {look}},
		claims: map[string]profile.Claims{key: {claim}},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	s := family()
	loaded, err := life.Load(t.Context(), s, "demo", identity.DefaultCaps(), journey.Rules{}, []event.Identifier{"device:p", "user:2", "anon:alone", "email:e"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := loaded.Roots(), []event.Identifier{"anon:alone", "user:1", "user:2"}; !slices.Equal(got, want) {
		t.Errorf("Roots = %v, want %v", got, want)
	}
	for asked, want := range map[event.Identifier][]event.Identifier{
		"device:p": {"user:1", "device:p", "email:e"}, "email:e": {"user:1", "device:p", "email:e"}, "user:2": {"user:2"}, "anon:alone": {"anon:alone"},
	} {
		p := loaded.Of(asked)
		if !slices.Equal(p.IDs(), want) || loaded.Root(asked) != want[0] {
			t.Errorf("person of %s is %v with root %s, want %v", asked, p.IDs(), loaded.Root(asked), want)
		}
		for i, part := range p.Partitions {
			if part.ID != want[i] {
				t.Errorf("partition %d of %s is of %s, want %s", i, asked, part.ID, want[i])
			}
		}
	}
	read := map[event.Identifier]int{}
	for _, ids := range s.asked {
		for _, id := range ids {
			read[id]++
		}
	}
	for id, times := range read {
		if times != 1 {
			t.Errorf("%s was read %d times, want once", id, times)
		}
	}
	if len(s.asked) > 3 {
		t.Errorf("it took %d rounds: %v, want at most 3", len(s.asked), s.asked)
	}
	if len(s.keys) != 1 || !slices.Equal(s.keys[0], []string{"order:o1"}) {
		t.Errorf("claims were asked for %v, want once for order:o1", s.keys)
	}
}

func TestJourneyOfAllIdentifiers(t *testing.T) {
	t.Parallel()
	rules, err := model.Rules("default")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := life.Load(t.Context(), family(), "demo", identity.DefaultCaps(), journey.Rules{}, []event.Identifier{"email:e"})
	if err != nil {
		t.Fatal(err)
	}
	j := loaded.Of("email:e").Journey(rules, 5000)
	var got []string
	for _, s := range j.Steps {
		got = append(got, fmt.Sprintf("%s %s counts=%v", s.Identifier, s.Touchpoint.ID, s.Counts))
	}
	want := []string{"device:p look counts=false", "user:1 buy counts=true"}
	if j.Root != "user:1" || !slices.Equal(got, want) || j.FirstOrder != 1 {
		t.Errorf("journey of %s is %q, first order %d, want user:1 %q, 1", j.Root, got, j.FirstOrder, want)
	}
}

// Whom identifiers may concern are the persons that they are of now, those that they were counted under, and all members of either, and so on.
func TestLoadConcerned(t *testing.T) {
	t.Parallel()
	s := family()
	s.counted = map[event.Identifier]ledger.Profile{
		"user:2": {Run: 1, Members: []event.Identifier{"user:2", "anon:x"}}, "anon:x": {Run: 2, Root: "user:9"},
		"user:9": {Run: 3, Members: []event.Identifier{"user:9", "anon:x", "email:e"}}, "email:e": {Run: 3, Root: "user:9"},
	}
	for asked, want := range map[event.Identifier][]event.Identifier{
		"anon:alone": {"anon:alone"},
		"device:p":   {"anon:x", "device:p", "email:e", "user:1", "user:9"},
		"user:2":     {"anon:x", "device:p", "email:e", "user:1", "user:2", "user:9"},
	} {
		loaded, err := life.LoadConcerned(t.Context(), s, "demo", identity.DefaultCaps(), journey.Rules{}, []event.Identifier{asked})
		if err != nil {
			t.Fatal(err)
		}
		if got := loaded.Identifiers(); !slices.Equal(got, want) {
			t.Errorf("%s concerns %v, want %v", asked, got, want)
		}
		for _, id := range want {
			if got := loaded.Profile(id); got.ID != id || got.Run != s.counted[id].Run {
				t.Errorf("the profile of %s is %+v, want %+v", id, got, s.counted[id])
			}
		}
	}
}

func TestLoadNobody(t *testing.T) {
	t.Parallel()
	s := &store{}
	loaded, err := life.Load(t.Context(), s, "demo", identity.DefaultCaps(), journey.Rules{}, nil)
	if err != nil || len(loaded.Roots()) != 0 || s.asked != nil || s.keys != nil {
		t.Errorf("Load of nobody = %v, %v, asked %v and %v; want nothing", loaded.Roots(), err, s.asked, s.keys)
	}
	if p := loaded.Of("user:1"); p.Root != "" || p.Partitions != nil {
		t.Errorf("somebody who was not asked for is %+v, want nobody", p)
	}
}

func TestLoadSaysWhatFailed(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{"Partitions": "read partitions: ", "Claims": "read order claims: "} {
		s := family()
		s.broken = method
		_, err := life.Load(t.Context(), s, "demo", identity.DefaultCaps(), journey.Rules{}, []event.Identifier{"user:1"})
		if !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("with %s broken: %v, want %q and the cause", method, err, want)
		}
	}
}
