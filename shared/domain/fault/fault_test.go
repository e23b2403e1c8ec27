package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"waymark/shared/domain/fault"
)

func TestKindAndCode(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	inner := fault.New(fault.Conflict, "stale", "somebody was first")
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		code string
		text string
	}{
		{"nil", nil, "", "", ""},
		{"no fault", cause, fault.Internal, "internal", "connection reset"},
		{"a fault", inner, fault.Conflict, "stale", "stale: somebody was first"},
		{"with a field", inner.At("version"), fault.Conflict, "stale", "stale at version: somebody was first"},
		{"formatted", fault.Newf(fault.Invalid, "too_long", "%d bytes", 9), fault.Invalid, "too_long", "too_long: 9 bytes"},
		{"wrapped by text", fmt.Errorf("write profile: %w", inner), fault.Conflict, "stale", "write profile: stale: somebody was first"},
		{"joined", errors.Join(cause, inner), fault.Conflict, "stale", "connection reset\nstale: somebody was first"},
		{"a fault around a cause", fault.Wrap(fault.Unavailable, "queue_down", cause), fault.Unavailable, "queue_down", "queue_down: connection reset"},
		{"a fault around a fault", fault.Wrap(fault.Unavailable, "busy", inner), fault.Unavailable, "busy", "busy: stale: somebody was first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.kind {
				t.Errorf("KindOf = %q, want %q", got, c.kind)
			}
			if got := fault.CodeOf(c.err); got != c.code {
				t.Errorf("CodeOf = %q, want %q", got, c.code)
			}
			if c.err != nil && c.err.Error() != c.text {
				t.Errorf("Error = %q, want %q", c.err.Error(), c.text)
			}
		})
	}
}

func TestAtLeavesTheFaultAlone(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.Invalid, "bad", "it is bad")
	if named := f.At("name"); named.Field != "name" || f.Field != "" {
		t.Errorf("At gave field %q and left %q, want name and nothing", named.Field, f.Field)
	}
}

func TestWrapKeepsItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	if err := fault.Wrap(fault.Unavailable, "no_room", cause); !errors.Is(err, cause) {
		t.Errorf("%v does not hold its cause", err)
	}
}
