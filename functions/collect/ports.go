package collect

import (
	"context"

	"waymark/shared/domain/event"
)

// Countries answer in which country an address of the internet is, by ISO 3166-1; "" when that is not known.
type Countries interface {
	Of(address string) string
}

// Queue takes events on their way to process. Send answers nil only when every envelope is safely queued, however many messages that takes;
// otherwise Unavailable, and what was queued may come again.
type Queue interface {
	Send(ctx context.Context, envelopes []event.Envelope) error
}
