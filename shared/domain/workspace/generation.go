package workspace

import (
	"cmp"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Side is a generation beside the one in use (docs/adr/0012).
type Side struct {
	Generation int64        `json:"generation"`
	Model      string       `json:"model"` // stage model that it is made under
	Since      event.Millis `json:"since"` // all that arrived before is in both generations; what came later may be in one alone
	// Opened is of Former: what came into it after this instant is being taken over into the one in use. 0 = all is there.
	Opened event.Millis `json:"opened,omitempty"`
}

// Begin gives the workspace a pending generation under a number that was never used. Fault: Conflict when one is pending already, or when a
// former one is kept that the next swap would lose sight of.
func (w Workspace) Begin(model string, now event.Millis) (Workspace, error) {
	switch {
	case w.Pending != nil:
		return w, fault.Newf(fault.Conflict, "generation_pending",
			"generation %d of workspace %s is not in use yet: finish with --back, or remove it with --drop-old", w.Pending.Generation, w.Name)
	case w.Former != nil:
		return w, fault.Newf(fault.Conflict, "generation_kept",
			"generation %d of workspace %s is kept from the last rebuild: swap it back with --back, or remove it with --drop-old", w.Former.Generation, w.Name)
	}
	w.Highest = max(w.Highest, w.Generation) + 1
	w.Pending = &Side{Generation: w.Highest, Model: model, Since: now}
	return w, nil
}

// Return makes the former generation the pending one, so that the way back is the way there. Fault: NotFound when there is none.
func (w Workspace) Return() (Workspace, error) {
	if w.IsReturning() {
		return w, nil
	}
	if w.Former == nil || w.Pending != nil {
		return w, fault.Newf(fault.NotFound, "no_former_generation", "workspace %s has no former generation: there is no way back", w.Name)
	}
	back := *w.Former
	back.Opened = 0
	w.Pending, w.Former = &back, nil
	return w, nil
}

// IsReturning says whether the pending generation is an older one on its way back into use.
func (w Workspace) IsReturning() bool { return w.Pending != nil && w.Pending.Generation < w.Generation }

// Next is the workspace as it will be when its pending generation is in use: Space and Model are that generation's. ok is false without one.
func (w Workspace) Next() (next Workspace, ok bool) {
	if w.Pending == nil {
		return w, false
	}
	next = w
	next.Generation, next.Model = w.Pending.Generation, w.Pending.Model
	return next, true
}

// Swap puts the pending generation into use and keeps the other as the former one. Until Settled, some functions may go on writing the former
// one, which is why it is open from the swap on. Fault: NotFound when nothing is pending.
func (w Workspace) Swap() (Workspace, error) {
	next, ok := w.Next()
	if !ok {
		return w, fault.Newf(fault.NotFound, "no_pending_generation", "workspace %s has no pending generation: start with `waymark rebuild`", w.Name)
	}
	next.Former = &Side{Generation: w.Generation, Model: w.Model, Since: w.Pending.Since, Opened: w.Pending.Since}
	next.Pending = nil
	return next, nil
}

// Reopen takes up once more what may have come into the former generation since it was closed, before it is deleted; one on
// its way back is the former one again. ok is false without one.
func (w Workspace) Reopen(now event.Millis) (reopened Workspace, ok bool) {
	if w.IsReturning() {
		w.Former, w.Pending = w.Pending, nil
	}
	if w.Former == nil {
		return w, false
	}
	former := *w.Former
	former.Opened = cmp.Or(former.Opened, now)
	w.Former = &former
	return w, true
}

// Settled says that everything is in the generation in use.
func (w Workspace) Settled() Workspace {
	if w.Former != nil {
		closed := *w.Former
		closed.Opened = 0
		w.Former = &closed
	}
	return w
}

// Old is the former generation as if it were in use. ok is false without one.
func (w Workspace) Old() (old Workspace, ok bool) {
	if w.Former == nil {
		return w, false
	}
	old = w
	old.Generation, old.Model = w.Former.Generation, w.Former.Model
	return old, true
}

// SameGenerations says whether both have the same generations in the same roles, under the same stage models.
func (w Workspace) SameGenerations(other Workspace) bool {
	return w.Generation == other.Generation && w.Model == other.Model && w.Highest == other.Highest &&
		equal(w.Pending, other.Pending) && equal(w.Former, other.Former)
}

func equal(a, b *Side) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// WithGenerations takes the generations of another and keeps everything else.
func (w Workspace) WithGenerations(of Workspace) Workspace {
	w.Generation, w.Model, w.Highest, w.Pending, w.Former = of.Generation, of.Model, of.Highest, of.Pending, of.Former
	return w
}

// Over gives the workspace as it is written over the stored one: with the generations and quarantines that are stored, since whoever changes keys
// knows nothing of what came in between. The stage model is the writer's only if they knew the generation in use.
func (w Workspace) Over(stored Workspace) Workspace {
	out := w.WithGenerations(stored).WithQuarantines(stored)
	if w.Generation == stored.Generation {
		out.Model = w.Model
	}
	out.Watch = stored.Watch
	return out
}
