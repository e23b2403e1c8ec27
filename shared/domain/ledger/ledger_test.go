package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

func calendar(t testing.TB, zone string) period.Calendar {
	t.Helper()
	c, err := period.New(zone, time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sets are the measures of two versions of the definitions.
func sets(t testing.TB) [2]*measure.Set {
	t.Helper()
	all := []measure.Definition{
		{Name: "touchpoints", Sum: "touchpoints", Since: 1},
		{Name: "staying", Staying: true, Since: 1},
		{Name: "revenue", Amount: measure.Revenue, Since: 1},
		{Name: "active", Persons: "touchpoints", Since: 6},
	}
	older, err := measure.NewSet(all[:3])
	if err != nil {
		t.Fatal(err)
	}
	newer, err := measure.NewSet(all)
	if err != nil {
		t.Fatal(err)
	}
	return [2]*measure.Set{older, newer}
}

// randomRows are the life of a person around a change of London's clock.
func randomRows(r *rand.Rand) []step.Row {
	rows := make([]step.Row, r.IntN(8))
	start := event.At(time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC))
	for i := range rows {
		rows[i] = step.Row{
			At: start + event.Millis(r.IntN(16))*1_800_000 + event.Millis(r.IntN(2))*1_000_000_000, Stage: []string{"a", "b"}[r.IntN(2)],
			Channel: []string{"email", "direct"}[r.IntN(2)], Type: []event.Type{event.Page, event.Page, ""}[r.IntN(3)],
		}
		if r.IntN(3) == 0 {
			rows[i].Order = &step.Order{Currency: "EUR", Amount: 5}
		}
	}
	slices.SortStableFunc(rows, func(a, b step.Row) int { return int(a.At - b.At) })
	return rows
}

// Windows that are changed by one counting of a person after the other, also under newer definitions and in other
// zones, become what is counted of all rows of each window.
func TestChangesMakeTheWindows(t *testing.T) {
	t.Parallel()
	byVersion := sets(t)
	seed.Each(t, 250, func(t *testing.T, r *rand.Rand) {
		zone, zones := calendar(t, "UTC"), []string{"UTC", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe"}
		clock, windows := ledger.NewClock(zone), map[ledger.Window]measure.Totals{}
		var lives [3][]step.Row
		var counted [3]ledger.Count
		current := 5 // the first version in which all dimensions are counted
		for p := range counted {
			counted[p].Clock = clock
		}
		runs := 1 + r.IntN(6)
		for run := range runs {
			if r.IntN(3) == 0 || run == runs-1 {
				current = 6
			}
			if r.IntN(3) == 0 {
				zone = calendar(t, zones[r.IntN(len(zones))])
				clock = ledger.NewClock(zone)
			}
			changes := ledger.NewChanges(byVersion[current-5], clock)
			for p := range lives {
				if r.IntN(2) == 0 {
					lives[p] = randomRows(r)
				} else if run < runs-1 { // in the last run everybody is counted
					continue
				}
				now := ledger.Hours(clock, lives[p])
				changes.Person(counted[p], now, current)
				counted[p] = ledger.Count{Hours: now, Clock: clock, Version: current}
			}
			for _, c := range changes.List() {
				for before, totals := range windows { // of its key, with the bounds of another zone
					if before.Grain == c.Grain && before.Key == c.Key && before != c.Window {
						delete(windows, before)
						windows[c.Window] = totals
					}
				}
				if windows[c.Window] = windows[c.Window].Plus(c.By); windows[c.Window].IsZero() {
					delete(windows, c.Window)
				}
			}
		}
		for name, totals := range windows { // one in which the newer measures are 0 was not changed by them
			windows[name] = totals.Plus(byVersion[1].Empty())
		}
		want := map[ledger.Window]measure.Totals{}
		for _, rows := range lives {
			for _, g := range period.Grains() {
				for rest := rows; len(rest) > 0; {
					w := zone.At(g, rest[0].At.Time())
					name := ledger.Window{Grain: g, Key: w.Key, Start: event.At(w.Start), End: event.At(w.End)}
					if _, found := want[name]; !found {
						want[name] = byVersion[1].Empty()
					}
					in := step.Between(rest, name.Start, name.End)
					byVersion[1].Add(want[name], measure.Of(in))
					rest = rest[len(in):]
				}
			}
		}
		maps.DeleteFunc(want, func(_ ledger.Window, t measure.Totals) bool { return t.IsZero() })
		if !maps.EqualFunc(windows, want, measure.Totals.Equal) {
			t.Fatalf("of %+v\n got %+v\nwant %+v", lives, windows, want)
		}
	})
}

// A change is listed by grain, then time, and not at all when it comes to nothing.
func TestChangesAreListedInOrder(t *testing.T) {
	t.Parallel()
	clock := ledger.NewClock(calendar(t, "Europe/London"))
	noon := event.At(time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC))
	page := func(at event.Millis, source string) []step.Row {
		return []step.Row{{Session: 1, At: at, Type: event.Page, Stage: "a", Source: source}}
	}
	changes := ledger.NewChanges(sets(t)[0], clock)
	was := func(rows []step.Row) ledger.Count {
		return ledger.Count{Hours: ledger.Hours(clock, rows), Clock: clock, Version: 5}
	}
	changes.Person(was(page(noon, "web")), ledger.Hours(clock, page(noon+86_400_000, "web")), 5)
	changes.Person(was(page(noon, "till")), ledger.Hours(clock, page(noon+60_000, "till")), 5) // a minute later
	before := was(page(noon-86_400_000, "web"))
	changes.Person(before, nil, 5)
	changes.Person(was(nil), before.Hours, 5) // another one in their place
	var got []string
	for _, c := range changes.List() {
		got = append(got, fmt.Sprint(c.Grain, " ", c.Key, " ", c.By.Number(measure.Key{}, "touchpoints")))
	}
	want := []string{"hour 2026-10-25T12:00:00Z -1", "hour 2026-10-26T12:00:00Z 1", "day 2026-10-25 -1", "day 2026-10-26 1", "week 2026-10-19 -1", "week 2026-10-26 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// The digest of an hour covers every column of its rows but the person's.
func TestEveryColumnIsAChange(t *testing.T) {
	t.Parallel()
	clock := ledger.NewClock(calendar(t, "UTC"))
	whole := step.Row{At: 3_600_000, Order: &step.Order{}}
	differs := func(name string, changed step.Row) {
		want := []event.Millis{3_600_000}
		if got := ledger.Changed(ledger.Hours(clock, []step.Row{whole}), ledger.Hours(clock, []step.Row{changed})); !slices.Equal(got, want) {
			t.Errorf("another %s changes the hours %v, want %v", name, got, want)
		}
	}
	other := func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			v.SetInt(v.Int() + 1)
		}
	}
	for i := range reflect.TypeFor[step.Row]().NumField() {
		changed := whole
		name := reflect.TypeFor[step.Row]().Field(i).Name
		switch field := reflect.ValueOf(&changed).Elem().Field(i); name {
		case "Person":
			continue
		case "Order":
			field.SetZero()
		case "Referrer":
			for k := range field.NumField() {
				changed = whole
				other(field.Field(k))
				differs(name+"."+field.Type().Field(k).Name, changed)
			}
			continue
		default:
			other(field)
		}
		differs(name, changed)
	}
	for i := range reflect.TypeFor[step.Order]().NumField() {
		if reflect.TypeFor[step.Order]().Field(i).Name == "Origin" {
			continue
		}
		changed, order := whole, step.Order{}
		other(reflect.ValueOf(&order).Elem().Field(i))
		changed.Order = &order
		differs("Order."+reflect.TypeFor[step.Order]().Field(i).Name, changed)
	}
	for i := range reflect.TypeFor[step.Origin]().NumField() {
		changed, order := whole, *whole.Order
		other(reflect.ValueOf(&order.Origin).Elem().Field(i))
		changed.Order = &order
		differs("Origin."+reflect.TypeFor[step.Origin]().Field(i).Name, changed)
	}
	differs("number of rows", step.Row{At: 3_600_000})
}

func TestChangedHours(t *testing.T) {
	t.Parallel()
	hour := func(start event.Millis, digest uint64) ledger.Hour { return ledger.Hour{Start: start, Digest: digest} }
	before := []ledger.Hour{hour(1, 1), hour(2, 1), hour(3, 1), hour(6, 1)}
	now := []ledger.Hour{hour(0, 1), hour(2, 2), hour(3, 1), hour(4, 1)}
	if got, want := ledger.Changed(before, now), []event.Millis{0, 1, 2, 4, 6}; !slices.Equal(got, want) {
		t.Errorf("Changed = %v, want %v", got, want)
	}
}

// Days are those of the workspace's zone: that on which the clock changes has 25 hours, and Monrovia was 44 minutes and a half behind UTC until 1972.
func TestClock(t *testing.T) {
	t.Parallel()
	clock := ledger.NewClock(calendar(t, "Europe/London"))
	at := func(text string) event.Millis {
		out, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return event.At(out)
	}
	for range 2 { // the second time from what it remembers
		start, end := clock.DaySpan(clock.Day(at("2026-10-25T00:30:00Z")))
		if start != at("2026-10-24T23:00:00Z") || end != at("2026-10-26T00:00:00Z") {
			t.Errorf("DaySpan = %v to %v", start.Time(), end.Time())
		}
		if day, month := clock.Day(at("2026-09-30T23:59:00Z")), clock.Month(at("2026-09-30T23:59:00Z")); day != "2026-10-01" || month != "2026-10" {
			t.Errorf("day %s of month %s, want 2026-10-01 of 2026-10", day, month)
		}
	}
	clock = ledger.NewClock(calendar(t, "Africa/Monrovia"))
	if before, after := clock.Day(at("1971-01-02T00:44:29Z")), clock.Day(at("1971-01-02T00:44:30Z")); before != "1971-01-01" || after != "1971-01-02" {
		t.Errorf("the days are %s and %s", before, after)
	}
}

// Persons who come from several clocks leave one window of a key that this clock does not have, so that it is written once.
func TestWindowsOfSeveralClocks(t *testing.T) {
	t.Parallel()
	rows := []step.Row{{Session: 1, At: event.At(time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)), Type: event.Page, Stage: "a"}}
	sundays, err := period.New("Asia/Kolkata", time.Sunday)
	if err != nil {
		t.Fatal(err)
	}
	set, now := sets(t)[1], ledger.NewClock(sundays)
	changes := ledger.NewChanges(set, now)
	for _, zone := range []string{"Asia/Kolkata", "Europe/London", "America/New_York"} {
		was := ledger.NewClock(calendar(t, zone))
		changes.Person(ledger.Count{Hours: ledger.Hours(was, rows), Clock: was, Version: 5}, ledger.Hours(now, rows), 5)
	}
	var got []string
	for _, c := range changes.List() {
		if c.Grain == period.Week {
			got = append(got, fmt.Sprint(c.Key, " ", c.By.Number(measure.Key{}, "touchpoints")))
		}
	}
	if want := []string{"2026-11-15 3", "2026-11-16 -3"}; !slices.Equal(got, want) {
		t.Errorf("the weeks change by %q, want %q", got, want)
	}
}
