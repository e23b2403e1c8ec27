package workspace_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func quarantineOf(n int) workspace.Quarantine {
	return workspace.Quarantine{ID: fmt.Sprint("q-", n), Source: "site", From: 1, To: 2, Applied: event.Millis(n)}
}

// A workspace has so many active quarantines at most, and keeps the latest of those that were lifted.
func TestQuarantines(t *testing.T) {
	t.Parallel()
	var w workspace.Workspace
	var err error
	for n := range workspace.MaxQuarantines {
		if w, err = w.Quarantined(quarantineOf(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Quarantined(quarantineOf(999)); fault.CodeOf(err) != "too_many_quarantines" {
		t.Errorf("one more is answered %v", err)
	}
	if _, err := w.Lift("q-999", 5); fault.CodeOf(err) != "no_quarantine" {
		t.Errorf("lifting none is answered %v", err)
	}
	before := w
	for n := range 150 {
		if w, err = w.Lift(fmt.Sprint("q-", n), event.Millis(1000+n)); err != nil {
			t.Fatal(err)
		}
		if w, err = w.Quarantined(quarantineOf(n + workspace.MaxQuarantines)); err != nil {
			t.Fatal(err)
		}
	}
	if before.Quarantines[0].Lifted != 0 {
		t.Error("lifting changes the workspace that it was asked of")
	}
	if n := len(w.ActiveQuarantines()); n != workspace.MaxQuarantines || len(w.Quarantines) != n+workspace.MaxLifted || w.Quarantines[0].ID != "q-50" {
		t.Errorf("there are %d active ones of %d from %s on", n, len(w.Quarantines), w.Quarantines[0].ID)
	}
	again, err := w.Lift("q-60", 7777)
	if err != nil || !again.SameQuarantines(w) {
		t.Errorf("one that is lifted is lifted again: %v", err)
	}
	if _, err := w.Quarantined(quarantineOf(60)); fault.CodeOf(err) != "too_many_quarantines" {
		t.Errorf("one more is answered %v", err)
	}
	if w, err = w.Lift("q-200", 9); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Quarantined(quarantineOf(60)); fault.CodeOf(err) != "quarantine_exists" {
		t.Errorf("one of the same id is answered %v", err)
	}
}

// What is too long together goes, of those that were lifted, or is refused.
func TestQuarantinesAreBounded(t *testing.T) {
	t.Parallel()
	long := func(n int) workspace.Quarantine {
		q := quarantineOf(n)
		q.When.Names = []string{strings.Repeat("x", 30_000)}
		return q
	}
	var w workspace.Workspace
	var err error
	for n := range 3 {
		if w, err = w.Quarantined(long(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = w.Quarantined(long(3)); fault.CodeOf(err) != "too_many_quarantines" {
		t.Errorf("120 kB are answered %v", err)
	}
	if w, err = w.Lift("q-1", 5); err != nil {
		t.Fatal(err)
	}
	if w, err = w.Quarantined(long(3)); err != nil || len(w.Quarantines) != 3 || w.Quarantines[1].ID != "q-2" {
		t.Errorf("after one was lifted there are %d, %v", len(w.Quarantines), err)
	}
}
