package adaptertest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/profile"
)

func touchpoint(id string, at event.Millis) event.Touchpoint {
	return event.Touchpoint{ID: event.ID(id), Source: "web", Type: event.Page, Name: "Home", Original: at, Corrected: at, Received: at + 1}
}

// wantTouchpoints compares without order, which no table promises.
func wantTouchpoints(t *testing.T, what string, got, want []event.Touchpoint) {
	t.Helper()
	equal(t, what, inOrder(got), inOrder(want))
}

func inOrder(touchpoints []event.Touchpoint) []string {
	out := make([]string, len(touchpoints))
	for n, touchpoint := range touchpoints {
		out[n] = string(touchpoint.Bytes())
	}
	slices.Sort(out)
	return out
}

// copiesOfEvents: of everything that is stored, Load finds every copy of the touchpoints asked for, on pages of any length; it may find others.
func copiesOfEvents(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	midnight := noon - day/2
	last, first := touchpoint("last", midnight-1), touchpoint("first", midnight)
	mid, late, next := touchpoint("mid", noon), touchpoint("late", midnight+day-1), touchpoint("next", midnight+day)
	minute, longer := touchpoint("minute", noon+60_000), touchpoint("longer", noon+120_001)
	again := mid // another copy of the event, received later
	again.Received += 5000
	once, twice := untimed("u", noon), untimed("u", noon+40*hour)
	stranger := untimed("stranger", noon)
	other := touchpoint("other", noon)
	put := func(workspace string, id event.Identifier, page ...event.Touchpoint) {
		t.Helper()
		must(t, table.PutPage(ctx, workspace, id, page))
	}
	put("days", "user:1", last)
	put("days", "user:1", first, mid, once, stranger) // longer than a minute, with two that have no time
	put("days", "user:1", again, minute)              // a minute exactly
	put("days", "user:1", minute, longer)             // a millisecond more than that
	put("days", "user:1", first, late)                // a whole day
	put("days", "user:1", next)
	put("days", "user:1", twice)
	put("days", "user:1")
	put("days", "user:10", other)
	put("days-2", "user:1", other)
	must(t, table.Commit(ctx, "days", "user:1", profile.Aggregate{Version: 1, Touchpoints: 5}))

	for _, c := range []struct {
		asked []event.Touchpoint
		want  []event.Touchpoint
	}{
		{nil, nil},
		{[]event.Touchpoint{last}, []event.Touchpoint{last}},
		{[]event.Touchpoint{first}, []event.Touchpoint{first, first}},
		{[]event.Touchpoint{mid}, []event.Touchpoint{mid, again}},
		{[]event.Touchpoint{again, mid, again}, []event.Touchpoint{mid, again}},
		{[]event.Touchpoint{minute}, []event.Touchpoint{minute, minute}},
		{[]event.Touchpoint{longer}, []event.Touchpoint{longer}},
		{[]event.Touchpoint{late}, []event.Touchpoint{late}},
		{[]event.Touchpoint{next, late, last}, []event.Touchpoint{last, late, next}},
		{[]event.Touchpoint{untimed("u", noon+200*day)}, []event.Touchpoint{once, twice}},
		{[]event.Touchpoint{untimed("u", 0), stranger, longer, first}, []event.Touchpoint{once, twice, stranger, longer, first, first}},
		{[]event.Touchpoint{other, touchpoint("mid", noon+1), touchpoint("u", noon), untimed("mid", noon)}, nil},
		{[]event.Touchpoint{touchpoint("first", 0), touchpoint("nothing", 20*365*day)}, nil},
	} {
		a, got, err := table.Load(ctx, "days", "user:1", c.asked)
		must(t, err)
		what := fmt.Sprintf("copies that Load finds of %v", inOrder(c.asked))
		wantTouchpoints(t, what, copiesAmong(got, c.asked), c.want)
		equal(t, "aggregate of Load", a, profile.Aggregate{Version: 1, Touchpoints: 5})
	}
	_, got, err := table.Timeline(ctx, "days", "user:1")
	must(t, err)
	wantTouchpoints(t, "Timeline", got, []event.Touchpoint{
		last, first, mid, once, stranger, again, minute, minute, longer, first, late, next, twice,
	})
	a, got, err := table.Timeline(ctx, "days", "user:nobody")
	must(t, err)
	wantTouchpoints(t, "Timeline of nobody", got, nil)
	equal(t, "aggregate of nobody", a, profile.Aggregate{})
	if err := table.PutPage(ctx, "days", "user:1", []event.Touchpoint{last, first}); err == nil {
		t.Error("PutPage of two days: got no error")
	}
}

