package event_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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
