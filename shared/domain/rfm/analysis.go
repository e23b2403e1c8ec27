package rfm

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

const day = 24 * time.Hour

// asked is a question that was understood.
type asked struct {
	analysis.Question
	rules buyer.Rules
	churn int64 // days
	limit int
}

// Analysis answers who the best buyers are, who is on the way there and who is being lost. It reads all orders from the beginning up to the end of the
// question; the start of the question has no meaning to it.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "rfm", Version: 1,
		Sentence: "Buyers by recency, frequency and monetary value: scores by quintiles, ten named segments, and who has stopped buying",
		Parameters: []analysis.Parameter{
			{Name: "churn_after", Sentence: "days without an order after which a buyer counts as churned, such as 90d", Default: "90d"},
			{Name: "limit", Sentence: "persons listed, 1 to 1000", Default: "20"},
			{Name: "currency", Sentence: "of the orders that are read; the workspace's where nothing is said"},
			{Name: "value", Sentence: "net of what was taken back, or gross", Values: []string{"net", "gross"}, Default: "net"},
		},
		Prepare: prepare,
	}
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	a := asked{Question: q, rules: buyer.Rules{Known: q.Known(), By: q.By.Of}}
	churn, err := q.Duration("churn_after", 90*day, 3650*day)
	if err != nil {
		return analysis.Plan{}, err
	}
	if a.churn = int64(churn / day); a.churn == 0 {
		return analysis.Plan{}, analysis.Bad("churn_after", "churn_after is in whole days, such as 90d, not %.40q", q.Text("churn_after"))
	}
	if a.limit, err = q.Number("limit", 20, 1, 1000); err != nil {
		return analysis.Plan{}, err
	}
	if a.rules.Currency, err = money.Currency(cmp.Or(q.Text("currency"), q.Currency)); err != nil {
		return analysis.Plan{}, analysis.Bad("currency", "a currency is a code of three letters, such as EUR, not %.40q", q.Text("currency"))
	}
	value, err := q.Choice("value", "net", "gross")
	if err != nil {
		return analysis.Plan{}, err
	}
	if value == "gross" {
		a.rules.Worth = buyer.Gross
	}
	return analysis.Plan{To: q.Known(), Columns: Columns | q.By.Columns(), Answer: a.answer}, nil
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	base := Read(lives, a.Calendar, a.rules)
	out := analysis.Answer{
		Tables: []analysis.Table{a.segments(&base), scores(&base), percentiles(&base), a.persons(&base)},
		Notes: append([]string{
			fmt.Sprintf("%d buyers in %s, as of %s; churned means no order for more than %d days.", len(base.Buyers), base.Currency, a.Instant(a.rules.Known), a.churn),
		}, base.LeftOut()...),
	}
	if base.Taken > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d persons are no buyers, because all that they ordered in %s was taken back; %s %s of it is left.",
			base.Taken, base.Currency, base.TakenMoney, base.Currency))
	}
	return out, nil
}

// sum adds up buyers.
type sum struct {
	persons, orders, churned int64
	revenue                  money.Sum
}

func (s *sum) add(b *Buyer, churn int64) {
	s.persons++
	s.orders += b.Frequency
	s.revenue = s.revenue.Plus(b.Monetary)
	if b.Recency > churn {
		s.churned++
	}
}

// mostValues is how many values the segments are parted by; the buyers of all others are one.
const mostValues = 50

const other = "other"

// values are those that buyers are parted by, those of most buyers first, then by name, and which of them each is shown under.
func values(base *Base) (shown []string, of func(value string) string) {
	persons := map[string]int{}
	for _, b := range base.Buyers {
		persons[b.By]++
	}
	for value := range persons {
		shown = append(shown, value)
	}
	slices.SortFunc(shown, func(x, y string) int { return cmp.Or(cmp.Compare(persons[y], persons[x]), cmp.Compare(x, y)) })
	if len(shown) <= mostValues {
		return shown, func(value string) string { return value }
	}
	kept := map[string]bool{}
	for _, value := range shown[:mostValues-1] {
		kept[value] = true
	}
	kept[other] = false // a value of this name is with the others
	shown = slices.DeleteFunc(shown, func(value string) bool { return !kept[value] })
	return append(shown, other), func(value string) string {
		if kept[value] {
			return value
		}
		return other
	}
}

