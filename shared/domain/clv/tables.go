package clv

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stats"
)

// fitsTable says what was fitted and what was refused.
func fitsTable(m *models, t *tried) analysis.Table {
	table := analysis.Table{
		Name: "fits", Sentence: "One row a model: whether it was fitted, and if not, why.",
		Columns: []analysis.Column{
			{Name: "model", Unit: analysis.Text, Sentence: "bg_nbd of purchases, gamma_gamma of their worth, bg_nbd_holdout and gamma_gamma_holdout fitted to the first part of the time"},
			{Name: "state", Unit: analysis.Text, Sentence: "fitted or refused"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers that it was fitted to"},
			{Name: "log_likelihood", Unit: analysis.Score, Sentence: "greatest log-likelihood"},
			{Name: "reason", Unit: analysis.Text, Sentence: "why it was refused"},
		},
	}
	row := func(name string, refusal error, fitted int, likelihood float64) {
		if refusal != nil {
			table.Row(analysis.Word(name), analysis.Word("refused"), analysis.None(), analysis.None(), analysis.Word(refusal.Error()))
			return
		}
		table.Row(analysis.Word(name), analysis.Word("fitted"), analysis.CountOf(fitted), analysis.Number(likelihood, 4), analysis.None())
	}
	row("bg_nbd", m.noPurchases, m.purchases.Buyers, m.purchases.LogLikelihood)
	row("gamma_gamma", m.noSpend, m.spend.Buyers, m.spend.LogLikelihood)
	row("bg_nbd_holdout", t.refusal, t.Buyers, t.LogLikelihood)
	row("gamma_gamma_holdout", t.spendRefusal, t.spend.Buyers, t.spend.LogLikelihood)
	return table
}

// modelTable has the parameters of the models.
func modelTable(m *models) analysis.Table {
	table := analysis.Table{
		Name: "model", Sentence: "One row a parameter of a model that was fitted by maximum likelihood.",
		Columns: []analysis.Column{
			{Name: "model", Unit: analysis.Text, Sentence: "bg_nbd (per week) or gamma_gamma (in the currency)"},
			{Name: "parameter", Unit: analysis.Text, Sentence: "as in Fader, Hardie & Lee 2005 and Fader & Hardie 2013"},
			{
				Name: "estimate", Unit: analysis.Score,
				Sentence: "with its interval of 95 %: of the logarithm, by its standard error (delta method); n are the buyers",
			},
			{Name: "standard_error", Unit: analysis.Score, Sentence: "from the numerically differentiated Hessian of the log-likelihood"},
		},
	}
	rows := func(model string, parameters []Parameter, buyers int) {
		for _, p := range parameters {
			low, high := p.Interval()
			table.Row(analysis.Word(model), analysis.Word(p.Name), analysis.Estimate(p.Estimate, low, high, int64(buyers), 6), analysis.Number(p.StandardError, 6))
		}
	}
	if m.noPurchases == nil {
		rows("bg_nbd", m.purchases.Parameters, m.purchases.Buyers)
	}
	if m.noSpend == nil {
		rows("gamma_gamma", m.spend.Parameters, m.spend.Buyers)
	}
	return table
}

// holdoutTable compares the fit to the first part with what came after.
func holdoutTable(t *tried) analysis.Table {
	table := analysis.Table{
		Name: "holdout",
		Sentence: "One row for buyers of as many repeat purchases until " + t.cut.String() + ", to which the model was fitted, and what they did in the " +
			strconv.FormatFloat(t.weeks, 'f', 1, 64) + " weeks after it. The last row is all of them, the sum of the others.",
		Columns: []analysis.Column{
			{Name: "repeats", Unit: analysis.Text, Sentence: "repeat purchases in the first part; 7+ is seven and more"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers who had bought by then"},
			{Name: "actual", Unit: analysis.Counts, Sentence: "purchases afterwards"},
			{Name: "expected", Unit: analysis.Score, Sentence: "purchases that the model expected"},
			{Name: "same_rate", Unit: analysis.Score, Sentence: "purchases if everybody had gone on at the rate of before: the naive baseline"},
			{Name: "actual_per_person", Unit: analysis.Score, Sentence: "actual over persons"},
			{Name: "expected_per_person", Unit: analysis.Score, Sentence: "expected over persons"},
		},
	}
	if t.refusal != nil {
		table.Sentence = "Empty, because no model could be fitted to the first part of the time; see fits."
		return table
	}
	row := func(name string, o outcome) {
		table.Row(analysis.Word(name), analysis.Count(o.persons), analysis.Count(int64(o.actual)), analysis.Number(o.model.expected, 4),
			analysis.Number(o.naive.expected, 4), analysis.Number(o.actual/float64(o.persons), 4), analysis.Number(o.model.expected/float64(o.persons), 4))
	}
	for repeats, o := range t.groups {
		name := strconv.Itoa(repeats)
		if repeats == mostGroup {
			name += "+"
		}
		row(name, o)
	}
	row("all", t.all)
	return table
}

// errorsTable says how far models and baselines were off.
func errorsTable(t *tried) analysis.Table {
	table := analysis.Table{
		Name: "holdout_errors", Sentence: "One row a way of predicting the time that was held out: how far it was off.",
		Columns: []analysis.Column{
			{Name: "predicted", Unit: analysis.Text, Sentence: "purchases of each buyer, or spend: the mean of a purchase of those who purchased"},
			{Name: "method", Unit: analysis.Text, Sentence: "model; or the naive baseline: same_rate and own_mean go on as before"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers it is predicted of"},
			{Name: "expected", Unit: analysis.Score, Sentence: "mean per person"},
			{Name: "actual", Unit: analysis.Score, Sentence: "mean per person"},
			{Name: "error", Unit: analysis.Ratio, Sentence: "(expected − actual) over actual: how far the total was off"},
			{Name: "mean_absolute_error", Unit: analysis.Score, Sentence: "mean size of the error of a person"},
			{Name: "root_mean_square_error", Unit: analysis.Score, Sentence: "root of the mean squared error of a person"},
		},
	}
	row := func(predicted, method string, o outcome, of misses) {
		n, off := float64(o.persons), math.NaN()
		if o.actual > 0 {
			off = (of.expected - o.actual) / o.actual
		}
		table.Row(analysis.Word(predicted), analysis.Word(method), analysis.Count(o.persons), analysis.Number(of.expected/n, 4),
			analysis.Number(o.actual/n, 4), analysis.Number(off, 4), analysis.Number(of.sizes/n, 4), analysis.Number(math.Sqrt(of.squares/n), 4))
	}
	if t.refusal == nil {
		row("purchases", "model", t.all, t.all.model)
		row("purchases", "same_rate", t.all, t.all.naive)
	}
	if t.spendRefusal == nil {
		row("spend", "model", t.paid, t.paid.model)
		row("spend", "own_mean", t.paid, t.paid.naive)
	}
	return table
}

// ranked is the order of buyers by what is expected of them: by value, else by purchases, then by name, as they are in.
func ranked(predicted []prediction) []int {
	order := make([]int, len(predicted))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		p, q := predicted[i], predicted[j]
		if !math.IsNaN(p.value) && p.value != q.value {
			return cmp.Compare(q.value, p.value)
		}
		return cmp.Compare(q.purchases, p.purchases)
	})
	return order
}

const deciles = 10

func decileTable(q *asked, a *base, predicted []prediction, order []int) analysis.Table {
	table := analysis.Table{
		Name: "deciles",
		Sentence: "One row a tenth of the buyers by expected value (by expected purchases, if spend has no model), the best first; the rows add up to all buyers " +
			"and to their revenue.",
		Columns: []analysis.Column{
			{Name: "decile", Unit: analysis.Counts, Sentence: "1 is the best tenth"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers"},
			{Name: "alive", Unit: analysis.Persons, Sentence: "buyers of them expected to be still there: the sum of P(alive)"},
			{Name: "expected_purchases", Unit: analysis.Score, Sentence: "within the horizon"},
			{Name: "clv", Unit: analysis.Amount, Sentence: "expected value of those purchases, discounted"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of the expected value of all buyers"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "until now, less what was taken back unless value is gross"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts"},
		},
	}
	var whole float64
	for _, i := range order {
		whole += predicted[i].value
	}
	for d := range deciles {
		from, to := len(order)*d/deciles, len(order)*(d+1)/deciles
		if from == to {
			continue
		}
		var alive, purchases, value float64
		var revenue money.Sum
		for _, i := range order[from:to] {
			alive, purchases, value = alive+predicted[i].alive, purchases+predicted[i].purchases, value+predicted[i].value
			revenue = revenue.Plus(a.Revenue(a.people[i].Buyer))
		}
		table.Row(analysis.CountOf(d+1), analysis.CountOf(to-from), analysis.Number(alive, 4), analysis.Number(purchases, 4), analysis.Number(value, 2),
			analysis.Number(value/whole, 6), analysis.Money(revenue), analysis.Word(q.currency))
	}
	return table
}

// estimated is a value with its interval of 95 % on the scale of its logarithm, so that it stays above 0.
func estimated(value, standardError float64, buyers, digits int) analysis.Value {
	factor := math.Exp(stats.Z95 * standardError / value)
	return analysis.Estimate(value, value/factor, value*factor, int64(buyers), digits)
}

// mostDays is how far ahead a next purchase is told.
const mostDays = 3650

func personTable(q *asked, a *base, m *models, predicted []prediction, order []int) analysis.Table {
	const method = "; interval of 95 % by the delta method on the logarithm: how sure the fit is, not how much one person varies"
	table := analysis.Table{
		Name: "persons", Sentence: "The buyers of the greatest expected value, one row each, as many as limit says.",
		Columns: []analysis.Column{
			{Name: "person", Unit: analysis.Text, Sentence: "who"},
			{Name: "purchases", Unit: analysis.Counts, Sentence: "days with a purchase"},
			{Name: "first_purchase", Unit: analysis.Date, Sentence: "local date"},
			{Name: "last_purchase", Unit: analysis.Date, Sentence: "local date"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "until now"},
			{Name: "alive", Unit: analysis.Ratio, Sentence: "probability that they are still a buyer"},
			{Name: "expected_purchases", Unit: analysis.Score, Sentence: "within the horizon" + method},
			{Name: "next_purchase", Unit: analysis.Date, Sentence: "by when the next purchase has come with a probability of one half; empty if it is likelier that none comes in ten years"},
			{Name: "expected_spend", Unit: analysis.Amount, Sentence: "of a purchase"},
			{Name: "clv", Unit: analysis.Amount, Sentence: "expected value within the horizon, discounted" + method},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts"},
		},
	}
	for _, i := range order[:min(q.limit, len(order))] {
		p, who := predicted[i], &a.people[i]
		spend, value := analysis.None(), analysis.None()
		if m.noSpend == nil {
			spend = analysis.Number(m.spend.Model.Mean(p.Spend), 2)
			value = estimated(p.value, m.valueError(p, q.horizon), m.purchases.Buyers, 2)
		}
		next := analysis.None()
		if weeks, ok := m.purchases.Model.NextDue(p.History, 0.5); ok && weeks*daysOfWeek <= mostDays {
			next = analysis.Word((a.last + dayAfter(weeks)).String())
		}
		table.Row(analysis.Word(string(who.Person)), analysis.CountOf(len(who.days)),
			analysis.Word(who.days[0].day.String()), analysis.Word(who.days[len(who.days)-1].day.String()),
			analysis.Money(a.Revenue(who.Buyer)), analysis.Number(p.alive, 6),
			estimated(p.purchases, m.purchasesError(p.History, q.weeks), m.purchases.Buyers, 6), next, spend, value, analysis.Word(q.currency))
	}
	return table
}

// projectionParts is how many rows the projection has.
const projectionParts = 4

func projectionTable(q *asked, a *base, m *models, histories []History) analysis.Table {
	table := analysis.Table{
		Name:     "projection",
		Sentence: "Purchases expected of all buyers of today, from now until a date, each row holding those before it. Buyers to come are not in it.",
		Columns: []analysis.Column{
			{Name: "until", Unit: analysis.Time, Sentence: "end of the stretch"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers of today"},
			{
				Name: "expected_purchases", Unit: analysis.Score,
				Sentence: "with its interval of 95 % by the delta method on the logarithm, which holds the doubt of the fit alone",
			},
		},
	}
	if m.noPurchases != nil {
		return table
	}
	groups, _ := grouped(histories)
	for part := 1; part <= projectionParts; part++ {
		ahead := q.length * time.Duration(part) / projectionParts
		total, standardError := m.total(groups, ahead.Hours()/(24*daysOfWeek))
		table.Row(analysis.Word(q.Calendar.Local(a.Known.Time().Add(ahead)).Format(time.RFC3339)), analysis.CountOf(len(histories)),
			estimated(total, standardError, m.purchases.Buyers, 4))
	}
	return table
}
