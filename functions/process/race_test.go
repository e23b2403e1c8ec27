package process_test

import (
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Two copies of one event whose clocks were corrected to different days come at once. Whoever loses the race has not seen the other's copy when
// it looked for repeats, and a rollup may have counted it meanwhile: the day on which it counted must be marked again.
func TestMarksOfRacingCopies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	copyOf := func(request string, received time.Time) event.Envelope {
		e := envelope(request, "shop", `{"type":"page","messageId":"e1","userId":"1","timestamp":"2026-11-20T12:00:00Z","sentAt":"2026-11-20T12:00:00Z"}`)
		e.Received = event.At(received)
		return e
	}
	first, second := received, received.Add(30*time.Hour)
	other := true
	w.before = func(c call) error {
		if c.site != "put page" || !other {
			return nil
		}
		other = false
		if back := w.deliver(t, messageOf(t, "m2", copyOf("r2", second))); len(back) > 0 {
			t.Errorf("%q go back", back)
		}
		checkEqual(t, "marks of the first to finish", w.marks(t, "shop"), []string{"2026-11-23 user:1"})
		w.clearMarks(t) // a rollup has counted the event on the 23rd
		return nil
	}
	if back := w.deliver(t, messageOf(t, "m1", copyOf("r1", first))); len(back) > 0 {
		t.Errorf("%q go back", back)
	}
	w.checkSound(t, "user:1")
	checkEqual(t, "marks of the second", w.marks(t, "shop"), []string{"2026-11-22 user:1", "2026-11-23 user:1"})
}

// Retries are bounded, and their pauses are drawn from below a ceiling that doubles up to a second: full jitter.
func TestPausesOfRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ceilings []time.Duration
	w.config.Jitter = func(ceiling time.Duration) time.Duration {
		ceilings = append(ceilings, ceiling)
		return ceiling / 3
	}
	w.restart()
	w.before = func(c call) error {
		if c.site == "commit" {
			return fault.New(fault.Conflict, "conflict", "injected")
		}
		return nil
	}
	checkEqual(t, "messages that go back", w.deliver(t, message(t, "m", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z"))), []string{"m"})
	const ms, s = time.Millisecond, time.Second
	checkEqual(t, "ceilings of pauses", ceilings, []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, s, s, s, s, s})
}
