package attribution_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/attribution"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

// recount finds paths by looking at each pair of session and order, and credits them one by one.
type recount struct {
	lookBack  time.Duration
	halfLife  float64
	sinceLast bool
	q         analysis.Question

	orders, nulls int
	paths         map[string][2]int // converted or not
	credits       map[string]map[string]float64
	revenue       map[string]map[string]float64 // by model, label and currency
}

type visit struct {
	number  int
	start   event.Millis
	label   string
	payment bool
}

func (c *recount) life(life []step.Row) {
	var all []visit
	for _, r := range life {
		if r.SessionStart {
			isPayment := r.Referrer.Host == "paypal.com" && r.SessionChannel == "referral"
			all = append(all, visit{r.Session, r.At, r.SessionChannel, isPayment})
		}
	}
	var orders []step.Row
	for _, r := range life {
		if r.Order != nil && r.Order.Kind == event.Completed && r.At < c.q.Now {
			orders = append(orders, r)
		}
	}
	leads := func(v visit, i int) bool {
		o := orders[i]
		if v.number == o.Session {
			return true
		}
		isSince := !c.sinceLast || i == 0 || v.number > orders[i-1].Session
		return v.number < o.Session && o.At.Sub(v.start) <= c.lookBack && isSince
	}
	for i, o := range orders {
		if o.At < c.q.Start() || o.At >= c.q.End() {
			continue
		}
		var path []visit
		for _, v := range all {
			if leads(v, i) && !v.payment {
				path = append(path, v)
			}
		}
		if len(path) == 0 {
			path = []visit{{label: "direct", start: o.At}}
		}
		c.orders++
		c.count(path, 0)
		c.credit(path, o)
	}
	var lost []visit
	for _, v := range all {
		isUsed := false
		for i := range orders {
			isUsed = isUsed || leads(v, i)
		}
		if !isUsed && !v.payment && v.start < c.q.End() {
			lost = append(lost, v)
		}
	}
	for len(lost) > 0 && lost[len(lost)-1].start >= c.q.Start() {
		last := lost[len(lost)-1]
		cut := slices.IndexFunc(lost, func(v visit) bool { return last.start.Sub(v.start) <= c.lookBack })
		c.nulls++
		c.count(lost[cut:], 1)
		lost = lost[:cut]
	}
}

func (c *recount) count(path []visit, what int) {
	var names []string
	for _, v := range path {
		names = append(names, v.label)
	}
	n := c.paths[strings.Join(names, " > ")]
	n[what]++
	c.paths[strings.Join(names, " > ")] = n
}

func (c *recount) credit(path []visit, o step.Row) {
	n := len(path)
	give := func(model string, at int, share float64) {
		for of, amount := range map[*map[string]map[string]float64]float64{&c.credits: 1, &c.revenue: float64(o.Order.Amount) / 1e6} {
			key := path[at].label
			if of == &c.revenue {
				key += " " + o.Order.Currency
			}
			if (*of)[model] == nil {
				(*of)[model] = map[string]float64{}
			}
			(*of)[model][key] += share * amount
		}
	}
	give("first", 0, 1)
	give("last", n-1, 1)
	signed := n - 1
	for i, v := range path {
		if v.label != "direct" {
			signed = i
		}
	}
	give("last_non_direct", signed, 1)
	kinds, weights := map[string]int{}, 0.0
	for _, v := range path {
		kinds[v.label]++
		weights += math.Exp2(float64(v.start.Sub(path[0].start)) / c.halfLife)
	}
	for i, v := range path {
		give("linear", i, 1/float64(n))
		give("shapley", i, 1/float64(len(kinds))/float64(kinds[v.label]))
		give("time_decay", i, math.Exp2(float64(v.start.Sub(path[0].start))/c.halfLife)/weights)
		share := map[bool]float64{true: .4, false: .2 / float64(n-2)}[i == 0 || i == n-1]
		if n <= 2 {
			share = 1 / float64(n)
		}
		give("position", i, share)
		share = map[bool]float64{true: .3, false: .1 / float64(n-3)}[i == 0 || i == n-1 || i == (n-1)/2]
		if n <= 3 {
			share = 1 / float64(n)
		}
		give("position_w", i, share)
	}
}

