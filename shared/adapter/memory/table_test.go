package memory_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNobodySharesMemory changes everything that was given to the table and everything it gave: what is stored stays as it was.
func TestNobodySharesMemory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	table := memory.NewTable()
	page := []event.Touchpoint{{ID: "e", Order: &event.Order{ID: "o"}, Properties: map[string]string{"k": "v"}}}
	aggregate := profile.Aggregate{Version: 1, Signs: map[string]int{"email": 1}, Evidence: map[string]profile.Evidence{"purchase": {Count: 1}}}
	traits := profile.Traits{"plan": {Value: json.RawMessage(`"a"`)}}
	claims := profile.Claims{{Identifier: "user:1"}}
	one := int64(1)
	window := kpi.Window{Grain: period.Day, Key: "k", Revision: 1, Rows: []kpi.Row{{Metric: "m", Denominator: &one}}}
	failed := event.Failed{ID: "f", Workspace: "demo", Received: 1 << 60, Context: json.RawMessage(`{"a":1}`)}
	tenant := workspace.Workspace{Name: "demo", Keys: []workspace.Key{{Text: "wk", Role: workspace.Write, Origins: []string{"https://a.example"}}}}
	must(t, table.PutPage(ctx, "demo", "user:1", page))
	must(t, table.Commit(ctx, "demo", "user:1", aggregate))
	must(t, table.PutTraits(ctx, "demo", "user:1", traits, 0))
	must(t, table.PutClaims(ctx, "demo", "order:o", claims, 0))
	must(t, table.PutWindow(ctx, "demo", window))
	must(t, table.PutFailed(ctx, failed))
	must(t, table.PutWorkspace(ctx, tenant))
	before := table.Dump()

	spoil := func(page []event.Touchpoint, a profile.Aggregate, traits profile.Traits, claims profile.Claims, w kpi.Window, f event.Failed, tenant workspace.Workspace) {
		page[0].Order.ID, page[0].Properties["k"], page[0].ID = "x", "x", "x"
		a.Signs["email"], a.Evidence["purchase"] = 9, profile.Evidence{}
		traits["plan"].Value[1] = 'x'
		traits["more"] = profile.Trait{Value: json.RawMessage(`1`)}
		claims[0].Identifier = "user:x"
		*w.Rows[0].Denominator, w.Rows[0].Metric = 9, "x"
		f.Context[2] = 'x'
		tenant.Keys[0].Source, tenant.Keys[0].Origins[0] = "x", "x"
	}
	spoil(page, aggregate, traits, claims, window, failed, tenant)
	if got := table.Dump(); got != before {
		t.Errorf("after changing what was put: got\n%swant\n%s", got, before)
	}
	partitions, err := table.Partitions(ctx, "demo", []event.Identifier{"user:1"})
	must(t, err)
	stored, _, err := table.Claims(ctx, "demo", []string{"order:o"})
	must(t, err)
	w, err := table.Window(ctx, "demo", period.Day, "k")
	must(t, err)
	f, err := table.FailedByID(ctx, "demo", "f")
	must(t, err)
	tenant, err = table.Workspace(ctx, "demo")
	must(t, err)
	spoil(partitions[0].Touchpoints, partitions[0].Aggregate, partitions[0].Traits, stored["order:o"], w, f, tenant)
	if got := table.Dump(); got != before {
		t.Errorf("after changing what was read: got\n%swant\n%s", got, before)
	}
}

// TestDump fills two tables with the same facts in other orders, pages, versions and repeats.
func TestDump(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	fill := func(seed uint64, repeats int) *memory.Table {
		table := memory.NewTable()
		random := rand.New(rand.NewPCG(seed, 0))
		touchpoints := make([]event.Touchpoint, 50)
		for n := range touchpoints {
			touchpoints[n] = event.Touchpoint{ID: event.ID(rune('a' + n)), Original: event.Millis(n), Received: 1}
		}
		random.Shuffle(len(touchpoints), func(i, j int) { touchpoints[i], touchpoints[j] = touchpoints[j], touchpoints[i] })
		for version := range int64(repeats) {
			for rest := touchpoints; len(rest) > 0; {
				n := 1 + random.IntN(len(rest))
				must(t, table.PutPage(ctx, "demo", "user:1", rest[:n]))
				rest = rest[n:]
			}
			must(t, table.Commit(ctx, "demo", "user:1", profile.Aggregate{Version: version + 1, Touchpoints: 50}))
			w := kpi.Window{Grain: period.Day, Key: "k", Revision: version + 1, ComputedAt: event.Millis(random.Int64()), Facts: string(rune('a' + version)), Digest: "d"}
			must(t, table.PutWindow(ctx, "demo", w))
			must(t, table.PutMarks(ctx, "demo", []kpi.Mark{{Grain: period.Day, Key: "k"}}))
			must(t, table.PutArchiveIndex(ctx, "demo", []string{"2026-11-22"}, string(rune('a'+version))))
			must(t, table.PutClaims(ctx, "demo", "order:1", profile.Claims{{Identifier: "user:1"}}, version))
			must(t, table.PutTraits(ctx, "demo", "user:1", profile.Traits{"a": {Value: json.RawMessage(`1`)}}, version))
		}
		for _, n := range random.Perm(20) {
			link := identity.Link{Child: "anon:1", Parent: "user:1", Evidence: identity.Evidence{At: event.Millis(n)}}
			must(t, table.PutLink(ctx, "demo", link))
		}
		_, err := table.Nodes(ctx, "demo", []event.Identifier{"user:nobody"}) // asking leaves no trace
		must(t, err)
		return table
	}
	first, second := fill(1, 1), fill(2, 3)
	if first.Dump() != second.Dump() {
		t.Errorf("Dump of the same facts: got\n%sand\n%s", first.Dump(), second.Dump())
	}
	must(t, second.PutPage(ctx, "demo", "user:1", []event.Touchpoint{{ID: "another", Original: 7}}))
	if first.Dump() == second.Dump() {
		t.Error("Dump does not tell another touchpoint")
	}
	want := `demo user:1 profile {"v":0,"n":50,"f":{"t":0,"h":0},"l":{"t":0,"h":0},"p":0}` + "\n"
	if got := first.Dump(); !strings.Contains(got, want) {
		t.Errorf("Dump: got\n%swant a line\n%s", got, want)
	}
}

// TestMessagesComeAgain follows one message that is returned and one that is done.
func TestMessagesComeAgain(t *testing.T) {
	t.Parallel()
	queue := memory.NewQueue()
	must(t, queue.Send(t.Context(), []event.Envelope{{Request: "a"}, {Request: "b"}, {Request: "c"}}))
	taken := queue.Take(2)
	queue.Return(taken[0].Handle)
	queue.Done(taken[1].Handle)
	queue.Return(taken[1].Handle) // too late
	waiting, inFlight, err := queue.Depth(t.Context())
	must(t, err)
	if waiting != 2 || inFlight != 0 {
		t.Errorf("Depth: got %d waiting and %d in flight, want 2 and 0", waiting, inFlight)
	}
	again := queue.Take(10)
	if len(again) != 2 || again[0].Envelope.Request != "c" || again[1].Envelope.Request != "a" || again[1].Receives != 2 {
		t.Errorf("Take: got %+v, want c for the first and a for the second time", again)
	}
}
