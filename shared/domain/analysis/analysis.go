// Package analysis is how the lives of persons are read: what is asked, the lives themselves, and the answer as tables of numbers that carry what
// they rest on. Each analysis is a package of its own that reads lives and gives tables; this one has what they share, so that parameters, segments,
// intervals and answers are the same in all of them.
//
// It reads no clock and stores nothing. Who loads the lives is package analyse.
//
//	plan, err := retention.Analysis.Prepare(question)
//	answer, err := plan.Answer(lives)
package analysis

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Analysis is one way of reading lives.
type Analysis struct {
	Name       string // in the address: /v1/analyses/retention
	Version    int    // raised whenever the same question about the same lives is answered otherwise
	Sentence   string // what it answers, for help and documentation
	Parameters []Parameter
	// Prepare reads the parameters. Faults, all Invalid, name the parameter, what was said of it and what may be.
	Prepare func(q Question) (Plan, error)
}

// Parameter is one that an analysis has beside those that all have: from, to, zone, by, segment.
type Parameter struct {
	Name     string
	Sentence string   // what it says, with its unit
	Values   []string // that may be given; nil where the sentence says so
	Default  string
	IsList   bool // it may be repeated
}

// Question is what is asked of a workspace.
type Question struct {
	Calendar  period.Calendar // of the report: its zone and first day of the week
	From, To  time.Time       // what the numbers are of: [From, To)
	Now       event.Millis    // nothing is known of what comes from here on
	By        Breakdown       // the zero Breakdown is none
	Segment   Segment         // whom the numbers are of; the zero Segment is everybody
	Currency  string          // the workspace's own
	Said      map[string][]string
	Documents map[string][]byte // what the workspace has settled, by kind, as JSON: "funnels", "costs", …
}

// Start and End are the bounds of the question.
func (q Question) Start() event.Millis { return event.At(q.From) }

// End is the first instant that the numbers are not of.
func (q Question) End() event.Millis { return event.At(q.To) }

// Known is the end of the question, or now, whichever comes first: nothing is known of what comes later.
func (q Question) Known() event.Millis { return min(q.End(), q.Now) }

// Text gives what a parameter says, "" where nothing is said.
func (q Question) Text(name string) string {
	if said := q.Said[name]; len(said) > 0 {
		return said[0]
	}
	return ""
}

// List gives all that a parameter says, commas parting values too.
func (q Question) List(name string) []string {
	var out []string
	for _, said := range q.Said[name] {
		for text := range strings.SplitSeq(said, ",") {
			if text = strings.TrimSpace(text); text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

// Number reads a whole number within bounds. Fault: Invalid bad_parameter.
func (q Question) Number(name string, otherwise, least, most int) (int, error) {
	text := q.Text(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, Bad(name, "%s is a whole number from %d to %d, not %.40q", name, least, most, text)
	}
	return n, nil
}

// Choice reads one of the values of a parameter. Fault: Invalid bad_parameter.
func (q Question) Choice(name string, values ...string) (string, error) {
	text := cmp.Or(q.Text(name), values[0])
	if !slices.Contains(values, text) {
		return "", Bad(name, "%s is one of %s, not %.40q", name, strings.Join(values, ", "), text)
	}
	return text, nil
}

// Duration reads a length of time: 30m, 24h, 7d. Fault: Invalid bad_parameter.
func (q Question) Duration(name string, otherwise, most time.Duration) (time.Duration, error) {
	text := q.Text(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, 0), 100_000)) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > most {
		return 0, Bad(name, "%s is a length of time such as 30m, 24h or 7d, at most %s, not %.40q", name, LengthOf(most), text)
	}
	return d, nil
}

// LengthOf writes a length of time as Duration reads it.
func LengthOf(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}

// Bad is the fault of a parameter.
func Bad(name, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_parameter", format, args...).At(name)
}

// Day is the date of an instant in the report's zone, as 2026-10-25.
func (q Question) Day(at event.Millis) string {
	return q.Calendar.Local(at.Time()).Format(time.DateOnly)
}

// Instant is an instant with its offset, in the report's zone.
func (q Question) Instant(at event.Millis) string {
	return q.Calendar.Local(at.Time()).Format(time.RFC3339)
}

// Plan is a question that was understood.
type Plan struct {
	From, To event.Millis // steps that are read, [From, To); a From of 0 is the beginning of all lives
	Columns  step.Columns // that are read; all others are empty
	Answer   func(lives Lives) (Answer, error)
}
