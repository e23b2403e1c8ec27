package kpi

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/country"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// A window shows so many values of a dimension, and so many currencies. Clients choose both, so whoever has a public key can send any number of them:
// which keep a row of their own is decided by what they are, never by when they came. Those keep one that are, in this order, declared, told of by a
// server, of more revenue, of more persons, first by name. Of currencies the workspace's own is the first, and those that ISO 4217 lists are declared;
// for amounts of two currencies cannot be compared, the number of orders stands in the place of revenue.
const (
	MaxMembers    = 500
	MaxCurrencies = 50
)

// Other stands for the values that have no row of their own. A value that a client calls so is one of these.
const Other = "(other)"

// ByCurrency says that something is of currencies. It is no dimension of rows, where the unit names the currency.
const ByCurrency Dimension = "currency"

// Folded is what of a window has no rows of its own: values of a dimension, whose numbers are added up in the rows of Other; or currencies, whose
// amounts stand in no row, for those of two currencies cannot be added. What else their orders count for, such as orders and buyers, is in all rows.
type Folded struct {
	Dimension Dimension // ByCurrency: currencies
	Members   int       // how many values or currencies
	Persons   int64     // active persons of each value added up, or buyers of each currency: who is in two is counted twice
	Orders    int64
	Revenue   []Revenue // of values, by currency: of those that have rows
}

// Revenue is the amount of orders in one currency, in millionths.
type Revenue struct {
	Currency string
	Amount   wide.Int
}

// memberships are the values of dimensions, and which currencies are shown.
type memberships struct {
	of         map[Dimension][]member // by value
	currencies []string               // that are shown, sorted
	places     map[string]int         // of the same, the most important first
	hidden     Folded                 // those that are not
	declared   func(Dimension, string) bool
	at         marks
}

// marks are where the numbers stand by which members are ordered; -1 for one that is not there.
type marks struct{ active, orders, revenue, priced, buyers, serverTouchpoints, serverOrders int }

func (d *Definitions) marksIn(names []measure.Name) marks {
	at := func(name measure.Name) int { return slices.Index(names, name) }
	return marks{
		active: at("persons_active"), orders: at("orders"), revenue: at("revenue"), priced: at("priced_orders"), buyers: at("paying_buyers"),
		serverTouchpoints: at("server_touchpoints"), serverOrders: at("server_orders"),
	}
}

// members sorts the totals of what is shown into members, those of each dimension by value and their numbers by currency.
func (d *Definitions) members(v View, t measure.Totals) *memberships {
	all := &memberships{of: make(map[Dimension][]member, len(measure.Dimensions)), at: d.marksIn(t.Names), declared: v.declares}
	var whole member
	keys := make([]measure.Key, 0, len(t.Groups))
	for key := range maps.Keys(t.Groups) {
		if key.Dimension == Whole {
			whole.numbers = append(whole.numbers, group{key.Currency, t.Groups[key]})
		}
		isWanted := v.Only == "" || v.Only == Other || key.Value == v.Only || key.Dimension == Whole
		if isWanted && v.shows(key.Dimension) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b measure.Key) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	numbers := make([]group, len(keys))
	for i, key := range keys {
		numbers[i] = group{key.Currency, t.Groups[key]}
		members := all.of[key.Dimension]
		if n := len(members); n > 0 && members[n-1].value == key.Value {
			members[n-1].numbers = numbers[i-len(members[n-1].numbers) : i+1 : i+1]
			continue
		}
		all.of[key.Dimension] = append(members, member{value: key.Value, numbers: numbers[i : i+1 : i+1]})
	}
	all.show(whole, v.Currency, cmp.Or(v.Currencies, MaxCurrencies))
	return all
}

// show settles which currencies have rows: the same ones everywhere in a window.
func (all *memberships) show(whole member, own string, most int) {
	met := slices.DeleteFunc(whole.numbers, func(g group) bool { return g.currency == "" })
	if !whole.has(own) {
		met = append(met, group{currency: own})
	}
	count := func(g group, place int) int64 { return member{numbers: []group{g}}.count(g.currency, place) }
	slices.SortFunc(met, func(a, b group) int {
		return cmp.Or(
			first(a.currency == own, b.currency == own), first(all.declared(ByCurrency, a.currency), all.declared(ByCurrency, b.currency)),
			first(count(a, all.at.serverOrders) > 0, count(b, all.at.serverOrders) > 0),
			cmp.Compare(count(b, all.at.priced), count(a, all.at.priced)), cmp.Compare(count(b, all.at.buyers), count(a, all.at.buyers)),
			cmp.Compare(a.currency, b.currency),
		)
	})
	all.hidden.Dimension, all.places = ByCurrency, make(map[string]int, min(len(met), most))
	for i, g := range met {
		if i < most {
			all.places[g.currency] = i
			continue
		}
		all.hidden.Members++
		all.hidden.Orders += count(g, all.at.priced)
		all.hidden.Persons += count(g, all.at.buyers)
	}
	all.currencies = slices.Sorted(maps.Keys(all.places))
}

