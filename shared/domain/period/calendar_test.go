package period_test

import (
	"testing"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
)

func calendar(t *testing.T, zone string) period.Calendar {
	t.Helper()
	c, err := period.New(zone, time.Monday)
	if err != nil {
		t.Fatalf("New(%q) = %v", zone, err)
	}
	return c
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func window(t *testing.T, g period.Grain, start, end, key string) period.Window {
	t.Helper()
	return period.Window{Grain: g, Start: instant(t, start), End: instant(t, end), Key: key}
}

// The days are published changes of the IANA zone database, worked out by hand from its rules.
func TestAtDay(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, at, start, end, key string }{
		{"plain", "UTC", "2026-11-22T12:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22"},
		{"its first instant", "UTC", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22"},
		{"its last instant", "UTC", "2026-11-22T23:59:59.999999999Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22"},
		{"23 hours, London", "Europe/London", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", "2026-03-29"},
		{"25 hours, London", "Europe/London", "2026-10-25T12:00:00Z", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", "2026-10-25"},
		{"23 hours, New York", "America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-08"},
		{"25 hours, New York", "America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-01"},
		{"half an hour off", "Asia/Kolkata", "2026-11-22T18:29:59Z", "2026-11-21T18:30:00Z", "2026-11-22T18:30:00Z", "2026-11-22"},
		{"three quarters off", "Asia/Kathmandu", "2026-11-22T18:15:00Z", "2026-11-22T18:15:00Z", "2026-11-23T18:15:00Z", "2026-11-23"},
		{"24 and a half hours", "Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", "2026-04-05"},
		{"23 and a half hours", "Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", "2026-10-04"},
		{"no midnight, Sao Paulo", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", "2018-11-04"},
		{"no midnight, Beirut", "Asia/Beirut", "2022-03-27T12:00:00Z", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z", "2022-03-27"},
		{"no midnight, Cairo", "Africa/Cairo", "2024-04-26T12:00:00Z", "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z", "2024-04-26"},
		{"23:00 twice, Sao Paulo", "America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z", "2018-02-17"},
		{"two midnights, Havana", "America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-01"},
		{"back across midnight, first pass", "America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z", "2010-11-07"},
		{"back across midnight, 23:30 again", "America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z", "2010-11-07"},
		{"before a skipped day", "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-29"},
		{"after a skipped day", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", "2011-12-31"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := calendar(t, test.zone).At(period.Day, instant(t, test.at))
			if want := window(t, period.Day, test.start, test.end, test.key); got != want {
				t.Errorf("At(day, %s) = %v, want %v", test.at, got, want)
			}
		})
	}
}

func TestAtHour(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, at, start, end string }{
		{"plain", "UTC", "2026-11-22T12:34:56Z", "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"},
		{"before 1970", "UTC", "1969-12-31T23:59:59.5Z", "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"},
		{"01:00 first", "Europe/London", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		{"01:00 again", "Europe/London", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		{"half an hour off", "Asia/Kolkata", "2026-11-22T12:00:00Z", "2026-11-22T11:30:00Z", "2026-11-22T12:30:00Z"},
		{"three quarters off", "Asia/Kathmandu", "2026-11-22T12:00:00Z", "2026-11-22T11:15:00Z", "2026-11-22T12:15:00Z"},
		{"half an hour back", "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"},
		{"after half an hour back", "Australia/Lord_Howe", "2026-04-04T15:30:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"},
		{"half an hour on", "Australia/Lord_Howe", "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
		{"one minute long", "America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-07T02:31:00Z"},
		{"59 minutes long", "America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-07T02:31:00Z", "2010-11-07T03:30:00Z"},
		{"the database's seam at a year's end, after", "Australia/Adelaide", "2039-01-01T00:10:00Z", "2038-12-31T23:30:00Z", "2039-01-01T00:30:00Z"},
		{"the database's seam at a year's end, before", "Australia/Adelaide", "2038-12-31T23:40:00Z", "2038-12-31T23:30:00Z", "2039-01-01T00:30:00Z"},
		{"31 December of a far leap year", "Australia/Adelaide", "2040-12-31T00:10:00Z", "2040-12-30T23:30:00Z", "2040-12-31T00:30:00Z"},
		{"offset of odd seconds", "Africa/Monrovia", "1971-06-01T12:00:00Z", "1971-06-01T11:44:30Z", "1971-06-01T12:44:30Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := calendar(t, test.zone).At(period.Hour, instant(t, test.at))
			if want := window(t, period.Hour, test.start, test.end, test.start); got != want {
				t.Errorf("At(hour, %s) = %v, want %v", test.at, got, want)
			}
		})
	}
}

func TestAtLargerGrains(t *testing.T) {
	t.Parallel()
	const at = "2026-10-25T12:00:00Z"
	tests := []struct {
		grain           period.Grain
		zone            string
		weekStart       time.Weekday
		start, end, key string
	}{
		{period.Week, "Europe/London", time.Monday, "2026-10-18T23:00:00Z", "2026-10-26T00:00:00Z", "2026-10-19"},
		{period.Week, "Europe/London", time.Sunday, "2026-10-24T23:00:00Z", "2026-11-01T00:00:00Z", "2026-10-25"},
		{period.Week, "Europe/London", time.Saturday, "2026-10-23T23:00:00Z", "2026-10-31T00:00:00Z", "2026-10-24"},
		{period.Month, "Europe/London", time.Monday, "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", "2026-10-01"},
		{period.Quarter, "Europe/London", time.Monday, "2026-09-30T23:00:00Z", "2027-01-01T00:00:00Z", "2026-10-01"},
		{period.Year, "Europe/London", time.Monday, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-01-01"},
		{period.Year, "Asia/Kathmandu", time.Monday, "2025-12-31T18:15:00Z", "2026-12-31T18:15:00Z", "2026-01-01"},
	}
	for _, test := range tests {
		t.Run(string(test.grain)+" "+test.zone+" "+test.weekStart.String(), func(t *testing.T) {
			t.Parallel()
			c, err := period.New(test.zone, test.weekStart)
			if err != nil {
				t.Fatal(err)
			}
			got := c.At(test.grain, instant(t, at))
			if want := window(t, test.grain, test.start, test.end, test.key); got != want {
				t.Errorf("At(%s, %s) = %v, want %v", test.grain, at, got, want)
			}
		})
	}
	for _, g := range []period.Grain{period.Period, "fortnight", ""} {
		if got := calendar(t, "UTC").At(g, instant(t, at)); got != (period.Window{}) {
			t.Errorf("At(%q) = %v, want the zero Window", g, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone      string
		weekStart time.Weekday
		want      string
	}{
		{"", time.Monday, "time_zone_unknown"},
		{"Local", time.Monday, "time_zone_unknown"},
		{"Mars/Olympus", time.Monday, "time_zone_unknown"},
		{"../../etc/passwd", time.Monday, "time_zone_unknown"},
		{"UTC", 7, "week_start_unknown"},
		{"UTC", -1, "week_start_unknown"},
	}
	for _, test := range tests {
		if _, err := period.New(test.zone, test.weekStart); fault.CodeOf(err) != test.want || fault.KindOf(err) != fault.Invalid {
			t.Errorf("New(%q, %d) = %v, want %s", test.zone, test.weekStart, err, test.want)
		}
	}
}

func TestByKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, key string
		grain     period.Grain
		want      period.Window
		code      string
	}{
		{"Europe/London", "2026-10-25", period.Day, window(t, period.Day, "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", "2026-10-25"), ""},
		{"Europe/London", "2026-10-25T01:00:00+01:00", period.Hour, window(t, period.Hour, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:00:00Z"), ""},
		{"Europe/London", "2026-10-01/2026-11-01", period.Period, window(t, period.Period, "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", "2026-10-01/2026-11-01"), ""},
		{"Europe/London", "2026-10-25T00:30:00Z", period.Hour, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-10-25", period.Hour, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-10-25", period.Week, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-10-25", period.Month, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-11-01", period.Quarter, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-02-30", period.Day, period.Window{}, "window_key_unknown"},
		{"Europe/London", "", period.Day, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-10-01", period.Period, period.Window{}, "window_key_unknown"},
		{"Europe/London", "2026-10-01/2026-10-01", period.Period, period.Window{}, "period_empty"},
		{"Europe/London", "2026-10-01", "fortnight", period.Window{}, "grain_unknown"},
		{"Pacific/Apia", "2011-12-30", period.Day, period.Window{}, "window_key_unknown"},
	}
	for _, test := range tests {
		t.Run(test.zone+" "+string(test.grain)+" "+test.key, func(t *testing.T) {
			t.Parallel()
			got, err := calendar(t, test.zone).ByKey(test.grain, test.key)
			if got != test.want || fault.CodeOf(err) != test.code {
				t.Errorf("ByKey(%s, %q) = %v, %v, want %v, %q", test.grain, test.key, got, err, test.want, test.code)
			}
		})
	}
}

func TestParseBound(t *testing.T) {
	t.Parallel()
	tests := []struct{ zone, text, want, code string }{
		{"Europe/London", "2026-10-25", "2026-10-24T23:00:00Z", ""},
		{"Europe/London", "2026-10-25T09:00:00+01:00", "2026-10-25T08:00:00Z", ""},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", ""},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", ""},
		{"UTC", "2026-10-25T09:00:00", "", "bound_malformed"},
		{"UTC", "2026-13-01", "", "bound_malformed"},
		{"UTC", "yesterday", "", "bound_malformed"},
		{"UTC", "", "", "bound_malformed"},
	}
	for _, test := range tests {
		var want time.Time
		if test.want != "" {
			want = instant(t, test.want)
		}
		if got, err := calendar(t, test.zone).ParseBound(test.text); got != want || fault.CodeOf(err) != test.code {
			t.Errorf("ParseBound(%q) in %s = %v, %v, want %v, %q", test.text, test.zone, got, err, want, test.code)
		}
	}
}

func TestPeriodAndItsNeighbours(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, key, prev, next string }{
		{"whole days across a change of the clock", "Europe/London", "2026-10-19/2026-10-26", "2026-10-12/2026-10-19", "2026-10-26/2026-11-02"},
		{"one long day", "Europe/London", "2026-10-25/2026-10-26", "2026-10-24/2026-10-25", "2026-10-26/2026-10-27"},
		{"odd bounds", "UTC", "2026-10-25T06:00:00Z/2026-10-25T12:00:00Z", "2026-10-25/2026-10-25T06:00:00Z", "2026-10-25T12:00:00Z/2026-10-25T18:00:00Z"},
		{"a fraction of a second", "UTC", "2026-10-25/2026-10-25T00:00:00.25Z", "2026-10-24T23:59:59.75Z/2026-10-25", "2026-10-25T00:00:00.25Z/2026-10-25T00:00:00.5Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := calendar(t, test.zone)
			w, err := c.ByKey(period.Period, test.key)
			got := [3]string{w.Key, c.Prev(w).Key, c.Next(w).Key}
			if want := [3]string{test.key, test.prev, test.next}; got != want || err != nil {
				t.Errorf("key, prev, next = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func keys(windows []period.Window) []string {
	all := []string{}
	for _, w := range windows {
		all = append(all, string(w.Grain)+" "+w.Key)
	}
	return all
}

func TestParseGrain(t *testing.T) {
	t.Parallel()
	for _, g := range append(period.Grains(), period.Period) {
		if got, err := period.ParseGrain(string(g)); got != g || err != nil {
			t.Errorf("ParseGrain(%q) = %q, %v", g, got, err)
		}
	}
	for _, text := range []string{"", "Day", "days", "fortnight"} {
		if got, err := period.ParseGrain(text); got != "" || fault.CodeOf(err) != "grain_unknown" {
			t.Errorf("ParseGrain(%q) = %q, %v, want grain_unknown", text, got, err)
		}
	}
}

func TestContainsAndClosed(t *testing.T) {
	t.Parallel()
	w := calendar(t, "UTC").At(period.Day, instant(t, "2026-10-25T12:00:00Z"))
	tests := []struct {
		at                 string
		isInside, isClosed bool
	}{
		{"2026-10-24T23:59:59.999999999Z", false, false},
		{"2026-10-25T00:00:00Z", true, false},
		{"2026-10-25T23:59:59.999999999Z", true, false},
		{"2026-10-26T00:00:00Z", false, true},
	}
	for _, test := range tests {
		at := instant(t, test.at)
		if w.Contains(at) != test.isInside || w.Closed(at) != test.isClosed {
			t.Errorf("at %s: Contains %v, Closed %v, want %v, %v", test.at, w.Contains(at), w.Closed(at), test.isInside, test.isClosed)
		}
	}
}
