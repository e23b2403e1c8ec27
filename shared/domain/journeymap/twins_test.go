package journeymap_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
)

// TestFunnelTwin: the question that each cell names counts the same persons: persons are those who entered, converted, open and lost are those of the
// funnel, and conversion is conversion_decided.
func TestFunnelTwin(t *testing.T) {
	t.Parallel()
	asked := 0
	for seed := range uint64(3) {
		lives := analysistest.Lives(20+seed, 300)
		if seed == 1 { // a channel whose name means something in an address
			for _, life := range lives {
				for i := range life {
					for _, c := range []*string{&life[i].Channel, &life[i].SessionChannel} {
						*c = strings.Replace(*c, "email", "e&m+a%i;l#", 1)
					}
				}
			}
		}
		q := question(t, "2026-02-01", "2026-05-01", "2026-05-20", "window=25d")
		if seed == 2 {
			q.By, _ = analysis.ParseBreakdown("by", "property.plan")
		}
		of := table(t, ask(t, lives, q), "map")
		for _, row := range of.Rows {
			twin := row[16].String()
			if twin == "" {
				continue
			}
			f := q
			f.By = analysis.Breakdown{}
			said, err := url.ParseQuery(twin)
			if err != nil {
				t.Fatalf("%s: %v", twin, err)
			}
			f.Said = said
			plan, err := funnel.Analysis().Prepare(f)
			if err != nil {
				t.Fatalf("%s: %v", twin, err)
			}
			answer, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, f), 2))
			if err != nil {
				t.Fatal(err)
			}
			summary := table(t, answer, "summary").Rows[0]
			want := []analysis.Value{summary[0], summary[1], summary[2], summary[3], summary[5]}
			if got := []analysis.Value{row[2], row[5], row[6], row[7], row[8]}; !slices.Equal(got, want) {
				t.Errorf("seed %d, %s: the map has %v, the funnel %v", seed, twin, got, want)
			}
			asked++
		}
	}
	if asked < 60 {
		t.Errorf("%d funnels were asked, want 60 at least", asked)
	}
}

// TestSentimentTwin: texts and means of the map are those of the analysis sentiment, by stage of all channels.
func TestSentimentTwin(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(31, 400)
	q := question(t, "2026-02-01", "2026-05-01", "2026-05-20")
	plan, err := feedback.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), 2))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]analysis.Value{}
	for _, row := range table(t, answer, "sentiment").Rows {
		if row[0].String() == "stage" {
			want[row[1].String()] = []analysis.Value{row[2], row[9]}
		}
	}
	compared := 0
	for _, row := range table(t, ask(t, lives, q), "map").Rows {
		if row[1].String() != "all" {
			continue
		}
		if n, _ := row[14].Float(); n > 0 {
			compared++
		}
		if got := []analysis.Value{row[14], row[15]}; !slices.Equal(got, want[row[0].String()]) {
			t.Errorf("%v: the map has %v, the analysis sentiment %v", row[0], got, want[row[0].String()])
		}
	}
	if compared < 3 {
		t.Errorf("%d stages have texts, want 3 at least", compared)
	}
}

// TestKPITwin: visits of a stage are the measure stage_entries of that stage in the same window, which KPI rows are made of; visits of a stage do not
// depend on what the map is parted by.
func TestKPITwin(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(41, 400)
	q := question(t, "2026-02-01", "2026-05-01", "2026-05-20")
	set, err := measure.NewSet([]measure.Definition{{Name: "stage_entries", Sum: "stage_entries"}})
	if err != nil {
		t.Fatal(err)
	}
	totals := set.Empty()
	for _, life := range lives {
		set.Add(totals, measure.Of(step.Between(life, q.Start(), q.End())))
	}
	seen := 0
	for _, row := range table(t, ask(t, lives, q), "map").Rows {
		if row[1].String() != "all" {
			continue
		}
		want, _ := totals.Number(measure.Key{Dimension: measure.ByStage, Value: row[0].String()}, "stage_entries").Int64()
		if got, _ := row[3].Float(); got != float64(want) {
			t.Errorf("%v has %v visits, and %d stage_entries", row[0], got, want)
		}
		if want > 0 {
			seen++
		}
	}
	if seen < 5 {
		t.Errorf("%d stages were entered, want 5 at least", seen)
	}
}
