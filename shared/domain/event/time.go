package event

import (
	"strings"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
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

// ParseTime reads an ISO 8601 instant; one without an offset is taken as UTC, finer parts than milliseconds are cut off. As RFC 3339 allows, T and
// Z may be small letters, and a leap second, 23:59:60 UTC, is read as the second after it. There is no 24:00. Errors: fault.Invalid with code
// bad_time.
func ParseTime(text string) (Millis, error) {
	text = strings.TrimSpace(text)
	t, ok := parse(text)
	if !ok {
		t, ok = parse(strings.ToUpper(text))
	}
	if !ok {
		t, ok = parseLeapSecond(strings.ToUpper(text))
	}
	if !ok {
		return 0, fault.New(fault.Invalid, "bad_time", "the time must be ISO 8601, such as 2026-11-22T09:30:00.000Z")
	}
	if t.Before(earliest) || !t.Before(latest) {
		return 0, fault.New(fault.Invalid, "bad_time", "the time lies outside the years 1970 to 2099")
	}
	return At(t), nil
}

func parse(text string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseLeapSecond reads the second that is put in at the end of some days of UTC, whatever the offset it is written with.
func parseLeapSecond(text string) (time.Time, bool) {
	const minute, after = len("2016-12-31T23:59"), len("2016-12-31T23:59:60")
	if len(text) < after || text[minute:after] != ":60" {
		return time.Time{}, false
	}
	t, ok := parse(text[:minute] + ":59" + text[after:])
	hour, minutes, second := t.UTC().Clock()
	return t.Add(time.Second), ok && hour == 23 && minutes == 59 && second == 59
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

// KeepOrder mends the one place where Correct could turn a device's own order round. Events that lie further ahead than FutureLimit count at
// receipt; events of the same identifier in the same request that lie ahead by less would come after them. So they count at receipt too, and are
// marked: what orders them is the device's own time. events are those of one request, and are changed in place.
func KeepOrder(events []Event) {
	ahead := map[Identifier]bool{}
	for _, e := range events {
		if e.Future {
			ahead[e.Kept()] = true
		}
	}
	if len(ahead) == 0 {
		return
	}
	for i, e := range events {
		if ahead[e.Kept()] && e.Corrected > e.Received {
			events[i].Corrected, events[i].Future = e.Received, true
		}
	}
}

func (p *parser) times(e *Event) error {
	field := "originalTimestamp"
	said := p.sent.Get(field)
	if isNothing(said) {
		field = "timestamp"
		said = p.sent.Get(field)
	}
	if isNothing(said) {
		e.Untimed, e.Original, e.Corrected = true, e.Received, e.Received
		return nil
	}
	if said.Kind() != strictjson.Text {
		return fault.New(fault.Invalid, "bad_time", "the time must be text in ISO 8601, such as 2026-11-22T09:30:00.000Z").At(field)
	}
	original, err := ParseTime(said.Scalar())
	if err != nil {
		return err.(*fault.Error).At(field)
	}
	e.Original = original
	e.Corrected, e.Skewed, e.Future = Correct(original, p.sentAt(), e.Received)
	return nil
}

func isNothing(v strictjson.Value) bool {
	return v.Kind() == strictjson.Missing || v.Kind() == strictjson.Null
}

// sentAt is when the device says it sent the event: its own sentAt, else the batch's, else unknown (0). A bad one is
// as good as none.
func (p *parser) sentAt() Millis {
	for _, candidate := range []string{p.sent.Get("sentAt").Scalar(), p.stamp.SentAt} {
		if candidate == "" {
			continue
		}
		if sent, err := ParseTime(candidate); err == nil {
			return sent
		}
	}
	return 0
}
