package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/person"
	"waymark/tests/emulated"
)

// longLife is how many touchpoints a person of the large histories has: 5 MB as canonical JSON.
const longLife = 10_000

const veteran event.Identifier = "user:veteran"

// shape is how a long history came to be.
type shape struct {
	name    string
	every   time.Duration // from one touchpoint to the next, backwards from `newest`
	perPage int
	untimed bool
}

var shapes = []shape{
	{"one day, 10,000 pages", 24 * time.Hour / longLife, 1, false},
	{"one hour, 10,000 pages", time.Hour / longLife, 1, false},
	{"three years, 10,000 pages", 3 * 365 * 24 * time.Hour / longLife, 1, false},
	{"one day, no timestamps", 24 * time.Hour / longLife, 1, true},
	{"one day, 20 pages", 24 * time.Hour / longLife, 500, false},
}

// newest is the time of the last touchpoint; the day before it begins is a day of the history in most shapes.
var newest = event.At(received.Truncate(24 * time.Hour).Add(24*time.Hour - time.Millisecond))

// touchpoint is the i-th of the history, of about 505 bytes.
func (s shape) touchpoint(i int) event.Touchpoint {
	at := newest.Add(-time.Duration(i) * s.every)
	tp := event.Touchpoint{
		ID: event.ID(fmt.Sprintf("ajs-next-%d-%032x", at, uint64(i)*0x9E3779B97F4A7C15)), Source: "web", Type: event.Page, Name: "Product Viewed",
		Original: at, Corrected: at, Received: at + 812, Sign: []string{"", "", "email", "paid_search"}[i%4], Country: "GB",
		Page: fmt.Sprintf("https://shop.example/products/red-shoe-%d-with-a-long-name-for-search-engines", i*37%9100),
		Properties: map[string]string{
			"category": "shoes", "sku": fmt.Sprintf("SKU-%05d", i*7919%100_000), "product_id": fmt.Sprintf("507f1f77bcf86cd79943%04d", i), "position": fmt.Sprint(i % 40),
			"name": fmt.Sprintf("Monopoly: %dth Edition of the game for everybody and all", i), "brand": "Hasbro and Sons of Pawtucket", "variant": "red-and-blue-with-stripes",
		},
	}
	if s.untimed {
		tp.Untimed, tp.Received = true, at
	}
	return tp
}

// store is everything that process, query and rollup want of a table.
type store interface {
	process.Workspaces
	process.Timeline
	process.History
	process.Traits
	process.Links
	process.Claims
	process.FailedEvents
	process.Refusals
	process.ArchiveIndex
	rollup.Workspaces
	rollup.Marks
	rollup.Windows
	rollup.Restated
	rollup.Times
	query.Windows
	query.FailedEvents
	person.Store
	httpapi.KeyStore
	PutWorkspace(ctx context.Context, w workspace.Workspace) error
}

// live is one large history and all that works on it.
type live struct {
	shape
	table   store
	meter   *meter // nil in memory
	bytes   int    // of the history as canonical JSON
	process *process.Handler
	query   *query.Handler
	rollup  *rollup.Handler
	made    int
}

// openMemory and openEmulator open a table with a history of n touchpoints.
func openMemory(t testing.TB, s shape, n int) *live { return open(t, memory.NewTable(), nil, s, n) }

func openEmulator(t testing.TB, s shape, n int) *live {
	m := &meter{calls: map[string]int{}}
	options := emulated.Client(t).Options()
	m.client = options.HTTPClient
	options.HTTPClient = m
	return open(t, dynamo.New(dynamodb.New(options), emulated.Name), m, s, n)
}

func open(t testing.TB, table store, m *meter, s shape, n int) *live {
	t.Helper()
	l := &live{shape: s, table: table, meter: m}
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	must(t, err)
	demo.Keys = []workspace.Key{{Text: "sk_demo", Workspace: "demo", Role: workspace.Secret}}
	must(t, table.PutWorkspace(t.Context(), demo))
	l.fill(t, n)
	facts := archive.New(memory.NewBucket())
	l.process = processOn(t, table)
	l.rollup = rollup.New(rollup.Config{
		Workspaces: table, Marks: table, Windows: table, Restated: table, Facts: facts, Persons: facts, Times: table, Store: table, Model: model.Stages,
		Now: func() time.Time { return received },
	})
	waiting := memory.NewQueue()
	l.query = query.New(query.Config{
		Keys: table, Workspaces: table, Store: table, Windows: table, Persons: facts, Failed: table, Queue: waiting, DeadLetters: waiting, Files: memory.NewBucket(),
		Model: model.Stages, Version: "bench", Now: func() time.Time { return received },
	})
	return l
}

