package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/failed"
)

// story is one event that cannot be processed, and what people make of it.
type story struct {
	request     string
	bad         string
	worse, good string // texts that it is edited to; "" when it never is
}

// stories are events whose corrections have another messageId or time, or none, and so would count twice if two of their texts were accepted.
func stories() []story {
	return []story{
		{"r-0", `{"type":"click","messageId":"e0","userId":"1","timestamp":"2026-11-22T09:00:00Z"}`, "", pageView("e0", user("1"), "2026-11-22T09:00:00Z")},
		{"r-1", `{"type":"page","userId":"1","timestamp":"yesterday"}`, `{"type":"page","userId":"null"}`, `{"type":"page","userId":"1","timestamp":"2026-11-21T09:00:00Z"}`},
		{"r-2", `{"type":"page"}`, `{"type":"page","userId":""}`, `{"type":"page","userId":"2"}`},
		{"r-3", order("e3", user("2"), "2026-11-22T08:00:00Z", "o1", `"much"`), "", order("e3", user("2"), "2026-11-22T08:00:00Z", "o1", `"5.00"`)},
		{"r-4", `{"type":"page","messageId":"e4","userId":"null"}`, "", ""},
		{"r-5", `{"type":"page","messageId":"e5","userId":"null"}`, `{"type":"nonsense"}`, ""},
	}
}

// chaos is a world whose calls fail or crash by chance, with its queues and the service over them.
type chaos struct {
	*world
	random  *rand.Rand
	odds    int // of 100 that a call fails, half of them after it was applied
	service failed.Service
}

func newChaos(t testing.TB, seed uint64) *chaos {
	c := &chaos{world: newWorld(t), random: rand.New(rand.NewPCG(seed, 2))}
	c.hook(func(_ string, apply func() error) error { return c.do(apply) })
	flaky := flakyService{c}
	c.service = failed.Service{Records: flaky, Changes: flaky, Queue: flaky, Dead: flaky, Decode: message.Decode, Now: func() time.Time { return received }}
	return c
}

// do makes a call that may fail before it is applied or after.
func (c *chaos) do(apply func() error) error {
	if err := c.strike(); err != nil {
		return err
	}
	if err := apply(); err != nil {
		return err
	}
	return c.strike()
}

// strike lets a call fail, or kills the process.
func (c *chaos) strike() error {
	switch n := c.random.IntN(200); {
	case n < c.odds/4:
		panic(errCrash)
	case n < c.odds:
		return throttled
	}
	return nil
}

// flakyService is what the service works on.
type flakyService struct{ c *chaos }

func (f flakyService) Failed(ctx context.Context, ws, class, cursor string, limit int) (page []event.Failed, next string, err error) {
	err = f.c.do(func() error { page, next, err = f.c.Table.Failed(ctx, ws, class, cursor, limit); return err })
	return page, next, err
}

func (f flakyService) FailedByID(ctx context.Context, ws, id string) (found event.Failed, err error) {
	err = f.c.do(func() error { found, err = f.c.Table.FailedByID(ctx, ws, id); return err })
	return found, err
}

func (f flakyService) ReplayFailed(ctx context.Context, ws string, ids []string, at event.Millis) (found []event.Failed, err error) {
	err = f.c.do(func() error { found, err = f.c.Table.ReplayFailed(ctx, ws, ids, at); return err })
	return found, err
}

func (f flakyService) EditFailed(ctx context.Context, ws, id, edited string, at event.Millis) (found event.Failed, err error) {
	err = f.c.do(func() error { found, err = f.c.Table.EditFailed(ctx, ws, id, edited, at); return err })
	return found, err
}

func (f flakyService) DeleteFailed(ctx context.Context, ws, id string) error {
	return f.c.do(func() error { return f.c.Table.DeleteFailed(ctx, ws, id) })
}

func (f flakyService) Send(ctx context.Context, envelopes []event.Envelope) error {
	return f.c.do(func() error { return f.c.Queue.Send(ctx, envelopes) })
}

func (f flakyService) SendBodies(ctx context.Context, bodies []string) error {
	return f.c.do(func() error { return f.c.Queue.SendBodies(ctx, bodies) })
}

