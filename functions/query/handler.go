// Package query answers what is known: about persons, KPIs, exports and failed events. It reads; what it writes is an operator's: decisions about
// links, with a record of whom they concern, what is in quarantine, and what package failed does with failed events and dead letters. Every answer is described
// in docs/openapi.yaml.
//
// The folder lambda beside it holds main, so that tests of the whole system run the very code that Lambda runs. It opens nothing: main wires it.
//
//	h := query.New(config)
//	lambda.Start(h.Handle)
package query

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/ingest"
	"waymark/shared/life"
	"waymark/shared/settle"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Keys          httpapi.KeyStore
	Workspaces    Workspaces
	Store         life.Store
	Links         Links
	Quarantines   Quarantines
	Settler       *settle.Settler // for previews: it writes nothing here
	Recorder      *ingest.Recorder
	Windows       Windows
	Ledger        Ledger
	Steps         Steps
	Failed        FailedEvents
	FailedService failed.Service // handles failed events and dead letters
	Queue         Queue
	DeadLetters   DeadLetters
	Refusals      Refusals
	Index         ArchiveIndex
	Archive       Archive
	Files         Files
	Fates         Fates
	Debug         workspace.DebugMode                       // when it is listed what becomes of events
	ShowKeys      string                                    // keys that the page at / shows to everybody, as "wk_demo sk_demo"; "" = none
	Rules         func(model string) (journey.Rules, error) // that persons are folded under
	Definitions   *kpi.Definitions
	Bot           func(agent string) string // why an agent is a program's
	Decode        func(body string) (event.Envelope, error)
	Kinds         kind.Catalogue // of touchpoints, by the events that are known
	Version       string         // of this program
	Now           func() time.Time
	Sleep         func(ctx context.Context, d time.Duration) error
	Caps          identity.Caps // of persons; zero for those of the system
}

// Handler answers reading requests.
type Handler struct {
	Config
	keyring *httpapi.Keyring
	health  healthCache
}

// New returns a handler.
func New(c Config) *Handler {
	if c.Caps == (identity.Caps{}) {
		c.Caps = identity.DefaultCaps()
	}
	return &Handler{Config: c, keyring: httpapi.NewKeyring(c.Keys, c.Now)}
}

// question is a request with the workspace that its key opens.
type question struct {
	httpapi.Request
	workspace workspace.Workspace
	name      string // what the path names: an identifier, an export
}

type answerer func(*Handler, context.Context, question) (events.APIGatewayV2HTTPResponse, error)

// route is what answers one path.
type route struct {
	pattern   string
	methods   string // that are answered here, as the header Allow lists them
	elsewhere string // those that another function answers
	answer    answerer
	once      []string // parameters of the query that may be there once
	often     []string // parameters that may be repeated
}

// allow lists all methods of the path.
func (r route) allow() string {
	if r.elsewhere == "" {
		return r.methods
	}
	return r.methods + ", " + r.elsewhere
}

const (
	ofProfile    = "/v1/profiles/"
	exports      = "/v1/exports/"
	failures     = "/v1/failed/"
	ofQuarantine = "/v1/quarantines/"
	timeline     = "/timeline"
	reason       = "/why"
)

// fixed lists the paths that name nothing.
var fixed = sync.OnceValue(func() map[string]route {
	return map[string]route{
		"/v1/profiles":          {methods: httpapi.Reads, answer: (*Handler).profiles, once: []string{"stage", "limit", "cursor"}},
		"/v1/kpis":              {methods: httpapi.Reads, answer: (*Handler).kpis, once: kpiParameters(), often: []string{"metric"}},
		"/v1/exports":           {methods: httpapi.Reads, elsewhere: http.MethodPost, answer: (*Handler).exports, once: []string{"limit", "cursor"}},
		"/v1/failed":            {methods: httpapi.Reads, answer: (*Handler).failed, once: []string{"class", "limit", "cursor"}},
		"/v1/failed/replay":     {methods: http.MethodPost, answer: (*Handler).replay},
		"/v1/failed/dead":       {methods: httpapi.Reads, answer: (*Handler).dead, once: []string{"limit"}},
		"/v1/failed/redrive":    {methods: http.MethodPost, answer: (*Handler).redrive},
		"/v1/status":            {methods: httpapi.Reads, answer: (*Handler).status},
		"/v1/quality":           {methods: httpapi.Reads, answer: (*Handler).quality, once: []string{"from", "to", "source"}},
		"/v1/debug/events":      {methods: httpapi.Reads, answer: (*Handler).debugEvents, once: []string{"messageId", "type", "event", "source", "fate", "wait", "limit", "after"}},
		"/v1/identities/unlink": {methods: http.MethodPost, answer: (*Handler).unlink},
	}
})

