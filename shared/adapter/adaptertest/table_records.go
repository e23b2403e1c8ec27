package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// batchOf is the record of a batch that was named at an instant.
func batchOf(at event.Millis, name string) ledger.Batch {
	ids := []event.Identifier{"user:1", event.Identifier("anon:日本#" + name)}
	return ledger.Batch{
		Handle: ledger.HandleAt(at) + "-" + name, Identifiers: slices.Clone(ids),
		Events: []event.Record{{
			Workspace: "shop", Type: event.Page, Identifiers: ids, Previous: []event.Identifier{"user:0"},
			Request: "r-" + name, Index: 3, Touchpoint: touchpoint("e <&> "+name, at),
		}},
	}
}

// batchesFrom reads records to their end, some at a time, and checks that no more come than were asked for.
func batchesFrom(t *testing.T, table TableUnderTest, ns workspace.Namespace, from string, limit int) []ledger.Batch {
	t.Helper()
	var out []ledger.Batch
	for {
		some, next, err := table.Batches(t.Context(), ns, from, limit)
		must(t, err)
		out = append(out, some...)
		if next == "" {
			return out
		}
		if len(some) != limit || next <= some[limit-1].Handle || next <= from {
			t.Fatalf("Batches from %q: %d records, want %d; next is %q", from, len(some), limit, next)
		}
		from = next
	}
}

// batches: records come in the order of their handles, from one on, so many at a time. One that has expired counts
// until it is settled.
func batches(t *testing.T, table TableUnderTest, clock *Clock) {
	ctx := t.Context()
	none, next, err := table.Batches(ctx, "batches", "", 10)
	must(t, err)
	equal(t, "Batches before any", append(none, ledger.Batch{Handle: next}), []ledger.Batch{{}})

	var want []ledger.Batch
	for _, at := range []event.Millis{0, 9, 10, noon - 1, noon, noon + 1, noon * 10} { // far apart in digits
		for _, name := range []string{"", "a", "a#", "b", "日本"} {
			want = append(want, batchOf(at, name))
		}
	}
	bare := ledger.Batch{Handle: ledger.HandleAt(noon*11) + "-bare"} // nothing happened in it
	want = append(want, bare)
	for n, b := range append(backwards(want), want...) { // written twice
		if n%2 == 0 {
			other := batchOf(noon, "other")
			other.Handle = b.Handle
			must(t, table.PutBatch(ctx, "batches", other)) // replaced by the next
		}
		must(t, table.PutBatch(ctx, "batches", b))
	}
	must(t, table.PutBatch(ctx, "batches-2", batchOf(noon, "elsewhere")))
	for _, limit := range []int{1, 3, len(want) - 1, len(want), 1000} {
		equal(t, fmt.Sprintf("Batches, %d at a time", limit), batchesFrom(t, table, "batches", "", limit), want)
	}
	for _, c := range []struct {
		from string
		want []ledger.Batch
	}{
		{want[7].Handle, want[7:]},
		{want[7].Handle + "\x00", want[8:]},
		{ledger.HandleAt(noon), want[20:]},
		{ledger.HandleAt(noon * 12), nil},
	} {
		equal(t, "Batches from "+c.from, batchesFrom(t, table, "batches", c.from, 4), c.want)
	}
	clock.set(noon + 20*day)
	equal(t, "Batches of expired records", batchesFrom(t, table, "batches", "", 10), want)
}

// largeBatch: a record that no item holds comes as one or as several, between those before and behind it, and says the
// same.
func largeBatch(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(3000 * 700)
	large := ledger.Batch{Handle: ledger.HandleAt(noon) + "-large"}
	for n := range 3000 {
		r := batchOf(noon, fmt.Sprint(n)).Events[0]
		r.Touchpoint.Properties = map[string]string{"noise": text[n*700 : n*700+700]} // about 1 MB in all
		large.Events = append(large.Events, r)
		large.Identifiers = append(large.Identifiers, event.Identifier(fmt.Sprintf("user:%d", n)))
	}
	crowded := ledger.Batch{Handle: ledger.HandleAt(noon+1) + "-crowded"}
	for n := range 30000 {
		crowded.Identifiers = append(crowded.Identifiers, event.Identifier("anon:"+text[n*50:n*50+36]))
	}
	before, between := batchOf(noon-1, "before"), batchOf(noon, "maybe")
	behind := batchOf(noon+2, "behind")
	for _, b := range []ledger.Batch{large, crowded, before, between, behind, large, crowded} {
		must(t, table.PutBatch(ctx, "large-batches", b))
	}
	got := batchesFrom(t, table, "large-batches", "", 2)
	wantRecords(t, got, []ledger.Batch{before, large, between, crowded, behind})
	for n := range got { // what a reader has seen to its end does not come again
		rest := batchesFrom(t, table, "large-batches", got[n].Handle+"\x00", 100)
		equal(t, "number of records behind "+got[n].Handle, len(rest), len(got)-n-1)
	}
}

