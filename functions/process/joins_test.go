package process_test

import (
	"fmt"
	"testing"
	"time"

	"waymark/shared/domain/event"
)

// identify says that a visitor, or an e-mail address, is a user.
func identify(id, userID, anonymousID, at string) string {
	return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":%q,"anonymousId":%q,"timestamp":%q}`, id, userID, anonymousID, at)
}

// Whoever signs in on a device first owns what was done there; a second user on it stays another person.
func TestSharedDevice(t *testing.T) {
	t.Parallel()
	first, second := identify("e2", "1", "tablet", "2026-11-20T10:00:00Z"), identify("e3", "2", "tablet", "2026-11-21T10:00:00Z")
	for name, deliveries := range map[string][]string{"in order": {first, second}, "backwards": {second, first}, "twice": {second, first, second, first}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.accept(t, pageView("e1", visitor("tablet"), "2026-11-20T09:00:00Z"))
			w.accept(t, deliveries...)
			for id, want := range map[event.Identifier]event.Identifier{"anon:tablet": "user:1", "user:1": "user:1", "user:2": "user:2"} {
				if got := w.root(t, id); got != want {
					t.Errorf("%s belongs to %s, want %s", id, got, want)
				}
			}
		})
	}
}

// An alias makes one user the child of another; a circle of aliases is broken by time.
func TestAlias(t *testing.T) {
	t.Parallel()
	alias := func(id, now, before, at string) string {
		return fmt.Sprintf(`{"type":"alias","messageId":%q,"userId":%q,"previousId":%q,"timestamp":%q}`, id, now, before, at)
	}
	for _, test := range []struct {
		name   string
		events []string
		roots  map[event.Identifier]event.Identifier
	}{
		{"old to new", []string{alias("e1", "new", "old", "2026-11-20T09:00:00Z")}, map[event.Identifier]event.Identifier{"user:old": "user:new"}},
		{
			"a circle: the earlier link counts",
			[]string{alias("e2", "a", "b", "2026-11-21T09:00:00Z"), alias("e1", "b", "a", "2026-11-20T09:00:00Z")},
			map[event.Identifier]event.Identifier{"user:a": "user:b", "user:b": "user:b"},
		},
		{"to itself", []string{alias("e1", "a", "a", "2026-11-20T09:00:00Z")}, map[event.Identifier]event.Identifier{"user:a": "user:a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.accept(t, test.events...)
			for id, want := range test.roots {
				if got := w.root(t, id); got != want {
					t.Errorf("%s belongs to %s, want %s", id, got, want)
				}
			}
		})
	}
}

