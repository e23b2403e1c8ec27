package measure_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/model"
	"waymark/shared/testing/seed"
)

// signalLife is a life with signals, answers to surveys and costs among its steps.
func signalLife(r *rand.Rand) []step.Row {
	var names []string
	_, _, events := measure.Signals()
	for _, of := range events {
		names = append(names, of...)
	}
	rows := randomLife(r)
	for i := range rows {
		if rows[i].Type == "" {
			continue
		}
		if rows[i].Type = event.Track; r.IntN(3) > 0 {
			rows[i].Event = names[r.IntN(len(names))]
		}
		rows[i].Properties = step.SaidOf(map[string]string{"survey_type": "nps", "score": string("0679"[r.IntN(4)]), "cost": []string{"1", "x"}[r.IntN(2)]})
	}
	return rows
}

// Facts with signals merge and are stored without loss, and who is taken out of totals leaves nothing: products too are sums over persons.
func TestSignalsAreSums(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	set := d.Set()
	seed.Each(t, 60, func(t *testing.T, r *rand.Rand) {
		totals, want := set.Empty(), set.Empty()
		var gone []measure.Facts
		for range 1 + r.IntN(4) {
			rows := signalLife(r)
			at := r.IntN(len(rows) + 1)
			var parts [2]measure.Facts
			for i, part := range [][]step.Row{rows[:at], rows[at:]} {
				text, err := json.Marshal(measure.Of(part))
				if err != nil || json.Unmarshal(text, &parts[i]) != nil || !parts[i].Equal(measure.Of(part)) {
					t.Fatalf("read back %+v of %s", parts[i], text)
				}
			}
			facts := measure.Of(rows)
			if merged := measure.Merge(parts[0], parts[1]); at > 0 && at < len(rows) && !merged.Equal(facts) {
				t.Fatalf("merged %+v, want %+v", merged, facts)
			}
			set.Add(totals, facts)
			if r.IntN(2) == 0 {
				set.Add(want, facts)
				continue
			}
			gone = append(gone, facts)
		}
		for _, facts := range gone {
			set.Remove(totals, facts, d.Version)
		}
		text, err := json.Marshal(totals)
		other, _ := json.Marshal(want)
		var read measure.Totals
		if err != nil || string(text) != string(other) || json.Unmarshal(text, &read) != nil || !read.Equal(want) {
			t.Fatalf("totals are %s, want %s", text, other)
		}
	})
}

// Every event that a signal counts is one of the catalogue, under the name that touchpoints have.
func TestSignalsAreOfTheCatalogue(t *testing.T) {
	t.Parallel()
	names, _, events := measure.Signals()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(events) {
		t.Error("two signals have one name")
	}
	for _, of := range events {
		for _, name := range of {
			if _, found := model.Kinds().Of(event.Track, name); !found {
				t.Errorf("the catalogue has no event %q", name)
			}
		}
	}
}

// Products of amounts are made in hundredths and never leave 128 bits: the largest order there may be, squared for each of a hundred million persons.
func TestProductsOfTheLargestAmounts(t *testing.T) {
	t.Parallel()
	set, err := measure.NewSet([]measure.Definition{{Name: "revenue", Amount: measure.Revenue}, {Name: "squares", Product: [2]measure.Name{"revenue", "revenue"}}})
	if err != nil {
		t.Fatal(err)
	}
	order := func(amount money.Micros) step.Row {
		return step.Row{Type: event.Track, Session: 1, Order: &step.Order{Amount: amount, Currency: "EUR", Number: 1}}
	}
	for _, c := range []struct {
		rows []step.Row
		want int64 // hundredths
	}{
		{[]step.Row{order(12_340_000), order(19_999)}, 1235},
		{[]step.Row{order(-19_999)}, -1},
		{slices.Repeat([]step.Row{order(money.Max)}, 200), 1 << 50},
	} {
		totals := set.Of(measure.Of(c.rows))
		got, want := totals.Number(measure.Key{Currency: "EUR"}, "squares"), wide.Product(c.want, c.want)
		if got != want {
			t.Errorf("the square is %s, want %s", got, want)
		}
	}
	if all := wide.Product(1<<50, 1<<50).Float() * 1e8; all > 1.7e38 {
		t.Errorf("a hundred million of the largest persons come to %g", all)
	}
}
