package event_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/testing/seed"
)

var start = event.At(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))

// randomCopies makes a few events with few ids and times, so that keys nearly collide, and several copies of each.
func randomCopies(r *rand.Rand) []event.Touchpoint {
	var out []event.Touchpoint
	for range 2 + r.IntN(6) {
		one := event.Touchpoint{
			ID: event.ID(fmt.Sprint("m", r.IntN(3))), Source: []string{"web", "till"}[r.IntN(2)], Type: event.Track,
			Name: []string{"a", "b"}[r.IntN(2)], Original: start + event.Millis(r.IntN(3))*12*60*60*1000,
		}
		one.Received = one.Original + event.Millis(r.IntN(1000))
		if one.Untimed = r.IntN(2) == 0; one.Untimed {
			one.Received = one.Original
		}
		for range 1 + r.IntN(5) {
			out = append(out, copyOf(one, r))
		}
	}
	return out
}

// copyOf is another receipt of an event: some time later, with the corrected time that follows from it.
func copyOf(one event.Touchpoint, r *rand.Rand) event.Touchpoint {
	const hour = 60 * 60 * 1000
	waits := []event.Millis{0, 0, 1, 1000, hour, 24 * hour, 40 * hour, 48 * hour, 48*hour + 1, 80 * hour, 96 * hour, 97 * hour}
	one.Received += waits[r.IntN(len(waits))]
	if one.Untimed {
		one.Original = one.Received
	}
	one.Corrected = one.Original + event.Millis(r.IntN(2))
	one.Agent = []string{"", "", "", "crawler"}[r.IntN(4)]
	one.Grade = event.Grade(r.IntN(3))
	return one
}

// wanted says plainly what Distinct must give: of the copies of a timed event that say the same, the one of the best grade, then the one received
// first, ties by bytes; of untimed ones the same of those received within 48 hours of the first, and again of those after them.
func wanted(copies []event.Touchpoint) [][]byte {
	type said struct {
		event.Key
		name string
	}
	groups := map[said][]event.Touchpoint{}
	for _, t := range copies {
		key := said{t.Key(), fmt.Sprint(t.Type, t.Name, t.Others)}
		groups[key] = append(groups[key], t)
	}
	isBetter := func(a, b event.Touchpoint) bool {
		if a.Grade != b.Grade {
			return a.Grade > b.Grade
		}
		if a.Received != b.Received {
			return a.Received < b.Received
		}
		return bytes.Compare(a.Bytes(), b.Bytes()) < 0
	}
	var out [][]byte
	for _, group := range groups {
		sort.Slice(group, func(i, j int) bool { return group[i].Received < group[j].Received })
		for len(group) > 0 {
			first, best, n := group[0], group[0], 0
			for n < len(group) && (!first.Untimed || group[n].Received-first.Received <= 48*60*60*1000) {
				if isBetter(group[n], best) {
					best = group[n]
				}
				n++
			}
			out, group = append(out, best.Bytes()), group[n:]
		}
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

func bytesOf(touchpoints []event.Touchpoint) [][]byte {
	out := make([][]byte, len(touchpoints))
	for i, t := range touchpoints {
		out[i] = t.Bytes()
	}
	return out
}

func sorted(list [][]byte) [][]byte {
	list = slices.Clone(list)
	slices.SortFunc(list, bytes.Compare)
	return list
}

// Distinct gives the same of any order of copies and any repeats of them, of its own answer too, and leaves its argument as it is.
func TestDistinctDependsOnTheSetAlone(t *testing.T) {
	t.Parallel()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		copies := randomCopies(r)
		first := event.Distinct(copies)
		if got, want := sorted(bytesOf(first)), wanted(copies); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("Distinct(%s)\n got %s\nwant %s", bytesOf(copies), got, want)
		}
		for range 4 {
			again := slices.Concat(copies, first, copies[:r.IntN(len(copies))])
			r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			before := bytesOf(again)
			if got, want := bytesOf(event.Distinct(again)), bytesOf(first); !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("Distinct(%s)\n got %s\nwant %s", before, got, want)
			}
			if after := bytesOf(again); !slices.EqualFunc(after, before, bytes.Equal) {
				t.Fatalf("Distinct changed its argument to %s, want %s", after, before)
			}
		}
	})
}