func untimed(id string, at event.Millis) event.Touchpoint {
	t := touchpoint(id, at)
	t.Untimed, t.Received = true, at
	return t
}

// copiesAmong leaves out what nobody asked for.
func copiesAmong(found, asked []event.Touchpoint) []event.Touchpoint {
	keys := map[event.Key]bool{}
	for _, one := range asked {
		keys[one.Key()] = true
	}
	return slices.DeleteFunc(found, func(one event.Touchpoint) bool { return !keys[one.Key()] })
}

// everyPlacement puts events on pages of random lengths and looks for each of them: no placement may hide a copy.
func everyPlacement(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	spans := []event.Millis{1, 1000, 59_999, 60_000, 60_001, hour, day}
	stored := map[event.Key]int{}
	var all []event.Touchpoint
	for range 60 {
		begin, span := noon-day/2+event.Millis(random.Int64N(int64(3*day))), spans[random.IntN(len(spans))]
		page := []event.Touchpoint{}
		for range 1 + random.IntN(4) {
			one := touchpoint(fmt.Sprint(random.IntN(3)), begin+event.Millis(random.Int64N(int64(span)+1)))
			if random.IntN(5) == 0 {
				one = untimed(fmt.Sprint(random.IntN(30)), one.Original)
			}
			if one.Original.Day() == begin.Day() {
				page = append(page, one)
			}
		}
		must(t, table.PutPage(ctx, "placement", "user:1", page))
		all = append(all, page...)
	}
	_, whole, err := table.Timeline(ctx, "placement", "user:1")
	must(t, err)
	for _, one := range whole {
		stored[one.Key()]++
	}
	for n, one := range all {
		_, got, err := table.Load(ctx, "placement", "user:1", all[n:min(n+1+random.IntN(3), len(all))])
		must(t, err)
		if found := len(copiesAmong(got, []event.Touchpoint{one})); found == 0 || found != stored[one.Key()] {
			t.Errorf("Load finds %d copies of %s, %d are stored", found, one.Bytes(), stored[one.Key()])
		}
	}
}

func strangePages(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	for n, text := range strange {
		want := event.Touchpoint{
			ID: event.ID("e-" + text), Source: "s-" + text, Type: event.Track, Name: text, Original: noon, Corrected: noon - 5, Received: math.MaxInt64,
			Untimed: true, Skewed: true, Future: true, Sign: text, Country: text, Page: text,
			Order:      &event.Order{ID: text, Refund: true, Amount: math.MinInt64, Currency: "EUR", Items: math.MaxInt},
			Properties: map[string]string{"": text, text + "?": "", "n": "12345678901234567890.123"},
		}
		id := event.Identifier(fmt.Sprintf("anon:%d-%s", n, text))
		must(t, table.PutPage(ctx, "strange", id, []event.Touchpoint{want}))
		_, got, err := table.Timeline(ctx, "strange", id)
		must(t, err)
		equal(t, fmt.Sprintf("Timeline with %q", text), got, []event.Touchpoint{want})
	}
}

func repeatedPages(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	a, b, c := touchpoint("a", noon), touchpoint("b", noon+1), touchpoint("c", noon)
	for _, page := range [][]event.Touchpoint{{a, b, c}, {a, b, c}, {c, b, a}, {b, a, c}} {
		before := slices.Clone(page)
		must(t, table.PutPage(ctx, "repeats", "user:1", page))
		equal(t, "the caller's page", page, before)
	}
	_, got, err := table.Timeline(ctx, "repeats", "user:1")
	must(t, err)
	wantTouchpoints(t, "Timeline of one page stored four times", got, []event.Touchpoint{a, b, c})
	_, got, err = table.Load(ctx, "repeats", "user:1", []event.Touchpoint{a, c})
	must(t, err)
	wantTouchpoints(t, "copies on one page stored four times", copiesAmong(got, []event.Touchpoint{a, c}), []event.Touchpoint{a, c})
	must(t, table.PutPage(ctx, "repeats", "user:1", []event.Touchpoint{a, b}))
	_, got, err = table.Timeline(ctx, "repeats", "user:1")
	must(t, err)
	wantTouchpoints(t, "Timeline with another page", got, []event.Touchpoint{a, a, b, b, c})
}

