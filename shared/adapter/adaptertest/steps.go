package adaptertest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// StepsUnderTest is everything that a steps table does.
type StepsUnderTest interface {
	PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error
	Steps(ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns) iter.Seq2[[]step.Row, error]
	CompactSteps(ctx context.Context, ns workspace.Namespace, day string) error
}

// Steps holds a steps table to its promises.
func Steps(t *testing.T, open func(t *testing.T) StepsUnderTest) {
	t.Helper()
	t.Run("replaced", func(t *testing.T) { stepsReplaced(t, open(t)) })
	t.Run("any runs", func(t *testing.T) { stepsOfAnyRuns(t, open) })
	t.Run("columns", func(t *testing.T) { stepsOfColumns(t, open(t)) })
}

// stepsOf collects what Steps yields, and checks that each person comes once.
func stepsOf(t *testing.T, table StepsUnderTest, ns workspace.Namespace, days ...string) map[event.Identifier][]step.Row {
	t.Helper()
	all := map[event.Identifier][]step.Row{}
	for rows, err := range table.Steps(t.Context(), ns, days, step.AllColumns) {
		must(t, err)
		if len(rows) == 0 || all[rows[0].Person] != nil {
			t.Fatalf("Steps yields %d rows of a person who has come", len(rows))
		}
		all[rows[0].Person] = rows
	}
	return all
}

func stepsReplaced(t *testing.T, table StepsUnderTest) {
	ctx := t.Context()
	const first, second = "2026-11-22", "2026-11-23"
	row := func(person event.Identifier, at event.Millis) step.Row {
		return step.Row{Person: person, Identifier: person, At: at, ID: "e", Type: event.Page, Stage: "awareness"}
	}
	put := func(run int64, day string, persons []event.Identifier, rows ...step.Row) {
		t.Helper()
		must(t, table.PutSteps(ctx, "shop", run, ledger.Day{Key: day, Persons: persons, Rows: rows}))
	}
	equal(t, "Steps of nothing", stepsOf(t, table, "shop", first), map[event.Identifier][]step.Row{})
	put(3, first, []event.Identifier{"a", "b", "c"}, row("a", noon), row("a", noon), row("b", noon), row("c", noon))
	put(3, first, []event.Identifier{"a", "b", "c"}, row("a", noon), row("a", noon+1), row("b", noon), row("c", noon)) // the run again
	put(5, first, []event.Identifier{"b", "c"}, row("b", noon+5), row("b", noon+6))
	put(4, first, []event.Identifier{"b"}, row("b", noon+4)) // comes late
	put(4, second, []event.Identifier{"a", "d"}, row("a", noon+day), row("d", noon+day))
	put(6, second, nil)
	must(t, table.PutSteps(ctx, "shop-2", 9, ledger.Day{Key: first, Persons: []event.Identifier{"a"}, Rows: []step.Row{row("a", noon+9)}}))
	check := func(when string) {
		t.Helper()
		equal(t, "Steps of two days "+when, stepsOf(t, table, "shop", second, first, first), map[event.Identifier][]step.Row{
			"a": {row("a", noon), row("a", noon+1), row("a", noon+day)}, "b": {row("b", noon+5), row("b", noon+6)}, "d": {row("d", noon+day)},
		})
		equal(t, "Steps of the second day "+when, stepsOf(t, table, "shop", second), map[event.Identifier][]step.Row{
			"a": {row("a", noon+day)}, "d": {row("d", noon+day)},
		})
	}
	check("as written")
	must(t, table.CompactSteps(ctx, "shop", first))
	check("after compaction")
	put(2, first, []event.Identifier{"c"}, row("c", noon+2)) // comes late, after the row that says that there is none any more
	check("after a late run")
	must(t, table.CompactSteps(ctx, "shop", first))
	check("after another compaction")
	for range table.Steps(ctx, "shop", []string{first}, step.AllColumns) { // whoever has enough stops
		break
	}
}

