package cost

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"waymark/infra/local/schedule"
	"waymark/infra/local/template"
)

const dayLength = 24 * time.Hour

// daysInMonth is the month of every figure.
const daysInMonth = 30

// plan is what the template's schedules do on one day.
type plan struct {
	frequent []firing // those that fire more than once a day, in order
	rare     []firing // the others: their first firing after the day, which is the one that concerns it
}

// firing is one invocation by a schedule.
type firing struct {
	schedule schedule.Schedule
	due      time.Time
	perDay   *big.Rat // how often the schedule fires, on the average of a year
}

// newPlan reads the schedules of a template for a day that begins at start.
func newPlan(t *template.Template, start time.Time) (plan, error) {
	written, err := t.Schedules()
	if err != nil {
		return plan{}, err
	}
	var p plan
	for _, w := range written {
		expression, err := schedule.Parse(w.Expression, w.TimeZone)
		if err != nil {
			return plan{}, fmt.Errorf("read schedule %s of %s: %w", w.ID, w.Function, err)
		}
		s := schedule.Schedule{
			ID: w.ID, Name: w.Name, Function: w.Function, Expression: expression, Text: w.Expression,
			Input: w.Input,
		}
		end := start.Add(dayLength)
		if due := within(expression, start, end); len(due) > 1 {
			for _, at := range due {
				p.frequent = append(p.frequent, firing{s, at, big.NewRat(int64(len(due)), 1)})
			}
			continue
		}
		year := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) // any year of 365 days
		yearly := within(expression, year.Add(-time.Second), year.AddDate(1, 0, 0).Add(-time.Second))
		if next, found := expression.Next(end); found && len(yearly) > 0 {
			p.rare = append(p.rare, firing{s, next, big.NewRat(int64(len(yearly)), 365)})
		}
	}
	byTime := func(a, b firing) int { return a.due.Compare(b.due) }
	slices.SortStableFunc(p.frequent, byTime)
	slices.SortStableFunc(p.rare, byTime)
	return p, nil
}

// within lists when a schedule is due after from, up to and with to.
func within(e schedule.Expression, from, to time.Time) []time.Time {
	var all []time.Time
	for at, found := e.Next(from); found && !at.After(to); at, found = e.Next(at) {
		all = append(all, at)
	}
	return all
}

// each has one firing of every schedule, in the order of the template as far as they are of one sort.
func (p plan) each() []firing {
	seen := map[string]bool{}
	var all []firing
	for _, f := range slices.Concat(p.frequent, p.rare) {
		if !seen[f.schedule.Name] {
			seen[f.schedule.Name] = true
			all = append(all, f)
		}
	}
	return all
}

// last has the last firing of each frequent schedule.
func (p plan) last() []firing {
	byName := map[string]firing{}
	for _, f := range p.frequent {
		byName[f.schedule.Name] = f
	}
	var all []firing
	for _, f := range p.frequent {
		if byName[f.schedule.Name] == f {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b firing) int { return cmp.Compare(a.schedule.Name, b.schedule.Name) })
	return all
}
