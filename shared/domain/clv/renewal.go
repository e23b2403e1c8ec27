package clv

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
)

// dayAfter is the first whole day on which a number of weeks is over.
func dayAfter(weeks float64) buyer.Day { return buyer.Day(math.Ceil(weeks * daysOfWeek)) }

// termOf is the number of the contract's term, a calendar month, quarter or year, that a day is in.
func termOf(contract string, d buyer.Day) int {
	date := time.Unix(int64(d)*24*60*60, 0).UTC()
	months := date.Year()*12 + int(date.Month()) - 1
	switch contract {
	case "quarter":
		return months / 3
	case "year":
		return months / 12
	}
	return months
}

// cohorts are the buyers by the term of their first purchase: how many of them have purchased in each term since, without a gap, up to the last
// term that is over. returned are those who purchased again after a gap, whom the model has no place for.
func (a *base) cohorts(contract string) (out []Cohort, returned int) {
	open := termOf(contract, a.last+1) // the first that is not over
	byFirst := map[int]Cohort{}
	for i := range a.people {
		days := a.people[i].days
		first := termOf(contract, days[0].day)
		if first >= open {
			continue
		}
		cohort := byFirst[first]
		if cohort == nil {
			cohort = make(Cohort, open-first)
		}
		stays := 0
		for _, d := range days {
			term := termOf(contract, d.day) - first
			if term > stays+1 {
				returned++
				break
			}
			stays = term
		}
		for at := range min(stays+1, len(cohort)) {
			cohort[at]++
		}
		byFirst[first] = cohort
	}
	for _, first := range slices.Sorted(maps.Keys(byFirst)) {
		out = append(out, byFirst[first])
	}
	return out, returned
}

// projectedTerms is how far beyond what was seen renewals are projected.
const projectedTerms = 12

// renewals is the retention of contracts, as it was and as sBG projects it.
func (a *base) renewals(contract string, heldOut int) ([]analysis.Table, []string) {
	table := analysis.Table{
		Name: "renewals",
		Sentence: "One row a renewal of a contract that runs for a " + contract + ": of the buyers who could renew, who purchased in the next term; and what sBG " +
			"says of it, and of the " + fmt.Sprint(projectedTerms) + " terms after those that were seen.",
		Columns: []analysis.Column{
			{Name: "renewal", Unit: analysis.Counts, Sentence: "1 is the first renewal"},
			{Name: "renewed", Unit: analysis.Ratio, Sentence: "of those there before whose next term is over, who renewed"},
			{Name: "expected", Unit: analysis.Ratio, Sentence: "the same by the model"},
			{Name: "survival", Unit: analysis.Ratio, Sentence: "of all who begin, who are there after it, by the model"},
		},
	}
	cohorts, returned := a.cohorts(contract)
	fit, refusal := FitSBG(cohorts)
	longest := 0
	for _, c := range cohorts {
		longest = max(longest, len(c)-1)
	}
	for at := 1; at <= longest+projectedTerms; at++ {
		var before, after int64
		for _, c := range cohorts {
			if at < len(c) {
				before, after = before+c[at-1], after+c[at]
			}
		}
		if refusal != nil {
			if at <= longest {
				table.Row(analysis.CountOf(at), analysis.Rate(after, before), analysis.None(), analysis.None())
			}
			continue
		}
		table.Row(analysis.CountOf(at), analysis.Rate(after, before), analysis.Number(fit.Model.Retention(at), 6), analysis.Number(fit.Model.Survival(at), 6))
	}
	return []analysis.Table{table, renewalHoldout(cohorts, heldOut)}, slices.Concat(renewalNotes(fit, refusal), []string{
		fmt.Sprintf("Renewals: %d buyers purchased again after a term without a purchase; they count as having left.", returned),
	})
}

func renewalNotes(fit Fit[SBG], refusal error) []string {
	if refusal != nil {
		return []string{"Renewals: sBG was refused: " + refusal.Error() + "."}
	}
	alpha, beta := fit.Parameters[0], fit.Parameters[1]
	return []string{fmt.Sprintf("Renewals: sBG fitted to %d customers: alpha %.4f ± %.4f, beta %.4f ± %.4f (standard errors), log-likelihood %.4f.",
		fit.Buyers, alpha.Estimate, alpha.StandardError, beta.Estimate, beta.StandardError, fit.LogLikelihood)}
}

// renewalHoldout fits sBG to all cohorts without their last terms, a share of the longest cohort's in hundredths, and asks who is left after these.
func renewalHoldout(cohorts []Cohort, heldOut int) analysis.Table {
	longest := 0
	for _, c := range cohorts {
		longest = max(longest, len(c)-1)
	}
	held := max(1, longest*heldOut/100)
	table := analysis.Table{
		Name: "renewals_holdout",
		Sentence: fmt.Sprintf("One row a way of predicting who is left after the last %d terms, of the customers who were there before them and have been for a term. "+
			"Empty where sBG could not be fitted without these terms.", held),
		Columns: []analysis.Column{
			{Name: "method", Unit: analysis.Text, Sentence: "model, or the naive baseline same_rate: as many renew each term as did before"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "customers before those terms"},
			{Name: "expected", Unit: analysis.Score, Sentence: "customers after them"},
			{Name: "actual", Unit: analysis.Persons, Sentence: "customers after them, as it came"},
			{Name: "error", Unit: analysis.Ratio, Sentence: "(expected − actual) over actual"},
		},
	}
	var first []Cohort
	var persons, actual, before, after int64
	for _, c := range cohorts {
		if cut := len(c) - held; cut >= 2 {
			first = append(first, c[:cut])
			persons, actual = persons+c[cut-1], actual+c[len(c)-1]
			for at := 1; at < cut; at++ {
				before, after = before+c[at-1], after+c[at]
			}
		}
	}
	fit, refusal := FitSBG(first)
	if refusal != nil {
		return table
	}
	var expected float64
	for _, c := range first {
		there := len(c) - 1
		expected += float64(c[there]) * fit.Model.Survival(there+held) / fit.Model.Survival(there)
	}
	row := func(method string, expected float64) {
		off := math.NaN()
		if actual > 0 {
			off = (expected - float64(actual)) / float64(actual)
		}
		table.Row(analysis.Word(method), analysis.Count(persons), analysis.Number(expected, 2), analysis.Count(actual), analysis.Number(off, 4))
	}
	row("model", expected)
	row("same_rate", float64(persons)*math.Pow(float64(after)/float64(before), float64(held)))
	return table
}
