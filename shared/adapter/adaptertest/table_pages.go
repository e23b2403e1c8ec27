package adaptertest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func touchpoint(id string, at event.Millis) event.Touchpoint {
	return event.Touchpoint{
		ID: event.ID(id), Source: "web", Type: event.Page, Name: "Home", Original: at, Corrected: at, Received: at + 1,
	}
}

// wantTouchpoints compares all that is stored of identifiers, without order, which no table promises.
func wantTouchpoints(t *testing.T, table TableUnderTest, ns workspace.Namespace, want map[event.Identifier][]event.Touchpoint) {
	t.Helper()
	ids := slices.Sorted(maps.Keys(want))
	partitions, err := table.Partitions(t.Context(), ns, ids)
	must(t, err)
	for n, id := range ids {
		equal(t, "identifier of the partition", partitions[n].ID, id)
		got, wanted := inOrder(partitions[n].Touchpoints), inOrder(want[id])
		if !slices.Equal(got, wanted) {
			t.Errorf("touchpoints of %.40q: %d are stored, want %d", id, len(got), len(wanted))
			equal(t, "touchpoints", got, wanted)
		}
	}
}

func inOrder(touchpoints []event.Touchpoint) []string {
	out := make([]string, len(touchpoints))
	for n, touchpoint := range touchpoints {
		out[n] = string(touchpoint.Bytes())
	}
	slices.Sort(out)
	return out
}

// pages: every batch adds to what is stored; a page that is written again, in whatever order, is the same page.
func pages(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	a, b, c := touchpoint("a", noon), touchpoint("b", noon+1), touchpoint("c", noon)
	again := a // another copy of the event, received later
	again.Received += 5000
	untimed := touchpoint("u", noon+40*hour)
	untimed.Untimed = true
	tomorrow := touchpoint("tomorrow", noon+day)
	want := map[event.Identifier][]event.Touchpoint{"user:nobody": nil, "user:1": nil, "user:10": nil}
	stored := func() {
		t.Helper()
		wantTouchpoints(t, table, "pages", want)
	}
	put := func(pages map[event.Identifier][]event.Touchpoint) {
		t.Helper()
		before := map[event.Identifier][]event.Touchpoint{}
		for id, page := range pages {
			before[id] = slices.Clone(page)
		}
		must(t, table.PutPages(ctx, "pages", pages))
		equal(t, "the caller's pages", pages, before)
	}
	must(t, table.PutPages(ctx, "pages", nil))
	put(map[event.Identifier][]event.Touchpoint{"user:1": {}, "user:10": nil})
	stored()
	for _, page := range [][]event.Touchpoint{{a, b, c}, {a, b, c}, {c, b, a}, {b, a, c}} {
		put(map[event.Identifier][]event.Touchpoint{"user:1": page})
	}
	want["user:1"] = []event.Touchpoint{a, b, c}
	stored()
	put(map[event.Identifier][]event.Touchpoint{"user:1": {a, b}, "user:10": {a}})
	want["user:1"], want["user:10"] = append(want["user:1"], a, b), []event.Touchpoint{a}
	stored()
	late := []event.Touchpoint{tomorrow, again, untimed, touchpoint("first", 0), touchpoint("last", noon*2)}
	for range 2 {
		put(map[event.Identifier][]event.Touchpoint{"user:1": late})
	}
	want["user:1"] = append(want["user:1"], late...)
	stored()
	other := map[event.Identifier][]event.Touchpoint{"user:1": {c}, "user:nobody": {c}}
	must(t, table.PutPages(ctx, "pages-2", other))
	stored()
	other["user:10"] = nil
	wantTouchpoints(t, table, "pages-2", other)
}

