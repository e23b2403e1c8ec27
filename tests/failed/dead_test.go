package failed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/failed"
)

// bury lets n messages of a workspace die; their bodies say which they are.
func (w world) bury(ws string, n int) {
	w.t.Helper()
	for i := range n {
		must(w.t, w.DeadLetters.SendBodies(w.t.Context(), []string{
			fmt.Sprintf(`{"v":1,"workspace":%q,"source":"web","received":1795339800000,"request":"r-%d","events":[{"n":%d}]}`, ws, i, i),
		}))
	}
}

// bodies takes all that a queue holds and counts it by text.
func bodies(t *testing.T, q *memory.Queue) map[string]int {
	t.Helper()
	letters, err := q.Receive(t.Context(), 10_000, 0)
	must(t, err)
	count := map[string]int{}
	for _, l := range letters {
		count[l.Body]++
	}
	return count
}

// A workspace sees its own dead letters, a redrive moves them byte for byte, and those of others and of nobody stay as they are.
func TestDeadLettersOfOneWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.bury("other", 13)
	w.bury("demo", 12)
	must(t, w.DeadLetters.SendBodies(t.Context(), []string{"no envelope", strings.Repeat("x", 9000)}))
	for _, c := range []struct {
		ws       string
		limit    int
		want     int
		complete bool
	}{
		{"demo", 50, 12, true},
		{"demo", 12, 12, true},
		{"demo", 5, 5, false},
		{"other", 50, 13, true},
		{event.Nobody, 50, 2, true},
		{failed.Everybody, 50, 27, true},
		{"none", 50, 0, true},
	} {
		seen, err := w.FailedService().DeadLetters(t.Context(), c.ws, c.limit)
		must(t, err)
		if len(seen.Dead) != c.want || seen.Complete != c.complete {
			t.Errorf("of %s, at most %d: %d are seen, complete %v, want %d and %v", c.ws, c.limit, len(seen.Dead), seen.Complete, c.want, c.complete)
		}
		for _, l := range seen.Dead {
			if c.ws != failed.Everybody && l.Workspace != c.ws || len(l.Body) > 4<<10 || l.Bytes < len(l.Body) {
				t.Errorf("of %s is shown %+v", c.ws, l)
			}
		}
		if waiting, inFlight, _ := w.DeadLetters.Depth(t.Context()); waiting != 27 || inFlight != 0 {
			t.Fatalf("after a look %d wait and %d are in flight, want all 27 back", waiting, inFlight)
		}
	}
	moved, err := w.FailedService().Redrive(t.Context(), "demo", failed.MaxSight)
	must(t, err)
	if want := (failed.Redriven{Success: true, Redriven: 12}); moved != want {
		t.Errorf("the redrive answers %+v, want %+v", moved, want)
	}
	if waiting, inFlight, _ := w.DeadLetters.Depth(t.Context()); waiting != 15 || inFlight != 0 {
		t.Errorf("then %d letters wait and %d are in flight, want the 15 of others", waiting, inFlight)
	}
	queued := bodies(t, w.Queue)
	for n := range 12 {
		body := fmt.Sprintf(`{"v":1,"workspace":"demo","source":"web","received":1795339800000,"request":"r-%d","events":[{"n":%d}]}`, n, n)
		if queued[body] != 1 || len(queued) != 12 {
			t.Fatalf("queued is %v, want the 12 of demo once each, byte for byte", queued)
		}
	}
}

// One order looks at MaxSight letters at most, and says when there are more.
func TestDeadLettersAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.bury("demo", 2*failed.MaxSight+20)
	var moved []int
	for more := true; more; {
		some, err := w.FailedService().Redrive(t.Context(), "demo", failed.MaxSight)
		must(t, err)
		moved, more = append(moved, some.Redriven), some.More
	}
	if want := []int{300, 300, 20}; !slices.Equal(moved, want) {
		t.Errorf("three orders move %v, want %v", moved, want)
	}
	w.bury("other", failed.MaxSight)
	w.bury("demo", 1)
	hidden, err := w.FailedService().Redrive(t.Context(), "demo", failed.MaxSight)
	must(t, err)
	if want := (failed.Redriven{Success: true, More: true}); hidden != want {
		t.Errorf("behind another workspace's letters the answer is %+v, want %+v", hidden, want)
	}
}

