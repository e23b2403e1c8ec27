package adaptertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

func traits(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	got, version, err := table.Traits(ctx, "traits", "user:1")
	must(t, err)
	equal(t, "Traits of nobody", got, profile.Traits(nil))
	equal(t, "version of nobody's traits", version, int64(0))

	first := profile.Traits{"plan": {Value: json.RawMessage(`"<free> & \u003csimple\u003e"`), At: noon, Event: "e1", Source: "web"}}
	second := profile.Traits{
		"plan":  {Value: json.RawMessage(`"pro"`), At: noon + 1, Event: "e2", Source: "crm"},
		"big":   {Value: json.RawMessage(`12345678901234567890.10`), At: noon},
		"":      {Value: json.RawMessage(`{"a":[1,null,true],"日本":"\ud83d\ude00"}`)},
		"n\x00": {Value: json.RawMessage(`"\u0000"`)},
	}
	for _, c := range []struct {
		put     profile.Traits
		read    int64
		kind    fault.Kind
		code    string
		stored  profile.Traits
		version int64
	}{
		{second, 1, fault.Conflict, "conflict", nil, 0},
		{first, 0, "", "", first, 1},
		{second, 0, fault.Conflict, "conflict", first, 1},
		{second, 1, "", "", second, 2},
		{first, 1, fault.Conflict, "conflict", second, 2},
		{profile.Traits{}, 2, "", "", profile.Traits{}, 3},
	} {
		wantFault(t, fmt.Sprintf("PutTraits over version %d", c.read), table.PutTraits(ctx, "traits", "user:1", c.put, c.read), c.kind, c.code)
		got, version, err := table.Traits(ctx, "traits", "user:1")
		must(t, err)
		equal(t, "Traits", got, c.stored)
		equal(t, "version of traits", version, c.version)
	}
}

func tooLarge(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(1000 << 10) // twice as much as compresses into an item
	one := touchpoint("e", noon)
	one.Properties = map[string]string{"noise": text}
	rows := []kpi.Row{{Metric: kpi.Touchpoints, Value: text}}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"PutPage", table.PutPage(ctx, "giants", "user:1", []event.Touchpoint{one})},
		{"Commit", table.Commit(ctx, "giants", "user:1", profile.Aggregate{Version: 1, Signs: map[string]int{text: 1}})},
		{"PutTraits", table.PutTraits(ctx, "giants", "user:1", profile.Traits{"t": {Value: json.RawMessage(`"` + text + `"`)}}, 0)},
		{"PutClaims", table.PutClaims(ctx, "giants", "order:1", profile.Claims{{Identifier: event.Identifier(text)}}, 0)},
		{"PutWindow", table.PutWindow(ctx, "giants", kpi.Window{Grain: period.Day, Key: "2026-11-22", Revision: 1, Rows: rows})},
		{"PutFailed, of all but the original", table.PutFailed(ctx, event.Failed{ID: "f", Workspace: "giants", Received: noon, Context: json.RawMessage(`"` + text + `"`)})},
	} {
		wantFault(t, c.name, c.err, fault.Invalid, "too_large")
	}
	p, err := table.Partitions(ctx, "giants", []event.Identifier{"user:1"})
	must(t, err)
	equal(t, "Partitions after refusals", p, []profile.Partition{{ID: "user:1", Node: identity.Node{ID: "user:1"}}})
}

func partitions(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	want := make([]profile.Partition, 40)
	ids := make([]event.Identifier, len(want))
	for n := range want {
		id := event.Identifier(fmt.Sprintf("user:%d", n))
		ids[n] = id
		want[n] = profile.Partition{ID: id, Node: identity.Node{ID: id}}
		if n%3 == 0 {
			continue // nothing is stored
		}
		p := &want[n]
		p.Aggregate = profile.Aggregate{Version: 1, Touchpoints: n, Proof: 1 << 63}
		p.Touchpoints = []event.Touchpoint{touchpoint(fmt.Sprintf("e-%d", n), noon)}
		p.Traits = profile.Traits{"n": {Value: json.RawMessage(fmt.Sprint(n)), At: noon}}
		link := identity.Link{Child: event.Identifier(fmt.Sprintf("anon:%d", n)), Parent: id, Evidence: identity.Evidence{At: noon, Event: "e", Source: "web"}}
		p.Node.Children = []identity.Link{link}
		must(t, table.Commit(ctx, "partitions", id, p.Aggregate))
		must(t, table.PutPage(ctx, "partitions", id, p.Touchpoints))
		must(t, table.PutTraits(ctx, "partitions", id, p.Traits, 0))
		must(t, table.PutLink(ctx, "partitions", link))
		must(t, table.PutClaims(ctx, "partitions", "order:"+string(id), profile.Claims{{Identifier: id}}, 0))
	}
	got, err := table.Partitions(ctx, "partitions", ids)
	must(t, err)
	equal(t, "Partitions", got, want)
	got, err = table.Partitions(ctx, "partitions", []event.Identifier{"anon:1"})
	must(t, err)
	equal(t, "Partitions of a child", got, []profile.Partition{{ID: "anon:1", Node: identity.Node{ID: "anon:1", Parents: want[1].Node.Children}}})
	got, err = table.Partitions(ctx, "partitions", nil)
	must(t, err)
	equal(t, "Partitions of none", len(got), 0)
}

func claims(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	claim := func(n int) profile.Claims {
		return profile.Claims{{Evidence: identity.Evidence{At: noon, Event: event.ID(fmt.Sprint(n)), Source: "web"}, Identifier: "user:1", Corrected: noon}}
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
	wantFault(t, "PutClaims over nothing", table.PutClaims(ctx, "claims", "refund:1", claim(1), 1), fault.Conflict, "conflict")
	wantFault(t, "PutClaims unread", table.PutClaims(ctx, "claims", "order:1", claim(9), 0), fault.Conflict, "conflict")
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
