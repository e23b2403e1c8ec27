package memory

import (
	"context"
	"slices"
	"sync"

	"waymark/shared/domain/event"
)

// Queue keeps what queue.Queue sends until it is taken and done. It gives no order and no promise of once: like SQS, it hands out again what
// came back. It is safe for concurrent use.
type Queue struct {
	mu       sync.Mutex
	waiting  []Message
	inFlight map[int]Message
	last     int
}

// Message is one message with its handle and how often it was handed out.
type Message struct {
	Handle   int
	Receives int
	Envelope event.Envelope
}

// NewQueue is an empty queue.
func NewQueue() *Queue { return &Queue{inFlight: map[int]Message{}} }

// Send is queue.Queue.Send.
func (q *Queue) Send(_ context.Context, envelopes []event.Envelope) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range envelopes {
		q.last++
		q.waiting = append(q.waiting, Message{Handle: q.last, Envelope: cloneEnvelope(e)})
	}
	return nil
}

// Take hands out up to n messages, the one that waits longest first. Each must be given to Done or Return.
func (q *Queue) Take(n int) []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := slices.Clone(q.waiting[:min(n, len(q.waiting))])
	q.waiting = slices.Delete(q.waiting, 0, len(taken))
	for i := range taken {
		taken[i].Receives++
		q.inFlight[taken[i].Handle] = taken[i]
		taken[i].Envelope = cloneEnvelope(taken[i].Envelope)
	}
	return taken
}

// Done deletes a message that was taken.
func (q *Queue) Done(handle int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.inFlight, handle)
}

// Return lets a message that was taken be handed out again.
func (q *Queue) Return(handle int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m, found := q.inFlight[handle]; found {
		delete(q.inFlight, handle)
		q.waiting = append(q.waiting, m)
	}
}

// Depth is queue.Queue.Depth, and exact.
func (q *Queue) Depth(context.Context) (waiting, inFlight int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), len(q.inFlight), nil
}
