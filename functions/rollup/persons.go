package rollup

import (
	"cmp"
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// persons marks every day on which a marked person may be counted, or may have been while others belonged to it: those of all steps and changes of
// stage, and those on which time would change the stage after any step. The marks name whoever was one with them, too. As many are taken as are loaded
// together.
func (r *run) persons(ctx context.Context, marks []kpi.Mark) error {
	r.times["persons"]++
	ids, taken := map[event.Identifier]bool{}, 0
	for ; taken < len(marks) && len(ids) < cmp.Or(r.AtOnce, personsAtOnce); taken++ {
		for _, id := range marks[taken].Identifiers {
			ids[id] = true
		}
	}
	c, err := r.load(ctx, ids)
	if err != nil {
		return err
	}
	found := c.findings("")
	for _, root := range c.loaded.Roots() {
		found.everything(root)
	}
	if err := r.Marks.PutMarks(ctx, r.workspace.Space(), found.marks()); err != nil {
		return fmt.Errorf("mark days of persons: %w", err)
	}
	if err := r.Marks.DeleteMarks(ctx, r.workspace.Space(), handles(marks[:taken])); err != nil {
		return fmt.Errorf("clear marks of persons: %w", err)
	}
	return nil
}

func (f *findings) everything(root event.Identifier) {
	j := f.journeys[root]
	for _, at := range j.Instants() {
		f.mark(at, root)
	}
	f.await(j.Stages.Next, root)
	var day period.Window
	for _, s := range j.Steps {
		if day.Contains(s.At.Time()) {
			continue // they are in order
		}
		day = f.calendar.At(period.Day, s.At.Time())
		f.await(j.Stages.DueAt(event.At(day.End)), root)
		f.delayed(event.At(day.Start), event.At(day.End), root)
	}
}
