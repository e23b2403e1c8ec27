package adaptertest

import (
	"sync"
	"testing"

	"waymark/shared/domain/fault"
)

// spending sums what a source sends on a day, whoever adds to it.
func spending(t *testing.T, table TableUnderTest, _ *Clock) {
	for _, c := range []struct {
		workspace, source, day string
		events, want           int64
	}{
		{"spender", "web", "2026-11-22", 0, 0},
		{"spender", "web", "2026-11-22", 7, 7},
		{"spender", "web", "2026-11-22", 1_000_000_000_000, 1_000_000_000_007},
		{"spender", "web", "2026-11-23", 1, 1},
		{"spender", "web#2026-11-22 日本", "2026-11-22", 2, 2},
		{"spender", "", "2026-11-22", 3, 3},
		{"spender-2", "web", "2026-11-22", 4, 4},
	} {
		got, err := table.Spend(t.Context(), c.workspace, c.source, c.day, c.events)
		if err != nil || got != c.want {
			t.Errorf("Spend(%+v) = %d, %v", c, got, err)
		}
	}
	_, err := table.Spend(t.Context(), "spender", "web", "yesterday", 1)
	wantFault(t, "Spend on no day", err, fault.Invalid, "bad_day")

	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := table.Spend(t.Context(), "spender-3", "web", "2026-11-22", 5); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := table.Spend(t.Context(), "spender-3", "web", "2026-11-22", 0)
	if must(t, err); got != 160 {
		t.Errorf("32 additions of 5 make %d", got)
	}
}