// TestRedriveCrashes ends a redrive at each call: nothing is lost, and what is double is so in the queue alone, where it is harmless.
func TestRedriveCrashes(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		w := newWorld(t, nil)
		w.bury("demo", 25)
		w.bury("other", 3)
		service := w.FailedService()
		down := &downAfter{Service: service, left: at}
		service.Queue, service.Dead = down, down
		_, err := service.Redrive(t.Context(), "demo", failed.MaxSight)
		if err == nil {
			if at < 8 {
				t.Fatalf("a redrive makes %d calls, want them to be many", at)
			}
			return
		}
		w.DeadLetters.Expire()
		_, err = w.FailedService().Redrive(t.Context(), "demo", failed.MaxSight)
		must(t, err)
		if queued := bodies(t, w.Queue); len(queued) != 25 {
			t.Fatalf("when call %d fails, %d of 25 messages are queued", at, len(queued))
		}
		if left := bodies(t, w.DeadLetters); len(left) != 3 {
			t.Fatalf("when call %d fails, %d letters are left, want the other workspace's 3", at, len(left))
		}
	}
}

var errDown = errors.New("injected")

// downAfter are queues that fail at one call and at all after it.
type downAfter struct {
	failed.Service
	left int
}

func (d *downAfter) down() error {
	if d.left--; d.left <= 0 {
		return errDown
	}
	return nil
}

func (d *downAfter) Send(context.Context, []event.Envelope) error { return errDown }

func (d *downAfter) SendBodies(ctx context.Context, bodies []string) error {
	return errors.Join(d.down(), d.Service.Queue.SendBodies(ctx, bodies)) // SQS may have taken them all the same
}

func (d *downAfter) Receive(ctx context.Context, limit int, hidden time.Duration) ([]event.Message, error) {
	if err := d.down(); err != nil {
		return nil, err
	}
	return d.Service.Dead.Receive(ctx, limit, hidden)
}

func (d *downAfter) Requeue(ctx context.Context, letters []event.Message) error {
	if err := d.down(); err != nil {
		return err
	}
	return d.Service.Dead.Requeue(ctx, letters)
}

func (d *downAfter) Delete(ctx context.Context, letters []event.Message) error {
	if err := d.down(); err != nil {
		return err
	}
	return d.Service.Dead.Delete(ctx, letters)
}

// Edits are held to their limits, and the list shows the beginning of what is long.
func TestEditLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.send(`{"type":"page","properties":{"text":"` + strings.Repeat("é", 10_000) + `"}}`)
	list, err := w.FailedService().List(t.Context(), "demo", "", "", 10)
	must(t, err)
	row := list.Failed[0]
	if len(row.Original) > 4<<10 || len(row.Original) < 4<<10-1 || row.Bytes < 20_000 || strings.ToValidUTF8(row.Original, "") != row.Original {
		t.Errorf("the list shows %d of %d bytes, want the first 4 KiB of whole characters", len(row.Original), row.Bytes)
	}
	for body, code := range map[string]string{
		"": "not_an_object", "[]": "not_an_object", "null": "not_an_object", `{} {}`: "not_an_object", `{"a":`: "not_an_object",
		`{"a":"` + strings.Repeat("x", event.MaxEventBytes) + `"}`: "too_large",
	} {
		if _, err := w.FailedService().Edit(t.Context(), "demo", row.ID, []byte(body)); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("an edit to %.20q is answered %v, want %s", body, err, code)
		}
	}
	edited, err := w.FailedService().Edit(t.Context(), "demo", row.ID, []byte(` {"type":"page"} `))
	must(t, err)
	if edited.Edit.Text != `{"type":"page"}` || edited.Verdict.Class != "no_identifier" || edited.Bytes != row.Bytes {
		t.Errorf("edited it is %+v, want the text without what is around it, and still bad", edited)
	}
}
