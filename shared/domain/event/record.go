package event

import "encoding/json"

// Record is one accepted event as the archive keeps it: who, what and how they came, never traits.
type Record struct {
	Workspace   string       `json:"w"`
	Type        Type         `json:"t"`
	Identifiers []Identifier `json:"i"`
	Previous    []Identifier `json:"p,omitempty"`
	Marketing   Marketing    `json:"m"`
	Request     string       `json:"q,omitempty"` // with Index: which delivery by a client this is; redelivered by the queue it is the same
	Index       int          `json:"x,omitempty"`
	Agent       string       `json:"a,omitempty"` // user agent, so that changed bot rules can be applied to the past
	Touchpoint  Touchpoint   `json:"e"`           // of identify, group and alias: id, source and times alone
}

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
	Original  string          `json:"original"` // the bytes as queued
}

// Envelope is the queue message that replays the failed event as it was first received.
func (f Failed) Envelope() Envelope {
	return Envelope{
		Version: EnvelopeVersion, Workspace: f.Workspace, Source: f.Source, Received: f.Received, Request: f.Request, SentAt: f.SentAt,
		Context: f.Context, Type: f.Type, First: f.Index, Replay: f.ID, Events: []json.RawMessage{json.RawMessage(f.Original)},
	}
}