// A link that comes late moves a past: the first day of every identifier in the child's tree is marked. One that changes nothing marks nothing.
func TestLateLinkMarksTheTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byMail := func(id, who, at string) string {
		return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q,"context":{"traits":{"email":"ada@shop.example"}}}`, id, who, at)
	}
	w.accept(t,
		pageView("e1", visitor("phone"), "2026-11-02T23:57:00Z"), pageView("e2", visitor("phone"), "2026-11-04T09:00:00Z"),
		byMail("e3", visitor("phone"), "2026-11-05T09:00:00Z"), // kept under the address, with the phone as its child
		pageView("e4", user("1"), "2026-11-01T09:00:00Z"),
	)
	w.clearMarks(t)
	known := `{"type":"identify","messageId":"e5","userId":"1","timestamp":"2026-11-20T09:00:00Z","traits":{"email":"ada@shop.example"}}`
	w.accept(t, known)
	const sides = "email:ada@shop.example user:1"                                                               // both may have been computed otherwise
	want := []string{"2026-11-02 anon:phone " + sides, "2026-11-03 anon:phone " + sides, "2026-11-05 " + sides} // its first may count after midnight
	checkEqual(t, "marks of the late link", w.marks(t, "shop"), want)
	if got := w.root(t, "anon:phone"); got != "user:1" {
		t.Errorf("the phone belongs to %s, want user:1", got)
	}
	w.clearMarks(t)
	w.accept(t, `{"type":"identify","messageId":"e6","userId":"1","timestamp":"2026-11-21T09:00:00Z","traits":{"email":"ada@shop.example"}}`)
	checkEqual(t, "marks of a link that is known", w.marks(t, "shop"), []string{})
	w.accept(t, known)
	checkEqual(t, "marks when the link is delivered again", w.marks(t, "shop"), want)
}

// An order belongs to the earliest event that names it. When an earlier one comes late, both days are marked.
func TestOrderClaimMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(t, order("e1", user("1"), "2026-11-20T09:00:00Z", "o1", "5"))
	checkEqual(t, "marks of the first claim", w.marks(t, "shop"), []string{"2026-11-20 user:1"})
	w.clearMarks(t)
	w.accept(t, order("e2", visitor("a"), "2026-11-18T09:00:00Z", "o1", "5"))
	checkEqual(t, "marks of an earlier claim", w.marks(t, "shop"), []string{"2026-11-18 anon:a", "2026-11-20 user:1"})
	claims, _, err := w.Table.Claims(t.Context(), "shop", []string{"order:o1"})
	must(t, err)
	var got []string
	for _, c := range claims["order:o1"] {
		got = append(got, fmt.Sprintf("%s %s", c.Identifier, c.Evidence.Event))
	}
	checkEqual(t, "claims, the winner first", got, []string{"anon:a e2", "user:1 e1"})
	w.clearMarks(t)
	w.accept(t, order("e3", user("2"), "2026-11-20T09:00:00Z", "refund-of-nobody", "5"))
	checkEqual(t, "marks of an order of its own", w.marks(t, "shop"), []string{"2026-11-20 user:2"})
}

// Traits join: the latest word wins, whichever is delivered last.
func TestTraits(t *testing.T) {
	t.Parallel()
	say := func(id, at, traits string) string {
		return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":"1","timestamp":%q,"traits":%s}`, id, at, traits)
	}
	early, late := say("e1", "2026-11-20T09:00:00Z", `{"plan":"free","city":"Bath"}`), say("e2", "2026-11-21T09:00:00Z", `{"plan":"gold","gone":null}`)
	for name, deliveries := range map[string][]string{"in order": {early, late}, "backwards": {late, early}, "twice": {late, early, late, early}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.accept(t, deliveries...)
			traits, _, err := w.Table.Traits(t.Context(), "shop", "user:1")
			must(t, err)
			if len(traits) != 2 || string(traits["plan"].Value) != `"gold"` || string(traits["city"].Value) != `"Bath"` {
				t.Errorf("the traits are %v, want plan gold and city Bath", traits)
			}
		})
	}
}

// Marks are of the workspace's days, not of UTC's, and where a clock was corrected also of the day that its order may move an event to.
func TestMarkedDays(t *testing.T) {
	t.Parallel()
	skewed := fmt.Sprintf(`{"type":"page","messageId":"e","userId":"1","timestamp":"2026-11-20T23:58:00Z","sentAt":%q}`, received.Add(-time.Hour).Format(time.RFC3339))
	for _, test := range []struct {
		name, event string
		want        []string
	}{
		{"winter", pageView("e", user("1"), "2026-11-20T23:59:59Z"), []string{"2026-11-20 user:1"}},
		{"summer: London is an hour ahead", pageView("e", user("1"), "2026-07-20T23:30:00Z"), []string{"2026-07-21 user:1"}},
		{"an hour slow", skewed, []string{"2026-11-21 user:1"}},
		{
			"an hour slow, and near midnight",
			fmt.Sprintf(`{"type":"page","messageId":"e","userId":"1","timestamp":"2026-11-20T22:57:00Z","sentAt":%q}`, received.Add(-time.Hour).Format(time.RFC3339)),
			[]string{"2026-11-20 user:1", "2026-11-21 user:1"},
		},
		{"identify is no touchpoint", `{"type":"identify","messageId":"e","userId":"1","timestamp":"2026-11-20T09:00:00Z"}`, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.accept(t, test.event)
			checkEqual(t, "marks", w.marks(t, "shop"), test.want)
		})
	}
}
