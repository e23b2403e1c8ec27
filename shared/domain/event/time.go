package event

import (
	"strings"
	"time"

	"waymark/shared/domain/fault"
)

// How device clocks are treated.
const (
	SkewTolerance = 5 * time.Minute // a smaller difference between clocks is network delay and left alone
	FutureLimit   = 24 * time.Hour  // corrected times further in the future than this are replaced by the time of receipt
)

// Earliest and latest device times that make sense; anything else is a mistake, not a clock that is wrong.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

var layouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
	time.DateOnly,
}

// ParseTime reads an ISO 8601 instant; one without an offset is taken as UTC. Errors: fault.Invalid with code bad_time.
func ParseTime(text string) (Millis, error) {
	for _, layout := range layouts {
		t, err := time.Parse(layout, strings.TrimSpace(text))
		if err != nil {
			continue
		}
		if t.Before(earliest) || !t.Before(latest) {
			return 0, fault.New(fault.Invalid, "bad_time", "the time lies outside the years 1970 to 2099")
		}
		return At(t), nil
	}
	return 0, fault.New(fault.Invalid, "bad_time", "the time must be ISO 8601, such as 2026-11-22T09:30:00.000Z")
}

// Correct gives the time that people see. A device's clock is wrong by about received − sent, of which some is network delay: up to
// SkewTolerance it is left alone, beyond that the whole difference is added. sent = 0 means that the device did not say.
func Correct(original, sent, received Millis) (corrected Millis, skewed, future bool) {
	corrected = original
	if skew := received.Sub(sent); sent != 0 && (skew > SkewTolerance || skew < -SkewTolerance) {
		corrected, skewed = original+(received-sent), true
	}
	if corrected.Sub(received) > FutureLimit {
		return received, skewed, true
	}
	if corrected < 0 {
		return 0, skewed, false
	}
	return corrected, skewed, false
}

func (p parser) times(e *Event) error {
	sent := p.sent()
	field := "timestamp"
	value := p.tree["originalTimestamp"]
	if value == nil {
		value = p.tree["timestamp"]
	} else {
		field = "originalTimestamp"
	}
	if value == nil {
		e.Untimed, e.Original, e.Corrected = true, e.Received, e.Received
		return nil
	}
	said, ok := value.(string)
	if !ok {
		return fault.New(fault.Invalid, "bad_time", "the time must be text in ISO 8601, such as 2026-11-22T09:30:00.000Z").At(field)
	}
	original, err := ParseTime(said)
	if err != nil {
		return err.(*fault.Error).At(field)
	}
	e.Original = original
	e.Corrected, e.Skewed, e.Future = Correct(original, sent, e.Received)
	return nil
}

// sent is when the device says it sent the event: its own sentAt, else the batch's, else unknown (0). A bad one is as good as none.
func (p parser) sent() Millis {
	for _, candidate := range []string{text(p.tree["sentAt"]), p.stamp.SentAt} {
		if sent, err := ParseTime(candidate); err == nil && candidate != "" {
			return sent
		}
	}
	return 0
}
