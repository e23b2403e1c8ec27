package event_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/testing/seed"
)

// Ten thousand clocks, each wrong by up to ten years, with a client's retry: what is made of them equals a plain computation in time.Duration.
func TestRandomClocks(t *testing.T) {
	t.Parallel()
	skewed, future := 0, 0
	seed.Each(t, 10_000, func(t *testing.T, r *rand.Rand) {
		now := time.Date(2026, 11, 22, 9, 30, 0, r.IntN(1000)*1e6, time.UTC)
		wrong := anyClock(r)
		happened := now.Add(-time.Duration(r.Int64N(int64(48 * time.Hour)))).Add(wrong).Truncate(time.Millisecond)
		sent := now.Add(wrong).Add(-time.Duration(r.Int64N(int64(10 * time.Minute)))).Truncate(time.Millisecond)
		saysSent := r.IntN(4) > 0
		var originals []event.Millis
		for range 2 { // a retry
			s := event.Stamp{Received: event.At(now), Request: "r"}
			if saysSent {
				s.SentAt = written(r, sent)
			}
			e, err := event.Parse(fmt.Appendf(nil, `{"type":"page","userId":"1","messageId":"m","timestamp":%q}`, written(r, happened)), s)
			if err != nil {
				t.Fatalf("%v: %v", happened, err)
			}
			want := plainTimes(happened, sent, now, saysSent)
			if got := timesOf(e); got != want {
				t.Fatalf("happened at %v, sent at %v (%v), received at %v:\n got %+v\nwant %+v", happened, sent, saysSent, now, got, want)
			}
			originals = append(originals, e.Original)
			if e.Skewed {
				skewed++
			}
			if e.Future {
				future++
			}
			now, sent = now.Add(time.Hour), sent.Add(time.Hour)
		}
		if originals[0] != originals[1] {
			t.Fatalf("the copies have the original times %v", originals)
		}
	})
	t.Logf("of 20,000 receipts %d were corrected and %d lay too far ahead", skewed, future)
}

// anyClock is by how much a clock is wrong: not at all, a little, about a limit, or up to ten years.
func anyClock(r *rand.Rand) time.Duration {
	sign := time.Duration(r.IntN(2)*2 - 1)
	switch r.IntN(4) {
	case 0:
		return 0
	case 1:
		return sign * time.Duration(r.IntN(600)) * time.Second
	case 2:
		limits := []time.Duration{5 * time.Minute, 24 * time.Hour, 25 * time.Hour}
		return sign*limits[r.IntN(3)] + time.Duration(r.IntN(5)-2)*time.Millisecond
	}
	return sign * time.Duration(r.Int64N(int64(10*365*24*time.Hour)))
}

// written is an instant in one of the ways that clients write it.
func written(r *rand.Rand, at time.Time) string {
	offset := time.FixedZone("", (r.IntN(57)-28)*30*60)
	switch r.IntN(4) {
	case 0:
		return at.Format("2006-01-02T15:04:05.000000000Z")
	case 1:
		return at.Format("2006-01-02T15:04:05.000000+00:00")
	case 2:
		return at.In(offset).Format("2006-01-02T15:04:05.000-07:00")
	}
	return at.In(offset).Format("2006-01-02T15:04:05.000Z0700")
}

// plainTimes says with the rules in words what must come out.
func plainTimes(happened, sent, received time.Time, saysSent bool) times {
	want := times{original: happened.Format(shown)}
	corrected := happened
	if apart := received.Sub(sent); saysSent && apart.Abs() > 5*time.Minute {
		corrected, want.skewed = happened.Add(apart), true
	}
	if corrected.After(received.Add(24 * time.Hour)) {
		corrected, want.isFuture = received, true
	}
	want.corrected = corrected.Format(shown)
	return want
}

