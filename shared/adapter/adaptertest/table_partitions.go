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

func traits(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	want, wantVersions := map[event.Identifier]profile.Traits{}, map[event.Identifier]int64{}
	ids := []event.Identifier{"user:nobody", "user:1", "anon:1"}
	stored := func() {
		t.Helper()
		got, versions, err := table.Traits(ctx, "traits", append(ids, ids[1])) // asked twice
		must(t, err)
		equal(t, "Traits", got, want)
		equal(t, "versions of traits", versions, wantVersions)
	}
	stored()
	first := profile.Traits{
		"plan": {Value: json.RawMessage(`"<free> & \u003csimple\u003e"`), At: noon, Event: "e1", Source: "web"},
	}
	second := profile.Traits{
		"plan":  {Value: json.RawMessage(`"pro"`), At: noon + 1, Event: "e2", Source: "crm"},
		"big":   {Value: json.RawMessage(`12345678901234567890.10`), At: noon},
		"":      {Value: json.RawMessage(`{"a":[1,null,true],"日本":"\ud83d\ude00"}`)},
		"n\x00": {Value: json.RawMessage(`"\u0000"`)},
	}
	for _, c := range []struct {
		id   event.Identifier
		put  profile.Traits
		read int64
		code string
	}{
		{"user:1", second, 1, "conflict"},
		{"user:1", first, 0, ""},
		{"user:1", second, 0, "conflict"},
		{"anon:1", second, 0, ""},
		{"user:1", second, 1, ""},
		{"user:1", first, 1, "conflict"},
		{"user:1", profile.Traits{}, 2, ""},
	} {
		err := table.PutTraits(ctx, "traits", c.id, c.put, c.read)
		wantConflict(t, fmt.Sprintf("PutTraits of %s over version %d", c.id, c.read), err, c.code)
		if c.code == "" {
			want[c.id], wantVersions[c.id] = c.put, c.read+1
		}
		stored()
	}
	for n := range 230 { // more than two batches
		id := event.Identifier(fmt.Sprintf("user:many-%d", n))
		ids = append(ids, id)
		if n%2 == 0 {
			want[id], wantVersions[id] = first, 1
			must(t, table.PutTraits(ctx, "traits", id, first, 0))
		}
	}
	stored()
	got, versions, err := table.Traits(ctx, "traits-2", ids)
	must(t, err)
	equal(t, "Traits of another workspace", len(got)+len(versions), 0)
	got, versions, err = table.Traits(ctx, "traits", nil)
	must(t, err)
	equal(t, "Traits of nobody", len(got)+len(versions), 0)
}

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
		{"PutTraits", table.PutTraits(ctx, "giants", "user:1", profile.Traits{"t": {Value: quoted}}, 0)},
		{"PutClaims", table.PutClaims(ctx, "giants", "order:1", profile.Claims{{Identifier: giant}}, 0)},
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
		p.Traits = profile.Traits{"n": {Value: json.RawMessage(fmt.Sprint(i)), At: noon}}
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
		if p.Traits == nil {
			continue
		}
		pages[p.ID] = p.Touchpoints
		profiles = append(profiles, ledger.Profile{ID: p.ID, Run: 1, Touchpoints: 1})
		must(t, table.PutTraits(ctx, ns, p.ID, p.Traits, 0))
		must(t, table.PutLink(ctx, ns, p.Node.Children[0]))
		must(t, table.PutClaims(ctx, ns, "order:"+string(p.ID), profile.Claims{{Identifier: p.ID}}, 0))
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
	claim := func(n int) profile.Claims {
		evidence := identity.Evidence{At: noon, Event: event.ID(fmt.Sprint(n)), Source: "web"}
		return profile.Claims{{Evidence: evidence, Identifier: "user:1"}}
	}
	wantClaims := map[string]profile.Claims{}
	wantVersions := map[string]int64{}
	keys := []string{"order:absent", "refund:absent"}
	for n := range 230 { // more than two batches
		key := fmt.Sprintf("order:%d", n)
		keys = append(keys, key)
		must(t, table.PutClaims(ctx, "claims", key, claim(n), 0))
		wantClaims[key], wantVersions[key] = claim(n), 1
	}
	for _, key := range append(strange[4:], "order:"+noise(3000), "refund:"+noise(3000)) {
		keys = append(keys, "order:"+key)
		must(t, table.PutClaims(ctx, "claims", "order:"+key, claim(len(key)), 0))
		wantClaims["order:"+key], wantVersions["order:"+key] = claim(len(key)), 1
	}
	wantConflict(t, "PutClaims over nothing", table.PutClaims(ctx, "claims", "refund:1", claim(1), 1), "conflict")
	wantConflict(t, "PutClaims unread", table.PutClaims(ctx, "claims", "order:1", claim(9), 0), "conflict")
	two := claim(1).Join(claim(7)...)
	must(t, table.PutClaims(ctx, "claims", "order:1", two, 1))
	wantClaims["order:1"], wantVersions["order:1"] = two, 2

	got, versions, err := table.Claims(ctx, "claims", append(keys, "order:1", "order:2")) // asked twice
	must(t, err)
	equal(t, "Claims", got, wantClaims)
	equal(t, "versions of claims", versions, wantVersions)
	got, versions, err = table.Claims(ctx, "claims", nil)
	must(t, err)
	equal(t, "Claims of none", len(got)+len(versions), 0)
	got, _, err = table.Claims(ctx, "claims-2", []string{"order:1"})
	must(t, err)
	equal(t, "Claims of another workspace", len(got), 0)
}
