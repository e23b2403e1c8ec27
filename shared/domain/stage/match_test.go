package stage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/stage"
)

// asked is a model in which "yes" is entered by one rule and "no" by every other first touch.
func asked(t *testing.T, r stage.Rule) *stage.Model {
	t.Helper()
	r.ID, r.Stage = "asked", "yes"
	return made(t, stage.Config{
		Name: "asked", Version: 1, Policy: stage.Latest, Stages: []stage.Name{"no", "yes"},
		Rules: []stage.Rule{{ID: "else", Stage: "no", Entry: true}, r},
	})
}

func property(op stage.Op, values ...string) stage.When {
	return stage.When{Properties: []stage.Property{{Name: "p", Op: op, Values: values}}}
}

func saying(p string) event.Touchpoint {
	return event.Touchpoint{Type: event.Track, Name: "x", Properties: map[string]string{"p": p}}
}

func named(name string) event.Touchpoint { return event.Touchpoint{Type: event.Track, Name: name} }

func page(address string) event.Touchpoint { return event.Touchpoint{Type: event.Page, Page: address} }

func TestWhen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		when    stage.When
		yes, no []event.Touchpoint
	}{
		{
			stage.When{Types: []event.Type{event.Page, event.Screen}},
			[]event.Touchpoint{{Type: event.Page}, {Type: event.Screen}},
			[]event.Touchpoint{named("page")},
		},
		{
			stage.When{Names: []string{"Product *", "Order Completed"}},
			[]event.Touchpoint{named("Product Viewed"), named("Product "), named("Order Completed")},
			[]event.Touchpoint{named("Product"), named("product viewed"), named("Order Completed "), named("")},
		},
		{
			stage.When{NotNames: []string{"Consent *", "Home"}},
			[]event.Touchpoint{named("Consent"), named("")},
			[]event.Touchpoint{named("Consent Given"), named("Home")},
		},
		{
			stage.When{Channels: []string{"email", "sms"}},
			[]event.Touchpoint{{Type: event.Page, OwnChannel: "sms"}},
			[]event.Touchpoint{{Type: event.Page}, {Type: event.Page, OwnChannel: "SMS"}},
		},
		{
			stage.When{Page: stage.Page{Prefix: []string{"/shop", "/Laden"}}},
			[]event.Touchpoint{page("https://a.example/shop"), page("/shop/1"), page("https://a.example/LADEN/2")},
			[]event.Touchpoint{page("https://a.example/x/shop"), page("https://shop.example"), page(""), page("https://a.example?to=/shop")},
		},
		{
			stage.When{Page: stage.Page{Contains: []string{"pricing"}}},
			[]event.Touchpoint{page("https://a.example/en/pricing"), page("https://a.example/Pricing.html")},
			[]event.Touchpoint{page("https://pricing.example/"), page("https://a.example/#pricing"), page("https://a.example/?pricing")},
		},
		{property(stage.Equals, "gold"), []event.Touchpoint{saying("gold")}, []event.Touchpoint{saying("Gold"), saying("golden"), named("x")}},
		{
			property(stage.Equals, "10"),
			[]event.Touchpoint{saying("10"), saying("10.0"), saying("1e1"), saying("+10"), saying("010")},
			[]event.Touchpoint{saying("10.000000000000000000000001"), saying("0x0A"), saying("20/2"), saying("1_0")},
		},
		{property(stage.In, "a", "2"), []event.Touchpoint{saying("a"), saying("2.00")}, []event.Touchpoint{saying("b"), saying("")}},
		{
			property(stage.AtLeast, "0.3"),
			[]event.Touchpoint{saying("0.3"), saying("0.30000000000000004"), saying("3e-1"), saying("1e999"), saying(" 7 "), saying(strings.Repeat("1", 64))},
			[]event.Touchpoint{saying("0.29999999999999998"), saying("-1"), saying("many"), saying("1e1000"), saying(strings.Repeat("1", 65)), saying(""), saying("NaN"), saying("Inf"), named("x")},
		},
		{
			property(stage.AtMost, "-1.5"),
			[]event.Touchpoint{saying("-1.5"), saying("-2"), saying("-1.50")},
			[]event.Touchpoint{saying("-1.4999999999999999999999"), saying("0"), saying("x")},
		},
		{property(stage.Prefix, "A-", "B-"), []event.Touchpoint{saying("A-1"), saying("B-")}, []event.Touchpoint{saying("a-1"), saying("C-A-"), named("x")}},
		{property(stage.Exists, "true"), []event.Touchpoint{saying("x"), saying("")}, []event.Touchpoint{named("x")}},
		{property(stage.Exists, "false"), []event.Touchpoint{named("x")}, []event.Touchpoint{saying("x")}},
		{
			stage.When{Properties: []stage.Property{{Name: "p", Op: stage.AtLeast, Values: []string{"9"}}, {Name: "p", Op: stage.AtMost, Values: []string{"10"}}}},
			[]event.Touchpoint{saying("9"), saying("10")},
			[]event.Touchpoint{saying("8.9"), saying("10.1")},
		},
	} {
		t.Run(fmt.Sprintf("%+v", c.when), func(t *testing.T) {
			t.Parallel()
			m := asked(t, stage.Rule{When: c.when})
			for want, touchpoints := range map[stage.Name][]event.Touchpoint{"yes": c.yes, "no": c.no} {
				for _, tp := range touchpoints {
					if got := m.Walk([]stage.Touch{{Touchpoint: tp, Channel: tp.OwnChannel}}, 0).After[0]; got != want {
						t.Errorf("a walk of %+v ends in %q, want %q", tp, got, want)
					}
				}
			}
		})
	}
}

