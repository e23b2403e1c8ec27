package recount_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/interval"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
	"waymark/shared/model"
	"waymark/tests/recount"
)

// eventsOf are the events that signals are counted for.
func eventsOf() []string {
	var out []string
	_, _, events := measure.Signals()
	for _, names := range events {
		out = append(out, names...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// livesWithSignals are random lives in which all that metrics count occurs, with contradictions in answers and costs.
func livesWithSignals(seed uint64, persons int) [][]step.Row {
	r := rand.New(rand.NewPCG(seed, 17))
	names := append(eventsOf(), "Radio Ad Heard", "Viewed")
	lives := analysistest.Lives(seed, persons)
	for _, life := range lives {
		for i := range life {
			row := &life[i]
			switch {
			case row.Order != nil && r.IntN(3) == 0:
				row.Properties = step.SaidOf(map[string]string{"cost": []string{"", "12.50", "-1", "free", "0"}[r.IntN(5)]})
			case row.Order == nil && row.Type == event.Track && r.IntN(4) > 0:
				row.Event = names[r.IntN(len(names))]
				if row.Event == "Survey Answered" || r.IntN(9) == 0 {
					row.Event = "Survey Answered"
					row.Properties = step.SaidOf(map[string]string{
						"survey_type": []string{"nps", "NPS", "csat", "ces", "text", ""}[r.IntN(6)], "score": []string{"0", "4", "5", "6", "7", "8", "9", "10", "11", "-1", "good"}[r.IntN(11)],
						"scale": []string{"", "5", "7", "10", "11"}[r.IntN(5)],
					})
				}
				if !row.SessionStart && r.IntN(4) == 0 {
					row.Session = 0
				}
			}
		}
	}
	return lives
}

func asLives(rows [][]step.Row) []recount.Life {
	var out []recount.Life
	for _, life := range rows {
		l := recount.Life{Rows: life}
		for _, r := range life {
			if r.EntersStage() {
				l.Journey.Stages.Visits = append(l.Journey.Stages.Visits, stage.Visit{Stage: stage.Name(r.Stage), Entered: r.At})
			}
		}
		out = append(out, l)
	}
	return out
}

// Every metric by every dimension, in windows of every grain, is what the recount says of it: there is none without.
func TestEveryMetricHasAnOracle(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := period.New("Europe/Berlin", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	in := recount.In{Calendar: calendar, Currency: "GBP"}
	met := map[kpi.Name]int{}
	for seed := range uint64(2) {
		lives := livesWithSignals(seed, 50)
		want := in.Windows(asLives(lives))
		for grain := range period.Grains() {
			windows := map[string]period.Window{}
			for _, life := range lives {
				for i := range life {
					w := calendar.At(period.Grains()[grain], life[i].At.Time())
					windows[recount.Key(w.Grain, w.Key)] = w
				}
			}
			for key, w := range windows {
				totals := d.Set().Empty()
				for _, life := range lives {
					d.Set().Add(totals, measure.Of(step.Between(life, event.At(w.Start), event.At(w.End))))
				}
				if problem := want[key].Differs(totals); problem != "" {
					t.Fatalf("seed %d, %s: %s", seed, key, problem)
				}
				if want[key] == nil {
					continue // what happened there counts nowhere
				}
				rows := d.Rows(in.Currency, totals)
				for i := range rows {
					if met[rows[i].Metric]++; rows[i].N == 0 {
						met[rows[i].Metric]--
					}
					rows[i].Interval = kpi.Interval{}
				}
				if problem := different(rows, want[key].Rows()); problem != "" {
					t.Fatalf("seed %d, %s: %s", seed, key, problem)
				}
			}
		}
	}
	for _, m := range d.Metrics {
		if met[m.Name] < 10 {
			t.Errorf("metric %s was met %d times only: make lives in which it is counted", m.Name, met[m.Name])
		}
	}
}

func different(got, want []kpi.Row) string {
	said := func(r kpi.Row) string {
		of := int64(-1)
		if r.Denominator != nil {
			of = *r.Denominator
		}
		return fmt.Sprintf("%s %s=%s %s: %s ÷ %d (%d)", r.Metric, r.Dimension, r.Value, r.Unit, r.Numerator, of, r.N)
	}
	for i := range max(len(got), len(want)) {
		if i == len(got) || i == len(want) {
			return fmt.Sprintf("there are %d rows, want %d", len(got), len(want))
		}
		if g, w := said(got[i]), said(want[i]); g != w {
			return "row " + g + ", want " + w
		}
	}
	return ""
}

// Every interval is that of the persons one by one: their y and x, each counted alone.
func TestEveryIntervalHasAnOracle(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	in := recount.In{Calendar: calendar, Currency: "EUR"}
	lives := livesWithSignals(5, 400)
	type at struct {
		metric      kpi.Name
		dimension   kpi.Dimension
		value, unit string
	}
	alone := map[at][][2]float64{} // y and x of each person
	parts := func(r kpi.Row) float64 {
		if r.IsMoney() {
			return 1e6
		}
		return 1
	}
	for _, life := range asLives(lives) {
		mine := in.Windows([]recount.Life{life})
		year, found := mine[recount.Key(period.Year, "2026-01-01")]
		if !found {
			t.Fatalf("there are the windows %v", slices.Collect(maps.Keys(mine)))
		}
		for _, row := range year.EveryRow("EUR", "USD") {
			x := 0.0
			if row.Denominator != nil {
				x = float64(*row.Denominator)
			}
			k := at{row.Metric, row.Dimension, row.Value, row.Unit}
			alone[k] = append(alone[k], [2]float64{row.Numerator.Float() / parts(row), x})
		}
	}
	totals := d.Set().Empty()
	for _, life := range lives {
		d.Set().Add(totals, measure.Of(life))
	}
	met := map[kpi.Name]int{}
	for _, row := range d.Rows("EUR", totals) {
		m, _ := d.Find(row.Metric)
		persons := alone[at{row.Metric, row.Dimension, row.Value, row.Unit}]
		var want kpi.Interval
		near := 1e-9
		switch m.Interval {
		case kpi.Wilson:
			if k, _ := row.Numerator.Int64(); k <= *row.Denominator && *row.Denominator > 0 {
				want.Method = kpi.Wilson
				want.Low, want.High = wilson(float64(k), float64(*row.Denominator))
			}
		case kpi.Score:
			if row.N > 1 {
				want, near = kpi.Interval{Method: kpi.Score}, 1e-6
				want.Low, want.High = scored(lives, row)
			}
		case kpi.Delta:
			want, near = residuals(persons, row, m), 0.01
		}
		if got := row.Interval; got.Method != want.Method || math.Abs(got.Low-want.Low) > near*max(1, want.High-want.Low) ||
			math.Abs(got.High-want.High) > near*max(1, want.High-want.Low) {
			t.Errorf("the interval of %s %s=%s %s is %+v, want %+v", row.Metric, row.Dimension, row.Value, row.Unit, got, want)
		}
		if want.Method != "" {
			met[row.Metric]++
		}
	}
	for _, m := range d.Metrics {
		if m.Interval != "" && met[m.Name] == 0 {
			t.Errorf("no interval of %s was met", m.Name)
		}
		if m.Interval == "" && m.Denominator != "" {
			t.Errorf("%s is a ratio without an interval", m.Name)
		}
	}
}

// wilson solves (p − k÷n)² = z² p (1−p) ÷ n, whose roots are the bounds, by halving.
func wilson(k, n float64) (low, high float64) {
	const z = 1.959963984540054
	far := func(p float64) bool { return (p-k/n)*(p-k/n) > z*z*p*(1-p)/n }
	find := func(from, to float64) float64 { // from is far, to is not
		for range 200 {
			if mid := (from + to) / 2; far(mid) {
				from = mid
			} else {
				to = mid
			}
		}
		return to
	}
	return find(0, k/n), find(1, k/n)
}

// scored goes through the answers one by one: each is −1, 0 or 1.
func scored(lives [][]step.Row, row kpi.Row) (low, high float64) {
	var answers []float64
	sum := 0.0
	for _, life := range lives {
		for i := range life {
			said := recount.SignalsOf(&life[i])
			if said["nps_answers"] > 0 && (row.Dimension == kpi.Whole || recount.ValueOf(&life[i], row.Dimension) == row.Value) {
				answers = append(answers, float64(said["nps_balance"]))
				sum += float64(said["nps_balance"])
			}
		}
	}
	n, squares := float64(len(answers)), 0.0
	for _, answer := range answers {
		squares += (answer - sum/n) * (answer - sum/n)
	}
	half := 1.959963984540054 * math.Sqrt(squares/n/n)
	return max(-100, 100*(sum/n-half)), min(100, 100*(sum/n+half))
}

// residuals are how far each person is from the ratio of all.
func residuals(persons [][2]float64, row kpi.Row, m kpi.Metric) kpi.Interval {
	var y, x, squares float64
	n := 0
	for _, p := range persons {
		if y, x = y+p[0], x+p[1]; p[1] > 0 {
			n++
		}
	}
	if n < interval.LeastPersons {
		return kpi.Interval{}
	}
	for _, p := range persons {
		squares += (p[0] - y/x*p[1]) * (p[0] - y/x*p[1])
	}
	of := float64(n)
	half := distuv.StudentsT{Sigma: 1, Nu: of - 1}.Quantile(.975) * math.Sqrt(squares*of/(of-1)) / x
	out := kpi.Interval{Method: kpi.Delta, Low: y/x - half, High: y/x + half}
	if !row.IsMoney() {
		out.Low = max(0, out.Low)
	}
	if m.IsShare {
		out.High = min(1, out.High)
	}
	return out
}
