package collect_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"waymark/functions/collect"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
)

// silent is a queue that never answers.
type silent struct{}

func (silent) Send(ctx context.Context, _ []event.Envelope) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAnswersBeforeTheInvocationEnds: a queue that does not answer becomes a 503 a second before Lambda would end the invocation.
func TestAnswersBeforeTheInvocationEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSystem()
		h := collect.New(collect.Config{Keys: s.keys, Queue: silent{}, Now: func() time.Time { return s.now }, NewID: func() string { return "made-here" }})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err := httpapitest.Invoke(ctx, h, post("/v1/page", goodPage).envelope())
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, got, 503, failure("unavailable", "the system cannot take this request now; send it again after 5 seconds"))
		if took := time.Since(began); took != 9*time.Second {
			t.Errorf("the answer came after %v, want 9s", took)
		}
	})
}