func (a *asked) segments(base *Base) analysis.Table {
	table := analysis.Table{
		Name: "segments", Sentence: "One row a segment, by the scores of recency and frequency, empty ones too; the last row is all buyers, the sum of the others.",
		Columns: []analysis.Column{
			{Name: "segment", Unit: analysis.Text, Sentence: "name of the segment"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all buyers that the rows are of"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "orders that stand"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "of all that they ordered, less what was taken back unless value is gross"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the revenue"},
			{Name: "churned", Unit: analysis.Ratio, Sentence: "of its buyers, who have not ordered for longer than churn_after"},
		},
	}
	rows := func(first []analysis.Value, holds func(b *Buyer) bool) {
		of := map[Segment]sum{}
		var all sum
		for i := range base.Buyers {
			if b := &base.Buyers[i]; holds(b) {
				s := of[b.Segment]
				s.add(b, a.churn)
				of[b.Segment] = s
				all.add(b, a.churn)
			}
		}
		row := func(name string, s sum) {
			table.Row(append(slices.Clone(first), analysis.Word(name), analysis.Count(s.persons), analysis.Rate(s.persons, all.persons),
				analysis.Count(s.orders), analysis.Money(s.revenue), analysis.Word(base.Currency), analysis.Rate(s.churned, s.persons))...)
		}
		for _, name := range Segments() {
			row(string(name), of[name])
		}
		row("all", all)
	}
	if a.By.IsZero() {
		rows(nil, func(*Buyer) bool { return true })
		return table
	}
	table.Sentence = "One row a value of the buyer's last order and segment; the row all of each value is the sum of those above it, and these add up to all buyers."
	table.Columns = append([]analysis.Column{{Name: a.By.Name, Unit: analysis.Text, Sentence: "of the buyer's last order"}}, table.Columns...)
	shown, valueOf := values(base)
	for _, value := range shown {
		rows([]analysis.Value{analysis.Word(value)}, func(b *Buyer) bool { return valueOf(b.By) == value })
	}
	return table
}

// scores is how many buyers have which score, and what the scores of recency and frequency come to.
func scores(base *Base) analysis.Table {
	table := analysis.Table{
		Name: "scores", Sentence: "One row a score of each measure, 5 the best. The persons of a measure add up to all buyers; a score that ties leave empty stays in.",
		Columns: []analysis.Column{
			{Name: "measure", Unit: analysis.Text, Sentence: "recency, frequency or monetary"},
			{Name: "score", Unit: analysis.Counts, Sentence: "1 to 5"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "buyers with this score"},
			{Name: "least", Unit: analysis.Score, Sentence: "smallest value among them: days, orders, or an amount of the currency"},
			{Name: "most", Unit: analysis.Score, Sentence: "largest value among them"},
		},
	}
	for i, name := range []string{"recency", "frequency", "monetary"} {
		for score := 1; score <= quintiles; score++ {
			var persons int64
			var least, most money.Sum
			for at := range base.Buyers {
				b := &base.Buyers[at]
				if [3]int{b.R, b.F, b.M}[i] != score {
					continue
				}
				value := b.measures()[i]
				if persons == 0 || value.Wide.Compare(least.Wide) < 0 {
					least = value
				}
				if persons == 0 || value.Wide.Compare(most.Wide) > 0 {
					most = value
				}
				persons++
			}
			from, to := analysis.None(), analysis.None()
			if persons > 0 {
				from, to = shown(i, least), shown(i, most)
			}
			table.Row(analysis.Word(name), analysis.CountOf(score), analysis.Count(persons), from, to)
		}
	}
	return table
}

// monetary is the place of money among the measures.
const monetary = 2

// shown is the value of a measure: whole numbers, or money.
func shown(measure int, value money.Sum) analysis.Value {
	if measure == monetary {
		return analysis.Money(value)
	}
	n, _ := value.Wide.Int64()
	return analysis.Count(n)
}

