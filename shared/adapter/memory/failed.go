package memory

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

const keepFailed = 30 * 24 * time.Hour

// failure is a failed event with its place in the list, which it keeps when it is written again.
type failure struct {
	event event.Failed
	place string
}

func (f failure) alive(now time.Time) bool {
	return f.event.Received.Add(keepFailed).Time().Unix() > now.Unix()
}

// PutFailed is dynamo.Table.PutFailed.
func (t *Table) PutFailed(_ context.Context, f event.Failed) error {
	if err := checkSize(f); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(f.Workspace)
	place := fmt.Sprintf("%015d#%s", f.Received, f.ID)
	if stored, found := s.failed[f.ID]; found {
		place = stored.place
	}
	s.failed[f.ID] = failure{cloneFailed(f), place}
	return nil
}

// Failed is dynamo.Table.Failed.
func (t *Table) Failed(_ context.Context, workspace, class, cursor string, limit int) (page []event.Failed, next string, err error) {
	behind, err := readPlace(cursor)
	if err != nil {
		return nil, "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for _, f := range t.newestFailed(workspace) {
		if class != "" && f.event.Class != class || behind != "" && f.place >= behind {
			continue
		}
		if len(page) == max(limit, 1) {
			return page, base64.RawURLEncoding.EncodeToString([]byte(last)), nil
		}
		page, last = append(page, cloneFailed(f.event)), f.place
	}
	return page, "", nil
}

const maxPlaceBytes = 1024 // of a sort key of DynamoDB

// readPlace reads a cursor, which is the place that a page ended at. One that no list gave dynamo could not go on behind.
func readPlace(cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	place := string(raw)
	if err == nil && (place == "" || isPlace(place)) {
		return place, nil
	}
	return "", fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that a list of failed events gave").At("cursor")
}

// isPlace says whether a text has the form of a place in the list: the time of receipt in 15 digits, and an id.
func isPlace(place string) bool {
	received, _, found := strings.Cut(place, "#")
	_, err := strconv.ParseUint(received, 10, 64)
	return found && err == nil && len(received) == 15 && len(place) <= maxPlaceBytes && utf8.ValidString(place)
}

// newestFailed lists what has not expired, the one received last first.
func (t *Table) newestFailed(workspace string) []failure {
	var alive []failure
	for _, f := range t.space(workspace).failed {
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
	f, found := t.space(workspace).failed[id]
	if !found || !f.alive(t.Now()) {
		return event.Failed{}, fault.New(fault.NotFound, "unknown_failed_event", "there is no failed event of this id; they are kept for 30 days")
	}
	return cloneFailed(f.event), nil
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

// DeleteFailed is dynamo.Table.DeleteFailed.
func (t *Table) DeleteFailed(_ context.Context, workspace, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.space(workspace).failed, id)
	return nil
}
