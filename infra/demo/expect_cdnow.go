package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// cdnowNumbers is published.json as far as it is compared.
type cdnowNumbers struct {
	BGNBD struct {
		R, Alpha, A, B json.Number
		LogLikelihood  json.Number `json:"log_likelihood"`
	}
	Calibration struct {
		Customers  json.Number
		ZeroRepeat json.Number `json:"zero_repeat"`
	}
	Conditional struct {
		Value, Tolerance json.Number
	} `json:"conditional_expectation"`
	GammaGamma struct {
		P, Q, Gamma, Customers json.Number
	} `json:"gamma_gamma"`
	Spend struct {
		Value     []json.Number
		Tolerance json.Number
	} `json:"conditional_spend_first_10_customers"`
}

// buyersOf are the days on which each customer of the sample purchased, each once, in order.
func buyersOf(rows []map[string]string) (map[string][]time.Time, error) {
	out := map[string][]time.Time{}
	for _, r := range rows {
		day, err := time.Parse("20060102", r["date"])
		if err != nil {
			return nil, fmt.Errorf("recount CDNOW: bad date in %v", r)
		}
		if !slices.ContainsFunc(out[r["sample_id"]], day.Equal) {
			out[r["sample_id"]] = append(out[r["sample_id"]], day)
		}
	}
	for _, days := range out {
		slices.SortFunc(days, time.Time.Compare)
	}
	return out, nil
}

// cdnowAnalyses are the numbers of the analyses of the sample.
func cdnowAnalyses(rows []map[string]string) ([]line, error) {
	var p cdnowNumbers
	if err := readJSON("data/cdnow_sample/published.json", &p); err != nil {
		return nil, err
	}
	buyers, err := buyersOf(rows)
	return slices.Concat(p.fit(), halves(buyers), returning(buyers), p.purchases(len(rows)-len(buyers))), err
}

// fit is what the papers print of the first 39 weeks. The standard errors and the likelihood of the spend are those that other programs print; days
// are a few hours longer here, because the file has no times, which moves the last of their six digits.
func (p cdnowNumbers) fit() []line {
	q := question{analysis: "clv", from: "1997-01-01", to: "1997-10-01", parameters: "limit=1000&horizon=273d"}
	parameter := func(model, name string, want json.Number) line {
		return q.cell("clv: "+model+", "+name, "model", of("model", model, "parameter", name), "estimate", want.String(), published)
	}
	deviation := func(name, want string) line {
		return q.cell("clv: bg_nbd, standard error of "+name, "model", of("model", "bg_nbd", "parameter", name), "standard_error", want, published).near("0.0001")
	}
	bought, spend := of("model", "bg_nbd"), of("model", "gamma_gamma")
	lines := []line{
		parameter("bg_nbd", "r", p.BGNBD.R), parameter("bg_nbd", "alpha", p.BGNBD.Alpha), parameter("bg_nbd", "a", p.BGNBD.A), parameter("bg_nbd", "b", p.BGNBD.B),
		deviation("r", "0.012557"), deviation("alpha", "0.378221"), deviation("a", "0.185719"), deviation("b", "0.705345"),
		q.cell("clv: bg_nbd, log-likelihood", "fits", bought, "log_likelihood", p.BGNBD.LogLikelihood.String(), published),
		q.cell("clv: bg_nbd, customers", "fits", bought, "persons", p.Calibration.Customers.String(), published),
		parameter("gamma_gamma", "p", p.GammaGamma.P), parameter("gamma_gamma", "q", p.GammaGamma.Q), parameter("gamma_gamma", "gamma", p.GammaGamma.Gamma),
		q.cell("clv: gamma_gamma, log-likelihood", "fits", spend, "log_likelihood", "-4055.9177", published),
		q.cell("clv: gamma_gamma, customers", "fits", spend, "persons", p.GammaGamma.Customers.String(), published),
		q.cell("clv: customer 1, purchases in 39 weeks", "persons", of("person", "user:cdnow-0001"), "expected_purchases", p.Conditional.Value.String(), published).
			near(p.Conditional.Tolerance.String()),
	}
	for i, want := range p.Spend.Value {
		if name := fmt.Sprintf("%04d", i+1); slices.Contains(bestOfFirst, name) {
			lines = append(lines, q.cell("clv: customer "+name+", spend", "persons", of("person", "user:cdnow-"+name), "expected_spend", want.String(), published).
				near(p.Spend.Tolerance.String()))
		}
	}
	return lines
}

// bestOfFirst are those of the first ten customers who are among the thousand of the greatest value, which the analysis lists.
var bestOfFirst = []string{"0001", "0006", "0009"}

// halves recounts the purchases of the second half of the time by those of the first.
func halves(buyers map[string][]time.Time) []line {
	middle := time.Date(1997, 10, 1, 0, 0, 0, 0, time.UTC)
	persons, actual := map[string]int{}, map[string]int{}
	for _, days := range buyers {
		repeats, later := -1, 0
		for _, day := range days {
			if day.Before(middle) {
				repeats++
			} else {
				later++
			}
		}
		name := text(repeats)
		if repeats >= 7 {
			name = "7+"
		}
		for _, name := range []string{name, "all"} {
			persons[name]++
			actual[name] += later
		}
	}
	q := question{analysis: "clv", from: "1997-01-01", to: "1998-07-01", parameters: "limit=1"}
	var lines []line
	for _, name := range sorted(persons) {
		row := of("repeats", name)
		lines = append(lines,
			q.cell("clv: customers with "+name+" repeats", "holdout", row, "persons", text(persons[name]), recounted),
			q.cell("clv: their purchases of the second half", "holdout", row, "actual", text(actual[name]), recounted))
	}
	return lines
}

// purchases parts all purchases at each customer's first.
func (p cdnowNumbers) purchases(later int) []line {
	q := question{analysis: "balance"}
	return []line{
		q.cell("balance: first purchases", "purchases", of("phase", "first purchase"), "persons", p.Calibration.Customers.String(), published),
		q.cell("balance: purchases after the first", "purchases", of("phase", "after"), "touchpoints", text(later), recounted),
	}
}

// returning recounts how many of each month's new customers purchase in the months after it.
func returning(buyers map[string][]time.Time) []line {
	const ages = 6
	month := func(t time.Time) int { return t.Year()*12 + int(t.Month()) }
	cohorts := map[string]*[ages]int{}
	for _, days := range buyers {
		name := days[0].Format("2006-01-02")[:8] + "01"
		if cohorts[name] == nil {
			cohorts[name] = new([ages]int)
		}
		seen := map[int]bool{}
		for _, day := range days {
			if age := month(day) - month(days[0]); age < ages && !seen[age] {
				seen[age] = true
				cohorts[name][age]++
			}
		}
	}
	q := question{analysis: "retention", parameters: of("cohort", "first_order", "returning", "order", "horizon", "5")}
	var lines []line
	for _, name := range sorted(cohorts) {
		for age, n := range cohorts[name] {
			lines = append(lines, q.cell(fmt.Sprintf("%s cohort, month %d", name[:7], age), "cohorts", of("cohort", name, "age", text(age)), "persons", text(n), recounted))
		}
	}
	return lines
}
