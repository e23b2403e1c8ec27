package event

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"waymark/shared/domain/fault"
)

// KeepFailed is how long a failed event can be seen and replayed, from its receipt on.
const KeepFailed = 30 * 24 * time.Hour

// Nobody stands for the workspace of messages that name none, or one that does not exist. No key opens it; no workspace can have this name.
const Nobody = "_unknown"

// Failed is an event that was taken and can never be processed as it is, kept with its reason until it is replayed or expires.
type Failed struct {
	ID        string          `json:"id"` // of the record: the same for every delivery of the same event
	Workspace string          `json:"workspace"`
	Source    string          `json:"source"`
	Class     string          `json:"class"` // code of the fault
	Reason    string          `json:"reason"`
	Field     string          `json:"field,omitempty"`
	Handler   string          `json:"handler"` // version of the program that rejected it
	Received  Millis          `json:"received"`
	Request   string          `json:"request"`
	Index     int             `json:"index"`
	SentAt    string          `json:"sent_at,omitempty"`
	Context   json.RawMessage `json:"context,omitempty"`
	Type      Type            `json:"type,omitempty"`
	Proven    []Identifier    `json:"proven,omitempty"` // by its context.proof, which is not kept
	Whole     bool            `json:"whole,omitempty"`  // Original is a whole message of the queue, not one event
	Original  string          `json:"original"`         // the bytes as queued, but for the proof; nothing changes them
	Edited    string          `json:"edited,omitempty"`
	EditedAt  Millis          `json:"edited_at,omitempty"` // of Edited, which a replay sends in place of Original; 0 when there is none
	Replayed  Millis          `json:"replayed,omitempty"`  // when it was put back on the queue; 0 once it has failed again
}

// LifeOfMessage is the longest that a replay can lie in the queues; after that it is not on its way any more.
const LifeOfMessage = 14 * 24 * time.Hour

const maxPlaceBytes = 1024 // of a sort key of DynamoDB

// Cursor is what a list of failed events that ended at the place gives its reader to go on.
func Cursor(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }

// Place is where the list of a cursor ended, the time of receipt in 15 digits and an id; "" for no cursor. Not ok for a cursor that no list gave: it
// must not reach a store as a key.
func Place(cursor string) (place string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	place = string(raw)
	return place, err == nil && (place == "" || isPlace(place))
}

func isPlace(place string) bool {
	received, _, found := strings.Cut(place, "#")
	_, err := strconv.ParseUint(received, 10, 64)
	return found && err == nil && len(received) == 15 && len(place) <= maxPlaceBytes && utf8.ValidString(place)
}

// Verdict says why something cannot be processed, in the words of one release.
type Verdict struct {
	Class   string // code of the fault
	Reason  string
	Field   string // that is to blame, "" when it is none in particular
	Handler string // version of the program
}

// VerdictOf reads the verdict out of the error that a release has met.
func VerdictOf(err error, handler string) Verdict {
	v := Verdict{Class: fault.CodeOf(err), Reason: err.Error(), Handler: handler}
	if known, ok := err.(*fault.Error); ok {
		v.Reason, v.Field = known.Message, known.Field
	}
	return v
}

// Judged is the failed event with another verdict.
func (f Failed) Judged(v Verdict) Failed {
	f.Class, f.Reason, f.Field, f.Handler = v.Class, v.Reason, v.Field, v.Handler
	return f
}

// Verdict is why the event failed last.
func (f Failed) Verdict() Verdict { return Verdict{f.Class, f.Reason, f.Field, f.Handler} }

// Expires is when the record is forgotten.
func (f Failed) Expires() Millis { return f.Received.Add(KeepFailed) }

// Sent is what a replay sends: the edited text if there is one, else the original.
func (f Failed) Sent() string {
	if f.EditedAt != 0 {
		return f.Edited
	}
	return f.Original
}

// Check says what Parse and its source's check think of what a replay would send: nil when it would be accepted. It cannot say this of a whole message.
func (f Failed) Check(asked Check) error {
	e, err := Parse([]byte(f.Sent()), f.Envelope().Stamp(0))
	if err != nil {
		return err
	}
	return asked.Of(&e)
}

// Envelope is the queue message that replays the failed event as it was first received: same time, request and place in it.
func (f Failed) Envelope() Envelope {
	return Envelope{
		Version: EnvelopeVersion, Workspace: f.Workspace, Source: f.Source, Received: f.Received, Request: f.Request, SentAt: f.SentAt,
		Context: f.Context, Type: f.Type, First: f.Index, Replay: f.ID, Proven: f.Proven, Events: []json.RawMessage{json.RawMessage(f.Sent())},
	}
}

// ofNobody begins the Replay of a whole message, whose record is not in the workspace that the message names.
const ofNobody = Nobody + "#"

// Carries is the envelope that replays a record that was kept as a whole message; the envelope is what the message says.
func (f Failed) Carries(e Envelope) Envelope {
	e.Replay = ofNobody + f.ID
	return e
}

// Replays names the record that the envelope is a replay of: that of one event, or that of a whole message among those of Nobody. Both are
// empty when it is no replay.
func (e Envelope) Replays() (one, whole string) {
	if id, found := strings.CutPrefix(e.Replay, ofNobody); found {
		return "", id
	}
	return e.Replay, ""
}
