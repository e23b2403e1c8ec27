package httpapi

import (
	"context"
	"log/slog"

	"waymark/shared/domain/fault"
)

// Note logs why a request was not answered, as far as people should look at it. Refusals are the client's business.
func Note(ctx context.Context, route string, err error) {
	switch fault.KindOf(err) {
	case fault.Unavailable:
		slog.WarnContext(ctx, "request not answered", "route", route, "error", err.Error())
	case fault.Internal:
		slog.ErrorContext(ctx, "request failed", "route", route, "error", err.Error())
	default:
		slog.InfoContext(ctx, "request refused", "route", route, "code", fault.CodeOf(err))
	}
}