// Many events with one sentAt, delivered minutes later (PostHog issue 98250): what one device sent keeps its order, in whatever way its clock is wrong.
func TestBatchKeepsOrder(t *testing.T) {
	t.Parallel()
	seed.Each(t, 3000, func(t *testing.T, r *rand.Rand) {
		sent := received.Add(-time.Duration(r.IntN(20)) * time.Minute).Add(anyClock(r))
		sentAt := sent.Time().Format(time.RFC3339Nano)
		if r.IntN(3) == 0 {
			sentAt = ""
		}
		var events []event.Event
		for range 2 + r.IntN(20) {
			before := anyClock(r) / time.Duration(1+r.IntN(3))
			e, err := parsed(fmt.Sprintf(`,"timestamp":%q`, sent.Add(-before).Time().Format(time.RFC3339Nano)), sentAt)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		event.KeepOrder(events)
		slices.SortFunc(events, func(a, b event.Event) int { return int(a.Original - b.Original) })
		for n, e := range events[1:] {
			if before := events[n]; before.Corrected > e.Corrected {
				t.Fatalf("%v was before %v, and is corrected to %v and %v", before.Original.Time(), e.Original.Time(), before.Corrected.Time(), e.Corrected.Time())
			}
			if e.Corrected.Sub(e.Received) > event.FutureLimit || e.Future && e.Corrected != e.Received {
				t.Fatalf("%v is corrected to %v, marked as future: %v", e.Original.Time(), e.Corrected.Time(), e.Future)
			}
		}
	})
}

// One event too far ahead takes those of the same identifier that lie ahead by less to the time of receipt with it, and nobody else's.
func TestKeepOrder(t *testing.T) {
	t.Parallel()
	var events []event.Event
	for _, said := range []struct{ user, at string }{
		{"1", "2026-11-22T09:00:00Z"}, {"1", "2026-11-23T09:00:00Z"}, {"1", "2026-11-23T10:00:00Z"}, {"2", "2026-11-23T09:00:00Z"},
	} {
		e, err := event.Parse(fmt.Appendf(nil, `{"type":"page","userId":%q,"timestamp":%q}`, said.user, said.at), event.Stamp{Received: received})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	event.KeepOrder(events)
	var got []times
	for _, e := range events {
		got = append(got, timesOf(e))
	}
	want := []times{
		{original: "2026-11-22T09:00:00.000Z", corrected: "2026-11-22T09:00:00.000Z"},
		{original: "2026-11-23T09:00:00.000Z", corrected: "2026-11-22T09:30:00.000Z", isFuture: true},
		{original: "2026-11-23T10:00:00.000Z", corrected: "2026-11-22T09:30:00.000Z", isFuture: true},
		{original: "2026-11-23T09:00:00.000Z", corrected: "2026-11-23T09:00:00.000Z"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	event.KeepOrder(nil)
}

// FuzzTimestamp: whatever stands where a time should be, it is read as a plain computation by hand does, or refused.
func FuzzTimestamp(f *testing.F) {
	for _, text := range []string{
		"2026-11-22T09:30:00Z", "2026-11-22t09:30:00.123456789z", "2024-02-29 23:59:59.999+14:00", "2016-12-31T23:59:60Z", "2026-11-21T24:00:00Z",
		"2026-11-22", "2026-11-22T09:30-0530", "2026-11-22T09:30Z", "1970-01-01T00:30:00+00:31", "", "0", "2026-11-22T9:30:00,5Z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := event.ParseTime(text)
		if again, second := event.ParseTime(text); again != got || (second == nil) != (err == nil) {
			t.Fatalf("ParseTime(%q) is %v and then %v", text, got, again)
		}
		if err != nil && fault.CodeOf(err) != "bad_time" {
			t.Fatalf("ParseTime(%q) = %v, want bad_time", text, err)
		}
		if err == nil && (got < 0 || got.Time().Year() > 2099) {
			t.Fatalf("ParseTime(%q) = %v, which lies outside the years 1970 to 2099", text, got.Time())
		}
		want, isPlain := byHand(text)
		if !isPlain {
			return
		}
		inRange := want >= 0 && want < 4_102_444_800_000
		if (err == nil) != inRange || err == nil && int64(got) != want {
			t.Fatalf("ParseTime(%q) = %v, %v, by hand it is %d", text, got, err, want)
		}
	})
}

var plainForm = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$`)

// byHand reads RFC 3339 without package time: days are counted from 1 March, when the leap day is the last of its year. isPlain is false for all
// other forms and for dates and times that there are not.
func byHand(text string) (millis int64, isPlain bool) {
	m := plainForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n := func(i int) int64 { v, _ := strconv.ParseInt("0"+m[i], 10, 64); return v }
	year, month, day, hour, minute, second := n(1), n(2), n(3), n(4), n(5), n(6)
	lengths := []int64{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	if year%4 == 0 && year%100 != 0 || year%400 == 0 {
		lengths[1] = 29
	}
	if month < 1 || month > 12 || day < 1 || day > lengths[month-1] || hour > 23 || minute > 59 || second > 59 || n(9) > 23 || n(10) > 59 {
		return 0, false
	}
	years := year
	if month < 3 {
		years--
	}
	days := 365*years + years/4 - years/100 + years/400 + (153*((month+9)%12)+2)/5 + day - 1 - 719_468
	fraction, _ := strconv.ParseInt((m[7] + "000")[:3], 10, 64)
	offset := (n(9)*60 + n(10)) * 60
	if m[8] == "-" {
		offset = -offset
	}
	return (((days*24+hour)*60+minute)*60+second-offset)*1000 + fraction, true
}

// FuzzCorrect: any three times give a corrected one that a plain computation gives too, within 1970 and a day after receipt; and of two times of
// one request the later stays the later.
func FuzzCorrect(f *testing.F) {
	f.Add(int64(received), int64(received), int64(received), int64(1))
	f.Add(int64(received)+86_400_001, int64(0), int64(received), int64(86_400_000))
	f.Add(int64(received)-315_360_000_000, int64(received)-315_360_000_000, int64(received), int64(300_001))
	f.Add(int64(0), int64(4_102_444_799_999), int64(received), int64(5))
	f.Fuzz(func(t *testing.T, original, sent, now, later int64) {
		const all = 4_102_444_800_000 // what ParseTime gives is below
		bounded := func(n int64) event.Millis { return event.Millis((n%all + all) % all) }
		o, s, r := bounded(original), bounded(sent), bounded(now)
		got, skewed, future := event.Correct(o, s, r)
		want := plainTimes(o.Time(), s.Time(), r.Time(), s != 0)
		if want.corrected < "1970" {
			want.corrected = "1970-01-01T00:00:00.000Z"
		}
		if have := (times{o.Time().Format(shown), got.Time().Format(shown), false, skewed, future}); have != want {
			t.Fatalf("Correct(%v, %v, %v)\n got %+v\nwant %+v", o.Time(), s.Time(), r.Time(), have, want)
		}
		if got < 0 || got.Sub(r) > event.FutureLimit || future && got != r {
			t.Fatalf("Correct(%v, %v, %v) = %v", o.Time(), s.Time(), r.Time(), got.Time())
		}
		events := []event.Event{{Original: o}, {Original: max(o, bounded(later))}}
		for i := range events {
			e := &events[i]
			e.Received, e.Identifiers = r, []event.Identifier{"user:1"}
			e.Corrected, e.Skewed, e.Future = event.Correct(e.Original, s, r)
		}
		event.KeepOrder(events)
		if events[0].Corrected > events[1].Corrected {
			t.Fatalf("%v and %v are corrected to %v and %v", events[0].Original.Time(), events[1].Original.Time(), events[0].Corrected.Time(), events[1].Corrected.Time())
		}
	})
}