func largePage(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(2500 * 400)
	var page []event.Touchpoint
	for n := range 2500 {
		one := touchpoint(fmt.Sprintf("e-%d", n), noon+event.Millis(n))
		one.Properties = map[string]string{"noise": text[n*400 : n*400+400]}
		page = append(page, one)
	}
	must(t, table.PutPage(ctx, "large", "user:1", page))
	must(t, table.PutPage(ctx, "large", "user:1", page))
	_, got, err := table.Load(ctx, "large", "user:1", page)
	must(t, err)
	equal(t, "touchpoints of a large page", len(got), 2500)
	if !slices.Equal(inOrder(got), inOrder(page)) {
		t.Error("Load of a large page: other touchpoints than were stored")
	}
}

func longTimeline(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	text := noise(1000 * 3000)
	var all []event.Touchpoint
	for n := range 1000 {
		one := touchpoint(fmt.Sprintf("e-%d", n), noon+event.Millis(n)*day/10)
		one.Properties = map[string]string{"noise": text[n*3000 : n*3000+3000]} // about 1.5 MB in all: more than one answer holds
		all = append(all, one)
		must(t, table.PutPage(ctx, "long", "user:1", []event.Touchpoint{one}))
	}
	_, got, err := table.Timeline(ctx, "long", "user:1")
	must(t, err)
	if !slices.Equal(inOrder(got), inOrder(all)) {
		t.Errorf("Timeline: %d touchpoints, want all 1,000 as they were stored", len(got))
	}
}

func commits(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	aggregate := func(version int64) profile.Aggregate {
		return profile.Aggregate{
			Version: version, Model: "default@1", Touchpoints: math.MaxInt, Proof: math.MaxUint64 - uint64(version),
			First: profile.Touch{At: noon, Sign: "email", Hash: 1<<63 + 1}, Last: profile.Touch{At: noon + 1, Hash: math.MaxUint64},
			Signs: map[string]int{"email": 1, "日本": 2}, Evidence: map[string]profile.Evidence{"purchase": {Count: 3, First: noon}},
		}
	}
	for _, c := range []struct {
		version int64
		kind    fault.Kind
		code    string
		stored  int64
	}{
		{2, fault.Conflict, "conflict", 0},
		{1, "", "", 1},
		{1, fault.Conflict, "conflict", 1},
		{3, fault.Conflict, "conflict", 1},
		{2, "", "", 2},
		{2, fault.Conflict, "conflict", 2},
		{3, "", "", 3},
		{1, fault.Conflict, "conflict", 3},
	} {
		wantFault(t, fmt.Sprintf("Commit of version %d", c.version), table.Commit(ctx, "commits", "user:1", aggregate(c.version)), c.kind, c.code)
		got, _, err := table.Load(ctx, "commits", "user:1", nil)
		must(t, err)
		want := profile.Aggregate{}
		if c.stored > 0 {
			want = aggregate(c.stored)
		}
		equal(t, fmt.Sprintf("aggregate after version %d", c.version), got, want)
	}
}

func concurrentCommits(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const writers = 64
	var mu sync.Mutex
	wins := map[int64]int{}
	write := func() error {
		for {
			a, _, err := table.Load(ctx, "race", "user:1", nil)
			if err != nil {
				return err
			}
			a.Version++
			a.Touchpoints++
			err = table.Commit(ctx, "race", "user:1", a)
			if fault.KindOf(err) == fault.Conflict {
				continue
			}
			mu.Lock()
			wins[a.Version]++
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
	for version := range int64(writers) {
		want[version+1] = 1
	}
	equal(t, "writers by the version they won", wins, want)
	a, _, err := table.Load(ctx, "race", "user:1", nil)
	must(t, err)
	equal(t, "aggregate after 64 writers", a, profile.Aggregate{Version: writers, Touchpoints: writers})
}
