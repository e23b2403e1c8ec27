package period_test

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"waymark/shared/domain/period"
)

// zones are of all continents and oddities: half and three-quarter hours, changes at midnight, across midnight, by 30 minutes, by two and three
// hours, by a whole day, during Ramadan, and none at all.
var zones = []string{
	"UTC", "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "Europe/Volgograd", "Europe/Istanbul",
	"Atlantic/Azores", "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Juba", "Africa/Sao_Tome", "Asia/Amman", "Asia/Beirut",
	"Asia/Damascus", "Asia/Gaza", "Asia/Tehran", "Asia/Kabul", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Pyongyang",
	"Asia/Shanghai", "Asia/Tokyo", "Asia/Ulaanbaatar", "Asia/Riyadh", "Australia/Adelaide", "Australia/Eucla", "Australia/Lord_Howe",
	"Australia/Sydney", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Kwajalein", "Pacific/Auckland", "Pacific/Honolulu",
	"America/New_York", "America/St_Johns", "America/Havana", "America/Sao_Paulo", "America/Asuncion", "America/Caracas", "America/Santiago",
	"America/Los_Angeles", "America/Nuuk", "America/Scoresbysund", "America/Toronto", "Antarctica/Casey", "Antarctica/Troll", "Antarctica/Macquarie",
}

var (
	firstInstant = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	lastInstant  = time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
)

// forEachZone runs a law in all zones, with weeks that begin on different days.
func forEachZone(t *testing.T, law func(t *testing.T, c period.Calendar)) {
	t.Helper()
	for i, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := period.New(name, time.Weekday(i%7))
			if err != nil {
				t.Fatal(err)
			}
			law(t, c)
		})
	}
}

// transitions gives the instants at which the clock of a zone is changed, found by reading the clock every six hours and halving: another way
// than that of the code under test.
func transitions(c period.Calendar) []time.Time {
	offset := func(t time.Time) int {
		_, seconds := c.Local(t).Zone()
		return seconds
	}
	var all []time.Time
	const step = 6 * time.Hour
	for low := firstInstant; low.Before(lastInstant); low = low.Add(step) {
		if offset(low) == offset(low.Add(step)) {
			continue
		}
		seconds := sort.Search(int(step/time.Second), func(n int) bool {
			return offset(low.Add(time.Duration(n)*time.Second)) != offset(low)
		})
		all = append(all, low.Add(time.Duration(seconds)*time.Second))
	}
	return all
}

func TestWindowsTile(t *testing.T) {
	t.Parallel()
	forEachZone(t, func(t *testing.T, c period.Calendar) {
		checkTiling(t, c, period.Day, firstInstant, lastInstant, 16)
		for _, g := range period.Grains()[2:] {
			checkTiling(t, c, g, firstInstant, lastInstant, 1)
		}
		for _, change := range transitions(c) {
			checkTiling(t, c, period.Day, change.Add(-60*time.Hour), change.Add(60*time.Hour), 1)
			checkTiling(t, c, period.Hour, change.Add(-26*time.Hour), change.Add(26*time.Hour), 1)
		}
	})
}

// checkTiling walks the windows of a grain: each must meet the one before, and every stride-th must come out of every way to get it.
func checkTiling(t *testing.T, c period.Calendar, g period.Grain, from, to time.Time, stride int) {
	t.Helper()
	windows := c.Between(g, from, to)
	if first, last := windows[0], windows[len(windows)-1]; !first.Contains(from) || last.End.Before(to) || !last.Start.Before(to) {
		t.Fatalf("Between(%s, %v, %v) begins with %v and ends with %v", g, from, to, first, last)
	}
	for i, w := range windows {
		if !w.Start.Before(w.End) {
			t.Fatalf("%v is empty", w)
		}
		if i > 0 && (!windows[i-1].End.Equal(w.Start) || windows[i-1].Key >= w.Key) {
			t.Fatalf("%v is followed by %v: not adjacent, or keys out of order", windows[i-1], w)
		}
		if i%stride == 0 {
			checkWays(t, c, g, w)
		}
	}
}

// checkWays holds a window against what its bounds, its key and its neighbours lead to.
func checkWays(t *testing.T, c period.Calendar, g period.Grain, w period.Window) {
	t.Helper()
	if atStart, atEnd := c.At(g, w.Start), c.At(g, w.End.Add(-1)); atStart != w || atEnd != w {
		t.Fatalf("At its start and end gives %v and %v, want %v", atStart, atEnd, w)
	}
	if byKey, err := c.ByKey(g, w.Key); byKey != w || err != nil {
		t.Fatalf("ByKey(%s, %q) = %v, %v, want %v", g, w.Key, byKey, err, w)
	}
	previous, next := c.Prev(w), c.Next(w)
	if !previous.End.Equal(w.Start) || !next.Start.Equal(w.End) || c.Next(previous) != w || c.Prev(next) != w {
		t.Fatalf("the neighbours of %v are %v and %v", w, previous, next)
	}
}

// The oracle reads the local clock minute by minute around every change: a day's name is the latest date shown so far, an hour begins where
// the clock shows a full hour or jumps.
func TestMinuteByMinute(t *testing.T) {
	t.Parallel()
	forEachZone(t, func(t *testing.T, c period.Calendar) {
		changes := transitions(c)
		for i := 0; i < len(changes); i += 1 + len(changes)/6 {
			checkMinutes(t, c, changes[i])
		}
	})
}

