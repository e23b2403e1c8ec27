package retention

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// tally is what came of persons.
type tally struct {
	*asked
	size    []int64   // by cohort
	persons [][]int64 // by cohort and age
	by      map[string]*byAge
	money   map[place]money.Sum

	returned []bool  // of the person at hand, by unit
	started  []start // of the person at hand
}

// byAge are persons of one value in cohorts whose age is complete.
type byAge struct {
	size, persons []int64
}

type place struct {
	cohort, age int
	currency    string
}

func (a *asked) tally() *tally {
	n := len(a.units.starts)
	t := &tally{asked: a, size: make([]int64, n), persons: make([][]int64, n), by: map[string]*byAge{}, money: map[place]money.Sum{}}
	for c := range t.persons {
		t.persons[c] = make([]int64, a.ages(c))
	}
	t.returned = make([]bool, n)
	return t
}

// ages is how many cells a cohort has: those of units that have begun.
func (a *asked) ages(cohort int) int { return min(a.horizon+1, len(a.units.starts)-cohort) }

func (t *tally) add(life []step.Row) {
	t.started = t.starts(life, t.started[:0])
	for _, start := range t.started {
		t.count(life, start)
	}
}

// valuesOf gives the values of a person, one for each cohort.
func (a *asked) valuesOf(life []step.Row, each func(value string)) {
	for _, s := range a.starts(life, nil) {
		each(funnel.ValueOf(a.By, &life[s.step]))
	}
}

// start is the step that a person begins with in a unit.
type start struct{ unit, step int }

// starts adds the steps that a person begins with, one a unit.
func (a *asked) starts(life []step.Row, to []start) []start {
	for i := range life {
		r := &life[i]
		if r.At >= a.units.known {
			break
		}
		var begins bool
		switch a.cohort {
		case FirstEver:
			begins = r.FirstEver
		case FirstOrder:
			begins = r.IsFirstOrder()
		default:
			begins = a.begins.holds(r)
		}
		if !begins {
			continue
		}
		if unit := a.units.at(r.At); unit >= 0 && (len(to) == 0 || to[len(to)-1].unit < unit) {
			to = append(to, start{unit, i})
		}
		if !a.isRecurring {
			break // with the first one, be it before the period
		}
	}
	return to
}

// count counts a person in one cohort.
func (t *tally) count(life []step.Row, begun start) {
	cohort := begun.unit
	t.size[cohort]++
	ages := t.ages(cohort)
	returned, furthest := t.returned[:ages], -1
	clear(returned)
	for i := begun.step; i < len(life); i++ {
		r := &life[i]
		if r.At >= t.units.known {
			break
		}
		isReturn := t.returns.holds(r)
		isMoney := t.revenue != "none" && r.Order != nil && (t.isNet || r.Order.Kind == event.Completed)
		if !isReturn && !isMoney {
			continue
		}
		age := t.units.at(r.At) - cohort
		if isMoney && age < ages {
			at := place{cohort, age, r.Order.Currency}
			t.money[at] = t.money[at].Plus(money.SumOf(r.Order.Net()))
		}
		if isReturn {
			if furthest = age; age < ages {
				returned[age] = true
			}
		}
	}
	if t.isRolling {
		for age := range returned {
			returned[age] = age <= furthest
		}
	}
	for age, isBack := range returned {
		if isBack {
			t.persons[cohort][age]++
		}
	}
	if t.By.IsZero() {
		return
	}
	value := t.values.of(funnel.ValueOf(t.By, &life[begun.step]))
	v := t.by[value]
	if v == nil {
		v = t.byAge()
		t.by[value] = v
	}
	for age, isBack := range returned {
		if t.units.isOver(cohort + age) {
			v.size[age]++
			if isBack {
				v.persons[age]++
			}
		}
	}
}

func (a *asked) byAge() *byAge {
	return &byAge{size: make([]int64, a.horizon+1), persons: make([]int64, a.horizon+1)}
}

func (v *byAge) join(o *byAge) {
	for age := range v.size {
		v.size[age] += o.size[age]
		v.persons[age] += o.persons[age]
	}
}

func (t *tally) join(part *tally) {
	for c := range t.size {
		t.size[c] += part.size[c]
		for age, n := range part.persons[c] {
			t.persons[c][age] += n
		}
	}
	for value, v := range part.by {
		if t.by[value] == nil {
			t.by[value] = t.byAge()
		}
		t.by[value].join(v)
	}
	for at, sum := range part.money {
		t.money[at] = t.money[at].Plus(sum)
	}
}

