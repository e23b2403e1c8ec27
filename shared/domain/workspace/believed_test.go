package workspace_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func TestOrdersFrom(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]workspace.OrdersFrom{"any": "", "server": "server", " server ": "server"} {
		got, err := workspace.Workspace{Name: "shop", Orders: "server"}.WithOrders(text)
		if err != nil || got.Orders != want || got.Name != "shop" {
			t.Errorf("WithOrders(%q) = %+v, %v; want %q", text, got, err, want)
		}
	}
	if got := workspace.FromAny.String() + " " + workspace.FromServers.String(); got != "any server" {
		t.Errorf("the ways are called %q", got)
	}
	for _, text := range []string{"", "servers", "site", "ANY"} {
		if _, err := (workspace.Workspace{}).WithOrders(text); fault.CodeOf(err) != "bad_orders" {
			t.Errorf("WithOrders(%q) = %v, want bad_orders", text, err)
		}
	}
}

func TestLatest(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("t%02d", i))
		}
		return strings.Join(names, ",")
	}
	for text, want := range map[string][]string{
		"none": nil, "theme": {"theme"}, " theme , cart size,theme": {"cart size", "theme"}, strings.Repeat("x", 100): {strings.Repeat("x", 100)},
		many(50): strings.Split(many(50), ","),
	} {
		got, err := workspace.Workspace{Latest: []string{"before"}}.WithLatest(text)
		if err != nil || !reflect.DeepEqual(got.Latest, want) {
			t.Errorf("WithLatest(%q) = %q, %v; want %q", text, got.Latest, err, want)
		}
	}
	for _, text := range []string{"", "a,,b", "a,", many(51), strings.Repeat("x", 101)} {
		if _, err := (workspace.Workspace{}).WithLatest(text); fault.CodeOf(err) != "bad_latest" {
			t.Errorf("WithLatest(%q) = %v, want bad_latest", text, err)
		}
	}
	w, err := workspace.Workspace{}.WithLatest("theme,cart")
	if err != nil || !w.IsLatest("cart") || !w.IsLatest("theme") || w.IsLatest("email") || (workspace.Workspace{}).IsLatest("") {
		t.Errorf("IsLatest does not tell the traits of %q: %v", w.Latest, err)
	}
}
