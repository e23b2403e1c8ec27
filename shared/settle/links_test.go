package settle_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/life"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// linked is a shop whose identifiers have a touchpoint each, and are linked as a test says.
type linked struct {
	*system.System
	t *testing.T
}

var (
	linkedIDs = []event.Identifier{
		"user:0", "user:1", "user:2", "user:3", "user:4", "user:5", "email:0@x.example", "email:1@x.example", "anon:0", "anon:1",
	}
	linkedUsers = 6
	linkedIn    = system.Shop().Namespace()
)

func newLinked(t *testing.T, caps identity.Caps) linked {
	t.Helper()
	w := linked{system.New(t, system.Shop()), t}
	w.Caps = caps
	for n, id := range linkedIDs {
		page := event.Touchpoint{
			ID: event.ID(fmt.Sprint("m", n)), Type: event.Page, Source: "web", Original: 1, Corrected: 1, Received: 1,
		}
		w.must(w.Table.PutPages(t.Context(), linkedIn, map[event.Identifier][]event.Touchpoint{id: {page}}))
		w.record(id)
	}
	w.Settle()
	return w
}

func (w linked) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w linked) record(ids ...event.Identifier) {
	w.t.Helper()
	recorder := w.Recorder(w.Ports())
	w.must(recorder.Record(w.t.Context(), linkedIn, ledger.Batch{Identifiers: ids}))
}

func (w linked) link(child, parent event.Identifier, at event.Millis, id event.ID) {
	w.t.Helper()
	e := identity.Evidence{Grade: event.Server, At: at, Event: id, Source: "web"}
	w.must(w.Table.PutLinks(w.t.Context(), linkedIn, []identity.Link{{Child: child, Parent: parent, Evidence: e}}))
}

// check holds everybody who was counted against the persons that the links make now.
func (w linked) check() {
	w.t.Helper()
	loaded, err := life.Load(w.t.Context(), w.Table, linkedIn, w.Caps, journey.Rules{}, linkedIDs)
	w.must(err)
	profiles, err := w.Table.Profiles(w.t.Context(), linkedIn, linkedIDs)
	w.must(err)
	for i, id := range linkedIDs {
		want := loaded.Root(id)
		if profiles[i].Root != want && (profiles[i].Root != "" || want != id) {
			w.t.Fatalf("%s is counted under %q, want %q", id, profiles[i].Root, want)
		}
		if want == id && !slices.Equal(profiles[i].Members, loaded.Of(id).IDs()) {
			w.t.Fatalf("%s is counted with %q, want %q", id, profiles[i].Members, loaded.Of(id).IDs())
		}
	}
}

// TestAliasesOfOthers: one link decides whether the aliases of users count who belong to neither of its ends.
func TestAliasesOfOthers(t *testing.T) {
	t.Parallel()
	type link struct {
		child, parent event.Identifier
		at            event.Millis
	}
	for name, c := range map[string]struct {
		caps          identity.Caps
		before, after []link
		want          map[event.Identifier]event.Identifier
	}{
		"a parent's limit puts out one of three users of whom two may hang together": {
			identity.Caps{Children: 2, Parents: 3, Aliases: 2, Members: 9},
			[]link{{"user:0", "user:1", 5}, {"user:0", "user:2", 6}},
			[]link{{"email:0@x.example", "user:1", 1}, {"email:1@x.example", "user:1", 2}},
			map[event.Identifier]event.Identifier{"user:0": "user:2"},
		},
		"a user too many: no alias of another person counts any more": {
			identity.Caps{Children: 3, Parents: 3, Aliases: 4, Members: 9},
			[]link{{"user:0", "user:1", 1}, {"user:0", "user:2", 2}, {"user:3", "user:2", 3}},
			[]link{{"user:4", "user:1", 4}},
			map[event.Identifier]event.Identifier{"user:0": "", "user:3": "", "user:4": ""},
		},
		"a user less: the alias of another person counts again": {
			identity.Caps{Children: 2, Parents: 3, Aliases: 4, Members: 9},
			[]link{{"user:0", "user:2", 1}, {"user:0", "user:3", 2}, {"user:4", "user:3", 3}, {"user:0", "user:1", 4}},
			[]link{{"email:0@x.example", "user:1", 1}, {"email:1@x.example", "user:1", 2}},
			map[event.Identifier]event.Identifier{"user:0": "user:2", "user:4": "user:3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLinked(t, c.caps)
			for _, links := range [][]link{c.before, c.after} {
				for _, l := range links {
					w.link(l.child, l.parent, l.at, "e")
					w.record(l.child, l.parent)
				}
				w.Settle()
				w.check()
			}
			for id, want := range c.want {
				profiles, err := w.Table.Profiles(t.Context(), linkedIn, []event.Identifier{id})
				if w.must(err); profiles[0].Root != want {
					t.Errorf("%s is counted under %q, want %q", id, profiles[0].Root, want)
				}
			}
		})
	}
}

