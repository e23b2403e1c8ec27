package settle_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
	"waymark/shared/testing/system"
)

func clock(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// two is a shop with a bulk load of twelve batches, one in a slice, and a kiosk with one event.
func two(t testing.TB) (*system.System, []workspace.Workspace) {
	t.Helper()
	kiosk := workspace.Workspace{
		Name: "kiosk", Zone: "UTC", Currency: "EUR", Model: "default", Created: 1,
		Keys: []workspace.Key{{Text: "wk_kiosk", Workspace: "kiosk", Role: workspace.Write, Source: "kiosk", Kind: workspace.ServerSource}},
	}
	s := system.New(t, system.Shop(), kiosk)
	s.AtOnce = 1
	for n := range 12 {
		s.Send("wk_web", said("page", fmt.Sprint("e", n), fmt.Sprint("v", n), "2026-11-20T10:00:00Z", ""))
	}
	s.Send("wk_kiosk", said("page", "k", "k", "2026-11-20T10:00:00Z", ""))
	return s, []workspace.Workspace{shop(t, s), kiosk}
}

// Workspaces take turns: a bulk load of one does not hold up another.
func TestWorkspacesTakeTurns(t *testing.T) {
	t.Parallel()
	s, all := two(t)
	behind := int64(0) // slices that the shop had when the kiosk was settled
	s.Call = func(_ string, apply func() error) error {
		err := apply()
		kiosk, _ := s.Table.State(t.Context(), "kiosk")
		if state, _ := s.Table.State(t.Context(), "shop"); behind == 0 && kiosk.Settled > 0 {
			behind = state.Epoch
		}
		return err
	}
	results, err := s.Settler(s.Ports()).All(t.Context(), all, 0)
	want := []settle.Result{
		{Workspace: "shop", Persons: 12, Windows: 12 * 6, Changed: 12 * 6, IsDone: true}, {Workspace: "kiosk", Persons: 1, Windows: 6, Changed: 6, IsDone: true},
	}
	if err != nil || !slices.Equal(results, want) {
		t.Errorf("All = %+v, %v, want %+v", results, err, want)
	}
	if behind == 0 || behind > 4 {
		t.Errorf("the kiosk was settled when the shop had %d slices, want at most 4", behind)
	}
}

// When time runs out each workspace has had a turn, and none says that it is done.
func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	s, all := two(t)
	ctx, cancel := context.WithDeadline(t.Context(), s.Now.Add(29*time.Second))
	defer cancel()
	results, err := s.Settler(s.Ports()).All(ctx, all, 0)
	if err != nil || results[0].Persons != 1 || results[0].IsDone || results[1].Persons != 1 {
		t.Errorf("All = %+v, %v, want one person of each and the shop not done", results, err)
	}
	if state, err := s.Table.State(t.Context(), "shop"); err != nil || state.Settled != 0 || state.IsBusy(event.At(s.Now)) {
		t.Errorf("the state is %+v, %v, want one that is free and not settled", state, err)
	}
	if results, err = s.Settler(s.Ports()).All(t.Context(), all, 0); err != nil || results[0].Persons != 11 || !results[0].IsDone {
		t.Errorf("the next run gives %+v, %v, want the other 11", results, err)
	}
}

// One workspace that fails, or is at work elsewhere, does not hold up the others.
func TestOneFailsTheOthersDoNot(t *testing.T) {
	t.Parallel()
	s, all := two(t)
	all[0].Zone = "Mars/Olympus"
	results, err := s.Settler(s.Ports()).All(t.Context(), all, 0)
	if err == nil || !strings.Contains(err.Error(), "settle workspace shop: read time zone of workspace shop") || !results[1].IsDone {
		t.Errorf("All = %+v, %v", results, err)
	}
	all[0].Zone, all[1].Model = "Europe/London", "none"
	if _, err := s.Settler(s.Ports()).Begin(t.Context(), all[0], 0); err != nil {
		t.Fatal(err)
	}
	results, err = s.Settler(s.Ports()).All(t.Context(), all, 0)
	if err == nil || !strings.Contains(err.Error(), "settle workspace kiosk: read rules of workspace kiosk") || !results[0].IsBusy {
		t.Errorf("All = %+v, %v", results, err)
	}
}

// Many calls at a time come to the same.
func TestManyWorkers(t *testing.T) {
	t.Parallel()
	one, many := played(t, 2), played(t, 2)
	one.Settle()
	many.Now = one.Now
	settler := many.Settler(many.Ports())
	settler.Workers = 16
	if _, err := settler.Run(t.Context(), shop(t, many), 0); err != nil {
		t.Fatal(err)
	}
	same(t, "many workers", stored(t, many), stored(t, one))
}
