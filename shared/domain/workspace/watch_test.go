package workspace_test

import (
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// TestWatch: a look each second for half an hour keeps a workspace watched from the first on, and is written three or four times an hour each; it
// ends by itself a quarter of an hour after the last.
func TestWatch(t *testing.T) {
	t.Parallel()
	const begin = event.Millis(1_795_348_800_000)
	w, writes := workspace.Watch{}, 0
	last := begin.Add(30 * time.Minute)
	for at := begin; at <= last; at = at.Add(time.Second) {
		after, changed := w.Look(at)
		if changed {
			writes++
		}
		if w = after; !w.Includes(at) || !w.Includes(at.Add(9*time.Minute)) {
			t.Fatalf("%s after the begin the watch is %+v", at.Sub(begin), w)
		}
	}
	if w.From != begin || writes != 6 || w.Since() != begin.Add(time.Minute) {
		t.Errorf("after half an hour the watch is %+v since %d, written %d times; want from %d, 6 times", w, w.Since(), writes, begin)
	}
	if end := last.Add(15 * time.Minute); w.Includes(end) {
		t.Error("it is watched a quarter of an hour after the last look")
	} else if again, changed := w.Look(end); again.From != end || !changed {
		t.Errorf("a look after that makes %+v, want a new watch", again)
	}
	if (workspace.Watch{}).Includes(0) {
		t.Error("no watch includes an instant")
	}
}

func TestDebugMode(t *testing.T) {
	t.Parallel()
	watch := workspace.Watch{From: 10, Until: 20}
	for mode, want := range map[workspace.DebugMode][2]bool{"watched": {true, false}, "always": {true, true}, "never": {false, false}, "": {false, false}} {
		if got := [2]bool{mode.Lists(watch, 10), mode.Lists(watch, 20)}; got != want {
			t.Errorf("%q lists %v while watched and after, want %v", mode, got, want)
		}
	}
}
