package stats_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"waymark/shared/domain/stats"
)

func readJSON[T any](t *testing.T, name string) T {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check compares with another implementation, to a part of the larger one or absolutely, whichever allows more.
func check(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*max(1, math.Abs(want))) {
		t.Errorf("%s = %.15g, want %.15g within %g", what, got, want, within)
	}
}

type published struct {
	Case struct {
		Z, P float64
	} `json:"statsmodels_gh2969"`
	Fleiss struct {
		Chi2, P float64
		Df      int
	} `json:"fleiss_smokers"`
	Size struct {
		P1, P2, Power, Alpha float64
		PerGroup             float64 `json:"n_per_group"`
	} `json:"sample_size"`
}

// TestPublished: what statsmodels and R print.
func TestPublished(t *testing.T) {
	t.Parallel()
	want := readJSON[published](t, "published.json")
	got := stats.TwoProportions(5, 83, 12, 99)
	check(t, "z", got.Z, want.Case.Z, 1e-12)
	check(t, "p", got.P, want.Case.P, 1e-12)
	fleiss := stats.ChiSquare([]int64{83, 90, 129, 70}, []int64{86, 93, 136, 82})
	check(t, "chi-square of Fleiss", fleiss.Statistic, want.Fleiss.Chi2, 5e-5)
	check(t, "its p", fleiss.P, want.Fleiss.P, 5e-7)
	if fleiss.Freedom != want.Fleiss.Df {
		t.Errorf("Freedom = %d, want %d", fleiss.Freedom, want.Fleiss.Df)
	}
	s := want.Size
	check(t, "sample size", stats.SampleSize(s.P1, s.P2, s.Alpha, s.Power), s.PerGroup, 1e-9)
}

type abCase struct {
	Name      string
	Successes []int64
	Trials    []int64
	Chi2      struct{ Statistic, P float64 }
	Wilson    [][2]float64 `json:"wilson95"`
	Z         *struct {
		Statistic float64
		P         float64 `json:"p_two_sided"`
		Less      float64 `json:"p_A_less"`
		Greater   float64 `json:"p_A_greater"`
	}
	Yates struct{ Statistic, P float64 } `json:"chi2_yates"`
	Diff  struct {
		Value float64
		Wald  [2]float64 `json:"wald95"`
		Lift  float64    `json:"relative_lift"`
	} `json:"diff_B_minus_A"`
	Fisher float64 `json:"fisher_p_two_sided"`
	Bayes  struct {
		Beats float64 `json:"p_B_beats_A"`
		Loss  float64 `json:"expected_loss_choosing_B"`
	} `json:"bayes_uniform_prior"`
}

// TestCases: every statistic of the examples, to 1e-9.
func TestCases(t *testing.T) {
	t.Parallel()
	cases := readJSON[[]abCase](t, "cases.json")
	if len(cases) != 2 {
		t.Fatalf("cases.json has %d cases, want 2", len(cases))
	}
	for _, c := range cases {
		got := stats.ChiSquare(c.Successes, c.Trials)
		check(t, c.Name+" chi-square", got.Statistic, c.Chi2.Statistic, 1e-9)
		check(t, c.Name+" its p", got.P, c.Chi2.P, 1e-9)
		for i, want := range c.Wilson {
			low, high := stats.Wilson(c.Successes[i], c.Trials[i])
			check(t, c.Name+" Wilson low", low, want[0], 1e-9)
			check(t, c.Name+" Wilson high", high, want[1], 1e-9)
		}
		if c.Z == nil {
			continue
		}
		k1, n1, k2, n2 := c.Successes[0], c.Trials[0], c.Successes[1], c.Trials[1]
		z := stats.TwoProportions(k1, n1, k2, n2)
		check(t, "z", z.Z, c.Z.Statistic, 1e-9)
		check(t, "p", z.P, c.Z.P, 1e-9)
		check(t, "p that A is less", z.Less, c.Z.Less, 1e-9)
		check(t, "p that A is greater", z.Greater, c.Z.Greater, 1e-9)
		yates := stats.ChiSquareYates(k1, n1, k2, n2)
		check(t, "Yates", yates.Statistic, c.Yates.Statistic, 1e-9)
		check(t, "p of Yates", yates.P, c.Yates.P, 1e-9)
		difference, low, high := stats.Wald(k1, n1, k2, n2)
		check(t, "difference", difference, c.Diff.Value, 1e-9)
		check(t, "Wald low", low, c.Diff.Wald[0], 1e-9)
		check(t, "Wald high", high, c.Diff.Wald[1], 1e-9)
		check(t, "lift", stats.Lift(stats.Proportion(k1, n1), stats.Proportion(k2, n2), .05).Value, c.Diff.Lift, 1e-9)
		check(t, "Fisher", stats.Fisher(k1, n1, k2, n2), c.Fisher, 1e-9)
		check(t, "P(B > A)", stats.Beats(k1, n1, k2, n2), c.Bayes.Beats, 1e-9)
		check(t, "loss", stats.Loss(k1, n1, k2, n2), c.Bayes.Loss, 1e-9)
	}
}

