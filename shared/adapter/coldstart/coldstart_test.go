package coldstart_test

import (
	"context"
	"errors"
	"testing"

	"waymark/shared/adapter/coldstart"
)

type adder struct{ sum int }

func (a *adder) add(_ context.Context, n int) (int, error) {
	a.sum += n
	return a.sum, nil
}

func TestDeferredMakesOneHandlerWhenTheFirstEventComes(t *testing.T) {
	t.Parallel()
	made := 0
	handle := coldstart.Deferred((*adder).add, func() (*adder, error) {
		made++
		return &adder{}, nil
	})
	if made != 0 {
		t.Errorf("%d handlers before the first event, want none", made)
	}
	for i, want := range []int{2, 5} {
		if got, err := handle(t.Context(), 2+i); err != nil || got != want {
			t.Errorf("event %d: got %d, %v, want %d", i, got, err, want)
		}
	}
	if made != 1 {
		t.Errorf("%d handlers for two events, want one", made)
	}
}

func TestDeferredTellsWhyThereIsNoHandler(t *testing.T) {
	t.Parallel()
	wrong := errors.New("the rules are wrong")
	handle := coldstart.Deferred((*adder).add, func() (*adder, error) { return nil, wrong })
	for range 2 {
		if got, err := handle(t.Context(), 1); got != 0 || !errors.Is(err, wrong) {
			t.Errorf("got %d, %v, want 0 and %v", got, err, wrong)
		}
	}
}
