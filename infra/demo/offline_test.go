package demo_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"sort"
	"testing"
	"time"

	"waymark/infra/demo"
)

// TestExpectedNumbers proves without any system that mapping and definitions give every expected number: a brute-force recount of the mapped
// events stands in for the KPI API. What can differ in the real demo after this is the system alone.
func TestExpectedNumbers(t *testing.T) {
	t.Parallel()
	want := map[string]int{"CDNOW": 62, "Online Retail": 63, "web log": 9}
	for _, name := range demo.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var page bytes.Buffer
			lines, same, err := demo.CheckOffline(t.Context(), name, &page, newRecount)
			if err != nil {
				t.Fatal(err)
			}
			if !same || lines != want[name] {
				t.Errorf("CheckOffline(%s) = %d lines, equal %v; want %d, true\n%s", name, lines, same, want[name], page.String())
			}
		})
	}
}

// TestLostOrderIsSeen shows that the comparison can fail: one event less must make lines differ.
func TestLostOrderIsSeen(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	_, same, err := demo.CheckOffline(t.Context(), "CDNOW", &page, func(zone string, events []json.RawMessage) demo.KPIs {
		return newRecount(zone, events[1:])
	})
	if err != nil || same {
		t.Errorf("CheckOffline without one order = equal %v, %v; want false, nil", same, err)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ours, want string
		equal      bool
	}{
		{"464.356438", "464.3564", true},
		{"464.356450", "464.3564", false},
		{"2184797.04", "2184797.04", true},
		{"2184797.041", "2184797.04", true},
		{"2184797.05", "2184797.04", false},
		{"57.4", "57.40", true},
		{"2134", "2134", true},
		{"2134.4", "2134", true}, // counts are integers anyway
		{"0.41565135895032803", "0.415651358950328", true},
		{"", "0", false},
		{"none", "1", false},
	} {
		if got := demo.Equal(test.ours, test.want); got != test.equal {
			t.Errorf("Equal(%q, %q) = %v, want %v", test.ours, test.want, got, test.equal)
		}
	}
}

// touch is one mapped event as the recount sees it.
type touch struct {
	Event      string    `json:"event"`
	Type       string    `json:"type"`
	Timestamp  time.Time `json:"timestamp"`
	UserID     string    `json:"userId"`
	Anonymous  string    `json:"anonymousId"`
	Properties struct {
		Revenue json.Number `json:"revenue"`
	} `json:"properties"`
	Context struct {
		Location struct {
			Country string `json:"country"`
		} `json:"location"`
	} `json:"context"`
}

func (t touch) person() string { return t.UserID + t.Anonymous }

// cell is what is counted for one window and dimension.
type cell struct {
	touches, orders, sessions int
	revenue, refunds          *big.Rat
	active                    map[string]bool
	orderers                  map[string]int
	newPersons, newBuyers     int
}

type recount struct {
	zone        *time.Location
	touches     []touch
	firstTouch  map[string]time.Time
	firstOrder  map[string]time.Time
	beginsVisit []bool
}

func newRecount(zone string, events []json.RawMessage) demo.KPIs {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	r := recount{zone: location, firstTouch: map[string]time.Time{}, firstOrder: map[string]time.Time{}}
	for _, raw := range events {
		var t touch
		if err := json.Unmarshal(raw, &t); err != nil {
			panic(err)
		}
		r.touches = append(r.touches, t)
	}
	sort.SliceStable(r.touches, func(i, j int) bool { return r.touches[i].Timestamp.Before(r.touches[j].Timestamp) })
	last := map[string]time.Time{}
	for _, t := range r.touches {
		before, seen := last[t.person()]
		r.beginsVisit = append(r.beginsVisit, !seen || t.Timestamp.Sub(before) > 30*time.Minute)
		last[t.person()] = t.Timestamp
		if !seen {
			r.firstTouch[t.person()] = t.Timestamp
		}
		if _, bought := r.firstOrder[t.person()]; !bought && t.Event == "Order Completed" {
			r.firstOrder[t.person()] = t.Timestamp
		}
	}
	return r.kpis
}

