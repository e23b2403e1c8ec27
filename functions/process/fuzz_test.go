package process_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// FuzzRecord hands any body to process, as a message of the queue. It is never a reason to come again; every event in it is recorded for the archive or kept
// with its bytes, in the workspace that the message names; what cannot be read at all is kept whole. A second delivery changes no timeline and
// no list of failed events.
func FuzzRecord(f *testing.F) {
	for _, e := range []event.Envelope{
		envelope("r1", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z"), order("e2", visitor("a"), "2026-11-22T09:00:00Z", "o1", `"12.50"`), `{"type":"jump"}`, `7`),
		envelope("r2", "other", `{"type":"identify","userId":"\ud800","traits":{"":1}}`, `{"type":"alias","userId":"b","previousId":"a"}`, `{"type":"group","userId":"b","groupId":"g"}`),
		envelope("r3", "nowhere", `{"type":"page","userId":"1"}`),
	} {
		body, err := message.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range []string{
		``, `{}`, `{"v":3,"workspace":"shop","events":[{}]}`, `{"v":1,"workspace":"shop","events":[null,"x",{"type":"page","userId":1e400}],"context":[],"type":"page","first":-1}`,
		`{"v":1,"workspace":"shop","events":[{"type":"page","userId":"1"}],"replay":"none","received":-9223372036854775808}`,
		`{"v":1,"workspace":"shop","events":[{"type":"page","userId":"1"}],"received":9223372036854775807,"context":{"traits":{"email":"a@b.c"}}}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := newWorld(t)
		m := events.SQSMessage{MessageId: "m", Body: body}
		first := w.delivered(t, m)
		e, err := message.Decode(body)
		if known := err == nil && (e.Workspace == "shop" || e.Workspace == "other"); !known {
			if len(first.accepted) > 0 || len(first.failed) != 1 || !slices.Contains(first.failed, body) {
				t.Fatalf("%q is no message of a workspace and leaves %+v, want it kept whole", body, first)
			}
		} else {
			first.account(t, e)
		}
		second := w.delivered(t, m)
		slices.Sort(first.failed)
		slices.Sort(second.failed)
		if !slices.Equal(first.failed, second.failed) || !slices.Equal(first.timelines, second.timelines) {
			t.Fatalf("%q leaves %+v, delivered twice %+v", body, first, second)
		}
	})
}

// left is what stands in the stores after a message.
type left struct {
	accepted  map[int]event.Record // by place in the request
	failed    []string             // original bytes
	timelines []string             // of everybody that the records name
}

func (w *world) delivered(t *testing.T, m events.SQSMessage) left {
	t.Helper()
	if back := w.deliver(t, m); len(back) > 0 {
		t.Fatalf("%q goes back to the queue", m.Body)
	}
	out := left{accepted: map[int]event.Record{}}
	for _, ws := range []string{"shop", "other", event.Nobody} {
		for _, b := range w.records(t, workspace.Namespace(ws)) {
			for _, r := range b.Events {
				out.accepted[r.Index] = r
			}
		}
		for _, f := range w.kept(t, ws) {
			out.failed = append(out.failed, f.Original)
		}
	}
	for _, record := range out.accepted {
		shown, err := json.Marshal(w.touchpoints(t, workspace.Namespace(record.Workspace), record.Identifiers[0]))
		must(t, err)
		out.timelines = append(out.timelines, string(record.Identifiers[0])+" "+string(shown))
	}
	slices.Sort(out.timelines)
	out.timelines = slices.Compact(out.timelines)
	return out
}

// account: every event of the message has one of two fates, and its place or its bytes show which.
func (l left) account(t *testing.T, e event.Envelope) {
	t.Helper()
	rejected := []string{}
	for i, raw := range e.Events {
		if _, err := event.Parse(raw, e.Stamp(i)); err != nil {
			rejected = append(rejected, string(raw))
			continue
		}
		record, found := l.accepted[e.Stamp(i).Index]
		if !found || record.Workspace != e.Workspace || record.Request != e.Request {
			t.Fatalf("event %d, %s, is good and not recorded: %+v", i, raw, record)
		}
	}
	if len(l.accepted)+len(rejected) != e.Len() {
		t.Fatalf("of %d events %d are recorded and %d rejected", e.Len(), len(l.accepted), len(rejected))
	}
	kept := slices.Clone(l.failed)
	slices.Sort(kept)
	slices.Sort(rejected)
	if len(e.Events) <= 1 && !slices.Equal(kept, rejected) || !slices.Equal(slices.Compact(kept), slices.Compact(rejected)) {
		t.Fatalf("kept are %q, rejected were %q", kept, rejected)
	}
}
