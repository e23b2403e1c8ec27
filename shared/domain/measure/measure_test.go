package measure_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/testing/seed"
)

// counters are all that steps are counted for, and the rows that they count.
var counters = map[measure.Counter]func(step.Row) bool{
	"touchpoints":        func(r step.Row) bool { return r.Type != "" },
	"activities":         func(r step.Row) bool { return r.Session > 0 },
	"sessions":           func(r step.Row) bool { return r.SessionStart },
	"stage_entries":      func(r step.Row) bool { return r.Stage != r.StageBefore },
	"first_steps":        func(r step.Row) bool { return r.FirstEver },
	"orders":             isOf(event.Completed),
	"first_orders":       func(r step.Row) bool { return isOf(event.Completed)(r) && r.Order.Number == 1 },
	"refund_count":       isOf(event.Refunded),
	"cancelled_orders":   isOf(event.Cancelled),
	"order_updates":      isOf(event.Updated),
	"order_events":       func(r step.Row) bool { return r.Order != nil },
	"page_views":         func(r step.Row) bool { return r.Type == event.Page || r.Type == event.Screen },
	"page_sessions":      func(r step.Row) bool { return r.SessionPages > 0 },
	"bounces":            func(r step.Row) bool { return r.SessionPages == 1 },
	"session_pages":      func(r step.Row) bool { return r.SessionPages > 0 },
	"server_touchpoints": func(r step.Row) bool { return r.Type != "" && r.Grade == "server" },
	"server_orders":      func(r step.Row) bool { return r.Order != nil && r.Order.Grade == "server" },
	"session_seconds":    func(r step.Row) bool { return r.SessionSeconds > 0 },
}

// times is how often a row is counted for a counter that counts it.
func times(r step.Row, c measure.Counter) int64 {
	switch c {
	case "session_pages":
		return r.SessionPages
	case "session_seconds":
		return r.SessionSeconds
	}
	return 1
}

// isOfPage says whether a counter is counted by page.
func isOfPage(c measure.Counter) bool {
	return slices.Contains([]measure.Counter{"touchpoints", "activities", "page_views", "server_touchpoints"}, c)
}

func isOf(kind event.OrderKind) func(step.Row) bool {
	return func(r step.Row) bool { return r.Order != nil && r.Order.Kind == kind }
}

// amounts are the sums of money, and by how much each kind of order changes them.
var amounts = map[measure.Amount]map[event.OrderKind]int64{
	measure.Revenue: {event.Completed: 1}, measure.Refunds: {event.Refunded: 1}, measure.Cancellations: {event.Cancelled: 1}, measure.Updates: {event.Updated: 1},
	measure.NetRevenue: {event.Completed: 1, event.Updated: 1, event.Refunded: -1, event.Cancelled: -1},
}

// isOfMoney says whether a counter is one of orders by currency.
func isOfMoney(c measure.Counter) bool {
	return slices.Contains([]measure.Counter{"orders", "refund_count", "cancelled_orders", "order_updates", "order_events", "server_orders"}, c)
}

