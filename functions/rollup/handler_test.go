package rollup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
	"waymark/shared/testing/system"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shop is a system with three batches that wait, each of one person.
func shop(t testing.TB) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	for n := range 3 {
		s.Send("wk_web", fmt.Sprintf(`{"type":"page","messageId":"e","anonymousId":"a%d","timestamp":"2026-11-20T10:00:00Z"}`, n))
	}
	return s
}

// ask makes a request of the function.
func ask(t testing.TB, s *system.System, method, path, authorization, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw, err := json.Marshal(s.Request(method, path, authorization, body))
	must(t, err)
	answer, err := s.Rollup(s.Ports()).Handle(t.Context(), raw)
	must(t, err)
	return answer.(events.APIGatewayV2HTTPResponse)
}

// progress is what an answer says; a refusal is its code.
func progress(t testing.TB, response events.APIGatewayV2HTTPResponse) (p rollup.Progress, code string) {
	t.Helper()
	must(t, json.Unmarshal([]byte(response.Body), &p))
	var refused struct{ Code string }
	must(t, json.Unmarshal([]byte(response.Body), &refused))
	return p, refused.Code
}

const secret = "Bearer sk_shop"

// Every answer is as docs/openapi.yaml describes it.
func TestDemand(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	id := fmt.Sprint(system.Begin.UnixMilli())
	for _, c := range []struct {
		request, authorization, body string
		failing                      string
		want                         string
	}{
		{"POST /v1/rollups", secret, "", "", "202 true"},
		{"POST /v1/rollups", secret, `{"generation":""}`, "", "202 true"},
		{"POST /v1/rollups", "", "", "", "401 missing_key"},
		{"POST /v1/rollups", "Bearer sk_other", "", "", "401 unknown_key"},
		{"POST /v1/rollups", "Bearer wk_web", "", "", "403 write_key"},
		{"POST /v1/rollups", secret, "", "put window", "503 unavailable"},
		{"POST /v1/rollups", secret, "", "key", "503 unavailable"},
		{"POST /v1/rollups", secret, `{"generation":"next"}`, "", "409 no_pending_generation"},
		{"POST /v1/rollups", secret, `{"generation":"former"}`, "", "409 no_former_generation"},
		{"POST /v1/rollups", secret, `{"generation":"last"}`, "", "400 bad_generation"},
		{"POST /v1/rollups", secret, `next`, "", "400 bad_json"},
		{"GET /v1/rollups/" + id, secret, "", "", "200 false"},
		{"GET /v1/rollups/" + id + "?wait=25s", secret, "", "", "200 true"},
		{"GET /v1/rollups/" + id, "", "", "", "401 missing_key"},
		{"GET /v1/rollups/" + id, "Bearer wk_web", "", "", "403 write_key"},
		{"GET /v1/rollups/" + id, secret, "", "state", "503 unavailable"},
		{"GET /v1/rollups/" + id + "?wait=soon", secret, "", "", "400 bad_wait"},
		{"GET /v1/rollups/" + id + "?wait=-1s", secret, "", "", "400 bad_wait"},
		{"GET /v1/rollups/" + id + "?wait=25001ms", secret, "", "", "400 bad_wait"},
		{"GET /v1/rollups/next-" + id, secret, "", "", "409 no_pending_generation"},
		{"GET /v1/rollups/soon", secret, "", "", "404 unknown_rollup"},
		{"GET /v1/rollups/0" + id, secret, "", "", "404 unknown_rollup"},
		{"GET /v1/rollups/last-" + id, secret, "", "", "404 unknown_rollup"},
		{"GET /v1/rollups/" + id + "0", secret, "", "", "404 unknown_rollup"},
		{"GET /v1/rollups/" + fmt.Sprint(system.Begin.UnixMilli()+1), secret, "", "", "404 unknown_rollup"},
		{"POST /v1/rollups/" + id, secret, "", "", "405 wrong_method"},
	} {
		s := shop(t)
		s.Call = func(name string, apply func() error) error {
			if name == c.failing {
				return fault.New(fault.Unavailable, "throttled", "injected")
			}
			return apply()
		}
		method, path, _ := strings.Cut(c.request, " ")
		response := ask(t, s, method, path, c.authorization, c.body)
		if described := strings.HasPrefix(path, "/v1/rollups/"); described && method == http.MethodGet {
			contract.Check(t, method, "/v1/rollups/{id}", response)
		} else if !described {
			contract.Check(t, method, path, response)
		}
		p, code := progress(t, response)
		if code == "" {
			code = fmt.Sprint(p.IsDone)
		}
		if got := fmt.Sprint(response.StatusCode, " ", code); got != c.want {
			t.Errorf("%s %s is answered %s, want %s: %s", c.request, c.body, got, c.want, response.Body)
		}
	}
	if missing := contract.Unchecked("rollup"); len(missing) > 0 {
		t.Errorf("described and never answered: %v", missing)
	}
}

