package process_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/person"
)

// seed stores a link without an event; n orders the links of a test.
func (w *world) seed(t testing.TB, child, parent event.Identifier, n int) {
	t.Helper()
	at := event.At(time.Date(2026, 11, 10, 0, 0, n, 0, time.UTC))
	must(t, w.Table.PutLink(t.Context(), "shop", identity.Link{Child: child, Parent: parent, Evidence: identity.Evidence{At: at, Event: event.ID(fmt.Sprint("s", n)), Source: "web"}}))
}

// hub is a user with as many children as one may have, and two that have found no place. Two more visitors were seen.
func hub(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	for n := range identity.MaxChildren + 2 {
		w.seed(t, event.Identifier(fmt.Sprintf("anon:%04d", n)), "user:hub", n)
	}
	w.accept(t, pageView("p5", visitor("early"), "2026-11-05T09:00:00Z"), pageView("p6", visitor("late"), "2026-11-06T09:00:00Z"))
	w.clearMarks(t)
	return w
}

// A child that loses its place to one with earlier evidence is marked, with the person it leaves, whether the writing goes well, dies and comes again, or
// comes twice. Those just behind it are marked too: another writer may have displaced them meanwhile. One that comes too late displaces nobody.
func TestDisplacedChildren(t *testing.T) {
	t.Parallel()
	first := identify("e1", "hub", "early", "2026-11-09T10:00:00Z")
	const joined = "2026-11-05 anon:early user:hub"
	t.Run("an earlier link", func(t *testing.T) {
		t.Parallel()
		w := hub(t)
		for range 2 {
			w.accept(t, first)
			checkEqual(t, "marks", w.marks(t, "shop"), []string{joined, "parted: anon:0999 anon:1000 anon:1001 user:hub"})
			w.clearMarks(t)
		}
		for id, want := range map[event.Identifier]event.Identifier{"anon:early": "user:hub", "anon:0998": "user:hub", "anon:0999": "anon:0999", "anon:1000": "anon:1000"} {
			if got := w.root(t, id); got != want {
				t.Errorf("%s belongs to %s, want %s", id, got, want)
			}
		}
	})
	t.Run("a crash between link and mark", func(t *testing.T) {
		t.Parallel()
		w := hub(t)
		w.before = func(c call) error {
			if c.site == "put marks" {
				return throttled
			}
			return nil
		}
		m := message(t, "m", "shop", first)
		checkEqual(t, "messages that go back", w.deliver(t, m), []string{"m"})
		w.before = nil
		w.seed(t, "anon:other", "user:hub", -1) // another displaces one more before the message comes again
		w.deliver(t, m)
		checkEqual(t, "marks", w.marks(t, "shop"), []string{joined, "parted: anon:0998 anon:0999 anon:1000 anon:1001 user:hub"})
	})
	t.Run("twenty at once", func(t *testing.T) {
		t.Parallel()
		w := hub(t)
		var raw []string
		for n := range 20 {
			raw = append(raw, identify(fmt.Sprint("i", n), "hub", fmt.Sprint("early", n), "2026-11-09T10:00:00Z"))
		}
		w.deliver(t, message(t, "m", "shop", raw...))
		checkEqual(t, "marks", w.marks(t, "shop"), []string{"parted: " + numbers("anon", identity.MaxChildren-20, identity.MaxChildren+2) + " user:hub"})
	})
	t.Run("a link too late", func(t *testing.T) {
		t.Parallel()
		w := hub(t)
		w.accept(t, identify("e2", "hub", "late", "2026-11-20T10:00:00Z"))
		checkEqual(t, "marks", w.marks(t, "shop"), []string{"2026-11-06 anon:late"})
	})
}

// kiosk is a device with as many parents as one may have, and so many more, and a visitor on it. It was seen once; they belonged to the first user.
func kiosk(t testing.TB, more int) *world {
	t.Helper()
	w := newWorld(t)
	for n := range identity.MaxParents + more {
		w.seed(t, "device:kiosk", event.Identifier(fmt.Sprintf("user:%04d", n)), n)
	}
	w.seed(t, "anon:a", "device:kiosk", 0)
	w.accept(t, pageView("p1", `"context":{"device":{"id":"kiosk"}}`, "2026-11-01T09:00:00Z"))
	w.clearMarks(t)
	return w
}

func signIn(id, userID string) string {
	return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":%q,"timestamp":"2026-11-20T10:00:00Z","context":{"device":{"id":"kiosk"}}}`, id, userID)
}