// everything measures each counter in each way. Measures of persons are new in version 4, as are some dimensions.
func everything(t testing.TB, version int) *measure.Set {
	t.Helper()
	all := []measure.Definition{{Name: "staying", Staying: true, Since: 4}}
	for _, a := range slices.Sorted(maps.Keys(amounts)) {
		all = append(all, measure.Definition{Name: measure.Name(a), Amount: a})
	}
	for _, c := range slices.Sorted(maps.Keys(counters)) {
		name := measure.Name(c)
		all = append(all, measure.Definition{Name: name, Sum: c, Since: 1}, measure.Definition{Name: name + " persons", Persons: c, Since: 4})
		all = append(all, measure.Definition{Name: name + " twice", Persons: c, AtLeast: 2, Since: 4})
		if isOfMoney(c) {
			all = append(all, measure.Definition{Name: name + " paid", Sum: c, PerCurrency: true, Since: 1})
			all = append(all, measure.Definition{Name: name + " paid persons", Persons: c, PerCurrency: true, Since: 4})
		}
	}
	set, err := measure.NewSet(slices.DeleteFunc(all, func(d measure.Definition) bool { return d.Since > version }))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// randomLife is the rows of one person, in time order, with few values, so that groups meet.
func randomLife(r *rand.Rand) []step.Row {
	rows := make([]step.Row, r.IntN(8))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	for i := range rows {
		row := step.Row{
			At: event.Millis(i), Stage: one("", "a", "b"), StageBefore: one("", "a", "b"), Visitor: one("new", "returning"),
			FirstChannel: one("email", "direct"), FirstMonth: "2026-03", OrderMonth: one("", "2026-03", "2026-04"),
		}
		if r.IntN(5) > 0 {
			row.Session = r.IntN(3)
			row.Type, row.Source, row.Channel, row.Country = event.Page, one("web", "till"), one("email", "direct"), one("", "GB", "FR")
			row.Campaign, row.Device, row.SessionStart, row.FirstEver = one("", "spring"), one("mobile", ""), r.IntN(3) == 0, i == 0
			row.SessionChannel, row.SessionCampaign, row.SessionCountry = one("email", "direct"), one("", "spring"), one("", "GB", "FR")
			row.Type = []event.Type{event.Page, event.Screen, event.Track}[r.IntN(3)]
			row.Page, row.Browser, row.OS = one("", "/", "/a"), one("", "Chrome", "Safari"), one("", "Android")
			row.Grade = one("server", "signed", "public")
			row.LandingPage, row.Referrer.Host = one("", "/", "/b"), one("", "a.example")
			if row.SessionStart {
				row.SessionPages, row.SessionSeconds = int64(r.IntN(4)), int64(r.IntN(3)*40)
			}
			if r.IntN(2) == 0 {
				row.Order = &step.Order{Amount: money.Micros(r.IntN(4)), Currency: one("EUR", "GBP"), Number: i}
				row.Order.Kind = []event.OrderKind{event.Completed, event.Completed, event.Updated, event.Cancelled, event.Refunded}[r.IntN(5)]
				row.Order.Origin = step.Origin{
					Channel: one("email", "direct"), Campaign: one("", "spring"), Source: one("web", "till"), Country: one("", "GB", "FR"),
					Device: one("mobile", ""), Stage: one("", "a", "b"), Visitor: one("new", "returning"),
					LandingPage: one("", "/", "/b"), ReferrerHost: one("", "a.example"), Browser: one("", "Chrome"), OS: one("", "Android"), Grade: one("server", "public", ""),
				}
			}
		}
		rows[i] = row
	}
	return rows
}

// number names one number of totals.
type number struct {
	measure.Key
	name measure.Name
}

// apart shows the numbers in which two countings differ.
func apart(got, want map[number]int64) string {
	out := ""
	for k, n := range got {
		if want[k] != n {
			out += fmt.Sprintf("%+v is %d, want %d\n", k, n, want[k])
		}
	}
	for k, n := range want {
		if _, found := got[k]; !found {
			out += fmt.Sprintf("%+v is not there, want %d\n", k, n)
		}
	}
	return out
}

func numbers(t measure.Totals) map[number]int64 {
	out := map[number]int64{}
	for key := range t.Groups {
		for _, name := range t.Names {
			if n, _ := t.Number(key, name).Int64(); n != 0 {
				out[number{key, name}] = n
			}
		}
	}
	return out
}

// recount goes through all rows for each dimension and counts by the words of the definitions.
func recount(lives [][]step.Row) map[number]int64 {
	out := map[number]int64{}
	for _, d := range measure.Dimensions {
		for _, rows := range lives {
			mine := map[number]int64{} // by counter
			isActive := false
			for _, r := range rows {
				isActive = isActive || r.Session > 0
				for c, counts := range counters {
					if !counts(r) || d == measure.ByPage && !isOfPage(c) {
						continue
					}
					key := measure.Key{Dimension: d, Value: valueOf(r, d, c)}
					mine[number{key, measure.Name(c)}] += times(r, c)
					if isOfMoney(c) {
						key.Currency = r.Order.Currency
						mine[number{key, measure.Name(c) + " paid"}]++
						if c != "order_events" {
							continue
						}
						for a, times := range amounts {
							out[number{key, measure.Name(a)}] += times[r.Order.Kind] * int64(r.Order.Amount)
						}
					}
				}
			}
			for k, n := range mine {
				out[k] += n
				out[number{k.Key, k.name + " persons"}]++
				if n > 1 && k.Currency == "" {
					out[number{k.Key, k.name + " twice"}]++
				}
			}
			if isActive && (d == measure.Whole || d == measure.ByStage) {
				stage := cmp.Or(rows[len(rows)-1].Stage, "unknown")
				out[number{measure.Key{Dimension: d, Value: map[bool]string{true: stage}[d == measure.ByStage]}, "staying"}]++
			}
		}
	}
	maps.DeleteFunc(out, func(_ number, n int64) bool { return n == 0 })
	return out
}

// valueOf is what a row says of a dimension: sessions belong to their session's channel, campaign and country, orders to their origin.
func valueOf(r step.Row, d measure.Dimension, c measure.Counter) string {
	if d == measure.Whole {
		return ""
	}
	said := map[measure.Dimension]string{
		"channel": r.Channel, "source": r.Source, "stage": r.Stage, "country": r.Country, "campaign": r.Campaign, "device": r.Device, "visitor": r.Visitor,
		"first_channel": r.FirstChannel, "first_month": r.FirstMonth, "order_month": r.OrderMonth,
		"landing_page": r.LandingPage, "referrer_host": r.Referrer.Host, "browser": r.Browser, "os": r.OS, "grade": r.Grade, "page": r.Page,
	}
	switch {
	case slices.Contains([]measure.Counter{"sessions", "page_sessions", "bounces", "session_pages", "session_seconds"}, c):
		said["channel"], said["campaign"], said["country"] = r.SessionChannel, r.SessionCampaign, r.SessionCountry
	case isOfMoney(c) || c == "first_orders":
		o := r.Order.Origin
		maps.Copy(said, map[measure.Dimension]string{
			"channel": o.Channel, "source": o.Source, "stage": o.Stage, "country": o.Country, "campaign": o.Campaign, "device": o.Device, "visitor": o.Visitor,
			"landing_page": o.LandingPage, "referrer_host": o.ReferrerHost, "browser": o.Browser, "os": o.OS, "grade": o.Grade,
		})
	}
	return cmp.Or(said[d], "unknown")
}

// Totals of any persons, added in any order, with others taken in and out again, are what a count by the words of the definitions says.
func TestTotalsEqualTheRecount(t *testing.T) {
	t.Parallel()
	set := everything(t, 5)
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		lives := make([][]step.Row, 1+r.IntN(5))
		for i := range lives {
			lives[i] = randomLife(r)
		}
		stay := r.IntN(len(lives) + 1) // those behind it go again
		totals, sums := set.Empty(), set.Empty()
		for _, i := range r.Perm(len(lives)) {
			set.Add(totals, measure.Of(lives[i]))
			if i < stay {
				sums = sums.Plus(set.Of(measure.Of(lives[i])))
			}
		}
		for i := range lives[stay:] {
			set.Remove(totals, measure.Of(lives[stay+i]), 5)
		}
		if got, want := numbers(totals), recount(lives[:stay]); !maps.Equal(got, want) || totals.IsZero() != (len(want) == 0) {
			t.Fatalf("totals of %+v:\n%s", lives[:stay], apart(got, want))
		}
		if !totals.Equal(sums) {
			t.Fatalf("the sum of each one's totals is %v, want %v", numbers(sums), numbers(totals))
		}
		gone := set.Empty()
		for _, rows := range lives[:stay] {
			set.Remove(gone, measure.Of(rows), 5)
		}
		if rest := totals.Plus(gone); !rest.IsZero() {
			t.Fatalf("without anybody there is left %v", numbers(rest))
		}
		text, err := json.Marshal(totals)
		other, _ := json.Marshal(sums)
		var read measure.Totals
		if err != nil || json.Unmarshal(text, &read) != nil || !read.Equal(totals) || !bytes.Equal(text, other) {
			t.Fatalf("read back %v of %s, and equal totals are written %s", read, text, other)
		}
	})
}

