package sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/trust"
	"waymark/tests/recount"
)

// check compares everything stored with the oracle, and looks for every promise once more; "" when all is well.
func (w *World) check() string {
	if problem := w.checkPromises(); problem != "" {
		return problem
	}
	if problem := w.checkArchive(); problem != "" {
		return problem
	}
	want := memory.NewTable()
	want.Now = w.table.Now
	var oracles []*oracle
	for _, t := range w.tenants {
		o, err := w.expected(t, want)
		if err != nil {
			return err.Error()
		}
		oracles = append(oracles, o)
	}
	if problem := difference(w.table.Dump(), want.Dump()); problem != "" {
		return problem
	}
	for _, o := range oracles {
		if problem := w.checkWindows(o); problem != "" {
			return problem
		}
		if problem := w.checkSteps(o); problem != "" {
			return problem
		}
		if problem := w.checkProfiles(o); problem != "" {
			return problem
		}
	}
	if !w.exported {
		return ""
	}
	return w.checkExports()
}

// checkArchive looks for every good event that was ever queued: a crash leaves doubles in the archive, never a hole.
func (w *World) checkArchive() string {
	for _, envelope := range w.queue.sent {
		accepted, _ := envelope.Open(w.judge(envelope))
		for _, e := range accepted {
			if !w.archived[copyOf{e.Request, e.Index}] {
				return fmt.Sprintf("event %d of request %s is not in the archive", e.Index, e.Request)
			}
		}
	}
	return ""
}

// judge is what process holds the events of an envelope against.
func (w *World) judge(envelope event.Envelope) event.Check {
	for _, t := range tenants {
		if t.Name == envelope.Workspace {
			return trust.Of(t, envelope.Source).Judge()
		}
	}
	return nil
}

// checkWindows compares every window, in what is stored, in its bounds and in the rows that are read. One in which
// something counted once and nothing does now may be stored; it must hold zeros.
func (w *World) checkWindows(o *oracle) string {
	calendar, err := o.Calendar()
	if err != nil {
		return err.Error()
	}
	definitions := w.newest().definitions
	for _, grain := range period.Grains() {
		stored, err := w.table.Windows(background, o.Namespace(), grain, "0", "~")
		if err != nil {
			return err.Error()
		}
		for _, window := range stored {
			key := recount.Key(grain, window.Key)
			want := o.counts[key]
			problem := want.Differs(window.Totals)
			if problem == "" && want != nil {
				problem = elsewhere(calendar, window)
			}
			if problem == "" && want != nil && grain != period.Hour { // rows of hours are made as those of days: many
				problem = differentRow(definitions.Rows(o.Currency, window.Totals), want.Rows())
			}
			if problem != "" {
				return fmt.Sprintf("%s of %s: %s", key, o.Name, problem)
			}
			delete(o.counts, key)
		}
	}
	for key := range o.counts {
		return fmt.Sprintf("%s of %s was not computed", key, o.Name)
	}
	return ""
}

// elsewhere says what is wrong with the bounds of a window; "" when they are those of its key.
func elsewhere(calendar period.Calendar, w kpi.Window) string {
	is, err := calendar.ByKey(w.Grain, w.Key)
	if err == nil && event.At(is.Start) == w.Start && event.At(is.End) == w.End {
		return ""
	}
	return fmt.Sprintf("it goes from %v to %v (%v)", w.Start.Time(), w.End.Time(), err)
}

// checkSteps compares the table of steps.
func (w *World) checkSteps(o *oracle) string {
	days, _ := w.archive.Days(background, o.Namespace()) // never an error
	for _, one := range days {
		day, want := one.Key, o.steps[one.Key]
		delete(o.steps, day)
		var stored []step.Row
		for rows := range w.archive.Steps(background, o.Namespace(), []string{day}, step.AllColumns) {
			stored = append(stored, rows...)
		}
		slices.SortStableFunc(want, func(a, b step.Row) int { return cmp.Compare(a.Person, b.Person) })
		if !reflect.DeepEqual(stored, want) && len(stored)+len(want) > 0 {
			return fmt.Sprintf("the steps of %s on %s are\n   %+v\nwant\n   %+v", o.Name, day, stored, want)
		}
	}
	for day := range o.steps {
		return fmt.Sprintf("there are no steps of %s on %s", o.Name, day)
	}
	return ""
}