func (f flakyService) Receive(ctx context.Context, limit int, hidden time.Duration) (letters []event.Message, err error) {
	err = f.c.do(func() error { letters, err = f.c.DeadLetters.Receive(ctx, limit, hidden); return err })
	return letters, err
}

func (f flakyService) Requeue(ctx context.Context, letters []event.Message) error {
	return f.c.do(func() error { return f.c.DeadLetters.Requeue(ctx, letters) })
}

func (f flakyService) Delete(ctx context.Context, letters []event.Message) error {
	return f.c.do(func() error { return f.c.DeadLetters.Delete(ctx, letters) })
}

// TestReplayChangesNothingTwice plays random schedules of deliveries, redeliveries, edits, replays of everything and redrives, with a failure or
// a crash at any call. At the end, all corrections that are accepted are stored once, as if they had been sent at first, and all else is kept as
// one record each with its newest verdict.
func TestReplayChangesNothingTwice(t *testing.T) {
	t.Parallel()
	want := expected(t)
	for seed := range uint64(200) {
		c := newChaos(t, seed)
		var originals []event.Envelope
		for _, s := range stories() {
			originals = append(originals, envelope(s.request, "shop", pageView("n"+s.request, user("9"), "2026-11-22T09:00:00Z"), s.bad))
		}
		must(t, c.Queue.Send(t.Context(), originals))
		c.odds = []int{0, 10, 40}[seed%3]
		for range 60 {
			c.act(t)
		}
		c.odds = 0
		c.settle(t)
		c.checkSame(t, "at the end", want)
		for _, late := range originals { // what is done with does not come back, and what was edited keeps its verdict
			c.deliver(t, messageOf(t, "late", late))
		}
		if c.checkSame(t, "when late copies came", want); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// expected is the world in which each correction came at first; what never becomes good was edited and replayed in vain.
func expected(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, s := range stories() {
		text := s.good
		if text == "" {
			text = s.bad
		}
		e := envelope(s.request, "shop", pageView("n"+s.request, user("9"), "2026-11-22T09:00:00Z"), text)
		w.deliver(t, messageOf(t, "m", e))
		if s.good != "" || s.worse == "" {
			continue
		}
		kept := w.kept(t, "shop")
		_, err := w.Table.EditFailed(t.Context(), "shop", kept[0].ID, s.worse, event.At(received))
		must(t, err)
		replayed, err := w.Table.ReplayFailed(t.Context(), "shop", []string{kept[0].ID}, event.At(received))
		must(t, err)
		w.deliver(t, messageOf(t, "m", replayed[0].Envelope()))
	}
	return w
}

// act does one thing that a consumer or an operator may do. Crashes and passing failures are borne.
func (c *chaos) act(t *testing.T) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil && r != errCrash {
			panic(r)
		}
	}()
	var err error
	switch c.random.IntN(8) {
	case 0:
		_, err = c.service.Replay(t.Context(), "shop", failed.Order{All: true})
	case 1:
		for _, f := range c.kept(t, "shop") {
			if c.random.IntN(2) == 0 {
				_, err = c.service.Replay(t.Context(), "shop", failed.Order{IDs: []string{f.ID}})
			}
		}
	case 2:
		for _, f := range c.kept(t, "shop") {
			if text := c.correction(f); text != "" {
				_, err = c.service.Edit(t.Context(), "shop", f.ID, []byte(text))
			}
		}
	case 3:
		_, err = c.service.Redrive(t.Context(), "shop", failed.MaxSight)
		c.DeadLetters.Expire()
	default:
		c.consume(t)
	}
	if kind := fault.KindOf(err); err != nil && kind != fault.Unavailable && kind != fault.Conflict && kind != fault.NotFound {
		t.Fatalf("an operator is answered %v", err)
	}
}

// correction is a text for a record: at first one that is no better, where there is one, then the good one.
func (c *chaos) correction(f event.Failed) string {
	for _, s := range stories() {
		if s.request == f.Request && s.worse != "" && (s.good == "" || c.odds > 0 && c.random.IntN(2) == 0) {
			return s.worse
		}
		if s.request == f.Request {
			return s.good
		}
	}
	return ""
}

