package settle_test

import (
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/testing/system"
)

// newer are the built-in definitions with one more measure and a metric made of it.
func newer(t *testing.T, of *kpi.Definitions) *kpi.Definitions {
	t.Helper()
	version := of.Version + 1
	measures := append(of.Set().Definitions(), measure.Definition{Name: "firsts", Persons: "first_steps", Since: version})
	metric := kpi.Metric{Name: "firsts", Unit: kpi.UnitPersons, Sentence: "s", Numerator: "firsts", N: "firsts", Good: kpi.GoodUp, Since: version}
	d, err := kpi.New(kpi.Config{Version: version, Measures: measures, Metrics: append(slices.Clone(of.Metrics), metric)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Rules that change are followed by a recount of everybody, slice by slice, which may die anywhere, go on under rules that change again, and ends as if
// the rules had always been these.
func TestRecount(t *testing.T) {
	t.Parallel()
	another := func(s *system.System) {
		s.Rules = func(string) (journey.Rules, error) {
			rules, err := model.Rules("five")
			rules.Channel = func(event.Touchpoint) string { return "sms" }
			rules.ID += " all by sms"
			return rules, err
		}
	}
	for name, change := range map[string]func(s *system.System){
		"another stage model": func(s *system.System) {
			s.Rules = func(string) (journey.Rules, error) { return model.Rules("four") }
		},
		"another channel rule": another,
		"another verdict on agents": func(s *system.System) {
			change(s, func(r *journey.Rules) { r.Bot = func(string) string { return "crawler" } })
		},
		"another time zone": setting(t, func(w *workspace.Workspace) { w.Zone = "Asia/Kolkata" }),
		"another currency":  setting(t, func(w *workspace.Workspace) { w.Currency = "EUR" }),
		"a new measure":     func(s *system.System) { s.Definitions = newer(t, s.Definitions) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := played(t, 0)
			change(fresh)
			for _, scene := range scenes {
				scene(fresh)
			}
			s := played(t, len(scenes))
			s.Settle()
			change(s)
			slices := 0
			s.Call = func(name string, apply func() error) error {
				if name == "everybody" {
					slices++
				}
				return apply()
			}
			interrupted := s.Settler(s.Ports())
			run, err := interrupted.Begin(t.Context(), shop(t, s), 0)
			if err != nil {
				t.Fatal(err)
			}
			if more, err := run.Next(t.Context()); !more || err != nil {
				t.Fatalf("the first slice leaves nothing: %v, %v", more, err)
			}
			half, err := s.Table.State(t.Context(), "shop")
			if err != nil || half.Recount == "" || half.After == "" || half.Rules == half.Recount {
				t.Errorf("after the first slice the state is %+v, %v", half, err)
			}
			s.Settle()
			if slices < 3 {
				t.Errorf("everybody was counted in %d slices, want at least 3", slices)
			}
			done, err := s.Table.State(t.Context(), "shop")
			if want := half.Recount; err != nil || done.Recount != "" || done.Rules != want || done.Definitions != s.Definitions.Version {
				t.Errorf("after the last slice the state is %+v, %v", done, err)
			}
			fresh.Now = s.Now.Add(-60e9)
			fresh.Settle()
			same(t, "counted anew", stored(t, s), stored(t, fresh))
			s.Settle()
			if again, _ := s.Table.State(t.Context(), "shop"); again.Epoch != done.Epoch+3 { // the third is of the compaction
				t.Errorf("a run that finds nothing to do takes %d slices", again.Epoch-done.Epoch-2)
			}
		})
	}
}

// A workspace whose very first settle stops halfway is counted anew as well when its rules change before the next.
func TestRecountAfterHalfAFirstSettle(t *testing.T) {
	t.Parallel()
	another := func(s *system.System) {
		s.Rules = func(string) (journey.Rules, error) { return model.Rules("four") }
		s.Definitions = newer(t, s.Definitions)
	}
	fresh := played(t, 0)
	another(fresh)
	scenes[0](fresh)
	s := played(t, 1)
	run, err := s.Settler(s.Ports()).Begin(t.Context(), shop(t, s), 0)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := run.Next(t.Context()); !more || err != nil {
		t.Fatalf("the first slice leaves nothing: %v, %v", more, err)
	}
	another(s)
	s.Settle()
	fresh.Settle()
	same(t, "counted anew", stored(t, s), stored(t, fresh))
}

// While a release with another measure takes the place of the one before, both may run. Once the newer has settled, the older does no more: it could
// not take anybody out of what it does not know.
func TestOlderReleaseKeepsAway(t *testing.T) {
	t.Parallel()
	s := played(t, len(scenes))
	s.Settle()
	former := s.Definitions
	s.Definitions = newer(t, former)
	run, err := s.Settler(s.Ports()).Begin(t.Context(), shop(t, s), 0)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := run.Next(t.Context()); !more || err != nil {
		t.Fatalf("the first slice leaves nothing: %v, %v", more, err)
	}
	if err := run.End(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	older := s.Settler(s.Ports())
	older.Definitions = former
	if result, err := older.Run(t.Context(), shop(t, s), 0); err != nil || !result.IsBusy {
		t.Errorf("the older release answers %+v, %v, want busy", result, err)
	}
	s.Settle()
	fresh := played(t, 0)
	fresh.Definitions = s.Definitions
	for _, scene := range scenes {
		scene(fresh)
	}
	fresh.Now = s.Now.Add(-60e9)
	fresh.Settle()
	same(t, "after both ran", stored(t, s), stored(t, fresh))
}

// Rules, or a zone, that are taken back before everybody is counted under them leave nobody behind: whoever was counted
// under them already is counted anew.
func TestRulesAreTakenBack(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *system.System){
		"a zone":        setting(t, func(w *workspace.Workspace) { w.Zone = "Asia/Kolkata" }),
		"a stage model": setting(t, func(w *workspace.Workspace) { w.Model = "four" }),
	} {
		for _, isFirst := range []bool{false, true} { // or somebody was counted before
			s, fresh := system.New(t, system.Shop()), system.New(t, system.Shop())
			s.AtOnce = 1
			visit := func(s *system.System, id, at string) {
				s.Send("wk_web", said("page", id+"a", "a", at, ""))
				s.Send("wk_web", said("track", id+"b", "b", at, bought(id, "20")))
			}
			former := shop(t, s)
			if !isFirst {
				visit(s, "1", "2026-11-19T23:00:00Z")
				s.Settle()
			}
			visit(s, "2", "2026-11-20T23:00:00Z")
			change(s)
			run, err := s.Settler(s.Ports()).Begin(t.Context(), shop(t, s), 0)
			if err != nil {
				t.Fatal(err)
			}
			if more, err := run.Next(t.Context()); !more || err != nil {
				t.Fatalf("%s: the first slice leaves nothing: %v, %v", name, more, err)
			}
			setting(t, func(w *workspace.Workspace) { *w = former })(s)
			s.Settle()
			if !isFirst {
				visit(fresh, "1", "2026-11-19T23:00:00Z")
			}
			visit(fresh, "2", "2026-11-20T23:00:00Z")
			fresh.Now = s.Now.Add(-60e9)
			fresh.Settle()
			same(t, name+" taken back", stored(t, s), stored(t, fresh))
		}
	}
}

// setting changes settings of the shop.
func setting(t testing.TB, change func(*workspace.Workspace)) func(*system.System) {
	return func(s *system.System) {
		w := shop(t, s)
		change(&w)
		if err := s.Table.PutWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
}

func change(s *system.System, rules func(*journey.Rules)) {
	before := s.Rules
	s.Rules = func(name string) (journey.Rules, error) {
		r, err := before(name)
		rules(&r)
		r.ID += " changed"
		return r, err
	}
}

// Two persons lapse within one hour. Each is counted as lapsed from the very millisecond on, not before, and never looked at in between.
func TestLapsesAreCountedWhenDue(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	s.Send("wk_web", said("page", "e1", "b", "2026-08-25T13:10:00Z", ""), said("page", "e2", "a", "2026-08-25T13:50:00Z", ""))
	s.Settle()
	for _, c := range []struct {
		now     string
		persons int
		lapsed  []string
	}{
		{"2026-11-23T13:09:59.999Z", 0, nil},
		{"2026-11-23T13:10:00Z", 2, []string{"anon:b"}},
		{"2026-11-23T13:49:59.999Z", 0, []string{"anon:b"}},
		{"2026-11-23T13:50:00Z", 1, []string{"anon:a", "anon:b"}},
		{"2027-11-23T13:50:00Z", 0, []string{"anon:a", "anon:b"}},
	} {
		s.Now = clock(t, c.now)
		result, err := s.Settler(s.Ports()).Run(t.Context(), shop(t, s), 0)
		if err != nil || result.Persons != c.persons || !result.IsDone {
			t.Errorf("at %s: %+v, %v, want %d persons", c.now, result, err, c.persons)
		}
		var got []string
		profiles, err := s.Table.Profiles(t.Context(), "shop", []event.Identifier{"anon:a", "anon:b"})
		for _, p := range profiles {
			if p.Stage == "lapsed" {
				got = append(got, string(p.ID))
			}
		}
		w, windowErr := s.Table.Window(t.Context(), "shop", period.Day, "2026-11-23")
		entries := w.Totals.Number(measure.Key{Dimension: measure.ByStage, Value: "lapsed"}, "stage_entries")
		if err != nil || windowErr != nil || !slices.Equal(got, c.lapsed) || entries != wide.Of(int64(len(c.lapsed))) {
			t.Errorf("at %s %v are lapsed and %s entries counted, want %v (%v, %v)", c.now, got, entries, c.lapsed, err, windowErr)
		}
	}
	if dues, _, err := s.Table.Dues(t.Context(), "shop", event.At(s.Now.AddDate(9, 0, 0)), 9); len(dues) != 0 || err != nil {
		t.Errorf("there are still %+v, %v", dues, err)
	}
}

// However many are due, a run looks at all of them, some at a time.
func TestManyAreDue(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	s.AtOnce = 1
	s.Send("wk_web", said("page", "e1", "a", "2026-08-25T13:10:00Z", ""), said("page", "e2", "b", "2026-08-25T14:10:00Z", ""), said("page", "e3", "old", "2026-08-25T15:10:00Z", ""))
	s.Settle()
	s.Now = clock(t, "2026-11-24T00:00:00Z")
	result, err := s.Settler(s.Ports()).Run(t.Context(), shop(t, s), 0)
	if err != nil || result.Persons != 3 || !result.IsDone {
		t.Errorf("the run gives %+v, %v, want three persons", result, err)
	}
}

// What time will do is looked for up to the instant that the schedule names, where that is later than the clock.
func TestTheScheduleMayBeAheadOfTheClock(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	s.Send("wk_web", said("page", "e1", "a", "2026-08-25T13:10:00Z", ""))
	if _, err := s.Settler(s.Ports()).Run(t.Context(), shop(t, s), event.At(clock(t, "2026-11-23T13:10:00Z"))); err != nil {
		t.Fatal(err)
	}
	profiles, err := s.Table.Profiles(t.Context(), "shop", []event.Identifier{"anon:a"})
	if err != nil || profiles[0].Stage != "lapsed" {
		t.Errorf("the profile is %+v, %v", profiles, err)
	}
	var none ledger.State
	if state, err := s.Table.State(t.Context(), "shop"); err != nil || state.Settled == none.Settled {
		t.Errorf("the state is %+v, %v", state, err)
	}
}
