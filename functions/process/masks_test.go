package process_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

// fate is what becomes of one message of a batch.
type fate int

const (
	good         fate = iota
	poisonInside      // one event is for ever bad, the other is good
	undecodable       // the body is no envelope
	stranger          // of a workspace that is not there
	failing           // a call of the store fails now
	halfFailing       // of its two identifiers, one cannot be written now
	fates        = iota
)

// comesAgain says whether the message may succeed later.
func (f fate) comesAgain() bool { return f == failing || f == halfFailing }

const batchSize = 10

// raw is what the i-th message of a batch holds under a fate, in the workspace that it names.
func (f fate) raw(i int) (ws string, raw []string) {
	bought := order(fmt.Sprintf("e%d", i), user(fmt.Sprintf("u%d", i)), "2026-11-22T09:00:00Z", fmt.Sprintf("o%d", i), "9.99")
	second := pageView(fmt.Sprintf("f%d", i), user(fmt.Sprintf("v%d", i)), "2026-11-22T09:00:01Z")
	switch f {
	case poisonInside:
		return "shop", []string{fmt.Sprintf(`{"type":"nonsense","userId":"u%d"}`, i), bought}
	case stranger:
		return "nowhere", []string{bought}
	case halfFailing:
		return "shop", []string{bought, second}
	}
	return "shop", []string{bought}
}

func (f fate) message(t testing.TB, i int) events.SQSMessage {
	t.Helper()
	id := fmt.Sprintf("m%d", i)
	if f == undecodable {
		return events.SQSMessage{MessageId: id, Body: fmt.Sprintf(`{"v":1,"workspace":"shop","events":[%d`, i)}
	}
	ws, raw := f.raw(i)
	return message(t, id, ws, raw...)
}

// plain applies messages without the handler: the oracle. While calls fail, what they concern is left out.
func plain(t testing.TB, batch []fate, callsFail bool) string {
	t.Helper()
	table := memory.NewTable()
	for _, name := range []string{"shop", "other"} {
		w, err := workspace.New(name, "Europe/London", "GBP", "default")
		must(t, err)
		must(t, table.PutWorkspace(t.Context(), w))
	}
	stages, err := model.Stages("default")
	must(t, err)
	for i, f := range batch {
		m := f.message(t, i)
		envelope, err := queue.Decode(m.Body)
		if err == nil {
			_, err = table.Workspace(t.Context(), envelope.Workspace)
		}
		if err != nil {
			stamp := event.Stamp{Workspace: "_unknown", Request: m.MessageId, Source: envelope.Source, Received: event.At(received)}
			whole := keptAs(stamp, m.Body, err)
			sum := sha256.Sum256([]byte(m.Body)) // put back on the queue it is another message with the same text
			whole.ID, whole.Whole = hex.EncodeToString(sum[:12]), true
			must(t, table.PutFailed(t.Context(), whole))
			continue
		}
		for n, raw := range envelope.Events {
			e, err := event.Parse(raw, envelope.Stamp(n))
			if err != nil {
				must(t, table.PutFailed(t.Context(), keptAs(envelope.Stamp(n), string(raw), err)))
				continue
			}
			if callsFail && (f == failing || f == halfFailing && n == 1) {
				continue
			}
			tp := e.Touchpoint("", model.Properties())
			a := profile.Fold([]event.Touchpoint{tp}, func(tp event.Touchpoint) string { name, _ := stages.Evidence(tp); return string(name) })
			a.Version, a.Model = 1, stages.ID()
			must(t, table.PutPage(t.Context(), "shop", e.Kept(), []event.Touchpoint{tp}))
			must(t, table.Commit(t.Context(), "shop", e.Kept(), a))
			if key, claim, ok := profile.ClaimOf(tp, e.Kept()); ok {
				must(t, table.PutClaims(t.Context(), "shop", key, profile.Claims{claim}, 0))
			}
		}
	}
	return table.Dump()
}

// keptAs is the record of what can never be processed.
func keptAs(s event.Stamp, raw string, err error) event.Failed {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", s.Request, s.Index, raw))
	f := event.Failed{
		ID: hex.EncodeToString(sum[:12]), Workspace: s.Workspace, Source: s.Source, Class: fault.CodeOf(err), Reason: err.Error(), Handler: "test",
		Received: s.Received, Request: s.Request, Index: s.Index, Original: raw,
	}
	if known, ok := err.(*fault.Error); ok {
		f.Reason, f.Field = known.Message, known.Field
	}
	return f
}