func strangePages(t *testing.T, table TableUnderTest, _ *Clock) {
	all := map[event.Identifier][]event.Touchpoint{}
	longest := event.Identifier("user:" + noise(event.MaxIdentifierBytes*5)) // more than fits into a key
	for n, text := range append(strange, string(longest)) {
		one := event.Touchpoint{
			ID: event.ID("e-" + text), Source: "s-" + text, Type: event.Track, Name: text,
			Original: noon, Corrected: noon - 5, Received: math.MaxInt64, Untimed: true, Skewed: true, Future: true,
			Country: text, Page: text, Agent: text, Marketing: event.Marketing{Campaign: text, Referrer: text},
			Order:      &event.Order{ID: text, Kind: event.Refunded, Of: text, Scope: text, Unpriced: true, Amount: math.MinInt64, Currency: "EUR", Items: math.MaxInt},
			Properties: map[string]string{"": text, text + "?": "", "n": "12345678901234567890.123"},
		}
		all[event.Identifier(fmt.Sprintf("anon:%d-%s", n, text))] = []event.Touchpoint{one}
	}
	for range 2 {
		must(t, table.PutPages(t.Context(), "strange", all))
	}
	got, err := table.Partitions(t.Context(), "strange", slices.Collect(maps.Keys(all)))
	must(t, err)
	for _, p := range got {
		equal(t, fmt.Sprintf("touchpoints of %.40q", p.ID), p.Touchpoints, all[p.ID])
	}
}

// crowdedPages: pages of more identifiers than one call takes.
func crowdedPages(t *testing.T, table TableUnderTest, _ *Clock) {
	all := map[event.Identifier][]event.Touchpoint{}
	for n := range 260 {
		id := event.Identifier(fmt.Sprintf("anon:%d", n))
		for k := range 1 + n%3 {
			all[id] = append(all[id], touchpoint(fmt.Sprintf("e-%d", k), noon+event.Millis(k)*day))
		}
	}
	for range 2 {
		must(t, table.PutPages(t.Context(), "crowd", all))
	}
	wantTouchpoints(t, table, "crowd", all)
}

// largePages: more touchpoints of one identifier than an item holds.
func largePages(t *testing.T, table TableUnderTest, _ *Clock) {
	text := noise(2500 * 400)
	var page []event.Touchpoint
	for n := range 2500 {
		one := touchpoint(fmt.Sprintf("e-%d", n), noon+event.Millis(n%7)*hour)
		one.Properties = map[string]string{"noise": text[n*400 : n*400+400]}
		page = append(page, one)
	}
	want := map[event.Identifier][]event.Touchpoint{"user:1": page, "user:2": {touchpoint("e", noon)}}
	for range 2 {
		must(t, table.PutPages(t.Context(), "large", want))
		slices.Reverse(page)
	}
	wantTouchpoints(t, table, "large", want)
}

// longPartition: more pages of one identifier than an answer holds, written by many at a time.
func longPartition(t *testing.T, table TableUnderTest, _ *Clock) {
	text := noise(600 * 5000)
	var all []event.Touchpoint
	var writers sync.WaitGroup
	for w := range 6 {
		var mine []event.Touchpoint
		for n := w * 100; n < w*100+100; n++ {
			one := touchpoint(fmt.Sprintf("e-%d", n), noon+event.Millis(n)*day/10)
			one.Properties = map[string]string{"noise": text[n*5000 : n*5000+5000]} // about 1.5 MB in all
			mine = append(mine, one)
		}
		all = append(all, mine...)
		writers.Go(func() {
			for _, one := range mine {
				page := map[event.Identifier][]event.Touchpoint{"user:1": {one}}
				if err := table.PutPages(t.Context(), "long", page); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	wantTouchpoints(t, table, "long", map[event.Identifier][]event.Touchpoint{"user:1": all})
}

// tooLargePages: a touchpoint that no item holds is refused.
func tooLargePages(t *testing.T, table TableUnderTest, _ *Clock) {
	giant := touchpoint("e", noon)
	giant.Properties = map[string]string{"noise": noise(1000 << 10)} // twice as much as compresses into an item
	err := table.PutPages(t.Context(), "giants", map[event.Identifier][]event.Touchpoint{"user:1": {giant}})
	wantFault(t, "PutPages of a giant", err, fault.Invalid, "too_large")
	wantTouchpoints(t, table, "giants", map[event.Identifier][]event.Touchpoint{"user:1": nil})
}
