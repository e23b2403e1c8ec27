package rebuild_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"waymark/infra/rebuild"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// shuffled lists the objects of the archive in random order, and some of them twice.
type shuffled struct {
	*world
	rebuild.Archive
}

func (s shuffled) KeysSince(ctx context.Context, prefix string, since event.Millis) iter.Seq2[string, error] {
	var keys []string
	for key, err := range s.Archive.KeysSince(ctx, prefix, since) {
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

// A rebuild from the archive, in any order of objects and with doubled objects, says what is in use, to the byte, in one pass or many; published
// windows keep revision and time.
func TestRebuildEqualsWhatIsInUse(t *testing.T) {
	seed.Each(t, 40, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r, "default")
		source := traffic{r}
		for range 1 + w.random.IntN(3) {
			w.take(source.some(5 + w.random.IntN(30))...)
			w.cut()
			w.settle()
			if w.random.IntN(3) == 0 {
				must(t, w.Archive.CompactEvents(t.Context(), "shop", event.At(w.Now).Day()))
			}
		}
		before, published := w.dump("shop"), w.windows("shop")
		c := w.config(nil)
		c.Archive = shuffled{w, c.Archive}
		report := w.run(c, rebuild.Order{Swap: rebuild.IfEqual})
		if !report.Equal || !report.Swapped {
			t.Errorf("report %+v, want equal and swapped", report)
		}
		same(t, "the rebuilt generation", w.dump("shop~1"), before)
		same(t, "the former generation", w.dump("shop"), before)
		now := w.windows("shop~1")
		for name, was := range published {
			if is := now[name]; is.Revision != was.Revision || is.ComputedAt != was.ComputedAt || !is.Says(was) {
				t.Errorf("%s is revision %d of %d, want %d of %d", name, is.Revision, is.ComputedAt, was.Revision, was.ComputedAt)
			}
		}
	})
}

// cut cuts a link that there is, or takes a cut back, as an operator may.
func (w *world) cut() {
	nodes, err := w.Table.Nodes(w.t.Context(), w.shop().Namespace(), w.everybody())
	must(w.t, err)
	var cuts []identity.Cut
	for _, n := range nodes {
		for _, l := range n.Parents {
			cuts = append(cuts, identity.Cut{Child: l.Child, Parent: l.Parent})
		}
		for _, c := range n.Cuts {
			cuts = append(cuts, identity.Cut{Child: c.Child, Parent: c.Parent, Undone: !c.Undone})
		}
	}
	if len(cuts) > 0 {
		c := cuts[w.random.IntN(len(cuts))]
		c.At = event.At(w.Now)
		must(w.t, w.decide(c))
	}
}

// decide is what an operator does.
func (w *world) decide(c identity.Cut) error {
	space, recorder := w.shop().Namespace(), w.Recorder(w.Ports())
	if err := w.Table.PutCut(w.t.Context(), space, c); err != nil {
		return err
	}
	return recorder.Record(w.t.Context(), space, ledger.Batch{Identifiers: []event.Identifier{c.Child, c.Parent}})
}

// However the events of a person are spread over the archive, one record names them, so that the settle looks at everybody once.
func TestRebuildRecordsEverybodyOnce(t *testing.T) {
	t.Parallel()
	const persons = 7
	w := newWorld(t, one(), "default", func(s *system.System) { s.AtOnce = 1 })
	for n := range 40 {
		w.take(sent{key: "wk_web", raw: fmt.Sprintf(`{"type":"page","userId":"u%d","messageId":"m%d","timestamp":"2026-11-%02dT10:00:00Z"}`, n%persons, n, 1+n%20)})
		w.settle()
	}
	c := w.config(nil)
	c.AtOnce, c.Names = 3, 3
	report := w.run(c, rebuild.Order{Swap: rebuild.Never})
	if report.Objects != 40 || report.Events != 40 || report.Late != 0 || report.Parts[0].Compared != persons {
		t.Errorf("report %+v, want 40 objects with 40 events and none late, and %d profiles", report, persons)
	}
	if w.persons != persons {
		t.Errorf("the rollup looked %d times at %d persons", w.persons, persons)
	}
}

