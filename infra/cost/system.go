package cost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/meter"
	"waymark/infra/cost/traffic"
	"waymark/infra/local"
	"waymark/infra/local/template"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// system is a running laptop cloud that does nothing by itself, with one workspace.
type system struct {
	name      string
	day       time.Time // the day that is played: yesterday, so that nothing of it has expired by the clock of the table
	plan      plan
	cloud     *local.Cloud
	meter     *meter.Meter
	clock     atomic.Int64 // of the HTTP API, in nanoseconds since 1970
	clockFile string       // the same for the functions
	client    *http.Client
	progress  func(string)
}

// The workspace and its keys.
const (
	workspaceName = "meter"
	writeKey      = "wk_meter"
	secretKey     = "sk_meter"
)

// start starts a system in memory. Its data directory keeps the binaries, so that the next one starts faster.
func (c Config) start(ctx context.Context, name, data string) (s *system, err error) {
	s = &system{name: name, day: c.Now().UTC().Truncate(dayLength).Add(-dayLength), client: &http.Client{}}
	s.progress = func(text string) { c.Progress(name, text) }
	if s.clockFile, err = filepath.Abs(filepath.Join(data, "clock")); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if err := s.at(s.day); err != nil {
		return nil, err
	}
	config := local.Config{
		Root: c.Root, Data: data, Memory: true, Driven: true,
		Now: s.now, Progress: s.progress,
		IntegrationTimeout: 15 * time.Minute,
	}
	t, err := template.Load(c.Root+"/template.yaml", template.Options{})
	if err != nil {
		return nil, err
	}
	if s.plan, err = newPlan(t, s.day); err != nil {
		return nil, err
	}
	if s.meter, err = meter.New(t); err != nil {
		return nil, err
	}
	s.meter.Clock = s.clockFile
	config.Observer = s.meter
	if s.cloud, err = local.Start(ctx, config); err != nil {
		s.meter.Close()
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// open makes the workspace. Its items pass the meter, which must know the size of every item.
func (s *system) open(ctx context.Context) error {
	variables := s.meter.Environment("setup", s.cloud.Env())
	getenv := func(name string) string { return variables[name] }
	made, err := workspace.New(workspaceName, "UTC", "EUR", "default")
	if err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	made.Created = event.At(s.day)
	made.Keys = []workspace.Key{
		{Text: writeKey, Workspace: workspaceName, Role: workspace.Write, Source: "web", Policy: workspace.NewPolicy()},
		{Text: secretKey, Workspace: workspaceName, Role: workspace.Secret},
	}
	if err := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME")).PutWorkspace(ctx, made); err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	return nil
}

// close ends the system and tells what could not be counted.
func (s *system) close() error {
	s.cloud.Close()
	s.meter.Close()
	return s.meter.Err()
}

// at sets the clock of the HTTP API and of the functions.
func (s *system) at(t time.Time) error {
	s.clock.Store(t.UnixNano())
	if err := os.WriteFile(s.clockFile+"~", fmt.Append(nil, t.UnixNano()), 0o600); err != nil {
		return fmt.Errorf("set clock: %w", err)
	}
	return os.Rename(s.clockFile+"~", s.clockFile)
}

func (s *system) now() time.Time { return time.Unix(0, s.clock.Load()).UTC() }

// post sends a request and counts it.
func (s *system) post(ctx context.Context, r traffic.Request) error {
	if err := s.at(r.At); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cloud.URL()+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(writeKey, "")
	request.Header.Set("Content-Type", "application/json")
	if _, err := s.do(request); err != nil {
		return err
	}
	s.meter.Requested(len(r.Body))
	return nil
}

// do sends a request and reads its answer, which must be 200.
func (s *system) do(request *http.Request) ([]byte, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", request.URL.Path, err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("X-Amz-Function-Error") != "" {
		return nil, fmt.Errorf("%s %s answered %d: %s", request.Method, request.URL.Path, response.StatusCode, body)
	}
	return body, nil
}

// invoke runs a function by the admin API.
func (s *system) invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cloud.AdminURL()+"/invoke/"+function,
		bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	return s.do(request)
}

// fire invokes a function for a schedule, and delivers what that sends to queues.
func (s *system) fire(ctx context.Context, f firing) error {
	if err := s.at(f.due); err != nil {
		return err
	}
	if _, err := s.invoke(ctx, f.schedule.Function, f.schedule.Event(f.due)); err != nil {
		return fmt.Errorf("fire %s: %w", f.schedule.Name, err)
	}
	s.meter.Fired(f.schedule.Function)
	waiting := newMailbag(s, traffic.Profile{})
	for {
		if n := waiting.collect(f.due); n == 0 {
			return nil
		}
		if err := waiting.flush(ctx); err != nil {
			return err
		}
	}
}

// playMoment sends the requests of a moment of a busy site, where batches are what arrives in their window.
func (s *system) playMoment(ctx context.Context, p traffic.Profile, requests []traffic.Request,
	ledger *bill.Ledger,
) error {
	s.meter.Charge(ledger)
	bag := newMailbag(s, p)
	bag.isTimed = true
	for i, r := range requests {
		if err := bag.send(ctx, r); err != nil {
			return err
		}
		s.tell("a busy moment", i, len(requests))
	}
	return bag.flush(ctx)
}

// tell reports progress now and then.
func (s *system) tell(doing string, done, of int) {
	const parts = 5
	if done*parts/of != (done+1)*parts/of {
		s.progress(fmt.Sprintf("%s: %d of %d requests", doing, done+1, of))
	}
}

// check lets the schedules catch up and compares what was counted with what was sent: a bill for work that was not
// done is no bill.
func (s *system) check(ctx context.Context, requests []traffic.Request) error {
	s.meter.Charge(&bill.Ledger{})
	for range 2 { // what one of them leaves for another
		for _, f := range s.plan.last() {
			f.due = s.now().Add(time.Hour) // when nothing that was sent is too young to be read
			if err := s.fire(ctx, f); err != nil {
				return err
			}
		}
	}
	want := 0
	for _, r := range requests {
		want += r.Counted
	}
	query := fmt.Sprintf("/v1/kpis?metric=touchpoints&grain=day&from=%s&to=%s", s.day.Format(time.DateOnly),
		s.day.Add(2*dayLength).Format(time.DateOnly))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cloud.URL()+query, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+secretKey)
	body, err := s.do(request)
	if err != nil {
		return err
	}
	var answer struct {
		Rows []struct {
			Dimensions map[string]string
			Numerator  json.Number
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read KPIs: %w", err)
	}
	got := int64(0)
	for _, row := range answer.Rows {
		if n, err := row.Numerator.Int64(); err == nil && len(row.Dimensions) == 0 {
			got += n
		}
	}
	if got == int64(want) {
		return nil
	}
	return fmt.Errorf("the KPIs of %s do not count the %d touchpoints that were sent, so figures are worth nothing: %s",
		s.name, want, body)
}
