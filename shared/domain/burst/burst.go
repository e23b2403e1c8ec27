// Package burst tells an hour in which a source brought far more new persons than it usually does at that time of the week, and makes one alert of
// the hours of one burst, with the command that takes it out again. It reads nothing: the caller brings counts and asks.
//
//	limit, isKnown := burst.History{Weeks: []int64{40, 38, 51, 44}}.Limit()
//	alerts = burst.Next(alerts, sights, now)
package burst

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"waymark/shared/domain/event"
)

// The rule. docs/quality.md says how often it is wrong on traffic in which nothing is odd.
const (
	Weeks    = 4  // that an hour is compared with
	fewWeeks = 2  // with fewer the busiest day counts instead
	Days     = 7  // of which that is
	Least    = 30 // new persons in an hour that are never a burst
	factor   = 5  // times the usual
	spreads  = 8  // above the usual
)

// How much is kept.
const (
	maxAlerts = 20 // of a workspace, the newest
	maxHours  = 24 // of an alert, the newest
	hour      = event.Millis(60 * 60 * 1000)
)

// History is what a source brought before an hour: new persons in the same hour of other weeks in which it was seen that day, and on whole days before, if
// it was seen then.
type History struct {
	Weeks []int64
	Days  []int64 // asked for where IsShort
}

// IsShort says whether there are too few weeks to compare with.
func (h History) IsShort() bool { return len(h.Weeks) < fewWeeks }

// Limit is how many new persons in the hour are not a burst yet, and how many are usual: the median of the weeks. The limit is the largest of Least,
// five times the median, and the median plus eight spreads; a spread is the median absolute deviation × 1.4826, and at least the root of the median,
// as chance alone makes it. With too few weeks it is the busiest day, for an hour that brings more than a whole day did is odd at any time; usual is then
// an hour of it. isKnown is false where there is nothing to compare with.
func (h History) Limit() (limit, usual int64, isKnown bool) {
	if h.IsShort() {
		if len(h.Days) == 0 {
			return 0, 0, false
		}
		busiest := slices.Max(h.Days)
		return max(Least, busiest), busiest / 24, true
	}
	middle := median(h.Weeks)
	apart := make([]float64, len(h.Weeks))
	for i, n := range h.Weeks {
		apart[i] = math.Abs(float64(n) - middle)
	}
	spread := max(1.4826*median(apart), math.Sqrt(middle))
	return int64(math.Ceil(max(Least, factor*middle, middle+spreads*spread))), int64(math.Round(middle)), true
}

func median[T int64 | float64](list []T) float64 {
	sorted := slices.Sorted(slices.Values(list))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[middle])
	}
	return (float64(sorted[middle-1]) + float64(sorted[middle])) / 2
}

// Hour is what a source brought in one hour, by the time at which it happened.
type Hour struct {
	Start   event.Millis `json:"start"`
	Persons int64        `json:"persons"` // new in it
	Usual   int64        `json:"usual"`
	Limit   int64        `json:"limit"`
}

// IsBurst says whether the hour is beyond its limit.
func (h Hour) IsBurst() bool { return h.Persons > h.Limit }

// Sight is a look at an hour of a source.
type Sight struct {
	Source string
	Grade  string // of the events that are to go into quarantine; "" for all of the source
	Hour
	From, To event.Millis // when what was seen came in
}

// Alert is one burst of one source.
type Alert struct {
	Source string       `json:"source"`
	Grade  string       `json:"grade,omitempty"`
	From   event.Millis `json:"from"` // of receipt
	To     event.Millis `json:"to"`   // of receipt; not part of it
	Hours  []Hour       `json:"hours"`
	Raised event.Millis `json:"raised"`
	Seen   event.Millis `json:"seen"`             // when it was looked at last
	Closed event.Millis `json:"closed,omitempty"` // 0 while it lasts
	Told   bool         `json:"told,omitempty"`   // somebody was told
}

// ID names the alert among all of its workspace.
func (a Alert) ID() string {
	return "burst-" + a.Raised.Time().Format("20060102T150405Z") + "-" + a.Source
}

