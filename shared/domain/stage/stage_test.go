package stage_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/stage"
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
	dayMs  = event.Millis(24 * 60 * 60 * 1000)
)

// small is a model of four stages: a, b and c point to the stages one, two and three; four comes by time in three; silence lapses.
func small(policy stage.Policy) stage.Config {
	named := func(name string) stage.When {
		return stage.When{Types: []event.Type{event.Track}, Names: []string{name}}
	}
	return stage.Config{
		Name: "small", Version: 1, Policy: policy, Stages: []stage.Name{"one", "two", "three", "four"}, Lapse: "lapsed",
		Rules: []stage.Rule{
			{ID: "a", Stage: "one", When: named("a")},
			{ID: "b", Stage: "two", When: named("b")},
			{ID: "c", Stage: "three", When: named("c")},
			{ID: "ripens", Stage: "four", Elapsed: &stage.Elapsed{In: "three", After: 10 * day}},
			{ID: "silence", Stage: "lapsed", Silence: &stage.Silence{After: 30 * day}},
		},
	}
}

func made(t testing.TB, c stage.Config) *stage.Model {
	t.Helper()
	m, err := stage.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return m
}

// at makes a touch named name at so many milliseconds; its id is its time.
func at(ms event.Millis, name string) stage.Touch {
	return stage.Touch{At: ms, Touchpoint: event.Touchpoint{ID: event.ID(fmt.Sprint(ms)), Source: "web", Type: event.Track, Name: name}}
}

func order(ms event.Millis, isNew bool) stage.Touch {
	t := at(ms, event.OrderCompleted)
	t.Touchpoint.Order, t.NewOrder = &event.Order{ID: "o"}, isNew
	return t
}

// lines writes visits as "entered stage rule event".
func lines(visits []stage.Visit) []string {
	var out []string
	for _, v := range visits {
		out = append(out, fmt.Sprintf("%d %s %s %s", v.Entered, v.Stage, v.Cause.Rule, v.Cause.Event))
	}
	return out
}

func TestWalkWholeHistory(t *testing.T) {
	t.Parallel()
	m := made(t, small(stage.Latest))
	got := m.Walk([]stage.Touch{at(5, "x"), at(10, "a"), at(20, "c"), at(20, "b"), at(30, "b")}, 40)
	want := stage.History{
		Visits: []stage.Visit{
			{Stage: "one", Entered: 10, Left: 20, Cause: stage.Cause{Event: "10", Source: "web", Rule: "a"}},
			{Stage: "three", Entered: 20, Left: 20, Cause: stage.Cause{Event: "20", Source: "web", Rule: "c"}},
			{Stage: "two", Entered: 20, Cause: stage.Cause{Event: "20", Source: "web", Rule: "b"}},
		},
		After: []stage.Name{"", "one", "three", "two", "two"},
		Next:  30 + 30*dayMs,
	}
	if !reflect.DeepEqual(got.Visits, want.Visits) || !slices.Equal(got.After, want.After) || got.Next != want.Next {
		t.Errorf("Walk()\n got %+v\nwant %+v", got, want)
	}
	if visit, any := got.Current(); !any || visit != want.Visits[2] {
		t.Errorf("Current() = %+v, %v, want %+v", visit, any, want.Visits[2])
	}
}

func TestWalkNothing(t *testing.T) {
	t.Parallel()
	m := made(t, small(stage.Latest))
	for name, touches := range map[string][]stage.Touch{"no touch": {}, "a touch that points nowhere": {at(1, "x")}} {
		h := m.Walk(touches, 1000*dayMs)
		if visit, any := h.Current(); any || len(h.Visits) != 0 || h.Next != 0 || h.At(1000*dayMs) != "" || len(h.After) != len(touches) {
			t.Errorf("%s: Walk() = %+v with current %v, want no visit and nothing next", name, h, visit)
		}
	}
}

