package burst_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/burst"
	"waymark/shared/domain/event"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		history burst.History
		want    string // limit, usual
	}{
		{"never seen", burst.History{}, "unknown"},
		{"one week alone", burst.History{Weeks: []int64{50}}, "unknown"},
		{"one week, and days", burst.History{Weeks: []int64{50}, Days: []int64{480, 240}}, "480 20"},
		{"a few quiet days", burst.History{Days: []int64{0, 3}}, "30 0"},
		{"always nobody", burst.History{Weeks: []int64{0, 0, 0, 0}}, "30 0"},
		{"few: the spread of chance", burst.History{Weeks: []int64{3, 3}}, "30 3"},
		{"few", burst.History{Weeks: []int64{9, 9}}, "45 9"},
		{"alike", burst.History{Weeks: []int64{100, 100, 100}}, "500 100"}, // five times
		{"spread", burst.History{Weeks: []int64{100, 10, 250, 100}}, "634 100"},
		{"one week was a burst itself", burst.History{Weeks: []int64{100, 100, 100, 90_000}}, "500 100"},
		{"two weeks", burst.History{Weeks: []int64{100, 200}}, "750 150"},
	} {
		limit, usual, isKnown := c.history.Limit()
		got := fmt.Sprint(limit, " ", usual)
		if !isKnown {
			got = "unknown"
		}
		if got != c.want {
			t.Errorf("%s: limit and usual are %s, want %s", c.name, got, c.want)
		}
	}
}

const hour = event.Millis(60 * 60 * 1000)

var noon = event.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))

func sight(source string, at event.Millis, persons int64) burst.Sight {
	return burst.Sight{
		Source: source, Grade: "public", Hour: burst.Hour{Start: noon + at*hour, Persons: persons, Usual: 40, Limit: 120}, From: noon + at*hour, To: noon + (at+1)*hour,
	}
}

// short says of each alert its source, hours, persons, minutes and whether it is open.
func short(alerts []burst.Alert) string {
	var out []string
	for _, a := range alerts {
		persons, usual := a.Persons()
		state := "open"
		if a.Closed != 0 {
			state = "closed"
		}
		out = append(out, fmt.Sprintf("%s %s-%s %d/%d in %d min %s", a.Source, a.From.Time().Format("15"), a.To.Time().Format("15"), persons, usual, a.Minutes(), state))
	}
	return strings.Join(out, "; ")
}

// One burst is one alert, however often it is looked at and however many hours it lasts; another source's is another, and so is one after a pause.
func TestNext(t *testing.T) {
	t.Parallel()
	type step struct {
		at     event.Millis // minutes after noon
		sights []burst.Sight
		want   string
	}
	const open = "site 12-13 500/40 in 30 min open"
	for name, steps := range map[string][]step{
		"nothing odd":            {{30, []burst.Sight{sight("site", 0, 120)}, ""}},
		"looked at again":        {{30, []burst.Sight{sight("site", 0, 500)}, open}, {35, []burst.Sight{sight("site", 0, 600)}, "site 12-13 600/40 in 35 min open"}},
		"the same numbers again": {{30, []burst.Sight{sight("site", 0, 500)}, open}, {30, []burst.Sight{sight("site", 0, 500)}, open}},
		"it goes on": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{65, []burst.Sight{sight("site", 0, 900), sight("site", 1, 200)}, "site 12-14 1100/80 in 65 min open"},
		},
		"it is over": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{125, []burst.Sight{sight("site", 1, 40), sight("site", 2, 3)}, "site 12-13 500/40 in 30 min closed"},
			{130, nil, "site 12-13 500/40 in 30 min closed"},
		},
		"taken out": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{40, []burst.Sight{sight("site", 0, 38)}, "site 12-13 38/40 in 30 min closed"},
		},
		"taken out and brought back": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{40, []burst.Sight{sight("site", 0, 38)}, "site 12-13 38/40 in 30 min closed"},
			{50, []burst.Sight{sight("site", 0, 500)}, "site 12-13 500/40 in 50 min open"},
		},
		"a quiet hour between": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{125, nil, "site 12-13 500/40 in 30 min closed"},
			{150, []burst.Sight{sight("site", 2, 300)}, "site 12-15 800/80 in 90 min open"},
		},
		"another burst": {
			{30, []burst.Sight{sight("site", 0, 500)}, open},
			{125, nil, "site 12-13 500/40 in 30 min closed"},
			{330, []burst.Sight{sight("site", 5, 300)}, "site 12-13 500/40 in 30 min closed; site 17-18 300/40 in 30 min open"},
		},
		"two sources": {{30, []burst.Sight{sight("site", 0, 500), sight("app", 0, 130)}, "app 12-13 130/40 in 30 min open; " + open}},
		"spread over older hours": {
			{30, []burst.Sight{sight("site", -9, 200), sight("site", -5, 200), sight("site", 0, 200)}, "site 03-13 600/120 in 150 min open"},
		},
	} {
		var alerts []burst.Alert
		for i, s := range steps {
			before, _ := json.Marshal(alerts)
			next := burst.Next(alerts, s.sights, noon+s.at*60_000)
			if after, _ := json.Marshal(alerts); string(after) != string(before) {
				t.Errorf("%s: step %d changed what it was given", name, i)
			}
			if alerts = next; short(alerts) != s.want {
				t.Errorf("%s: after step %d the alerts are\n%s\nwant\n%s", name, i, short(alerts), s.want)
			}
		}
	}
}

