package bench_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"waymark/functions/process"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	wire "waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
	"waymark/shared/model"
	"waymark/tests/emulated"
)

// newProcess is the process handler on a table in memory.
func newProcess(t testing.TB, table *memory.Table) *process.Handler {
	t.Helper()
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	must(t, err)
	must(t, table.PutWorkspace(t.Context(), demo))
	return processOn(t, table)
}

// store is what process keeps events in.
type store interface {
	process.Workspaces
	process.FailedEvents
	process.Refusals
	process.Fates
	ingest.Store
	ingest.Batches
}

// processOn is the same on any table that has the workspace.
func processOn(t testing.TB, table store) *process.Handler {
	t.Helper()
	bots, err := model.Bots()
	must(t, err)
	clock, ids := func() time.Time { return received }, 0
	return process.New(process.Config{
		Workspaces: table, Failed: table, Refusals: table, Fates: table, Properties: model.Keep(), Decode: wire.Decode, Version: "bench", Now: clock,
		Ingest: &ingest.Applier{
			Recorder: ingest.Recorder{Batches: table, Now: clock, NewID: func() string { ids++; return fmt.Sprint(ids) }},
			Known:    &ingest.Known{}, Store: table, Bot: bots.Of,
		},
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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
		for _, raw := range e.Parsed {
			var tree map[string]any
			if err := json.Unmarshal(raw, &tree); err != nil {
				return err
			}
		}
	}
	return nil
}

// message is an envelope to encoding/json.
type message struct {
	Version   int               `json:"v"`
	Workspace string            `json:"workspace"`
	Source    string            `json:"source"`
	Received  int64             `json:"received"`
	Request   string            `json:"request"`
	Parsed    []json.RawMessage `json:"parsed"`
}

func envelopes(payload []byte) ([]message, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	all := make([]message, len(batch.Records))
	for i, r := range batch.Records {
		if err := json.Unmarshal([]byte(r.Body), &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// BenchmarkProcess is the whole way of a batch through process: decoding, pages, joins and the record of the batch, on a table in memory.
// Fresh: every message is of a person never seen before. Returning: of one of 500 persons who have been here. Repeat: everything was
// processed before.
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
		process = lambda.NewHandler(wire.Consumer(newProcess(b, memory.NewTable()).Handle))
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
	comparison{
		events: messages * n, next: next, subject: invoke,
		floors: []floor{{"x-floor", decodeEnvelopes}, {"x-decode", decodeEvents}},
	}.run(b)
}

// BenchmarkProcessEmulated is a batch of ten messages of one event each, of ten persons, on the real table adapter with the SDK, against the
// emulator, which is a process of its own: what is measured is our CPU time a touchpoint. The link of a person never seen
// before is two writes more; that of one who returns within the minute is known to the process. The template's settings:
//
//	GOGC=400 GOMAXPROCS=1 go test -run='^$' -bench=Emulated ./tests/bench
func BenchmarkProcessEmulated(b *testing.B) {
	for kind, person := range map[string]func(message int) int{
		"fresh": func(message int) int { return message }, "returning": func(message int) int { return message % messages },
	} {
		b.Run(kind, func(b *testing.B) { benchmarkProcessEmulated(b, person) })
	}
}

func benchmarkProcessEmulated(b *testing.B, person func(message int) int) {
	table := emulated.Table(b)
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	must(b, err)
	must(b, table.PutWorkspace(b.Context(), demo))
	s := &stream{perRequest: 1, person: person}
	h := wire.Consumer(processOn(b, table).Handle)
	var spent time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		payload := s.next(b)
		b.StartTimer()
		before := cpuTime()
		answer, err := h.Invoke(b.Context(), payload)
		spent += cpuTime() - before
		n += messages
		if err != nil || string(answer) != `{"batchItemFailures":[]}` {
			b.Fatalf("answered %s, %v", answer, err)
		}
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(n), "cpu-µs/touchpoint")
}

// BenchmarkProcessFan is what the hardest batch of a public key takes: ten messages of as many events as one message holds, each of which links another
// device to one user. A function of the template has 30 s; a batch must take a tenth at most, wherever it is.
func BenchmarkProcessFan(b *testing.B) {
	table := emulated.Table(b)
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	must(b, err)
	must(b, table.PutWorkspace(b.Context(), demo))
	h := wire.Consumer(processOn(b, table).Handle)
	devices, spent := 0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		payload := fan(b, 250, &devices)
		b.StartTimer()
		before := cpuTime()
		answer, err := h.Invoke(b.Context(), payload)
		if spent += cpuTime() - before; err != nil || string(answer) != `{"batchItemFailures":[]}` {
			b.Fatalf("answered %s, %v", answer, err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/batch")
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/batch")
}

// fan is a batch of logins of one user, each on another device.
func fan(b *testing.B, perMessage int, devices *int) []byte {
	b.Helper()
	var batch events.SQSEvent
	for range messages {
		e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "web", Received: event.At(received), Request: fmt.Sprint("fan", *devices)}
		for range perMessage {
			*devices++
			e.Events = append(e.Events, json.RawMessage(fmt.Sprintf(
				`{"type":"identify","messageId":"m%d","userId":"42","anonymousId":"d%d","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"a"}}`, *devices, *devices)))
		}
		body, err := queue.Encode(e)
		must(b, err)
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(*devices), Body: body})
	}
	raw, err := json.Marshal(batch)
	must(b, err)
	return raw
}