type oracle struct {
	KaplanMeier map[string]struct {
		Median *float64
		Rows   [][8]float64
	} `json:"kaplan_meier"`
	Pairs []struct {
		Of                        [4]int64
		Z, P, Fisher, Beats, Loss float64
		Chi2, Yates, Newcombe     [2]float64
	}
	Welch struct {
		A, B                     []float64
		T, P, Freedom, Low, High float64
	}
	SampleRatio struct {
		Observed     []int64
		Weights      []float64
		Statistic, P float64
	} `json:"sample_ratio"`
	BH struct{ P, Adjusted []float64 } `json:"benjamini_hochberg"`
}

// TestPairsOfRates compares with SciPy and statsmodels: small counts, counts of 0, and a hundred thousand.
func TestPairsOfRates(t *testing.T) {
	t.Parallel()
	pairs := readJSON[oracle](t, "oracle.json").Pairs
	if len(pairs) < 8 {
		t.Fatalf("oracle.json has %d pairs", len(pairs))
	}
	for _, want := range pairs {
		k1, n1, k2, n2 := want.Of[0], want.Of[1], want.Of[2], want.Of[3]
		z := stats.TwoProportions(k1, n1, k2, n2)
		check(t, "z", z.Z, want.Z, 1e-9)
		check(t, "p", z.P, want.P, 1e-9)
		got := stats.ChiSquare([]int64{k1, k2}, []int64{n1, n2})
		check(t, "chi-square", got.Statistic, want.Chi2[0], 1e-9)
		check(t, "its p", got.P, want.Chi2[1], 1e-9)
		yates := stats.ChiSquareYates(k1, n1, k2, n2)
		check(t, "Yates", yates.Statistic, want.Yates[0], 1e-9)
		check(t, "its p", yates.P, want.Yates[1], 1e-9)
		check(t, "Fisher", stats.Fisher(k1, n1, k2, n2), want.Fisher, 1e-8)
		_, low, high := stats.Newcombe(k1, n1, k2, n2)
		check(t, "Newcombe low", low, want.Newcombe[0], 1e-9)
		check(t, "Newcombe high", high, want.Newcombe[1], 1e-9)
		check(t, "P(B > A)", stats.Beats(k1, n1, k2, n2), want.Beats, 1e-9)
		check(t, "loss", stats.Loss(k1, n1, k2, n2), want.Loss, 1e-9)
	}
}

func TestWelchAndTheRest(t *testing.T) {
	t.Parallel()
	o := readJSON[oracle](t, "oracle.json")
	got := stats.Welch(sampleOf(o.Welch.A), sampleOf(o.Welch.B), .05)
	check(t, "t", got.T, o.Welch.T, 1e-9)
	check(t, "p", got.P, o.Welch.P, 1e-9)
	check(t, "freedom", got.Freedom, o.Welch.Freedom, 1e-9)
	check(t, "low", got.Low, o.Welch.Low, 1e-9)
	check(t, "high", got.High, o.Welch.High, 1e-9)
	ratio := stats.SampleRatio(o.SampleRatio.Observed, o.SampleRatio.Weights)
	check(t, "sample ratio", ratio.Statistic, o.SampleRatio.Statistic, 1e-9)
	check(t, "its p", ratio.P, o.SampleRatio.P, 1e-9)
	for i, p := range stats.BenjaminiHochberg(o.BH.P) {
		check(t, "adjusted p", p, o.BH.Adjusted[i], 1e-12)
	}
}

func sampleOf(values []float64) stats.Sample {
	var sum, squares float64
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	return stats.Moments(int64(len(values)), sum, squares)
}

