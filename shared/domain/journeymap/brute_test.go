package journeymap_test

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/journeymap"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/step"
)

// TestRecount: on generated lives every number of the map, its flows and pain points is that of plain loops over all lives, cell by cell.
func TestRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Logf("seed %d", seed)
		q := question(t, "2026-02-01", "2026-05-01", "2026-05-20", "window=25d", "least=20", "pains=100", "pains_by=country")
		across := "channel"
		if seed%2 == 1 {
			across = "device"
			q.By, _ = analysis.ParseBreakdown("by", across)
		}
		lives := analysistest.Lives(seed, 300)
		a := ask(t, lives, q)
		m := recount{lives: lives, q: q, across: across, window: 25 * 24 * time.Hour, known: map[[2]string]counts{}}
		if err := json.Unmarshal([]byte(stageNames), &m.order); err != nil {
			t.Fatal(err)
		}
		m.checkMap(t, table(t, a, "map"))
		m.checkFlows(t, table(t, a, "flows"), table(t, a, "map"))
		m.checkPains(t, table(t, a, "pain_points"), table(t, a, "opportunities"))
	}
}

type recount struct {
	lives  [][]step.Row
	q      analysis.Question
	across string
	order  []string
	window time.Duration
	known  map[[2]string]counts
}

func (m recount) column(r step.Row) string {
	if m.across == "device" {
		return cmp.Or(r.Device, "unknown")
	}
	return cmp.Or(r.Channel, "unknown")
}

// counts are of a cell; value "all" is every value.
type counts struct {
	persons, visits, repeated, converted, open, lost, decided, ongoing, failing, texts int64
	converts                                                                           int64 // of decided
	seconds                                                                            []int64
	scores                                                                             []float64
	orders                                                                             float64
	revenue                                                                            map[string]float64
}

// horizon is the first instant that is not read.
func (m recount) horizon() event.Millis {
	return min(event.At(m.q.To.Add(m.window))+1, m.q.Now)
}

func (m recount) nextChange(life []step.Row, i int) int {
	for j := i + 1; j < len(life) && life[j].At < m.horizon(); j++ {
		if life[j].Stage != life[j].StageBefore {
			return j
		}
	}
	return -1
}

func (m recount) of(stage, value string) counts {
	if out, found := m.known[[2]string{stage, value}]; found {
		return out
	}
	out := counts{revenue: map[string]float64{}}
	place := slices.Index(m.order, stage)
	for _, life := range m.lives {
		m.person(&out, life, stage, value, place)
		for _, r := range life {
			if r.Stage != stage || value != "all" && m.column(r) != value || r.At < m.q.Start() || r.At >= m.q.End() {
				continue
			}
			text := r.Properties.Property("text")
			if text == "" {
				continue
			}
			out.texts++
			if s := sentiment.English().Score(text); s.IsScored() {
				out.scores = append(out.scores, s.Compound)
			}
		}
	}
	slices.Sort(out.seconds)
	m.known[[2]string{stage, value}] = out
	return out
}

func (m recount) person(out *counts, life []step.Row, stage, value string, place int) {
	var entries []int
	for i, r := range life {
		if r.Stage == stage && r.StageBefore != stage && r.At >= m.q.Start() && r.At < m.q.End() && (value == "all" || m.column(r) == value) {
			entries = append(entries, i)
		}
	}
	if len(entries) == 0 {
		return
	}
	out.persons++
	out.visits += int64(len(entries))
	if len(entries) > 1 {
		out.repeated++
	}
	by, fails := -1, false
	for _, e := range entries {
		next := m.nextChange(life, e)
		if next < 0 {
			out.ongoing++
			next = len(life)
		} else {
			out.seconds = append(out.seconds, int64(life[next].At-life[e].At)/1000)
		}
		for j := e; j < next; j++ {
			fails = fails || life[j].Event == "Payment Failed" && life[j].At < m.horizon()
		}
		for j := e + 1; j < len(life) && by < 0; j++ {
			later := slices.Index(m.order, life[j].Stage) > place && life[j].Stage != life[j].StageBefore
			if later && life[j].At.Time().Sub(life[e].At.Time()) <= m.window && life[j].At < m.q.Now {
				by = e
			}
		}
	}
	if fails {
		out.failing++
	}
	isOver := life[entries[len(entries)-1]].At.Time().Add(m.window).Before(m.q.Now.Time())
	switch {
	case by >= 0:
		out.converted++
	case !isOver:
		out.open++
	default:
		out.lost++
	}
	if !isOver {
		return
	}
	out.decided++
	if by < 0 {
		return
	}
	out.converts++
	for _, r := range life[by+1:] {
		if r.Order != nil && r.At.Time().Sub(life[by].At.Time()) <= m.window && r.At < m.q.Now {
			amount, _ := strconv.ParseFloat(r.Order.Amount.String(), 64)
			switch r.Order.Kind {
			case event.Refunded, event.Cancelled:
				amount = -amount
			case event.Completed:
				out.orders++
			}
			out.revenue[r.Order.Currency] += amount
		}
	}
}

func (m recount) goesOn(stage string) bool {
	place := slices.Index(m.order, stage)
	return place >= 0 && place < len(m.order)-1
}

func is(t *testing.T, what string, v analysis.Value, want float64, off float64) {
	t.Helper()
	if got, ok := v.Float(); !ok || math.Abs(got-want) > off {
		t.Errorf("%s is %v, want %v", what, v, want)
	}
}

