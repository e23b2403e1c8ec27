package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/tests/e2e"
)

// killSettles kills a function some times while it has the workspace's fence, at least once of them behind the commit. others keeps those away who
// would do its work.
func killSettles(t testing.TB, w e2e.Tenant, files *killedFiles, function, others string) {
	t.Helper()
	held, committed := 0, 0
	for held < killsLater() || committed == 0 {
		raise(t, w, "Profile.throttle=100%,Rollup.throttle=100%")
		if status, err := w.Status(t.Context()); err != nil || status.DirtyWindows == 0 {
			load(t, w, *files, files.late(t))
			drain(t, w)
		}
		before := awaitState(t, w, "no run holds the fence", func(s ledger.State) bool { return !s.IsBusy(event.At(time.Now())) })
		var asked sync.WaitGroup
		raise(t, w, others)
		if function == "Rollup" {
			asked.Go(func() { _, _ = w.Order(t.Context(), "/v1/rollups", "") }) // killed, it answers 500
		}
		awaitState(t, w, "a run is at work", func(s ledger.State) bool {
			isAtWork := s.Epoch > before.Epoch && s.Until > 0 && (committed > 0 || s.Pending != "")
			return isAtWork || s.Settled > before.Settled // it was faster than we
		})
		kill(t, w, function)
		raise(t, w, "Profile.throttle=100%,Rollup.throttle=100%")
		asked.Wait()
		if after := stateOf(t, w); after.Epoch > before.Epoch && after.Until > 0 {
			held++
			if after.Pending != "" {
				committed++
			}
		}
	}
	raise(t, w, "off")
	t.Logf("%s died %d times while it held the fence, %d of them behind a commit", function, held, committed)
}

// kill kills every process of a function.
func kill(t testing.TB, w e2e.Tenant, function string) {
	t.Helper()
	pids, err := w.Processes(t.Context(), function)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
}

func stateOf(t testing.TB, w e2e.Tenant) ledger.State {
	t.Helper()
	state, err := tableOf(w).State(t.Context(), workspace.Namespace(w.Keys.Workspace))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// awaitState waits for a state of the workspace.
func awaitState(t testing.TB, w e2e.Tenant, what string, is func(ledger.State) bool) (state ledger.State) {
	t.Helper()
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		if state = stateOf(t, w); !is(state) {
			return fmt.Errorf("the state is %+v, want that %s", state, what)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// killCompactions kills Rollup some times while it puts the objects of days together, and lets it finish.
func killCompactions(t testing.TB, w e2e.Tenant) {
	t.Helper()
	raise(t, w, "Profile.throttle=100%")
	first := scattered(t, w)
	midway := 0
	for left := first; left > 1 && midway < killsLater(); {
		before := left
		awaitState(t, w, "nobody holds the fence", func(s ledger.State) bool { return !s.IsBusy(event.At(time.Now())) })
		var fired sync.WaitGroup
		fired.Go(func() { fire(t, w, "RollupRegularly") })
		err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
			if left = scattered(t, w); left == before {
				return fmt.Errorf("%d days have several objects of steps", left)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		kill(t, w, "Rollup")
		fired.Wait()
		if left = scattered(t, w); left > 0 {
			midway++
		}
	}
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		fire(t, w, "RollupRegularly")
		if n := scattered(t, w); n > 0 {
			return fmt.Errorf("%d days have several objects of steps", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if midway == 0 {
		t.Errorf("Rollup never died between two of the %d days that it compacted", first)
	}
	t.Logf("Rollup died %d times while it compacted %d days", midway, first)
	raise(t, w, "off")
}

// scattered counts the days of steps in several objects. All events of this test are of days that are over.
func scattered(t testing.TB, w e2e.Tenant) (n int) {
	t.Helper()
	days, err := steps.New(bucket.New(bucket.NewClient(envOf(w)), w.Env["ARCHIVE_BUCKET"])).Days(t.Context(), workspace.Namespace(w.Keys.Workspace))
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		if day.Objects > 1 {
			n++
		}
	}
	return n
}

// fire fires a schedule and waits for its function, which may die.
func fire(t testing.TB, w e2e.Tenant, schedule string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.AdminURL+"/schedules/"+schedule+"/fire", nil)
	if err != nil {
		t.Error(err)
		return
	}
	if answer, err := e2e.Do(request); err != nil || answer.Status == http.StatusNotFound {
		t.Errorf("fire %s: %s, %v", schedule, answer, err)
		return
	}
}
