package quality_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/quality"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
)

// grades are those of what the sources of this world send.
var grades = map[string]string{"web": "server", "till": "public"}

// partsOf are shares of touchpoints, by source and grade.
func partsOf(touchpoints map[[2]string]int) []quality.Part {
	whole := 0
	for _, n := range touchpoints {
		whole += n
	}
	parts := []quality.Part{}
	for _, of := range slices.SortedFunc(maps.Keys(touchpoints), func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) }) {
		n := touchpoints[of]
		parts = append(parts, quality.Part{
			Source: of[0], Grade: of[1], Touchpoints: n, TouchpointsShare: quality.Share((20_000*n + whole) / (2 * whole)), Revenue: []quality.Amount{},
		})
	}
	return parts
}

// word is one event that claims something: an order, or that identifiers belong to a user.
type word struct {
	id, source string
	by         string // identifier that it is kept under
	at         time.Time
	received   []time.Time // of each delivery
	order      string      // "" of an identify
	cents      int64
	currency   string
	others     []string // identifiers that it gives to a user
}

// raw is the event as it is sent.
func (x word) raw() string {
	fields := map[string]any{"messageId": x.id, "timestamp": x.at.Format(time.RFC3339), "type": "identify"}
	if x.order != "" {
		fields["type"], fields["event"] = "track", "Order Completed"
		fields["properties"] = map[string]any{"order_id": x.order, "revenue": fmt.Sprintf("%d.%02d", x.cents/100, x.cents%100), "currency": x.currency}
	}
	for _, id := range append(slices.Clone(x.others), x.by) {
		switch kind, name, _ := strings.Cut(id, ":"); kind {
		case "user":
			fields["userId"] = name
		case "anon":
			fields["anonymousId"] = name
		case "email":
			fields["traits"] = map[string]any{"email": name}
		}
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// evidence is a text by which the better of two words comes first: a server's, then the earlier, by its own time or by its first receipt.
func (x word) evidence() string {
	if grades[x.source] == "server" {
		return "0 " + x.at.UTC().Format(time.RFC3339) + ".000 " + x.id
	}
	return "1 " + x.received[0].UTC().Format("2006-01-02T15:04:05.000") + " " + x.id
}

func byEvidence(a, b word) int { return cmp.Compare(a.evidence(), b.evidence()) }

func (x word) isIn(from, to time.Time) bool {
	return slices.ContainsFunc(x.received, func(at time.Time) bool { return !at.Before(from) && at.Before(to) })
}

// words sends claims to a few orders and identifiers, some of them again.
func (w *world) words() []word {
	var all []word
	pick := func(list ...string) string { return list[w.random.IntN(len(list))] }
	for n := range 40 {
		w.Advance(time.Duration(w.random.IntN(3*3600)) * time.Second)
		x := word{
			id: fmt.Sprintf("w%02d", n), source: pick("web", "till"), by: fmt.Sprint("user:u", w.random.IntN(4)),
			at: w.Now.Add(-time.Duration(w.random.IntN(48)) * time.Hour).Truncate(time.Second),
		}
		if w.random.IntN(2) == 0 {
			x.others = []string{fmt.Sprint("anon:a", w.random.IntN(5))}
			if w.random.IntN(2) == 0 {
				x.others = append(x.others, fmt.Sprint("email:e", w.random.IntN(3), "@shop.example"))
			}
		} else {
			x.order, x.cents, x.currency = fmt.Sprint("o", w.random.IntN(9)), int64(1000+w.random.IntN(3)*250), pick("", "EUR", "EUR", "USD")
			if w.random.IntN(2) == 0 {
				x.by = fmt.Sprint("anon:a", w.random.IntN(5))
			}
		}
		all = append(all, x)
		for _, again := range []int{n, w.random.IntN(2 * len(all))} {
			if again < len(all) {
				status, _ := w.post("", "wk_demo_"+all[again].source, "", `{"batch":[`+all[again].raw()+`]}`)
				if status != 200 {
					w.t.Fatalf("answered %d: %s", status, all[again].raw())
				}
				all[again].received = append(all[again].received, w.Now)
			}
		}
	}
	return all
}

// person is whom an identifier belongs to: of those who were given it, the one by the best evidence.
func person(all []word, id string) string {
	for _, x := range slices.SortedFunc(slices.Values(all), byEvidence) {
		if slices.Contains(x.others, id) {
			return x.by
		}
	}
	return id
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func (x word) money() string { return cmp.Or(x.currency, "EUR") }

func micros(cents int64) money.Micros { return money.Micros(cents * 10_000) }

func differs[T comparable](list []word, of func(word) T) bool {
	return slices.ContainsFunc(list, func(x word) bool { return of(x) != of(list[0]) })
}

// contestedOrders recounts which orders are claimed by several or with several amounts.
func contestedOrders(all []word, from, to time.Time) quality.ContestedOrders {
	out := quality.ContestedOrders{List: []quality.OrderClaims{}, Displaced: quality.Displaced{Amounts: []quality.Replaced{}}}
	sums := map[string][2]int64{}
	for n := range 9 {
		order := fmt.Sprint("o", n)
		claims := slices.SortedFunc(slices.Values(slices.DeleteFunc(slices.Clone(all), func(x word) bool { return x.order != order })), byEvidence)
		if !slices.ContainsFunc(claims, func(x word) bool { return x.isIn(from, to) }) {
			continue
		}
		best, persons := claims[0], map[string]bool{}
		one := quality.OrderClaims{Order: order, Currency: best.money(), Claims: len(claims)}
		for i, x := range claims {
			persons[person(all, x.by)] = true
			apart := max(x.cents, best.cents) - min(x.cents, best.cents)
			if x.money() != best.money() {
				apart = max(x.cents, best.cents)
			}
			if sum := money.SumOf(micros(apart)); sum.Wide.Compare(one.Difference.Wide) > 0 {
				one.Difference = sum
			}
			if grades[best.source] == "server" && grades[x.source] == "public" {
				out.Displaced.Claims++
				sum := sums[x.money()]
				sum[0] += x.cents
				if x.money() == best.money() {
					sum[1] += best.cents
				}
				sums[x.money()] = sum
			}
			if i < quality.TopClaims {
				claim := quality.OrderClaim{
					Amount: micros(x.cents), Currency: x.money(), Grade: grades[x.source], Source: x.source, Received: instant(x.received[0]), Counts: i == 0,
				}
				if strings.HasPrefix(x.by, "user:") {
					claim.User = event.Identifier(x.by)
				}
				one.List = append(one.List, claim)
			}
		}
		one.Persons = len(persons)
		if len(persons) > 1 || differs(claims, func(x word) string { return fmt.Sprint(x.cents, x.money()) }) {
			out.Orders++
			out.List = append(out.List, one)
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		sum := sums[currency]
		out.Displaced.Amounts = append(out.Displaced.Amounts, quality.Replaced{
			Currency: currency, Said: money.SumOf(micros(sum[0])), Counts: money.SumOf(micros(sum[1])),
		})
	}
	slices.SortStableFunc(out.List, func(a, b quality.OrderClaims) int { return b.Difference.Wide.Compare(a.Difference.Wide) })
	return out
}

// contestedIdentifiers recounts which identifiers several users claim.
func contestedIdentifiers(all []word, from, to time.Time) quality.ContestedIdentifiers {
	out := quality.ContestedIdentifiers{List: []quality.ContestedIdentifier{}}
	claimed := map[string]bool{}
	for _, x := range all {
		for _, id := range x.others {
			claimed[id] = claimed[id] || x.isIn(from, to)
		}
	}
	ids := slices.Sorted(maps.Keys(claimed)) // anonymous ids, then addresses
	slices.Reverse(ids)
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(b[:1], a[:1])*10 + cmp.Compare(a, b) })
	for _, id := range ids {
		one := quality.ContestedIdentifier{Kind: event.Identifier(id).Kind()}
		met := map[string]bool{}
		for _, x := range slices.SortedFunc(slices.Values(all), byEvidence) {
			if slices.Contains(x.others, id) && !met[x.by] {
				met[x.by] = true
				one.List = append(one.List, quality.UserClaim{
					User: event.Identifier(x.by), Grade: grades[x.source], Source: x.source, Received: instant(x.received[0]),
				})
			}
		}
		if one.Users = len(met); claimed[id] && one.Users > 1 {
			if out.ByKind == nil {
				out.ByKind = map[event.Kind]int{}
			}
			out.ByKind[one.Kind]++
			out.Identifiers++
			out.List = append(out.List, one)
		}
	}
	slices.SortStableFunc(out.List, func(a, b quality.ContestedIdentifier) int { return b.Users - a.Users })
	return out
}

// orderShares recounts whose word orders rest on: source, grade, orders and revenue by currency.
func orderShares(all []word, from, to time.Time) string {
	orders, revenue := map[string]int{}, map[string]int64{}
	for n := range 9 {
		claims := slices.SortedFunc(slices.Values(slices.DeleteFunc(slices.Clone(all), func(x word) bool { return x.order != fmt.Sprint("o", n) })), byEvidence)
		if len(claims) > 0 && !claims[0].received[0].Before(from) && claims[0].received[0].Before(to) {
			orders[claims[0].source]++
			revenue[claims[0].source+" "+claims[0].money()] += claims[0].cents
		}
	}
	text := ""
	for _, source := range []string{"till", "web"} {
		text += fmt.Sprint(source, " ", orders[source])
		for _, currency := range []string{"EUR", "USD"} {
			if cents, found := revenue[source+" "+currency]; found {
				text += fmt.Sprint(" ", currency, " ", money.SumOf(micros(cents)))
			}
		}
		text += "; "
	}
	return text
}

func orderSharesIn(r quality.Report) string {
	text := ""
	for _, source := range []string{"till", "web"} {
		part := quality.Part{}
		for _, p := range r.Shares.BySource {
			if p.Source == source {
				part = p
			}
		}
		text += fmt.Sprint(source, " ", part.Orders)
		for _, of := range part.Revenue {
			text += fmt.Sprint(" ", of.Currency, " ", of.Amount)
		}
		text += "; "
	}
	return text
}

// TestPlantedContestsAreCountedExactly: whatever faults the stores have and however claims are repeated, the report tells exactly which orders and
// identifiers several claim, with both sides, and whose word the orders rest on, of any part of the time.
func TestPlantedContestsAreCountedExactly(t *testing.T) {
	t.Parallel()
	orders, identifiers, displaced, quiet := 0, 0, 0, 0
	seed.Each(t, 20, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		w.isImmortal = true
		begin := w.Now
		all := w.words()
		w.run()
		for _, isSettled := range []bool{false, true} {
			if isSettled {
				w.Settle()
			}
			end := w.Now.Add(time.Second)
			middle := begin.Add(end.Sub(begin) / 2).Truncate(time.Second)
			for _, span := range [][2]time.Time{{begin, end}, {middle, end}, {begin, middle}} {
				got := w.ask(span[0], span[1], "")
				from, to := span[0].Truncate(time.Second), span[1].Truncate(time.Second)
				for _, pair := range [][3]string{
					{"contested orders", asText(got.Orders), asText(contestedOrders(all, from, to))},
					{"contested identifiers", asText(got.Identifiers), asText(contestedIdentifiers(all, from, to))},
					{"shares of orders", orderSharesIn(got), orderShares(all, from, to)},
				} {
					if pair[1] != pair[2] {
						t.Fatalf("settled %v, from %s to %s: %s\n got %s\nwant %s", isSettled, span[0], span[1], pair[0], pair[1], pair[2])
					}
				}
				orders, identifiers, displaced = orders+got.Orders.Orders, identifiers+got.Identifiers.Identifiers, displaced+got.Orders.Displaced.Claims
				quiet += len(w.orderIDs(all)) - got.Orders.Orders
			}
		}
	})
	t.Logf("%d contested orders and %d others, %d contested identifiers, %d displaced claims", orders, quiet, identifiers, displaced)
	if min(orders, quiet, identifiers, displaced) < 30 {
		t.Error("too few of some sort were planted, which shows little")
	}
}

func (w *world) orderIDs(all []word) map[string]bool {
	ids := map[string]bool{}
	for _, x := range all {
		if x.order != "" {
			ids[x.order] = true
		}
	}
	return ids
}

// What is in quarantine stays in the report as what it is, and is in no share and no contest.
func TestQuarantineLeavesSharesAndContests(t *testing.T) {
	t.Parallel()
	seed.Each(t, 3, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		w.isImmortal = true
		begin := w.Now
		all := w.words()
		w.run()
		w.Settle()
		before := w.ask(begin, w.Now.Add(time.Second), "")
		shop, err := w.Table.Workspace(t.Context(), "demo")
		must(t, err)
		locked := shop
		locked.Quarantines = []workspace.Quarantine{{ID: "q-1", Source: "till", From: event.At(begin), To: event.At(w.Now) + 1}}
		must(t, w.Table.PutQuarantines(t.Context(), shop, locked))
		w.Settle()
		after := w.ask(begin, w.Now.Add(time.Second), "")
		honest := slices.DeleteFunc(slices.Clone(all), func(x word) bool { return x.source == "till" })
		for _, pair := range [][3]string{
			{"contested orders", asText(after.Orders), asText(contestedOrders(honest, begin, w.Now.Add(time.Second)))},
			{"contested identifiers", asText(after.Identifiers), asText(contestedIdentifiers(honest, begin, w.Now.Add(time.Second)))},
			{"shares of orders", orderSharesIn(after), orderShares(honest, begin, w.Now.Add(time.Second))},
		} {
			if pair[1] != pair[2] {
				t.Errorf("%s\n got %s\nwant %s", pair[0], pair[1], pair[2])
			}
		}
		ofTill := 0
		for _, row := range after.Rows {
			if row.Source == "till" {
				ofTill += row.Accepted
			}
		}
		if after.Total.Quarantined != ofTill || ofTill == 0 || after.Total.Accepted != before.Total.Accepted {
			t.Errorf("%d of %d accepted are in quarantine, want the %d of the till, of as many as before, %d",
				after.Total.Quarantined, after.Total.Accepted, ofTill, before.Total.Accepted)
		}
	})
}
