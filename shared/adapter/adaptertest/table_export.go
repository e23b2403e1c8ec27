package adaptertest

import (
	"fmt"
	"sync"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

func restatements(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	read := func(g period.Grain) (notes []report.Restatement, handles []string) {
		t.Helper()
		notes, err := table.Restated(ctx, "restated", g)
		must(t, err)
		seen := map[string]bool{}
		for n := range notes {
			if notes[n].Handle == "" || seen[notes[n].Handle] {
				t.Errorf("handle %q is empty or not the only one", notes[n].Handle)
			}
			seen[notes[n].Handle] = true
			handles = append(handles, notes[n].Handle, notes[n].Handle)
			notes[n].Handle = ""
		}
		return notes, handles
	}
	none, _ := read(period.Day)
	equal(t, "Restated before any", none, []report.Restatement(nil))
	must(t, table.PutRestated(ctx, "restated", nil))
	must(t, table.DeleteRestated(ctx, "restated", nil))

	day := report.Restatement{Grain: period.Day, Key: "2026-11-22", At: noon, Changes: []report.Change{
		{Grain: period.Hour, Key: "2026-11-22T12:00:00Z", Revision: 3}, {Grain: period.Day, Key: "2026-11-22", Revision: 1 << 40},
	}}
	earlier, week := day, day
	earlier.Key, week.Grain, week.Changes = "2026-11-21", period.Week, day.Changes[1:]
	var days, weeks []report.Restatement
	for range 30 {
		must(t, table.PutRestated(ctx, "restated", []report.Restatement{day, week, day}))
		days, weeks = append(days, day, day), append(weeks, week)
	}
	must(t, table.PutRestated(ctx, "restated", []report.Restatement{earlier}))
	must(t, table.PutRestated(ctx, "restated-2", []report.Restatement{day}))
	days = append([]report.Restatement{earlier}, days...)
	got, handles := read(period.Day)
	equal(t, "Restated of days", got, days)
	got, _ = read(period.Week)
	equal(t, "Restated of weeks", got, weeks)
	got, _ = read(period.Month)
	equal(t, "Restated of months", got, []report.Restatement(nil))

	// A note left after the read is not deleted with what was read.
	must(t, table.PutRestated(ctx, "restated", []report.Restatement{day}))
	for range 2 {
		must(t, table.DeleteRestated(ctx, "restated", handles))
		got, _ = read(period.Day)
		equal(t, "Restated after DeleteRestated", got, []report.Restatement{day})
	}
	got, _ = read(period.Week)
	equal(t, "Restated of weeks after deleting days", got, weeks)
}

func exportClaims(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const name = "on-demand-hour-2026-07-21T100000+0100-2026-07-22"
	stored := report.Claim{}
	for _, c := range []struct {
		revision int
		kind     fault.Kind
		code     string
	}{
		{1, "", ""}, {1, fault.Conflict, "conflict"}, {2, "", ""}, {1, fault.Conflict, "conflict"}, {9, "", ""}, {10, "", ""}, {9, fault.Conflict, "conflict"},
	} {
		claim := report.Claim{Revision: c.revision, SHA256: fmt.Sprint("sum", c.revision), Base: c.revision / 2, Created: "2026-11-22T12:00:00Z"}
		wantFault(t, fmt.Sprintf("PutExportClaim of revision %d", c.revision), table.PutExportClaim(ctx, "exports", name, claim), c.kind, c.code)
		if c.kind == "" {
			stored = claim
		}
		got, err := table.ExportClaim(ctx, "exports", name)
		must(t, err)
		equal(t, fmt.Sprintf("ExportClaim after revision %d", c.revision), got, stored)
	}
	for _, other := range [][2]string{{"exports", name + "-2"}, {"exports-2", name}} {
		got, err := table.ExportClaim(ctx, other[0], other[1])
		must(t, err)
		equal(t, "ExportClaim of another export", got, report.Claim{})
	}
}

func concurrentExportClaims(t *testing.T, table TableUnderTest, _ *Clock) {
	var won sync.Map
	var claims sync.WaitGroup
	for n := range 32 {
		claims.Go(func() {
			c := report.Claim{Revision: 7, SHA256: fmt.Sprint(n), Created: "2026-11-22T12:00:00Z"}
			switch err := table.PutExportClaim(t.Context(), "rivals", "daily-2026-11-21", c); fault.KindOf(err) {
			case "":
				won.Store(c.SHA256, true)
			case fault.Conflict:
			default:
				t.Errorf("PutExportClaim: %v", err)
			}
		})
	}
	claims.Wait()
	got, err := table.ExportClaim(t.Context(), "rivals", "daily-2026-11-21")
	must(t, err)
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	if _, isWinner := won.Load(got.SHA256); winners != 1 || !isWinner {
		t.Errorf("%d claims won and that of %q is stored, want the one that won", winners, got.SHA256)
	}
}
