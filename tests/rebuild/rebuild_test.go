package rebuild_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/infra/rebuild"
	"waymark/shared/domain/bot"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/model"
	"waymark/shared/person"
)

// seeds runs a test under many seeds; WAYMARK_REBUILD_SEED names one of them, WAYMARK_REBUILD_N another number.
func seeds(t *testing.T, n uint64, do func(t *testing.T, seed uint64)) {
	t.Helper()
	t.Parallel()
	first := uint64(1)
	if text := os.Getenv("WAYMARK_REBUILD_N"); text != "" {
		n, _ = strconv.ParseUint(text, 10, 64)
	}
	if text := os.Getenv("WAYMARK_REBUILD_SEED"); text != "" {
		first, _ = strconv.ParseUint(text, 10, 64)
		n = 1
	}
	for seed := first; seed < first+n; seed++ {
		do(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d; run it again: WAYMARK_REBUILD_SEED=%d go test -run %s ./tests/rebuild", seed, seed, t.Name())
		}
	}
	t.Logf("%d seeds from %d", n, first)
}

// shuffled lists the objects of the archive in random order, and some of them twice.
type shuffled struct {
	*world
	rebuild.Archive
}

func (s shuffled) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	var keys []string
	for key, err := range s.Archive.Keys(ctx, prefix) {
		must(s.t, err)
		keys = append(keys, key)
		if s.random.IntN(3) == 0 {
			keys = append(keys, key)
		}
	}
	s.random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return func(yield func(string, error) bool) {
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// A rebuild from the archive, in any order of objects and with doubled objects, holds what is in use, to the byte, in one pass or many; published
// windows keep revision and time.
func TestRebuildEqualsWhatIsInUse(t *testing.T) {
	seeds(t, 40, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "default")
		source := newTraffic(seed)
		for range 1 + w.random.IntN(3) {
			for chunk := range slices.Chunk(source.some(5+w.random.IntN(30)), 1+w.random.IntN(6)) {
				w.take(chunk...)
				if w.random.IntN(4) == 0 {
					w.take(chunk...) // delivered again, with an object of its own
				}
			}
			w.cut(t)
			must(t, w.rollUp(t.Context(), false))
		}
		before, published := w.dump("shop"), w.windows("shop")
		c := w.config()
		c.Archive, c.PerPass = shuffled{w, w.archive}, 5+w.random.IntN(200)
		report := w.run(c, rebuild.Order{Swap: rebuild.IfEqual})
		if !report.Equal || !report.Swapped {
			t.Errorf("seed %d: report %+v, want equal and swapped", seed, report)
		}
		same(t, "the rebuilt generation", w.dump("shop~1"), before)
		same(t, "the former generation", w.dump("shop"), before)
		for name, now := range w.windows("shop~1") {
			if was := published[name]; now.Revision != was.Revision || now.ComputedAt != was.ComputedAt || now.Digest != was.Digest {
				t.Errorf("%s is revision %d of %d, want %d of %d", name, now.Revision, now.ComputedAt, was.Revision, was.ComputedAt)
			}
		}
	})
}

// cut parts two identifiers that a new event may link, as an operator does, with the marks of everybody.
func (w *world) cut(t *testing.T) {
	t.Helper()
	c := identity.Cut{
		Child: event.Identifier(fmt.Sprintf("anon:a%d", w.random.IntN(5))), Parent: event.Identifier(fmt.Sprintf("user:u%d", w.random.IntN(4))),
		At: event.At(w.now), Undone: w.random.IntN(4) == 0,
	}
	must(t, w.table.PutCut(t.Context(), "shop", c))
	for name, one := range w.windows("shop") {
		if strings.HasPrefix(name, "day ") {
			must(t, w.table.PutMarks(t.Context(), "shop", []kpi.Mark{{Grain: period.Day, Key: one.Key, Identifiers: []event.Identifier{c.Child, c.Parent}}}))
		}
	}
}

// A rebuild computes each window once, also where sessions cross midnight, links move the past and time changes stages.
func TestRebuildComputesOnce(t *testing.T) {
	seeds(t, 10, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "default")
		w.rollup.AtOnce = 1
		w.take(newTraffic(seed).some(60)...)
		w.run(w.config(), rebuild.Order{Swap: rebuild.Always})
		if stored := len(w.windows("shop~1")); w.made != stored {
			t.Errorf("seed %d: %d windows were computed for %d that are stored", seed, w.made, stored)
		}
	})
}

