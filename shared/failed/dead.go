package failed

import (
	"context"
	"fmt"
	"time"

	"waymark/shared/domain/event"
)

const (
	// batch is how many dead letters are held at a time: they may have a megabyte each.
	batch = 10
	// MaxSight is how many dead letters one order looks at, other workspaces' among them.
	MaxSight = 300
	// hidden is how long letters stay away when an order is cut off before it gives them back; longer than any function runs for it.
	hidden = time.Minute
)

// Everybody is a name that no workspace has: it opens the dead letters of all, for an operator.
const Everybody = "*"

// Letter is a dead letter as it is shown.
type Letter struct {
	Message   string `json:"message"` // id in the queue
	Workspace string `json:"workspace"`
	Source    string `json:"source,omitempty"`
	Queued    string `json:"queued"`
	Received  string `json:"received,omitempty"` // of the request
	Request   string `json:"request,omitempty"`
	Events    int    `json:"events"`
	Replay    string `json:"replay,omitempty"` // failed event that it is a replay of
	Receives  int    `json:"receives"`         // tries and looks together
	Body      string `json:"body"`             // its beginning when it is long
	Bytes     int    `json:"bytes"`
}

// Letters is a sample of dead letters.
type Letters struct {
	Dead     []Letter `json:"dead"`
	Complete bool     `json:"complete"` // all that could be seen were looked at; those in flight are never seen
}

// Redriven is what became of an order to redrive.
type Redriven struct {
	Success  bool `json:"success"`
	Redriven int  `json:"redriven"`
	More     bool `json:"more"` // some were not looked at: order again
}

// DeadLetters shows up to limit dead letters of a workspace and leaves them where they are. It looks at MaxSight letters at most, so those of
// a small workspace can hide behind those of a large one.
func (d Desk) DeadLetters(ctx context.Context, ws string, limit int) (Letters, error) {
	out := Letters{Dead: []Letter{}}
	ended, err := d.sight(ctx, ws, func(mine []event.Letter) (bool, []event.Letter, error) {
		for _, l := range mine {
			if len(out.Dead) == limit {
				return false, mine, nil
			}
			out.Dead = append(out.Dead, d.letter(l))
		}
		return true, mine, nil
	})
	out.Complete = ended
	return out, err
}

// Redrive puts up to limit dead letters of a workspace back on the touchpoint queue, byte for byte, and those of others back where they were.
// Each is queued before it is deleted, so that a crash in between makes a double, which is harmless, and never a loss. Errors:
// fault.Unavailable, and then some may be redriven.
func (d Desk) Redrive(ctx context.Context, ws string, limit int) (Redriven, error) {
	out := Redriven{Success: true}
	ended, err := d.sight(ctx, ws, func(mine []event.Letter) (bool, []event.Letter, error) {
		now := mine[:min(len(mine), limit-out.Redriven)]
		bodies := make([]string, len(now))
		for i, l := range now {
			bodies[i] = l.Body
		}
		if len(bodies) == 0 {
			return len(mine) == 0, mine, nil
		}
		if err := d.Queue.SendBodies(ctx, bodies); err != nil {
			return false, mine, fmt.Errorf("queue dead letters: %w", err)
		}
		if err := d.Dead.Delete(ctx, now); err != nil {
			return false, mine[len(now):], fmt.Errorf("delete redriven letters: %w", err)
		}
		out.Redriven += len(now)
		return len(now) == len(mine), mine[len(now):], nil
	})
	out.More = !ended
	return out, err
}

// sight hands the workspace's letters to a step, batch by batch, until the step is content, none is left or MaxSight were looked at, and at last
// gives back all that the steps left over and all of other workspaces. It says whether it came to the end of what could be seen.
func (d Desk) sight(ctx context.Context, ws string, step func(mine []event.Letter) (goOn bool, left []event.Letter, err error)) (ended bool, err error) {
	var back []event.Letter
	defer func() {
		// A caller who ran out of time must not keep letters away from the next one.
		if giveErr := d.Dead.GiveBack(context.WithoutCancel(ctx), back); err == nil && giveErr != nil {
			err = fmt.Errorf("give dead letters back: %w", giveErr)
		}
	}()
	seen := map[string]bool{}
	for looked := 0; looked < MaxSight; {
		letters, err := d.Dead.Receive(ctx, batch, hidden)
		if err != nil {
			return false, fmt.Errorf("receive dead letters: %w", err)
		}
		looked += len(letters)
		var mine []event.Letter
		for _, l := range letters {
			if seen[l.ID] || ws != Everybody && d.workspaceOf(l) != ws {
				back = append(back, bare(l))
				continue
			}
			seen[l.ID] = true
			mine = append(mine, l)
		}
		goOn, left, err := step(mine)
		for _, l := range left {
			back = append(back, bare(l))
		}
		if err != nil {
			return false, err
		}
		if !goOn || len(letters) < batch {
			return goOn, nil
		}
	}
	return false, nil
}

// bare is a letter without its body, which may be large.
func bare(l event.Letter) event.Letter {
	l.Body = ""
	return l
}

// workspaceOf is whose letter it is; Nobody's when it cannot be read.
func (d Desk) workspaceOf(l event.Letter) string {
	envelope, err := d.Decode(l.Body)
	if err != nil {
		return event.Nobody
	}
	return envelope.Workspace
}

func (d Desk) letter(l event.Letter) Letter {
	out := Letter{
		Message: l.ID, Workspace: event.Nobody, Queued: instant(l.Sent), Receives: l.Receives, Body: beginning(l.Body), Bytes: len(l.Body),
	}
	envelope, err := d.Decode(l.Body)
	if err != nil {
		return out
	}
	out.Workspace, out.Source, out.Request, out.Events = envelope.Workspace, envelope.Source, envelope.Request, len(envelope.Events)
	out.Received = instant(envelope.Received)
	one, whole := envelope.Replays()
	out.Replay = one + whole
	return out
}