// Persons are the new persons of its hours and how many are usual in these, as both are known now: after a quarantine there are fewer.
func (a Alert) Persons() (persons, usual int64) {
	for _, h := range a.Hours {
		persons, usual = persons+h.Persons, usual+h.Usual
	}
	return persons, usual
}

// Minutes is how long its hours have lasted, at least 1.
func (a Alert) Minutes() int64 {
	var lasted event.Millis
	for _, h := range a.Hours {
		lasted += min(hour, max(0, a.Seen-h.Start))
	}
	return max(1, int64(lasted)/60_000)
}

// Command takes out of the numbers what came in with the burst.
func (a Alert) Command() string {
	command := fmt.Sprintf("waymark quarantine apply --source %s --from %s --to %s", quoted(a.Source), instant(a.From), instant(a.To))
	if a.Grade != "" {
		command += " --grade " + a.Grade
	}
	return command
}

// quoted is a text as a shell takes it for one word.
func quoted(text string) string {
	isPlain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !isPlain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func instant(at event.Millis) string { return at.Time().Format("2006-01-02T15:04:05Z") }

// Next is the alerts after a look at some hours. All hours of one burst are one alert: a burst hour belongs to the alert of its source that has it, that is
// still open, or that ended no more than an hour before; else it raises one. An alert closes when a look finds no burst in what has changed nor in the
// current and the newest whole hour, and hours that are counted anew change their numbers, so what is put into quarantine closes it too.
func Next(alerts []Alert, sights []Sight, now event.Millis) []Alert {
	next := make([]Alert, len(alerts))
	for i, a := range alerts {
		a.Hours = slices.Clone(a.Hours)
		next[i] = a
	}
	sights = slices.SortedFunc(slices.Values(sights), func(a, b Sight) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Start, b.Start)) })
	isAlive := map[int]bool{}
	for _, s := range sights {
		at := slices.IndexFunc(next, func(a Alert) bool { return a.Source == s.Source && a.at(s.Start) >= 0 })
		if at < 0 && s.IsBurst() {
			at = slices.IndexFunc(next, func(a Alert) bool { return a.Source == s.Source && (a.Closed == 0 || a.touches(s.Start)) })
			if at < 0 {
				at, next = len(next), append(next, Alert{Source: s.Source, Grade: s.Grade, From: s.From, To: s.To, Raised: now})
			}
		}
		if at < 0 {
			continue
		}
		next[at].take(s, now)
		isAlive[at] = isAlive[at] || s.IsBurst()
	}
	for i := range next {
		switch a := &next[i]; {
		case isAlive[i]:
			a.Closed = 0
		case a.Closed == 0:
			a.Closed = now
		}
	}
	slices.SortStableFunc(next, func(a, b Alert) int { return cmp.Compare(a.Raised, b.Raised) })
	return next[max(0, len(next)-maxAlerts):]
}

// at is the place of an hour, -1 when the alert does not have it.
func (a *Alert) at(start event.Millis) int {
	return slices.IndexFunc(a.Hours, func(h Hour) bool { return h.Start == start })
}

// touches says whether an hour follows one of the alert's, with at most one hour between.
func (a *Alert) touches(start event.Millis) bool {
	return slices.ContainsFunc(a.Hours, func(h Hour) bool { return h.Start < start && start <= h.Start+2*hour })
}

// take notes an hour as it is now.
func (a *Alert) take(s Sight, now event.Millis) {
	if at := a.at(s.Start); at >= 0 {
		a.Hours[at] = s.Hour
	} else {
		a.Hours = append(a.Hours, s.Hour)
	}
	slices.SortFunc(a.Hours, func(a, b Hour) int { return cmp.Compare(a.Start, b.Start) })
	a.Hours = a.Hours[max(0, len(a.Hours)-maxHours):]
	if s.IsBurst() {
		a.From, a.To, a.Seen = min(a.From, s.From), max(a.To, s.To), now
	}
}