// checkProfiles compares what is stored of whoever has touchpoints, and looks for every person in the list of their stage.
func (w *World) checkProfiles(o *oracle) string {
	calendar, err := o.Calendar()
	if err != nil {
		return err.Error()
	}
	clock := ledger.NewClock(calendar)
	ids := slices.Sorted(maps.Keys(o.people))
	profiles, _ := w.table.Profiles(background, o.Namespace(), ids) // never an error
	state, _ := w.table.State(background, o.Namespace())            // never an error
	for i, id := range ids {
		if o.people[id] != id {
			if profiles[i].Root != o.people[id] {
				return fmt.Sprintf("%s of %s was counted under %q, want %s", id, o.Name, profiles[i].Root, o.people[id])
			}
			continue
		}
		got, life := profiles[i], o.lives[id]
		want := ledger.Profile{
			ID: id, Run: got.Run, Version: w.newest().definitions.Version, Zone: slices.Index(state.Zones, o.Clock()),
			Members: got.Members, Connected: got.Connected, History: got.History, Since: got.Since, Channels: got.Channels,
			Sessions: len(life.Sessions), Next: life.Stages.Next, Hours: ledger.Hours(clock, life.Rows),
		}
		addUp(&want, life.Rows)
		if visit, any := life.Stages.Current(); any {
			want.Stage = visit.Stage
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("the profile of %s of %s is\n   %+v\nwant\n   %+v", id, o.Name, got, want)
		}
		if !w.lists(o, got, clock) {
			return fmt.Sprintf("%s of %s is in no list of stage %q", id, o.Name, got.Stage)
		}
	}
	return ""
}

// addUp fills in what a profile says of all rows together.
func addUp(p *ledger.Profile, rows []step.Row) {
	for _, r := range rows {
		if r.Type != "" {
			p.Touchpoints++
		}
		if r.Session > 0 {
			p.LastSeen = r.At
			if p.FirstSeen == 0 {
				p.FirstSeen = r.At
			}
		}
		o := r.Order
		if o == nil {
			continue
		}
		if p.Net == nil {
			p.Net = map[string]money.Sum{}
		}
		amount := money.SumOf(o.Amount)
		switch o.Kind {
		case event.Completed:
			if p.Revenue == nil {
				p.Revenue = map[string]money.Sum{}
			}
			p.Orders++
			p.Revenue[o.Currency] = p.Revenue[o.Currency].Plus(amount)
			fallthrough
		case event.Updated:
			p.Net[o.Currency] = p.Net[o.Currency].Plus(amount)
		default:
			p.Net[o.Currency] = p.Net[o.Currency].Minus(amount)
		}
	}
}

func (w *World) lists(o *oracle, p ledger.Profile, clock *ledger.Clock) bool {
	listings, _, _ := w.table.Listings(background, o.Namespace(), string(p.Stage), "", 1<<30) // never an error
	day := ""
	if p.LastSeen != 0 {
		day = clock.Day(p.LastSeen)
	}
	return slices.ContainsFunc(listings, func(l ledger.Listing) bool { return l.Day == day && slices.Contains(l.Persons, p.ID) })
}

// differentRow shows the first row that differs.
func differentRow(got, want []kpi.Row) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i == len(got):
			return fmt.Sprintf("there is no row %s", text(want[i]))
		case i == len(want):
			return fmt.Sprintf("there is a row too many: %s", text(got[i]))
		case !equal(got[i], want[i]):
			return fmt.Sprintf("row %d\n   got %s\n  want %s", i, text(got[i]), text(want[i]))
		}
	}
	return ""
}

func equal(a, b kpi.Row) bool {
	if (a.Denominator == nil) != (b.Denominator == nil) || a.Denominator != nil && *a.Denominator != *b.Denominator {
		return false
	}
	a.Denominator, b.Denominator = nil, nil
	a.Interval, b.Interval = kpi.Interval{}, kpi.Interval{} // made of the totals, which are compared too
	return a == b
}

func text(r kpi.Row) string {
	out, err := json.Marshal(r)
	if err != nil {
		panic("sim: a row is made of strings and integers: " + err.Error())
	}
	return string(out)
}

// difference shows the first lines in which two dumps differ.
func difference(got, want string) string {
	if got == want {
		return ""
	}
	g, x := strings.Split(got, "\n"), strings.Split(want, "\n")
	inGot, inWant := map[string]bool{}, map[string]bool{}
	for _, line := range g {
		inGot[line] = true
	}
	for _, line := range x {
		inWant[line] = true
	}
	const most = 6
	var out strings.Builder
	out.WriteString("what is stored differs from the oracle:")
	for _, side := range []struct {
		label string
		lines []string
		other map[string]bool
	}{{"stored", g, inWant}, {"should", x, inGot}} {
		only := slices.DeleteFunc(slices.Clone(side.lines), func(line string) bool { return side.other[line] })
		for _, line := range only[:min(len(only), most)] {
			fmt.Fprintf(&out, "\n  %s  %.400s", side.label, line)
		}
		if len(only) > most {
			fmt.Fprintf(&out, "\n  %s  … and %d lines more", side.label, len(only)-most)
		}
	}
	return out.String()
}
