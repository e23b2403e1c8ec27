package event_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waymark/shared/domain/event"
)

// kept is what stays of properties, which stand in JSON.
func kept(t *testing.T, keep event.Keep, properties string) map[string]string {
	t.Helper()
	e, err := event.Parse([]byte(`{"type":"page","userId":"1","properties":`+properties+`}`), event.Stamp{Received: 1_795_339_800_000})
	if err != nil {
		t.Fatal(err)
	}
	return e.Touchpoint(keep).Properties
}

func TestKeep(t *testing.T) {
	t.Parallel()
	const sent = `{"plan":"gold","b":1.50,"a":{"z":true,"list":[1,{"x":"y"},[2]]},"a.z":"own","url":"u","title":"t","search":"s","e":"","n":null,"o":{}}`
	always := map[string]bool{"plan": true, "a": true}
	for _, c := range []struct {
		keep event.Keep
		want map[string]string
	}{
		{event.Keep{}, nil},
		{event.Keep{Always: always}, map[string]string{"plan": "gold"}},
		{event.Keep{Always: always, All: true}, map[string]string{"plan": "gold", "b": "1.50", "a.z": "own", "a.list.0": "1", "a.list.1.x": "y", "a.list.2.0": "2"}},
		{event.Keep{Names: []string{"b", "a.list.*", "url", "nothing"}}, map[string]string{"b": "1.50", "a.list.0": "1", "a.list.1.x": "y", "a.list.2.0": "2"}},
		{event.Keep{Names: []string{"a"}}, nil},
	} {
		if got := kept(t, c.keep, sent); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v keeps\n%v\nwant\n%v", c.keep, got, c.want)
		}
	}
}

// TestKeepIsBounded: of too many properties those that come first by name stay, whatever order they were sent in, and those that are always kept.
func TestKeepIsBounded(t *testing.T) {
	t.Parallel()
	object := func(n int, value string) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"p%03d":%q`, n-1-i, value))
		}
		return "{" + strings.Join(append(members, `"zone":"z"`), ",") + "}"
	}
	keep := event.Keep{Always: map[string]bool{"zone": true}, All: true}
	for _, c := range []struct {
		properties, last string
		number           int
	}{
		{object(event.MaxKept, "v"), "p063", event.MaxKept},
		{object(event.MaxKept+1, "v"), "p063", event.MaxKept},
		{object(40, strings.Repeat("ä", 100)), "p019", 20},                     // 204 bytes each
		{object(30, strings.Repeat("v", 1000)), "p014", 4096 / (256 + 4)},      // clipped
		{`{"` + strings.Repeat("n", 129) + `":1,"a":1,"zone":"z"}`, "a", 1},    // a name that is too long
		{`{"a":{"` + strings.Repeat("n", 127) + `":1},"zone":"z"}`, "zone", 0}, // and one that is so with the name above
	} {
		got := kept(t, keep, c.properties)
		names := slices.Sorted(maps.Keys(got))
		if c.number != len(got)-1 || got["zone"] != "z" || names[max(len(names)-2, 0)] != c.last {
			t.Errorf("%.60s: %d are kept, the last is %q; want %d, %q and zone", c.properties, len(got), names[max(len(names)-2, 0)], c.number+1, c.last)
		}
	}
}

func TestKeepToTheUnit(t *testing.T) {
	t.Parallel()
	numbered := func(n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"p%d":1`, i)
		}
		return strings.Join(members, ",")
	}
	bytes := func(n int) string { // names of one byte, values of 255 and one of what is left of n
		members := []string{}
		for i := range 15 {
			members = append(members, fmt.Sprintf(`"%c":%q`, 'a'+i, strings.Repeat("v", 255)))
		}
		return strings.Join(append(members, fmt.Sprintf(`"z":%q`, strings.Repeat("v", n-15*256-1))), ",")
	}
	named := func(n int) string { return fmt.Sprintf(`"%s":1`, strings.Repeat("n", n)) }
	for _, c := range []struct {
		name       string
		properties func(n int) string
		limit      int
	}{{"MaxKept", numbered, event.MaxKept}, {"MaxKeptBytes", bytes, event.MaxKeptBytes}, {"MaxKeptNameBytes", named, event.MaxKeptNameBytes}} {
		for _, n := range []int{c.limit, c.limit + 1} {
			sent := c.properties(n)
			if got := len(kept(t, event.Keep{All: true}, "{"+sent+"}")) == strings.Count(sent, ":"); got != (n == c.limit) {
				t.Errorf("%s: of %d all are kept: %v", c.name, n, got)
			}
		}
	}
}

// TestKeepWords keeps what people wrote in the events that are about it, and of no others.
func TestKeepWords(t *testing.T) {
	keep := event.Keep{Words: map[string]bool{"Product Reviewed": true}}
	long := strings.Repeat("é", 600)
	for _, c := range []struct {
		event string
		text  any
		want  map[string]string
	}{
		{"Product Reviewed", "Lovely!", map[string]string{"text": "Lovely!"}},
		{"Product Reviewed", long, map[string]string{"text": long[:1000]}},
		{"Product Reviewed", map[string]any{"a": "b"}, nil},
		{"Live Chat Message Sent", "My name is", nil},
	} {
		e := event.Event{Type: event.Track, Name: c.event, Properties: map[string]any{"text": c.text}}
		if got := e.Touchpoint(keep).Properties; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s keeps %v, want %v", c.event, got, c.want)
		}
	}
}

// TestKeepProducts keeps which products an order is of.
func TestKeepProducts(t *testing.T) {
	product := func(name string, value any) map[string]any {
		return map[string]any{name: value, "price": json.Number("2")}
	}
	var many []any
	var ids []string
	for i := range event.MaxProducts + 2 {
		id := fmt.Sprintf("p%d", i)
		if many = append(many, product("sku", id)); i < event.MaxProducts {
			ids = append(ids, strconv.Quote(id))
		}
	}
	for name, c := range map[string]struct {
		products any
		want     map[string]string
	}{
		"by id, sku and id": {
			[]any{product("product_id", "b"), product("sku", "a"), product("id", json.Number("7")), product("name", "x"), product("sku", "b"), "text"},
			map[string]string{"products": `["b","a","7"]`},
		},
		"a list with holes":  {map[string]any{"0": product("sku", "x"), "2": product("sku", "y")}, map[string]string{"products": `["x","y"]`}},
		"more than are kept": {many, map[string]string{"products": "[" + strings.Join(ids, ",") + "]", "products_more": "2"}},
		"none":               {[]any{}, nil},
		"no list":            {"shoes", nil},
	} {
		e := event.Event{Type: event.Track, Name: event.OrderCompleted, Order: &event.Order{ID: "o"}, Properties: map[string]any{"products": c.products}}
		if got := e.Touchpoint(event.Keep{}).Properties; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: kept %v, want %v", name, got, c.want)
		}
		e.Order = &event.Order{ID: "o", Kind: event.Refunded}
		if got := e.Touchpoint(event.Keep{}).Properties; got != nil {
			t.Errorf("%s: a refund keeps %v", name, got)
		}
	}
}
