package kpi_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

func bounds(w period.Window) (start, end event.Millis) { return event.At(w.Start), event.At(w.End) }

// factsIn is what each person did in a window, sorted by person as it is stored.
func factsIn(journeys []journey.Journey, w period.Window) []kpi.Facts {
	start, end := bounds(w)
	var out []kpi.Facts
	for _, j := range journeys {
		if f, ok := kpi.Of(j, start, end, "GBP"); ok {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b kpi.Facts) int { return compareText(string(a.Person), string(b.Person)) })
	return out
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func tally(facts []kpi.Facts) []kpi.Row {
	t := kpi.NewTally("GBP")
	for _, f := range facts {
		t.Add(f)
	}
	return t.Rows()
}

func asMap(t testing.TB, rows []kpi.Row) map[string]kpi.Row {
	t.Helper()
	out := map[string]kpi.Row{}
	for _, row := range rows {
		k := key(row.Metric, row.Dimension, row.Value, row.Unit)
		if _, twice := out[k]; twice {
			t.Fatalf("there are two rows %s", k)
		}
		out[k] = row
	}
	return out
}

// text shows a row with its denominator.
func text(r kpi.Row) string {
	b, _ := json.Marshal(r)
	return string(b)
}

func differences(got, want map[string]kpi.Row) []string {
	var out []string
	for k, w := range want {
		if g, found := got[k]; !found || !reflect.DeepEqual(g, w) {
			out = append(out, fmt.Sprintf("%s: got %s (%v), want %s", k, text(g), found, text(w)))
		}
	}
	for k, g := range got {
		if _, found := want[k]; !found {
			out = append(out, fmt.Sprintf("%s: got %s, want no row", k, text(g)))
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryRowEqualsTheRecount(t *testing.T) {
	t.Parallel()
	compared := map[kpi.Name]int{}
	grains := map[period.Grain]int{}
	forSeeds(t, 2000, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		journeys := w.journeys(r)
		at := instants(journeys)
		if len(at) == 0 {
			return
		}
		plain := w.recount()
		for _, window := range w.windows(r, at) {
			start, end := bounds(window)
			got, want := asMap(t, tally(factsIn(journeys, window))), plain.rows(start, end, "GBP")
			if diff := differences(got, want); len(diff) > 0 {
				t.Fatalf("%s %s in %s under %s:\n%s", window.Grain, window.Key, w.calendar.Zone(), w.model.ID(), join(diff))
			}
			for _, row := range want {
				if row.N > 0 {
					compared[row.Metric]++
				}
			}
			grains[window.Grain]++
		}
	})
	t.Logf("rows other than zero compared: %v", compared)
	t.Logf("windows compared: %v", grains)
	for _, m := range kpi.Metrics {
		if compared[m.Name] == 0 {
			t.Errorf("no row of %s was compared", m.Name)
		}
	}
}

func join(lines []string) string {
	out := ""
	for _, l := range lines[:min(len(lines), 12)] {
		out += "  " + l + "\n"
	}
	return out
}

// days are the facts of every day of a window, as they are stored: only days with facts, in time order.
func days(w *world, journeys []journey.Journey, window period.Window) [][]kpi.Facts {
	start, end := bounds(window)
	keys := map[string]period.Window{}
	for _, at := range instants(journeys) {
		if at >= start && at < end {
			d := w.calendar.At(period.Day, at.Time())
			keys[d.Key] = d
		}
	}
	var out [][]kpi.Facts
	for _, k := range sortedKeys(keys) {
		if f := factsIn(journeys, keys[k]); len(f) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func sortedKeys(m map[string]period.Window) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func merged(parts [][]kpi.Facts) []kpi.Facts {
	var streams []iter.Seq[kpi.Facts]
	for _, p := range parts {
		streams = append(streams, slices.Values(p))
	}
	return slices.Collect(kpi.MergeFacts(streams))
}

// stored writes facts and reads them back, as the rollup does between day and month.
func stored(t testing.TB, facts []kpi.Facts) []kpi.Facts {
	t.Helper()
	text, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	var out []kpi.Facts
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLargerWindowsFromDays(t *testing.T) {
	t.Parallel()
	forSeeds(t, 500, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		journeys := w.journeys(r)
		at := instants(journeys)
		if len(at) == 0 {
			return
		}
		one := at[r.IntN(len(at))].Time()
		windows := []period.Window{}
		for _, grain := range []period.Grain{period.Week, period.Month, period.Quarter, period.Year} {
			windows = append(windows, w.calendar.At(grain, one))
		}
		from, to := w.calendar.At(period.Day, one), w.calendar.At(period.Day, one.AddDate(0, 0, r.IntN(60)))
		span, err := w.calendar.Period(from.Start, to.End)
		if err != nil {
			t.Fatal(err)
		}
		for _, window := range append(windows, span) {
			var parts [][]kpi.Facts
			for _, d := range days(w, journeys, window) {
				parts = append(parts, stored(t, d))
			}
			want, got := factsIn(journeys, window), merged(parts)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s %s merged from days\n got %+v\nwant %+v", window.Grain, window.Key, got, want)
			}
			if cut := r.IntN(len(parts) + 1); len(parts) > 0 { // merging what is merged already: months into a year
				again := merged([][]kpi.Facts{stored(t, merged(parts[:cut])), stored(t, merged(parts[cut:]))})
				if !reflect.DeepEqual(again, want) {
					t.Fatalf("%s %s merged in two halves\n got %+v\nwant %+v", window.Grain, window.Key, again, want)
				}
			}
		}
	})
}

// The parts of a dimension add up to the whole where a thing is in one part only.
func TestPartsAddUp(t *testing.T) {
	t.Parallel()
	adds := []kpi.Name{kpi.Touchpoints, kpi.NewPersons, kpi.Sessions, kpi.StageEntries, kpi.Orders, kpi.Revenue, kpi.Refunds, kpi.NewBuyers}
	forSeeds(t, 500, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		journeys := w.journeys(r)
		at := instants(journeys)
		if len(at) == 0 {
			return
		}
		for _, window := range w.windows(r, at) {
			rows := tally(factsIn(journeys, window))
			sums := map[string]int64{}
			for _, row := range rows {
				sums[key(row.Metric, row.Dimension, "", row.Unit)] += row.Numerator
			}
			for _, row := range rows {
				if row.Dimension != kpi.Whole {
					continue
				}
				for _, d := range kpi.Dimensions[1:] {
					if sum := sums[key(row.Metric, d, "", row.Unit)]; slices.Contains(adds, row.Metric) && sum != row.Numerator {
						t.Fatalf("%s %s: %s by %s add up to %d %s, the whole is %d", window.Grain, window.Key, row.Metric, d, sum, row.Unit, row.Numerator)
					}
				}
				if staying := sums[key(kpi.StagePersons, kpi.ByStage, "", "persons")]; row.Metric == kpi.ActivePersons && staying != row.Numerator {
					t.Fatalf("%s %s: stage_persons add up to %d, active persons are %d", window.Grain, window.Key, staying, row.Numerator)
				}
			}
		}
	})
}

// Windows of one grain tile time, so what is counted by event adds up over them; new persons and buyers are new once.
func TestWindowsAddUp(t *testing.T) {
	t.Parallel()
	adds := []kpi.Name{kpi.Touchpoints, kpi.NewPersons, kpi.Sessions, kpi.StageEntries, kpi.Orders, kpi.Revenue, kpi.Refunds, kpi.NewBuyers}
	forSeeds(t, 100, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		journeys := w.journeys(r)
		at := instants(journeys)
		if len(at) == 0 {
			return
		}
		whole := w.calendar.At(period.Month, at[r.IntN(len(at))].Time())
		want := asMap(t, tally(factsIn(journeys, whole)))
		for _, grain := range []period.Grain{period.Hour, period.Day} {
			got := map[string]int64{}
			for _, part := range w.calendar.Split(whole, grain) {
				for _, row := range tally(factsIn(journeys, part)) {
					got[key(row.Metric, row.Dimension, row.Value, row.Unit)] += row.Numerator
				}
			}
			for k, row := range want {
				if slices.Contains(adds, row.Metric) && got[k] != row.Numerator {
					t.Fatalf("%s of %s: the %ss add up to %d, the month has %d", k, whole.Key, grain, got[k], row.Numerator)
				}
			}
		}
	})
}
