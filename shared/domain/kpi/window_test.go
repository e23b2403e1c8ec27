package kpi_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/kpi"
)

// The successor of a stored window has a new revision and the time of its computing if a reader sees other numbers; if only the facts behind them
// differ it keeps both, and if nothing differs there is none.
func TestAfter(t *testing.T) {
	t.Parallel()
	three, four, alsoThree := int64(3), int64(4), int64(3)
	window := func(facts string, numerator int64, denominator *int64) kpi.Window {
		return kpi.Window{
			Grain: "day", Key: "2026-11-22", Start: 10, End: 20, ComputedAt: 99, Model: "default@1", Definitions: 1, Facts: facts,
			Rows: []kpi.Row{{Metric: kpi.AOV, Unit: "GBP", Numerator: numerator, Denominator: denominator, N: 1}},
		}
	}
	stored := window("f1", 7, &three)
	stored.Revision, stored.Silent, stored.ComputedAt = 4, 2, 50
	stored.Digest = stored.Sum()
	other := func(change func(w *kpi.Window)) kpi.Window {
		w := window("f1", 7, &three)
		change(&w)
		return w
	}
	for _, test := range []struct {
		name             string
		stored, computed kpi.Window
		want             string // revision, silent replacements, computed at, facts; "" for nothing to store
	}{
		{"a first one", kpi.Window{}, window("f1", 7, &three), "1 0 99 f1"},
		{"the same", stored, window("f1", 7, &alsoThree), ""},
		{"other facts alone", stored, window("f2", 7, &alsoThree), "4 3 50 f2"},
		{"another numerator", stored, window("f1", 8, &three), "5 2 99 f1"},
		{"another denominator", stored, window("f1", 7, &four), "5 2 99 f1"},
		{"no denominator", stored, window("f1", 7, nil), "5 2 99 f1"},
		{"another number and other facts", stored, window("f2", 8, &three), "5 2 99 f2"},
		{"no rows", stored, other(func(w *kpi.Window) { w.Rows = nil }), "5 2 99 f1"},
		{"another model", stored, other(func(w *kpi.Window) { w.Model = "default@2" }), "5 2 99 f1"},
		{"other definitions", stored, other(func(w *kpi.Window) { w.Definitions = 2 }), "5 2 99 f1"},
		{"another beginning", stored, other(func(w *kpi.Window) { w.Start = 11 }), "5 2 99 f1"},
		{"another end", stored, other(func(w *kpi.Window) { w.End = 21 }), "5 2 99 f1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			next, differs := test.computed.After(test.stored)
			got := ""
			if differs {
				got = fmt.Sprintf("%d %d %d %s", next.Revision, next.Silent, next.ComputedAt, next.Facts)
			}
			if got != test.want {
				t.Errorf("After = %q, want %q", got, test.want)
			}
			if next.Version() != test.stored.Version()+map[bool]int64{true: 1}[differs] || next.Digest != next.Sum() {
				t.Errorf("the version goes from %d to %d, the digest is of what it holds: %v", test.stored.Version(), next.Version(), next.Digest == next.Sum())
			}
		})
	}
}