// hours after midnight at which copies of one event without a timestamp are received, and how many events they are.
func TestUntimedCopies(t *testing.T) {
	t.Parallel()
	const hour = 60 * 60 * 1000
	for _, c := range []struct {
		name     string
		received []event.Millis
		want     []event.Millis
	}{
		{"once", []event.Millis{0}, []event.Millis{0}},
		{"at one instant", []event.Millis{0, 0}, []event.Millis{0}},
		{"a retry after a minute", []event.Millis{0, 60_000}, []event.Millis{0}},
		{"exactly 48 hours", []event.Millis{0, 48 * hour}, []event.Millis{0}},
		{"48 hours and a millisecond", []event.Millis{0, 48*hour + 1}, []event.Millis{0, 48*hour + 1}},
		{"a chain of three within reach of the first", []event.Millis{0, 24 * hour, 48 * hour}, []event.Millis{0}},
		{"a chain of three whose last is beyond reach of the first", []event.Millis{0, 40 * hour, 80 * hour}, []event.Millis{0, 80 * hour}},
		{"a chain of three beyond reach, a millisecond over", []event.Millis{0, 48 * hour, 48*hour + 1}, []event.Millis{0, 48*hour + 1}},
		{"a chain of four", []event.Millis{0, 40 * hour, 80 * hour, 120 * hour}, []event.Millis{0, 80 * hour}},
		{"a chain of five", []event.Millis{0, 40 * hour, 80 * hour, 120 * hour, 160 * hour}, []event.Millis{0, 80 * hour, 160 * hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var copies []event.Touchpoint
			for _, at := range c.received {
				copies = append(copies, event.Touchpoint{ID: "m", Source: "web", Type: event.Page, Untimed: true, Original: start + at, Corrected: start + at, Received: start + at})
			}
			for _, order := range permutations(len(copies)) {
				var got []event.Millis
				for _, kept := range event.Distinct(inOrder(copies, order)) {
					got = append(got, kept.Received-start)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("in the order %v: got receipts %v, want %v", order, got, c.want)
				}
			}
		})
	}
}

func inOrder(copies []event.Touchpoint, order []int) []event.Touchpoint {
	out := make([]event.Touchpoint, len(order))
	for i, n := range order {
		out[i] = copies[n]
	}
	return out
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			out = append(out, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return out
}

func TestEarlierReceivedCopyWins(t *testing.T) {
	t.Parallel()
	one := event.Touchpoint{ID: "m", Source: "web", Type: event.Page, Original: start, Corrected: start, Received: start + 1000}
	retry := one
	retry.Received, retry.Corrected, retry.Skewed = start+5000, start+3_600_000, true
	tie := one
	tie.Country = "NZ"
	for _, c := range []struct {
		name   string
		copies []event.Touchpoint
		want   event.Touchpoint
	}{
		{"first delivered first", []event.Touchpoint{one, retry}, one},
		{"retry delivered first", []event.Touchpoint{retry, one}, one},
		{"received at once, the smaller bytes", []event.Touchpoint{one, tie}, tie},
		{"received at once, the other way round", []event.Touchpoint{tie, one}, tie},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := event.Distinct(c.copies)
			if len(got) != 1 || !bytes.Equal(got[0].Bytes(), c.want.Bytes()) {
				t.Errorf("got %s, want %s alone", bytesOf(got), c.want.Bytes())
			}
		})
	}
}

// The same message id may come from two sources, under two device times, or with and without one: these are different events.
func TestKeysKeepEventsApart(t *testing.T) {
	t.Parallel()
	one := event.Touchpoint{ID: "m", Source: "web", Type: event.Page, Original: start, Received: start}
	otherSource, otherTime, untimed, epoch := one, one, one, one
	otherSource.Source = "till"
	otherTime.Original = start + 1
	untimed.Untimed = true
	epoch.Original, epoch.Received = 0, start
	all := []event.Touchpoint{one, otherSource, otherTime, untimed, epoch}
	for _, order := range permutations(len(all)) {
		if got := len(event.Distinct(inOrder(all, order))); got != len(all) {
			t.Fatalf("in the order %v: got %d distinct, want %d", order, got, len(all))
		}
	}
}
