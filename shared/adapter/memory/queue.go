package memory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"waymark/shared/domain/event"
)

// Queue keeps what queue.Queue sends until it is taken and done. It gives no order and no promise of once: like SQS, it hands out again what
// came back. It is safe for concurrent use.
type Queue struct {
	Now func() time.Time // when a message is sent; time.Now unless set

	mu       sync.Mutex
	waiting  []Message
	inFlight map[int]Message
	last     int
}

// Message is one message with its handle and how often it was handed out.
type Message struct {
	Handle   int
	Receives int
	Sent     event.Millis
	Envelope event.Envelope // what the message says; empty for one that is no envelope
	body     string         // of a message that was sent as text
}

// Body is the text of the message.
func (m Message) Body() string {
	if m.body != "" {
		return m.body
	}
	text, err := json.Marshal(m.Envelope)
	if err != nil {
		panic("memory: what is queued is JSON: " + err.Error())
	}
	return string(text)
}

// NewQueue is an empty queue.
func NewQueue() *Queue { return &Queue{Now: time.Now, inFlight: map[int]Message{}} }

// Send is queue.Queue.Send.
func (q *Queue) Send(_ context.Context, envelopes []event.Envelope) error {
	for _, e := range envelopes {
		q.add(Message{Envelope: cloneEnvelope(e)})
	}
	return nil
}

// SendBodies is queue.Queue.SendBodies.
func (q *Queue) SendBodies(_ context.Context, bodies []string) error {
	for _, body := range bodies {
		m := Message{body: body}
		_ = json.Unmarshal([]byte(body), &m.Envelope) // text that is no envelope stays text
		q.add(m)
	}
	return nil
}

func (q *Queue) add(m Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	m.Handle, m.Sent = q.last, event.At(q.Now())
	q.waiting = append(q.waiting, m)
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

// Expire lets all that was taken and not done be handed out again, as SQS does when its visibility timeout has passed.
func (q *Queue) Expire() {
	q.mu.Lock()
	handles := slices.Sorted(maps.Keys(q.inFlight))
	q.mu.Unlock()
	for _, handle := range handles {
		q.Return(handle)
	}
}

// Receive is queue.Queue.Receive. No time passes here: what is taken stays away until Requeue or Expire.
func (q *Queue) Receive(_ context.Context, limit int, _ time.Duration) ([]event.Message, error) {
	var messages []event.Message
	for _, m := range q.Take(limit) {
		handle := strconv.Itoa(m.Handle)
		messages = append(messages, event.Message{ID: handle, Handle: handle, Body: m.Body(), Sent: m.Sent, Receives: m.Receives})
	}
	return messages, nil
}

// Peek is queue.Queue.Peek.
func (q *Queue) Peek(ctx context.Context, limit int) ([]event.Message, error) {
	messages, err := q.Receive(ctx, limit, 0)
	if err != nil {
		return nil, err
	}
	return messages, q.Requeue(ctx, messages)
}

// Requeue is queue.Queue.Requeue.
func (q *Queue) Requeue(_ context.Context, messages []event.Message) error {
	return each(messages, q.Return)
}

// Delete is queue.Queue.Delete.
func (q *Queue) Delete(_ context.Context, messages []event.Message) error {
	return each(messages, q.Done)
}

func each(messages []event.Message, do func(handle int)) error {
	for _, m := range messages {
		handle, err := strconv.Atoi(m.Handle)
		if err != nil {
			return err
		}
		do(handle)
	}
	return nil
}

// Depth is queue.Queue.Depth, and exact.
func (q *Queue) Depth(context.Context) (waiting, inFlight int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), len(q.inFlight), nil
}
