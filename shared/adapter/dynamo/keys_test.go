package dynamo_test

import (
	"context"
	"regexp"
	"slices"
	"testing"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
)

// hashed stands for the hash in a key.
var hashed = regexp.MustCompile(`\b[0-9a-f]{16}\b`)

// TestKeys holds where items stand: what is stored is found by the same keys after the next release.
func TestKeys(t *testing.T) {
	t.Parallel()
	const at event.Millis = 1795348800000 // noon of 22 November 2026
	view := func(at event.Millis) event.Touchpoint { return event.Touchpoint{ID: "e", Original: at} }
	for _, c := range []struct {
		name string
		put  func(ctx context.Context, table *dynamo.Table) error
		want []string // PK SK of each item
	}{
		{"page of two days", func(ctx context.Context, table *dynamo.Table) error {
			page := []event.Touchpoint{view(at + 86_400_000), view(at)}
			return table.PutPages(ctx, "demo", map[event.Identifier][]event.Touchpoint{"user:1": page})
		}, []string{"demo#user:1 T#2026-11-22#HASH"}},
		{"record", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutBatch(ctx, "demo", ledger.Batch{Handle: ledger.HandleAt(at) + "-x"})
		}, []string{"demo#records 001795348800000-x"}},
		{"due", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutDues(ctx, "demo", []ledger.Due{{Handle: ledger.HandleAt(at) + "-x"}})
		}, []string{"demo#due 001795348800000-x"}},
		{"state", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutState(ctx, "demo", ledger.State{}, 0)
		}, []string{"demo#settle S"}},
		{"profile", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutProfiles(ctx, "demo", []ledger.Profile{{ID: "user:1", Run: 12}})
		}, []string{"demo#user:1 P"}},
		{"large profile", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutProfiles(ctx, "demo", []ledger.Profile{giant(12, 1)})
		}, []string{"demo#user:1 P", "demo#user:1 p#000000000012-HASH#000"}},
		{"listings", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutListings(ctx, "demo", 12, []ledger.Listing{{}, {Stage: "purchase", Day: "2026-11-22"}})
		}, []string{
			"demo#people .", "demo#people purchase",
			"demo#people#. 0#000000000012#00000", "demo#people#purchase 2026-11-22#000000000012#00001",
		}},
		{"window", func(ctx context.Context, table *dynamo.Table) error {
			return table.PutWindow(ctx, "demo", kpi.Window{Grain: period.Day, Key: "2026-11-22", Run: 12})
		}, []string{"demo#kpi#day 2026-11-22"}},
		{"large window", func(ctx context.Context, table *dynamo.Table) error {
			large := kpi.Window{Grain: period.Day, Key: "2026-11-22", Run: 12, Model: string(giant(1, 1).Stage)}
			return table.PutWindow(ctx, "demo", large)
		}, []string{"demo#kpi#day 2026-11-22", "demo#kpi#day#parts 2026-11-22#000000000012-HASH#000"}},
	} {
		var got []string
		s := &service{answer: func(_ int, made call) (int, string, error) {
			for _, i := range itemsOf(made) {
				key := i["PK"].(map[string]any)["S"].(string) + " " + sortKey(i)
				got = append(got, hashed.ReplaceAllString(key, "HASH"))
			}
			return 200, `{}`, nil
		}}
		if err := c.put(t.Context(), tableOn(s)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