// fill writes the history page by page, and the aggregate of all of it.
func (l *live) fill(t testing.TB, n int) {
	t.Helper()
	stages, err := model.Stages("default")
	must(t, err)
	all := make([]event.Touchpoint, n)
	pages := make(chan []event.Touchpoint)
	var writing sync.WaitGroup
	for range 8 {
		writing.Go(func() {
			for page := range pages {
				if err := l.table.PutPage(t.Context(), "demo", veteran, page); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range all {
		all[i] = l.touchpoint(i)
		l.bytes += len(all[i].Bytes())
		if last := (i + 1) / l.perPage * l.perPage; last == i+1 || i == n-1 {
			pages <- all[max(0, i+1-l.perPage) : i+1]
		}
	}
	close(pages)
	writing.Wait()
	a := profile.Fold(all, func(tp event.Touchpoint) string { name, _ := stages.Evidence(tp); return string(name) })
	a.Version, a.Model = 1, stages.ID()
	must(t, l.table.Commit(t.Context(), "demo", veteran, a))
}

// deliver processes one event of the veteran: the i-th of the history again, or one that is new in the middle of it.
func (l *live) deliver(t testing.TB, i int, isNew bool) {
	t.Helper()
	tp := l.touchpoint(i)
	if isNew {
		l.made++
		tp.ID = event.ID(fmt.Sprintf("new-%d", l.made))
	}
	when := fmt.Sprintf(`,"timestamp":%q`, tp.Original.Time().Format("2006-01-02T15:04:05.000Z"))
	if l.untimed {
		when = ""
	}
	raw := fmt.Sprintf(`{"type":"page","name":"Product Viewed","messageId":%q,"userId":"veteran"%s}`, tp.ID, when)
	e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "web", Received: tp.Received + 5, Request: "r", Events: []json.RawMessage{json.RawMessage(raw)}}
	body, err := queue.Encode(e)
	must(t, err)
	answer, err := l.process.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: body}}})
	if err != nil || len(answer.BatchItemFailures) > 0 {
		t.Fatalf("the batch is answered %v, %v", answer, err)
	}
}

// ask reads a path of the API and gives its answer.
func (l *live) ask(t testing.TB, path, parameters string) []byte {
	t.Helper()
	answer, err := l.query.Handle(t.Context(), events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: parameters, Headers: map[string]string{"authorization": "Bearer sk_demo"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", TimeEpoch: received.UnixMilli(), HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodGet, Path: path},
		},
	})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s is answered %d %s, %v", path, answer.StatusCode, answer.Body, err)
	}
	return []byte(answer.Body)
}

// rollUp computes the day of the newest touchpoint, and whatever follows from it.
func (l *live) rollUp(t testing.TB) {
	t.Helper()
	must(t, l.table.PutMarks(t.Context(), "demo", []kpi.Mark{{Grain: period.Day, Key: newest.Day(), Identifiers: []event.Identifier{veteran}}}))
	_, err := l.rollup.Handle(t.Context(), json.RawMessage(`{"schedule":"rollup"}`))
	must(t, err)
}

// meter counts the calls of a client and what they bring back.
type meter struct {
	client dynamodb.HTTPClient
	mu     sync.Mutex
	calls  map[string]int // by operation
	read   int            // bytes of answers, about 4/3 of what was read
}

// Do makes one call.
func (m *meter) Do(request *http.Request) (*http.Response, error) {
	answer, err := m.client.Do(request)
	if err != nil {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[operation]++
	m.read += len(body)
	return answer, nil
}

// take gives what was counted since it was taken last.
func (m *meter) take() (calls map[string]int, read int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls, read = maps.Clone(m.calls), m.read*3/4
	clear(m.calls)
	m.read = 0
	return calls, read
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
