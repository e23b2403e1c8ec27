package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"

	"waymark/functions/query"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
)

// incoming plants something of every fate in three days.
func incoming(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	at := func(day, hour int) event.Millis {
		return event.At(now.AddDate(0, 0, day-22)) + event.Millis(hour*3600*1000)
	}
	record := func(request string, index int, typ event.Type, tp event.Touchpoint) event.Record {
		tp.Source, tp.Type = "web", typ
		if tp.Corrected == 0 {
			tp.Corrected = tp.Original
		}
		return event.Record{Workspace: "demo", Type: typ, Identifiers: []event.Identifier{"user:1"}, Request: request, Index: index, Touchpoint: tp}
	}
	runs := 0
	put := func(records ...event.Record) { // each time another batch, settled at once
		w.Now = records[0].Touchpoint.Received.Time()
		must(t, w.Table.PutBatch(t.Context(), "demo", ledger.Batch{Handle: fmt.Sprintf("%s#%d", ledger.HandleAt(event.At(w.Now)), runs), Events: records}))
		runs++
	}
	early := record("r-0", 0, event.Track, event.Touchpoint{ID: "m1", Name: "Product Viewed", Original: at(10, 0), Received: at(10, 0)})
	again := record("r-1", 0, event.Track, event.Touchpoint{ID: "m1", Name: "Product Viewed", Original: at(10, 0), Received: at(21, 0)})
	batch := []event.Record{
		again, // a repeat, and late
		record("r-1", 1, event.Track, event.Touchpoint{ID: "m2", Name: "Basket Fondled", Original: at(21, 0), Received: at(21, 0), Agent: "Googlebot/2.1"}),
		record("r-1", 2, event.Page, event.Touchpoint{ID: "m3", Original: at(21, 5), Corrected: at(21, 0), Received: at(21, 0), Skewed: true}),
		record("r-1", 3, event.Identify, event.Touchpoint{ID: "m3", Original: at(21, 0), Received: at(21, 0), Untimed: true}),
		record("r-1", 4, event.Page, event.Touchpoint{ID: "m4", Original: at(24, 0), Corrected: at(21, 0), Received: at(21, 0), Future: true}),
	}
	put(early)
	w.settle()
	put(batch...)
	w.settle()
	put(batch[:3]...) // a crash left a double
	w.settle()
	put(record("r-9", 0, event.Page, event.Touchpoint{ID: "m9", Original: at(22, 0), Received: at(22, 0)})) // it is not in the archive yet
	w.Now = now

	for i, class := range []string{"bad_time", "bad_time", "no_identifier"} {
		must(t, w.Table.PutFailed(t.Context(), event.Failed{
			ID: fmt.Sprint(i), Workspace: "demo", Source: "web", Class: class, Received: at(21, 1), Request: "r-2", Index: i, Original: "{}",
		}))
	}
	must(t, w.Table.PutFailed(t.Context(), event.Failed{ // replayed, and not yet removed
		ID: "replayed", Workspace: "demo", Source: "web", Class: "bad_time", Received: at(22, 0), Request: "r-9", Original: "{}",
	}))
	for _, r := range []event.Refusal{
		{Request: "r-3", Source: "till", Received: at(21, 2), Refused: event.Refused{Code: "rejected_events", Events: 12}},
		{Request: "r-4", Source: "till", Received: at(21, 2), Refused: event.Refused{Code: "invalid_json", Events: 1}},
	} {
		must(t, w.Table.PutRefusal(t.Context(), "demo", r))
	}
	dead := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "till", Received: at(22, 0), Request: "r-5", Events: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}}
	elsewhere := dead
	elsewhere.Workspace = "shop"
	must(t, w.DeadLetters.Send(t.Context(), []event.Envelope{dead, elsewhere}))
	must(t, w.Queue.Send(t.Context(), []event.Envelope{dead}))
	return w
}

func TestQuality(t *testing.T) {
	t.Parallel()
	w := incoming(t)
	golden(t, "quality", w.ask(t, "/v1/quality", "from=2026-11-20&to=2026-11-23"))
	golden(t, "quality_of_a_source", w.ask(t, "/v1/quality", "source=till&from=2026-11-21&to=2026-11-22"))
	httpapitest.Load(t).Check(t, "GET", "/v1/quality", w.ask(t, "/v1/quality", ""))
	if whole, week := w.ask(t, "/v1/quality", "").Body, w.ask(t, "/v1/quality", "from=2026-11-16&to=2026-11-23").Body; whole != week {
		t.Errorf("without bounds it is\n%s\nwant the last 7 days\n%s", whole, week)
	}
}

