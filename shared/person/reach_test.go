package person_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/person"
)

// graph is nodes as a store would give them, whose identifiers were all seen at one instant.
type graph map[event.Identifier]identity.Node

func (g graph) Nodes(_ context.Context, _ string, ids []event.Identifier) ([]identity.Node, error) {
	out := make([]identity.Node, len(ids))
	for i, id := range ids {
		out[i] = g[id]
		out[i].ID = id
	}
	return out, nil
}

func (g graph) Load(_ context.Context, _ string, id event.Identifier, _ []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	a := profile.Aggregate{Touchpoints: 1}
	a.First.At = event.At(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	return a, nil, nil
}

// A user whose parents are full, all but the newest, is joined to nobody until that one makes them too many: then the aliases of the newest are void.
func TestCrowdOfFullParents(t *testing.T) {
	t.Parallel()
	alias := link("user:crowded", "user:p", 2)
	g := graph{"user:p": {Children: []identity.Link{link("user:q", "user:p", 1), alias}}, "user:q": {Parents: []identity.Link{link("user:q", "user:p", 1)}}}
	parents := []identity.Link{alias}
	for n := range identity.MaxParents {
		parents = append(parents, link("user:crowded", event.Identifier(fmt.Sprintf("user:%04d", n)), 1))
	}
	g["user:crowded"] = identity.Node{Parents: parents}
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	days := person.NewDays(calendar)
	if err := (person.Reach{Nodes: g, Aggregates: g}).Mark(t.Context(), "shop", []identity.Link{alias}, days); err != nil {
		t.Fatal(err)
	}
	var got []event.Identifier
	for _, m := range days.Marks() {
		if m.OfPersons() {
			got = append(got, m.Identifiers...)
		}
	}
	if want := []event.Identifier{"user:crowded", "user:p", "user:q"}; !slices.Equal(got, want) {
		t.Errorf("marked %q, want %q", got, want)
	}
}
