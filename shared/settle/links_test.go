package settle_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/life"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// TestEverybodyWhomALinkConcerns: links and cuts come in any order, under limits so small that most of them are at one.
// Their records may come long after them, and settles in between. In the end everybody is counted as the person that the
// links make them.
func TestEverybodyWhomALinkConcerns(t *testing.T) {
	t.Parallel()
	ids := []event.Identifier{
		"user:0", "user:1", "user:2", "user:3", "user:4", "user:5", "email:0@x.example", "email:1@x.example", "anon:0", "anon:1",
	}
	users, ns := 6, system.Shop().Namespace()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		s := system.New(t, system.Shop())
		s.AtOnce = 1 + r.IntN(4)
		s.Caps = identity.Caps{Children: 1 + r.IntN(3), Parents: 1 + r.IntN(3), Aliases: 1 + r.IntN(4), Members: 2 + r.IntN(5)}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		recorder := s.Recorder(s.Ports())
		record := func(of ...event.Identifier) {
			must(recorder.Record(t.Context(), ns, ledger.Batch{Identifiers: of}))
		}
		for n, id := range ids {
			page := event.Touchpoint{ID: event.ID(fmt.Sprint("m", n)), Type: event.Page, Source: "web", Original: 1, Corrected: 1, Received: 1}
			must(s.Table.PutPages(t.Context(), ns, map[event.Identifier][]event.Touchpoint{id: {page}}))
			record(id)
		}
		s.Settle()
		var late [][2]event.Identifier
		for range 1 + r.IntN(16) {
			child, parent := r.IntN(len(ids)), r.IntN(users)
			if child >= users && r.IntN(3) == 0 {
				child, parent = max(child, 8), 6+r.IntN(2)
			}
			ends := [2]event.Identifier{ids[child], ids[parent]}
			at := event.Millis(1 + r.IntN(5))
			if r.IntN(4) == 0 {
				cut := identity.Cut{Child: ends[0], Parent: ends[1], At: at, Undone: r.IntN(3) == 0}
				must(s.Table.PutCut(t.Context(), ns, cut))
			} else {
				e := identity.Evidence{At: at, Event: event.ID(fmt.Sprint(r.IntN(3))), Source: "web"}
				must(s.Table.PutLink(t.Context(), ns, identity.Link{Child: ends[0], Parent: ends[1], Evidence: e}))
			}
			if late = append(late, ends); r.IntN(2) == 0 {
				record(late[0][:]...)
				late = late[1:]
			}
			if r.IntN(3) == 0 {
				record(ids[r.IntN(len(ids))])
				s.Settle()
			}
		}
		for _, ends := range late {
			record(ends[:]...)
		}
		s.Settle()
		loaded, err := life.Load(t.Context(), s.Table, ns, s.Caps, ids)
		must(err)
		profiles, err := s.Table.Profiles(t.Context(), ns, ids)
		must(err)
		for i, id := range ids {
			want := loaded.Root(id)
			if profiles[i].Root != want && (profiles[i].Root != "" || want != id) {
				t.Fatalf("%s is counted under %q, want %q under %+v", id, profiles[i].Root, want, s.Caps)
			}
			if want == id && !slices.Equal(profiles[i].Members, loaded.Of(id).IDs()) {
				t.Fatalf("%s is counted with %q, want %q under %+v", id, profiles[i].Members, loaded.Of(id).IDs(), s.Caps)
			}
		}
	})
}