func (t *tally) answer() analysis.Answer {
	out := analysis.Answer{Tables: []analysis.Table{t.cohortsTable(), t.agesTable()}}
	if !t.By.IsZero() {
		out.Tables = append(out.Tables, t.byTable())
	}
	if t.revenue != "none" {
		out.Tables = append(out.Tables, t.revenueTable())
	}
	if len(t.costs) > 0 {
		out.Tables = append(out.Tables, t.paybackTable())
	}
	out.Notes = append(t.units.widened(t.Question, t.grain), t.notes()...)
	return out
}

func (t *tally) notes() []string {
	begins := map[string]string{FirstEver: "their first step ever", FirstOrder: "their first order ever"}[t.cohort]
	switch t.cohort {
	case FirstEvent:
		begins = "the first time ever: " + t.begins.String()
	case Recurring:
		begins = "each unit with: " + t.begins.String() + "; a person is in the cohort of each such unit"
	}
	notes := []string{"Persons begin with " + begins + ". They come back with: " + t.returns.String() + "."}
	if t.isRolling {
		notes = append(notes, "Rolling retention of every age can still rise, when persons come back later than what is known.")
	}
	if last := len(t.units.starts) - 1; !t.units.isOver(last) {
		notes = append(notes, "The unit that begins on "+t.units.keys[last]+" is not over: its cells are open, and in no mean.")
	}
	return notes
}

func (t *tally) cohortsTable() analysis.Table {
	out := analysis.Table{
		Name: "cohorts", Sentence: "A row for each cohort and age, also of cohorts of nobody. size is the same in all rows of a cohort; of the persons of one age some return and the others are churn.",
		Columns: []analysis.Column{
			{Name: "cohort", Unit: analysis.Date, Sentence: "first day of the unit in which persons began"},
			{Name: "age", Unit: analysis.Counts, Sentence: "units since, by the calendar; 0 is the cohort's own"},
			{Name: "since", Unit: analysis.Date, Sentence: "first day of the unit that the row is of"},
			{Name: "size", Unit: analysis.Persons, Sentence: "persons of the cohort"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "of these, who came back"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "retention: persons of size"},
			{Name: "churn", Unit: analysis.Ratio, Sentence: "1 − retention: those who did not come back, of size"},
			{Name: "state", Unit: analysis.Text, Sentence: "complete, or open where the unit is not over"},
		},
	}
	for c, size := range t.size {
		for age, n := range t.persons[c] {
			out.Row(analysis.Word(t.units.keys[c]), analysis.CountOf(age), analysis.Word(t.units.keys[c+age]), analysis.Count(size), analysis.Count(n),
				analysis.Rate(n, size), analysis.Rate(size-n, size), t.units.state(c+age))
		}
	}
	return out
}

func (t *tally) agesTable() analysis.Table {
	out := analysis.Table{
		Name: "ages", Sentence: "A row for each age, over the cohorts whose cell of that age is complete.",
		Columns: []analysis.Column{
			{Name: "age", Unit: analysis.Counts, Sentence: "units since the cohort's own"},
			{Name: "cohorts", Unit: analysis.Counts, Sentence: "cohorts with somebody in them that have a complete cell of this age"},
			{Name: "empty_cohorts", Unit: analysis.Counts, Sentence: "those with nobody, which have no share"},
			{Name: "size", Unit: analysis.Persons, Sentence: "persons of the cohorts"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "of these, who came back"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "retention of all persons alike: persons of size"},
			{Name: "mean_share", Unit: analysis.Score, Sentence: "mean of the cohorts' retention, each cohort alike, also those of retention 0"},
			{Name: "churn", Unit: analysis.Ratio, Sentence: "1 − share"},
		},
	}
	for age := range t.ages(0) {
		var cohorts, empty, size, persons int64
		shares := 0.0
		for c := range t.size {
			if age >= len(t.persons[c]) || !t.units.isOver(c+age) {
				continue
			}
			if t.size[c] == 0 {
				empty++
				continue
			}
			cohorts, size, persons = cohorts+1, size+t.size[c], persons+t.persons[c][age]
			shares += float64(t.persons[c][age]) / float64(t.size[c])
		}
		mean := analysis.None()
		if cohorts > 0 {
			mean = analysis.Number(shares/float64(cohorts), 6)
		}
		out.Row(analysis.CountOf(age), analysis.Count(cohorts), analysis.Count(empty), analysis.Count(size), analysis.Count(persons),
			analysis.Rate(persons, size), mean, analysis.Rate(size-persons, size))
	}
	return out
}

