package trust

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// mode is what a workspace has settled.
type mode struct{ isServers, isSigned bool }

func (m mode) String() string {
	return fmt.Sprintf("orders: server %v, identity: signed %v", m.isServers, m.isSigned)
}

func (m mode) shop() workspace.Workspace {
	w := system.Shop()
	if m.isServers {
		w.Orders = workspace.FromServers
	}
	if m.isSigned {
		w.AddSecret("site", secret, system.Begin, 0)
		policy := w.PolicyOf("site")
		policy.Identity = workspace.SignedUsers
		w.SetPolicy("site", policy)
	}
	return w
}

// world is a system to which some traffic came.
func world(t *testing.T, m mode, caps identity.Caps, r *rand.Rand, requests []request) *system.System {
	t.Helper()
	s := system.New(t, m.shop())
	s.Caps = caps
	play(s, r, requests)
	return s
}

// anyCaps are small, so that traffic reaches them, or those of the system.
func anyCaps(r *rand.Rand) identity.Caps {
	if r.IntN(3) == 0 {
		return identity.DefaultCaps()
	}
	return identity.Caps{Children: 1 + r.IntN(4), Parents: 3 + r.IntN(3), Aliases: 3, Members: 3 + r.IntN(8)}
}

// Whatever somebody sends with the site's public key, who knows every user, address, order number and message id, is as if it had not come, as far as
// docs/trust.md promises it: always, where orders come of servers, and where users are signed.
func TestNonInterference(t *testing.T) {
	t.Parallel()
	pairs := uint64(seed.Setting(t, "WAYMARK_TRUST_N", 2500))
	for _, m := range []mode{{}, {isServers: true}, {isSigned: true}, {isServers: true, isSigned: true}} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			seed.Each(t, pairs, func(t *testing.T, r *rand.Rand) { pair(t, m, r) })
		})
	}
}

// pair plays honest traffic with and without hostile traffic, and compares what is promised.
func pair(t *testing.T, m mode, r *rand.Rand) {
	t.Helper()
	good, k := honest(r, m.isSigned)
	evil := hostile(r, k)
	caps := anyCaps(r)
	alone, both := world(t, m, caps, r, good), world(t, m, caps, r, slices.Concat(good, evil))
	ids := everybody(k)
	want, err := look(t.Context(), alone, m.shop(), ids)
	if err != nil {
		t.Fatal(err)
	}
	everybody, err := look(t.Context(), both, m.shop(), append(ids, strangers()...))
	if err != nil {
		t.Fatal(err)
	}
	got := everybody.of(ids)
	claimed := map[string]bool{}
	for _, q := range good {
		for _, e := range q.events {
			if properties, ok := e["properties"].(map[string]any); ok && q.key != "wk_site" && e["event"] == "Order Completed" {
				claimed[fmt.Sprint(properties["order_id"])] = true
			}
		}
	}
	first, named := evil[0].at, map[event.Identifier]time.Time{}
	for _, q := range evil {
		if q.at.Before(first) {
			first = q.at
		}
		for _, id := range q.names() {
			if known, found := named[id]; !found || q.at.Before(known) {
				named[id] = q.at
			}
		}
	}
	same := func(what string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s\n got %q\nwant %q\ncaps %+v\nhonest %v\nhostile %v", m, what, got, want, caps, tell(good), tell(evil))
		}
	}
	same("what servers say of persons", got.byServers(ids), want.byServers(ids))
	same("orders that servers say", got.orders(claimed, false), want.orders(claimed, false))
	closed := event.At(first).Add(-30 * 24 * time.Hour)
	same("what happened long before", everybody.closed(closed), want.closed(closed))
	for _, held := range want.held(ids, named) {
		if !slices.Contains(got.held(ids, nil), held) {
			same("whom identifiers belong to", got.held(ids, nil), []string{held})
		}
	}
	if m.isServers {
		same("orders and the stages that they make", got.orders(claimed, true), want.orders(claimed, true))
	}
	if m.isSigned {
		same("known users", got.users(), want.users())
	}
}

// tell writes requests for people.
func tell(requests []request) string {
	sorted := slices.Clone(requests)
	slices.SortStableFunc(sorted, func(a, b request) int { return a.at.Compare(b.at) })
	out := ""
	for _, q := range sorted {
		out += fmt.Sprintf("\n  %s %s %v", stamp(q.at), q.key, q.events)
	}
	return out
}