// A demand that takes longer than an answer may is worked on by whoever asks how far it is, until everything is counted that was stored when it came.
func TestLongDemand(t *testing.T) {
	t.Parallel()
	s := shop(t)
	s.AtOnce = 1
	s.Call = func(name string, apply func() error) error {
		if name == "put log" {
			s.Advance(13 * time.Second)
		}
		return apply()
	}
	began := s.Now
	check := func(response events.APIGatewayV2HTTPResponse, want rollup.Progress) {
		t.Helper()
		want.ID, want.Workspace = fmt.Sprint(began.UnixMilli()), "shop"
		if got, _ := progress(t, response); got != want {
			t.Errorf("answered %s, want %+v", response.Body, want)
		}
	}
	want := rollup.Progress{Waiting: 1}
	want.Persons, want.Windows, want.Changed = 2, 12, 12
	check(ask(t, s, "POST", "/v1/rollups", secret, ""), want)
	if took := s.Now.Sub(began); took != 26*time.Second {
		t.Errorf("it was answered after %s, want when the slice was done that was under way after 25s", took)
	}
	path := "/v1/rollups/" + fmt.Sprint(began.UnixMilli())
	check(ask(t, s, "GET", path, secret, ""), rollup.Progress{Waiting: 1})
	want = rollup.Progress{}
	want.Persons, want.Windows, want.Changed, want.IsDone = 1, 6, 6, true
	check(ask(t, s, "GET", path+"?wait=25s", secret, ""), want)
	s.Call = nil
	s.Send("wk_web", `{"type":"page","anonymousId":"later"}`)
	want = rollup.Progress{Waiting: 1}
	want.IsDone = true
	check(ask(t, s, "GET", path+"?wait=25s", secret, ""), want) // what came later was not promised
}

// Another run that is at it is waited for, and overtaken when it does not end; what was settled by a clock that is ahead is not believed of a new demand.
func TestDemandBesideAnotherRun(t *testing.T) {
	t.Parallel()
	s := shop(t)
	w, err := s.Table.Workspace(t.Context(), "shop")
	must(t, err)
	_, err = s.Settler(s.Ports()).Begin(t.Context(), w, 0)
	must(t, err)
	began := s.Now
	got, _ := progress(t, ask(t, s, "POST", "/v1/rollups", secret, ""))
	if waited := s.Now.Sub(began); !got.IsDone || got.Persons != 3 || waited < ledger.Lease || waited > ledger.Lease+time.Second {
		t.Errorf("beside another run: %+v after %s", got, waited)
	}
	ahead := shop(t)
	must(t, ahead.Table.PutState(t.Context(), "shop", ledger.State{Epoch: 1, Settled: event.At(ahead.Now.Add(time.Hour))}, 0))
	if got, _ := progress(t, ask(t, ahead, "POST", "/v1/rollups", secret, "")); got.Persons != 3 || !got.IsDone || got.Waiting != 0 {
		t.Errorf("after a clock that was ahead: %+v", got)
	}
	overtaken := shop(t)
	overtaken.Call = func(name string, apply func() error) error {
		if name == "put log" {
			overtaken.Call = nil
			overtaken.Settle()
		}
		return apply()
	}
	if got, code := progress(t, ask(t, overtaken, "POST", "/v1/rollups", secret, "")); !got.IsDone || code != "" {
		t.Errorf("overtaken: %+v %s", got, code)
	}
}