func (t *tally) byTable() analysis.Table {
	out := analysis.Table{
		Name: "by", Sentence: "A row for each value of " + t.By.Name + " and age, over complete cells; the values add up to size and persons of table ages.",
		Columns: []analysis.Column{
			{Name: strings.ReplaceAll(t.By.Name, ".", "_"), Unit: analysis.Text, Sentence: "value of the step that the person began with"},
			{Name: "age", Unit: analysis.Counts, Sentence: "units since the cohort's own"},
			{Name: "size", Unit: analysis.Persons, Sentence: "persons of the cohorts that have a complete cell of this age"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "of these, who came back"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "retention: persons of size"},
		},
	}
	for _, value := range t.values.order {
		v := t.by[value]
		for age := range t.ages(0) {
			out.Row(analysis.Word(value), analysis.CountOf(age), analysis.Count(v.size[age]), analysis.Count(v.persons[age]), analysis.Rate(v.persons[age], v.size[age]))
		}
	}
	return out
}

// currencies are those that any cohort has spent, the workspace's own first.
func (t *tally) currencies() []string {
	seen := map[string]bool{t.Currency: true}
	for at := range t.money {
		seen[at.currency] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b string) int {
		return cmp.Or(-cmp.Compare(strconv.FormatBool(a == t.Currency), strconv.FormatBool(b == t.Currency)), cmp.Compare(a, b))
	})
}

func (t *tally) revenueTable() analysis.Table {
	out := analysis.Table{
		Name: "revenue", Sentence: "A row for each currency, cohort and age: " + t.revenue + " revenue of the cohort's persons from what they began with. cumulative is the sum of revenue up to that age.",
		Columns: []analysis.Column{
			{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts"},
			{Name: "cohort", Unit: analysis.Date, Sentence: "first day of the unit in which persons began"},
			{Name: "age", Unit: analysis.Counts, Sentence: "units since, by the calendar"},
			{Name: "size", Unit: analysis.Persons, Sentence: "persons of the cohort"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "of that unit"},
			{Name: "cumulative", Unit: analysis.Amount, Sentence: "of all units up to that one"},
			{Name: "per_person", Unit: analysis.Amount, Sentence: "cumulative by size, rounded to a millionth"},
			{Name: "state", Unit: analysis.Text, Sentence: "complete, or open where the unit is not over"},
		},
	}
	for _, currency := range t.currencies() {
		for c, size := range t.size {
			var cumulative money.Sum
			for age := range t.ages(c) {
				revenue := t.money[place{c, age, currency}]
				cumulative = cumulative.Plus(revenue)
				perPerson := analysis.None()
				if size > 0 {
					perPerson = analysis.Money(cumulative.Ratio(size))
				}
				out.Row(analysis.Word(currency), analysis.Word(t.units.keys[c]), analysis.CountOf(age), analysis.Count(size), analysis.Money(revenue),
					analysis.Money(cumulative), perPerson, t.units.state(c+age))
			}
		}
	}
	return out
}

func (t *tally) paybackTable() analysis.Table {
	out := analysis.Table{
		Name: "payback", Sentence: "A row for each cohort whose cost is given, in the workspace's currency: the first age from which on its cumulative revenue never fell below its cost again.",
		Columns: []analysis.Column{
			{Name: "cohort", Unit: analysis.Date, Sentence: "first day of the unit in which persons began"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts: the workspace's own"},
			{Name: "size", Unit: analysis.Persons, Sentence: "persons of the cohort"},
			{Name: "cost", Unit: analysis.Amount, Sentence: "what it cost to win the cohort"},
			{Name: "cost_per_person", Unit: analysis.Amount, Sentence: "cost by size, rounded to a millionth"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "cumulative revenue up to the last age that is shown"},
			{Name: "payback_age", Unit: analysis.Counts, Sentence: "units after the cohort's own; none while the cost is not earned"},
			{Name: "state", Unit: analysis.Text, Sentence: "paid_back, or open: not within what is known and shown"},
		},
	}
	for _, c := range slices.Sorted(maps.Keys(t.costs)) {
		cost := t.costs[c]
		var cumulative money.Sum
		payback := -1
		for age := range t.ages(c) {
			cumulative = cumulative.Plus(t.money[place{c, age, t.Currency}])
			switch isPaid := cumulative.Wide.Compare(cost.Wide) >= 0; {
			case !isPaid:
				payback = -1
			case payback < 0:
				payback = age
			}
		}
		perPerson, age, state := analysis.None(), analysis.None(), "open"
		if t.size[c] > 0 {
			perPerson = analysis.Money(cost.Ratio(t.size[c]))
		}
		if payback >= 0 {
			age, state = analysis.CountOf(payback), "paid_back"
		}
		out.Row(analysis.Word(t.units.keys[c]), analysis.Word(t.Currency), analysis.Count(t.size[c]), analysis.Money(cost), perPerson, analysis.Money(cumulative), age, analysis.Word(state))
	}
	return out
}
