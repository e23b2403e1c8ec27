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
	// hidden is how long messages stay away when an order is cut off before it gives them back; longer than any function
	// runs for it.
	hidden = time.Minute
)

// Everybody is a name that no workspace has: it opens the dead letters of all, for an operator.
const Everybody = "*"

// Message is a dead letter as it is shown.
type Message struct {
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

// Messages is a sample of dead letters.
type Messages struct {
	Dead     []Message `json:"dead"`
	Complete bool      `json:"complete"` // all that could be seen were looked at; those in flight are never seen
}

// Redriven is what became of an order to redrive.
type Redriven struct {
	Success  bool `json:"success"`
	Redriven int  `json:"redriven"`
	More     bool `json:"more"` // some were not looked at: order again
}

// DeadLetters shows up to limit dead letters of a workspace and leaves them where they are. It looks at MaxSight
// messages at most, so those of a small workspace can hide behind those of a large one.
func (s Service) DeadLetters(ctx context.Context, ws string, limit int) (Messages, error) {
	out := Messages{Dead: []Message{}}
	ended, err := s.sight(ctx, ws, func(mine []event.Message) (bool, []event.Message, error) {
		for _, m := range mine {
			if len(out.Dead) == limit {
				return false, mine, nil
			}
			out.Dead = append(out.Dead, s.shown(m))
		}
		return true, mine, nil
	})
	out.Complete = ended
	return out, err
}

// Redrive puts up to limit dead letters of a workspace back on the touchpoint queue, byte for byte, and those of others back where they were.
// Each is queued before it is deleted, so that a crash in between makes a double, which is harmless, and never a loss. Errors:
// fault.Unavailable, and then some may be redriven.
func (s Service) Redrive(ctx context.Context, ws string, limit int) (Redriven, error) {
	out := Redriven{Success: true}
	ended, err := s.sight(ctx, ws, func(mine []event.Message) (bool, []event.Message, error) {
		now := mine[:min(len(mine), limit-out.Redriven)]
		bodies := make([]string, len(now))
		for i, m := range now {
			bodies[i] = m.Body
		}
		if len(bodies) == 0 {
			return len(mine) == 0, mine, nil
		}
		if err := s.Queue.SendBodies(ctx, bodies); err != nil {
			return false, mine, fmt.Errorf("queue dead letters: %w", err)
		}
		if err := s.Dead.Delete(ctx, now); err != nil {
			return false, mine[len(now):], fmt.Errorf("delete redriven messages: %w", err)
		}
		out.Redriven += len(now)
		return len(now) == len(mine), mine[len(now):], nil
	})
	out.More = !ended
	return out, err
}

// sight hands the workspace's messages to a step, batch by batch, until the step is content, none is left or MaxSight
// were looked at, and at last gives back all that the steps left over and all of other workspaces. It says whether it
// came to the end of what could be seen.
func (s Service) sight(ctx context.Context, ws string, step func(mine []event.Message) (goOn bool, left []event.Message, err error)) (ended bool, err error) {
	var back []event.Message
	defer func() {
		// A caller who ran out of time must not keep messages away from the next one.
		if requeueErr := s.Dead.Requeue(context.WithoutCancel(ctx), back); err == nil && requeueErr != nil {
			err = fmt.Errorf("requeue dead letters: %w", requeueErr)
		}
	}()
	seen := map[string]bool{}
	for looked := 0; looked < MaxSight; {
		messages, err := s.Dead.Receive(ctx, batch, hidden)
		if err != nil {
			return false, fmt.Errorf("receive dead letters: %w", err)
		}
		looked += len(messages)
		var mine []event.Message
		for _, m := range messages {
			if seen[m.ID] || ws != Everybody && s.workspaceOf(m) != ws {
				back = append(back, bare(m))
				continue
			}
			seen[m.ID] = true
			mine = append(mine, m)
		}
		goOn, left, err := step(mine)
		for _, m := range left {
			back = append(back, bare(m))
		}
		if err != nil {
			return false, err
		}
		if !goOn || len(messages) < batch {
			return goOn, nil
		}
	}
	return false, nil
}

// bare is a message without its body, which may be large.
func bare(m event.Message) event.Message {
	m.Body = ""
	return m
}

// workspaceOf is whose message it is; Nobody's when it cannot be read.
func (s Service) workspaceOf(m event.Message) string {
	envelope, err := s.Decode(m.Body)
	if err != nil {
		return event.Nobody
	}
	return envelope.Workspace
}

func (s Service) shown(m event.Message) Message {
	out := Message{
		Message: m.ID, Workspace: event.Nobody, Queued: instant(m.Sent), Receives: m.Receives, Body: beginning(m.Body), Bytes: len(m.Body),
	}
	envelope, err := s.Decode(m.Body)
	if err != nil {
		return out
	}
	out.Workspace, out.Source, out.Request, out.Events = envelope.Workspace, envelope.Source, envelope.Request, envelope.Len()
	out.Received = instant(envelope.Received)
	one, whole := envelope.Replays()
	out.Replay = one + whole
	return out
}
