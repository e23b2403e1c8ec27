// Package collect takes events over HTTP: it finds the workspace that a write key opens, reads every event once,
// stamps the request and queues it as one envelope. It answers success only when everything is queued, and leaves
// everything else to process.
//
// The folder lambda beside it holds main, so that tests of the whole system run the very code that Lambda runs. It opens nothing: main wires it.
//
//	h := collect.New(collect.Config{Keys: table, Queue: queue, Now: time.Now, NewID: id})
//	lambda.Start(h)
package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/workspace"
)

// Config is what the handler needs. Every field but Countries must be set.
type Config struct {
	Keys      httpapi.KeyStore
	Queue     Queue
	Countries Countries // nil where there is no database
	Now       func() time.Time
	NewID     func() string // unique, for a request to which the gateway gave no id
	Salts     Salts         // of cookieless visitors
	Plans     *plan.Checker // what sources demand of their events
	// NewSalt gives 256 bits that nobody can guess.
	NewSalt   func() string
	Documents Documents // what workspaces have settled: their experiments
	// Spending counts what sources with a daily cap have sent.
	Spending Spending
	// AddressRate is how many requests a second come in from one address with one key; 0 = no limit.
	AddressRate int
	// EdgeProof is what the edge sends along; a request without it comes from where the gateway says.
	EdgeProof string
}

// Handler takes events over HTTP.
type Handler struct {
	Config
	keyring     *httpapi.Keyring
	guard       *guard
	salts       *salts
	experiments *experiments
}

// New returns a handler.
func New(c Config) *Handler {
	return &Handler{Config: c, keyring: httpapi.NewKeyring(c.Keys, c.Now), guard: newGuard(c), salts: newSalts(c), experiments: newExperiments(c)}
}

// Invoke answers one request of API Gateway's HTTP API; it makes the handler a lambda.Handler, which decodes its
// payload itself. Every request has an answer. The error is of a payload that is no request: fault.Invalid with code
// unknown_event.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r, err := httpapi.Parse(payload)
	if fault.CodeOf(err) == "unknown_event" {
		return nil, err
	}
	return json.Marshal(h.answer(ctx, r, err))
}

// answer answers a request, which may be malformed.
func (h *Handler) answer(ctx context.Context, r httpapi.Request, malformed error) events.APIGatewayV2HTTPResponse {
	r.ID = cmp.Or(r.ID, h.NewID())
	if r.Received.IsZero() {
		r.Received = h.Now()
	}
	r.SourceIP = h.viewer(r)
	ctx, cancel := inTime(ctx)
	defer cancel()
	key, response := h.respond(ctx, r, malformed)
	_, isSaid := response.Headers["access-control-allow-origin"]
	switch kept := response.Headers["cache-control"]; {
	case isSaid:
		return response
	case kept != "" && kept != "no-store":
		return toAnyone(response) // one copy for all sites
	}
	return httpapi.With(response, httpapi.CORS(r.Headers["origin"], key))
}

// inTime ends calls a second before the invocation ends, so that a store or queue that does not answer becomes a 503 with Retry-After and not
// a client that waits for nothing.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Second))
}

// respond makes the answer, and gives the key as soon as it is known, because it decides who may read the answer.
func (h *Handler) respond(ctx context.Context, r httpapi.Request, malformed error) (workspace.Key, events.APIGatewayV2HTTPResponse) {
	if r.Method == http.MethodOptions {
		return h.preflight(ctx, r)
	}
	route, found := routeOf(r)
	if !found {
		return workspace.Key{}, httpapi.Error(fault.New(fault.NotFound, "no_route", "there is no such route; docs/api.md lists them"), r.ID)
	}
	if !httpapi.Allows(route.method, r.Method) {
		return workspace.Key{}, httpapi.WrongMethod(route.method, r.ID)
	}
	if route.serve != nil {
		return workspace.Key{}, route.serve(h, ctx, r)
	}
	if malformed != nil {
		h.noteRefusal(ctx, r, payload{}, malformed)
		return workspace.Key{}, httpapi.Error(malformed, r.ID)
	}
	key, tally, err := h.collect(ctx, r, route)
	if err != nil {
		report(ctx, r.Path, err)
		return key, tally.marked(httpapi.Error(err, r.ID))
	}
	slog.InfoContext(ctx, "events queued", "route", r.Path, "workspace", key.Workspace, "events", tally.total, "rejected", len(tally.details))
	return key, tally.marked(route.answer(tally))
}

