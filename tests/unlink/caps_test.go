package unlink_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// seeded links identifiers of which nothing else is known, so that a parent or a person is nearly full.
func (w *world) seeded(t *testing.T, n int, ends func(n int) (child, parent event.Identifier)) {
	t.Helper()
	for i := range n {
		child, parent := ends(i)
		evidence := identity.Evidence{At: event.Millis(1_700_000_000_000 + 1000*i), Event: event.ID(fmt.Sprint("s", i)), Source: "web"}
		must(t, w.table.PutLink(t.Context(), "shop", identity.Link{Child: child, Parent: parent, Evidence: evidence}))
	}
}

// crowd is a shape near a limit, with the events that carry it over and back.
type crowd struct {
	links int
	ends  func(n int) (child, parent event.Identifier)
	event func(r *rand.Rand, n int) string
	cut   func(r *rand.Rand) string // an order to unlink
	asked []event.Identifier
}

const day = 24 * 60 * 60 * 1000

func at(r *rand.Rand) string { // before, among and after the seeded links, which are of one day in 2023
	millis := []int64{1_600_000_000_000, 1_700_000_000_000, 1_750_000_000_000}[r.IntN(3)] + r.Int64N(900)*1000 + r.Int64N(4)*day
	return event.Millis(millis).Time().Format("2006-01-02T15:04:05.000Z")
}

func page(n int, who, at string) string {
	return fmt.Sprintf(`{"type":"page","messageId":"e%d",%s,"timestamp":%q}`, n, who, at)
}

var crowds = map[string]crowd{
	"children": {
		links: identity.MaxChildren - 3,
		ends: func(n int) (child, parent event.Identifier) {
			return event.Identifier(fmt.Sprintf("anon:s%04d", n)), "user:hub"
		},
		event: func(r *rand.Rand, n int) string {
			visitor := fmt.Sprintf(`"anonymousId":"v%d"`, r.IntN(8))
			if r.IntN(2) == 0 {
				return page(n, visitor, at(r))
			}
			return fmt.Sprintf(`{"type":"identify","messageId":"e%d",%s,"userId":%q,"timestamp":%q}`, n, visitor, []string{"hub", "hub", "hub", "other"}[r.IntN(4)], at(r))
		},
		cut: func(r *rand.Rand) string {
			return fmt.Sprintf(`{"id":"anon:s%04d","from":"user:hub"}`, r.IntN(identity.MaxChildren-3))
		},
		asked: []event.Identifier{"user:hub", "user:other", "anon:v0", "anon:v1", "anon:v2", "anon:v3", "anon:v4", "anon:v5", "anon:v6", "anon:v7"},
	},
	"aliases": {
		links: identity.MaxAliases - 4,
		ends: func(n int) (child, parent event.Identifier) {
			return event.Identifier(fmt.Sprintf("user:s%d", n)), event.Identifier(fmt.Sprintf("user:s%d", n+1))
		},
		event: func(r *rand.Rand, n int) string {
			user := func() string {
				return []string{"s0", "s50", "s96", "a", "b", "c", "d", "e", "f"}[r.IntN(9)]
			}
			if r.IntN(2) == 0 {
				return page(n, fmt.Sprintf(`"userId":%q`, user()), at(r))
			}
			return fmt.Sprintf(`{"type":"alias","messageId":"e%d","userId":%q,"previousId":%q,"timestamp":%q}`, n, user(), user(), at(r))
		},
		cut: func(r *rand.Rand) string {
			n := r.IntN(95)
			return fmt.Sprintf(`{"id":"user:s%d","from":"user:s%d"}`, n, n+1)
		},
		asked: []event.Identifier{"user:s0", "user:s50", "user:s96", "user:a", "user:b", "user:c", "user:d", "user:e", "user:f"},
	},
	"members": { // 44 addresses with 44 visitors each and 16 visitors more, that is 1,997 identifiers
		links: 44*45 + 16,
		ends: func(n int) (child, parent event.Identifier) {
			mail := event.Identifier(fmt.Sprintf("email:%02d@x.example", n/45))
			if n%45 == 0 && n < 44*45 {
				return mail, "user:hub"
			}
			if n >= 44*45 {
				mail = "user:hub"
			}
			return event.Identifier(fmt.Sprintf("anon:s%04d", n)), mail
		},
		event: func(r *rand.Rand, n int) string {
			if r.IntN(2) == 0 {
				return page(n, fmt.Sprintf(`"anonymousId":%q`, []string{"s1979", "s1978", "s1975", "v0", "v1", "v2", "v12"}[r.IntN(7)]), at(r))
			}
			return fmt.Sprintf(`{"type":"identify","messageId":"e%d","anonymousId":"v%d","timestamp":%q,"traits":{"email":"%02d@x.example"}}`,
				n, r.IntN(30), at(r), []int{0, 20, 43}[r.IntN(3)])
		},
		cut: func(r *rand.Rand) string {
			return fmt.Sprintf(`{"id":"anon:s%04d"}`, 1+45*r.IntN(44)+r.IntN(40))
		},
		asked: []event.Identifier{"user:hub", "anon:s1979", "anon:s1978", "anon:s1975", "anon:v0", "anon:v1", "anon:v2", "anon:v12", "email:00@x.example", "email:43@x.example"},
	},
}

// Whoever is carried over a limit or back by events and cuts, with rollups in between, is counted as if everything had come at once in another
// order: those who lose or get their place are marked as well as those whom a link names.
func TestLimitsInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, c := range crowds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forSeeds(t, 6, func(t *testing.T, r *rand.Rand) {
				w := newWorld(t, nil)
				w.seeded(t, c.links, c.ends)
				var events []string
				for n := range 40 {
					switch k := r.IntN(10); {
					case k < 7:
						e := c.event(r, n)
						events = append(events, e)
						w.take(t, e)
					case k < 8:
						if status, body := w.unlink(t, c.cut(r)); status != 200 {
							t.Fatalf("answered %d %s", status, body)
						}
					default:
						w.rollUp(t)
					}
				}
				w.rollUp(t)
				fresh := newWorld(t, nil)
				for _, id := range cutsOf(t, w, c) {
					must(t, fresh.table.PutCut(t.Context(), "shop", id))
				}
				fresh.seeded(t, c.links, c.ends)
				r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				fresh.take(t, events...)
				fresh.rollUp(t)
				checkSame(t, name, w.told(t, c.asked), fresh.told(t, c.asked))
			})
		})
	}
}

// cutsOf reads the cuts of the seeded links.
func cutsOf(t *testing.T, w *world, c crowd) []identity.Cut {
	t.Helper()
	var ids []event.Identifier
	for n := range c.links {
		child, _ := c.ends(n)
		ids = append(ids, child)
	}
	nodes, err := w.table.Nodes(t.Context(), "shop", ids)
	must(t, err)
	var out []identity.Cut
	for _, n := range nodes {
		out = append(out, n.Cuts...)
	}
	return out
}