// Under another stage model, or other rules for channels or bots, a rebuild says what a fresh intake under them would say. Without a rebuild, a settle
// takes other rules for channels and bots into account by itself: only what bots were taken for people in, links and orders, stays different.
func TestRebuildUnderOtherRules(t *testing.T) {
	none := func(string) string { return "" }
	for name, c := range map[string]struct {
		stages    string // of the rebuild
		formerly  func(*system.System)
		maySwap   bool
		mustDifer bool
	}{
		"stage model": {stages: "five", mustDifer: true},
		"channels":    {stages: "default", formerly: func(s *system.System) { s.Rules = under("few channels", fewChannels(t), nil) }, maySwap: true},
		"bots": {stages: "default", formerly: func(s *system.System) {
			s.Rules, s.Bot = under("no bots", nil, none), none
		}, maySwap: true},
	} {
		t.Run(name, func(t *testing.T) {
			seed.Each(t, 10, func(t *testing.T, r *rand.Rand) {
				w := newWorld(t, r, "default")
				today := struct {
					rules func(string) (journey.Rules, error)
					bot   func(string) string
				}{w.Rules, w.Bot}
				if c.formerly != nil {
					c.formerly(w.System)
					w.start()
				}
				w.take(traffic{r}.some(40)...)
				w.settle()
				published := w.windows("shop")
				w.Rules, w.Bot = today.rules, today.bot
				w.start()
				report := w.run(w.config(nil), rebuild.Order{Model: c.stages, Swap: rebuild.IfEqual})
				if report.Swapped != report.Equal || c.mustDifer && report.Equal || report.Equal && !c.maySwap {
					t.Fatalf("report %+v", report)
				}
				space := workspace.Namespace("shop~1")
				if !report.Swapped {
					report = w.run(w.config(nil), rebuild.Order{Model: c.stages, Swap: rebuild.Always}) // drops the first and makes generation 2
					same(t, "the generation that was not wanted", w.left("shop~1"), "")
					space = "shop~2"
				}
				if !report.Swapped || w.shop().Namespace() != space || w.shop().Model != c.stages {
					t.Fatalf("workspace %+v after the swap", w.shop())
				}
				same(t, "another "+name, w.dump(space), w.fresh(c.stages).dump("shop"))
				monotonic(t, published, w.windows(space))
			})
		})
	}
}

// under gives rules with other channels or bots than those of today.
func under(id string, channels *channel.Rules, bots func(string) string) func(string) (journey.Rules, error) {
	return func(stages string) (journey.Rules, error) {
		rules, err := model.Rules(stages)
		rules.ID += " " + id
		if channels != nil {
			rules.Channel = func(t event.Touchpoint) string { return string(channels.Own(t)) }
		}
		if bots != nil {
			rules.Bot = bots
		}
		return rules, err
	}
}

func fewChannels(t *testing.T) *channel.Rules {
	config := model.ChannelConfig()
	config.Sites, config.Explicit = nil, nil
	few, err := channel.New(config)
	must(t, err)
	return few
}

// What was damaged in the table is found, named and mended, and gets a higher revision.
func TestRebuildMends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(), "default")
	w.take(traffic{one()}.some(60)...)
	w.settle()
	right, ctx := w.dump("shop"), t.Context()
	for _, g := range period.Grains() { // one window of each grain
		found, err := w.Table.Windows(ctx, "shop", g, "0", "~")
		must(t, err)
		broken := found[0]
		group := broken.Totals.Groups[measure.Key{}]
		group[0] = group[0].Add(wide.Of(41))
		must(t, w.Table.StampWindow(ctx, "shop", broken, broken.Run))
	}
	calendar, err := w.shop().Calendar()
	must(t, err)
	empty, err := calendar.ByKey(period.Day, "2026-01-05")
	must(t, err)
	invented := w.windows("shop")["day 2026-11-21"] // a day that was published and of which the archive knows nothing
	invented.Key, invented.Start, invented.End, invented.Revision = empty.Key, event.At(empty.Start), event.At(empty.End), 4
	must(t, w.Table.StampWindow(ctx, "shop", invented, 0))
	profiles, err := w.Table.Profiles(ctx, "shop", []event.Identifier{"user:u1"})
	must(t, err)
	profiles[0].Touchpoints += 3
	profiles[0].Run++
	must(t, w.Table.PutProfiles(ctx, "shop", profiles))
	published := w.windows("shop")

	report := w.run(w.config(nil), rebuild.Order{Swap: rebuild.IfEqual})
	differing := map[string]int{}
	for _, p := range report.Parts {
		differing[p.Name] = p.Differing
	}
	want := map[string]int{"profiles": 1, "touchpoints": 0, "traits": 0, "links": 0, "order claims": 0, "kpi windows": 7}
	if fmt.Sprint(differing) != fmt.Sprint(want) || report.Equal || report.Swapped {
		t.Fatalf("differences %v, want %v; swapped %v", differing, want, report.Swapped)
	}
	if zeros := w.windows("shop~1")["day 2026-01-05"]; zeros.Revision != 5 || !zeros.Totals.IsZero() {
		t.Errorf("the day that was published and is empty: revision %d before any swap, want 5 with zeros", zeros.Revision)
	}
	w.run(w.config(nil), rebuild.Order{Swap: rebuild.Always})
	same(t, "the mended generation", w.dump("shop~2"), right)
	monotonic(t, published, w.windows("shop~2"))
	w.take(sent{key: "wk_web", raw: `{"type":"page","userId":"u1","messageId":"back","timestamp":"2026-01-05T10:00:00Z"}`})
	w.settle()
	if counted := w.windows("shop~2")["day 2026-01-05"]; counted.Revision != 6 || counted.Totals.Number(measure.Key{}, "touchpoints") != wide.Of(1) {
		t.Errorf("the day of zeros with an event: revision %d, %+v", counted.Revision, counted.Totals)
	}
}