// percentilesShown are in hundredths.
func percentilesShown() []int64 { return []int64{20, 25, 40, 50, 60, 75, 80} }

func percentiles(base *Base) analysis.Table {
	table := analysis.Table{
		Name: "percentiles", Sentence: "One row a percentile of all buyers, by linear interpolation between neighbours in rank; quintiles bound the scores.",
		Columns: []analysis.Column{
			{Name: "percentile", Unit: analysis.Score, Sentence: "0.2 is what a fifth of the buyers are at or below"},
			{Name: "recency_days", Unit: analysis.Days, Sentence: "days since the last order"},
			{Name: "frequency", Unit: analysis.Score, Sentence: "orders"},
			{Name: "monetary", Unit: analysis.Amount, Sentence: "rounded half to even to a millionth"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of monetary"},
		},
	}
	if len(base.Buyers) == 0 {
		return table
	}
	for _, p := range percentilesShown() {
		// Days and orders stand in millionths too, as whole: a hundredth of a hundred of them is one.
		days, orders := base.cuts[0].at(p, int64(money.Unit)), base.cuts[1].at(p, int64(money.Unit))
		table.Row(analysis.Number(float64(p)/100, 2), number(days), number(orders), analysis.Money(base.cuts[monetary].at(p, 1)), analysis.Word(base.Currency))
	}
	return table
}

// at is the percentile p, in hundredths, times a factor, rounded half to even.
func (c cuts) at(p, factor int64) money.Sum {
	rank := p * int64(len(c)-1)
	low := c[rank/100].Wide.Big()
	rise := new(big.Int).Sub(c[min(rank/100+1, int64(len(c)-1))].Wide.Big(), low)
	low.Mul(low, big.NewInt(100))
	low.Add(low, rise.Mul(rise, big.NewInt(rank%100)))
	sum, _ := wide.OfBig(low.Mul(low, big.NewInt(factor))) // amounts are far below the bounds of a sum
	return money.Sum{Wide: sum}.Ratio(100)
}

// number is a sum as a number of at most two decimals: ranks are hundredths.
func number(sum money.Sum) analysis.Value {
	f, _ := strconv.ParseFloat(sum.String(), 64) // its own text
	return analysis.Number(f, 2)
}

func (a *asked) persons(base *Base) analysis.Table {
	table := analysis.Table{
		Name: "persons", Sentence: "The buyers of the greatest monetary value, one row each, as many as limit says.",
		Columns: []analysis.Column{
			{Name: "person", Unit: analysis.Text, Sentence: "who"},
			{Name: "segment", Unit: analysis.Text, Sentence: "by R and F"},
			{Name: "score", Unit: analysis.Text, Sentence: "scores of recency, frequency and monetary value, such as 545"},
			{Name: "recency_days", Unit: analysis.Days, Sentence: "from the date of the last order to the date as of which is asked: 1 is yesterday"},
			{Name: "last_order", Unit: analysis.Date, Sentence: "local date"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "orders that stand"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "of all that they ordered, less what was taken back unless value is gross"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the revenue"},
			{Name: "churned", Unit: analysis.Text, Sentence: "yes where the last order is longer ago than churn_after"},
		},
	}
	best := slices.Clone(base.Buyers)
	slices.SortStableFunc(best, func(x, y Buyer) int { return y.Monetary.Wide.Compare(x.Monetary.Wide) })
	for _, b := range best[:min(a.limit, len(best))] {
		churned := "no"
		if b.Recency > a.churn {
			churned = "yes"
		}
		table.Row(analysis.Word(string(b.Person)), analysis.Word(string(b.Segment)), analysis.Word(fmt.Sprint(b.R)+fmt.Sprint(b.F)+fmt.Sprint(b.M)),
			analysis.Count(b.Recency), analysis.Word(b.LastOrder.String()), analysis.Count(b.Frequency), analysis.Money(b.Monetary),
			analysis.Word(base.Currency), analysis.Word(churned))
	}
	return table
}