// TestRecount compares everything with a second count on random lives, and holds the law of sums.
func TestRecount(t *testing.T) {
	t.Parallel()
	seed.Each(t, 5, func(t *testing.T, r *rand.Rand) {
		lives := analysistest.Lives(r.Uint64(), 300)
		days, sinceLast := []int{3, 30, 90}[r.IntN(3)], r.IntN(2) == 0
		q := question(t, fmt.Sprintf("look_back=%dd", days), "half_life=36h", "top=1000", fmt.Sprintf("markov_order=%d", 1+r.IntN(3)))
		c := recount{
			lookBack: time.Duration(days) * 24 * time.Hour, halfLife: float64(36 * time.Hour), sinceLast: sinceLast, q: q,
			paths: map[string][2]int{}, credits: map[string]map[string]float64{}, revenue: map[string]map[string]float64{},
		}
		if sinceLast {
			q.Said["since_last_order"] = []string{"yes"}
		}
		for _, life := range lives {
			c.life(life)
		}
		answer := asked(t, lives, q)
		var paths []string
		for path, n := range c.paths {
			paths = append(paths, fmt.Sprintf("%s %d %d %d %.4f", path, n[0]+n[1], n[0], n[1], float64(n[0])/float64(n[0]+n[1])))
		}
		got := table(t, answer, "paths")
		slices.Sort(paths)
		slices.Sort(got)
		// An order after the period takes its sessions out of the paths, which the second count does not leave to notes.
		if !slices.Equal(got, paths) {
			t.Fatalf("look-back %d days: paths are\n%s\nwant\n%s", days, strings.Join(got, "\n"), strings.Join(paths, "\n"))
		}
		for model, want := range c.credits {
			same(t, model, column(t, answer, "conversions", model), want, 2e-6)
			same(t, model+" revenue", column(t, answer, "revenue", model), c.revenue[model], 1e-4)
		}
		addUp(t, answer)
		byRemoval(t, answer, c.paths, q.Text("markov_order"))
		byCoalition(t, answer, c.paths)
	})
}

func same(t *testing.T, what string, got, want map[string]float64, within float64) {
	t.Helper()
	for key, f := range want {
		if math.Abs(got[key]-f) > within {
			t.Errorf("%s of %s is %v, want %v", what, key, got[key], f)
		}
	}
	for key, f := range got {
		if _, found := want[key]; !found && f != 0 {
			t.Errorf("%s of %s is %v, want none", what, key, f)
		}
	}
}

// addUp holds each column to the totals, in decimals.
func addUp(t *testing.T, answer analysis.Answer) {
	t.Helper()
	want := map[string]string{}
	for _, row := range answer.Tables[6].Rows {
		want[row[0].String()] = row[1].String()
		if row[0].IsNone() {
			want[""] = row[2].String()
		}
	}
	for _, of := range answer.Tables[:2] {
		for at, c := range of.Columns {
			if c.Unit == analysis.Text {
				continue
			}
			sums := map[string]*big.Rat{}
			for _, row := range of.Rows {
				key := ""
				if of.Name == "revenue" {
					key = row[1].String()
				}
				if sums[key] == nil {
					sums[key] = new(big.Rat)
				}
				if n, ok := new(big.Rat).SetString(row[at].String()); ok {
					sums[key].Add(sums[key], n)
				}
			}
			for key, sum := range sums {
				if whole, _ := new(big.Rat).SetString(want[key]); sum.Cmp(whole) != 0 {
					t.Errorf("%s %s of %q adds up to %s, want %s", of.Name, c.Name, key, sum.FloatString(6), want[key])
				}
			}
		}
	}
	in, out := map[string]float64{}, map[string]float64{}
	for _, row := range answer.Tables[3].Rows {
		n, _ := row[2].Float()
		out[row[0].String()] += n
		in[row[1].String()] += n
	}
	for node := range in {
		if strings.HasPrefix(node, "(") {
			continue
		}
		if in[node] != out[node] {
			t.Errorf("%v transitions into %s, %v out of it", in[node], node, out[node])
		}
	}
}

// byRemoval walks the chain: the share that converts is what arrives when all that is on its way moves on, again and again, with and without a channel.
func byRemoval(t *testing.T, answer analysis.Answer, paths map[string][2]int, order string) {
	t.Helper()
	next := map[string]map[string]float64{}
	for path, n := range paths {
		labels := slices.Compact(strings.Split(path, " > "))
		state := "(start)"
		for i := range labels {
			to := strings.Join(labels[max(0, i+1-int(order[0]-'0')):i+1], " > ")
			move(next, state, to, float64(n[0]+n[1]))
			state = to
		}
		move(next, state, "(conversion)", float64(n[0]))
		move(next, state, "(null)", float64(n[1]))
	}
	arrives := func(without string) float64 {
		at, done := map[string]float64{"(start)": 1}, 0.0
		for range 400 {
			after := map[string]float64{}
			for from, share := range at {
				sum := 0.0
				for _, n := range next[from] {
					sum += n
				}
				for to, n := range next[from] {
					switch {
					case to == "(conversion)":
						done += share * n / sum
					case to == "(null)" || strings.HasSuffix(to, without):
					default:
						after[to] += share * n / sum
					}
				}
			}
			at = after
		}
		return done
	}
	all := arrives("(nothing)")
	for channel, effect := range column(t, answer, "removal_effects", "removal_effect") {
		if want := 1 - arrives(channel)/all; math.Abs(effect-want) > 1e-8 {
			t.Errorf("order %s: without %s %v is lost, want %v", order, channel, effect, want)
		}
	}
}

func move(next map[string]map[string]float64, from, to string, n float64) {
	if next[from] == nil {
		next[from] = map[string]float64{}
	}
	next[from][to] += n
}

