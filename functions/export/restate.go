package export

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

// restate makes the exports anew that the notes are of, and deletes the notes. The rules are:
//   - A window that is not over waits for its end, one that was not settled since for a settle: their notes stay.
//   - An export that is there gets a new revision if its bytes differ, and none otherwise.
//   - One that was never made, because nothing had happened in its window, is made now, if the window ended after the workspace was made.
//     Windows before that are imported history: a schedule that had to export ten years of it would only bury what is new.
//   - A note is deleted when its export holds what it told of, so a crash anywhere leaves it for the next firing, which finds nothing to do.
func (f *firing) restate(ctx context.Context, notes []report.Restatement) error {
	byKey := map[string][]report.Restatement{}
	var keys []string // in the order of their windows
	for _, n := range notes {
		if byKey[n.Key] == nil {
			keys = append(keys, n.Key)
		}
		byKey[n.Key] = append(byKey[n.Key], n)
	}
	for _, key := range keys {
		window, err := f.calendar.ByKey(f.grain, key)
		switch {
		case err != nil: // a date that only a zone before had
			err = f.settle(ctx, key, nil, byKey[key])
		case window.Closed(f.now) && !f.waits(ctx, window):
			err = f.restateOne(ctx, window, byKey[key])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *firing) restateOne(ctx context.Context, window period.Window, notes []report.Restatement) error {
	windows, err := f.anew(ctx, window)
	if err != nil {
		return err
	}
	return f.settle(ctx, window.Key, windows, notes)
}

// settle deletes the notes that these windows settle.
func (f *firing) settle(ctx context.Context, key string, windows []kpi.Window, notes []report.Restatement) error {
	var settled []string
	for _, n := range notes {
		if n.Settled(windows, f.begun) {
			settled = append(settled, n.Handle)
		}
	}
	if err := f.Restated.DeleteRestated(ctx, f.workspace.Namespace(), settled); err != nil {
		return fmt.Errorf("delete restatements of %s: %w", key, err)
	}
	return nil
}

// anew makes the export of a window if it needs to be made, and gives the windows that it was compared with.
func (f *firing) anew(ctx context.Context, window period.Window) ([]kpi.Window, error) {
	if windows, isMade := f.made[window.Key]; isMade {
		return windows, nil
	}
	o := orderOf(f.schedule, window)
	if event.At(window.End) <= f.workspace.Created {
		known, err := f.known(ctx, f.workspace.Name, o.name)
		if err != nil {
			return nil, err
		}
		if known.newest.Name == "" && known.claim.Revision == 0 {
			windows, _, err := f.windows(ctx, f.workspace, f.calendar, o)
			return windows, err
		}
	}
	made, err := f.make(ctx, f.workspace, o)
	if err != nil {
		return nil, err
	}
	if made.isNew {
		f.exports = append(f.exports, made.manifest)
	}
	return made.windows, nil
}