// A generation that is being made is counted on demand and by no schedule, under its own stage model, and what is in use stays untouched.
func TestDemandOfTheNextGeneration(t *testing.T) {
	t.Parallel()
	s := shop(t)
	s.Settle()
	inUse, err := s.Table.Workspace(t.Context(), "shop")
	must(t, err)
	begun, err := inUse.Begin("five", 1)
	must(t, err)
	must(t, s.Table.PutGenerations(t.Context(), inUse, begun))
	next, _ := begun.Next()
	at := event.At(s.Now.Add(-time.Hour))
	tp := event.Touchpoint{ID: "x", Source: "web", Type: event.Page, Original: at, Corrected: at, Received: at}
	record := event.Record{Workspace: "shop", Type: event.Page, Identifiers: []event.Identifier{"user:9"}, Touchpoint: tp}
	must(t, s.Ingest(s.Ports()).Apply(t.Context(), next.Namespace(), ingest.Input{Events: []event.Record{record}, IsArchived: true}))
	check := func(what string, w workspace.Workspace, revision int64, model string) {
		t.Helper()
		day := map[bool]string{true: "2026-11-22", false: "2026-11-20"}[w.Namespace() == next.Namespace()]
		got, err := s.Table.Window(t.Context(), w.Namespace(), period.Day, day)
		if err != nil || got.Revision != revision || got.Model != model {
			t.Errorf("%s: the day of %s has revision %d under %s (%v), want %d under %s", what, w.Namespace(), got.Revision, got.Model, err, revision, model)
		}
	}
	s.Settle()
	check("after the schedule", next, 0, "")
	response := ask(t, s, "POST", "/v1/rollups", secret, `{"generation":"next"}`)
	p, _ := progress(t, response)
	if !p.IsDone || !strings.HasPrefix(p.ID, "next-") {
		t.Errorf("answered %d %s", response.StatusCode, response.Body)
	}
	if again, _ := progress(t, ask(t, s, "GET", "/v1/rollups/"+p.ID, secret, "")); !again.IsDone {
		t.Errorf("asked again: %+v", again)
	}
	check("after the demand", next, 1, "five@1")
	check("after the demand", begun, 1, "default@1")
}

// A firing settles every workspace. The scheduled time counts as now where it lies ahead of the clock.
func TestFiring(t *testing.T) {
	t.Parallel()
	for said, wantPersons := range map[string]int{
		`"2026-11-22T11:59:00Z"`: 3, `"2027-02-18T10:00:00Z"`: 3, `""`: 3, `"<aws.scheduler.scheduled-time>"`: 3, // what a local invocation of the sample may still hold
	} {
		s := shop(t)
		answer, err := s.Rollup(s.Ports()).Handle(t.Context(), fmt.Appendf(nil, `{"schedule":"rollup","scheduled_time":%s}`, said))
		must(t, err)
		got, err := json.Marshal(answer)
		must(t, err)
		isAhead := strings.HasPrefix(said, `"2027`)
		want := fmt.Sprintf(`{"rollups":[{"workspace":"shop","persons":%d,"windows":%d,"changed":%d,"done":true}]}`, wantPersons, map[bool]int{false: 6, true: 12}[isAhead], map[bool]int{false: 6, true: 12}[isAhead])
		if string(got) != want {
			t.Errorf("scheduled at %s: %s, want %s", said, got, want)
		}
	}
}

// compactor has days of many objects, and notes which are compacted.
type compactor struct {
	days []ledger.DayObjects
	did  []string
	err  error

	during func() // steps are compacted
}

func (c *compactor) Days(context.Context, workspace.Namespace) ([]ledger.DayObjects, error) {
	return c.days, c.err
}

func (c *compactor) CompactSteps(_ context.Context, ns workspace.Namespace, day string) error {
	c.did = append(c.did, "steps of "+string(ns)+" "+day)
	if c.during != nil {
		c.during()
	}
	return nil
}

func (c *compactor) CompactEvents(_ context.Context, ws, day string) error {
	c.did = append(c.did, "events of "+ws+" "+day)
	return nil
}