// However many bursts there are, the newest stay.
func TestNextIsBounded(t *testing.T) {
	t.Parallel()
	var alerts []burst.Alert
	for n := range event.Millis(100) {
		alerts = burst.Next(alerts, []burst.Sight{sight("site", 5*n, 500)}, noon+(5*n)*hour)
		alerts = burst.Next(alerts, nil, noon+(5*n+3)*hour)
	}
	if len(alerts) != 20 || alerts[19].From != noon+495*hour {
		t.Errorf("%d alerts are kept, the newest from %s", len(alerts), alerts[len(alerts)-1].From.Time())
	}
	var long []burst.Alert
	for n := range event.Millis(100) {
		long = burst.Next(long, []burst.Sight{sight("site", n, 500)}, noon+n*hour)
	}
	if len(long) != 1 || len(long[0].Hours) != 24 || long[0].From != noon || long[0].To != noon+100*hour {
		t.Errorf("a burst of 100 hours is %s", short(long))
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"site":    "waymark quarantine apply --source site --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z --grade public",
		"it's; x": `waymark quarantine apply --source 'it'\''s; x' --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z --grade public`,
		"":        "waymark quarantine apply --source '' --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z --grade public",
	} {
		alerts := burst.Next(nil, []burst.Sight{sight(source, 0, 500)}, noon)
		if got := alerts[0].Command(); got != want {
			t.Errorf("the command of source %q is\n%s\nwant\n%s", source, got, want)
		}
	}
	server := sight("crm", 0, 500)
	server.Grade = ""
	if got, want := burst.Next(nil, []burst.Sight{server}, noon)[0].Command(), "waymark quarantine apply --source crm --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z"; got != want {
		t.Errorf("the command of a server is\n%s\nwant\n%s", got, want)
	}
}

// null is a year of hours of a source in which nothing is odd: a day has its hours, a week its days, the season goes up and down by a half, each day is
// better or worse than usual by a third or so, and each hour by a sixth; what is left is chance.
func null(r *rand.Rand, perHour float64) []int64 {
	const weeks = 56
	hours := make([]int64, weeks*168)
	mood := 1.0
	for n := range hours {
		at := n % 168
		if n%24 == 0 {
			mood = math.Exp(0.3*r.NormFloat64() - 0.045)
		}
		rate := perHour * mood * math.Exp(0.15*r.NormFloat64()-0.01125)
		rate *= 1 + 0.9*math.Sin(2*math.Pi*float64(at%24-8)/24)
		rate *= 1 + 0.5*math.Sin(2*math.Pi*float64(n)/float64(52*168))
		if at/24 >= 5 {
			rate *= 0.6
		}
		hours[n] = poisson(r, rate)
	}
	return hours
}

func poisson(r *rand.Rand, rate float64) int64 {
	if rate > 200 {
		return max(0, int64(math.Round(rate+math.Sqrt(rate)*r.NormFloat64())))
	}
	n, p := int64(0), r.Float64()
	for limit := math.Exp(-rate); p > limit; n++ {
		p *= r.Float64()
	}
	return n
}

// TestFalseAlarms: how many alerts a source raises in a year in which nothing is odd, and how many bursts of ten times the usual are missed. docs/quality.md
// says what this prints.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	const sources = 20
	for _, perHour := range []float64{1, 10, 100, 1000, 10_000} {
		r := rand.New(rand.NewPCG(16, uint64(perHour)))
		false1, hours, missed, tried := 0, 0, 0, 0
		for range sources {
			counts := null(r, perHour)
			last := -10
			for n := 4 * 168; n < len(counts); n++ {
				limit, usual, _ := burst.History{Weeks: []int64{counts[n-168], counts[n-336], counts[n-504], counts[n-672]}}.Limit()
				hours++
				if counts[n] > limit {
					if n > last+2 {
						false1++
					}
					last = n
				}
				if n%97 == 0 && usual >= 10 {
					tried++
					if counts[n]+9*usual <= limit {
						missed++
					}
				}
			}
		}
		years := float64(hours) / 8760
		t.Logf("%6.0f new persons an hour: %d false alerts in %.0f years of hours, %.2f a year; %d of %d bursts of nine times the usual more are missed",
			perHour, false1, years, float64(false1)/years, missed, tried)
		if rate := float64(false1) / years; rate > 1 {
			t.Errorf("%.2f false alerts a year at %.0f new persons an hour, want at most 1", rate, perHour)
		}
		if missed*50 > tried {
			t.Errorf("%d of %d bursts are missed at %.0f new persons an hour", missed, tried, perHour)
		}
	}
}