// However much waits to be settled, all of it is counted.
func TestQualityOfABacklog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 1100 {
		r := event.Record{Type: event.Page, Identifiers: []event.Identifier{"user:1"}, Request: fmt.Sprint(n), Touchpoint: event.Touchpoint{ID: event.ID(fmt.Sprint(n)), Received: event.At(now)}}
		must(t, w.Table.PutBatch(t.Context(), "demo", ledger.Batch{Handle: fmt.Sprintf("%s#%04d", ledger.HandleAt(event.At(now)), n), Events: []event.Record{r}}))
	}
	var answer struct{ Total struct{ Accepted int } }
	must(t, json.Unmarshal([]byte(w.ask(t, "/v1/quality", "from=2026-11-22").Body), &answer))
	if answer.Total.Accepted != 1100 {
		t.Errorf("%d are accepted, want 1100", answer.Total.Accepted)
	}
}

func TestQualityRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, code := range map[string]string{
		"days=7": "unknown_parameter", "from=soon": "bound_malformed", "to=2026-13-01": "bound_malformed", "from=2026-11-22&to=2026-11-22": "period_empty",
		"from=2026-11-23": "period_empty", "from=2025-01-01&to=2026-11-22": "range_too_large",
	} {
		checkFailure(t, w.ask(t, "/v1/quality", query), 400, code)
	}
}

// endless has more of everything than a report may read.
type endless struct {
	objects, records, failed bool
	err                      error
}

func (e endless) ArchiveIndex(context.Context, string, string) ([]string, error) { return nil, nil }

func (e endless) Arrived(_ context.Context, _, day string) ([]string, error) {
	n := 1
	if e.objects {
		n = 20_001
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint(day, i)
	}
	return keys, nil
}

func (e endless) Read(_ context.Context, key string) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		if e.err != nil {
			yield(event.Record{}, e.err)
			return
		}
		for n := 0; e.records && n < 100_000; n++ {
			r := event.Record{Request: key, Index: n, Identifiers: []event.Identifier{"user:1"}, Touchpoint: event.Touchpoint{Received: event.At(now), Original: event.At(now)}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (e endless) Failed(context.Context, string, string, string, int) ([]event.Failed, string, error) {
	if !e.failed {
		return nil, "", nil
	}
	return make([]event.Failed, 500), "more", nil
}

func (e endless) FailedByID(context.Context, string, string) (event.Failed, error) {
	return event.Failed{}, e.err
}

func (e endless) ReplayFailed(context.Context, string, []string, event.Millis) ([]event.Failed, error) {
	return nil, e.err
}

// A report that would read too much is refused with a way out, and one whose objects are replaced meanwhile can be asked for again.
func TestQualityHasLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		endless
		from   string
		status int
		code   string
	}{
		{"objects", endless{objects: true}, "2026-11-22", 400, "range_too_large"},
		{"archived events", endless{records: true}, "2026-11-16", 400, "range_too_large"},
		{"failed events", endless{failed: true}, "1969-12-31&to=1970-01-02", 400, "range_too_large"},
		{"an object is replaced", endless{err: fault.New(fault.NotFound, "no_such_object", "")}, "2026-11-22", 503, "unavailable"},
		{"an object is broken", endless{err: errors.New("zstd")}, "2026-11-22", 500, "internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.handler.Index, w.handler.Archive, w.handler.FailedService.Records = test.endless, test.endless, test.endless
			checkFailure(t, w.ask(t, "/v1/quality", "from="+test.from), test.status, test.code)
		})
	}
}

// down is a store that does not answer.
type down struct{ query.DeadLetters }

func (down) Peek(context.Context, int) ([]event.Message, error) { return nil, throttled }

func (down) Refusals(context.Context, string, string) ([]event.Refusal, error) { return nil, throttled }

func (down) ArchiveIndex(context.Context, string, string) ([]string, error) { return nil, throttled }

func (down) Arrived(context.Context, string, string) ([]string, error) { return nil, throttled }

func (down) Read(context.Context, string) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) { yield(event.Record{}, throttled) }
}

func TestQualityWithoutStores(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*query.Config){
		"dead letters": func(c *query.Config) { c.DeadLetters = down{c.DeadLetters} },
		"refusals":     func(c *query.Config) { c.Refusals = down{} },
		"index":        func(c *query.Config) { c.Index = down{} },
		"archive":      func(c *query.Config) { c.Archive = down{} },
	} {
		w := incoming(t)
		cut(&w.handler.Config)
		if got := w.ask(t, "/v1/quality", ""); got.StatusCode != 503 {
			t.Errorf("without %s it is answered %d %s, want 503", name, got.StatusCode, got.Body)
		}
	}
}