// byCoalition is the Shapley value by its definition: over all sets of the other channels, what a channel adds, weighed by the orders in which they
// can come.
func byCoalition(t *testing.T, answer analysis.Answer, paths map[string][2]int) {
	t.Helper()
	got := column(t, answer, "conversions", "shapley")
	var names []string
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	n := len(names)
	worth := make([]float64, 1<<n)
	for path, counts := range paths {
		set := 0
		for _, label := range strings.Split(path, " > ") {
			set |= 1 << slices.Index(names, label)
		}
		for s := range worth {
			if s&set == set {
				worth[s] += float64(counts[0])
			}
		}
	}
	factorial := func(k int) float64 { return math.Gamma(float64(k + 1)) }
	for i, name := range names {
		value := 0.0
		for s := range worth {
			if s>>i&1 == 0 {
				size := 0
				for rest := s; rest != 0; rest &= rest - 1 {
					size++
				}
				value += factorial(size) * factorial(n-size-1) / factorial(n) * (worth[s|1<<i] - worth[s])
			}
		}
		if math.Abs(got[name]-value) > 2e-6 {
			t.Errorf("the Shapley value of %s is %v, want %v", name, got[name], value)
		}
	}
}

// TestFolding holds what a chain of order 3 does with more channels than it tells apart: what is folded is one row, and columns add up.
func TestFolding(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	for i := range 12 {
		for range 12 - i {
			lives = append(lives, visits(len(lives), start, fmt.Sprintf("channel_%02d", i), "direct!"))
		}
	}
	lives = append(lives, visits(len(lives), start, "other", "direct!"))
	answer := asked(t, lives, question(t, "markov_order=3"))
	addUp(t, answer)
	rows := table(t, answer, "removal_effects")
	if len(rows) != 8 || !strings.HasPrefix(rows[0], "direct 79 1.0") || !slices.ContainsFunc(rows, func(s string) bool { return strings.HasPrefix(s, "(other) 22 ") }) {
		t.Errorf("removal effects are\n%s\nwant direct of 79 paths, six channels, and the others of 22", strings.Join(rows, "\n"))
	}
	if got, want := strings.Join(answer.Notes, "\n"), `The Markov chain of order 3 tells 7 values apart; the least frequent are one, "(other)".`; got != want {
		t.Errorf("notes are %q, want %q", got, want)
	}
	for _, row := range table(t, answer, "conversions") {
		if strings.HasPrefix(row, "channel_09") && len(strings.Split(row, "  ")) != 2 {
			t.Errorf("a folded channel has a credit of its own by the chain: %q", row)
		}
	}
}

// TestManyValues folds what a table has no rows for, in all models alike.
func TestManyValues(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	for i := range 300 {
		lives = append(lives, visits(len(lives), start, "direct", fmt.Sprintf("channel_%03d!", i)))
		if i < 150 {
			lives = append(lives, visits(len(lives), start, fmt.Sprintf("channel_%03d", i)))
		}
	}
	answer := asked(t, lives, question(t))
	addUp(t, answer)
	rows := table(t, answer, "conversions")
	const want = "(other) 0.000000 102.000000 102.000000 51.000000 "
	if len(rows) != 200 || !slices.ContainsFunc(rows, func(s string) bool { return strings.HasPrefix(s, want) }) {
		t.Errorf("%d rows, of which one begins %q, want 200 and %q", len(rows), rows[1], want)
	}
	if got := len(table(t, answer, "removal_effects")); got != 60 {
		t.Errorf("the chain has %d labels, want 60", got)
	}
	notes := []string{
		`Of 301 values 199 have rows; the least frequent are one, "(other)".`,
		`The Markov chain of order 1 tells 59 values apart; the least frequent are one, "(other)".`,
	}
	if got := strings.Join(answer.Notes, "\n"); got != strings.Join(notes, "\n") {
		t.Errorf("notes are %q, want %q", got, notes)
	}
}

// TestLastIsTheOrdersChannel holds that without payment pages the last touch is the channel that KPIs count an order by.
func TestLastIsTheOrdersChannel(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(3, 300)
	orders, revenue := map[string]float64{}, map[string]float64{}
	for _, life := range lives {
		for i := range life {
			life[i].Referrer.Host = ""
			if o := life[i].Order; o != nil && o.Kind == event.Completed && life[i].At >= event.At(start) && life[i].At < event.At(end) {
				orders[o.Channel]++
				revenue[o.Channel+" "+o.Currency] += float64(o.Amount) / 1e6
			}
		}
	}
	answer := asked(t, lives, question(t))
	same(t, "last", column(t, answer, "conversions", "last"), orders, 1e-9)
	same(t, "revenue by last", column(t, answer, "revenue", "last"), revenue, 1e-6)
}

// BenchmarkAttribution reads lives of 100,000 steps.
func BenchmarkAttribution(b *testing.B) {
	lives := analysistest.Lives(1, 8000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	q := question(b, "look_back=90d")
	q.From, q.To, q.Now = analysistest.Begin, analysistest.End, event.At(analysistest.End)
	plan, err := attribution.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	listed := analysis.Listing(lives, 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plan.Answer(listed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps)*1e6/1e9, "s/1Msteps")
}