// collect reads the events of a request and queues them all, bad ones too: process keeps those with their reason, so
// that nothing a client was told is taken is ever lost. In strict mode one bad event refuses the request.
func (h *Handler) collect(ctx context.Context, r httpapi.Request, to route) (workspace.Key, tally, error) {
	p, err := to.read(r)
	if err != nil {
		h.noteRefusal(ctx, r, p, err)
		return workspace.Key{}, tally{}, err
	}
	key, err := h.writeKey(ctx, r, to, p.key)
	if err != nil {
		h.noteRefusal(ctx, r, p, err)
		return key, tally{}, err
	}
	if err := h.guarded(ctx, r, key, len(p.events)); err != nil {
		return key, tally{}, err
	}
	isStrict, err := r.Flag("strict")
	if err != nil {
		h.noteRefusal(ctx, r, p, err)
		return key, tally{}, err
	}
	if isBrowsers(r, to) {
		p.context = h.ofVisitor(r, p.context)
	}
	if to.isCookieless {
		if p, err = h.nameVisitors(ctx, r, key, p); err != nil {
			return key, tally{}, err
		}
	}
	p, dropped, err := h.pass(ctx, r, key, p)
	if err != nil {
		h.noteRefusal(ctx, r, p, err)
		return key, tally{}, err
	}
	p.asked = h.asked(ctx, key)
	stamp := event.Stamp{
		Workspace: key.Workspace, Source: key.Source, Received: event.At(r.Received), Request: r.ID,
		SentAt: p.sentAt, Context: p.context, Type: p.typ, Network: p.network,
	}
	envelope, verdict := p.read(stamp)
	if to.isImage && verdict.isNameless() {
		envelope, verdict = p.named(h.NewID()).read(stamp)
	}
	refused := 0
	if isBrowsers(r, to) {
		refused = onlyNamed(key, &envelope, &verdict)
	}
	if len(verdict.details) > 0 && isStrict {
		err := verdict.refusal()
		h.noteRefusal(ctx, r, p, err)
		return key, verdict, err
	}
	if r.Method == http.MethodHead { // of the pixel: nobody saw it
		return key, verdict, nil
	}
	var notes []event.Envelope
	if dropped > 0 {
		notes = append(notes, noteOf(key, event.At(r.Received), r.ID+"-consent", event.Refused{
			Code: codeConsent, Events: dropped, Reason: "the visitor has denied it, and the source drops such events",
		}))
	}
	if refused > 0 {
		notes = append(notes, noteOf(key, event.At(r.Received), r.ID, event.Refused{Code: codeName, Events: refused, Reason: notAllowed}))
	}
	return key, verdict, h.enqueue(ctx, envelope, notes)
}

// enqueue queues the events of a request and the notes of what was refused of it, all or nothing as far as the client is
// told: it sends all of them again.
func (h *Handler) enqueue(ctx context.Context, envelope event.Envelope, notes []event.Envelope) error {
	if envelope.Len() > 0 {
		notes = append(notes, envelope)
	}
	if len(notes) == 0 {
		return nil
	}
	if err := h.Queue.Send(ctx, notes); err != nil {
		return fault.Wrap(fault.Unavailable, "not_queued", fmt.Errorf("queue events: %w", err))
	}
	return nil
}

// preflight answers what a browser asks before it sends. Only a key in the query is known by then.
func (h *Handler) preflight(ctx context.Context, r httpapi.Request) (workspace.Key, events.APIGatewayV2HTTPResponse) {
	key := workspace.Key{}
	if text := r.Query.Get("writeKey"); text != "" {
		key, _ = h.keyring.Find(ctx, text) // an unknown key is refused when the events come
	}
	headers := httpapi.Preflight(r.Headers["access-control-request-headers"])
	if to, found := routeOf(r); found {
		headers["allow"] = to.method + ", OPTIONS"
	}
	return key, httpapi.With(httpapi.OK(), headers)
}

// report logs what people should look at. Refusals are the client's business.
func report(ctx context.Context, route string, err error) {
	switch fault.KindOf(err) {
	case fault.Unavailable:
		slog.WarnContext(ctx, "request not taken", "route", route, "error", err.Error())
	case fault.Internal:
		slog.ErrorContext(ctx, "request failed", "route", route, "error", err.Error())
	default:
		slog.InfoContext(ctx, "request refused", "route", route, "code", fault.CodeOf(err))
	}
}