// TestRulesOfSeveralTouches holds rules that need more than one touchpoint: the stage after each touch.
func TestRulesOfSeveralTouches(t *testing.T) {
	t.Parallel()
	one := 1
	const week = 7 * dayMs
	x := stage.When{Names: []string{"x"}}
	for _, c := range []struct {
		name    string
		rule    stage.Rule
		touches []stage.Touch
		want    []stage.Name
	}{
		{
			"the second order",
			stage.Rule{When: stage.When{Names: []string{event.OrderCompleted}}, Orders: &stage.Orders{AtLeast: 2}},
			[]stage.Touch{order(0, true), order(1, true)},
			[]stage.Name{"no", "yes"},
		},
		{
			"a repeated order is no second one",
			stage.Rule{When: stage.When{Names: []string{event.OrderCompleted}}, Orders: &stage.Orders{AtLeast: 2}},
			[]stage.Touch{order(0, true), order(1, false), order(2, false)},
			[]stage.Name{"no", "no", "no"},
		},
		{
			"a repeated order points nowhere",
			stage.Rule{When: stage.When{Names: []string{event.OrderCompleted}}},
			[]stage.Touch{order(0, false), at(1, "z"), order(2, false), order(3, true)},
			[]stage.Name{"", "no", "no", "yes"},
		},
		{
			"at most one order",
			stage.Rule{When: x, Orders: &stage.Orders{AtMost: &one}},
			[]stage.Touch{order(0, true), order(1, true), at(2, "x")},
			[]stage.Name{"no", "no", "no"},
		},
		{
			"an order before",
			stage.Rule{When: x, Orders: &stage.Orders{AtLeast: 1, AtMost: &one}},
			[]stage.Touch{at(0, "x"), order(1, true), at(2, "x")},
			[]stage.Name{"no", "no", "yes"},
		},
		{
			"three ever",
			stage.Rule{When: x, Count: &stage.Count{AtLeast: 3}},
			[]stage.Touch{at(0, "x"), at(1, "y"), at(900*dayMs, "x"), at(901*dayMs, "y"), at(902*dayMs, "x")},
			[]stage.Name{"no", "no", "no", "no", "yes"},
		},
		{
			"two within a week, to the millisecond",
			stage.Rule{When: x, Count: &stage.Count{AtLeast: 2, Within: 7 * 24 * time.Hour}},
			[]stage.Touch{at(0, "x"), at(week+1, "x"), at(2*week+1, "x")},
			[]stage.Name{"no", "no", "yes"},
		},
		{
			"one kind counted, another asked",
			stage.Rule{When: stage.When{Names: []string{"y"}}, Count: &stage.Count{Of: &x, AtLeast: 2}},
			[]stage.Touch{at(0, "x"), at(1, "x"), at(2, "y")},
			[]stage.Name{"no", "no", "yes"},
		},
		{
			"only what is counted asked",
			stage.Rule{Count: &stage.Count{Of: &x, AtLeast: 2}},
			[]stage.Touch{at(0, "x"), at(1, "y"), at(2, "x")},
			[]stage.Name{"no", "no", "yes"},
		},
		{
			"a newcomer only",
			stage.Rule{When: x, Entry: true},
			[]stage.Touch{at(0, "y"), at(1, "x")},
			[]stage.Name{"no", "no"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := asked(t, c.rule).Walk(c.touches, 0).After; !slices.Equal(got, c.want) {
				t.Errorf("Walk().After = %v, want %v", got, c.want)
			}
		})
	}
}

// TestFurthestStageOfSeveralRules: the stage is the furthest, the cause is the first rule of those that enter it.
func TestFurthestStageOfSeveralRules(t *testing.T) {
	t.Parallel()
	x := stage.When{Names: []string{"x"}}
	m := made(t, stage.Config{
		Name: "several", Version: 1, Policy: stage.Latest, Stages: []stage.Name{"one", "two"},
		Rules: []stage.Rule{
			{ID: "near", Stage: "one", When: x},
			{ID: "far-beginning", Stage: "two", When: stage.When{Names: []string{"x*"}}},
			{ID: "far", Stage: "two", When: x},
			{ID: "near-too", Stage: "one", When: stage.When{NotNames: []string{"y"}}},
		},
	})
	h := m.Walk([]stage.Touch{at(1, "x")}, 1)
	if got, want := lines(h.Visits), []string{"1 two far-beginning 1"}; !slices.Equal(got, want) {
		t.Errorf("Walk() visits = %q, want %q", got, want)
	}
}

// TestModelKeepsItsOwn: what a caller does to lists that went in or came out changes no model.
func TestModelKeepsItsOwn(t *testing.T) {
	t.Parallel()
	c := small(stage.Latest)
	c.Rules[0].When.Channels = []string{"email"}
	m := made(t, c)
	c.Stages[0], c.Rules[0].When.Channels[0], c.Rules[0].When.Types[0] = "other", "other", event.Screen
	m.Stages()[1] = "other"
	first := at(1, "a")
	first.Channel = "email"
	if got := m.Walk([]stage.Touch{first, at(2, "b")}, 2).After; !slices.Equal(got, []stage.Name{"one", "two"}) {
		t.Errorf("Walk().After = %v after the configuration was changed, want [one two]", got)
	}
}