// Days that are over are compacted when they have two objects, others when they have very many: some of them in each run, if there is time.
func TestCompaction(t *testing.T) {
	t.Parallel()
	few := []ledger.DayObjects{{Key: "2026-11-19", Objects: 1}, {Key: "2026-11-20", Objects: 2}, {Key: "2026-11-21", Objects: 48}, {Key: "2026-11-22", Objects: 49}}
	events := []string{"events of shop 2026-11-21", "events of shop 2026-11-20"}
	many, first := []ledger.DayObjects{}, []string{}
	for n := range 30 {
		many = append(many, ledger.DayObjects{Key: fmt.Sprintf("2026-10-%02d", n+1), Objects: 9})
		if n < 20 {
			first = append(first, "steps of shop "+many[n].Key)
		}
	}
	for _, c := range []struct {
		name string
		compactor
		left time.Duration
		want []string
	}{
		{"some days", compactor{days: few}, time.Hour, append([]string{"steps of shop 2026-11-20", "steps of shop 2026-11-22"}, events...)},
		{"many days", compactor{days: many}, time.Hour, first},
		{"no time", compactor{days: many}, time.Minute, nil},
		{"no answer", compactor{err: errors.New("the bucket is down")}, time.Hour, nil},
	} {
		s := shop(t)
		handler := s.Rollup(s.Ports())
		handler.Compactor = &c.compactor
		ctx, cancel := context.WithDeadline(t.Context(), s.Now.Add(c.left))
		_, err := handler.Handle(ctx, json.RawMessage(`{"schedule":"rollup"}`))
		cancel()
		if !errors.Is(err, c.err) || !slices.Equal(c.did, c.want) {
			t.Errorf("%s: %q, %v, want %q, %v", c.name, c.did, err, c.want, c.err)
		}
	}
}

// A compaction holds the fence: it leaves a workspace alone that another run settles, and stops when one overtakes it.
func TestCompactionHoldsTheFence(t *testing.T) {
	t.Parallel()
	take := func(s *system.System) {
		t.Helper()
		state, err := s.Table.State(t.Context(), "shop")
		must(t, err)
		must(t, s.Table.PutState(t.Context(), "shop", state.Take(event.At(s.Now)), state.Epoch))
	}
	days := []ledger.DayObjects{{Key: "2026-11-19", Objects: 2}, {Key: "2026-11-20", Objects: 2}}
	for name, c := range map[string]struct {
		before, during func(s *system.System)
		want           []string
	}{
		"busy": {before: take},
		"overtaken": {
			during: func(s *system.System) { s.Advance(ledger.Lease + time.Second); take(s) },
			want:   []string{"steps of shop 2026-11-19"},
		},
		"slow": {
			during: func(s *system.System) { s.Advance(ledger.Lease + time.Second) },
			want: []string{
				"steps of shop 2026-11-19", "steps of shop 2026-11-20", "events of shop 2026-11-21", "events of shop 2026-11-20",
			},
		},
	} {
		s := shop(t)
		handler := s.Rollup(s.Ports())
		compactor := &compactor{days: days}
		handler.Compactor = compactor
		if c.during != nil {
			compactor.during = func() { c.during(s) }
		}
		if c.before != nil {
			c.before(s)
		}
		if _, err := handler.Handle(t.Context(), json.RawMessage(`{"schedule":"rollup"}`)); err != nil || !slices.Equal(compactor.did, c.want) {
			t.Errorf("%s: %q, %v, want %q", name, compactor.did, err, c.want)
		}
	}
}

// TestSamples answers events/rollup/*.json as the golden files beside them say, which `sam local invoke` is held against too.
func TestSamples(t *testing.T) {
	t.Parallel()
	demo := system.Shop()
	demo.Name = "demo"
	demo.Keys = []workspace.Key{{Text: "wk_demo", Workspace: "demo", Role: workspace.Write, Source: "web", Kind: workspace.ServerSource}, {Text: "sk_demo", Workspace: "demo", Role: workspace.Secret}}
	s := system.New(t, demo)
	httpapitest.Invocations(t, "rollup", func(ctx context.Context, raw json.RawMessage) (any, error) {
		return s.Rollup(s.Ports()).Handle(ctx, raw)
	})
}
