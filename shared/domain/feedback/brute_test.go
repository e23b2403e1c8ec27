package feedback_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/step"
)

// TestRecount: on generated lives every number of the tables is that of a plain count over one long list of texts and answers.
func TestRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Logf("seed %d", seed)
		lives := analysistest.Lives(seed, 300)
		q := question(t, "2026-02-01", "2026-05-01", "2026-05-05", "language=en", "grain=week", "window=21d", "replies=Checkout Started")
		if by, err := analysis.ParseBreakdown("by", "device"); err == nil {
			q.By = by
		}
		a := ask(t, lives, q)
		list := listed(lives, q)
		recountTexts(t, a, list)
		recountAnswers(t, a, list)
		recountEffect(t, a, list, lives, q)
		recountRecovery(t, a, list, lives, q)
	}
}

// entry is a text or answer of the period.
type entry struct {
	life, place int
	row         step.Row
	values      map[string]string // of the parts
	score       sentiment.Score
	hasText     bool
}

func listed(lives [][]step.Row, q analysis.Question) (out []entry) {
	for l, life := range lives {
		for p, r := range life {
			text := r.Properties.Property("text")
			if r.At < q.Start() || r.At >= q.Known() || r.Event != "Survey Answered" {
				continue
			}
			monday := r.At.Time().Truncate(24 * time.Hour)
			for monday.Weekday() != time.Monday {
				monday = monday.AddDate(0, 0, -1)
			}
			device := r.Device
			if device == "" {
				device = "unknown"
			}
			out = append(out, entry{
				l, p, r,
				map[string]string{"whole": "", "stage": r.Stage, "channel": r.Channel, "period": monday.Format(time.DateOnly), "device": device, "language": "en", "survey": "unknown"},
				sentiment.English().Score(text), text != "",
			})
		}
	}
	return out
}

func text(v analysis.Value) string { return v.String() }

func recountTexts(t *testing.T, a analysis.Answer, list []entry) {
	for _, row := range table(t, a, "sentiment").Rows {
		var of []entry
		for _, e := range list {
			if e.hasText && e.values[text(row[0])] == text(row[1]) {
				of = append(of, e)
			}
		}
		persons := map[int]bool{}
		var n, known, tokens, positive, negative, sum float64
		for _, e := range of {
			persons[e.life] = true
			known, tokens = known+float64(e.score.Known), tokens+float64(e.score.Tokens)
			if e.score.IsScored() {
				n, sum = n+1, sum+e.score.Compound
				if e.score.Compound >= .05 {
					positive++
				} else if e.score.Compound <= -.05 {
					negative++
				}
			}
		}
		mean := sum / n
		var squares float64
		residual, writers := map[int]float64{}, 0.
		for _, e := range of {
			if e.score.IsScored() {
				if _, found := residual[e.life]; !found {
					writers++
				}
				squares += (e.score.Compound - mean) * (e.score.Compound - mean)
				residual[e.life] += e.score.Compound - mean
			}
		}
		var cluster float64
		for l := range slices.Values(keys(residual)) {
			cluster += residual[l] * residual[l]
		}
		half := math.NaN()
		if writers > 1 {
			half = math.Sqrt(writers/(writers-1)*cluster) / n * stats.StudentQuantile(.975, writers-1)
		}
		check(t, row[2], float64(len(of)))
		check(t, row[3], float64(len(persons)))
		checkRate(t, row[4], n, float64(len(of)))
		checkRate(t, row[5], known, tokens)
		checkRate(t, row[6], positive, n)
		checkRate(t, row[7], n-positive-negative, n)
		checkRate(t, row[8], negative, n)
		if n > 0 {
			check(t, row[9], mean)
			low, high, _ := row[9].Interval()
			if off := .01 * half; writers > 2 && (math.Abs(low-(mean-half)) > off || math.Abs(high-(mean+half)) > off) { // 1 %: the quantile is a series
				t.Errorf("%v: the interval is %v to %v, want %v ± %v", row, low, high, mean, half)
			}
		}
		if n > 1 {
			check(t, row[10], math.Sqrt(squares/(n-1)))
		}
	}
}

