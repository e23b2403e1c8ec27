package collect

import (
	"context"

	"waymark/shared/domain/event"
)

// Queue takes events on their way to process. Send answers nil only when every envelope is safely queued, however many messages that takes;
// otherwise Unavailable, and what was queued may come again.
type Queue interface {
	Send(ctx context.Context, envelopes []event.Envelope) error
}