// consume hands some messages to process. What was done may come again all the same, and what was not may end as a dead letter.
func (c *chaos) consume(t *testing.T) {
	t.Helper()
	taken := c.Queue.Take(1 + c.random.IntN(4))
	back := map[string]bool{}
	for _, m := range taken {
		back[fmt.Sprint(m.Handle)] = true
	}
	defer func() {
		for _, m := range taken {
			again := back[fmt.Sprint(m.Handle)]
			switch n := c.random.IntN(10); {
			case again && n < 3:
				must(t, c.DeadLetters.SendBodies(t.Context(), []string{m.Body()}))
				c.Queue.Done(m.Handle)
			case again || c.odds > 0 && n < 2:
				c.Queue.Return(m.Handle)
			default:
				c.Queue.Done(m.Handle)
			}
		}
	}()
	if c.random.IntN(4) == 0 {
		c.restart()
	}
	var records []events.SQSMessage
	for _, m := range taken {
		records = append(records, events.SQSMessage{MessageId: fmt.Sprint(m.Handle), Body: m.Body()})
	}
	answer, err := c.handler.Handle(t.Context(), events.SQSEvent{Records: records})
	must(t, err)
	clear(back)
	for _, f := range answer.BatchItemFailures {
		back[f.ItemIdentifier] = true
	}
}

// settle does without failures what is left to do: every correction made, everything replayed twice, everything delivered.
func (c *chaos) settle(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	drain := func() {
		for {
			_, err := c.service.Redrive(ctx, "shop", failed.MaxSight)
			must(t, err)
			if waiting, _, _ := c.Queue.Depth(ctx); waiting == 0 {
				return
			}
			c.consume(t)
		}
	}
	c.DeadLetters.Expire()
	c.Queue.Expire()
	for range 2 {
		drain()
		// A replay that was noted and never sent is sent again before its event can be edited.
		_, err := c.service.Replay(ctx, "shop", failed.Order{All: true})
		must(t, err)
		drain()
		for _, f := range c.kept(t, "shop") {
			if text := c.correction(f); text != "" {
				_, err := c.service.Edit(ctx, "shop", f.ID, []byte(text))
				must(t, err)
			}
		}
		for range 2 {
			_, err := c.service.Replay(ctx, "shop", failed.Order{All: true})
			must(t, err)
		}
		drain()
	}
}

// A record keeps its name, its place and what was received through edits and replays in vain, and has the newest verdict.
func TestReplayKeepsTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver(t, sentAs(t, "m", "shop", pageView("e0", user("9"), "2026-11-22T09:00:00Z"), `{"type":"click","userId":"1"}`))
	want := w.kept(t, "shop")[0]
	for _, edit := range []struct{ text, class, field string }{
		{`{"type":"track","userId":"1"}`, "missing_name", "event"},
		{`{"type":"page","userId":"null"}`, "blocked_identifier", "userId"},
	} {
		_, err := w.Table.EditFailed(t.Context(), "shop", want.ID, edit.text, event.At(received)+1)
		must(t, err)
		replayed, err := w.Table.ReplayFailed(t.Context(), "shop", []string{want.ID}, event.At(received)+2)
		must(t, err)
		w.Version = "release of " + edit.class
		w.restart()
		if back := w.deliver(t, messageOf(t, "m2", replayed[0].Envelope())); len(back) > 0 {
			t.Fatalf("%q go back", back)
		}
		after := w.kept(t, "shop")
		want.Class, want.Field, want.Handler, want.Edited, want.EditedAt = edit.class, edit.field, w.Version, edit.text, event.At(received)+1
		if len(after) == 1 {
			want.Reason = after[0].Reason
		}
		checkEqual(t, "failed events", after, []event.Failed{want})
	}
	if text, err := json.Marshal(want); err != nil || want.Index != 1 || want.Original != `{"type":"click","userId":"1"}` {
		t.Errorf("the record is %s (%v), want the place and the bytes of the first receipt", text, err)
	}
}
