package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Authorise gives the secret key of a request, or the fault that refuses it. Keyring.Reader is one.
type Authorise func(ctx context.Context, r Request) (workspace.Key, error)

// Trigger is a function that runs on schedules and on demand: it tells the event of EventBridge Scheduler from a request of the HTTP API.
type Trigger struct {
	Now       func() time.Time
	Authorise Authorise
	// Methods are those that the path of a request has, as the header Allow lists them; nil leaves all to Authorise.
	Methods func(path string) string
	// Fired runs what the schedule of that name asks for, as of the time it was due.
	Fired func(ctx context.Context, schedule string, due time.Time) (any, error)
	// Demanded answers a request with its secret key.
	Demanded func(ctx context.Context, r Request, key workspace.Key) (any, error)
}

// firing is what a schedule sends, as template.yaml writes it.
type firing struct {
	Schedule string `json:"schedule"`
	Due      string `json:"scheduled_time"`
}

// Handle takes either event. Errors of a schedule go to Lambda, which tries again; errors of a request become its answer.
func (t Trigger) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var fired firing
	if err := json.Unmarshal(raw, &fired); err == nil && fired.Schedule != "" {
		now := t.Now()
		if due, err := time.Parse(time.RFC3339, fired.Due); err == nil {
			now = due
		}
		return t.Fired(ctx, fired.Schedule, now)
	}
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &e); err != nil || e.RequestContext.HTTP.Method == "" {
		return nil, fault.New(fault.Invalid, "unknown_event", "the event is neither a schedule's nor an HTTP request")
	}
	answer, err := t.answer(ctx, e)
	if response, isWhole := answer.(events.APIGatewayV2HTTPResponse); isWhole && err == nil {
		return response, nil
	}
	if err != nil {
		if kind := fault.KindOf(err); !isClients(kind) {
			slog.ErrorContext(ctx, "request failed", "kind", kind, "error", err.Error())
		}
		return Error(err, cmp.Or(e.RequestContext.RequestID, "none")), nil
	}
	if accepted, ok := answer.(Accepted); ok {
		return JSON(http.StatusAccepted, accepted.Body), nil
	}
	return JSON(http.StatusOK, answer), nil
}

// Accepted is an answer to something that may go on after it: 202.
type Accepted struct{ Body any }

func (t Trigger) answer(ctx context.Context, e events.APIGatewayV2HTTPRequest) (any, error) {
	r, err := Decode(e)
	if err != nil {
		return nil, err
	}
	if t.Methods != nil {
		methods := t.Methods(r.Path)
		switch {
		case r.Method == http.MethodOptions:
			return Options(methods), nil
		case !Allows(methods, r.Method):
			return WrongMethod(methods, r.ID), nil
		}
	}
	key, err := t.Authorise(ctx, r)
	if err != nil {
		return nil, err
	}
	return t.Demanded(ctx, r, key)
}
