package experiment_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/event"
	"waymark/shared/domain/experiment"
	"waymark/shared/domain/step"
)

const random = `{"experiments":[{"id":"r","variants":[{"id":"control","weight":2},{"id":"b","weight":1},{"id":"c","weight":1}],"from":"2026-02-01",` +
	`"to":"2026-05-15","window":"20d","metric":{"net_revenue":"EUR"},"guardrails":[{"event":"Order Cancelled","worse":"higher"},{"event":"Product Viewed"}]}]}`

// exposed are random lives into which exposures are put, some twice, some of several variants, of another experiment, or of a variant that is not there.
func exposed(seed uint64, persons int) [][]step.Row {
	r := rand.New(rand.NewPCG(seed, 10))
	lives := analysistest.Lives(seed, persons)
	for i := range lives {
		own := []string{"control", "control", "b", "c"}[r.IntN(4)]
		for range r.IntN(4) {
			id, variant := "r", own
			switch r.IntN(12) {
			case 0:
				id = "s"
			case 1:
				variant = []string{"b", "red"}[r.IntN(2)]
			}
			at := lives[i][r.IntN(len(lives[i]))].At + event.Millis(r.IntN(3_600_000))
			row := seen(0, id, variant)
			row.At, row.Person = at, lives[i][0].Person
			where, _ := slices.BinarySearchFunc(lives[i], at+1, func(r step.Row, at event.Millis) int { return cmp.Compare(r.At, at) })
			lives[i] = slices.Insert(lives[i], where, row)
		}
	}
	return lives
}

// recount says the same as the analysis does, person by person and question by question.
type recount struct {
	q       analysis.Question
	persons map[string]int // by variant, or by why they are left out
	did     map[string]int // by variant and metric
	money   map[string]int64
	squares map[string]*big.Int
	segment map[string]int // by device and variant
}

func (c *recount) person(life []step.Row) {
	from, to := event.At(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)), event.At(time.Date(2026, 5, 15, 0, 0, 0, 0, time.UTC))
	known := min(c.q.Now, event.At(c.q.To))
	var exposures []int
	variants := map[string]bool{}
	for i, r := range life {
		if p := r.Properties.All(); r.Event == "Experiment Viewed" && p["experiment_id"] == "r" && r.At >= from && r.At < min(to, known) {
			exposures = append(exposures, i)
			variants[p["variation_id"]] = true
		}
	}
	if len(exposures) == 0 {
		return
	}
	first := exposures[0]
	at, variant := life[first].At, life[first].Properties.All()["variation_id"]
	switch {
	case at < event.At(c.q.From):
		return
	case len(variants) > 1:
		variant = "(several variants)"
	case variant == "red":
		variant = "(unknown variant)"
	}
	c.persons[variant]++
	if variant[0] == '(' {
		return
	}
	device := ""
	for distance := len(life); distance > 0 && device == ""; distance-- { // the last one before
		if i := first - (len(life) - distance); i >= 0 && life[i].Session > 0 && life[i].At >= from {
			device = life[i].Device
		}
	}
	for i := first; i < len(life) && device == ""; i++ {
		if life[i].Session > 0 && life[i].At < known {
			device = life[i].Device
		}
	}
	c.segment[cmp.Or(device, analysis.Unknown)+" "+variant]++
	end := min(at+20*24*3_600_000, known)
	mine, paid, isCancelled, isViewer := map[string]bool{}, int64(0), false, false
	for _, r := range life[first+1:] {
		if r.At >= end {
			continue
		}
		isViewer = isViewer || r.Event == "Product Viewed"
		if r.Order == nil {
			continue
		}
		isCancelled = isCancelled || r.Order.Kind == event.Cancelled
		if r.Order.Kind == event.Completed && r.Order.Currency == "EUR" {
			mine[r.Order.ID] = true
		}
		if sign := map[event.OrderKind]int64{event.Completed: 1, event.Updated: 1, event.Cancelled: -1, event.Refunded: -1}[r.Order.Kind]; mine[r.Order.ID] {
			paid += sign * int64(r.Order.Amount)
		}
	}
	for name, is := range map[string]bool{"net_revenue EUR": len(mine) > 0, "Order Cancelled": isCancelled, "Product Viewed": isViewer} {
		if is {
			c.did[variant+" "+name]++
		}
	}
	c.money[variant] += paid
	if c.squares[variant] == nil {
		c.squares[variant] = new(big.Int)
	}
	square := big.NewInt(paid)
	c.squares[variant].Add(c.squares[variant], square.Mul(square, square))
}

