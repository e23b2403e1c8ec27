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
	"waymark/shared/domain/profile"
)

// timeline is one identifier in a store, written by the protocol of the process function: look for repeats on the days that could hold them;
// if all are new, keep them and add them to the aggregate, else keep what must be kept and fold everything anew.
type timeline struct {
	pages     map[string][]event.Touchpoint // by UTC day of original time
	aggregate profile.Aggregate
	refolds   int
}

func (s *timeline) deliver(batch []event.Touchpoint) {
	news := event.Compare(batch, s.near(batch))
	for _, t := range news.Keep {
		s.pages[t.Original.Day()] = append(s.pages[t.Original.Day()], t)
	}
	if len(news.Repeats) > 0 {
		s.refolds++
		s.aggregate = profile.Fold(event.Distinct(s.all()), stageOf)
		return
	}
	s.aggregate = s.aggregate.Plus(profile.Fold(news.Fresh, stageOf))
}

// near reads the days on which copies of these events could be stored.
func (s *timeline) near(batch []event.Touchpoint) []event.Touchpoint {
	days := map[string]bool{}
	for _, t := range batch {
		days[t.Original.Day()] = true
		if !t.Untimed {
			continue
		}
		for at := t.Original - event.UntimedReach; at <= t.Original+event.UntimedReach; at += 60 * 60 * 1000 {
			days[at.Day()] = true
		}
	}
	var out []event.Touchpoint
	for day := range days {
		out = append(out, s.pages[day]...)
	}
	return out
}

func (s *timeline) all() []event.Touchpoint {
	var out []event.Touchpoint
	for _, page := range s.pages {
		out = append(out, page...)
	}
	return out
}

func stageOf(t event.Touchpoint) string { return t.Name }

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
	one.Bot = []string{"", "", "", "crawler"}[r.IntN(4)]
	return one
}

// wanted says plainly what Distinct must give: of a timed event the copy received first, ties by bytes; of untimed ones the first receipt, and
// every receipt more than 48 hours after the last that counted.
func wanted(copies []event.Touchpoint) [][]byte {
	groups := map[event.Key][]event.Touchpoint{}
	for _, t := range copies {
		groups[t.Key()] = append(groups[t.Key()], t)
	}
	var out [][]byte
	for _, group := range groups {
		sort.Slice(group, func(i, j int) bool {
			if group[i].Received != group[j].Received {
				return group[i].Received < group[j].Received
			}
			return bytes.Compare(group[i].Bytes(), group[j].Bytes()) < 0
		})
		last := group[0]
		out = append(out, last.Bytes())
		for _, t := range group[1:] {
			if t.Untimed && t.Received-last.Received > 48*60*60*1000 {
				last = t
				out = append(out, t.Bytes())
			}
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

func TestAnyDeliveryCountsTheSame(t *testing.T) {
	t.Parallel()
	refolds, fast := 0, 0
	forSeeds(t, 1000, func(t *testing.T, r *rand.Rand) {
		copies := randomCopies(r)
		want := wanted(copies)
		if got := sorted(bytesOf(event.Distinct(copies))); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("Distinct(%s)\n got %s\nwant %s", bytesOf(copies), got, want)
		}
		wantFold := profile.Fold(event.Distinct(copies), stageOf).Bytes()
		for range 4 {
			queue := slices.Clone(copies)
			for range r.IntN(4) {
				queue = append(queue, copies[r.IntN(len(copies))]) // redelivered as it is
			}
			r.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
			s := &timeline{pages: map[string][]event.Touchpoint{}}
			for len(queue) > 0 {
				n := 1 + r.IntN(min(4, len(queue)))
				s.deliver(queue[:n])
				queue = queue[n:]
				fast++
			}
			refolds += s.refolds
			if got := sorted(bytesOf(event.Distinct(s.all()))); !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("stored after delivery of %s\n got %s\nwant %s", bytesOf(copies), got, want)
			}
			if got := s.aggregate.Bytes(); !bytes.Equal(got, wantFold) {
				t.Fatalf("aggregate after delivery of %s\n got %s\nwant %s", bytesOf(copies), got, wantFold)
			}
		}
	})
	t.Logf("%d batches, %d of them refolded", fast, refolds)
}

func TestDistinctOrder(t *testing.T) {
	t.Parallel()
	forSeeds(t, 500, func(t *testing.T, r *rand.Rand) {
		copies := randomCopies(r)
		want := bytesOf(event.Distinct(copies))
		r.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
		before := bytesOf(copies)
		if got := bytesOf(event.Distinct(copies)); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("Distinct of the same copies in another order\n got %s\nwant %s", got, want)
		}
		if after := bytesOf(copies); !slices.EqualFunc(after, before, bytes.Equal) {
			t.Fatalf("Distinct changed its argument to %s, want %s", after, before)
		}
		again := event.Distinct(event.Distinct(copies))
		if got := bytesOf(again); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("Distinct of Distinct\n got %s\nwant %s", got, want)
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
				s := &timeline{pages: map[string][]event.Touchpoint{}}
				for _, i := range order {
					s.deliver(copies[i : i+1])
				}
				var got []event.Millis
				for _, kept := range event.Distinct(s.all()) {
					got = append(got, kept.Received-start)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("delivered in the order %v: got receipts %v, want %v", order, got, c.want)
				}
				if s.aggregate.Touchpoints != len(c.want) {
					t.Errorf("delivered in the order %v: got %d touchpoints, want %d", order, s.aggregate.Touchpoints, len(c.want))
				}
			}
		})
	}
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
			s := &timeline{pages: map[string][]event.Touchpoint{}}
			for i := range c.copies {
				s.deliver(c.copies[i : i+1])
			}
			got := event.Distinct(s.all())
			if len(got) != 1 || !bytes.Equal(got[0].Bytes(), c.want.Bytes()) {
				t.Errorf("got %s, want %s alone", bytesOf(got), c.want.Bytes())
			}
			if want := profile.Fold(got, stageOf).Bytes(); !bytes.Equal(s.aggregate.Bytes(), want) {
				t.Errorf("aggregate is %s, want %s", s.aggregate.Bytes(), want)
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
		s := &timeline{pages: map[string][]event.Touchpoint{}}
		for _, i := range order {
			s.deliver(all[i : i+1])
		}
		if got := len(event.Distinct(s.all())); got != len(all) || s.aggregate.Touchpoints != len(all) {
			t.Fatalf("delivered in the order %v: got %d distinct, %d in the aggregate, want %d", order, got, s.aggregate.Touchpoints, len(all))
		}
	}
}