// stepsOfAnyRuns writes random runs in any order, compacts now and then, and compares with the plain rule.
func stepsOfAnyRuns(t *testing.T, open func(t *testing.T) StepsUnderTest) {
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 3))
		table := open(t)
		days := []string{"2026-11-21", "2026-11-22", "2026-11-23"}
		want := map[string]map[event.Identifier][]step.Row{}
		runs := map[string]map[event.Identifier]int64{}
		for _, run := range random.Perm(1 + random.IntN(20)) {
			d := random.IntN(len(days))
			ns := workspace.Namespace(fmt.Sprint("any-", seed))
			changed := randomDay(random, days[d], noon+event.Millis(d-1)*day)
			must(t, table.PutSteps(t.Context(), ns, int64(run), changed))
			for _, person := range changed.Persons {
				if want[days[d]] == nil {
					want[days[d]], runs[days[d]] = map[event.Identifier][]step.Row{}, map[event.Identifier]int64{}
				}
				if before, found := runs[days[d]][person]; found && before > int64(run) {
					continue
				}
				runs[days[d]][person] = int64(run)
				want[days[d]][person] = slices.DeleteFunc(slices.Clone(changed.Rows), func(r step.Row) bool { return r.Person != person })
			}
			if random.IntN(6) == 0 {
				must(t, table.CompactSteps(t.Context(), ns, days[random.IntN(len(days))]))
			}
			all := map[event.Identifier][]step.Row{}
			for _, d := range days {
				for person, rows := range want[d] {
					if len(rows) > 0 {
						all[person] = append(all[person], rows...)
					}
				}
			}
			if got := stepsOf(t, table, ns, days...); !reflect.DeepEqual(got, all) {
				t.Fatalf("seed %d, after run %d: got %s\nwant %s", seed, run, shown(got), shown(all))
			}
		}
	}
}

// randomDay is what a run may write: persons by id, some without rows, and rows with any texts.
func randomDay(random *rand.Rand, key string, from event.Millis) ledger.Day {
	d := ledger.Day{Key: key}
	for n := range strange {
		if random.IntN(3) > 0 {
			continue
		}
		d.Persons = append(d.Persons, event.Identifier(fmt.Sprintf("user:%02d%s", n, strange[n])))
	}
	for _, person := range d.Persons {
		at := from
		for range random.IntN(5) {
			at += event.Millis(random.IntN(2))
			d.Rows = append(d.Rows, randomRow(random, person, at))
		}
	}
	return d
}

func randomRow(random *rand.Rand, person event.Identifier, at event.Millis) step.Row {
	text := func() string { return strange[random.IntN(len(strange))] }
	is := func() bool { return random.IntN(2) == 0 }
	row := step.Row{
		Person: person, Identifier: event.Identifier(text()), At: at, ID: event.ID(text()),
		Type: []event.Type{event.Page, event.Track, event.Screen, ""}[random.IntN(4)], Source: text(), Event: text(),
		Properties: step.Said(text()), Grade: text(), Browser: text(), OS: text(), Page: text(), LandingPage: text(), SessionPages: int64(random.IntN(9)), SessionSeconds: int64(random.IntN(9)),
		Referrer: channel.Outside{Host: text(), Source: text(), Medium: text(), Term: text()},
		Channel:  text(), Country: text(), Campaign: text(), Device: text(), Session: random.IntN(5), SessionStart: is(),
		SessionChannel: text(), SessionCampaign: text(), SessionCountry: text(), StageBefore: text(), Stage: text(),
		FirstEver: is(), Visitor: text(), FirstChannel: text(), FirstMonth: text(), OrderMonth: text(),
	}
	if random.IntN(3) == 0 {
		row.Order = &step.Order{
			ID: text(), Kind: []event.OrderKind{event.Completed, event.Updated, event.Cancelled, event.Refunded}[random.IntN(4)], Amount: []money.Micros{0, 1, -1, money.Max, -money.Max}[random.IntN(5)], Currency: text(), Number: random.IntN(3),
			Origin: step.Origin{Channel: text(), Campaign: text(), Source: text(), Country: text(), Device: text(), Stage: text(), Visitor: text()},
		}
	}
	return row
}

// stepsOfColumns asks for some columns of random rows: the others are empty.
func stepsOfColumns(t *testing.T, table StepsUnderTest) {
	const key = "2026-11-22"
	random := rand.New(rand.NewPCG(1, 5))
	d := randomDay(random, key, noon)
	must(t, table.PutSteps(t.Context(), "columns", 1, d))
	for range 40 {
		columns := step.Columns(random.Uint64()) & step.AllColumns
		want, got := map[event.Identifier][]step.Row{}, map[event.Identifier][]step.Row{}
		for _, r := range d.Rows {
			want[r.Person] = append(want[r.Person], columns.Only(r))
		}
		for rows, err := range table.Steps(t.Context(), "columns", []string{key}, columns) {
			must(t, err)
			got[rows[0].Person] = rows
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("columns %s: got %s\nwant %s", columns, shown(got), shown(want))
		}
	}
}
