package event_test

import (
	"fmt"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// times is all that an event says of time.
type times struct {
	original, corrected       string
	untimed, skewed, isFuture bool
}

const shown = "2006-01-02T15:04:05.000Z"

const day = 24 * time.Hour

func timesOf(e event.Event) times {
	return times{e.Original.Time().Format(shown), e.Corrected.Time().Format(shown), e.Untimed, e.Skewed, e.Future}
}

// parsed is an event received on 22 November 2026 at 09:30, with these fields and this sentAt of its batch.
func parsed(fields, batchSentAt string) (event.Event, error) {
	s := event.Stamp{Workspace: "demo", Source: "web", Received: received, Request: "r", SentAt: batchSentAt}
	return event.Parse([]byte(`{"type":"page","userId":"1","messageId":"m"`+fields+`}`), s)
}

// deviceClocks are clocks that are wrong by so much, and what is made of an event that was sent, by that clock, one minute after it happened: with
// sentAt and without.
var deviceClocks = []struct {
	wrong         time.Duration
	sent, missing times
}{
	{
		-10 * 365 * day,
		times{original: "2016-11-24T09:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2016-11-24T09:29:00.000Z", corrected: "2016-11-24T09:29:00.000Z"},
	},
	{
		-365 * day,
		times{original: "2025-11-22T09:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2025-11-22T09:29:00.000Z", corrected: "2025-11-22T09:29:00.000Z"},
	},
	{
		-time.Hour,
		times{original: "2026-11-22T08:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-22T08:29:00.000Z", corrected: "2026-11-22T08:29:00.000Z"},
	},
	{
		-5*time.Minute - time.Millisecond,
		times{original: "2026-11-22T09:23:59.999Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-22T09:23:59.999Z", corrected: "2026-11-22T09:23:59.999Z"},
	},
	{
		-5 * time.Minute, // network delay may be as long: left alone
		times{original: "2026-11-22T09:24:00.000Z", corrected: "2026-11-22T09:24:00.000Z"},
		times{original: "2026-11-22T09:24:00.000Z", corrected: "2026-11-22T09:24:00.000Z"},
	},
	{
		0,
		times{original: "2026-11-22T09:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z"},
		times{original: "2026-11-22T09:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z"},
	},
	{
		5 * time.Minute,
		times{original: "2026-11-22T09:34:00.000Z", corrected: "2026-11-22T09:34:00.000Z"},
		times{original: "2026-11-22T09:34:00.000Z", corrected: "2026-11-22T09:34:00.000Z"},
	},
	{
		5*time.Minute + time.Millisecond,
		times{original: "2026-11-22T09:34:00.001Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-22T09:34:00.001Z", corrected: "2026-11-22T09:34:00.001Z"},
	},
	{
		day + time.Minute - time.Millisecond,
		times{original: "2026-11-23T09:29:59.999Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-23T09:29:59.999Z", corrected: "2026-11-23T09:29:59.999Z"},
	},
	{
		day + time.Minute, // the event lies 24 hours ahead, to the millisecond
		times{original: "2026-11-23T09:30:00.000Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-23T09:30:00.000Z", corrected: "2026-11-23T09:30:00.000Z"},
	},
	{
		day + time.Minute + time.Millisecond,
		times{original: "2026-11-23T09:30:00.001Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2026-11-23T09:30:00.001Z", corrected: "2026-11-22T09:30:00.000Z", isFuture: true},
	},
	{
		10 * 365 * day,
		times{original: "2036-11-19T09:29:00.000Z", corrected: "2026-11-22T09:29:00.000Z", skewed: true},
		times{original: "2036-11-19T09:29:00.000Z", corrected: "2026-11-22T09:30:00.000Z", isFuture: true},
	},
}

// A device sends an event one minute after it happened, by its own clock.
func TestDeviceClocks(t *testing.T) {
	t.Parallel()
	for _, test := range deviceClocks {
		sent := received.Add(test.wrong)
		said := func(at event.Millis) string { return at.Time().Format(time.RFC3339Nano) }
		timestamp := fmt.Sprintf(`,"timestamp":%q`, said(sent.Add(-time.Minute)))
		for _, c := range []struct {
			name, fields, batch string
			want                times
		}{
			{"sentAt of the event", timestamp + fmt.Sprintf(`,"sentAt":%q`, said(sent)), "", test.sent},
			{"sentAt of the batch", timestamp, said(sent), test.sent},
			{"its own sentAt before the batch's", timestamp + fmt.Sprintf(`,"sentAt":%q`, said(sent)), "2001-01-01T00:00:00Z", test.sent},
			{"no sentAt", timestamp, "", test.missing},
			{"a sentAt that is no time", timestamp + `,"sentAt":"yesterday"`, "1e99", test.missing},
			{"a sentAt that is no text", timestamp + `,"sentAt":{"a":1}`, "", test.missing},
		} {
			e, err := parsed(c.fields, c.batch)
			if got := timesOf(e); got != c.want || err != nil {
				t.Errorf("a clock wrong by %v, %s:\n got %+v, %v\nwant %+v", test.wrong, c.name, got, err, c.want)
			}
		}
	}
}

// What else clients say of time, and how they write it.
func TestWaysToSayATime(t *testing.T) {
	t.Parallel()
	at := func(original string) times { return times{original: original, corrected: original} }
	for _, test := range []struct {
		name, fields string
		want         times // the zero value: refused as bad_time
	}{
		{"no timestamp", ``, times{original: "2026-11-22T09:30:00.000Z", corrected: "2026-11-22T09:30:00.000Z", untimed: true}},
		{"no timestamp, and a wrong clock", `,"sentAt":"2016-01-01T00:00:00Z"`, times{original: "2026-11-22T09:30:00.000Z", corrected: "2026-11-22T09:30:00.000Z", untimed: true}},
		{"originalTimestamp goes before timestamp", `,"timestamp":"2026-11-22T09:00:00Z","originalTimestamp":"2026-11-22T09:01:00Z"`, at("2026-11-22T09:01:00.000Z")},
		{"sentAt before the event's time", `,"timestamp":"2026-11-22T09:28:00Z","sentAt":"2026-11-22T09:27:00Z"`, at("2026-11-22T09:28:00.000Z")},
		{"sentAt long before the event's time", `,"timestamp":"2026-11-22T09:28:00Z","sentAt":"2026-11-22T08:00:00Z"`, times{original: "2026-11-22T09:28:00.000Z", corrected: "2026-11-22T10:58:00.000Z", skewed: true}},
		{"sentAt days before the event's time", `,"timestamp":"2026-11-22T09:28:00Z","sentAt":"2026-11-20T08:00:00Z"`, times{original: "2026-11-22T09:28:00.000Z", corrected: "2026-11-22T09:30:00.000Z", skewed: true, isFuture: true}},
		{"sentAt just after receipt", `,"timestamp":"2026-11-22T09:28:00Z","sentAt":"2026-11-22T09:35:00Z"`, at("2026-11-22T09:28:00.000Z")},
		{"sentAt after receipt", `,"timestamp":"2026-11-22T09:28:00Z","sentAt":"2026-11-22T09:36:00Z"`, times{original: "2026-11-22T09:28:00.000Z", corrected: "2026-11-22T09:22:00.000Z", skewed: true}},
		{"corrected to before 1970", `,"timestamp":"1970-01-01T00:00:00Z","sentAt":"2099-12-31T00:00:00Z"`, times{original: "1970-01-01T00:00:00.000Z", corrected: "1970-01-01T00:00:00.000Z", skewed: true}},
		{"nanoseconds, as analytics-go", `,"timestamp":"2026-11-22T09:28:00.999999999Z"`, at("2026-11-22T09:28:00.999Z")},
		{"microseconds and +00:00, as analytics-python", `,"timestamp":"2026-11-22T09:28:00.123456+00:00"`, at("2026-11-22T09:28:00.123Z")},
		{"the eastern end of the world", `,"timestamp":"2026-11-22T23:28:00+14:00"`, at("2026-11-22T09:28:00.000Z")},
		{"beyond the western end", `,"timestamp":"2026-11-21T19:28:00-14:00"`, at("2026-11-22T09:28:00.000Z")},
		{"an offset without a colon", `,"timestamp":"2026-11-22T14:58:00+0530"`, at("2026-11-22T09:28:00.000Z")},
		{"the first of two half past one", `,"timestamp":"2026-10-25T01:30:00+01:00"`, at("2026-10-25T00:30:00.000Z")},
		{"the second of two half past one", `,"timestamp":"2026-10-25T01:30:00+00:00"`, at("2026-10-25T01:30:00.000Z")},
		{"a leap day", `,"timestamp":"2024-02-29T12:00:00Z"`, at("2024-02-29T12:00:00.000Z")},
		{"a leap day of no leap year", `,"timestamp":"2025-02-29T12:00:00Z"`, times{}},
		{"a leap second", `,"timestamp":"2016-12-31T23:59:60Z"`, at("2017-01-01T00:00:00.000Z")},
		{"a part of a leap second, elsewhere", `,"timestamp":"2017-01-01T05:29:60.25+05:30"`, at("2017-01-01T00:00:00.250Z")},
		{"a 60th second that is none", `,"timestamp":"2016-12-31T23:58:60Z"`, times{}},
		{"a 61st second", `,"timestamp":"2016-12-31T23:59:61Z"`, times{}},
		{"24:00", `,"timestamp":"2026-11-21T24:00:00Z"`, times{}},
		{"a small t and z", `,"timestamp":"2026-11-22t09:28:00z"`, at("2026-11-22T09:28:00.000Z")},
		{"space around it", `,"timestamp":" 2026-11-22T09:28:00Z "`, at("2026-11-22T09:28:00.000Z")},
		{"seconds since 1970", `,"timestamp":1795339680`, at("2026-11-22T09:28:00.000Z")},
		{"milliseconds since 1970", `,"timestamp":1795339680123`, at("2026-11-22T09:28:00.123Z")},
		{"a number that is no time", `,"timestamp":17953396`, times{}},
		{"before 1970", `,"timestamp":"1969-12-31T23:59:59Z"`, times{}},
		{"in 2100 by its offset", `,"timestamp":"2099-12-31T23:59:59-00:01"`, times{}},
		{"empty", `,"timestamp":""`, times{}},
		{"null is none", `,"timestamp":null`, times{original: "2026-11-22T09:30:00.000Z", corrected: "2026-11-22T09:30:00.000Z", untimed: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, err := parsed(test.fields, "")
			if test.want == (times{}) {
				if fault.CodeOf(err) != "bad_time" {
					t.Errorf("got %+v, %v, want bad_time", timesOf(e), err)
				}
				return
			}
			if got := timesOf(e); got != test.want || err != nil {
				t.Errorf("got %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}
