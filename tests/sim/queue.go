package sim

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	wire "waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
)

// The queue as template.yaml sets it up, and what SQS itself takes.
const (
	visibility      = 190 * time.Second
	maxReceives     = 5
	batchSize       = 10
	maxEntries      = 10
	maxMessageBytes = 1 << 20
)

// queue is SQS: it takes messages whole, in part or not at all, and hands each out until it is deleted, now and then to two at once or once
// more; after five times it puts it among the dead letters.
type queue struct {
	*World
	messages []*message
	sent     []event.Envelope // everything that was ever put on the queue
}

type message struct {
	id       string
	body     string
	receives int
	visible  time.Time // from when it may be handed out
	deleted  bool
	dead     bool
}

// sender is the SQS client of one invocation.
type sender struct {
	*World
	run *invocation
}

// SendMessageBatch takes entries as SQS does. Of a call that goes wrong half-way some entries are taken and the others are named as failed.
func (s sender) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out := &sqs.SendMessageBatchOutput{}
	err := s.call(s.run, "send messages", func() error {
		if err := checkEntries(in.Entries); err != nil {
			return err
		}
		for _, e := range in.Entries {
			if s.faults.next("send messages", true) == partly {
				out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ServiceUnavailable")})
				continue
			}
			s.queue.put(*e.MessageBody)
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
		}
		return nil
	})
	return out, err
}

// checkEntries holds a call to the limits of SQS. A breach is a mistake of the adapter, not a fault to be tried again.
func checkEntries(entries []types.SendMessageBatchRequestEntry) error {
	size, ids := 0, map[string]bool{}
	for _, e := range entries {
		size += len(*e.MessageBody)
		ids[*e.Id] = true
		for _, r := range *e.MessageBody {
			if r == utf8.RuneError || r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				panic(fmt.Sprintf("sim: SQS refuses the character %U", r))
			}
		}
	}
	if len(entries) == 0 || len(entries) > maxEntries || len(ids) != len(entries) || size > maxMessageBytes {
		panic(fmt.Sprintf("sim: SQS refuses %d entries of %d bytes", len(entries), size))
	}
	return nil
}

func (q *queue) put(body string) {
	envelope, err := wire.Decode(body)
	if err != nil {
		panic("sim: what collect queues, process can read: " + err.Error())
	}
	q.sent = append(q.sent, envelope)
	q.messages = append(q.messages, &message{id: "m" + q.newID(), body: body, visible: q.now})
	q.note("    queued: %s with %d events of request %s", q.messages[len(q.messages)-1].id, envelope.Len(), envelope.Request)
}

// receive hands out up to n messages in any order. With faults on, one that another invocation holds, or one that was deleted, may be among
// them: SQS delivers at least once.
func (q *queue) receive(n int) []*message {
	var batch []*message
	from := q.IntN(max(len(q.messages), 1))
	for i := range q.messages {
		m := q.messages[(from+i)%len(q.messages)]
		again := q.faults.on && !m.dead && (m.deleted || m.visible.After(q.now)) && q.oneIn(8)
		if !again && (m.deleted || m.dead || m.visible.After(q.now)) {
			continue
		}
		if m.receives++; m.receives > maxReceives && !again {
			m.dead = true
			q.note("    %s is a dead letter", m.id)
			continue
		}
		m.visible = q.now.Add(visibility)
		batch = append(batch, m)
		if len(batch) == n {
			break
		}
	}
	return batch
}

// poll receives messages and gives them to an invocation of process; what its answer does not name is deleted.
func (w *World) poll() bool {
	batch := w.queue.receive(1 + w.IntN(batchSize))
	if len(batch) == 0 {
		return false
	}
	copies := 1
	if w.faults.on && w.oneIn(10) {
		copies = 2 // Lambda may invoke twice with one batch
	}
	for range copies {
		w.startProcess(batch)
	}
	return true
}

func (w *World) startProcess(batch []*message) {
	var e events.SQSEvent
	ids := ""
	for _, m := range batch {
		e.Records = append(e.Records, events.SQSMessage{MessageId: m.id, Body: m.body})
		ids += " " + m.id
	}
	var answer events.SQSEventResponse
	w.start("process"+ids, 30*time.Second, func(ctx context.Context, run *invocation) {
		answer = w.process(ctx, run, e)
	}, func(run *invocation) {
		if run.answered {
			w.acknowledge(batch, answer)
		}
	})
}

func (w *World) acknowledge(batch []*message, answer events.SQSEventResponse) {
	again := map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == "" || again[f.ItemIdentifier] {
			panic("sim: Lambda takes such an answer for a failure of the whole batch")
		}
		again[f.ItemIdentifier] = true
	}
	for _, m := range batch {
		if !again[m.id] {
			m.deleted = true
		}
	}
}

// wait moves the clock to when the next message can be received; false when there is none.
func (w *World) wait() bool {
	var next time.Time
	for _, m := range w.queue.messages {
		if !m.deleted && !m.dead && (next.IsZero() || m.visible.Before(next)) {
			next = m.visible
		}
	}
	if next.After(w.now) {
		w.now = next
	}
	return !next.IsZero()
}

// redrive puts dead letters back, as an operator does once the cause is gone.
func (w *World) redrive() {
	for _, m := range w.queue.messages {
		if m.dead {
			m.dead, m.receives, m.visible = false, 0, w.now
		}
	}
}

func (w *World) dead() int {
	n := 0
	for _, m := range w.queue.messages {
		if m.dead {
			n++
		}
	}
	return n
}
