package collect

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// Countries answer in which country an address of the internet is, by ISO 3166-1; "" when that is not known.
type Countries interface {
	Of(address string) string
}

// Spending counts the events that sources with a daily cap have sent.
type Spending interface {
	// Spend adds to what a source has sent on a UTC day, 2006-01-02, and gives the sum. Fault: Unavailable.
	Spend(ctx context.Context, workspace, source, day string, events int64) (total int64, err error)
}

// Queue takes events on their way to process. Send answers nil only when every envelope is safely queued, however many messages that takes;
// otherwise Unavailable, and what was queued may come again.
type Queue interface {
	Send(ctx context.Context, envelopes []event.Envelope) error
}

// Salts keeps what makes the ids of cookieless visitors, one salt for a UTC day, 2006-01-02. Fault: Unavailable.
type Salts interface {
	// Salt gives the salt of a day: fresh when there is none yet, and else the one that is there. It is gone some time
	// after it expires, whatever happens.
	Salt(ctx context.Context, day, fresh string, expires event.Millis) (string, error)
	// ForgetSalt deletes the salt of a day, for good.
	ForgetSalt(ctx context.Context, day string, expires event.Millis) error
}

// Documents keeps what workspaces have settled. Fault: Unavailable.
type Documents interface {
	// Document gives one of a kind; its Text is "" when there is none.
	Document(ctx context.Context, ws, kind string) (workspace.Document, error)
}