// first puts that before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// folded are the currencies that have no rows.
func (all *memberships) folded() []Folded {
	if all.hidden.Members == 0 {
		return nil
	}
	return []Folded{all.hidden}
}

// limited gives the values that keep a row of their own, by value, and adds the others up as Other. Its numbers of persons mean nothing, for
// persons cannot be added up over values: appendRows makes no rows of them.
func (all *memberships) limited(dimension Dimension, most int) ([]member, Folded) {
	members, folded := all.of[dimension], Folded{Dimension: dimension}
	if len(members) <= most {
		return members, folded
	}
	ranks := make(map[string]rank, len(members))
	for i := range members {
		ranks[members[i].value] = all.rank(dimension, &members[i])
	}
	members = slices.SortedFunc(slices.Values(members), func(a, b member) int {
		return cmp.Or(ranks[a.value].compare(ranks[b.value]), cmp.Compare(a.value, b.value))
	})
	rest := member{value: Other, isOther: true}
	for _, m := range members[most:] {
		for _, g := range m.numbers {
			rest.add(g)
		}
	}
	folded.Members, folded.Persons, folded.Orders = len(members)-most, rest.count("", all.at.active), rest.count("", all.at.orders)
	for _, currency := range all.currencies {
		if amount := rest.number(currency, all.at.revenue); !amount.IsZero() {
			folded.Revenue = append(folded.Revenue, Revenue{currency, amount})
		}
	}
	kept := append(members[:most:most], rest)
	slices.SortFunc(kept, func(a, b member) int { return cmp.Compare(a.value, b.value) })
	return kept, folded
}

// placed is a revenue that is not 0, in the currency of a place among those that are shown.
type placed struct {
	place  int
	amount wide.Int
}

// compareRevenue compares amounts currency by currency. One that is not there is 0.
func compareRevenue(a, b []placed) int {
	for len(a)+len(b) > 0 {
		var x, y wide.Int
		isA := len(a) > 0 && (len(b) == 0 || a[0].place <= b[0].place)
		isB := len(b) > 0 && (len(a) == 0 || b[0].place <= a[0].place)
		if isA {
			x, a = a[0].amount, a[1:]
		}
		if isB {
			y, b = b[0].amount, b[1:]
		}
		if order := x.Compare(y); order != 0 {
			return order
		}
	}
	return 0
}

// rank is what decides who keeps a row of their own.
type rank struct {
	isOther, isDeclared, isOfServer bool
	revenue                         []placed // the most important currency first: amounts of two are never compared
	persons                         int64
}

func (all *memberships) rank(dimension Dimension, m *member) rank {
	r := rank{
		isOther: m.value == Other, isDeclared: all.declared(dimension, m.value), persons: m.count("", all.at.active),
		isOfServer: m.count("", all.at.serverTouchpoints) > 0,
	}
	for _, g := range m.numbers {
		r.isOfServer = r.isOfServer || g.currency != "" && m.count(g.currency, all.at.serverOrders) > 0
		place, isShown := all.places[g.currency]
		if amount := m.number(g.currency, all.at.revenue); isShown && !amount.IsZero() {
			r.revenue = append(r.revenue, placed{place, amount})
		}
	}
	slices.SortFunc(r.revenue, func(a, b placed) int { return a.place - b.place })
	return r
}

func (r rank) compare(other rank) int {
	return cmp.Or(
		first(!r.isOther, !other.isOther), first(r.isDeclared, other.isDeclared), first(r.isOfServer, other.isOfServer),
		compareRevenue(other.revenue, r.revenue), cmp.Compare(other.persons, r.persons),
	)
}

// declares says whether a value is one that rules, operators, standards or tracking plans name, and no client can invent.
func (v View) declares(dimension Dimension, value string) bool {
	switch dimension {
	case measure.BySource, measure.ByStage, measure.ByDevice, measure.ByVisitor, measure.ByGrade:
		return true
	case measure.ByChannel, measure.ByFirstChannel:
		if channel.Name(value).IsKnown() {
			return true
		}
	case measure.ByCountry:
		if country.Code(value) == value {
			return true
		}
	case ByCurrency:
		if money.IsListed(value) {
			return true
		}
	}
	return value == measure.Unknown || v.Declared != nil && v.Declared(dimension, value)
}
