package adaptertest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

// states: a state is replaced only by one who knows the epoch that is stored.
func states(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	stored := ledger.State{}
	read := func(what string) {
		t.Helper()
		got, err := table.State(ctx, "states")
		must(t, err)
		equal(t, "State "+what, got, stored)
	}
	read("before any")
	for _, c := range []struct {
		epoch, known int64
		code         string
	}{
		{1, 1, "conflict"},
		{1, 0, ""},
		{1, 0, "conflict"},
		{7, 1, ""},
		{8, 1, "conflict"},
		{8, 6, "conflict"},
		{7, 7, ""},
		{2, 7, ""},
		{3, 0, "conflict"},
		{3, 2, ""},
	} {
		s := ledger.State{
			Epoch: c.epoch, Until: noon, Pending: fmt.Sprint("run-", c.known), Cursor: ledger.HandleAt(noon),
			Tail: []string{"a#1", "日本", "b"}, Settled: noon - 1, Rules: fmt.Sprint(c), Definitions: 2, Recount: "<rules>#&", After: "<cursor>#&",
		}
		err := table.PutState(ctx, "states", s, c.known)
		wantConflict(t, fmt.Sprintf("PutState of epoch %d over %d", c.epoch, c.known), err, c.code)
		if c.code == "" {
			stored = s
		}
		read(fmt.Sprintf("after epoch %d over %d", c.epoch, c.known))
	}
	elsewhere, err := table.State(ctx, "states-2")
	must(t, err)
	equal(t, "State of another workspace", elsewhere, ledger.State{})
}