func checkMinutes(t *testing.T, c period.Calendar, change time.Time) {
	t.Helper()
	start := change.Add(-40 * time.Hour).Truncate(time.Minute)
	day, hourStart := "", time.Time{}
	_, offset := c.Local(start).Zone()
	for at := start; at.Before(change.Add(30 * time.Hour)); at = at.Add(time.Minute) {
		local := c.Local(at)
		day = max(day, local.Format(time.DateOnly))
		_, now := local.Zone()
		if local.Minute() == 0 || now != offset {
			hourStart, offset = at, now
		}
		if got := c.At(period.Day, at).Key; got != day {
			t.Fatalf("At(day, %v) has key %s, want %s", local, got, day)
		}
		if got := c.At(period.Hour, at).Start; !hourStart.IsZero() && !got.Equal(hourStart) {
			t.Fatalf("At(hour, %v) starts %v, want %v", local, got, hourStart)
		}
	}
}

func TestSplitTiles(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	forEachZone(t, func(t *testing.T, c period.Calendar) {
		random := rand.New(rand.NewPCG(seed, 7))
		for range 60 {
			at := firstInstant.Add(time.Duration(random.Int64N(int64(lastInstant.Sub(firstInstant)))))
			outer, inner := period.Grains()[random.IntN(6)], period.Grains()[random.IntN(6)]
			if outer == period.Year && inner == period.Hour {
				continue // 8,760 windows, and the same as the days' hours
			}
			checkSplit(t, c, c.At(outer, at), inner)
			odd, err := c.Period(at, at.Add(time.Duration(1+random.Int64N(int64(100*time.Hour)))))
			if err != nil {
				t.Fatal(err)
			}
			checkSplit(t, c, odd, inner)
		}
	})
}

func checkSplit(t *testing.T, c period.Calendar, w period.Window, g period.Grain) {
	t.Helper()
	cursor := w.Start
	for _, part := range c.Split(w, g) {
		if !part.Start.Equal(cursor) || part.End.After(w.End) {
			t.Fatalf("Split(%v, %s) has %v where the part from %v belongs", w, g, part, cursor)
		}
		isWhole := c.At(g, part.Start) == part
		if !isWhole && (part.Grain != period.Period || c.At(g, part.Start) != c.At(g, part.End.Add(-1))) {
			t.Fatalf("Split(%v, %s) has %v, neither whole nor a cut-off part of one", w, g, part)
		}
		if byKey, err := c.ByKey(part.Grain, part.Key); byKey != part || err != nil {
			t.Fatalf("ByKey(%s, %q) = %v, %v, want %v", part.Grain, part.Key, byKey, err, part)
		}
		cursor = part.End
	}
	if !cursor.Equal(w.End) {
		t.Fatalf("Split(%v, %s) ends at %v", w, g, cursor)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	c := calendar(t, "Europe/London")
	october := c.At(period.Month, instant(t, "2026-10-25T12:00:00Z"))
	tests := []struct {
		name string
		w    period.Window
		g    period.Grain
		want []string
	}{
		{"a month's weeks", october, period.Week, []string{"period 2026-10-01/2026-10-05", "week 2026-10-05", "week 2026-10-12", "week 2026-10-19", "period 2026-10-26/2026-11-01"}},
		{"a quarter's months", c.At(period.Quarter, october.Start), period.Month, []string{"month 2026-10-01", "month 2026-11-01", "month 2026-12-01"}},
		{"a day's months", c.At(period.Day, october.Start), period.Month, []string{"period 2026-10-01/2026-10-02"}},
		{"a grain that does not tile", october, period.Period, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := keys(c.Split(test.w, test.g)); !slices.Equal(got, test.want) {
				t.Errorf("Split = %q, want %q", got, test.want)
			}
		})
	}
	if n := len(c.Split(october, period.Day)); n != 31 {
		t.Errorf("October has %d days, want 31", n)
	}
	if n := len(c.Split(c.At(period.Day, instant(t, "2026-10-25T12:00:00Z")), period.Hour)); n != 25 {
		t.Errorf("2026-10-25 has %d hours, want 25", n)
	}
	if got := c.Between(period.Day, october.End, october.Start); got != nil {
		t.Errorf("Between an end and its start = %v, want none", got)
	}
}

func FuzzByKey(f *testing.F) {
	for _, key := range []string{"2026-10-25", "2026-10-25T00:00:00Z", "2026-10-01/2026-11-01", "0000-01-01", "9999-12-31", "/"} {
		f.Add(key)
	}
	c, err := period.New("Australia/Lord_Howe", time.Monday)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, g := range append(period.Grains(), period.Period) {
			w, err := c.ByKey(g, key)
			if err != nil {
				continue
			}
			if year := w.Start.Year(); year < 2 || year > 9990 {
				continue // beyond the dates that four digits can hold
			}
			if again, err := c.ByKey(g, w.Key); again != w || err != nil {
				t.Fatalf("ByKey(%s, %q) = %v, but by its own key %q = %v, %v", g, key, w, w.Key, again, err)
			}
		}
	})
}

func BenchmarkAtDay(b *testing.B) {
	c, err := period.New("Europe/London", time.Monday)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		c.At(period.Day, at)
	}
}
