package collect

import (
	"context"
	"log/slog"

	"waymark/shared/domain/event"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

// asked is what the events of a key's source must be, by its tracking plan, the kinds that it may send, and what it is trusted with. A plan that cannot be read asks nothing: it
// could be read when it was set, and no event is lost for it.
func (h *Handler) asked(ctx context.Context, key workspace.Key) event.Check {
	check, err := h.Plans.For(key.Policy)
	if err != nil {
		slog.WarnContext(ctx, "tracking plan cannot be read", "workspace", key.Workspace, "source", key.Source, "error", err.Error())
	}
	return event.Both(check, trust.OfKey(key).Judge())
}