// Under another stage model, or other rules for channels or bots, a rebuild holds what a fresh intake under them would hold.
func TestRebuildUnderOtherRules(t *testing.T) {
	config, err := model.ChannelConfig()
	must(t, err)
	config.Sites, config.Explicit = nil, nil
	few, err := channel.New(config)
	must(t, err)
	usual, none := newWorld(t, 1, "default"), (*bot.Rules)(nil)
	seeds(t, 10, func(t *testing.T, seed uint64) {
		all := newTraffic(seed).some(40)
		for name, c := range map[string]struct {
			stages   string
			channels *channel.Rules // that it was taken in under, as the bot rules
			bots     *bot.Rules
		}{
			"stage model": {stages: "five", channels: usual.rules, bots: usual.bots}, "channel rules": {stages: "default", channels: few, bots: usual.bots},
			"bot rules": {stages: "default", channels: usual.rules, bots: none},
		} {
			w, stages := newWorldUnder(t, seed, "default", c.channels, c.bots), c.stages
			fresh := newWorld(t, seed, stages)
			for chunk := range slices.Chunk(all, 5) {
				w.take(chunk...)
				fresh.take(chunk...)
			}
			must(t, w.rollUp(t.Context(), false))
			must(t, fresh.rollUp(t.Context(), false))
			published := w.windows("shop")
			order := rebuild.Order{Model: stages, Swap: rebuild.IfEqual}
			w.rules, w.bots = fresh.rules, fresh.bots
			report := w.run(w.config(), order)
			if report.Equal || report.Swapped || w.shop().Space() != "shop" {
				t.Fatalf("seed %d, another %s: report %+v, want a difference and no swap", seed, name, report)
			}
			order.Swap = rebuild.Always
			report = w.run(w.config(), order) // drops the first and makes generation 2
			if !report.Swapped || w.shop().Space() != "shop~2" || w.shop().Model != stages {
				t.Fatalf("seed %d, another %s: workspace %+v after the swap", seed, name, w.shop())
			}
			same(t, fmt.Sprintf("seed %d, another %s", seed, name), onlyStored(t, w.dump("shop~2"), fresh.dump("shop")), fresh.dump("shop"))
			same(t, "the generation that was not wanted", w.dump("shop~1"), "")
			monotonic(t, published, w.windows("shop~2"))
		}
	})
}

// monotonic checks that what was published keeps its revision only if it still says the same, and goes up otherwise.
func monotonic(t *testing.T, published, now map[string]kpi.Window) {
	t.Helper()
	for name, was := range published {
		is := now[name]
		if is.Revision > was.Revision || (is.Revision == was.Revision && is.Sum() == was.Sum()) {
			continue
		}
		t.Errorf("%s was published as revision %d, and is revision %d now (the same numbers: %v)", name, was.Revision, is.Revision, is.Sum() == was.Sum())
	}
}

// What was damaged in the table is found, named and mended, and gets a higher revision.
func TestRebuildMends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, "default")
	w.take(newTraffic(5).some(60)...)
	must(t, w.rollUp(t.Context(), false))
	right := w.dump("shop")
	for _, g := range period.Grains() { // one window of each grain, without a trace in its digest
		found, err := w.table.Windows(t.Context(), "shop", g, "0", "~")
		must(t, err)
		broken := found[0]
		broken.Rows[0].Numerator += 41
		must(t, w.table.ReplaceWindow(t.Context(), "shop", broken, broken.Version()))
	}
	calendar, err := w.shop().Calendar()
	must(t, err)
	empty, err := calendar.ByKey(period.Day, "2026-01-05")
	must(t, err)
	invented := w.windows("shop")["day 2026-11-21"] // a day that was published and of which the archive knows nothing
	invented.Key, invented.Start, invented.End, invented.Revision, invented.Facts = empty.Key, event.At(empty.Start), event.At(empty.End), 4, ""
	must(t, w.table.ReplaceWindow(t.Context(), "shop", invented, 0))
	loaded, err := person.Load(t.Context(), w.table, "shop", []event.Identifier{"user:u1"})
	must(t, err)
	a := loaded.Of("user:u1").Partitions[0].Aggregate
	a.Version++
	a.Touchpoints += 3
	must(t, w.table.Commit(t.Context(), "shop", loaded.Of("user:u1").Partitions[0].ID, a))
	published := w.windows("shop")

	report := w.run(w.config(), rebuild.Order{Swap: rebuild.IfEqual})
	differing := map[string]int{}
	for _, p := range report.Parts {
		differing[p.Name] = p.Differing
	}
	want := map[string]int{"profiles": 1, "touchpoints": 0, "traits": 0, "links": 0, "order claims": 0, "kpi windows": 7}
	if fmt.Sprint(differing) != fmt.Sprint(want) || report.Equal || report.Swapped {
		t.Fatalf("differences %v, want %v; swapped %v", differing, want, report.Swapped)
	}
	zeros := w.windows("shop~1")["day 2026-01-05"]
	if zeros.Revision != 5 || len(zeros.Rows) == 0 || zeros.Rows[0].Numerator != 0 {
		t.Errorf("the day that was published and is empty: revision %d with %d rows before any swap, want 5 with zeros", zeros.Revision, len(zeros.Rows))
	}
	w.run(w.config(), rebuild.Order{Swap: rebuild.Always})
	same(t, "the mended generation", onlyStored(t, w.dump("shop~2"), right), right)
	monotonic(t, published, w.windows("shop~2"))
}

