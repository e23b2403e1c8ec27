package scenarios

import (
	"fmt"
	"strings"
	"time"
)

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"
)

// clock reads times as they are written in a scenario, in the zone of its workspace.
type clock struct {
	location *time.Location
	last     time.Time // the time written before, which a date left out and +10m refer to
}

// read takes one or two words, "2026-03-01 09:00", "09:00" or "+10m", and says how many it took.
func (c *clock) read(list []string) (at time.Time, took int, err error) {
	if len(list) == 0 {
		return at, 0, fmt.Errorf("a time is missing; write 2026-03-01 09:00, 09:00 or +10m")
	}
	if later, isLater := strings.CutPrefix(list[0], "+"); isLater {
		wait, err := duration(later)
		if err != nil || c.last.IsZero() {
			return at, 0, fmt.Errorf("%q needs a time before it and a duration such as +10m", list[0])
		}
		c.last = c.last.Add(wait)
		return c.last, 1, nil
	}
	date, words := c.last.In(c.location).Format(time.DateOnly), list
	if _, err := time.Parse(time.DateOnly, list[0]); err == nil {
		date, words = list[0], list[1:]
	} else if c.last.IsZero() {
		return at, 0, fmt.Errorf("%q has no date, and no time before it has one", list[0])
	}
	if len(words) == 0 {
		return at, 0, fmt.Errorf("the date %s needs a time of day", date)
	}
	at, err = c.instant(date + " " + words[0])
	if err != nil {
		return at, 0, err
	}
	c.last = at
	return at, len(list) - len(words) + 1, nil
}

// instant reads a local time. Where the clock shows it twice or never, an offset must say which is meant: 01:30+01:00.
func (c *clock) instant(text string) (time.Time, error) {
	for _, layout := range []string{minuteLayout, secondLayout} {
		if at, err := time.Parse(layout+"Z07:00", text); err == nil {
			return at, nil
		}
		at, err := time.ParseInLocation(layout, text, c.location)
		if err != nil {
			continue
		}
		if at.Format(layout) != text {
			return at, fmt.Errorf("the clock of %s never shows %s", c.location, text)
		}
		for _, shift := range []time.Duration{-2 * time.Hour, -time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
			if at.Add(shift).Format(layout) == text {
				return at, fmt.Errorf("the clock of %s shows %s twice; write which is meant, such as %s", c.location, text, at.Format(layout+"Z07:00"))
			}
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-03-01 09:00 or 2026-03-01 09:00:30", text)
}

// duration reads 90s, 10m, 36h or 2d.
func duration(text string) (time.Duration, error) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		hours, err := time.ParseDuration(days + "h")
		return 24 * hours, err
	}
	return time.ParseDuration(text)
}