// numbers lists identifiers with numbers of four digits.
func numbers(kind string, from, to int) string {
	var out []string
	for n := from; n < to; n++ {
		out = append(out, fmt.Sprintf("%s:%04d", kind, n))
	}
	return strings.Join(out, " ")
}

// earliest are as many of the kiosk's parents, each of which may be the one that it leaves.
func earliest(n int) string { return numbers("user", 0, n) }

// few are more than may be written at once.
const few = identity.Overhang + 1

// A child that gets one parent too many is nobody's, so it is marked with the person that it leaves; also when several writers make them too
// many together, or the last parent has no place for the child. Once it is nobody's for sure, further ones change nothing.
func TestOneParentTooMany(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		more   int // parents beyond the limit before
		others []event.Identifier
		names  string // "" for marks of the kiosk alone
	}{
		{"the one too many", 0, nil, earliest(few) + " user:hub"},
		{"the first two were written at once", 0, []event.Identifier{"user:a", "user:b"}, earliest(few-2) + " user:a user:b user:hub"},
		{"as many as may be written at once", identity.Overhang - 1, nil, earliest(few) + " user:hub"},
		{"one of many", identity.Overhang, nil, ""},
		{"one of many more", 10 * identity.Overhang, nil, ""},
	} {
		for _, accepts := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, accepted %v", test.name, accepts), func(t *testing.T) {
				t.Parallel()
				w := kiosk(t, test.more)
				for n, other := range test.others {
					w.seed(t, "device:kiosk", other, -1-n)
				}
				for n := range identity.MaxChildren {
					if !accepts {
						w.seed(t, event.Identifier(fmt.Sprint("anon:", n)), "user:hub", n)
					}
				}
				want := []string{"2026-11-01 device:kiosk"}
				if test.names != "" {
					want = []string{"parted: device:kiosk " + test.names}
				}
				for range 2 {
					w.accept(t, signIn("e1", "hub"))
					checkEqual(t, "marks", w.marks(t, "shop"), want)
					w.clearMarks(t)
				}
				if got := w.root(t, "anon:a"); got != "device:kiosk" {
					t.Errorf("the visitor belongs to %s, want nobody but the kiosk", got)
				}
			})
		}
	}
}

// So it is when one message brings more than can be told apart at once: the links are written a few at a time.
func TestManyParentsInOneMessage(t *testing.T) {
	t.Parallel()
	w := kiosk(t, -10)
	var raw, fresh []string
	for n := range 50 {
		raw = append(raw, signIn(fmt.Sprint("i", n), fmt.Sprintf("new%02d", n)))
	}
	for n := range 2 * person.MaxChanged { // with the third portion it is nobody's for sure
		fresh = append(fresh, fmt.Sprintf("user:new%02d", n))
	}
	w.deliver(t, message(t, "m", "shop", raw...))
	names := earliest(few) + " " + strings.Join(fresh, " ")
	checkEqual(t, "marks", w.marks(t, "shop"), []string{"2026-11-01 device:kiosk", "parted: device:kiosk " + names})
}

// A user with too many parents makes the aliases void of whomever it is joined to, also when it has had them for long, and of whom another writer
// joins to those meanwhile.
func TestAliasOfACrowdedUser(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		parents int
		names   string
	}{
		{identity.MaxParents, earliest(few) + " user:crowded user:p user:q user:z"},
		{identity.MaxParents + identity.Overhang + 1, "user:crowded user:p user:q user:z"},
	} {
		w := newWorld(t)
		for n := range test.parents {
			w.seed(t, "user:crowded", event.Identifier(fmt.Sprintf("user:%04d", n)), n)
		}
		w.seed(t, "user:q", "user:p", 0)
		w.accept(t, pageView("p1", user("p"), "2026-11-03T09:00:00Z"), pageView("p2", user("q"), "2026-11-04T09:00:00Z"), pageView("p3", user("z"), "2026-11-05T09:00:00Z"))
		w.clearMarks(t)
		w.before = func(c call) error {
			if c.site == "put link" {
				w.seed(t, "user:z", "user:p", 1)
			}
			return nil
		}
		w.accept(t, `{"type":"alias","messageId":"e1","userId":"p","previousId":"crowded","timestamp":"2026-11-20T09:00:00Z"}`)
		checkEqual(t, "marks", w.marks(t, "shop"), []string{"parted: " + test.names})
		if got := w.root(t, "user:q"); got != "user:q" {
			t.Errorf("user:q belongs to %s, want nobody", got)
		}
	}
}

