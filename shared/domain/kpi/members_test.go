package kpi_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/testing/seed"
)

// visit is a person who saw one page, and bought for an amount where it is not 0.
func visit(grade, channel, country, campaign string, amount money.Micros, currency string) []step.Row {
	row := page(channel, "web", country, "awareness")
	row.Grade, row.Campaign, row.SessionCampaign = grade, campaign, campaign
	if amount != 0 {
		row = order(row, 1, currency, amount, event.Completed)
	}
	return []step.Row{row}
}

// membersShown are the values of a dimension that have rows, in the order of rows.
func membersShown(rows []kpi.Row, of kpi.Dimension) []string {
	var out []string
	for _, r := range rows {
		if r.Dimension == of && r.Metric == "touchpoints" {
			out = append(out, r.Value)
		}
	}
	return out
}

// choice is some persons, and which of their values in a dimension have rows when there is room for two.
type choice struct {
	of     kpi.Dimension
	plan   string // value that a plan lists
	lives  [][]step.Row
	shown  []string
	folded kpi.Folded
}

// choices has each rule of docs/kpi.md before the next.
func choices() map[string]choice {
	public := func(campaign string, amount money.Micros) []step.Row {
		return visit("public", "email", "", campaign, amount, "EUR")
	}
	return map[string]choice{
		"declared before what a server tells of": {
			measure.ByChannel, "",
			[][]step.Row{
				visit("server", "aaa", "", "", 9, "EUR"), visit("public", "zzz", "", "", 9, "EUR"),
				visit("public", "email", "", "", 0, ""), visit("public", "sms", "", "", 0, ""),
			},
			[]string{"(other)", "email", "sms"},
			kpi.Folded{Dimension: measure.ByChannel, Members: 2, Persons: 2, Orders: 2, Revenue: []kpi.Revenue{{Currency: "EUR", Amount: wide.Of(18)}}},
		},
		"countries of ISO 3166-1 are declared, and so is what is not known": {
			measure.ByCountry, "",
			[][]step.Row{visit("server", "email", "AA", "", 9, "EUR"), visit("public", "email", "FR", "", 0, ""), visit("public", "email", "", "", 0, "")},
			[]string{"FR", "(other)", "unknown"},
			kpi.Folded{Dimension: measure.ByCountry, Members: 1, Persons: 1, Orders: 1, Revenue: []kpi.Revenue{{Currency: "EUR", Amount: wide.Of(9)}}},
		},
		"told of by a server before revenue": {
			measure.ByCampaign, "",
			[][]step.Row{public("a", 900), public("b", 0), visit("server", "email", "", "z", 0, ""), visit("signed", "email", "", "y", 0, "")},
			[]string{"(other)", "a", "z"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 2, Persons: 2},
		},
		"an order that a server tells of counts for its session's campaign": {
			measure.ByCampaign, "",
			[][]step.Row{public("a", 900), public("b", 800), func() []step.Row {
				rows := visit("public", "email", "", "z", 1, "EUR")
				rows[0].Order.Grade = "server"
				return rows
			}()},
			[]string{"(other)", "a", "z"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 1, Persons: 1, Orders: 1, Revenue: []kpi.Revenue{{Currency: "EUR", Amount: wide.Of(800)}}},
		},
		"revenue before persons, that in the workspace's own currency before any other": {
			measure.ByCampaign, "",
			[][]step.Row{public("a", 0), public("a", 0), public("b", 5), visit("public", "email", "", "c", 900, "AUD"), visit("public", "email", "", "d", 800, "AUD")},
			[]string{"(other)", "b", "c"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 2, Persons: 3, Orders: 1, Revenue: []kpi.Revenue{{Currency: "AUD", Amount: wide.Of(800)}}},
		},
		"revenue of several currencies one after the other": {
			measure.ByCampaign, "",
			[][]step.Row{
				visit("public", "email", "", "a", 950, "AUD"), public("b", 4), visit("public", "email", "", "b", 900, "AUD"), public("c", 5),
				visit("public", "email", "", "c", 1, "AUD"), public("d", 5), visit("public", "email", "", "d", 2, "AUD"), public("e", 5),
			},
			[]string{"(other)", "c", "d"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 3, Persons: 4, Orders: 4, Revenue: []kpi.Revenue{
				{Currency: "AUD", Amount: wide.Of(1850)}, {Currency: "EUR", Amount: wide.Of(9)},
			}},
		},
		"persons before names": {
			measure.ByCampaign, "",
			[][]step.Row{public("a", 0), public("b", 0), public("c", 0), public("c", 0)},
			[]string{"(other)", "a", "c"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 1, Persons: 1},
		},
		"what calls itself (other) is one of them": {
			measure.ByCampaign, "",
			[][]step.Row{visit("server", "email", "", kpi.Other, 900, "EUR"), public("b", 0), public("c", 0)},
			[]string{"(other)", "b", "c"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 1, Persons: 1, Orders: 1, Revenue: []kpi.Revenue{{Currency: "EUR", Amount: wide.Of(900)}}},
		},
		"declared by a tracking plan": {
			measure.ByCampaign, "c",
			[][]step.Row{visit("server", "email", "", "a", 900, "EUR"), public("b", 5), public("c", 0)},
			[]string{"(other)", "a", "c"},
			kpi.Folded{Dimension: measure.ByCampaign, Members: 1, Persons: 1, Orders: 1, Revenue: []kpi.Revenue{{Currency: "EUR", Amount: wide.Of(5)}}},
		},
		"as many as there is room for": {measure.ByCampaign, "", [][]step.Row{public("a", 0), public("b", 0)}, []string{"a", "b"}, kpi.Folded{}},
	}
}

