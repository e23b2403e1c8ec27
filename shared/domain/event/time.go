package event

import (
	"strconv"
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

// ParseTime reads an instant as clients and databases write it: ISO 8601 in its long and its short form, with a T or a blank
// before the time of day, with a fraction after a point or a comma, with Z, UTC, GMT or an offset behind it, or a date alone.
// Without an offset it is taken as UTC; finer parts than milliseconds are cut off. A leap second, 23:59:60 UTC, is read as
// the second after it. There is no 24:00. A number of nine digits or more before its point is the time since 1970, in
// seconds up to ten digits and in milliseconds above. Errors: fault.Invalid with code bad_time.
func ParseTime(text string) (Millis, error) {
	text = strings.TrimSpace(text)
	if ms, ok := parseEpoch(text); ok {
		return plausible(ms)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		whole, ok := rfc3339(strings.ToUpper(text))
		if t, err = time.Parse(time.RFC3339Nano, whole); err != nil {
			t, ok = parseLeapSecond(whole)
		}
		if !ok {
			return 0, fault.New(fault.Invalid, "bad_time", "the time must be ISO 8601, such as 2026-11-22T09:30:00.000Z, "+
				"or seconds or milliseconds since 1970")
		}
	}
	return plausible(At(t))
}

func plausible(at Millis) (Millis, error) {
	if at < At(earliest) || at >= At(latest) {
		return 0, fault.New(fault.Invalid, "bad_time", "the time lies outside the years 1970 to 2099")
	}
	return at, nil
}

// parseEpoch reads seconds or milliseconds since 1970. Fewer than nine digits are a date in short form, or no time at all.
func parseEpoch(text string) (Millis, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) < 9 || len(whole) > 13 || !isDigits(whole) || len(fraction) > 9 || !isDigits(fraction) {
		return 0, false
	}
	if len(whole) <= 10 {
		whole += (fraction + "000")[:3]
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return Millis(n), err == nil
}

func isDigits(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// rfc3339 writes what stands in other forms of ISO 8601 in the form of RFC 3339. ok says only that the parts are there.
func rfc3339(text string) (whole string, ok bool) {
	date, rest := "", ""
	switch {
	case len(text) >= 10 && text[4] == '-':
		date, rest = text[:10], text[10:]
	case len(text) >= 8 && isDigits(text[:8]):
		date, rest = text[:4]+"-"+text[4:6]+"-"+text[6:8], text[8:]
	default:
		return "", false
	}
	if rest == "" {
		return date + "T00:00:00Z", true
	}
	if rest[0] != 'T' && rest[0] != ' ' {
		return "", false
	}
	rest = strings.TrimLeft(rest[1:], " ")
	end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune(":.,", r) })
	if end < 0 {
		end = len(rest)
	}
	clock, zone := rest[:end], strings.TrimSpace(rest[end:])
	at := strings.IndexAny(clock, ".,")
	if at < 0 {
		at = len(clock)
	}
	clock, fraction := clock[:at], clock[at:]
	switch { // what has another length, time.Parse refuses
	case len(clock) == len("1504") && isDigits(clock):
		clock = clock[:2] + ":" + clock[2:] + ":00"
	case len(clock) == len("150405") && isDigits(clock):
		clock = clock[:2] + ":" + clock[2:4] + ":" + clock[4:]
	case len(clock) == len("15:04"):
		clock += ":00"
	}
	return date + "T" + clock + fraction + offset(zone), true
}

// offset writes what stands behind the time of day as RFC 3339 does. Go and Ruby print the name of the zone behind it.
func offset(zone string) string {
	if len(zone) > 3 {
		zone = strings.TrimSpace(strings.TrimSuffix(zone, "UTC"))
	}
	switch {
	case zone == "" || zone == "UTC" || zone == "GMT":
		return "Z"
	case len(zone) == len("+07"):
		return zone + ":00"
	case len(zone) == len("+0700"):
		return zone[:3] + ":" + zone[3:]
	}
	return zone
}

// parseLeapSecond reads the second that is put in at the end of some days of UTC, whatever the offset it is written with.
func parseLeapSecond(text string) (time.Time, bool) {
	const minute, after = len("2016-12-31T23:59"), len("2016-12-31T23:59:60")
	if len(text) < after || text[minute:after] != ":60" {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, text[:minute]+":59"+text[after:])
	hour, minutes, second := t.UTC().Clock()
	return t.Add(time.Second), err == nil && hour == 23 && minutes == 59 && second == 59
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
			ahead[e.PrimaryID()] = true
		}
	}
	if len(ahead) == 0 {
		return
	}
	for i, e := range events {
		if ahead[e.PrimaryID()] && e.Corrected > e.Received {
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
	if said.Kind() != strictjson.Text && said.Kind() != strictjson.Number {
		return fault.New(fault.Invalid, "bad_time", "the time must be a text or a number").At(field)
	}
	original, err := ParseTime(said.Scalar())
	if err != nil {
		return err.(*fault.Error).At(field)
	}
	e.Original = original
	sent, received := p.sentAt(), e.Received
	if first := p.firstReceipt(); first != 0 {
		sent, received = p.timeOf("sentAt"), first
	}
	e.Corrected, e.Skewed, e.Future = Correct(original, sent, received)
	return nil
}

// firstReceipt is when another system received the event whose archive it comes from, or that forwards it; 0 for an event that comes from its client.
// Its clock was right or wrong then: how long ago that was says nothing of it.
func (p *parser) firstReceipt() Millis {
	if first := p.timeOf("receivedAt"); first < p.stamp.Received {
		return first
	}
	return 0
}

// timeOf is a time that the event need not say; 0 for none. A bad one is as good as none.
func (p *parser) timeOf(field string) Millis {
	at, err := ParseTime(p.sent.Get(field).Scalar())
	if err != nil {
		return 0
	}
	return at
}

func isNothing(v strictjson.Value) bool {
	return v.Kind() == strictjson.Missing || v.Kind() == strictjson.Null
}

// sentAt is when the device says it sent the event: its own sentAt, else the batch's, else unknown (0). A bad one is
// as good as none.
func (p *parser) sentAt() Millis {
	if own := p.timeOf("sentAt"); own != 0 {
		return own
	}
	if sent, err := ParseTime(p.stamp.SentAt); err == nil {
		return sent
	}
	return 0
}