// wantRecords compares records that may have come in parts, whose handles begin with that of the whole.
func wantRecords(t *testing.T, got, want []ledger.Batch) {
	t.Helper()
	var joined []ledger.Batch
	for _, b := range got {
		whole := slices.IndexFunc(want, func(w ledger.Batch) bool { return strings.HasPrefix(b.Handle, w.Handle) })
		if last := len(joined) - 1; last >= 0 && whole >= 0 && joined[last].Handle == want[whole].Handle {
			joined[last].Identifiers = append(joined[last].Identifiers, b.Identifiers...)
			joined[last].Events = append(joined[last].Events, b.Events...)
			continue
		}
		if whole >= 0 {
			b.Handle = want[whole].Handle
		}
		joined = append(joined, b)
	}
	equal(t, "Batches, parts joined", joined, want)
}

func dueOf(at event.Millis, name string) ledger.Due {
	ids := []event.Identifier{"user:1", event.Identifier("anon:日本#" + name)}
	return ledger.Due{Handle: ledger.HandleAt(at) + "-" + name, NotBefore: at, Identifiers: ids}
}

// dues: what is due by an instant comes the earliest first; what is deleted is gone, and nothing else is.
func dues(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	read := func(until event.Millis, limit int) ([]ledger.Due, bool) {
		t.Helper()
		got, more, err := table.Dues(ctx, "dues", until, limit)
		must(t, err)
		return got, more
	}
	none, more := read(noon, 10)
	equal(t, "Dues before any", fmt.Sprint(none, more), "[] false")
	must(t, table.PutDues(ctx, "dues", nil))
	must(t, table.DeleteDues(ctx, "dues", nil))

	at := []event.Millis{0, 9, 10, noon - 1, noon, noon + 1, noon * 10} // far apart in digits
	var all []ledger.Due
	for _, instant := range at {
		for n := range 9 {
			all = append(all, dueOf(instant, fmt.Sprint(n)))
		}
	}
	must(t, table.PutDues(ctx, "dues", backwards(all)[:30]))
	must(t, table.PutDues(ctx, "dues", all)) // the same again, and more than one call takes
	must(t, table.PutDues(ctx, "dues-2", all[:1]))
	for n, until := range at {
		for _, limit := range []int{1, 9 * n, 9*n + 8, 9 * (n + 1), 1000} {
			if limit == 0 {
				continue
			}
			want := all[:min(limit, 9*(n+1))]
			got, more := read(until, limit)
			equal(t, fmt.Sprintf("Dues until %d, at most %d", until, limit), got, want)
			equal(t, fmt.Sprintf("more Dues until %d, at most %d", until, limit), more, limit < 9*(n+1))
		}
	}
	var handles []string
	for _, d := range all[:40] {
		handles = append(handles, d.Handle, d.Handle)
	}
	for range 2 {
		must(t, table.DeleteDues(ctx, "dues", handles))
		got, more := read(noon*10, 1000)
		equal(t, "Dues after DeleteDues", got, all[40:])
		equal(t, "more Dues after DeleteDues", more, false)
	}
}

func largeDue(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(40000 * 36)
	large := ledger.Due{Handle: ledger.HandleAt(noon) + "-large", NotBefore: noon}
	for n := range 40000 {
		large.Identifiers = append(large.Identifiers, event.Identifier("anon:"+text[n*36:n*36+36]))
	}
	small := dueOf(noon+1, "small")
	for range 2 {
		must(t, table.PutDues(ctx, "large-dues", []ledger.Due{large, small}))
	}
	got, more, err := table.Dues(ctx, "large-dues", noon, 1000)
	must(t, err)
	equal(t, "more of a large due", more, false)
	var together []event.Identifier
	var handles []string
	for _, d := range got {
		together, handles = append(together, d.Identifiers...), append(handles, d.Handle)
		d.Handle, d.Identifiers = "", nil
		equal(t, "part of a large due", d, ledger.Due{NotBefore: noon})
	}
	equal(t, "identifiers of a large due", slices.Equal(together, large.Identifiers), true)
	must(t, table.DeleteDues(ctx, "large-dues", handles))
	got, _, err = table.Dues(ctx, "large-dues", noon+1, 1000)
	must(t, err)
	equal(t, "Dues after a large one is deleted", got, []ledger.Due{small})
}