// Of four values two keep a row: by what they are, in the order of docs/kpi.md.
func TestWhichValuesHaveRows(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	for name, c := range choices() {
		rows, folded := d.View(kpi.View{Currency: "EUR", By: []kpi.Dimension{c.of}, Members: 2, Declared: func(of kpi.Dimension, value string) bool {
			return of == c.of && value == c.plan && value != ""
		}}, totals(d, c.lives...))
		slices.Sort(c.shown)
		var want []kpi.Folded
		if c.folded.Members > 0 {
			want = []kpi.Folded{c.folded}
		}
		if got := membersShown(rows, c.of); !slices.Equal(got, c.shown) || !reflect.DeepEqual(folded, want) {
			t.Errorf("%s: %q have rows, want %q; folded is %+v, want %+v", name, got, c.shown, folded, want)
		}
		for _, r := range rows {
			if r.Dimension != c.of || r.Value == kpi.Other && r.Unit == string(kpi.UnitPersons) && r.Metric != "new_persons" && r.Metric != "new_buyers" {
				t.Errorf("%s: there is the row %+v", name, r)
			}
		}
	}
}

// Of currencies three have rows, in every dimension the same. The orders of the others are in all rows that know no currency.
func TestWhichCurrenciesHaveRows(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	var lives [][]step.Row
	for _, currency := range []string{"AAA", "BBB", "USD", "GBP", "CHF"} {
		lives = append(lives, visit("public", "email", "", "", 900, currency))
	}
	lives[2] = slices.Repeat(lives[2], 3) // one person, three orders
	lives = append(lives, visit("server", "sms", "", "", 1, "CHF"), visit("server", "sms", "", "", 1, "BBB"))
	for most, want := range map[int]string{
		1: "EUR folded 5 of 9 orders, 7 persons", 2: "CHF EUR folded 4 of 7 orders, 5 persons", 3: "CHF EUR USD folded 3 of 4 orders, 4 persons",
		4: "CHF EUR GBP USD folded 2 of 3 orders, 3 persons", 5: "BBB CHF EUR GBP USD folded 1 of 1 orders, 1 persons", 6: "AAA BBB CHF EUR GBP USD",
	} {
		rows, folded := d.View(kpi.View{Currency: "EUR", Currencies: most}, totals(d, lives...))
		var got []string
		for _, r := range rows {
			if r.Metric == "revenue" && r.Dimension == kpi.Whole {
				got = append(got, r.Unit)
			}
			if r.IsMoney() && !strings.Contains(want, r.Unit) {
				t.Errorf("of %d currencies there is the row %+v", most, r)
			}
		}
		text := strings.Join(got, " ")
		for _, f := range folded {
			text += fmt.Sprintf(" folded %d of %d orders, %d persons", f.Members, f.Orders, f.Persons)
			if f.Dimension != kpi.ByCurrency || f.Revenue != nil {
				t.Errorf("folded is %+v", f)
			}
		}
		if text != want {
			t.Errorf("of %d currencies %q, want %q", most, text, want)
		}
		if got := lines(rows, measure.ByChannel); !slices.Contains(got, "orders email: 7 count (7)") || !slices.Contains(got, "orders sms: 2 count (2)") {
			t.Errorf("of %d currencies the orders are %q", most, got)
		}
	}
}