func (r recount) window(at time.Time, grain string) string {
	switch grain {
	case "day":
		return at.In(r.zone).Format("2006-01-02")
	case "month":
		return at.In(r.zone).Format("2006-01-01")[:8] + "01"
	}
	return "period"
}

// codes are countries that the data has most of, as KPIs name them.
var codes = map[string]string{
	"Australia": "AU", "EIRE": "IE", "France": "FR", "Germany": "DE", "Japan": "JP", "Netherlands": "NL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "United Kingdom": "GB",
}

func (r recount) cells(from, to, grain, by string) map[[2]string]*cell {
	cells := map[[2]string]*cell{}
	for i, t := range r.touches {
		local := t.Timestamp.In(r.zone).Format("2006-01-02")
		if local < from || local >= to {
			continue
		}
		key := [2]string{r.window(t.Timestamp, grain), ""}
		if by == "country" {
			key[1] = cmp.Or(codes[t.Context.Location.Country], "other")
		}
		c := cells[key]
		if c == nil {
			c = &cell{revenue: new(big.Rat), refunds: new(big.Rat), active: map[string]bool{}, orderers: map[string]int{}}
			cells[key] = c
		}
		c.add(r, i, t, grain)
	}
	return cells
}

func (c *cell) add(r recount, i int, t touch, grain string) {
	c.touches++
	if r.beginsVisit[i] {
		c.sessions++
	}
	if !c.active[t.person()] && r.window(r.firstTouch[t.person()], grain) == r.window(t.Timestamp, grain) {
		c.newPersons++
	}
	c.active[t.person()] = true
	amount, _ := new(big.Rat).SetString(t.Properties.Revenue.String())
	switch t.Event {
	case "Order Completed":
		c.orders++
		c.revenue.Add(c.revenue, amount)
		if c.orderers[t.person()] == 0 && r.window(r.firstOrder[t.person()], grain) == r.window(t.Timestamp, grain) {
			c.newBuyers++
		}
		c.orderers[t.person()]++
	case "Order Refunded":
		c.refunds.Add(c.refunds, amount)
	}
}

func (c *cell) ratio(metric string) (numerator, denominator *big.Rat) {
	count := func(n int) *big.Rat { return big.NewRat(int64(n), 1) }
	again := 0
	for _, n := range c.orderers {
		if n > 1 {
			again++
		}
	}
	one := count(1)
	switch metric {
	case "touchpoints":
		return count(c.touches), one
	case "active_persons":
		return count(len(c.active)), one
	case "new_persons":
		return count(c.newPersons), one
	case "sessions":
		return count(c.sessions), one
	case "orders":
		return count(c.orders), one
	case "revenue":
		return c.revenue, one
	case "refunds":
		return c.refunds, one
	case "buyers":
		return count(len(c.orderers)), one
	case "new_buyers":
		return count(c.newBuyers), one
	case "aov":
		return c.revenue, count(c.orders)
	case "revenue_per_buyer":
		return c.revenue, count(len(c.orderers))
	case "repeat_purchase_rate":
		return count(again), count(len(c.orderers))
	}
	panic("no recount of " + metric)
}

func (r recount) kpis(metric, from, to, grain, by string) ([]byte, error) {
	var rows []map[string]any
	for key, c := range r.cells(from, to, grain, by) {
		numerator, denominator := c.ratio(metric)
		value := json.Number("null")
		if denominator.Sign() != 0 {
			value = json.Number(new(big.Rat).Quo(numerator, denominator).FloatString(17))
		}
		row := map[string]any{
			"metric": metric, "start": key[0] + "T00:00:00", "numerator": json.Number(numerator.FloatString(2)),
			"denominator": json.Number(denominator.FloatString(2)), "value": value,
		}
		if by != "" {
			row["dimensions"] = map[string]string{by: key[1]}
		}
		rows = append(rows, row)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("write rows: %w", err)
	}
	return text, nil
}
