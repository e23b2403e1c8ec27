// Package system is the whole of Waymark in the memory of one process: the real handlers of all functions on memory stores, a queue, a clock that
// stands still, and a hook around every call to a store, where tests put faults and crashes. It is the one world of all tests that need more than
// one function.
//
//	s := system.New(t, system.Shop())
//	s.Send("wk_web", `{"type":"page","anonymousId":"a","timestamp":"2026-11-20T10:00:00Z"}`)
//	s.Settle()
//	status, body := s.Get("/v1/profiles/anon:a")
package system

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/analyse"
	"waymark/functions/collect"
	"waymark/functions/export"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue/message"
	lives "waymark/shared/analyse"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/ingest"
	"waymark/shared/model"
	"waymark/shared/settle"
)

// System is one installation. Tests may change its fields before they use it, and read its stores.
type System struct {
	t testing.TB

	Table       *memory.Table
	Archive     *memory.Archive
	Exports     *memory.Bucket
	Queue       *memory.Queue
	DeadLetters *memory.Queue

	Now         time.Time // of all functions; it stands still
	Rules       func(model string) (journey.Rules, error)
	Definitions *kpi.Definitions
	Bot         func(agent string) string
	Caps        identity.Caps       // of persons; zero for those of the system
	AtOnce      int                 // identifiers that are settled together
	Version     string              // of the functions
	Debug       workspace.DebugMode // when it is listed what becomes of events; a new system does so for watched workspaces
	Decode      func(body string) (event.Envelope, error)

	// Call is a hook around every call to table and archive: it is given the name of the call and what it does. nil does it.
	Call func(name string, apply func() error) error
	// Wrap puts a test's own stores around those that functions get; nil leaves them.
	Wrap func(Ports) Ports

	plans *plan.Checker
	ids   atomic.Int64
}

