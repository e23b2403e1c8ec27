package event

import (
	"encoding/json"
	"slices"
	"sort"
)

// Envelope is one message of the touchpoint queue: some events of one request with what the collector knows about it,
// or the note that a request was refused, which has no events. What collect has accepted travels as it was read; what
// it has found bad, and every replay, travels as it was sent, and is read when the envelope is opened.
type Envelope struct {
	Version   int
	Workspace string
	Source    string
	Received  Millis
	Request   string
	SentAt    string            // batch level, for members of Events without one
	Context   json.RawMessage   // batch level, lies under the own context of each of Events
	Type      Type              // of Events, set by a route of one type; "" leaves it to each event
	Network   string            // of Events, that the request came from; "" where it is not kept
	First     int               // index in the request of the first of Events, when they stand side by side there
	At        []int             // index in the request of each of Events, when they do not; ascending
	Replay    string            // failed-event record that this message is a replay of
	Proven    []Identifier      // of a replay: what its event proved when it failed
	Refused   *Refused          // of a note alone
	Events    []json.RawMessage // as sent
	Parsed    []Event           // as read, in the order of the request
}

// EnvelopeVersion is written by this release; older ones stay readable, newer ones are failed events of class
// version_too_new. Version 1 had neither At nor Parsed.
const EnvelopeVersion = 2

// Len counts the events.
func (e Envelope) Len() int { return len(e.Events) + len(e.Parsed) }

// Indexes gives the places in the request of all events, ascending.
func (e Envelope) Indexes() []int {
	out := make([]int, 0, e.Len())
	for i := range e.Events {
		out = append(out, e.index(i))
	}
	for _, one := range e.Parsed {
		out = append(out, one.Index)
	}
	slices.Sort(out)
	return out
}

func (e Envelope) index(i int) int {
	if e.At != nil {
		return e.At[i]
	}
	return e.First + i
}

// Halves splits the envelope by the order of the request; not ok when there are fewer than two events.
func (e Envelope) Halves() (first, second Envelope, ok bool) {
	if e.Len() < 2 {
		return e, Envelope{}, false
	}
	middle := e.Indexes()[e.Len()/2]
	raw := sort.Search(len(e.Events), func(i int) bool { return e.index(i) >= middle })
	parsed := sort.Search(len(e.Parsed), func(i int) bool { return e.Parsed[i].Index >= middle })
	first, second = e, e
	first.Events, second.Events = e.Events[:raw], e.Events[raw:]
	first.Parsed, second.Parsed = e.Parsed[:parsed], e.Parsed[parsed:]
	if e.At == nil {
		second.First += raw
		return first, second, true
	}
	first.At, second.At = e.At[:raw], e.At[raw:]
	return first, second, true
}

// Stamp is what is known of one of Events besides its own bytes.
func (e Envelope) Stamp(i int) Stamp {
	return Stamp{
		Workspace: e.Workspace, Source: e.Source, Received: e.Received, Request: e.Request,
		SentAt: e.SentAt, Context: e.Context, Type: e.Type, Index: e.index(i), Network: e.Network,
	}
}

// Stamp is what the collector knows of an event besides its own bytes.
type Stamp struct {
	Workspace string
	Source    string
	Received  Millis
	Request   string // id of the request, unique
	Index     int    // place in the request
	SentAt    string
	Context   json.RawMessage
	Type      Type
	Network   string
}

// Rejected is an event of an envelope that can never be processed as it is.
type Rejected struct {
	Stamp Stamp
	Raw   []byte // as it was queued
	Err   error  // of Parse
}

// Check says whether an event is what its source may send; the error is of kind fault.Invalid. A nil Check asks nothing.
type Check func(e *Event) error

// Of holds an event against the check.
func (c Check) Of(e *Event) error {
	if c == nil {
		return nil
	}
	return c(e)
}

// Both asks two checks, the second if the first has nothing against the event.
func Both(first, second Check) Check {
	return func(e *Event) error {
		if err := first.Of(e); err != nil {
			return err
		}
		return second.Of(e)
	}
}

// Open gives the events of the envelope: the accepted ones in the order of the request, with KeepOrder done, and the
// others with the reason. Those that are read here are held against the checks; those in Parsed were, by who read them.
func (e Envelope) Open(checks ...Check) (accepted []Event, rejected []Rejected) {
	accepted = append(make([]Event, 0, e.Len()), e.Parsed...)
	if len(e.Events) > 0 {
		reader := NewReader(e.Stamp(0))
		for i, raw := range e.Events {
			one, err := reader.Parse(raw, e.index(i))
			for _, check := range checks {
				if err == nil {
					err = check.Of(&one)
				}
			}
			if err != nil {
				rejected = append(rejected, Rejected{e.Stamp(i), raw, err})
				continue
			}
			accepted = append(accepted, one)
		}
		slices.SortStableFunc(accepted, func(a, b Event) int { return a.Index - b.Index })
	}
	KeepOrder(accepted)
	return accepted, rejected
}