func concurrentStates(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const writers = 64
	var mu sync.Mutex
	wins := map[int64]int{}
	write := func() error {
		for {
			s, err := table.State(ctx, "race")
			if err != nil {
				return err
			}
			s.Epoch++
			s.Definitions++
			err = table.PutState(ctx, "race", s, s.Epoch-1)
			if fault.KindOf(err) == fault.Conflict {
				continue
			}
			mu.Lock()
			wins[s.Epoch]++
			mu.Unlock()
			return err
		}
	}
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			if err := write(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	want := map[int64]int{}
	for epoch := range int64(writers) {
		want[epoch+1] = 1
	}
	equal(t, "writers by the epoch they won", wins, want)
	s, err := table.State(ctx, "race")
	must(t, err)
	equal(t, "State after 64 writers", s, ledger.State{Epoch: writers, Definitions: writers})
}

// profileOf is a profile with something in every field.
func profileOf(id event.Identifier, run int64) ledger.Profile {
	beyond := money.SumOf(math.MaxInt64).Plus(money.SumOf(math.MaxInt64)) // 64 bits
	cell := measure.Cell{"email", "web <&>", "purchase", "日本"}
	facts := measure.Facts{Stage: "purchase", Entries: []measure.Entry{
		{Cell: measure.Cell{}, Counts: measure.Counts{1}},
		{Cell: cell, Counts: measure.Counts{math.MaxInt64, 2, 3}, Money: []measure.Money{
			{Currency: "EUR", Orders: 2, Revenue: beyond}, {Currency: "JPY", RefundedN: 1, Refunds: money.Sum{}.Minus(beyond)},
		}},
	}}
	visit := stage.Visit{
		Stage: "awareness", Entered: noon - day, Left: noon, Cause: stage.Cause{Event: "e", Source: "web", Rule: "first"},
	}
	return ledger.Profile{
		ID: id, Run: run, Version: 2, Members: []event.Identifier{id, "anon:#1"},
		Stage: "purchase", Since: noon, History: []stage.Visit{visit},
		FirstSeen: noon - day, LastSeen: noon, Touchpoints: math.MaxInt, Sessions: 3,
		Channels: map[string]int{"email": 1, "日本": 2}, Orders: 2,
		Revenue: map[string]money.Sum{"EUR": beyond, "JPY": money.SumOf(-1)}, Next: noon + 90*day,
		Hours: []ledger.Hour{{Start: noon, Digest: math.MaxUint64 - uint64(run), Facts: facts}},
	}
}

func wantProfiles(t *testing.T, table TableUnderTest, ns workspace.Namespace, want ...ledger.Profile) {
	t.Helper()
	ids := make([]event.Identifier, len(want))
	for n, p := range want {
		ids[n] = p.ID
	}
	got, err := table.Profiles(t.Context(), ns, ids)
	must(t, err)
	equal(t, "Profiles", got, want)
}

// profiles: a later run replaces what an earlier one wrote, and is not replaced by it.
func profiles(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	nobody := ledger.Profile{ID: "user:nobody"}
	stored := ledger.Profile{ID: "user:1"}
	wantProfiles(t, table, "profiles", stored, nobody, stored)
	for _, c := range []struct {
		run    int64
		writes bool
	}{{3, true}, {2, false}, {3, false}, {10, true}, {9, false}, {11, true}, {1 << 40, true}} {
		p := profileOf("user:1", c.run)
		p.Orders = int(c.run) % 7
		if c.run == 3 && !c.writes {
			p.Orders = 99
		}
		must(t, table.PutProfiles(ctx, "profiles", []ledger.Profile{p}))
		if c.writes {
			stored = p
		}
		wantProfiles(t, table, "profiles", nobody, stored)
	}
	must(t, table.PutProfiles(ctx, "profiles", nil))
	must(t, table.PutProfiles(ctx, "profiles-2", []ledger.Profile{profileOf("user:1", 1), {ID: "user:nobody", Run: 1}}))
	wantProfiles(t, table, "profiles", nobody, stored)
	wantProfiles(t, table, "profiles-2", profileOf("user:1", 1), ledger.Profile{ID: "user:nobody", Run: 1})

	// Many at once, of which some were written by a later run.
	want := []ledger.Profile{{ID: "anon:none"}}
	var all, others []ledger.Profile
	for n := range 250 {
		id := event.Identifier(fmt.Sprintf("anon:%d-%s", n, strange[n%len(strange)]))
		p := ledger.Profile{ID: id, Root: "user:1", Run: 5}
		if n%4 == 0 {
			p = profileOf(id, 6)
			others = append(others, p)
		}
		want = append(want, p)
		p.Run = 5
		all = append(all, p)
	}
	must(t, table.PutProfiles(ctx, "profiles", others))
	for range 2 {
		must(t, table.PutProfiles(ctx, "profiles", all))
		wantProfiles(t, table, "profiles", want...)
	}
	got, err := table.Profiles(ctx, "profiles", nil)
	must(t, err)
	equal(t, "Profiles of nobody", len(got), 0)
}

// longProfile has hours that do not fit into one item; nothing about those of two runs is alike.
func longProfile(id event.Identifier, run int64, hours int) ledger.Profile {
	p := profileOf(id, run)
	text := noise(hours*200 + 1000)[run%1000:]
	for n := range hours {
		h := p.Hours[0]
		h.Start += event.Millis(n+1) * hour
		entry := measure.Entry{Cell: measure.Cell{text[n*200 : n*200+200]}, Counts: measure.Counts{run}}
		h.Facts = measure.Facts{Entries: []measure.Entry{entry}}
		p.Hours = append(p.Hours, h)
	}
	return p
}

// longProfiles: a profile of any size is replaced as one, whichever sizes follow each other.
func longProfiles(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	stored := ledger.Profile{ID: "user:1"}
	beside := longProfile("user:2", 1, 4000)
	must(t, table.PutProfiles(ctx, "long-profiles", []ledger.Profile{beside}))
	for _, c := range []struct {
		run    int64
		hours  int
		writes bool
	}{
		{1, 6500, true},
		{1, 6500, false},
		{3, 4000, true},
		{2, 6500, false},
		{2, 1, false},
		{4, 1, true},
		{3, 4000, false},
		{5, 6000, true},
		{6, 0, true},
	} {
		p := longProfile("user:1", c.run, c.hours)
		must(t, table.PutProfiles(ctx, "long-profiles", []ledger.Profile{p}))
		if c.writes {
			stored = p
		}
		wantProfiles(t, table, "long-profiles", beside, stored)
	}
	ids := []event.Identifier{"user:1", "user:2"}
	partitions, err := table.Partitions(ctx, "long-profiles", ids)
	must(t, err)
	for n, p := range partitions {
		equal(t, "Partitions beside long profiles", len(p.Touchpoints), 0)
		equal(t, "identifier of Partitions", p.ID, ids[n])
	}
	must(t, table.DeletePartitions(ctx, "long-profiles", ids))
	wantProfiles(t, table, "long-profiles", ledger.Profile{ID: "user:1"}, ledger.Profile{ID: "user:2"})
}

// concurrentProfiles: whoever reads while runs write sees the whole of one, and the highest run stays.
func concurrentProfiles(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const runs = 8
	byRun := make([]ledger.Profile, runs+1)
	byRun[0] = ledger.Profile{ID: "user:1"}
	for run := range int64(runs) {
		byRun[run+1] = longProfile("user:1", run+1, 2000*int(run%4)) // of no, one and two parts
	}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		for last := int64(0); ; {
			got, err := table.Profiles(ctx, "profile-race", []event.Identifier{"user:1"})
			if fault.KindOf(err) == fault.Unavailable { // the parts were replaced too often
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			if got[0].Run < last || !reflect.DeepEqual(got[0], byRun[got[0].Run]) {
				t.Errorf("Profiles after run %d: got %s of run %d", last, shown(got[0]), got[0].Run)
			}
			last = got[0].Run
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for _, n := range []int{3, 1, 7, 5, 2, 8, 4, 6} {
		writers.Go(func() {
			if err := table.PutProfiles(ctx, "profile-race", byRun[n:n+1]); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	wantProfiles(t, table, "profile-race", byRun[runs])
}

// everybody reads all persons that are listed, and checks that each answer but the last has as many as were asked for.
func everybody(t *testing.T, table TableUnderTest, ns workspace.Namespace, limit int) []event.Identifier {
	t.Helper()
	var out []event.Identifier
	for after, rounds := "", 0; ; rounds++ {
		some, next, err := table.Everybody(t.Context(), ns, after, limit)
		must(t, err)
		out = append(out, some...)
		if next == "" {
			slices.Sort(out)
			return out
		}
		if len(some) < limit || next == after || rounds > 10000 {
			t.Fatalf("Everybody after %q: %d persons, at most %d, and next %q", after, len(some), limit, next)
		}
		after = next
	}
}

// listingsOf reads the listings of a stage, some at a time, and joins those that follow each other on a day.
func listingsOf(t *testing.T, table TableUnderTest, ns workspace.Namespace, stage string, limit int) []ledger.Listing {
	t.Helper()
	var out []ledger.Listing
	for after, rounds := "", 0; ; rounds++ {
		some, next, err := table.Listings(t.Context(), ns, stage, after, limit)
		must(t, err)
		for _, l := range some {
			if last := len(out) - 1; last >= 0 && out[last].Day == l.Day {
				out[last].Persons = append(out[last].Persons, l.Persons...)
				continue
			}
			out = append(out, l)
		}
		if next == "" {
			for _, l := range out {
				slices.Sort(l.Persons)
			}
			return out
		}
		if len(some) != limit || next == after || rounds > 10000 {
			t.Fatalf("Listings of %q after %q: %d, want %d, and next %q", stage, after, len(some), limit, next)
		}
		after = next
	}
}

// listings: each run adds to the lists, once however often it writes; they are read by stage, the newest day first, and
// all together.
func listings(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	equal(t, "Everybody before any", everybody(t, table, "lists", 10), []event.Identifier(nil))
	equal(t, "Listings before any", listingsOf(t, table, "lists", "purchase", 10), []ledger.Listing(nil))
	must(t, table.PutListings(ctx, "lists", 1, nil))
	equal(t, "Everybody after no listings", everybody(t, table, "lists", 10), []event.Identifier(nil))

	stages := []string{"", "-", "awareness", "purchase", "purchase_2"} // "-" is a stage, "" is none
	want := map[string][]ledger.Listing{}
	var all []event.Identifier
	byRun := map[int64][]ledger.Listing{}
	for s, name := range stages {
		for d, listed := range []string{"2026-11-22", "2026-11-21", "1970-01-01", ""} {
			of := ledger.Listing{Stage: name, Day: listed}
			for run := range int64(3) {
				ids := []event.Identifier{event.Identifier(fmt.Sprintf("user:%d%d%d", s, d, run)), "anon:日本#"}
				l := ledger.Listing{Stage: name, Day: listed, Persons: ids}
				byRun[run+1] = append(byRun[run+1], l)
				of.Persons = append(of.Persons, l.Persons...)
			}
			slices.Sort(of.Persons)
			want[name] = append(want[name], of)
			all = append(all, of.Persons...)
		}
	}
	slices.Sort(all)
	for _, run := range []int64{2, 1, 3, 1, 2, 3} {
		must(t, table.PutListings(ctx, "lists", run, byRun[run]))
	}
	elsewhere := ledger.Listing{Stage: "loyalty", Day: "2026-11-22", Persons: []event.Identifier{"user:2"}}
	must(t, table.PutListings(ctx, "lists-2", 1, []ledger.Listing{elsewhere}))
	for _, limit := range []int{1, 7, 1000} {
		for _, name := range stages {
			got := listingsOf(t, table, "lists", name, limit)
			equal(t, fmt.Sprintf("Listings of %q, %d at a time", name, limit), got, want[name])
		}
		equal(t, fmt.Sprintf("Everybody, %d at a time", limit), everybody(t, table, "lists", limit), all)
	}
	equal(t, "Listings of no such stage", listingsOf(t, table, "lists", "loyalty", 10), []ledger.Listing(nil))
	equal(t, "Everybody of another workspace", everybody(t, table, "lists-2", 10), []event.Identifier{"user:2"})
}

// largeListings: a run lists more persons than an item or a call holds.
func largeListings(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(30000 * 36)
	large := ledger.Listing{Stage: "purchase", Day: "2026-11-22"}
	for n := range 30000 {
		large.Persons = append(large.Persons, event.Identifier("anon:"+text[n*36:n*36+36]))
	}
	slices.Sort(large.Persons)
	run := []ledger.Listing{large}
	want := slices.Clone(large.Persons)
	for n := range 120 {
		p := event.Identifier(fmt.Sprintf("user:%03d", n))
		listed := (noon - event.Millis(n)*day).Day()
		run = append(run, ledger.Listing{Stage: "awareness", Day: listed, Persons: []event.Identifier{p}})
		want = append(want, p)
	}
	for range 2 {
		must(t, table.PutListings(ctx, "large-lists", 1, run))
	}
	equal(t, "all persons are there", slices.Equal(everybody(t, table, "large-lists", 500), want), true)
	got := listingsOf(t, table, "large-lists", "purchase", 1)
	equal(t, "the large listing is there", len(got) == 1 && slices.Equal(got[0].Persons, large.Persons), true)
	equal(t, "listings of many days", listingsOf(t, table, "large-lists", "awareness", 50), run[1:])
}
