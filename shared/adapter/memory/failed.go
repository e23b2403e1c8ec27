package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// failure is a failed event with its place in the list, which it keeps when it is written again.
type failure struct {
	event event.Failed
	place string
	done  bool // accepted or discarded: of the event its workspace and id alone are left
}

func (f failure) alive(now time.Time) bool {
	return !f.done && f.event.Expires().Time().Unix() > now.Unix()
}

// PutFailed is dynamo.Table.PutFailed.
func (t *Table) PutFailed(_ context.Context, f event.Failed) error {
	document := f
	document.Original = "" // stored in as many items as it needs
	if err := checkSize(document); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(f.Workspace)
	stored, found := s.failed[f.ID]
	if !found {
		f = cloneFailed(f)
		f.Edited, f.EditedAt, f.Replayed = "", 0, 0
		s.failed[f.ID] = failure{event: f, place: fmt.Sprintf("%015d#%s", f.Received, f.ID)}
		return nil
	}
	if !stored.done && stored.event.EditedAt == 0 {
		stored.event = stored.event.Judged(f.Verdict())
		s.failed[f.ID] = stored
	}
	return nil
}

// FailedAgain is dynamo.Table.FailedAgain.
func (t *Table) FailedAgain(_ context.Context, workspace, id string, v event.Verdict) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	if stored, found := s.failed[id]; found && !stored.done {
		stored.event = stored.event.Judged(v)
		stored.event.Replayed = 0
		s.failed[id] = stored
	}
	return nil
}

// EditFailed is dynamo.Table.EditFailed.
func (t *Table) EditFailed(_ context.Context, workspace, id, edited string, at event.Millis) (event.Failed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	stored, found := s.failed[id]
	if !found || !stored.alive(t.Now()) {
		return event.Failed{}, unknownFailed()
	}
	if r := stored.event.Replayed; r != 0 && r >= at.Add(-event.LifeOfMessage) {
		return event.Failed{}, fault.New(fault.Conflict, "replay_on_its_way", "the event was replayed and is not decided yet: look at it again in a moment")
	}
	stored.event.Edited, stored.event.EditedAt = edited, at
	s.failed[id] = stored
	return cloneFailed(stored.event), nil
}

// ReplayFailed is dynamo.Table.ReplayFailed.
func (t *Table) ReplayFailed(_ context.Context, workspace string, ids []string, at event.Millis) ([]event.Failed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	var out []event.Failed
	for _, id := range ids {
		stored, found := s.failed[id]
		if !found || !stored.alive(t.Now()) {
			continue
		}
		stored.event.Replayed = at
		s.failed[id] = stored
		out = append(out, cloneFailed(stored.event))
	}
	return out, nil
}

// DeleteFailed is dynamo.Table.DeleteFailed.
func (t *Table) DeleteFailed(_ context.Context, workspace, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	if stored, found := s.failed[id]; found {
		s.failed[id] = failure{event: event.Failed{ID: id, Workspace: workspace}, place: stored.place, done: true}
	}
	return nil
}

// Failed is dynamo.Table.Failed.
func (t *Table) Failed(_ context.Context, workspace, class, cursor string, limit int) (page []event.Failed, next string, err error) {
	behind, ok := event.Place(cursor)
	if !ok {
		return nil, "", fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that a list of failed events gave").At("cursor")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for _, f := range t.newestFailed(workspace) {
		if class != "" && f.event.Class != class || behind != "" && f.place >= behind {
			continue
		}
		if len(page) == max(limit, 1) {
			return page, event.Cursor(last), nil
		}
		page, last = append(page, cloneFailed(f.event)), f.place
	}
	return page, "", nil
}

// newestFailed lists what has not expired, the one received last first.
func (t *Table) newestFailed(workspace string) []failure {
	var alive []failure
	for _, f := range t.tenant(workspace).failed {
		if f.alive(t.Now()) {
			alive = append(alive, f)
		}
	}
	slices.SortFunc(alive, func(a, b failure) int { return strings.Compare(b.place, a.place) })
	return alive
}

// FailedByID is dynamo.Table.FailedByID.
func (t *Table) FailedByID(_ context.Context, workspace, id string) (event.Failed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, found := t.tenant(workspace).failed[id]
	if !found || !f.alive(t.Now()) {
		return event.Failed{}, unknownFailed()
	}
	return cloneFailed(f.event), nil
}

func unknownFailed() error {
	return fault.New(fault.NotFound, "unknown_failed_event",
		"there is no failed event of this id: it was accepted or discarded, or is older than 30 days")
}

// FailedCounts is dynamo.Table.FailedCounts.
func (t *Table) FailedCounts(_ context.Context, workspace string) (map[string]int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[string]int{}
	for _, f := range t.newestFailed(workspace) {
		counts[f.event.Class]++
	}
	return counts, nil
}