// TestBruteForce compares with a recount that shares nothing with the analysis but the lives.
func TestBruteForce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		lives := exposed(seed, 700)
		q := question(t, random)
		q.From, q.To = analysistest.Begin.AddDate(0, 1, 10), analysistest.Begin.AddDate(0, 4, 28)
		q.Now = event.At(analysistest.Begin.AddDate(0, 4, int(20+seed*10)))
		q.By, _ = analysis.ParseBreakdown("by", "device")
		want := recount{q, map[string]int{}, map[string]int{}, map[string]int64{}, map[string]*big.Int{}, map[string]int{}}
		for _, life := range lives {
			want.person(life)
		}
		a := answer(t, q, lives)
		for i, name := range []string{"control", "b", "c", "(several variants)", "(unknown variant)"} {
			if got := cells(t, a, "variants", "variant", "persons")[i]; got != fmt.Sprintf("%s %d", name, want.persons[name]) || want.persons[name] == 0 {
				t.Errorf("seed %d: %q, want %s %d", seed, got, name, want.persons[name])
			}
		}
		for i, got := range cells(t, a, "results", "variant", "metric") {
			k, n := value(t, a, "results", i, "conversion").Counts()
			variant := value(t, a, "results", i, "variant").String()
			if int(k) != want.did[got] || int(n) != want.persons[variant] || k == 0 && i != 3 && i != 4 && i != 5 {
				t.Errorf("seed %d: %s has %d of %d, want %d of %d", seed, got, k, n, want.did[got], want.persons[variant])
			}
		}
		checkRevenue(t, seed, a, want)
		var persons int64
		for i, got := range cells(t, a, "segments", "device", "variant") {
			n, _ := value(t, a, "segments", i, "persons").Counts()
			if persons += n; int(n) != want.segment[got] {
				t.Errorf("seed %d: segment %s has %d persons, want %d", seed, got, n, want.segment[got])
			}
		}
		if all := want.persons["control"] + want.persons["b"] + want.persons["c"]; int(persons) != all {
			t.Errorf("seed %d: segments have %d persons, the variants %d", seed, persons, all)
		}
	}
}

// checkRevenue compares sums to the last digit, and the difference with the textbook's formula.
func checkRevenue(t *testing.T, seed uint64, a analysis.Answer, want recount) {
	t.Helper()
	mean, spread := map[string]float64{}, map[string]float64{}
	for i, variant := range []string{"control", "b", "c"} {
		amount := value(t, a, "results", i, "revenue").String()
		if micros := fmt.Sprintf("%d.%02d", want.money[variant]/1_000_000, want.money[variant]/10_000%100); amount != micros {
			t.Errorf("seed %d: %s has revenue %s, want %s", seed, variant, amount, micros)
		}
		n := float64(want.persons[variant])
		squares, _ := new(big.Rat).SetFrac(want.squares[variant], big.NewInt(1e12)).Float64()
		mean[variant] = float64(want.money[variant]) / 1e6 / n
		spread[variant] = (squares - n*mean[variant]*mean[variant]) / (n - 1) / n
		if i == 0 {
			continue
		}
		got, _ := value(t, a, "results", i, "difference").Float()
		low, high, _ := value(t, a, "results", i, "difference_sequential").Interval()
		all := n + float64(want.persons["control"])
		rho := (-2*math.Log(.025) + math.Log(1-2*math.Log(.025))) / 5000
		half := math.Sqrt((spread["control"] + spread[variant]) * 2 * (all*rho + 1) / (all * rho) * math.Log(math.Sqrt(all*rho+1)/.025))
		if off := mean[variant] - mean["control"]; math.Abs(got-off) > 1e-7 || math.Abs((high-low)/2-half) > 1e-7 {
			t.Errorf("seed %d: %s differs by %v ± %v, want %v ± %v", seed, variant, got, (high-low)/2, off, half)
		}
	}
}

// TestAssignedPersonsArriveByTheWeights puts assignment and analysis together.
func TestAssignedPersonsArriveByTheWeights(t *testing.T) {
	t.Parallel()
	all, err := experiment.Parse([]byte(random))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := assignment.Find(all, "r")
	var lives [][]step.Row
	for i := range 4000 {
		row := seen(0, "r", e.Assign(fmt.Sprint("user", i)))
		row.At = e.From + event.Millis(i)
		lives = append(lives, life(row))
	}
	q := question(t, random)
	q.From = e.From.Time()
	a := answer(t, q, lives)
	if got := cells(t, a, "ratio", "verdict", "freedom"); !slices.Equal(got, []string{"as planned 2"}) {
		t.Errorf("ratio %q", got)
	}
}

// BenchmarkAnswer is of 100,000 persons with 1,000,000 steps.
func BenchmarkAnswer(b *testing.B) {
	lives := make([][]step.Row, 100_000)
	for i := range lives {
		rows := life(seen(float64(i%500), "button", []string{"control", "green"}[i%2]))
		for j := range 9 {
			name := "Product Viewed"
			if j == 8 && i%10 == 0 {
				name = "Signed Up"
			}
			rows = append(rows, did(float64(i%500+j+1), name))
		}
		lives[i] = rows
	}
	q := question(b, button)
	plan, err := experiment.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	listing := analysis.Listing(lives, 2)
	for b.Loop() {
		if _, err := plan.Answer(listing); err != nil {
			b.Fatal(err)
		}
	}
}
