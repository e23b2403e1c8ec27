package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

// PersonWanted is whose an identifier is: the root, and when Others is not nil exactly these others.
type PersonWanted struct {
	ID     event.Identifier
	Root   event.Identifier
	Others []event.Identifier
}

// StageWanted is the stages that a person passed, all of them, or when History is nil the one they are in.
type StageWanted struct {
	ID      event.Identifier
	Current string
	History []string // "stage 2026-03-01 09:00", the time as precise as it was written
}

// ProfileWanted is facts of a person, by name as in "touchpoints" or "channel paid_social".
type ProfileWanted struct {
	ID    event.Identifier
	Facts []Fact
}

// KPIWanted is numbers of one window, for the whole or for one value of a dimension.
type KPIWanted struct {
	Window period.Window
	By     kpi.Dimension
	Value  string
	Facts  []Fact
}

// Fact is a name and what it should be.
type Fact struct{ Name, Want string }

// check compares a system's answers with what is wanted.
type check struct {
	system   System
	now      time.Time
	location *time.Location
}

func (c check) expect(ctx context.Context, e Expectation) []string {
	if e.KPI != nil {
		return c.kpis(ctx, *e.KPI)
	}
	var id event.Identifier
	switch {
	case e.Person != nil:
		id = e.Person.ID
	case e.Stage != nil:
		id = e.Stage.ID
	case e.Profile != nil:
		id = e.Profile.ID
	}
	p, err := c.system.Person(ctx, id)
	if err != nil {
		return []string{fmt.Sprintf("person of %s: %v", id, err)}
	}
	p.Visits = slices.DeleteFunc(p.Visits, func(v Visit) bool { return v.Entered.After(c.now) })
	switch {
	case e.Person != nil:
		return person(p, *e.Person)
	case e.Stage != nil:
		return c.stage(p, *e.Stage)
	}
	return c.profile(p, *e.Profile)
}

func person(p Person, want PersonWanted) []string {
	if p.Root != want.Root {
		return []string{fmt.Sprintf("%s belongs to %s, want %s", want.ID, p.Root, want.Root)}
	}
	if want.Others == nil {
		return nil
	}
	got := slices.DeleteFunc(slices.Clone(p.Identifiers), func(id event.Identifier) bool { return id == p.Root })
	slices.Sort(got)
	wanted := slices.Sorted(slices.Values(want.Others))
	if !slices.Equal(got, wanted) {
		return []string{fmt.Sprintf("%s has the identifiers %v, want %v", p.Root, got, wanted)}
	}
	return nil
}

func (c check) stage(p Person, want StageWanted) []string {
	if want.History == nil {
		current := "none"
		if n := len(p.Visits); n > 0 {
			current = p.Visits[n-1].Stage
		}
		if current != want.Current {
			return []string{fmt.Sprintf("stage of %s is %s, want %s", want.ID, current, want.Current)}
		}
		return nil
	}
	var got []string
	for i, v := range p.Visits {
		layout := minuteLayout
		if i < len(want.History) {
			layout = layoutOf(want.History[i])
		}
		got = append(got, v.Stage+" "+v.Entered.In(c.location).Format(layout))
	}
	if !slices.Equal(got, want.History) {
		return []string{fmt.Sprintf("stages of %s are\n\t%s\n   want\n\t%s", want.ID, strings.Join(got, ", "), strings.Join(want.History, ", "))}
	}
	return nil
}

// layoutOf is how precisely a wanted time is written.
func layoutOf(text string) string {
	_, clock, _ := strings.Cut(text, " ")
	if strings.Count(clock, ":") == 2 {
		return secondLayout
	}
	return minuteLayout
}

func (c check) profile(p Person, want ProfileWanted) []string {
	var problems []string
	for _, f := range want.Facts {
		if got := c.fact(p, f); got != f.Want {
			problems = append(problems, fmt.Sprintf("%s of %s is %s, want %s", f.Name, want.ID, got, f.Want))
		}
	}
	return problems
}

func (c check) fact(p Person, f Fact) string {
	name, detail, _ := strings.Cut(f.Name, " ")
	switch name {
	case "touchpoints":
		return strconv.Itoa(p.Touchpoints)
	case "orders":
		return strconv.Itoa(p.Orders)
	case "channel":
		return strconv.Itoa(p.Channels[detail])
	case "trait":
		return p.Traits[detail]
	case "first_seen":
		return p.FirstSeen.In(c.location).Format(layoutOf("x " + f.Want))
	case "last_seen":
		return p.LastSeen.In(c.location).Format(layoutOf("x " + f.Want))
	case "revenue":
		_, currency, _ := strings.Cut(f.Want, " ")
		if amount, found := p.Revenue[currency]; found {
			return amount + " " + currency
		}
		return "0.00 " + currency
	}
	return "not a fact of a profile"
}

func (c check) kpis(ctx context.Context, want KPIWanted) []string {
	where := fmt.Sprintf("%s %s", want.Window.Grain, want.Window.Key)
	if want.By != kpi.Whole {
		where += fmt.Sprintf(" by %s %s", want.By, want.Value)
	}
	rows, err := c.system.KPIs(ctx, want.Window, want.By)
	if err != nil {
		return []string{fmt.Sprintf("KPIs of %s: %v", where, err)}
	}
	var problems []string
	for _, f := range want.Facts {
		if got := numberIn(rows, want, f); got != f.Want {
			problems = append(problems, fmt.Sprintf("%s of %s is %s, want %s", f.Name, where, got, f.Want))
		}
	}
	return problems
}

// numberIn writes a metric's number as the expectation does: 3, 25.00 GBP, 1/2, none. A row that is not there counts as 0.
func numberIn(rows []kpi.Row, want KPIWanted, f Fact) string {
	metric, _ := metricOf(f.Name)
	unit := string(metric.Unit)
	suffix := ""
	if metric.Unit == kpi.UnitCurrency {
		_, unit, _ = strings.Cut(f.Want, " ")
		suffix = " " + unit
	}
	row := kpi.Row{Unit: unit}
	if metric.Denominator != "" {
		row.Denominator = new(int64)
	}
	for _, r := range rows {
		if r.Metric == metric.Name && r.Dimension == want.By && r.Value == want.Value && r.Unit == unit {
			row = r
		}
	}
	switch {
	case row.Denominator != nil && *row.Denominator == 0:
		return "none" + suffix
	case metric.Unit == kpi.UnitRatio:
		return fmt.Sprintf("%s/%d", row.Numerator, *row.Denominator)
	case row.Denominator != nil:
		return money.Sum{Wide: row.Numerator}.Ratio(*row.Denominator).String() + suffix
	case metric.Unit == kpi.UnitCurrency:
		return money.Sum{Wide: row.Numerator}.String() + suffix
	}
	return row.Numerator.String()
}
