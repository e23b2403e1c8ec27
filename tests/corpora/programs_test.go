package corpora_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// purchases are orders of one buyer each, with the agent they come from. The n-th costs price(n).
func purchases(t *testing.T, agents []string, prefix string, from int) []string {
	t.Helper()
	var events []string
	for i, agent := range agents {
		n := from + i
		events = append(events, event(t, map[string]any{
			"type": "track", "event": "Order Completed", "userId": fmt.Sprint(prefix, n), "messageId": fmt.Sprint("m", n), "timestamp": at(n),
			"context": map[string]any{"userAgent": agent}, "properties": map[string]any{"order_id": fmt.Sprint("o", n), "revenue": pennies(price(n)), "currency": "EUR"},
		}))
	}
	return events
}

func price(n int) int { return 100 + n*37%9000 }

// TestProgramsAndBrowsers: programs buy nothing and browsers do, day by day. Of programs at most one of 200 is missed, and it counts.
func TestProgramsAndBrowsers(t *testing.T) {
	w := newWorld(t, "EUR")
	programs, browsers := some(lines(t, data+"bots/crawlers.txt"), 600), some(lines(t, data+"bots/browsers.txt"), 400)
	w.send(append(purchases(t, programs, "p", 0), purchases(t, browsers, "b", len(programs))...))

	orders, revenue, missed := map[string]int{}, map[string]int{}, 0
	count := func(n int) {
		orders[dayOf(n)]++
		revenue[dayOf(n)] += price(n)
	}
	for n, agent := range programs {
		p := w.person(fmt.Sprint("user:p", n))
		switch {
		case p.Bots == 1 && p.Orders.Count == 0 && p.Touchpoints == 0:
		case p.Bots == 0 && p.Orders.Count == 1:
			missed++
			count(n)
		default:
			t.Errorf("%q: %+v, want one touchpoint of a bot", agent, p)
		}
	}
	for i, agent := range browsers {
		n := len(programs) + i
		if p := w.person(fmt.Sprint("user:b", n)); p.Bots != 0 || p.Orders.Count != 1 || p.Touchpoints != 1 || len(p.Identifiers) != 1 {
			t.Errorf("%q: %+v, want one order of a person", agent, p)
		}
		count(n)
	}
	if missed*200 > len(programs) {
		t.Errorf("%d of %d programs are people, want at most 1 of 200", missed, len(programs))
	}
	got := w.fates()
	if got.Accepted != len(programs)+len(browsers) || got.Bots != len(programs)-missed {
		t.Errorf("accepted %d, bots %d, want %d and %d", got.Accepted, got.Bots, len(programs)+len(browsers), len(programs)-missed)
	}
	w.sameMoney(orders, revenue)
	t.Logf("bots: %d programs, %d taken for people; %d browsers, none taken for a bot; %v", len(programs), missed, len(browsers), got.BotsBy)
}

// sameMoney compares orders and revenue of the week by day.
func (w world) sameMoney(orders, revenue map[string]int) {
	w.t.Helper()
	wantOrders, wantRevenue := map[string]string{}, map[string]string{}
	for day, n := range orders {
		wantOrders[day], wantRevenue[day] = strconv.Itoa(n), pennies(revenue[day])
	}
	w.same("orders", w.kpi("orders", "day", "2026-11-15", "2026-11-22", ""), wantOrders)
	w.same("revenue", w.kpi("revenue", "day", "2026-11-15", "2026-11-22", ""), wantRevenue)
}

// TestDevices: people on devices of all kinds are people, and their devices add up.
func TestDevices(t *testing.T) {
	w := newWorld(t, "EUR")
	programs := []string{"Http Connector Spider", "Huaweisymantecspider", "WordPress/3.8.1"} // of this list of devices
	var agents []string
	for _, agent := range some(lines(t, data+"bots/devices.txt.gz"), 400) {
		isProgram := false
		for _, name := range programs {
			isProgram = isProgram || strings.HasPrefix(agent, name)
		}
		if !isProgram {
			agents = append(agents, agent)
		}
	}
	w.send(purchases(t, agents, "d", 0))
	orders, revenue, devices := map[string]int{}, map[string]int{}, map[string]int{}
	for n, agent := range agents {
		orders[dayOf(n)]++
		revenue[dayOf(n)] += price(n)
		devices["2026-11-01 "+deviceOf(agent)]++
		if p := w.person(fmt.Sprint("user:d", n)); p.Bots != 0 || p.Orders.Count != 1 {
			t.Errorf("%q: %+v, want one order of a person", agent, p)
		}
	}
	want := map[string]string{}
	for key, n := range devices {
		want[key] = strconv.Itoa(n)
	}
	w.same("orders", w.kpi("orders", "month", "2026-11-01", "2026-12-01", "device"), want)
	w.sameMoney(orders, revenue)
	got := w.fates()
	if got.Accepted != len(agents) || got.Bots != 0 || len(agents) < 390 {
		t.Errorf("accepted %d, bots %d, want %d and none", got.Accepted, got.Bots, len(agents))
	}
	t.Logf("useragents: %d devices, no bot; %v", len(agents), devices)
}

// deviceOf is what docs/steps.md calls a device, by the words of its agent: the first kind that has one.
func deviceOf(agent string) string {
	has := func(words string) bool {
		for word := range strings.SplitSeq(words, "|") {
			if strings.Contains(agent, word) {
				return true
			}
		}
		return false
	}
	switch isPhone := has("Mobile"); {
	case has("iPad|Tablet|tablet|Kindle|Silk/"), has("Android") && !isPhone:
		return "tablet"
	case isPhone, has("Mobi|iPhone|iPod|Windows Phone|Opera Mini"):
		return "mobile"
	case has("Windows NT|Macintosh|X11|CrOS|Linux"):
		return "desktop"
	}
	return "other"
}