// routeOf finds what answers a request, and what its path names. The gateway's own reading of the path comes first: it knows which slash is
// part of a name.
func routeOf(r httpapi.Request) (found route, name string, ok bool) {
	if r.Path == "/v1/quarantines" {
		return route{pattern: r.Path, methods: "GET, HEAD, POST", answer: quarantinesByMethod[r.Method]}, "", true
	}
	if found, ok = fixed()[r.Path]; ok {
		found.pattern = r.Path
		return found, "", true
	}
	if rest, ok := strings.CutPrefix(r.Path, ofProfile); ok {
		found = route{pattern: ofProfile + "{id}", methods: httpapi.Reads, answer: (*Handler).profile}
		if id, ok := strings.CutSuffix(rest, timeline); ok {
			found.pattern, found.answer, found.once, rest = found.pattern+timeline, (*Handler).timeline, []string{"bots", "quarantined", "limit", "cursor"}, id
		} else if id, ok := strings.CutSuffix(rest, reason); ok {
			found.pattern, found.answer, found.once, rest = found.pattern+reason, (*Handler).why, []string{"other"}, id
		}
		return found, named(r, "id", rest), true
	}
	if rest, ok := strings.CutPrefix(r.Path, ofQuarantine); ok {
		return route{pattern: ofQuarantine + "{id}", methods: http.MethodDelete, answer: (*Handler).lift}, named(r, "id", rest), true
	}
	if rest, ok := strings.CutPrefix(r.Path, exports); ok {
		return route{pattern: exports + "{name}", methods: httpapi.Reads, answer: (*Handler).export}, named(r, "name", rest), true
	}
	if rest, ok := strings.CutPrefix(r.Path, failures); ok {
		return route{pattern: failures + "{id}", methods: "GET, HEAD, PUT, DELETE", answer: failedByMethod[r.Method]}, named(r, "id", rest), true
	}
	return route{}, "", false
}

func named(r httpapi.Request, parameter, inPath string) string {
	if name := r.Params[parameter]; name != "" {
		return name
	}
	return inPath
}

// Handle answers one request. Every request has an answer; the error is always nil.
func (h *Handler) Handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	r, err := httpapi.Decode(e)
	if r.Path == "/health" {
		return h.answerHealth(ctx, r), nil
	}
	if response, ok := h.answerPage(ctx, r); ok {
		return response, nil
	}
	found, name, ok := routeOf(r)
	if !ok {
		return httpapi.Error(fault.New(fault.NotFound, "no_route", "there is no such route; docs/api.md lists them"), r.ID), nil
	}
	if r.Method == http.MethodOptions {
		return httpapi.Options(found.allow()), nil
	}
	if !httpapi.Allows(found.methods, r.Method) {
		return httpapi.WrongMethod(found.allow(), r.ID), nil
	}
	response := events.APIGatewayV2HTTPResponse{}
	if err == nil {
		response, err = h.respond(ctx, question{Request: r, name: name}, found)
	}
	if err != nil {
		httpapi.Note(ctx, found.pattern, err)
		return httpapi.Error(err, r.ID), nil
	}
	slog.InfoContext(ctx, "request answered", "route", found.pattern, "status", response.StatusCode)
	return response, nil
}

func (h *Handler) respond(ctx context.Context, q question, found route) (events.APIGatewayV2HTTPResponse, error) {
	key, err := h.keyring.Reader(ctx, q.Request)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if q.workspace, err = h.Workspaces.Workspace(ctx, key.Workspace); err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("load workspace: %w", err)
	}
	if err := q.CheckQuery(found.once, found.often); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return found.answer(h, ctx, q)
}

// Page sizes of lists.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// limit reads how many items a page may have.
func (q question) limit() (int, error) {
	text := q.Query.Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fault.Newf(fault.Invalid, "bad_limit", "a page has 1 to %d items", maxLimit).At("limit")
	}
	return n, nil
}

// cursor is where the next page begins, null when there is none.
func cursor(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// instant writes a time for people and programs alike: RFC 3339 in UTC with milliseconds.
func instant(at event.Millis) string { return at.Time().Format("2006-01-02T15:04:05.000Z07:00") }