// TestEverybodyWhomALinkConcerns: links and cuts come in any order, under limits so small that most of them are at one.
// Their records may come long after them, and settles in between. In the end everybody is counted as the person that the
// links make them.
func TestEverybodyWhomALinkConcerns(t *testing.T) {
	t.Parallel()
	seed.Each(t, 400, func(t *testing.T, r *rand.Rand) {
		w := newLinked(t, identity.Caps{Children: 1 + r.IntN(3), Parents: 1 + r.IntN(3), Aliases: 1 + r.IntN(4), Members: 2 + r.IntN(5)})
		w.AtOnce = 1 + r.IntN(4)
		var late [][2]event.Identifier
		for range 1 + r.IntN(16) {
			child, parent := r.IntN(len(linkedIDs)), r.IntN(linkedUsers)
			if child >= linkedUsers && r.IntN(3) == 0 {
				child, parent = max(child, 8), linkedUsers+r.IntN(2)
			}
			ends, at := [2]event.Identifier{linkedIDs[child], linkedIDs[parent]}, event.Millis(1+r.IntN(5))
			if r.IntN(4) == 0 {
				cut := identity.Cut{Child: ends[0], Parent: ends[1], At: at, Undone: r.IntN(3) == 0}
				w.must(w.Table.PutCut(t.Context(), linkedIn, cut))
			} else {
				w.link(ends[0], ends[1], at, event.ID(fmt.Sprint(r.IntN(3))))
			}
			if late = append(late, ends); r.IntN(2) == 0 {
				w.record(late[0][:]...)
				late = late[1:]
			}
			if r.IntN(3) == 0 {
				w.record(linkedIDs[r.IntN(len(linkedIDs))])
				w.Settle()
			}
		}
		for _, ends := range late {
			w.record(ends[:]...)
		}
		w.Settle()
		w.check()
	})
}

// Of more children than a parent has places for, those that did something come first. A run may die before or after it notes that, and may be overtaken
// there: the next one ends as if nothing had been.
func TestWhoDidSomethingComesFirst(t *testing.T) {
	t.Parallel()
	crowd := func() *system.System {
		s := system.New(t, system.Shop())
		s.Caps = identity.Caps{Children: 2, Parents: 9, Aliases: 9, Members: 9}
		for n, id := range []string{"z1", "z2", "z3"} { // invented by a server
			s.Send("wk_web", said("track", fmt.Sprint("s", n), id, "2026-11-20T10:00:00Z", `,"userId":"42","event":"Invoice Viewed"`))
		}
		s.Settle()
		s.Send("wk_web",
			said("identify", "e1", "a", "2026-11-20T11:00:00Z", `,"userId":"42"`), said("page", "e2", "a", "2026-11-20T11:01:00Z", ""),
			said("identify", "e3", "b", "2026-11-20T12:00:00Z", `,"userId":"42"`), said("page", "e4", "b", "2026-11-20T12:01:00Z", ""),
			said("identify", "e5", "c", "2026-11-20T13:00:00Z", `,"userId":"42"`), said("page", "e6", "c", "2026-11-20T13:01:00Z", ""),
		)
		return s
	}
	whole := crowd()
	names := calls(whole)
	want := stored(t, whole)
	for id, root := range map[string]string{"anon:a": "user:42", "anon:b": "user:42", "anon:c": "anon:c", "anon:z1": "anon:z1"} {
		if _, body := whole.Get("/v1/profiles/" + id); !strings.HasPrefix(body, `{"person":"`+root+`"`) {
			t.Errorf("%s is %.60s, want %s", id, body, root)
		}
	}
	noted := 0
	for i, name := range names {
		if name != "wake" {
			continue
		}
		noted++
		for _, isApplied := range []bool{false, true} {
			s := crowd()
			now := s.Now
			s.Call = dying(i, isApplied)
			if err := s.TrySettle(s.Ports()); !errors.Is(err, errDead) {
				t.Fatalf("the run that dies at %s ends with %v", name, err)
			}
			s.Call, s.Now = nil, s.Now.Add(60e9)
			s.Settle()
			s.Now = now.Add(60e9)
			same(t, "after it died", stored(t, s), want)
		}
		s := crowd()
		now, left := s.Now, i
		s.Call = func(_ string, apply func() error) error {
			if left--; left == -1 {
				s.Call = nil
				s.Settle()
			}
			return apply()
		}
		if err := s.TrySettle(s.Ports()); err != nil {
			t.Fatal(err)
		}
		s.Now = now.Add(60e9)
		same(t, "after it was overtaken", stored(t, s), want)
	}
	if noted != 3 {
		t.Errorf("%d children were noted, want 3: %q", noted, names)
	}
}
