package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// maxReplay is how many failed events one request puts back on the queue; a class with more is replayed page by page.
const maxReplay = 1000

type failedListAnswer struct {
	Failed []failedAnswer `json:"failed"`
	Next   *string        `json:"next"`
}

type failedAnswer struct {
	ID       string     `json:"id"`
	Class    string     `json:"class"`
	Reason   string     `json:"reason"`
	Field    string     `json:"field,omitempty"`
	Source   string     `json:"source"`
	Type     event.Type `json:"type,omitempty"` // of the route it came by
	Received string     `json:"received"`
	Request  string     `json:"request"`
	Index    int        `json:"index"`
	Handler  string     `json:"handler"`
	Original string     `json:"original"`
}

// failed answers GET /v1/failed.
func (h *Handler) failed(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	page, next, err := h.Failed.Failed(ctx, q.workspace.Name, q.Query.Get("class"), q.Query.Get("cursor"), limit)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("list failed events: %w", err)
	}
	answer := failedListAnswer{Failed: make([]failedAnswer, len(page)), Next: cursor(next)}
	for i, f := range page {
		answer.Failed[i] = failedAnswer{
			ID: f.ID, Class: f.Class, Reason: f.Reason, Field: f.Field, Source: f.Source, Type: f.Type, Received: instant(f.Received),
			Request: f.Request, Index: f.Index, Handler: f.Handler, Original: f.Original,
		}
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// replayOrder is the body of POST /v1/failed/replay: some events by id, or a class.
type replayOrder struct {
	IDs    []string `json:"ids"`
	Class  string   `json:"class"`
	Cursor string   `json:"cursor"` // of a class: where the answer before left off
}

type replayAnswer struct {
	Success  bool     `json:"success"`
	Replayed int      `json:"replayed"`
	Missing  []string `json:"missing"` // ids that are not there (any more)
	Next     *string  `json:"next"`
}

// replay answers POST /v1/failed/replay. An event leaves the list when process accepts it; one that fails again stays, with its newest reason.
func (h *Handler) replay(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	var order replayOrder
	if err := json.Unmarshal(q.Body, &order); err != nil {
		return events.APIGatewayV2HTTPResponse{}, fault.New(fault.Invalid, "invalid_json", `the body must be JSON such as {"ids":["…"]} or {"class":"bad_time"}`)
	}
	if (len(order.IDs) == 0) == (order.Class == "") {
		return events.APIGatewayV2HTTPResponse{}, fault.New(fault.Invalid, "bad_replay", "name either ids or a class")
	}
	if n := len(order.IDs); n > maxReplay {
		return events.APIGatewayV2HTTPResponse{}, fault.Newf(fault.Invalid, "too_many_ids", "there are %d ids, the limit is %d", n, maxReplay).At("ids")
	}
	answer := replayAnswer{Success: true, Missing: []string{}}
	wanted, err := h.wanted(ctx, q.workspace.Name, order, &answer)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	envelopes := make([]event.Envelope, len(wanted))
	for i, f := range wanted {
		envelopes[i] = f.Envelope()
	}
	if answer.Replayed = len(envelopes); answer.Replayed > 0 {
		if err := h.Queue.Send(ctx, envelopes); err != nil {
			return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("queue failed events: %w", err)
		}
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// wanted reads the events to be replayed, and notes in the answer what is missing and what is left.
func (h *Handler) wanted(ctx context.Context, ws string, order replayOrder, answer *replayAnswer) ([]event.Failed, error) {
	if order.Class != "" {
		page, next, err := h.Failed.Failed(ctx, ws, order.Class, order.Cursor, maxReplay)
		if err != nil {
			return nil, fmt.Errorf("list failed events: %w", err)
		}
		answer.Next = cursor(next)
		return page, nil
	}
	var found []event.Failed
	for _, id := range order.IDs {
		f, err := h.Failed.FailedByID(ctx, ws, id)
		if fault.KindOf(err) == fault.NotFound {
			answer.Missing = append(answer.Missing, id)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read failed event: %w", err)
		}
		found = append(found, f)
	}
	return found, nil
}