func (m recount) checkMap(t *testing.T, of analysis.Table) {
	var persons int64
	for _, row := range of.Rows {
		stage, value := row[0].String(), row[1].String()
		c, what := m.of(stage, value), stage+" "+value
		persons += c.persons
		for i, want := range map[int]int64{2: c.persons, 3: c.visits, 4: c.repeated, 12: c.ongoing, 14: c.texts} {
			is(t, what+" "+of.Columns[i].Name, row[i], float64(want), 0)
		}
		if m.goesOn(stage) {
			for i, want := range map[int]int64{5: c.converted, 6: c.open, 7: c.lost} {
				is(t, what+" "+of.Columns[i].Name, row[i], float64(want), 0)
			}
			if k, n := row[8].Counts(); k != c.converts || n != c.decided {
				t.Errorf("%s: the conversion is %d of %d, want %d of %d", what, k, n, c.converts, c.decided)
			}
			if k, n := row[9].Counts(); k != c.decided-c.converts || n != c.decided {
				t.Errorf("%s: the drop-off is %d of %d, want %d of %d", what, k, n, c.decided-c.converts, c.decided)
			}
		}
		if k, n := row[13].Counts(); k != c.failing || n != c.persons {
			t.Errorf("%s: errors are %d of %d, want %d of %d", what, k, n, c.failing, c.persons)
		}
		if n := len(c.seconds); n > 0 {
			is(t, what+" median", row[10], float64(c.seconds[int(math.Ceil(.5*float64(n)))-1]), 0)
			is(t, what+" p90", row[11], float64(c.seconds[int(math.Ceil(.9*float64(n)-1e-9))-1]), 0)
		}
		if len(c.scores) > 0 {
			var sum float64
			for _, s := range c.scores {
				sum += s
			}
			is(t, what+" sentiment", row[15], sum/float64(len(c.scores)), 1e-9)
		}
	}
	if persons == 0 {
		t.Error("the map is empty")
	}
}

func (m recount) checkFlows(t *testing.T, flows, of analysis.Table) {
	want := map[[2]string]int64{}
	for _, life := range m.lives {
		isFirst := true
		for i, r := range life {
			if r.Stage == r.StageBefore || r.At < m.q.Start() || r.At >= m.q.End() {
				continue
			}
			to := "(ongoing)"
			if next := m.nextChange(life, i); next >= 0 {
				to = life[next].Stage
			}
			want[[2]string{r.Stage, to}]++
			if isFirst && r.StageBefore == "" {
				want[[2]string{"(start)", r.Stage}]++
			}
			isFirst = false
		}
	}
	visits := map[string]float64{}
	for _, row := range flows.Rows {
		at := [2]string{row[0].String(), row[1].String()}
		is(t, at[0]+" → "+at[1], row[2], float64(want[at]), 0)
		n, _ := row[2].Float()
		visits[at[0]] += n
		delete(want, at)
	}
	if len(want) > 0 {
		t.Errorf("flows lack %v", want)
	}
	for _, row := range of.Rows { // the law: what enters a stage leaves it, or is there
		if row[1].String() == "all" {
			is(t, "visits of "+row[0].String(), row[3], visits[row[0].String()], 0)
		}
	}
}

func (m recount) checkPains(t *testing.T, pains, opportunities analysis.Table) {
	values := []string{"direct", "email", "organic_search", "paid_search", "paid_social", "display", "referral", "unknown"}
	if m.across == "device" {
		values = []string{"desktop", "mobile", "tablet", "unknown"}
	}
	last, found := math.Inf(1), 0
	for _, row := range pains.Rows {
		if row[2].String() != m.across {
			continue
		}
		row = slices.Delete(slices.Clone(row), 2, 3)
		stage, value, currency := row[1].String(), row[2].String(), row[6].String()
		own, all := m.of(stage, value), m.of(stage, "all")
		var peers []float64
		for _, other := range values {
			if c := m.of(stage, other); other != value && c.decided >= 20 {
				peers = append(peers, 1-float64(c.converts)/float64(c.decided))
			}
		}
		if len(peers) == 0 || own.decided < 20 || !m.goesOn(stage) {
			continue
		}
		slices.Sort(peers)
		middle := (peers[(len(peers)-1)/2] + peers[len(peers)/2]) / 2
		stake := max(0, 1-float64(own.converts)/float64(own.decided)-middle) * float64(own.decided)
		is(t, stage+" "+value+" peers", row[4], middle, 1e-9)
		is(t, stage+" "+value+" at stake", row[5], stake, 1e-9)
		if currency == "" || all.converts == 0 {
			continue
		}
		revenue := max(0, stake*all.revenue[currency]/float64(all.converts))
		is(t, stage+" "+value+" money", row[7], revenue, 1e-5)
		if currency == "EUR" {
			if revenue > last+1e-9 {
				t.Errorf("%v comes after one with less at stake", row)
			}
			last = revenue
		}
		for _, o := range opportunities.Rows {
			if o = slices.Delete(slices.Clone(o), 1, 2); o[0].String() == stage && o[1].String() == value && o[6].String() == currency {
				found++
				is(t, stage+" "+value+" orders", o[5], stake*all.orders/float64(all.converts), 1e-9)
				is(t, stage+" "+value+" revenue", o[7], revenue, 1e-5)
			}
		}
	}
	if found == 0 {
		t.Error("no opportunity was checked")
	}
}

// BenchmarkAnswer: 4,000 persons with about 55,000 steps.
func BenchmarkAnswer(b *testing.B) {
	lives := analysistest.Lives(1, 4000)
	q := question(b, "2026-02-01", "2026-05-01", "2026-05-20")
	plan, err := journeymap.Analysis().Prepare(q)
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
