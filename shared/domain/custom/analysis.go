package custom

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/rfm"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
)

// Analysis answers any metric over lives. definitions are the metrics of docs/kpi.md.
func Analysis(definitions func() (*kpi.Definitions, error)) analysis.Analysis {
	return analysis.Analysis{
		Name: "metrics", Version: 1,
		Sentence: "any metric, of docs/kpi.md or a workspace's own, over any time, by any dimension, property or RFM segment",
		Parameters: []analysis.Parameter{
			{Name: "metric", Sentence: "name of a metric; all when none is named", IsList: true},
			{Name: "grain", Sentence: "windows that the time is cut into, those at its ends whole", Values: grains(), Default: string(period.Period)},
			{Name: "fiscal_start", Sentence: "month, 1 to 12, with which a fiscal year begins", Default: "1"},
			{Name: "rfm", Sentence: "whether numbers are parted by the RFM segment that each person is in at the end of the time", Values: []string{"no", "yes"}, Default: "no"},
		},
		Prepare: func(q analysis.Question) (analysis.Plan, error) { return prepare(q, definitions) },
	}
}

// asked is a question that was understood.
type asked struct {
	analysis.Question
	definitions *kpi.Definitions
	builtIn     []kpi.Name
	own         []Metric
	spans       []span
	by          kpi.Dimension // of cells, that is; else Whole
	isRFM       bool
}

func prepare(q analysis.Question, definitions func() (*kpi.Definitions, error)) (analysis.Plan, error) {
	a := &asked{Question: q}
	var err error
	if a.definitions, err = definitions(); err != nil {
		return analysis.Plan{}, err
	}
	if err := a.choose(); err != nil {
		return analysis.Plan{}, err
	}
	grain, err := q.Choice("grain", grains()...)
	if err != nil {
		return analysis.Plan{}, err
	}
	fiscal, err := q.Number("fiscal_start", 1, 1, 12)
	if err != nil {
		return analysis.Plan{}, err
	}
	if a.spans, err = spansOf(q, period.Grain(grain), time.Month(fiscal)); err != nil {
		return analysis.Plan{}, err
	}
	isRFM, err := q.Choice("rfm", "no", "yes")
	if err != nil {
		return analysis.Plan{}, err
	}
	if a.isRFM = isRFM == "yes"; a.isRFM && !q.By.IsZero() {
		return analysis.Plan{}, analysis.Bad("rfm", "numbers are parted by one thing at a time: leave out by=%s or rfm", q.By.Name)
	}
	if slices.Contains(measure.Dimensions[:], kpi.Dimension(q.By.Name)) {
		a.by = kpi.Dimension(q.By.Name)
	}
	plan := analysis.Plan{From: a.spans[0].start, To: a.spans[len(a.spans)-1].end, Columns: a.columns(), Answer: a.answer}
	if a.isRFM {
		plan.From, plan.To = 0, max(plan.To, q.Known())
	}
	return plan, nil
}

// choose reads which metrics are asked for.
func (a *asked) choose() error {
	own := Percentiles()
	if text := a.Documents["metrics"]; text != nil {
		declared, err := Parse(text)
		if err != nil {
			return err
		}
		own = append(own, declared...)
	}
	said := a.List("metric")
	if len(said) == 0 {
		a.builtIn, a.own = a.definitions.Names(), own
		return nil
	}
	for _, name := range said {
		at := slices.IndexFunc(own, func(m Metric) bool { return m.Name == name })
		_, isBuiltIn := a.definitions.Find(kpi.Name(name))
		switch {
		case isBuiltIn: // an own metric of the name is asked for under no name, so that a name means the same everywhere
			a.builtIn = append(a.builtIn, kpi.Name(name))
		case at >= 0:
			a.own = append(a.own, own[at])
		default:
			return analysis.Bad("metric", "there is no metric %.40q; there are %s", name, a.names(own))
		}
	}
	return nil
}

