package settle_test

import (
	"errors"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/testing/system"
)

var errDead = errors.New("the process was killed")

// dying does nothing any more from call n on: that one is applied, or not.
func dying(n int, isApplied bool) func(string, func() error) error {
	return func(_ string, apply func() error) error {
		switch n--; {
		case n >= 0:
			return apply()
		case n == -1 && isApplied:
			_ = apply()
		}
		return errDead
	}
}

// calls are the names of the calls that the next run makes.
func calls(s *system.System) []string {
	var names []string
	s.Call = func(name string, apply func() error) error {
		names = append(names, name)
		return apply()
	}
	s.Settle()
	s.Call = nil
	return names
}

// Settling after each scene ends as settling once at the end: what is left out, taken back or parted leaves no trace.
func TestStepByStepIsAtOnce(t *testing.T) {
	t.Parallel()
	for n := range len(scenes) + 1 {
		byStep, atOnce := played(t, n), system.New(t, system.Shop())
		for _, scene := range scenes[:n] {
			scene(atOnce)
		}
		byStep.Settle()
		atOnce.Now = byStep.Now.Add(-60e9)
		atOnce.Settle()
		same(t, "step by step", stored(t, byStep), stored(t, atOnce))
	}
}

// Whoever loses a member is counted anew, though no record names them: the one that a device belonged to until earlier evidence joins it to another, and
// the device whose place with a user an earlier one takes.
func TestWhoLosesAMember(t *testing.T) {
	t.Parallel()
	links := func(id, user, anonymous, at string) string {
		return said("identify", id, anonymous, at, `,"userId":"`+user+`"`)
	}
	for name, earlier := range map[string]string{
		"joined to another":    links("e4", "42", "a", "2026-11-20T10:00:00Z"),
		"displaced by another": links("e4", "7", "b", "2026-11-20T10:00:00Z"),
	} {
		byStep, atOnce := played(t, 0), played(t, 0)
		for _, s := range []*system.System{byStep, atOnce} {
			s.Caps = identity.Caps{Children: 1, Parents: 9, Aliases: 9, Members: 9}
			s.Send("wk_web", said("page", "e1", "a", "2026-11-20T12:00:00Z", ""), said("page", "e2", "b", "2026-11-20T12:00:00Z", ""), links("e3", "7", "a", "2026-11-20T12:00:00Z"))
			if s == byStep {
				s.Settle()
			}
			s.Send("wk_web", earlier)
		}
		byStep.Settle()
		atOnce.Now = byStep.Now.Add(-60e9)
		atOnce.Settle()
		same(t, name, stored(t, byStep), stored(t, atOnce))
	}
}

// A run may die at any call, and so may the one that finishes what it left. The next one ends as if nothing had been.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	for n := 2; n <= len(scenes); n++ {
		undisturbed := played(t, n)
		names := calls(undisturbed)
		want := stored(t, undisturbed)
		for i, name := range names {
			for _, isApplied := range []bool{false, true} {
				s := played(t, n)
				now := s.Now
				s.Call = dying(i, isApplied)
				if err := s.TrySettle(s.Ports()); !errors.Is(err, errDead) {
					t.Fatalf("the run that dies at %s ends with %v", name, err)
				}
				s.Call, s.Now = dying(i/2, !isApplied), s.Now.Add(60e9) // and the next one too
				_ = s.TrySettle(s.Ports())
				s.Call = nil
				s.Settle()
				s.Now = now.Add(60e9)
				if same(t, name, stored(t, s), want); t.Failed() {
					t.Fatalf("after call %d of %d, %s, applied: %v", i, len(names), name, isApplied)
				}
			}
		}
	}
}

// A run may be overtaken at any call, by one that ends well, or that finds more and dies when it has just committed; and go on afterwards. It counts
// nothing that the other did not.
func TestOvertakenAtEveryCall(t *testing.T) {
	t.Parallel()
	more := func(s *system.System) { s.Send("wk_web", said("page", "g1", "x", "2026-11-21T10:00:00Z", "")) }
	for n := 2; n <= len(scenes); n++ {
		names := calls(played(t, n))
		for _, dies := range []bool{false, true} {
			undisturbed := played(t, n)
			if dies {
				more(undisturbed)
			}
			undisturbed.Settle()
			want := stored(t, undisturbed)
			for i, name := range names {
				s := played(t, n)
				now, left := s.Now, i
				s.Call = func(_ string, apply func() error) error {
					if left--; left == -1 {
						s.Call = nil
						if dies {
							more(s)
							s.Call = dyingAt("put dues")
						}
						_ = s.TrySettle(s.Ports())
						s.Call = nil
					}
					return apply()
				}
				if err := s.TrySettle(s.Ports()); err != nil {
					t.Fatalf("overtaken at %s: %v", name, err)
				}
				if dies {
					s.Settle()
				}
				s.Now = now.Add(60e9)
				if same(t, name, stored(t, s), want); t.Failed() {
					t.Fatalf("overtaken at call %d of %d, %s, by one that dies: %v", i, len(names), name, dies)
				}
			}
		}
	}
}

// dyingAt does nothing any more from the first call of a name on.
func dyingAt(name string) func(string, func() error) error {
	isDead := false
	return func(called string, apply func() error) error {
		if isDead = isDead || called == name; isDead {
			return errDead
		}
		return apply()
	}
}

// What was stored before, and comes once more, is looked at and changes nothing: no log, no window, no profile.
func TestRepeatsChangeNothing(t *testing.T) {
	t.Parallel()
	s := played(t, 1)
	s.Settle()
	scenes[0](s)
	want := []string{"workspaces", "state", "put state", "batches"}
	got := slices.DeleteFunc(calls(s), func(name string) bool { return name == "partition" })
	want = append(want, "claims", "put events", "archive index", "put state", "batches", "dues", "put state", "put state")
	want = append(want, "state", "put state", "put state") // of the compaction
	if !slices.Equal(got, want) {
		t.Errorf("calls are %q, want %q", got, want)
	}
}

// A run that takes long to load a slice keeps the fence while it folds.
func TestSlowRunKeepsTheFence(t *testing.T) {
	t.Parallel()
	s := played(t, 2)
	looks := 0
	s.Call = func(name string, apply func() error) error {
		switch name {
		case "claims":
			s.Advance(ledger.Lease * 3 / 4)
		case "put log":
			state, err := s.Table.State(t.Context(), "shop")
			if looks++; err != nil || !state.IsBusy(event.At(s.Now.Add(ledger.Lease/2))) {
				t.Errorf("the fence is held until %s at %s, %v", state.Until.Time(), s.Now, err)
			}
		}
		return apply()
	}
	s.Settle()
	if looks == 0 {
		t.Error("nothing was settled")
	}
}

// Whoever comes while a run is at it reads the state and nothing else.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := played(t, 2)
	if _, err := s.Settler(s.Ports()).Begin(t.Context(), shop(t, s), 0); err != nil {
		t.Fatal(err)
	}
	var names []string
	s.Call = func(name string, apply func() error) error {
		names = append(names, name)
		return apply()
	}
	result, err := s.Settler(s.Ports()).Run(t.Context(), shop(t, s), 0)
	if err != nil || !result.IsBusy || result.IsDone || !slices.Equal(names, []string{"state"}) {
		t.Errorf("a second run gives %+v, %v after %q", result, err, names)
	}
}
