package adaptertest

import (
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// failedChanges edits, replays and judges one failed event anew, beside another that stays as it is.
func failedChanges(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const ws = "failed-changes"
	want, other := failedOf(ws, "f1", "bad_time", noon), failedOf(ws, "f2", "bad_time", noon-1)
	for _, f := range []event.Failed{want, other} {
		must(t, table.PutFailed(ctx, f))
	}
	check := func(what string) {
		t.Helper()
		got, err := table.FailedByID(ctx, ws, "f1")
		must(t, err)
		equal(t, "the record "+what, got, want)
		wantFailed(t, table, ws, "", []event.Failed{want, other})
	}
	judge := func(class string) event.Verdict {
		v := event.Verdict{Class: class, Reason: "now <because> " + class, Handler: "v2 " + class}
		want = want.Judged(v)
		return v
	}
	edit := func(text string, at event.Millis) {
		t.Helper()
		got, err := table.EditFailed(ctx, ws, "f1", text, at)
		must(t, err)
		want.Edited, want.EditedAt = text, at
		equal(t, "what EditFailed gives", got, want)
	}
	replay := func(at event.Millis) {
		t.Helper()
		got, err := table.ReplayFailed(ctx, ws, []string{"gone", "f1"}, at)
		must(t, err)
		want.Replayed = at
		equal(t, "what ReplayFailed gives", got, []event.Failed{want})
	}

	replay(noon + 1000)
	check("once replayed")
	_, err := table.EditFailed(ctx, ws, "f1", `{}`, noon+2000)
	wantFault(t, "EditFailed during a replay", err, fault.Conflict, "replay_on_its_way")
	must(t, table.FailedAgain(ctx, ws, "f1", judge("no_identifier")))
	want.Replayed = 0
	check("once replayed in vain")

	edit(`{"text":"é \u0000 日本","n":`+strings.Repeat("1", 32000)+`}`, noon+3000)
	edit(`{"edited":true}`, noon+4000)
	check("once edited twice")
	redelivered := failedOf(ws, "f1", "bad_time", noon)
	must(t, table.PutFailed(ctx, redelivered))
	check("when its original fails again after the edit")
	replay(noon + 5000)
	replay(noon + 6000)
	must(t, table.PutFailed(ctx, redelivered))
	check("when its original fails again during the replay")
	must(t, table.FailedAgain(ctx, ws, "f1", judge("unknown_type")))
	want.Replayed = 0
	check("once its edited text fails")
	counts, err := table.FailedCounts(ctx, ws)
	must(t, err)
	equal(t, "FailedCounts", counts, map[string]int{"unknown_type": 1, "bad_time": 1})

	// A replay that nothing was heard of for longer than messages live is lost.
	replay(noon + 7000)
	_, err = table.EditFailed(ctx, ws, "f1", `{}`, noon+7000+14*day)
	wantFault(t, "EditFailed two weeks after a replay", err, fault.Conflict, "replay_on_its_way")
	edit(`{}`, noon+7001+14*day)

	_, err = table.EditFailed(ctx, ws, "none", `{}`, noon)
	wantFault(t, "EditFailed of none", err, fault.NotFound, "unknown_failed_event")
	must(t, table.FailedAgain(ctx, ws, "none", judge("late")))
	_, err = table.FailedByID(ctx, ws, "none")
	wantFault(t, "FailedByID of one that failed again but is not there", err, fault.NotFound, "unknown_failed_event")
	none, err := table.ReplayFailed(ctx, ws, nil, noon)
	must(t, err)
	equal(t, "ReplayFailed of nothing", len(none), 0)
}

// failedDone holds that nothing brings back what was accepted or discarded.
func failedDone(t *testing.T, table TableUnderTest, clock *Clock) {
	ctx := t.Context()
	const ws = "failed-done"
	f := failedOf(ws, "f1", "bad_time", noon)
	must(t, table.PutFailed(ctx, f))
	_, err := table.EditFailed(ctx, ws, "f1", `{}`, noon)
	must(t, err)
	must(t, table.DeleteFailed(ctx, ws, "f1"))
	for _, late := range []func() error{
		func() error { return nil },
		func() error { return table.PutFailed(ctx, f) },
		func() error { return table.FailedAgain(ctx, ws, "f1", f.Verdict()) },
		func() error { return table.DeleteFailed(ctx, ws, "f1") },
	} {
		must(t, late())
		wantFailed(t, table, ws, "", nil)
		counts, err := table.FailedCounts(ctx, ws)
		must(t, err)
		equal(t, "FailedCounts", len(counts), 0)
		_, err = table.FailedByID(ctx, ws, "f1")
		wantFault(t, "FailedByID of one that is done with", err, fault.NotFound, "unknown_failed_event")
		_, err = table.EditFailed(ctx, ws, "f1", `{}`, noon)
		wantFault(t, "EditFailed of one that is done with", err, fault.NotFound, "unknown_failed_event")
		replayed, err := table.ReplayFailed(ctx, ws, []string{"f1"}, noon)
		must(t, err)
		equal(t, "ReplayFailed of one that is done with", len(replayed), 0)
	}

	must(t, table.PutFailed(ctx, failedOf(ws, "old", "bad_time", noon)))
	for _, late := range []event.Millis{noon + 30*day, noon + 31*day} {
		clock.set(late)
		_, err = table.EditFailed(ctx, ws, "old", `{}`, late)
		wantFault(t, "EditFailed of one that has expired", err, fault.NotFound, "unknown_failed_event")
		replayed, err := table.ReplayFailed(ctx, ws, []string{"old"}, late)
		must(t, err)
		equal(t, "ReplayFailed of one that has expired", len(replayed), 0)
	}
}

// failedLarge keeps messages as large as the queue's, which no single item could hold.
func failedLarge(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const ws = "failed-large"
	small, large := failedOf(ws, "small", "bad_message", noon), failedOf(ws, "large", "bad_message", noon-1)
	large.Original, large.Whole = dense(1<<20), true
	for range 2 {
		must(t, table.PutFailed(ctx, small))
		must(t, table.PutFailed(ctx, large))
		wantFailed(t, table, ws, "", []event.Failed{small, large})
	}
	got, err := table.FailedByID(ctx, ws, "large")
	must(t, err)
	equal(t, "FailedByID of a large one", got, large)
	large.Edited, large.EditedAt = `{"edited":"`+dense(32<<10)+`"}`, noon
	edited, err := table.EditFailed(ctx, ws, "large", large.Edited, noon)
	must(t, err)
	equal(t, "EditFailed of a large one", edited, large)
	must(t, table.PutFailed(ctx, failedOf(ws, "large", "other", noon)))
	large.Replayed = noon
	replayed, err := table.ReplayFailed(ctx, ws, []string{"large"}, noon)
	must(t, err)
	equal(t, "ReplayFailed of a large one", replayed, []event.Failed{large})
	must(t, table.DeleteFailed(ctx, ws, "large"))
	large.Replayed = 0
	must(t, table.PutFailed(ctx, large))
	wantFailed(t, table, ws, "", []event.Failed{small})
}