// Of an event without a timestamp every receipt is kept, because a chain of copies may reach further than 48 hours: one that comes after the
// rebuild counts as it would have counted before.
func TestRebuildKeepsChains(t *testing.T) {
	t.Parallel()
	received := func(hours int) event.Envelope {
		e := newTraffic(1).envelope(`{"type":"page","messageId":"untimed","userId":"u1"}`)
		e.Received, e.SentAt, e.Source = event.Millis(1795000000000+int64(hours)*3_600_000), "", "web"
		return e
	}
	w := newWorld(t, 1, "default")
	before := []event.Envelope{received(0), received(40), received(60)}
	w.take(before...)
	if report := w.run(w.config(), rebuild.Order{Swap: rebuild.IfEqual}); !report.Equal || report.Doubles != 1 {
		t.Errorf("report %+v, want equal, with one double", report)
	}
	w.now = w.now.Add(2 * time.Minute)
	w.take(received(-10))
	must(t, w.rollUp(t.Context(), false))
	want := fresh(t, w, "default", append(before, received(-10)))
	same(t, "after an earlier copy", onlyStored(t, w.dump("shop~1"), want), want)
}

// A rebuild of an unknown workspace, or under an unknown model, says so and changes nothing; so does a second one while the former is kept.
func TestRebuildRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, "default")
	w.take(newTraffic(1).some(10)...)
	c := w.config()
	c.Workspace = "nowhere"
	_, err := rebuild.Run(t.Context(), c, rebuild.Order{Swap: rebuild.Always})
	wantFault(t, "unknown workspace", err, "unknown_workspace")
	_, err = rebuild.Run(t.Context(), w.config(), rebuild.Order{Model: "six", Swap: rebuild.Always})
	wantFault(t, "unknown model", err, "unknown_stage_model")
	_, err = rebuild.Back(t.Context(), w.config())
	wantFault(t, "back without a former generation", err, "no_former_generation")
	if got := w.shop(); got.Highest != 0 || got.Pending != nil {
		t.Errorf("workspace %+v after refusals, want it unchanged", got)
	}
	w.run(w.config(), rebuild.Order{Swap: rebuild.Always})
	_, err = rebuild.Run(t.Context(), w.config(), rebuild.Order{Swap: rebuild.Always})
	wantFault(t, "a second rebuild", err, "generation_kept")
}

func wantFault(t *testing.T, what string, err error, code string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// There and back again: what came in under the new generation is in the old one when it comes back; what is dropped is gone, and a number is
// never given twice.
func TestBackAndDrop(t *testing.T) {
	seeds(t, 10, func(t *testing.T, seed uint64) {
		w, fresh := newWorld(t, seed, "default"), newWorld(t, seed, "default")
		source := newTraffic(seed)
		first, second := source.some(30), source.some(20)
		w.take(first...)
		report := w.run(w.config(), rebuild.Order{Model: "five", Swap: rebuild.Always})
		if report.To != 1 || !report.Swapped {
			t.Fatalf("report %+v, want generation 1 in use", report)
		}
		w.take(second...)
		published := w.windows("shop~1")
		report, err := rebuild.Back(t.Context(), w.config())
		must(t, err)
		if !report.Swapped || report.Late == 0 || w.shop().Space() != "shop" || w.shop().Model != "default" {
			t.Fatalf("back: report %+v, workspace %+v", report, w.shop())
		}
		must(t, w.rollUp(t.Context(), false))
		monotonic(t, published, w.windows("shop"))
		fresh.now = w.now
		fresh.take(first...)
		fresh.take(second...)
		must(t, fresh.rollUp(t.Context(), false))
		same(t, "the generation that came back", onlyStored(t, w.dump("shop"), fresh.dump("shop")), fresh.dump("shop"))

		_, err = rebuild.Drop(t.Context(), w.config())
		must(t, err)
		same(t, "the dropped generation", w.dump("shop~1"), "")
		for key := range w.archive.Keys(t.Context(), kpi.FactsPrefix("shop~1")) {
			t.Errorf("%s is left", key)
		}
		same(t, "the generation in use after dropping", onlyStored(t, w.dump("shop"), fresh.dump("shop")), fresh.dump("shop"))
		if report := w.run(w.config(), rebuild.Order{Swap: rebuild.IfEqual}); report.To != 2 || !report.Equal {
			t.Errorf("the next rebuild: %+v, want generation 2, equal", report)
		}
		if old, _ := w.shop().Old(); old.Space() != "shop" || w.shop().Generation != 2 {
			t.Errorf("workspace %+v, want generation 2 in use and 0 kept", w.shop())
		}
	})
}