// The facts of any stretches of time that follow each other merge into those of the whole time, and survive being stored.
func TestMergeOfAnySplit(t *testing.T) {
	t.Parallel()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		rows := randomLife(r)
		want := measure.Of(rows)
		var parts []measure.Facts
		for rest := rows; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			text, err := json.Marshal(measure.Of(rest[:n]))
			var part measure.Facts
			if err != nil || json.Unmarshal(text, &part) != nil || !part.Equal(measure.Of(rest[:n])) {
				t.Fatalf("read back %+v of %s", part, text)
			}
			parts, rest = append(parts, part), rest[n:]
		}
		for len(parts) > 1 { // join any two neighbours until one is left: any bracketing
			i := r.IntN(len(parts) - 1)
			parts = slices.Replace(parts, i, i+2, measure.Merge(parts[i], parts[i+1]))
		}
		if len(parts) == 1 && !parts[0].Equal(want) {
			t.Fatalf("parts of %+v\n got %+v\nwant %+v", rows, parts[0], want)
		}
	})
}

// Persons who were counted under earlier definitions are taken out as those counted them, so that windows become those of the newer ones person by person.
func TestNewerDefinitions(t *testing.T) {
	t.Parallel()
	before, now := everything(t, 1), everything(t, 5)
	seed.Each(t, 300, func(t *testing.T, r *rand.Rand) {
		stored, want := before.Empty(), now.Empty()
		facts := make([]measure.Facts, 1+r.IntN(5))
		for i := range facts {
			facts[i] = measure.Of(randomLife(r))
			before.Add(stored, facts[i])
			now.Add(want, facts[i])
		}
		maps.DeleteFunc(stored.Groups, func(k measure.Key, _ []wide.Int) bool { return k.Dimension.Since() > 1 }) // version 1 did not know them
		for _, f := range facts {
			change := now.Empty()
			now.Remove(change, f, 1)
			now.Add(change, f)
			stored = stored.Plus(change)
		}
		if !stored.Equal(want) {
			t.Fatalf("counted anew one by one\n%s", apart(numbers(stored), numbers(want)))
		}
	})
}