// One value is shown as it is, whether or not it would have a row among all.
func TestOnlyOneValue(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	var lives [][]step.Row
	for _, campaign := range []string{"a", "b", "c"} {
		lives = append(lives, visit("public", "email", "", campaign, 5, "EUR"))
	}
	view := kpi.View{Currency: "EUR", By: []kpi.Dimension{measure.ByCampaign}, Members: 1}
	for only, want := range map[string]string{"c": "touchpoints c: 1 count (1)", "(other)": "touchpoints (other): 2 count (2)", "x": ""} {
		view.Only = only
		rows, folded := d.View(view, totals(d, lives...))
		if got := append(lines(rows, measure.ByCampaign), ""); got[0] != want || (len(folded) > 0) != (only == kpi.Other) {
			t.Errorf("only %s: %q, folded %+v, want %q", only, got, folded, want)
		}
	}
}

// Which values have rows is the same for any order in which persons come, however often they are taken out and put in again, also when they come
// to windows by parts.
func TestRowsNeverDependOnArrival(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	seed.Each(t, 300, func(t *testing.T, r *rand.Rand) {
		one := func(of ...string) string { return of[r.IntN(len(of))] }
		life := func() []step.Row {
			grade := one("public", "public", "public", "signed", "server")
			rows := visit(grade, one("email", "sms", "x", "y"), one("", "GB", "FR", "AA"), one("a", "b", "c", "d", "e", "(other)"), money.Micros(r.IntN(3)), one("EUR", "USD", "AAA", "BBB"))
			if rows[0].Page = one("", "/", "/a", "/b"); r.IntN(3) == 0 && rows[0].Order != nil {
				rows[0].Order.Grade = one("public", "server")
			}
			return rows
		}
		lives, guests := make([][]step.Row, 1+r.IntN(12)), make([][]step.Row, r.IntN(6))
		for _, all := range [][][]step.Row{lives, guests} {
			for i := range all {
				all[i] = life()
			}
		}
		view := kpi.View{Currency: "EUR", Members: 1 + r.IntN(3), Currencies: 1 + r.IntN(3)}
		rows, folded := d.View(view, totals(d, lives...))
		stored := d.Set().Empty()
		stay, leave := r.Perm(len(lives)), r.Perm(len(guests))
		for len(stay)+len(leave) > 0 || r.IntN(2) == 0 {
			change := d.Set().Empty() // of one settle
			for range 1 + r.IntN(4) {
				switch {
				case len(stay) > 0 && r.IntN(2) == 0:
					d.Set().Add(change, measure.Of(lives[stay[0]]))
					stay = stay[1:]
				case len(leave) > 0:
					d.Set().Add(change, measure.Of(guests[leave[0]]))
					stored = stored.Plus(change)
					change = d.Set().Empty()
					d.Set().Remove(change, measure.Of(guests[leave[0]]), d.Version)
					leave = leave[1:]
				}
			}
			stored = stored.Plus(change)
		}
		gotRows, gotFolded := d.View(view, stored)
		if !reflect.DeepEqual(gotRows, rows) || !reflect.DeepEqual(gotFolded, folded) {
			t.Fatalf("%d values and %d currencies of %+v\n got %+v %+v\nwant %+v %+v", view.Members, view.Currencies, lives, gotRows, gotFolded, rows, folded)
		}
		// The parts of a dimension add up to the whole, whatever is folded.
		for _, dimension := range []kpi.Dimension{measure.ByCampaign, measure.ByChannel, measure.ByPage} {
			var whole, parts int64
			for _, row := range rows {
				n, _ := row.Numerator.Int64()
				switch {
				case row.Metric != "touchpoints":
				case row.Dimension == kpi.Whole:
					whole += n
				case row.Dimension == dimension:
					parts += n
				}
			}
			if whole != parts || whole != int64(len(lives)) {
				t.Fatalf("touchpoints by %s add up to %d, want %d", dimension, parts, whole)
			}
		}
	})
}