// Begin is when the clock of a new system stands.
var Begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Shop is a workspace with a shop server's key wk_web, a till's wk_till, a site's wk_site, which everybody can read, and the secret key sk_shop. What
// servers say is taken whatever its date. London's clock changes on 25 October 2026.
func Shop() workspace.Workspace {
	return workspace.Workspace{
		Name: "shop", Zone: "Europe/London", Currency: "GBP", Model: "default", Created: event.At(Begin),
		Keys: []workspace.Key{
			{Text: "wk_web", Workspace: "shop", Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
			{Text: "wk_till", Workspace: "shop", Role: workspace.Write, Source: "till", Kind: workspace.ServerSource},
			{Text: "wk_site", Workspace: "shop", Role: workspace.Write, Source: "site"},
			{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret},
		},
	}
}

// kinds and properties are read by all systems and changed by none.
var kinds, properties = sync.OnceValue(model.Kinds), sync.OnceValue(model.Keep)

// New is a system with some workspaces.
func New(t testing.TB, workspaces ...workspace.Workspace) *System {
	t.Helper()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // handlers tell of everything that is done to them
	definitions, err := model.Metrics()
	must(t, err)
	bots, err := model.Bots()
	must(t, err)
	s := &System{
		t: t, Table: memory.NewTable(), Archive: memory.NewArchive(), Exports: memory.NewBucket(), Queue: memory.NewQueue(),
		DeadLetters: memory.NewQueue(), Now: Begin, Rules: model.Rules, Definitions: definitions, Bot: bots.Of, Version: "test", Debug: workspace.DebugWatched,
		Decode: message.Decode, plans: model.Plans(),
	}
	s.Table.Now, s.Archive.Now, s.Queue.Now, s.DeadLetters.Now = s.clock, s.clock, s.clock, s.clock
	for _, w := range workspaces {
		must(t, s.Table.PutWorkspace(t.Context(), w))
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *System) clock() time.Time { return s.Now }

// NewID counts, so that a test can be repeated.
func (s *System) NewID() string {
	return fmt.Sprintf("id-%06d", s.ids.Add(1))
}

// Advance moves the clock.
func (s *System) Advance(d time.Duration) { s.Now = s.Now.Add(d) }

// Ports are the stores with the hook around each call.
func (s *System) Ports() Ports {
	var ports Ports = &Stores{Table: s.Table, Archive: s.Archive, Call: s.Call}
	if s.Wrap != nil {
		return s.Wrap(ports)
	}
	return ports
}

// sleep lets the clock go on, for those who wait for another run.
func (s *System) sleep(_ context.Context, d time.Duration) error {
	s.Advance(d)
	return nil
}

// Recorder writes records of batches.
func (s *System) Recorder(ports Ports) ingest.Recorder {
	return ingest.Recorder{Batches: ports, Now: s.clock, NewID: s.NewID}
}

// Ingest is ingestion as process uses it.
func (s *System) Ingest(ports Ports) *ingest.Applier {
	return &ingest.Applier{Recorder: s.Recorder(ports), Store: ports, Bot: s.Bot}
}

// Settler is the settling as profile and rollup use it.
func (s *System) Settler(ports Ports) *settle.Settler {
	return &settle.Settler{
		Store: ports, Objects: ports, Rules: s.Rules, Definitions: s.Definitions, Now: s.clock, NewID: s.NewID, Workers: 1, Caps: s.Caps,
		AtOnce: s.AtOnce,
	}
}

// Process is the function on ports.
func (s *System) Process(ports Ports) *process.Handler {
	return process.New(process.Config{
		Workspaces: ports, Ingest: s.Ingest(ports), Failed: ports, Refusals: ports, Fates: ports, Debug: s.Debug, Properties: properties(), Decode: s.Decode,
		Version: s.Version, Now: s.clock, Plans: s.plans,
	})
}

// Rollup is the function on ports.
func (s *System) Rollup(ports Ports) *rollup.Handler {
	return rollup.New(rollup.Config{
		Workspaces: ports, Store: ports, Settler: s.Settler(ports), Compactor: s.Archive, Reader: httpapi.NewKeyring(ports, s.clock).Reader, Now: s.clock, Sleep: s.sleep,
	})
}

// Export is the function on ports.
func (s *System) Export(ports Ports) *export.Handler {
	return export.New(export.Config{
		Workspaces: ports, Windows: ports, Restated: ports, Claims: ports, Bucket: s.Exports, CSV: export.WriteCSV, Definitions: s.Definitions,
		Reader: httpapi.NewKeyring(ports, s.clock).Reader, Now: s.clock,
	})
}

// Query is the function on ports.
func (s *System) Query(ports Ports) *query.Handler {
	return query.New(query.Config{
		Keys: ports, Workspaces: ports, Store: ports, Links: ports, Quarantines: ports, Settler: s.Settler(ports), Recorder: new(s.Recorder(ports)), Windows: ports, Ledger: ports, Steps: s.Archive,
		Failed: s.Table, Refusals: s.Table, Index: s.Table, Archive: s.Archive, Files: s.Exports, Queue: s.Queue, DeadLetters: s.DeadLetters,
		FailedService: s.FailedService(), Rules: s.Rules, Definitions: s.Definitions, Bot: s.Bot, Kinds: kinds(), Decode: s.Decode, Version: s.Version,
		Now: s.clock, Caps: s.Caps, Sleep: s.sleep, Fates: ports, Debug: s.Debug,
	})
}

// Analyse is the function on ports.
func (s *System) Analyse(ports Ports) *analyse.Handler {
	return analyse.New(analyse.Config{
		Keys: ports, Workspaces: ports, Documents: s.Table, Kinds: lives.Kinds(), Now: s.clock,
		Analyser: &lives.Analyser{
			Steps: s.Archive, Documents: s.Table, Windows: ports, Ledger: ports, Rules: s.Rules, Definitions: s.Definitions, Analyses: lives.Analyses(),
			Now: s.clock, MaxSteps: lives.MaxSteps,
		},
	})
}

// FailedService is where failed events are handled.
func (s *System) FailedService() failed.Service {
	return failed.Service{Records: s.Table, Changes: s.Table, Queue: s.Queue, Dead: s.DeadLetters, Decode: s.Decode, Now: s.clock, Workspaces: s.Table, Plans: s.plans}
}

// Collect is the function.
func (s *System) Collect(ports Ports) *collect.Handler {
	return collect.New(collect.Config{Keys: ports, Documents: s.Table, Spending: ports, Salts: ports, NewSalt: s.NewID, Queue: s.Queue, Now: s.clock, NewID: s.NewID, Plans: s.plans})
}

// Request makes a request with an authorization, as the gateway gives it. path may have a query.
func (s *System) Request(method, path, authorization, body string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Body: body, Headers: map[string]string{"authorization": authorization}}
	e.RawPath, e.RawQueryString, _ = strings.Cut(path, "?")
	e.RequestContext.RequestID, e.RequestContext.TimeEpoch = s.NewID(), s.Now.UnixMilli()
	e.RequestContext.HTTP.Method = method
	return e
}

// Basic is the authorization of a write key.
func Basic(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":")) }

// Send posts events as one batch and processes them.
func (s *System) Send(key string, raw ...string) {
	s.t.Helper()
	s.Post(key, raw...)
	s.Drain()
}

// Post posts events as one batch, which must be taken.
func (s *System) Post(key string, raw ...string) {
	s.t.Helper()
	e := s.Request(http.MethodPost, "/v1/batch", Basic(key), `{"batch":[`+strings.Join(raw, ",")+`]}`)
	answer, err := httpapitest.Invoke(s.t.Context(), s.Collect(s.Ports()), e)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("POST /v1/batch: %d %s (%v)", answer.StatusCode, answer.Body, err)
	}
}