// A rebuild of an unknown workspace, under an unknown model, or on a machine whose clock is behind says so and changes nothing; so does a second one
// while the former is kept.
func TestRebuildRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(), "default")
	w.take(traffic{one()}.some(10)...)
	c := w.config(nil)
	c.Workspace = "nowhere"
	_, err := rebuild.Run(t.Context(), c, rebuild.Order{Swap: rebuild.Always})
	wantFault(t, "unknown workspace", err, "unknown_workspace")
	_, err = rebuild.Run(t.Context(), w.config(nil), rebuild.Order{Model: "six", Swap: rebuild.Always})
	wantFault(t, "unknown model", err, "unknown_stage_model")
	_, err = rebuild.Back(t.Context(), w.config(nil))
	wantFault(t, "back without a former generation", err, "no_former_generation")
	if got := w.shop(); got.Highest != 0 || got.Pending != nil {
		t.Errorf("workspace %+v after refusals, want it unchanged", got)
	}
	c = w.config(nil)
	c.Now = func() time.Time { return w.Now.Add(-61 * time.Second) }
	_, err = rebuild.Run(t.Context(), c, rebuild.Order{Swap: rebuild.Always})
	wantFault(t, "a slow clock", err, "clock_behind")
	w.run(w.config(nil), rebuild.Order{Swap: rebuild.Always})
	_, err = rebuild.Run(t.Context(), w.config(nil), rebuild.Order{Swap: rebuild.Always})
	wantFault(t, "a second rebuild", err, "generation_kept")
}

// There and back again: what came in under the new generation is in the old one when it comes back; what is dropped is gone, and a number is
// never given twice.
func TestBackAndDrop(t *testing.T) {
	seed.Each(t, 10, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r, "default")
		source := traffic{r}
		w.take(source.some(30)...)
		w.settle()
		w.Advance(3 * time.Hour)
		report := w.run(w.config(nil), rebuild.Order{Model: "five", Swap: rebuild.Always})
		if report.To != 1 || !report.Swapped {
			t.Fatalf("report %+v, want generation 1 in use", report)
		}
		before := w.archived()
		w.take(source.some(20)...)
		w.settle()
		w.Advance(time.Minute)
		published, since := w.windows("shop~1"), w.archived()-before
		report, err := rebuild.Back(t.Context(), w.config(nil))
		must(t, err)
		if !report.Swapped || report.Events != since || w.shop().Namespace() != "shop" || w.shop().Model != "default" {
			t.Fatalf("back: report %+v, workspace %+v; want the %d events that came since", report, w.shop(), since)
		}
		w.settle()
		monotonic(t, published, w.windows("shop"))
		want := w.fresh("default").dump("shop")
		same(t, "the generation that came back", w.dump("shop"), want)

		_, err = rebuild.Drop(t.Context(), w.config(nil))
		must(t, err)
		same(t, "the dropped generation", w.left("shop~1"), "")
		same(t, "the generation in use after dropping", w.dump("shop"), want)
		if report := w.run(w.config(nil), rebuild.Order{Swap: rebuild.IfEqual}); report.To != 2 || !report.Equal {
			t.Errorf("the next rebuild: %+v, want generation 2, equal", report)
		}
		if old, _ := w.shop().Old(); old.Namespace() != "shop" || w.shop().Generation != 2 {
			t.Errorf("workspace %+v, want generation 2 in use and 0 kept", w.shop())
		}
	})
}