// Aliases that become too many count no more, so everybody whom they joined is marked, on both sides; further ones change nothing.
func TestTooManyAliases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range identity.MaxAliases - 2 { // 99 users, from 0 to 98
		w.seed(t, event.Identifier(fmt.Sprintf("user:%d", n)), event.Identifier(fmt.Sprintf("user:%d", n+1)), n)
	}
	alias := func(id, now, before string) string {
		return fmt.Sprintf(`{"type":"alias","messageId":%q,"userId":%q,"previousId":%q,"timestamp":"2026-11-20T09:00:00Z"}`, id, now, before)
	}
	w.seed(t, "anon:a", "user:0", 0)
	w.accept(t,
		pageView("p1", user("98"), "2026-11-01T09:00:00Z"), pageView("p2", visitor("a"), "2026-11-02T09:00:00Z"), pageView("p3", user("50"), "2026-11-03T09:00:00Z"),
		pageView("p4", user("new"), "2026-11-04T09:00:00Z"), pageView("p5", user("newer"), "2026-11-05T09:00:00Z"), pageView("p6", user("newest"), "2026-11-06T09:00:00Z"),
		alias("e1", "newer", "new"),
	)
	w.clearMarks(t)
	if got := w.root(t, "anon:a"); got != "user:98" {
		t.Errorf("with 99 users the visitor belongs to %s, want user:98", got)
	}
	w.accept(t, alias("e2", "new", "98"))
	everybody := []string{"user:new", "user:newer"}
	for n := range identity.MaxAliases - 1 {
		everybody = append(everybody, fmt.Sprint("user:", n))
	}
	slices.Sort(everybody)
	checkEqual(t, "marks of the alias that makes 101 users", w.marks(t, "shop"), []string{"parted: " + strings.Join(everybody, " ")})
	for id, want := range map[event.Identifier]event.Identifier{"anon:a": "user:0", "user:98": "user:98", "user:new": "user:new"} {
		if got := w.root(t, id); got != want {
			t.Errorf("with 101 users %s belongs to %s, want %s", id, got, want)
		}
	}
	w.clearMarks(t)
	w.accept(t, alias("e3", "newest", "newer"))
	checkEqual(t, "marks of one alias more", w.marks(t, "shop"), []string{"parted: user:newer user:newest"})
}

// However large the crowd, an event that links somebody to it makes few calls.
func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	alias := func(n int, old, kept string) string {
		return fmt.Sprintf(`{"type":"alias","messageId":"e%d","userId":%q,"previousId":%q,"timestamp":"2026-11-20T09:00:00Z"}`, n, kept, old)
	}
	for _, c := range []struct {
		name  string
		ends  func(n int) (child, parent event.Identifier)
		event string
		calls int
	}{
		{
			"an alias chain", func(n int) (event.Identifier, event.Identifier) {
				return event.Identifier(fmt.Sprint("user:", n)), event.Identifier(fmt.Sprint("user:", n+1))
			}, alias(1, "10000", "new"), 250,
		},
		{
			"an alias circle", func(n int) (event.Identifier, event.Identifier) {
				return event.Identifier(fmt.Sprint("user:", n)), event.Identifier(fmt.Sprint("user:", (n+1)%10_000))
			}, alias(1, "500", "new"), 250,
		},
		{
			"anonymous ids of one user", func(n int) (event.Identifier, event.Identifier) {
				return event.Identifier(fmt.Sprint("anon:", n)), "user:hub"
			}, identify("e1", "hub", "new", "2026-11-01T09:00:00Z"), 60,
		},
		{
			"users of one device", func(n int) (event.Identifier, event.Identifier) {
				return "anon:tablet", event.Identifier(fmt.Sprint("user:", n))
			}, identify("e1", "new", "tablet", "2026-11-01T09:00:00Z"), 20,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				w := newWorld(t)
				for _, n := range rand.New(rand.NewPCG(seed, 0)).Perm(10_000) {
					child, parent := c.ends(n)
					w.seed(t, child, parent, n)
				}
				w.sites()
				w.accept(t, c.event)
				sites := w.sites()
				t.Logf("seed %d: %d calls", seed, len(sites))
				if len(sites) > c.calls {
					t.Errorf("seed %d: %d calls, want at most %d: %s", seed, len(sites), c.calls, strings.Join(sites[:20], ", "))
				}
			}
		})
	}
}
