// Package failed operates what could not be processed: it lists failed events, shows and edits one, puts them back on the queue, and looks at
// and redrives dead letters. It is the one place that says what these steps are and in which order they are made; functions/query offers them
// to the keys of a workspace, the command line to an operator.
//
// It decides neither what is bad nor what is accepted: package event does, when process reads the event again.
//
//	service := failed.Service{Records: table, Changes: table, Queue: touchpoints, Dead: deadLetters, Decode: queue.Decode, Now: time.Now}
//	shown, err := service.Show(ctx, "demo", id)
package failed

import (
	"context"
	"encoding/json"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

// Records reads failed events, the one received last first. FailedByID answers NotFound, Failed answers Invalid for a cursor that is none.
// ReplayFailed notes a replay and gives the records as they are at that moment, without the ids that are not there.
type Records interface {
	Failed(ctx context.Context, ws, class, cursor string, limit int) (page []event.Failed, next string, err error)
	FailedByID(ctx context.Context, ws, id string) (event.Failed, error)
	ReplayFailed(ctx context.Context, ws string, ids []string, at event.Millis) ([]event.Failed, error)
}

// Changes changes failed events. EditFailed answers NotFound, and Conflict while a replay is on its way.
type Changes interface {
	EditFailed(ctx context.Context, ws, id, edited string, at event.Millis) (event.Failed, error)
	DeleteFailed(ctx context.Context, ws, id string) error
}

// Queue takes events on their way to process. Both answer nil only when all are queued.
type Queue interface {
	Send(ctx context.Context, envelopes []event.Envelope) error
	SendBodies(ctx context.Context, bodies []string) error
}

// Dead holds the messages that failed too often. What is received and neither deleted nor given back shows up again after a time.
type Dead interface {
	Receive(ctx context.Context, limit int, hidden time.Duration) ([]event.Message, error)
	Requeue(ctx context.Context, messages []event.Message) error
	Delete(ctx context.Context, messages []event.Message) error
}

// Service is where failed events are handled. Every field must be set.
type Service struct {
	Records Records
	Changes Changes
	Queue   Queue
	Dead    Dead
	Decode  func(body string) (event.Envelope, error)
	Now     func() time.Time

	Workspaces Workspaces    // with Plans: what the sources of the events demand
	Plans      *plan.Checker // nil = nothing
}

// Workspaces reads one workspace; NotFound when there is none.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
}

// shownBytes is how much of an original a list shows: 500 of them must fit into one answer of a function.
const shownBytes = 4 << 10

// Row is a failed event in a list.
type Row struct {
	ID       string     `json:"id"`
	Class    string     `json:"class"`
	Reason   string     `json:"reason"`
	Field    string     `json:"field,omitempty"`
	Source   string     `json:"source"`
	Type     event.Type `json:"type,omitempty"` // of the route it came by
	Received string     `json:"received"`
	Request  string     `json:"request"`
	Index    int        `json:"index"`
	Handler  string     `json:"handler"`
	Original string     `json:"original"` // its beginning when it is long
	Bytes    int        `json:"bytes"`    // of the whole original
	Edited   string     `json:"edited_at,omitempty"`
	Replayed string     `json:"replayed_at,omitempty"` // it is on its way back to process
	Whole    bool       `json:"whole,omitempty"`       // a whole message of the queue
}

// List is one page of failed events.
type List struct {
	Failed []Row   `json:"failed"`
	Next   *string `json:"next"`
}

// Document is everything known of one failed event.
type Document struct {
	Row
	SentAt  string          `json:"sent_at,omitempty"` // of the batch
	Context json.RawMessage `json:"context,omitempty"` // of the batch
	Edit    *Edit           `json:"edit"`
	Expires string          `json:"expires"`
	Verdict Verdict         `json:"verdict"`
}

// Edit is the text that a replay sends in place of the original.
type Edit struct {
	Text string `json:"text"`
	At   string `json:"at"`
}

// Verdict is what this release thinks of the text that a replay would send.
type Verdict struct {
	Accepted bool   `json:"accepted"`
	Class    string `json:"class,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Field    string `json:"field,omitempty"`
}

// List gives a page of failed events, of one class or of all ("").
func (s Service) List(ctx context.Context, ws, class, cursor string, limit int) (List, error) {
	page, next, err := s.Records.Failed(ctx, ws, class, cursor, limit)
	if err != nil {
		return List{}, err
	}
	list := List{Failed: make([]Row, len(page)), Next: optional(next)}
	for i, f := range page {
		list.Failed[i] = row(f)
		list.Failed[i].Original = beginning(f.Original)
	}
	return list, nil
}

// Show gives everything known of one failed event.
func (s Service) Show(ctx context.Context, ws, id string) (Document, error) {
	f, err := s.Records.FailedByID(ctx, ws, id)
	if err != nil {
		return Document{}, err
	}
	return s.document(ctx, f), nil
}

func (s Service) document(ctx context.Context, f event.Failed) Document {
	doc := Document{Row: row(f), SentAt: f.SentAt, Context: f.Context, Expires: instant(f.Expires()), Verdict: s.verdict(ctx, f)}
	if f.EditedAt != 0 {
		doc.Edit = &Edit{Text: f.Edited, At: instant(f.EditedAt)}
	}
	return doc
}

func (s Service) verdict(ctx context.Context, f event.Failed) Verdict {
	err := error(nil)
	if f.Whole {
		_, err = s.Decode(f.Sent())
	} else {
		err = f.Check(s.asked(ctx, f))
	}
	if err == nil {
		return Verdict{Accepted: true}
	}
	v := event.VerdictOf(err, "")
	return Verdict{Class: v.Class, Reason: v.Reason, Field: v.Field}
}

// asked is what the event's source demands now. Where nobody can say, process will.
func (s Service) asked(ctx context.Context, f event.Failed) event.Check {
	if s.Plans == nil {
		return nil
	}
	w, err := s.Workspaces.Workspace(ctx, f.Workspace)
	if err != nil {
		return nil
	}
	check, _ := s.Plans.For(w.PolicyOf(f.Source)) // what it cannot read it does not ask
	return event.Both(check, trust.Of(w, f.Source).JudgeReplay(f.Proven))
}

func row(f event.Failed) Row {
	return Row{
		ID: f.ID, Class: f.Class, Reason: f.Reason, Field: f.Field, Source: f.Source, Type: f.Type, Received: instant(f.Received),
		Request: f.Request, Index: f.Index, Handler: f.Handler, Original: f.Original, Bytes: len(f.Original),
		Edited: instant(f.EditedAt), Replayed: instant(f.Replayed), Whole: f.Whole,
	}
}

// beginning cuts text at a character.
func beginning(text string) string {
	if len(text) <= shownBytes {
		return text
	}
	end := shownBytes
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return text[:end]
}

// instant writes a time for people and programs alike: RFC 3339 in UTC with milliseconds; "" for none.
func instant(at event.Millis) string {
	if at == 0 {
		return ""
	}
	return at.Time().Format("2006-01-02T15:04:05.000Z07:00")
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
