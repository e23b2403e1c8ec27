package workspace

import (
	"time"

	"waymark/shared/domain/event"
)

// DebugMode says when it is listed what becomes of the events of workspaces.
type DebugMode string

// The modes.
const (
	DebugWatched DebugMode = "watched" // while somebody watches the workspace
	DebugAlways  DebugMode = "always"
	DebugNever   DebugMode = "never"
)

// Lists says whether what becomes of events at an instant is listed, in a workspace with this watch.
func (m DebugMode) Lists(w Watch, at event.Millis) bool {
	return m == DebugAlways || m == DebugWatched && w.Includes(at)
}

// Watch is a stretch of time in which somebody watches what becomes of the events of a workspace. Only then is it listed, for that costs a write for
// each batch. The zero Watch is none.
type Watch struct {
	From  event.Millis
	Until event.Millis // a little later than the last look
}

// How long a look keeps a workspace watched, and when looking on prolongs that, so that it is not written at every look.
const (
	watchFor   = 15 * time.Minute
	watchAgain = 5 * time.Minute
)

// WatchLag is how long a function may not know that a workspace is watched, because it remembers workspaces.
const WatchLag = time.Minute

// Includes says whether the workspace is watched at an instant.
func (w Watch) Includes(at event.Millis) bool { return w.From <= at && at < w.Until }

// Look is the watch after a look at an instant; changed says that it is another and must be stored.
func (w Watch) Look(at event.Millis) (after Watch, changed bool) {
	switch {
	case !w.Includes(at):
		return Watch{From: at, Until: at.Add(watchFor)}, true
	case w.Until.Sub(at) < watchFor-watchAgain:
		return Watch{From: w.From, Until: at.Add(watchFor)}, true
	}
	return w, false
}

// Since is the instant from which on every event is listed: all functions know of the watch by then.
func (w Watch) Since() event.Millis { return w.From.Add(WatchLag) }
