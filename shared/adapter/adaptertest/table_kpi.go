package adaptertest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
)

func windowOf(g period.Grain, key string, run int64) kpi.Window {
	return kpi.Window{
		Grain: g, Key: key, Start: noon, End: noon + day, Revision: run % 5, Run: run, ComputedAt: noon + 1,
		Model: "default@1", Definitions: 2,
		Totals: measure.Totals{Names: []measure.Name{"touchpoints", "revenue"}, Groups: map[measure.Key][]wide.Int{
			{}:                {wide.Of(run)},                                // a group ends with its last number that is not 0
			{Currency: "EUR"}: {{}, wide.Of(math.MinInt64).Add(wide.Of(-1))}, // beyond 64 bits
			{Dimension: measure.ByCountry, Value: "日本 <&>"}: {wide.Of(math.MaxInt64), wide.Of(9007199254740993)},
		}},
	}
}

// largeWindow has more groups than an item holds; nothing about those of two runs is alike.
func largeWindow(g period.Grain, key string, run int64, groups int) kpi.Window {
	w := windowOf(g, key, run)
	text := noise(groups*100 + 1000)[run%1000:]
	for n := range groups {
		w.Totals.Groups[measure.Key{Dimension: measure.ByCampaign, Value: text[n*100 : n*100+100]}] = []wide.Int{wide.Of(run), wide.Of(int64(n + 1))}
	}
	return w
}

// windows: a window is replaced by that of a later run, or by one who knows the run that is stored. What is refused
// changes nothing.
func windows(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	stored := kpi.Window{}
	for _, c := range []struct {
		run    int64
		groups int
		stamp  int64 // known run, -1 for a put
		code   string
	}{
		{3, 0, 1, "conflict"},
		{3, 0, 0, ""},
		{3, 0, 0, "conflict"},
		{3, 0, -1, "conflict"},
		{2, 6500, -1, "conflict"},
		{4, 0, -1, ""},
		{5, 6500, -1, ""}, // of several items
		{5, 6500, -1, "conflict"},
		{4, 6500, -1, "conflict"},
		{7, 5000, 6, "conflict"},
		{7, 5000, 5, ""},
		{7, 12000, 7, ""}, // another of the same run
		{7, 0, 7, ""},
		{6, 6500, 7, ""}, // under an earlier run
		{9, 6000, -1, ""},
		{8, 0, -1, "conflict"},
		{10, 0, -1, ""},
		{1 << 40, 0, -1, ""},
		{11, 0, -1, "conflict"},
	} {
		w := largeWindow(period.Day, "2026-11-22", c.run, c.groups)
		err := error(nil)
		if c.stamp < 0 {
			err = table.PutWindow(ctx, "windows", w)
		} else {
			err = table.StampWindow(ctx, "windows", w, c.stamp)
		}
		wantConflict(t, fmt.Sprintf("write of run %d with %d groups over %d", c.run, c.groups, c.stamp), err, c.code)
		if c.code == "" {
			stored = w
		}
		var want []kpi.Window
		if stored.Run > 0 {
			want = []kpi.Window{stored}
		}
		got, err := table.Window(ctx, "windows", period.Day, "2026-11-22")
		must(t, err)
		equal(t, fmt.Sprintf("Window after run %d with %d groups over %d", c.run, c.groups, c.stamp), got, stored)
		all, err := table.Windows(ctx, "windows", period.Day, "0", "~")
		must(t, err)
		equal(t, "Windows", all, want)
	}
	for _, other := range []struct {
		ns    workspace.Namespace
		grain period.Grain
		key   string
	}{
		{"windows", period.Week, "2026-11-22"},
		{"windows", period.Day, "2026-11-23"},
		{"windows-2", period.Day, "2026-11-22"},
	} {
		got, err := table.Window(ctx, other.ns, other.grain, other.key)
		must(t, err)
		equal(t, fmt.Sprintf("Window of %v", other), got, kpi.Window{})
	}
}

// windowRange: windows come in the order of their keys, those of several items among the others, and more than an
// answer holds.
func windowRange(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	all := make([]kpi.Window, 0, 40)
	for n := range 40 {
		groups := 500
		if n%10 == 1 {
			groups = 6500
		}
		all = append(all, largeWindow(period.Day, (noon+event.Millis(n)*day).Day(), int64(n+1), groups))
	}
	for _, w := range backwards(all) {
		must(t, table.PutWindow(ctx, "range", w))
	}
	must(t, table.PutWindow(ctx, "range", windowOf(period.Month, "2026-11-01", 1)))
	must(t, table.PutWindow(ctx, "range-2", windowOf(period.Day, "2026-11-23", 1)))
	for _, c := range []struct {
		from, to string
		want     []kpi.Window
	}{
		{"2026-11-22", "2026-12-31", all},
		{"2000-01-01", "2026-11-24", all[:3]},
		{"2026-11-23", "2026-11-23", all[1:2]},
		{"2026-11-24", "2026-11-23", nil},
		{"2027-01-01", "2027-12-31", nil},
	} {
		got, err := table.Windows(ctx, "range", period.Day, c.from, c.to)
		must(t, err)
		equal(t, fmt.Sprintf("Windows %s to %s", c.from, c.to), got, c.want)
	}
}

func archiveIndex(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	must(t, table.PutArchiveIndex(ctx, "index", nil, "touchpoints/none"))
	want := map[string][]string{"2026-11-22": nil, "2026-11-23": nil, "2026-12-01": nil}
	for n := range 60 {
		key := fmt.Sprintf("touchpoints/workspace=index/arrived=2026-11-22/hour=12/%03d.ndjson.zst", n)
		days := []string{"2026-11-22", "2026-11-23", "2026-11-22"}
		if n%2 == 0 {
			days = days[:1]
		}
		for range 2 {
			must(t, table.PutArchiveIndex(ctx, "index", days, key))
		}
		for _, d := range slices.Compact(slices.Sorted(slices.Values(days))) {
			want[d] = append(want[d], key)
		}
	}
	var many []string
	for n := range 70 { // more than two batches
		many = append(many, (noon + event.Millis(100+n)*day).Day())
	}
	must(t, table.PutArchiveIndex(ctx, "index", many, "touchpoints/many"))
	for _, d := range many {
		want[d] = []string{"touchpoints/many"}
	}
	for d := range want {
		got, err := table.ArchiveIndex(ctx, "index", d)
		must(t, err)
		equal(t, "ArchiveIndex of "+d, got, want[d])
	}
}
