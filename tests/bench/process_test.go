package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"waymark/functions/process"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

// newProcess is the process handler with its real archive, in memory, on a table in memory.
func newProcess(t testing.TB, table *memory.Table) *process.Handler {
	t.Helper()
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	must(t, err)
	must(t, table.PutWorkspace(t.Context(), demo))
	return processOn(t, table)
}

// processOn is the same on any table that has the workspace.
func processOn(t testing.TB, table store) *process.Handler {
	t.Helper()
	rules, err := model.Channels()
	must(t, err)
	bots, err := model.Bots()
	must(t, err)
	objects := 0
	return process.New(process.Config{
		Workspaces: table, Timeline: table, History: table, Traits: table, Links: table, Claims: table, Marks: table, Failed: table, Refusals: table,
		Index:   table,
		Archive: archive.New(memory.NewBucket()), Channels: rules, Bots: bots, Model: model.Stages, Properties: model.Properties(),
		Decode: queue.Decode, ObjectKey: archive.Key, Version: "bench", Now: func() time.Time { return received }, Sleep: func(context.Context, time.Duration) error { return nil },
		Jitter: func(time.Duration) time.Duration { return 0 }, NewID: func() string { objects++; return fmt.Sprint(objects) }, Workers: 1,
	})
}

// decodeEnvelopes is the floor of process: the batch and the envelopes in it as encoding/json decodes them, the events left as they are.
func decodeEnvelopes(payload []byte) error {
	_, err := envelopes(payload)
	return err
}

// decodeEvents decodes the events too, as any program must that reads them.
func decodeEvents(payload []byte) error {
	all, err := envelopes(payload)
	if err != nil {
		return err
	}
	for _, e := range all {
		for _, raw := range e.Events {
			var tree map[string]any
			if err := json.Unmarshal(raw, &tree); err != nil {
				return err
			}
		}
	}
	return nil
}

func envelopes(payload []byte) ([]event.Envelope, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	all := make([]event.Envelope, len(batch.Records))
	for i, r := range batch.Records {
		if err := json.Unmarshal([]byte(r.Body), &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// BenchmarkProcess is the whole way of a batch through process: decoding, archive, timelines, aggregates, joins and marks, on stores in memory.
// Fresh: every message is of a person never seen before. Returning: of one of 500 persons who have been here. Repeat: everything was
// processed before, and is folded anew.
func BenchmarkProcess(b *testing.B) {
	for _, kind := range []string{"fresh", "returning", "repeat"} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/events=%d", kind, n), func(b *testing.B) { benchmarkProcess(b, kind, n) })
		}
	}
}

// maxTable is after how many events the table begins anew, so that the garbage collector is not what is measured.
const maxTable = 20_000

func benchmarkProcess(b *testing.B, kind string, n int) {
	persons := func(message int) int { return message }
	if kind == "returning" {
		persons = func(message int) int { return message % 500 }
	}
	s := &stream{perRequest: n, person: persons}
	var process lambda.Handler
	invoke := func(payload []byte) error {
		answer, err := process.Invoke(b.Context(), payload)
		if err == nil && string(answer) != `{"batchItemFailures":[]}` {
			return fmt.Errorf("answered %s", answer)
		}
		return err
	}
	begin := func() {
		process = lambda.NewHandler(newProcess(b, memory.NewTable()).Handle)
	}
	begin()
	var repeated []byte
	if kind == "repeat" {
		repeated = s.next(b)
		if err := invoke(repeated); err != nil {
			b.Fatal(err)
		}
	}
	since := 0
	next := func() []byte {
		if kind == "repeat" {
			return repeated
		}
		if since += messages * n; since > maxTable {
			since = 0
			begin()
		}
		return s.next(b)
	}
	contest{
		events: messages * n, next: next, subject: invoke,
		floors: []floor{{"x-floor", decodeEnvelopes}, {"x-decode", decodeEvents}},
	}.run(b)
}