// PostAt posts events as one batch that is received at an instant, wherever the clock stands.
func (s *System) PostAt(at time.Time, key string, raw ...string) {
	s.t.Helper()
	now := s.Now
	s.Now = at
	s.Post(key, raw...)
	s.Now = now
}

// Drain processes what is queued, ten messages at a time, until nothing is left.
func (s *System) Drain() {
	s.t.Helper()
	for range 1000 {
		if messages := s.Queue.Take(10); len(messages) > 0 {
			s.Deliver(messages...)
			continue
		}
		return
	}
	s.t.Fatal("the queue does not drain: messages come back")
}

// Deliver hands messages to process once. Those that must come again go back.
func (s *System) Deliver(messages ...memory.Message) {
	s.t.Helper()
	var e events.SQSEvent
	handles := map[string]int{}
	for _, m := range messages {
		id := fmt.Sprint(m.Handle)
		handles[id] = m.Handle
		e.Records = append(e.Records, events.SQSMessage{MessageId: id, Body: m.Body()})
	}
	answer, err := s.Process(s.Ports()).Handle(s.t.Context(), e)
	must(s.t, err)
	for _, f := range answer.BatchItemFailures {
		s.Queue.Return(handles[f.ItemIdentifier])
		delete(handles, f.ItemIdentifier)
	}
	for _, handle := range handles {
		s.Queue.Done(handle)
	}
}

// Settle fires the schedule of rollup, which must succeed.
func (s *System) Settle() {
	s.t.Helper()
	must(s.t, s.TrySettle(s.Ports()))
}

// TrySettle fires the schedule of rollup on ports. A run that died holds the workspaces no longer.
func (s *System) TrySettle(ports Ports) error {
	s.Advance(time.Minute)
	_, err := s.Rollup(ports).Handle(s.t.Context(), json.RawMessage(`{"schedule":"rollup"}`))
	return err
}

// Fire fires a schedule of exports, daily, weekly or monthly, and gives what it made.
func (s *System) Fire(schedule string) []report.Manifest {
	s.t.Helper()
	answer, err := s.Export(s.Ports()).Handle(s.t.Context(), json.RawMessage(`{"schedule":"export-`+schedule+`"}`))
	must(s.t, err)
	return answer.(map[string]any)["exports"].([]report.Manifest)
}

// Schedules are those of exports, by the grain of their windows.
var Schedules = map[period.Grain]string{period.Day: "daily", period.Week: "weekly", period.Month: "monthly"}

// CSV is the file of an export as its windows are stored now. name may have a revision, as in "daily-2026-11-21-r2".
func CSV(ctx context.Context, table export.Windows, d *kpi.Definitions, w workspace.Workspace, name string) ([]byte, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return nil, err
	}
	schedule, key, _ := strings.Cut(name, "-")
	key, _, _ = strings.Cut(key, "-r")
	var windows []kpi.Window
	for grain, name := range Schedules {
		if name != schedule {
			continue
		}
		whole, err := calendar.ByKey(grain, key)
		if err != nil {
			return nil, err
		}
		for _, part := range report.Parts(grain) {
			spans := calendar.Between(part, whole.Start, whole.End)
			found, err := table.Windows(ctx, w.Namespace(), part, spans[0].Key, spans[len(spans)-1].Key)
			if err != nil {
				return nil, err
			}
			placed, _ := kpi.Placed(calendar, found)
			windows = append(windows, placed...)
		}
	}
	d.ShowAs(report.View(w), windows)
	var file bytes.Buffer
	_, err = export.WriteCSV(&file, report.Lines(w, calendar, windows))
	return file.Bytes(), err
}

// Windows gives every stored window of a workspace with its rows, by grain and key as in "day 2026-11-22".
func (s *System) Windows(w workspace.Workspace) map[string]kpi.Window {
	s.t.Helper()
	out := map[string]kpi.Window{}
	for _, g := range period.Grains() {
		stored, err := s.Table.Windows(s.t.Context(), w.Namespace(), g, "0", "~")
		must(s.t, err)
		s.Definitions.ShowAs(report.View(w), stored)
		for _, one := range stored {
			out[string(g)+" "+one.Key] = one
		}
	}
	return out
}

// Get asks query with the secret key of the shop.
func (s *System) Get(path string) (status int, body string) {
	s.t.Helper()
	return s.Ask(http.MethodGet, path, "sk_shop", "")
}

// Ask asks query, or analyse what is its, with a secret key.
func (s *System) Ask(method, path, key, body string) (status int, answer string) {
	s.t.Helper()
	handle := s.Query(s.Ports()).Handle
	if strings.HasPrefix(path, "/v1/analyses") || strings.HasPrefix(path, "/v1/definitions") {
		handle = s.Analyse(s.Ports()).Handle
	}
	response, err := handle(s.t.Context(), s.Request(method, path, "Bearer "+key, body))
	must(s.t, err)
	return response.StatusCode, response.Body
}