func TestNewSetRefuses(t *testing.T) {
	t.Parallel()
	for text, definitions := range map[string][]measure.Definition{
		`measure 1 is named "", which is empty or taken`:          {{Sum: "orders"}},
		`measure 2 is named "a", which is empty or taken`:         {{Name: "a", Sum: "orders"}, {Name: "a", Staying: true}},
		`measure a counts "clicks", which no step is counted for`: {{Name: "a", Persons: "clicks"}},
		`measure a says neither what it sums nor whom it counts`:  {{Name: "a"}},
		`measure b says neither what it sums nor whom it counts`:  {{Name: "b", Amount: "tax"}},
	} {
		if _, err := measure.NewSet(definitions); err == nil || err.Error() != "bad_measure: "+text {
			t.Errorf("NewSet(%+v) = %v, want %s", definitions, err, text)
		}
	}
}

func TestSetKnowsItsMeasures(t *testing.T) {
	t.Parallel()
	set, err := measure.NewSet([]measure.Definition{{Name: "a", Sum: "orders"}, {Name: "b", Persons: "orders", PerCurrency: true}, {Name: "c", Staying: true}})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, name := range append(set.Names(), "d") {
		perCurrency, found := set.Has(name)
		got += fmt.Sprintf("%s %d %v %v", name, set.Place(name), perCurrency, found)
		if found {
			got += fmt.Sprint(" ", set.IsOfPersons(set.Place(name)))
		}
		got += "; "
	}
	if want := "a 0 false true false; b 1 true true true; c 2 false true true; d -1 false false; "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var totals measure.Totals
	if err := json.Unmarshal([]byte(`{"m":["a","b"],"g":[{"n":[1,2,3]}]}`), &totals); fault.CodeOf(err) != "bad_totals" {
		t.Errorf("reading a group with a number too many: %v, want bad_totals", err)
	}
}