func (a *asked) names(own []Metric) string {
	var names []string
	for _, name := range a.definitions.Names() {
		names = append(names, string(name))
	}
	for _, m := range own {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// Percentiles are those that every workspace has: how long people wait for a first response, and how long it takes to help them.
func Percentiles() []Metric {
	var out []Metric
	for _, property := range []string{"wait_seconds", "handle_seconds"} {
		for _, p := range []int{50, 90, 95} {
			out = append(out, Metric{
				Name: fmt.Sprintf("%s_p%d", property, p), Unit: "seconds", Percentile: p, Numerator: Counted{Of: Sum, Property: property},
			})
		}
	}
	return out
}

// columns are those that the chosen metrics read.
func (a *asked) columns() step.Columns {
	out := a.By.Columns()
	if a.isRFM {
		out |= rfm.Columns
	}
	for _, m := range a.own {
		out |= m.Columns()
	}
	if len(a.builtIn) == 0 {
		return out
	}
	out = out.With(step.Event, step.Session, step.SessionStart, step.SessionPages, step.SessionSeconds, step.FirstEver, step.StageBefore, step.Stage, step.OrderMoney)
	for _, name := range a.builtIn {
		if m, _ := a.definitions.Find(name); readsProperties(m) {
			out = out.With(step.Properties)
		}
	}
	if a.by != kpi.Whole { // sessions and orders have their own, and grades say which values have rows
		out = out.With(step.SessionChannel, step.SessionCampaign, step.SessionCountry, step.OrderOrigin, step.Grade)
	}
	return out
}

// readsProperties says whether a metric is counted from properties of steps: answers to surveys, and what goods cost.
func readsProperties(m kpi.Metric) bool {
	for _, begin := range []string{"nps_", "csat_", "ces_", "margin", "cost"} {
		if strings.HasPrefix(string(m.Numerator), begin) {
			return true
		}
	}
	return false
}

// state is what is counted, window by window.
type state struct{ windows []*window }

type window struct {
	totals measure.Totals
	own    map[string][]tally // by value; the whole is "" where nothing is parted, else under whole
}

// standIn is the dimension under which totals hold values that cells have none for: every metric is broken down by it that knows any.
const standIn = measure.ByCampaign

// whole is the key of everybody among the values of own metrics; no value is called so.
const whole = "\x00"

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	valueOf := a.By.Of
	if a.isRFM {
		classes := rfm.Classes(lives, a.Calendar, buyer.Rules{Known: a.Known(), Currency: a.Currency})
		valueOf = func(r *step.Row) string { return string(classes(r.Person)) }
	}
	begin := func() *state { return &state{windows: make([]*window, len(a.spans))} }
	counted := analysis.Fold(lives, begin, func(s *state, life []step.Row) { a.add(s, life, valueOf) }, a.join)
	return a.show(counted), nil
}

// add counts one person.
func (a *asked) add(s *state, life []step.Row, valueOf func(*step.Row) string) {
	for from, to := 0, 0; from < len(life); from = to {
		at := placeOf(a.spans, life[from].At)
		for to = from + 1; to < len(life) && (at < 0 && placeOf(a.spans, life[to].At) < 0 || at >= 0 && life[to].At < a.spans[at].end); {
			to++
		}
		if at < 0 {
			continue
		}
		if s.windows[at] == nil {
			s.windows[at] = &window{totals: a.definitions.Set().Empty(), own: map[string][]tally{}}
		}
		a.window(s.windows[at], life[from:to], valueOf)
	}
}

func (a *asked) isParted() bool { return a.isRFM || !a.By.IsZero() }

// window counts what one person did in one window.
func (a *asked) window(w *window, rows []step.Row, valueOf func(*step.Row) string) {
	set := a.definitions.Set()
	isByCell := a.by != kpi.Whole
	if len(a.builtIn) > 0 {
		set.AddBy(w.totals, measure.Of(rows), a.by)
	}
	if len(a.own) > 0 {
		a.count(w, whole, rows)
	}
	if !a.isParted() || isByCell && len(a.own) == 0 {
		return
	}
	for value, mine := range parted(rows, valueOf) {
		if !isByCell && len(a.builtIn) > 0 {
			set.AddAs(w.totals, measure.Of(mine), measure.Key{Dimension: standIn, Value: value})
		}
		a.count(w, value, mine)
	}
}

// parted are rows by their value.
func parted(rows []step.Row, valueOf func(*step.Row) string) map[string][]step.Row {
	first := valueOf(&rows[0])
	if !slices.ContainsFunc(rows, func(r step.Row) bool { return valueOf(&r) != first }) {
		return map[string][]step.Row{first: rows}
	}
	out := map[string][]step.Row{}
	for i := range rows {
		value := valueOf(&rows[i])
		out[value] = append(out[value], rows[i])
	}
	return out
}

// count counts own metrics of one person for one value.
func (a *asked) count(w *window, value string, rows []step.Row) {
	tallies := w.own[value]
	if tallies == nil {
		tallies = make([]tally, len(a.own))
		w.own[value] = tallies
	}
	for m := range a.own {
		metric := &a.own[m]
		if metric.Percentile > 0 {
			for i := range rows {
				tallies[m].value(metric.Numerator, &rows[i])
			}
			continue
		}
		var y, x wide.Int
		for i := range rows {
			y, x = metric.Numerator.add(y, &rows[i]), metric.Denominator.add(x, &rows[i])
		}
		tallies[m].person(metric, y, x)
	}
}

// join puts what was counted of a part to the others.
func (a *asked) join(to, part *state) {
	for i, w := range part.windows {
		switch {
		case w == nil:
		case to.windows[i] == nil:
			to.windows[i] = w
		default:
			mine := to.windows[i]
			mine.totals = mine.totals.Plus(w.totals)
			for value, tallies := range w.own {
				if mine.own[value] == nil {
					mine.own[value] = make([]tally, len(a.own))
				}
				for m := range tallies {
					mine.own[value][m].join(&tallies[m])
				}
			}
		}
	}
}

// show makes the tables.
func (a *asked) show(s *state) analysis.Answer {
	var out analysis.Answer
	all := table("whole", "a row for each metric and window, of everybody; amounts for each currency apart", "")
	name := cmp.Or(a.By.Name, map[bool]string{true: "rfm"}[a.isRFM])
	values := table("values", "a row for each value of "+name+", where something is counted; counts and amounts add up to the whole, numbers of persons do not where one has several values", name)
	left := map[string]int{}
	for i, w := range s.windows {
		if w == nil {
			w = &window{totals: a.definitions.Set().Empty()}
		}
		start := a.spans[i].key
		everybody, parts := a.viewed(w, kpi.Whole), a.viewed(w, cmp.Or(a.by, standIn))
		for _, m := range a.builtIn {
			rowsOf(&all, start, m, everybody)
			if a.isParted() {
				rowsOf(&values, start, m, parts)
			}
		}
		for m := range a.own {
			a.ownRow(&all, start, m, "", w.own[whole])
			if a.isParted() {
				left[a.own[m].Name] += a.ownRows(&values, start, m, w.own)
			}
		}
	}
	out.Tables = []analysis.Table{all}
	if a.isParted() {
		out.Tables = append(out.Tables, values)
		out.Notes = a.notes(name, left)
	}
	return out
}

// viewed are the rows of docs/kpi.md's metrics by a dimension.
func (a *asked) viewed(w *window, by kpi.Dimension) []kpi.Row {
	rows, _ := a.definitions.View(kpi.View{Currency: a.Currency, By: []kpi.Dimension{by}}, w.totals)
	return rows
}

// notes say what has no rows by value.
func (a *asked) notes(name string, left map[string]int) []string {
	var without, notes []string
	for _, metric := range a.builtIn {
		if m, _ := a.definitions.Find(metric); !slices.Contains(m.Dimensions, cmp.Or(a.by, standIn)) {
			without = append(without, string(metric))
		}
	}
	if len(without) > 0 {
		notes = append(notes, fmt.Sprintf("not counted by %s: %s.", name, strings.Join(without, ", ")))
	}
	for _, metric := range slices.Sorted(maps.Keys(left)) {
		if left[metric] > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d values of %s with the smallest numbers have no row; at most %d of a window have one.", metric, left[metric], name, kpi.MaxMembers))
		}
	}
	if len(a.own) > 0 && a.by != kpi.Whole {
		notes = append(notes, "own metrics are parted by what each step itself says; those of docs/kpi.md count orders and sessions by their session's values.")
	}
	return notes
}
