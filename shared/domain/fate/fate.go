// Package fate describes what became of an event, for whoever watches events come in: its type and name, its fate and the reason. It holds nothing of
// what an event says and no identifier: a person is told from another by four digits. It is a help for people who set up tracking and for their tests.
// Nothing is counted from it, and a loss of it is no loss.
//
//	seen := fate.Rejected(failed)
//	list := fate.Bounded([]fate.Event{seen})
package fate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// Keep is how long it is listed what became of an event.
const Keep = time.Hour

// Kind is one of the four fates.
type Kind string

// The fates. A failed event comes again, from the queue or as a dead letter.
const (
	Accepted Kind = "accepted" // taken
	Rejected Kind = "rejected" // kept as a failed event, with its reason
	Refused  Kind = "refused"  // told to the client as wrong; nothing of the request was taken
	Failed   Kind = "failed"   // back to the queue
)

// Kinds are all fates.
func Kinds() []Kind { return []Kind{Accepted, Rejected, Refused, Failed} }

// Event is what became of one event, or of all events of one refused request, of which nothing else is known.
type Event struct {
	Fate        Kind         `json:"fate"`
	Received    event.Millis `json:"received"`
	MessageID   event.ID     `json:"message_id,omitempty"`
	Type        string       `json:"type,omitempty"`
	Name        string       `json:"name,omitempty"`
	Source      string       `json:"source,omitempty"`
	Request     string       `json:"request,omitempty"`     // id of the request that it came with
	Person      string       `json:"person,omitempty"`      // kind of the identifier it is kept under, with four digits made of it: "anon 7f3a"
	Identifiers []string     `json:"identifiers,omitempty"` // kinds of all its identifiers
	Grade       string       `json:"grade,omitempty"`       // of an accepted event: how far it is believed
	Note        string       `json:"note,omitempty"`        // of an accepted event: what was not taken as it says
	Code        string       `json:"code,omitempty"`        // of the fault
	Reason      string       `json:"reason,omitempty"`      // a sentence that quotes nothing of the event
	Field       string       `json:"field,omitempty"`       // to blame
	Events      int          `json:"events,omitempty"`      // of a refused request, as far as they could be told apart
}

// Batch is what became of some events that were processed together.
type Batch struct {
	Handle  string  `json:"-"` // begins with the time at which it was written, see ledger.HandleAt
	Events  []Event `json:"events"`
	LeftOut int     `json:"left_out,omitempty"` // events for which there was no room
}

// Taken is what became of an accepted event.
func Taken(e event.Event) Event {
	out := Event{
		Fate: Accepted, Received: e.Received, MessageID: e.ID, Type: string(e.Type), Name: name(e.Name), Source: e.Source, Request: e.Request,
		Grade: e.Grade.String(),
	}
	if e.Unproven {
		out.Note = unproven
	}
	for _, id := range e.Identifiers {
		out.Identifiers = append(out.Identifiers, string(id.Kind()))
	}
	if len(e.Identifiers) > 0 {
		out.Person = person(e.Workspace, e.PrimaryID())
	}
	return out
}

// unproven is the note on an event whose source takes signed users alone.
const unproven = "identity: unproven; it is kept without the identifiers that it does not prove"

// person tells one identifier from another without saying it.
func person(workspace string, id event.Identifier) string {
	sum := sha256.Sum256([]byte(workspace + "#" + string(id)))
	return string(id.Kind()) + " " + hex.EncodeToString(sum[:2])
}

// Kept is what became of an event that is kept as a failed one. Of its bytes only the message id, the type and the name are looked at, as far as
// they can be read.
func Kept(f event.Failed) Event {
	out := Event{
		Fate: Rejected, Received: f.Received, Type: string(f.Type), Source: f.Source, Request: f.Request,
		Code: f.Class, Reason: WithoutQuotes(f.Reason), Field: f.Field,
	}
	v, err := strictjson.Parse(f.Original)
	if err != nil || v.Kind() != strictjson.Object {
		return out
	}
	text := func(member string) string {
		if m := v.Get(member); m.Kind() == strictjson.Text {
			return m.Scalar()
		}
		return ""
	}
	out.MessageID = event.ID(clipped(text("messageId")))
	if out.Type == "" {
		out.Type = clipped(text("type"))
	}
	if out.Name = name(text("event")); out.Name == "" {
		out.Name = name(text("name"))
	}
	return out
}

// Told is what became of a refused request.
func Told(r event.Refusal) Event {
	return Event{
		Fate: Refused, Received: r.Received, Source: r.Source, Request: r.Request, Code: r.Code, Events: r.Events,
		Reason: cmp.Or(WithoutQuotes(r.Reason), "the client was told why; docs/api.md explains the code"),
	}
}

// Again is an event that goes back to the queue, whatever would have become of it.
func (e Event) Again(code string) Event {
	e.Fate, e.Grade, e.Note, e.Code, e.Field = Failed, "", "", code, ""
	e.Reason = "it could not be stored now and comes again; after five tries it is a dead letter"
	return e
}

// MaxEvents bounds how many events one batch lists.
const MaxEvents = 500

// Bounded is a batch of as many events as there is room for: bad ones first, for they are looked for, but in the order in which they came.
func Bounded(events []Event) Batch {
	b := Batch{Events: events}
	if len(events) <= MaxEvents {
		return b
	}
	room := MaxEvents - min(MaxEvents, countOf(events, func(e Event) bool { return e.Fate != Accepted }))
	b.Events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
		if e.Fate != Accepted {
			return false
		}
		room--
		return room < 0
	})
	b.Events = b.Events[:MaxEvents]
	b.LeftOut = len(events) - MaxEvents
	return b
}

func countOf(events []Event, is func(Event) bool) (n int) {
	for _, e := range events {
		if is(e) {
			n++
		}
	}
	return n
}

const maxTextBytes = 200

// clipped is text that a screen can show: no control characters, 200 bytes at most.
func clipped(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, text)
	if len(text) <= maxTextBytes {
		return text
	}
	end := maxTextBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// name is the name of an event, unless it may be the name of a person: an address or a long number.
func name(text string) string {
	digits := 0
	for _, r := range text {
		if digits++; r < '0' || r > '9' {
			digits = 0
		}
		if r == '@' || digits == 5 {
			return "…"
		}
	}
	return clipped(text)
}

// WithoutQuotes takes out of a reason what it quotes of an event.
func WithoutQuotes(reason string) string {
	parts := strings.Split(reason, `"`)
	for i := 1; i < len(parts)-1; i += 2 {
		parts[i] = "…"
	}
	if len(parts)%2 == 0 { // a quote without an end
		parts[len(parts)-1] = "…"
	}
	return clipped(strings.Join(parts, `"`))
}
