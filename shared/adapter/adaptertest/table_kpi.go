package adaptertest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// wantMarks compares marks without their handles, which are the table's own, and checks that no two are the same.
func wantMarks(t *testing.T, what string, got, want []kpi.Mark) {
	t.Helper()
	handles := map[string]bool{}
	bare := slices.Clone(got)
	for n := range bare {
		if bare[n].Handle == "" || handles[bare[n].Handle] {
			t.Errorf("%s: handle %q is empty or not the only one", what, bare[n].Handle)
		}
		handles[bare[n].Handle] = true
		bare[n].Handle = ""
	}
	byText := func(a, b kpi.Mark) int { return strings.Compare(shown(a), shown(b)) }
	slices.SortFunc(bare, byText)
	want = slices.Clone(want)
	slices.SortFunc(want, byText)
	equal(t, what, bare, want)
}

func marks(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	list := func() []kpi.Mark {
		t.Helper()
		got, err := table.Marks(ctx, "marks", noon)
		must(t, err)
		return got
	}
	wantMarks(t, "Marks before any", list(), nil)
	must(t, table.PutMarks(ctx, "marks", nil))
	must(t, table.DeleteMarks(ctx, "marks", nil))

	same := kpi.Mark{Grain: period.Day, Key: "2026-11-22", Identifiers: []event.Identifier{"user:1", "anon:日本#x"}, NotBefore: noon}
	var want []kpi.Mark
	for range 30 {
		must(t, table.PutMarks(ctx, "marks", []kpi.Mark{same, same, {Grain: period.Hour, Key: "2026-11-22T12:00:00Z"}}))
		want = append(want, same, same, kpi.Mark{Grain: period.Hour, Key: "2026-11-22T12:00:00Z"})
	}
	read := list()
	wantMarks(t, "Marks", read, want)

	// A mark made after the read is not deleted with what was read.
	must(t, table.PutMarks(ctx, "marks", []kpi.Mark{same}))
	var handles []string
	for _, m := range read {
		handles = append(handles, m.Handle, m.Handle)
	}
	must(t, table.DeleteMarks(ctx, "marks", handles))
	wantMarks(t, "Marks after DeleteMarks", list(), []kpi.Mark{same})
	must(t, table.DeleteMarks(ctx, "marks", handles))
	wantMarks(t, "Marks after deleting twice", list(), []kpi.Mark{same})
}

func laterMarks(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	due := func(at event.Millis) kpi.Mark {
		return kpi.Mark{Grain: period.Day, Key: "2026-11-22", Identifiers: []event.Identifier{"user:1"}, NotBefore: at}
	}
	// Far apart in digits, so that text which is not padded would sort them wrongly.
	at := []event.Millis{0, 9, 10, noon - 1, noon, noon + 1, noon * 10}
	for _, instant := range backwards(at) {
		must(t, table.PutMarks(ctx, "later", []kpi.Mark{due(instant)}))
	}
	for n, until := range at {
		var want []kpi.Mark
		for _, instant := range at[:n+1] {
			want = append(want, due(instant))
		}
		got, err := table.Marks(ctx, "later", until)
		must(t, err)
		wantMarks(t, fmt.Sprintf("Marks until %d", until), got, want)
	}
}

func largeMark(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(30000 * 36)
	var ids []event.Identifier
	for n := range 30000 {
		ids = append(ids, event.Identifier("anon:"+text[n*36:n*36+36]))
	}
	must(t, table.PutMarks(ctx, "large-marks", []kpi.Mark{{Grain: period.Day, Key: "2026-11-22", Identifiers: ids, NotBefore: noon}}))
	got, err := table.Marks(ctx, "large-marks", noon)
	must(t, err)
	var together []event.Identifier
	for _, m := range got {
		together = append(together, m.Identifiers...)
		m.Handle, m.Identifiers = "", nil
		equal(t, "part of a large mark", m, kpi.Mark{Grain: period.Day, Key: "2026-11-22", NotBefore: noon})
	}
	slices.Sort(together)
	slices.Sort(ids)
	if !slices.Equal(together, ids) {
		t.Errorf("Marks: %d identifiers in %d parts, want all %d", len(together), len(got), len(ids))
	}
}

func windowOf(g period.Grain, key string, revision int64) kpi.Window {
	denominator := int64(math.MaxInt64 - revision)
	zero := int64(0)
	return kpi.Window{
		Grain: g, Key: key, Start: noon, End: noon + day, Revision: revision, ComputedAt: noon + 1, Model: "default@1", Definitions: 1,
		Facts: "facts/" + key, Digest: fmt.Sprint("d", revision),
		Rows: []kpi.Row{
			{Metric: kpi.Revenue, Unit: "EUR", Numerator: math.MinInt64, N: math.MaxInt64},
			{Metric: kpi.AOV, Dimension: kpi.ByCountry, Value: "日本 <&>", Unit: "EUR", Numerator: 9007199254740993, Denominator: &denominator},
			{Metric: kpi.ConversionRate, Unit: "ratio", Denominator: &zero},
		},
	}
}

