package acquisition

import (
	"cmp"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// key is what persons are counted by.
type key struct{ channel, campaign string }

// wholeChannel stands for the campaign of a cost that names none, where numbers are by campaign.
const wholeChannel = "(whole channel)"

// tally is what is counted of persons.
type tally struct {
	*settings
	groups map[key]*group
}

type group struct {
	persons, bought int64    // new persons, and those of them who have bought since
	buyers          int64    // persons whose first order is in the period
	over            [3]int64 // new persons whose horizon is over
	money           map[string]*account
}

// account is the money of a group in one currency.
type account struct {
	revenue money.Sum
	within  [3]money.Sum // of each horizon
	months  []money.Sum  // after the first step, from the first
	cost    money.Sum
	hasCost bool
}

func (s *settings) begin() *tally { return &tally{settings: s, groups: map[key]*group{}} }

func (t *tally) group(k key) *group {
	g, found := t.groups[k]
	if !found {
		g = &group{money: map[string]*account{}}
		t.groups[k] = g
	}
	return g
}

func (g *group) account(currency string) *account {
	a, found := g.money[currency]
	if !found {
		a = &account{}
		g.money[currency] = a
	}
	return a
}

// add reads one life.
func (t *tally) add(life []step.Row) {
	first, isBuyer := -1, false
	for i := range life {
		r := &life[i]
		isOfPeriod := r.At >= t.Start() && r.At < t.Known()
		if r.FirstEver && isOfPeriod {
			first = i
		}
		isBuyer = isBuyer || isOfPeriod && r.IsFirstOrder()
	}
	if first < 0 && !isBuyer {
		return
	}
	g := t.group(t.keyOf(life))
	if isBuyer {
		g.buyers++
	}
	if first >= 0 {
		t.count(g, life[first:])
	}
}

// keyOf is the channel of a person's first session, and its campaign where that was asked for.
func (t *tally) keyOf(life []step.Row) key {
	k := key{channel: cmp.Or(life[0].FirstChannel, analysis.Unknown)}
	if !t.byCampaign {
		return k
	}
	for i := range life {
		if life[i].Session == 1 {
			k.campaign = life[i].SessionCampaign
			break
		}
	}
	k.campaign = cmp.Or(k.campaign, analysis.Unknown)
	return k
}

// count adds a new person, whose life is given from the first step on.
func (t *tally) count(g *group, life []step.Row) {
	g.persons++
	first, hasBought := life[0].At, false
	for i, after := range horizons() {
		if t.ends(first, after) {
			g.over[i]++
		}
	}
	for i := range life {
		o := life[i].Order
		if o == nil {
			continue
		}
		isOrder := o.Kind == event.Completed
		hasBought = hasBought || isOrder
		if t.isGross && !isOrder {
			continue
		}
		amount, a := money.SumOf(o.Net()), g.account(o.Currency)
		a.revenue = a.revenue.Plus(amount)
		age := life[i].At.Sub(first)
		for n, after := range horizons() {
			if age < after {
				a.within[n] = a.within[n].Plus(amount)
			}
		}
		n := int(age / month)
		for len(a.months) <= n {
			a.months = append(a.months, money.Sum{})
		}
		a.months[n] = a.months[n].Plus(amount)
	}
	if hasBought {
		g.bought++
	}
}

func (t *tally) join(part *tally) {
	for k, from := range part.groups {
		to := t.group(k)
		to.persons, to.bought, to.buyers = to.persons+from.persons, to.bought+from.bought, to.buyers+from.buyers
		for i, n := range from.over {
			to.over[i] += n
		}
		for currency, a := range from.money {
			b := to.account(currency)
			b.revenue = b.revenue.Plus(a.revenue)
			for i, sum := range a.within {
				b.within[i] = b.within[i].Plus(sum)
			}
			for len(b.months) < len(a.months) {
				b.months = append(b.months, money.Sum{})
			}
			for i, sum := range a.months {
				b.months[i] = b.months[i].Plus(sum)
			}
		}
	}
}

// spend puts the costs of the period to the groups.
func (t *tally) spend() {
	for i := range t.costs {
		c := &t.costs[i]
		sum, days := t.within(c)
		if days == 0 {
			continue
		}
		k := key{channel: c.Channel}
		if t.byCampaign {
			k.campaign = cmp.Or(c.Campaign, wholeChannel)
		}
		a := t.group(k).account(cmp.Or(c.Currency, t.Currency))
		a.cost, a.hasCost = a.cost.Plus(sum), true
	}
}