// TestGrowthBook: what the tests of gbstats expect, to the five digits that they print.
func TestGrowthBook(t *testing.T) {
	t.Parallel()
	plain := stats.Lift(stats.Proportion(14, 28), stats.Proportion(16, 30), .05)
	check(t, "lift", plain.Value, .06667, 5e-6)
	check(t, "error", plain.Error, .2717, 5e-6)
	check(t, "low", plain.Low, -.47767, 5e-6)
	check(t, "high", plain.High, .61101, 5e-6)
	check(t, "p", plain.P, .80707, 5e-6)

	rates := stats.Lift(stats.Proportion(1396, 3000), stats.Proportion(2422, 3461), .05)
	low, high, p := rates.Sequential(stats.Tuning)
	check(t, "lift", rates.Value, .50386, 5e-6)
	check(t, "error", rates.Error, .03386, 5e-6)
	check(t, "sequential low", low, .40098, 5e-6)
	check(t, "sequential high", high, .60675, 5e-6)
	check(t, "sequential p", p, 0, 5e-6)

	means := stats.Lift(stats.Moments(3000, 1396.87, 52377.9767), stats.Moments(3461, 2422.7, 134698.29), .05)
	low, high, p = means.Sequential(1000)
	check(t, "lift of means", means.Value, .50336, 5e-6)
	check(t, "error of means", means.Error, .33341, 5e-6)
	check(t, "sequential low of means", low, -.55844, 5e-6)
	check(t, "sequential high of means", high, 1.56516, 5e-6)
	check(t, "sequential p of means", p, 1, 5e-6)

	wide := stats.Lift(stats.Moments(3407, 1396.87, 52377.9767), stats.Moments(3461, 2422.7, 134698.29), .05)
	check(t, "low of means", wide.Low, -.03526, 5e-6)
	check(t, "high of means", wide.High, 1.44989, 5e-6)
	check(t, "p of means", wide.P, .06191, 5e-6)
	difference := stats.Welch(stats.Moments(3407, 1396.87, 52377.9767), stats.Moments(3461, 2422.7, 134698.29), .05)
	check(t, "low of the difference", difference.Low, .04538, 5e-6)
	check(t, "high of the difference", difference.High, .53462, 5e-6)
	check(t, "p of the difference", difference.P, .02016, 5e-6)
}

// TestTelco compares the curves of the customers of a telephone company with lifelines, every row of them, to 1e-9.
func TestTelco(t *testing.T) {
	t.Parallel()
	curves := readJSON[oracle](t, "oracle.json").KaplanMeier
	customers := telco(t)
	if len(customers["all"]) != 7043 || len(curves) != 4 {
		t.Fatalf("there are %d customers and %d curves, want 7,043 and 4", len(customers["all"]), len(curves))
	}
	for contract, want := range curves {
		got := stats.KaplanMeier(customers[contract])
		if len(got) != len(want.Rows) {
			t.Errorf("%s: %d rows, want %d", contract, len(got), len(want.Rows))
			continue
		}
		for i, row := range want.Rows {
			at := got[i]
			if counts := [4]float64{at.Time, float64(at.AtRisk), float64(at.Ended), float64(at.Censored)}; counts != [4]float64(row[:4]) {
				t.Errorf("%s: row %d = %v, want %v", contract, i, counts, row[:4])
			}
			check(t, contract+" share", at.Share, row[4], 1e-9)
			check(t, contract+" error", at.Error, row[5], 1e-9)
			check(t, contract+" low", at.Low, row[6], 1e-9)
			check(t, contract+" high", at.High, row[7], 1e-9)
		}
		median := stats.Median(got)
		if want.Median == nil && !math.IsNaN(median) || want.Median != nil && median != *want.Median {
			t.Errorf("%s: median %v, want %v", contract, median, want.Median)
		}
	}
}

// telco are the lifetimes of the customers in months, by contract and all.
func telco(t *testing.T) map[string][]stats.Lifetime {
	t.Helper()
	file, err := os.Open("testdata/telco_customer_churn.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(plain).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	out := map[string][]stats.Lifetime{}
	for _, row := range rows[1:] {
		months, err := strconv.ParseFloat(row[at["tenure"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		life := stats.Lifetime{Time: months, Ended: row[at["Churn"]] == "Yes"}
		contract := row[at["Contract"]]
		out["all"], out[contract] = append(out["all"], life), append(out[contract], life)
	}
	return out
}

// TestMeans compares what is made of a mean with SciPy: its interval, and on a normal approximation how likely B is above A, and what that costs.
func TestMeans(t *testing.T) {
	t.Parallel()
	low, high := sampleOf([]float64{10, 12, 9, 15, 7, 0, 0}).Interval(.05)
	check(t, "low", low, 2.262428829472335, 1e-9)
	check(t, "high", high, 12.880428313384808, 1e-9)
	c := stats.Welch(sampleOf([]float64{10, 12, 9, 15, 7}), sampleOf([]float64{11, 14, 9, 18, 10, 13}), .05)
	check(t, "P(B > A)", c.Beats(), .8402327482357188, 1e-9)
	check(t, "loss", c.Loss(), .1604219293892382, 1e-9)
	if low, high := sampleOf([]float64{3}).Interval(.05); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("the interval of one person is %v to %v, want NaN", low, high)
	}
}