func keys(of map[int]float64) (out []int) {
	for k := range of {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func recountAnswers(t *testing.T, a analysis.Answer, list []entry) {
	for _, kind := range []string{"nps", "csat", "ces"} {
		for _, row := range table(t, a, kind).Rows {
			var n, k, d, sum float64
			for _, e := range list {
				if e.row.Properties.Property("survey_type") != kind || e.values[text(row[0])] != text(row[1]) {
					continue
				}
				score, err := strconv.ParseFloat(e.row.Properties.Property("score"), 64)
				if err != nil {
					t.Fatal(err)
				}
				n, sum = n+1, sum+score
				if kind == "nps" && score >= 9 || kind == "csat" && score >= 4 {
					k++
				}
				if score <= 6 {
					d++
				}
			}
			check(t, row[2], n)
			switch {
			case kind == "nps":
				checkRate(t, row[4], k, n)
				checkRate(t, row[6], d, n)
				if n > 0 {
					check(t, row[7], 100*(k-d)/n)
				}
			case kind == "csat":
				checkRate(t, row[4], k, n)
			case n > 0:
				check(t, row[4], sum/n)
			}
		}
	}
}

func tone(s sentiment.Score) string {
	switch {
	case s.Compound >= .05:
		return "positive"
	case s.Compound <= -.05:
		return "negative"
	}
	return "neutral"
}

func recountEffect(t *testing.T, a analysis.Answer, list []entry, lives [][]step.Row, q analysis.Question) {
	type counts struct{ n, open, k float64 }
	of, seen := map[string]counts{}, map[int]bool{}
	for _, e := range list {
		if seen[e.life] || !e.score.IsScored() {
			continue
		}
		seen[e.life] = true
		c := of[tone(e.score)]
		if e.row.At.Time().Add(21*24*time.Hour).Compare(q.Now.Time()) >= 0 {
			c.open++
		} else {
			c.n++
			for _, r := range lives[e.life][e.place+1:] {
				if r.Order != nil && r.Order.Kind == event.Completed && r.At.Time().Sub(e.row.At.Time()) <= 21*24*time.Hour {
					c.k++
					break
				}
			}
		}
		of[tone(e.score)] = c
	}
	for _, row := range table(t, a, "effect").Rows[:3] {
		c := of[text(row[0])]
		check(t, row[1], c.n)
		check(t, row[2], c.open)
		checkRate(t, row[4], c.k, c.n)
	}
}

func recountRecovery(t *testing.T, a analysis.Answer, list []entry, lives [][]step.Row, q analysis.Question) {
	for _, row := range table(t, a, "recovery").Rows {
		var n, open, heard, recovered float64
		var seconds []int64
		for _, e := range list {
			if e.values[text(row[0])] != text(row[1]) || !e.score.IsScored() || tone(e.score) != "negative" {
				continue
			}
			n++
			replied, again, limit := -1, -1, e.row.At.Time().Add(21*24*time.Hour)
			for i, r := range lives[e.life] {
				if i <= e.place || r.At.Time().After(limit) || r.At >= q.Now {
					continue
				}
				if replied < 0 && r.Event == "Checkout Started" {
					replied = i
				}
				if again < 0 && r.Event == "Survey Answered" && sentiment.English().Score(r.Properties.Property("text")).IsScored() {
					again = i
				}
			}
			if replied >= 0 {
				seconds = append(seconds, int64(lives[e.life][replied].At-e.row.At)/1000)
			} else if !limit.Before(q.Now.Time()) {
				open++
			}
			if again >= 0 {
				heard++
				if tone(sentiment.English().Score(lives[e.life][again].Properties.Property("text"))) != "negative" {
					recovered++
				}
			}
		}
		check(t, row[2], n)
		check(t, row[3], open)
		checkRate(t, row[4], float64(len(seconds)), n-open)
		checkRate(t, row[7], recovered, heard)
		slices.Sort(seconds)
		if len(seconds) > 0 {
			check(t, row[5], float64(seconds[int(math.Ceil(.5*float64(len(seconds))))-1]))
		}
	}
}

func check(t *testing.T, v analysis.Value, want float64) {
	t.Helper()
	if got, ok := v.Float(); !ok || math.Abs(got-want) > 1e-9 {
		t.Errorf("a value is %v, want %v", v, want)
	}
}

func checkRate(t *testing.T, v analysis.Value, k, n float64) {
	t.Helper()
	if gotK, gotN := v.Counts(); float64(gotK) != k || float64(gotN) != n {
		t.Errorf("a rate is %d of %d, want %v of %v", gotK, gotN, k, n)
	}
}

// BenchmarkAnswer: 4,000 persons with about 55,000 steps.
func BenchmarkAnswer(b *testing.B) {
	lives := analysistest.Lives(1, 4000)
	q := question(b, "2026-02-01", "2026-05-01", "2026-05-20", "language=en")
	plan, err := feedback.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	steps := 0
	for _, life := range seen {
		steps += len(life)
	}
	for b.Loop() {
		if _, err := plan.Answer(analysis.Listing(seen, 4)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}
