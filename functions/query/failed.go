package query

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/failed"
)

// failed answers GET /v1/failed.
func (h *Handler) failed(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return done(h.FailedService.List(ctx, q.workspace.Name, q.Query.Get("class"), q.Query.Get("cursor"), limit))
}

// failedByMethod is what can be done with one failed event.
var failedByMethod = map[string]answerer{
	http.MethodGet: (*Handler).showFailed, http.MethodHead: (*Handler).showFailed, http.MethodPut: (*Handler).editFailed, http.MethodDelete: (*Handler).discardFailed,
}

// showFailed answers GET /v1/failed/{id}.
func (h *Handler) showFailed(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	return done(h.FailedService.Show(ctx, q.workspace.Name, q.name))
}

// editFailed answers PUT /v1/failed/{id}. The body is the corrected event; whether it would be accepted stands in the answer.
func (h *Handler) editFailed(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	return done(h.FailedService.Edit(ctx, q.workspace.Name, q.name, q.Body))
}

// discardFailed answers DELETE /v1/failed/{id}.
func (h *Handler) discardFailed(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	return done(map[string]bool{"success": true}, h.FailedService.Discard(ctx, q.workspace.Name, q.name))
}

// replay answers POST /v1/failed/replay.
func (h *Handler) replay(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	var order failed.Order
	if err := httpapi.ReadBody(q.Body, `{"ids":["…"]}, {"class":"bad_time"} or {"all":true}`, &order); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return done(h.FailedService.Replay(ctx, q.workspace.Name, order))
}

// dead answers GET /v1/failed/dead.
func (h *Handler) dead(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return done(h.FailedService.DeadLetters(ctx, q.workspace.Name, limit))
}

// redrive answers POST /v1/failed/redrive.
func (h *Handler) redrive(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	return done(h.FailedService.Redrive(ctx, q.workspace.Name, failed.MaxSight))
}

func done(answer any, err error) (events.APIGatewayV2HTTPResponse, error) {
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}