func windows(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	for _, c := range []struct {
		revision int64
		kind     fault.Kind
		code     string
		stored   int64
	}{
		{2, fault.Conflict, "conflict", 0},
		{1, "", "", 1},
		{1, fault.Conflict, "conflict", 1},
		{3, fault.Conflict, "conflict", 1},
		{2, "", "", 2},
	} {
		wantFault(t, fmt.Sprintf("PutWindow of revision %d", c.revision), table.PutWindow(ctx, "windows", windowOf(period.Day, "2026-11-22", c.revision)), c.kind, c.code)
		want := kpi.Window{}
		if c.stored > 0 {
			want = windowOf(period.Day, "2026-11-22", c.stored)
		}
		got, err := table.Window(ctx, "windows", period.Day, "2026-11-22")
		must(t, err)
		equal(t, fmt.Sprintf("Window after revision %d", c.revision), got, want)
	}
	got, err := table.Window(ctx, "windows", period.Week, "2026-11-22")
	must(t, err)
	equal(t, "Window of another grain", got, kpi.Window{})
}

// windowsTogether: a day and its hours are all replaced or none, and the marks that come with them are stored if and only if they are.
func windowsTogether(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const ws = "together"
	day := func(revision int64) kpi.Window { return windowOf(period.Day, "2026-11-22", revision) }
	hour := func(revision int64) kpi.Window { return windowOf(period.Hour, "2026-11-22T09:00:00Z", revision) }
	week := kpi.Mark{Grain: period.Week, Key: "2026-11-16"}
	month := kpi.Mark{Grain: period.Month, Key: "2026-11-01"}
	both := []kpi.Mark{month, week}
	for _, c := range []struct {
		windows   []kpi.Window
		marks     []kpi.Mark
		kind      fault.Kind
		code      string
		day, hour int64      // revisions stored then
		stored    []kpi.Mark // of those that came with the windows
	}{
		{nil, nil, "", "", 0, 0, nil},
		{[]kpi.Window{hour(1), day(2)}, both, fault.Conflict, "conflict", 0, 0, nil},
		{[]kpi.Window{day(2)}, both, fault.Conflict, "conflict", 0, 0, nil},
		{[]kpi.Window{hour(1), day(1)}, nil, "", "", 1, 1, nil},
		{[]kpi.Window{hour(1), day(2)}, both, fault.Conflict, "conflict", 1, 1, nil},
		{[]kpi.Window{day(2)}, nil, "", "", 2, 1, nil},
		{[]kpi.Window{hour(2), day(3)}, both, "", "", 3, 2, both},
		{[]kpi.Window{day(4)}, []kpi.Mark{week}, "", "", 4, 2, []kpi.Mark{week}},
		{nil, []kpi.Mark{month}, "", "", 4, 2, []kpi.Mark{month}},
	} {
		wantFault(t, fmt.Sprintf("PutWindows of %d", len(c.windows)), table.PutWindows(ctx, ws, c.windows, c.marks), c.kind, c.code)
		stored, err := table.Marks(ctx, ws, noon)
		must(t, err)
		wantMarks(t, "Marks that came with windows", stored, c.stored)
		for _, m := range stored {
			must(t, table.DeleteMarks(ctx, ws, []string{m.Handle}))
		}
		gotDay, err := table.Window(ctx, ws, period.Day, "2026-11-22")
		must(t, err)
		gotHour, err := table.Window(ctx, ws, period.Hour, "2026-11-22T09:00:00Z")
		must(t, err)
		equal(t, "revisions stored", []int64{gotDay.Revision, gotHour.Revision}, []int64{c.day, c.hour})
	}
}

func windowRange(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	all := make([]kpi.Window, 0, 40)
	for n := range 40 {
		w := windowOf(period.Day, (noon + event.Millis(n)*day).Day(), 1)
		for r := range 1200 {
			w.Rows = append(w.Rows, kpi.Row{Metric: kpi.Sessions, Dimension: kpi.ByCountry, Value: fmt.Sprintf("%d-%d", n, r*7919), Unit: "count", Numerator: int64(r)})
		}
		all = append(all, w)
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

func rollupTimes(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	for _, want := range []map[period.Grain]event.Millis{nil, {period.Hour: noon, period.Year: 1}, {period.Hour: noon + 1}} {
		if want != nil {
			must(t, table.PutRollupTimes(ctx, "rollups", want))
		}
		got, err := table.RollupTimes(ctx, "rollups")
		must(t, err)
		equal(t, "RollupTimes", got, want)
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