// tryFates delivers one batch while calls fail, and what went back once more when they do not; "" when all is as it should be.
func tryFates(t *testing.T, batch []fate) string {
	t.Helper()
	w := newWorld(t)
	messages, wantBack := []events.SQSMessage{}, []string{}
	unwritable := map[event.Identifier]bool{}
	for i, f := range batch {
		messages = append(messages, f.message(t, i))
		if f.comesAgain() {
			wantBack = append(wantBack, fmt.Sprintf("m%d", i))
		}
		unwritable[event.Identifier(fmt.Sprintf("user:u%d", i))] = f == failing
		unwritable[event.Identifier(fmt.Sprintf("user:v%d", i))] = f == halfFailing
	}
	w.before = func(c call) error {
		if unwritable[c.id] && c.site == []string{"load", "put page"}[len(wantBack)%2] {
			return throttled
		}
		return nil
	}
	if back := w.deliver(t, messages...); !slices.Equal(back, wantBack) {
		return fmt.Sprintf("%q go back, want %q", back, wantBack)
	}
	if got, want := w.Dump(), plain(t, batch, true); got != want {
		return fmt.Sprintf("after the first delivery the table holds\n%s\nwant\n%s", got, want)
	}
	if len(wantBack) == 0 {
		return ""
	}
	w.before = nil
	again := slices.DeleteFunc(messages, func(m events.SQSMessage) bool { return !slices.Contains(wantBack, m.MessageId) })
	if back := w.deliver(t, again...); len(back) > 0 {
		return fmt.Sprintf("%q go back when nothing fails", back)
	}
	if got, want := w.Dump(), plain(t, batch, false); got != want {
		return fmt.Sprintf("after the second delivery the table holds\n%s\nwant\n%s", got, want)
	}
	return ""
}

// Every one of the 1,024 ways in which messages of a batch of ten can be bad, for each way to be bad: exactly those that may succeed later go
// back, in order and once each; what is good is applied in the same invocation; what is bad for ever is kept. The whole table is compared
// with one that was written without the handler.
func TestEveryMask(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]fate{
		"poison inside a good message": poisonInside, "undecodable": undecodable, "unknown workspace": stranger, "failing": failing, "half failing": halfFailing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for mask := range 1 << batchSize {
				batch := make([]fate, batchSize)
				for i := range batch {
					if mask&(1<<i) != 0 {
						batch[i] = bad
					}
				}
				if problem := tryFates(t, batch); problem != "" {
					t.Fatalf("mask %010b: %s", mask, problem)
				}
			}
		})
	}
}

// Batches in which every message has a fate of its own, out of all 6^10.
func TestMixedFates(t *testing.T) {
	t.Parallel()
	const seed, samples = 20261124, 1024
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range samples {
		batch := make([]fate, batchSize)
		for i := range batch {
			batch[i] = fate(random.IntN(fates))
		}
		if problem := tryFates(t, batch); problem != "" {
			t.Fatalf("sample %d of seed %d, fates %v: %s", n, seed, batch, problem)
		}
	}
}

// A queue that delivers at least once may put one message into a batch twice. It is named once when it must come again, and counts once.
func TestMessageTwiceInABatch(t *testing.T) {
	t.Parallel()
	for f := range fate(fates) {
		w := newWorld(t)
		w.before = func(c call) error {
			if c.site == "put page" && (f == failing && c.id == "user:u3" || f == halfFailing && c.id == "user:v3") {
				return throttled
			}
			return nil
		}
		twice := []events.SQSMessage{f.message(t, 3), good.message(t, 4), f.message(t, 3)}
		want := []string{}
		if f.comesAgain() {
			want = append(want, "m3")
		}
		if back := w.deliver(t, twice...); !slices.Equal(back, want) {
			t.Errorf("fate %d: %q go back, want %q", f, back, want)
		}
		w.before = nil
		if back := w.deliver(t, twice...); len(back) > 0 {
			t.Errorf("fate %d: %q go back when nothing fails", f, back)
		}
		if got, want := w.Dump(), plain(t, []fate{3: f, 4: good}, false); got != withoutFirst(t, want) {
			t.Errorf("fate %d: the table holds\n%s\nwant\n%s", f, got, withoutFirst(t, want))
		}
	}
}

// withoutFirst leaves out the messages 0 to 2, which the batch did not have.
func withoutFirst(t *testing.T, dump string) string {
	t.Helper()
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(dump, "\n"), func(line string) bool {
		for i := range 3 {
			if strings.HasPrefix(line, fmt.Sprintf("shop user:u%d ", i)) || strings.HasPrefix(line, fmt.Sprintf("shop claims order:o%d ", i)) {
				return true
			}
		}
		return false
	}), "")
}

// A message that must come again and has no id cannot be named; nothing may be lost for it, so the whole batch fails.
func TestMessageWithoutID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nameless := good.message(t, 1)
	nameless.MessageId = ""
	if back := w.deliver(t, nameless); len(back) > 0 {
		t.Errorf("%q go back of a batch that succeeds", back)
	}
	w.before = func(call) error { return throttled }
	if answer, err := w.handler.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{nameless, good.message(t, 2)}}); err == nil {
		t.Errorf("Handle = %v, want an error that fails the whole batch", answer)
	}
}