// TestPolicies holds every pair of stages under both policies: where a person in `from` is after a touchpoint that points to `to`.
func TestPolicies(t *testing.T) {
	t.Parallel()
	wayIn := map[stage.Name][]stage.Touch{
		"":       {},
		"one":    {at(0, "a")},
		"two":    {at(0, "b")},
		"three":  {at(0, "c")},
		"four":   {at(-11*dayMs, "c")}, // ripened a day ago
		"lapsed": {at(-30*dayMs, "b")},
	}
	pointing := map[stage.Name]string{"one": "a", "two": "b", "three": "c", "": "x"}
	for _, c := range []struct {
		from, to         stage.Name
		latest, furthest stage.Name
	}{
		{"", "one", "one", "one"},
		{"", "three", "three", "three"}, // a jump
		{"", "", "", ""},
		{"one", "one", "one", "one"},
		{"one", "two", "two", "two"},
		{"one", "three", "three", "three"},
		{"one", "", "one", "one"},
		{"two", "one", "one", "two"}, // a step back
		{"two", "two", "two", "two"},
		{"two", "three", "three", "three"},
		{"three", "one", "one", "three"},
		{"three", "two", "two", "three"},
		{"three", "", "three", "three"},
		{"four", "one", "one", "four"},
		{"four", "three", "three", "four"},
		{"four", "", "four", "four"},
		{"lapsed", "one", "one", "one"}, // re-entry, further back than before
		{"lapsed", "two", "two", "two"},
		{"lapsed", "three", "three", "three"},
		{"lapsed", "", "two", "two"}, // back to where silence began
	} {
		for policy, want := range map[stage.Policy]stage.Name{stage.Latest: c.latest, stage.Furthest: c.furthest} {
			h := made(t, small(policy)).Walk(append(slices.Clone(wayIn[c.from]), at(0, pointing[c.to])), 0)
			if got := h.After[len(h.After)-1]; got != want {
				t.Errorf("%s: from %q by a touch to %q: got %q, want %q; visits %q", policy, c.from, c.to, got, want, lines(h.Visits))
			}
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	const silence, ripe = 30 * dayMs, 10 * dayMs
	for _, c := range []struct {
		name    string
		touches []stage.Touch
		until   event.Millis
		want    []string
		next    event.Millis
	}{
		{"a millisecond before silence", []stage.Touch{at(7, "a")}, silence + 6, []string{"7 one a 7"}, silence + 7},
		{"at silence", []stage.Touch{at(7, "a")}, silence + 7, []string{"7 one a 7", "2592000007 lapsed silence "}, 0},
		{"a millisecond after silence", []stage.Touch{at(7, "a")}, silence + 8, []string{"7 one a 7", "2592000007 lapsed silence "}, 0},
		{
			"any touch breaks silence", []stage.Touch{at(7, "a"), at(8, "x")}, silence + 7, []string{"7 one a 7"}, silence + 8,
		},
		{
			"a repeated order breaks silence too", []stage.Touch{at(7, "a"), order(8, false)}, silence + 7, []string{"7 one a 7"}, silence + 8,
		},
		{
			"a touch just before silence", []stage.Touch{at(0, "a"), at(silence-1, "x")}, silence, []string{"0 one a 0"}, 2*silence - 1,
		},
		{
			"a touch at the moment of silence comes after it",
			[]stage.Touch{at(0, "a"), at(silence, "b")},
			silence,
			[]string{"0 one a 0", "2592000000 lapsed silence ", "2592000000 two b 2592000000"},
			2 * silence,
		},
		{
			"lapsed twice",
			[]stage.Touch{at(0, "a"), at(silence+1, "x")},
			3 * silence,
			[]string{"0 one a 0", "2592000000 lapsed silence ", "2592000001 one return 2592000001", "5184000001 lapsed silence "},
			0,
		},
		{"a millisecond before ripe", []stage.Touch{at(3, "c")}, ripe + 2, []string{"3 three c 3"}, ripe + 3},
		{"ripe", []stage.Touch{at(3, "c")}, ripe + 3, []string{"3 three c 3", "864000003 four ripens "}, silence + 3},
		{
			"what points to the same stage does not begin it again",
			[]stage.Touch{at(0, "c"), at(ripe-1, "c")},
			ripe,
			[]string{"0 three c 0", "864000000 four ripens "},
			ripe - 1 + silence,
		},
		{
			"leaving stops the clock, coming back begins it again",
			[]stage.Touch{at(0, "c"), at(1, "a"), at(2, "c")},
			ripe + 2,
			[]string{"0 three c 0", "1 one a 1", "2 three c 2", "864000002 four ripens "},
			silence + 2,
		},
		{
			"the clock begins again on return from a lapse",
			[]stage.Touch{at(0, "b"), at(silence, "c")},
			silence + ripe,
			[]string{"0 two b 0", "2592000000 lapsed silence ", "2592000000 three c 2592000000", "3456000000 four ripens "},
			2 * silence,
		},
		{
			"touches later than until are walked all the same",
			[]stage.Touch{at(0, "c"), at(ripe+5, "x")},
			1,
			[]string{"0 three c 0", "864000000 four ripens "},
			ripe + 5 + silence,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := made(t, small(stage.Latest)).Walk(c.touches, c.until)
			if got := lines(h.Visits); !slices.Equal(got, c.want) || h.Next != c.next {
				t.Errorf("Walk()\n got %q next %d\nwant %q next %d", got, h.Next, c.want, c.next)
			}
		})
	}
}

// TestSilenceBeforeElapsed: of two changes that fall on one instant only the lapse is made.
func TestSilenceBeforeElapsed(t *testing.T) {
	t.Parallel()
	c := small(stage.Latest)
	c.Rules[3].Elapsed.After = 30 * day
	h := made(t, c).Walk([]stage.Touch{at(0, "c"), at(31*dayMs, "x")}, 0)
	want := []string{"0 three c 0", "2592000000 lapsed silence ", "2678400000 three return 2678400000"}
	if got := lines(h.Visits); !slices.Equal(got, want) {
		t.Errorf("Walk() visits\n got %q\nwant %q", got, want)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	const silence = 30 * dayMs
	h := made(t, small(stage.Latest)).Walk([]stage.Touch{at(10, "a"), at(20, "c"), at(20, "b"), at(20+silence, "c")}, 100*dayMs)
	for _, c := range []struct {
		t    event.Millis
		want stage.Name
	}{
		{0, ""},
		{10, ""},
		{11, "one"},
		{20, "one"},
		{21, "two"},
		{20 + silence, "two"},
		{21 + silence, "three"},
		{20 + 40*dayMs, "three"},
		{21 + 40*dayMs, "four"},
		{20 + 60*dayMs, "four"},
		{21 + 60*dayMs, "lapsed"},
	} {
		if got := h.At(c.t); got != c.want {
			t.Errorf("At(%d) = %q, want %q", c.t, got, c.want)
		}
	}
}
