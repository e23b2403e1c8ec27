package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Count is what became of the cases of one kind: requests, and their events by fate. Their sum is what was sent.
type Count struct{ Requests, Accepted, Rejected, Refused int }

// Tally counts by kind.
type Tally map[string]Count

// String has a line for each kind.
func (t Tally) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-24s %8s %8s %8s %8s\n", "", "requests", "accepted", "rejected", "refused")
	sum := Count{}
	line := func(kind string, c Count) {
		fmt.Fprintf(&out, "%-24s %8d %8d %8d %8d\n", kind, c.Requests, c.Accepted, c.Rejected, c.Refused)
	}
	for _, kind := range slices.Sorted(maps.Keys(t)) {
		line(kind, t[kind])
		sum = Count{sum.Requests + t[kind].Requests, sum.Accepted + t[kind].Accepted, sum.Rejected + t[kind].Rejected, sum.Refused + t[kind].Refused}
	}
	line("sum", sum)
	return out.String()
}

// Check looks for what became of every event, in the failed events and in the persons that the read API shows, and says what is wrong.
func Check(ctx context.Context, get Get, cases []Case, answers []Answer) (Tally, []string) {
	l := &ledger{tally: Tally{}, claimed: map[place]bool{}}
	var err error
	if l.failed, err = readFailed(ctx, get); err != nil {
		return nil, []string{err.Error()}
	}
	if l.people, err = readPeople(ctx, get, identifiers(cases)); err != nil {
		return nil, []string{err.Error()}
	}
	for i, c := range cases {
		l.check(c, answers[i])
	}
	for where, f := range l.failed {
		if !l.claimed[where] {
			l.problem("the failed events hold %s at %d of request %s, of which no answer said so: %.200s", f.Class, where.index, where.request, f.Original)
		}
	}
	return l.tally, l.problems
}

// place is where an event stood.
type place struct {
	request string
	index   int
}

type ledger struct {
	failed   map[place]failed
	people   map[string]person
	claimed  map[place]bool // failed events that an answer explains
	tally    Tally
	problems []string
}

func (l *ledger) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *ledger) check(c Case, a Answer) {
	count := l.tally[c.Kind]
	count.Requests++
	defer func() { l.tally[c.Kind] = count }()
	rejected, code, known := a.classes()
	what := fmt.Sprintf("%s, %q (request %s, answer %d %.300s)", c.Kind, clip(c.Name), a.Request, a.Status, a.Body)
	if a.Status < 200 || a.Status >= 500 || c.Status != 0 && a.Status != c.Status || c.Code != "" && code != c.Code {
		l.problem("%s: want status %d (0: any below 500) and code %q", what, c.Status, c.Code)
	}
	if a.Status != 200 {
		count.Refused += len(c.Events)
		l.checkNothingStored(c, a, what)
		return
	}
	if len(rejected) > len(c.Events) {
		l.problem("%s: more events are rejected than were sent", what)
	}
	for i, e := range c.Events {
		if e.Absent != "" && l.people[e.Absent].known {
			l.problem("%s: somebody is known as %q", what, e.Absent)
		}
		class := rejected[i]
		if f, found := l.failed[place{a.Request, i}]; !known && found {
			class = f.Class // an image cannot say it
		}
		if e.Class != AsAnswered && class != e.Class {
			l.problem("%s: event %d is rejected as %q, want %q", what, i, class, e.Class)
		}
		if class != "" {
			count.Rejected++
			l.checkKept(place{a.Request, i}, e, class, what)
			continue
		}
		count.Accepted++
		l.checkFound(i, e, what)
	}
}

func clip(s string) string { return s[:min(len(s), 80)] }

// checkNothingStored: a client that was told no may send it again, or somewhere else.
func (l *ledger) checkNothingStored(c Case, a Answer, what string) {
	for i, e := range c.Events {
		if _, found := l.failed[place{a.Request, i}]; found && a.Request != "" {
			l.problem("%s: the request is refused and its event %d is among the failed ones", what, i)
		}
		if e.ID != "" && l.people[e.Who].touchpoints[e.ID] != nil {
			l.problem("%s: the request is refused and its event %d is in the timeline of %q", what, i, e.Who)
		}
	}
}

// checkKept: a rejected event is in the failed-events store under its class, with what was sent.
func (l *ledger) checkKept(where place, e Event, class, what string) {
	l.claimed[where] = true
	kept, found := l.failed[where]
	switch {
	case !found:
		l.problem("%s: event %d was answered as kept with %s and is not among the failed ones", what, where.index, class)
	case kept.Class != class || kept.Reason == "":
		l.problem("%s: event %d is kept as %s (%s), the answer says %s", what, where.index, kept.Class, kept.Reason, class)
	case e.Raw == nil && class == "too_large" && !strings.Contains(kept.Original, `"too_large":true`):
		l.problem("%s: of event %d this is kept: %.200s, want its beginning and its size", what, where.index, kept.Original)
	case e.Raw != nil && !sameJSON([]byte(kept.Original), e.Raw):
		l.problem("%s: of event %d this is kept: %.200s, want what was sent: %.200s", what, where.index, kept.Original, e.Raw)
	}
	if e.ID != "" && l.people[e.Who].touchpoints[e.ID] != nil && e.Class != AsAnswered {
		l.problem("%s: event %d is rejected and in the timeline of %q as well", what, where.index, e.Who)
	}
}

// checkFound: an accepted event is where events of its type go.
func (l *ledger) checkFound(i int, e Event, what string) {
	p := l.people[e.Who]
	if e.ID != "" {
		item := p.touchpoints[e.ID]
		if item == nil {
			l.problem("%s: event %d is accepted and not in the timeline of %q", what, i, e.Who)
		} else if e.Named != "" && item.Name != spoken(e.Named) {
			l.problem("%s: event %d is named %q, want %q", what, i, item.Name, e.Named)
		}
	}
	for name, value := range e.Traits {
		if got, found := p.traits[name]; !found || !sameJSON(got, object(value)) {
			l.problem("%s: event %d is accepted and the trait %q of %q is %s, want %s", what, i, name, e.Who, got, object(value))
		}
	}
	if _, found := p.traits[e.Dropped]; found && e.Dropped != "" {
		l.problem("%s: event %d left a trait beyond the limits with %q", what, i, e.Who)
	}
	if e.Linked != "" && !p.identifiers[e.Linked] {
		l.problem("%s: event %d is accepted and %q is not linked to %q", what, i, e.Linked, e.Who)
	}
	if e.ID == "" && e.Traits == nil && e.Linked == "" && len(e.Raw) > 0 && !bytes.Contains(e.Raw, []byte("identify")) {
		l.problem("%s: event %d is accepted and nobody knows where to look for it: %.200s", what, i, e.Raw)
	}
}

// spoken is a name as it is kept: control characters are spaces.
func spoken(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, name)
}

// sameJSON compares token by token, so that keys that come twice and the order of keys count, and numbers by their text. A body that is no JSON
// is the same as no other.
func sameJSON(a, b []byte) bool {
	x, errX := tokens(a)
	y, errY := tokens(b)
	return errX == nil && errY == nil && slices.Equal(x, y)
}

func tokens(raw []byte) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(raw, []byte("\ufffd"))))
	decoder.UseNumber()
	var out []string
	for {
		token, err := decoder.Token()
		if err != nil {
			if err.Error() == "EOF" {
				return out, nil
			}
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		out = append(out, alike(fmt.Sprintf("%T %v", token, token)))
	}
}
