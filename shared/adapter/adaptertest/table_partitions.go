package adaptertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// wantConflict checks that a write was refused for its condition, or was made when code is "".
func wantConflict(t *testing.T, what string, err error, code string) {
	t.Helper()
	kind := fault.Kind("")
	if code != "" {
		kind = fault.Conflict
	}
	wantFault(t, what, err, kind, code)
}

func tooLarge(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(1000 << 10) // twice as much as compresses into an item
	giant, quoted := event.Identifier("user:"+text), json.RawMessage(`"`+text+`"`)
	failed := event.Failed{ID: "f", Workspace: "giants", Received: noon, Context: quoted}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"PutClaims", table.PutClaims(ctx, "giants", map[string]profile.Claims{"order:1": {{Identifier: giant}}})},
		{"PutState", table.PutState(ctx, "giants", ledger.State{Epoch: 1, Recount: text}, 0)},
		{"PutFailed, of all but the original", table.PutFailed(ctx, failed)},
	} {
		wantFault(t, c.name, c.err, fault.Invalid, "too_large")
	}
	p, err := table.Partitions(ctx, "giants", []event.Identifier{"user:1"})
	must(t, err)
	equal(t, "Partitions after refusals", plain(p), []profile.Partition{{ID: "user:1", Node: identity.Node{ID: "user:1"}}})
	s, err := table.State(ctx, "giants")
	must(t, err)
	equal(t, "State after refusals", s, ledger.State{})
}

// crowd is partitions of which every third has nothing stored.
func crowd(n int) ([]profile.Partition, []event.Identifier) {
	all, ids := make([]profile.Partition, n), make([]event.Identifier, n)
	for i := range all {
		id := event.Identifier(fmt.Sprintf("user:%d", i))
		ids[i], all[i] = id, profile.Partition{ID: id, Node: identity.Node{ID: id}}
		if i%3 == 0 {
			continue
		}
		p := &all[i]
		p.Touchpoints = []event.Touchpoint{touchpoint(fmt.Sprintf("e-%d", i), noon)}
		p.Node.Children = listed(linkOf(event.Identifier(fmt.Sprintf("anon:%d", i)), id, noon, "e"))
	}
	return all, ids
}

// putCrowd stores partitions, and beside them what belongs to none: profiles and claims.
func putCrowd(t *testing.T, table TableUnderTest, ns workspace.Namespace, all []profile.Partition) {
	t.Helper()
	ctx := t.Context()
	pages := map[event.Identifier][]event.Touchpoint{}
	var profiles []ledger.Profile
	for _, p := range all {
		if p.Touchpoints == nil {
			continue
		}
		pages[p.ID] = p.Touchpoints
		profiles = append(profiles, ledger.Profile{ID: p.ID, Run: 1, Touchpoints: 1})
		putLink(t, table, ns, p.Node.Children[0])
		must(t, table.PutClaims(ctx, ns, map[string]profile.Claims{"order:" + string(p.ID): {{Identifier: p.ID}}}))
	}
	must(t, table.PutPages(ctx, ns, pages))
	must(t, table.PutProfiles(ctx, ns, profiles))
}

// plain leaves out the profiles, which other tests look at.
func plain(partitions []ledger.Partition) []profile.Partition {
	out := make([]profile.Partition, len(partitions))
	for n, p := range partitions {
		out[n] = p.Partition
	}
	return out
}

func partitions(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	want, ids := crowd(40)
	putCrowd(t, table, "partitions", want)
	got, err := table.Partitions(ctx, "partitions", ids)
	must(t, err)
	equal(t, "Partitions", plain(got), want)
	got, err = table.Partitions(ctx, "partitions", []event.Identifier{"anon:1"})
	must(t, err)
	child := identity.Node{ID: "anon:1", Parents: []identity.Link{linkOf("anon:1", want[1].ID, noon, "e")}}
	equal(t, "Partitions of a child", plain(got), []profile.Partition{{ID: "anon:1", Node: child}})
	got, err = table.Partitions(ctx, "partitions", nil)
	must(t, err)
	equal(t, "Partitions of none", len(got), 0)
}

func claims(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	claim := func(n int, kind event.OrderKind) profile.Claims {
		evidence := identity.Evidence{Grade: event.Grade(n % 3), At: noon + event.Millis(n%7), Event: event.ID(fmt.Sprint(n)), Source: "web"}
		return profile.Claims{{Evidence: evidence, Identifier: "user:1", Said: 1<<63 + uint64(n), Amount: 5, Kind: kind}}
	}
	want := map[string]profile.Claims{}
	keys := []string{"order:absent", "refund:absent"}
	for n := range 60 { // more than two batches
		key := fmt.Sprintf("order:%d", n)
		keys = append(keys, key)
		want[key] = claim(n, event.Completed)
	}
	for _, key := range append(strange[4:], "order:"+noise(3000), "refund:"+noise(3000)) {
		keys = append(keys, "order:"+key)
		want["order:"+key] = claim(len(key), event.Refunded)
	}
	for range 2 { // writing a claim again changes nothing
		must(t, table.PutClaims(ctx, "claims", want))
	}
	two := profile.Claims{claim(7, event.Updated)[0], claim(9, event.Completed)[0]}
	must(t, table.PutClaims(ctx, "claims", map[string]profile.Claims{"order:1": two}))
	want["order:1"] = want["order:1"].Join(two...)

	got, err := table.Claims(ctx, "claims", append(keys, "order:1", "order:2")) // asked twice
	must(t, err)
	equal(t, "Claims", got, want)
	got, err = table.Claims(ctx, "claims", nil)
	must(t, err)
	equal(t, "Claims of none", len(got), 0)
	got, err = table.Claims(ctx, "claims-2", []string{"order:1"})
	must(t, err)
	equal(t, "Claims of another workspace", len(got), 0)
}

// manyClaims: of very many claims to one order those with the best evidence are read, of each sort as many as are looked at; copies of one event take
// one place.
func manyClaims(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	var all profile.Claims
	add := func(n int, kind event.OrderKind, grade event.Grade) {
		for copies := range 2 {
			at := noon + event.Millis(n*10+copies)
			all = append(all, profile.Claim{
				Evidence:   identity.Evidence{Grade: grade, At: at, Event: event.ID(fmt.Sprint(kind, n)), Source: "web", Received: at},
				Identifier: "user:1", Kind: kind, ID: fmt.Sprint(n), Sent: noon,
			})
		}
	}
	for n := range profile.MaxClaims + 20 {
		add(n, event.Completed, event.Public)
	}
	for n := range profile.MaxChanges + 20 {
		add(n, event.Refunded, event.Server)
	}
	add(9999, event.Completed, event.Server)
	for _, n := range shuffled(len(all)) {
		must(t, table.PutClaims(ctx, "contested", map[string]profile.Claims{"order:1": {all[n]}}))
	}
	got, err := table.Claims(ctx, "contested", []string{"order:1"})
	must(t, err)
	equal(t, "Claims", got["order:1"], profile.Claims(nil).Join(all...))
	every, err := table.AllClaims(ctx, "contested", "order:1")
	must(t, err)
	equal(t, "number of all claims", len(every), len(all))
	must(t, table.DeleteClaims(ctx, "contested", []string{"order:1"}))
	got, err = table.Claims(ctx, "contested", []string{"order:1"})
	must(t, err)
	equal(t, "Claims after deleting", len(got), 0)
}
