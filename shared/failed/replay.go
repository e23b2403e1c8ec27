package failed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
)

// MaxReplay is how many failed events one order puts back on the queue; what has more is replayed page by page.
const MaxReplay = 1000

// maxWholes is the same for whole messages, which may have a megabyte each.
const maxWholes = 50

// Edit keeps a corrected event beside the original, which stays, and says what this release thinks of it. Errors: fault.Invalid with code
// too_large, not_an_object or not_editable; fault.NotFound; fault.Conflict with code replay_on_its_way; fault.Unavailable.
func (s Service) Edit(ctx context.Context, ws, id string, corrected []byte) (Document, error) {
	if n := len(corrected); n > event.MaxEventBytes {
		return Document{}, fault.Newf(fault.Invalid, "too_large", "the event has %d bytes, the limit is %d", n, event.MaxEventBytes)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(corrected, &members); err != nil || members == nil {
		return Document{}, fault.New(fault.Invalid, "not_an_object", "the body must be the corrected event, a JSON object, and nothing else")
	}
	if ws == event.Nobody {
		return Document{}, fault.New(fault.Invalid, "not_editable", "a whole message is replayed as it was; only events can be edited")
	}
	edited := string(bytes.TrimSpace(corrected))
	if v, err := strictjson.Parse(edited); err == nil { // what no reader takes is kept as it is, and says why in its verdict
		edited = redact.Event(v).Raw()
	}
	f, err := s.Changes.EditFailed(ctx, ws, id, edited, event.At(s.Now()))
	if err != nil {
		return Document{}, err
	}
	return s.document(ctx, f), nil
}

// Discard is done with a failed event that nobody wants. NotFound when it is not there.
func (s Service) Discard(ctx context.Context, ws, id string) error {
	if _, err := s.Records.FailedByID(ctx, ws, id); err != nil {
		return err
	}
	return s.Changes.DeleteFailed(ctx, ws, id)
}

// Order says what is to be replayed: some events by id, a class, or all.
type Order struct {
	IDs    []string `json:"ids,omitempty"`
	Class  string   `json:"class,omitempty"`
	All    bool     `json:"all,omitempty"`
	Cursor string   `json:"cursor,omitempty"` // of a class or of all: where the answer before left off
}

// Replayed is what became of an order.
type Replayed struct {
	Success    bool     `json:"success"`
	Replayed   int      `json:"replayed"`
	Missing    []string `json:"missing"`    // ids that are not there (any more)
	Unreadable []string `json:"unreadable"` // whole messages that this release cannot read either: they stay
	Next       *string  `json:"next"`
}

func (o Order) check() error {
	kinds := 0
	for _, named := range []bool{len(o.IDs) > 0, o.Class != "", o.All} {
		if named {
			kinds++
		}
	}
	if kinds != 1 {
		return fault.New(fault.Invalid, "bad_replay", "name ids, a class or all, one of them")
	}
	if len(o.IDs) > 0 && o.Cursor != "" {
		return fault.New(fault.Invalid, "bad_replay", "a cursor goes on with a class or with all; ids have none").At("cursor")
	}
	if n := len(o.IDs); n > MaxReplay {
		return fault.Newf(fault.Invalid, "too_many_ids", "there are %d ids, the limit is %d", n, MaxReplay).At("ids")
	}
	return nil
}

// Replay puts failed events back on the queue as they were first received, edited ones with their new text. A record goes when process accepts
// the event; one that fails again stays, with its newest verdict. Replaying twice changes nothing. Errors: fault.Invalid with code bad_replay,
// too_many_ids or bad_cursor; fault.Unavailable, and then some may be queued.
func (s Service) Replay(ctx context.Context, ws string, order Order) (Replayed, error) {
	if err := order.check(); err != nil {
		return Replayed{}, err
	}
	answer := Replayed{Success: true, Missing: []string{}, Unreadable: []string{}}
	ids, err := s.wanted(ctx, ws, order, &answer)
	if err != nil {
		return Replayed{}, err
	}
	wanted, err := s.Records.ReplayFailed(ctx, ws, ids, event.At(s.Now()))
	if err != nil {
		return Replayed{}, fmt.Errorf("note replay: %w", err)
	}
	there := map[string]bool{}
	var envelopes []event.Envelope
	for _, f := range wanted {
		there[f.ID] = true
		envelope, err := s.envelope(f)
		if err != nil {
			return Replayed{}, err
		}
		envelopes = append(envelopes, envelope)
	}
	for _, id := range order.IDs {
		if !there[id] && !slices.Contains(answer.Unreadable, id) {
			answer.Missing = append(answer.Missing, id)
		}
	}
	if answer.Replayed = len(envelopes); answer.Replayed == 0 {
		return answer, nil
	}
	if err := s.Queue.Send(ctx, envelopes); err != nil {
		return Replayed{}, fmt.Errorf("queue failed events: %w", err)
	}
	return answer, nil
}

// wanted lists which records are to be replayed, and notes in the answer where a page ends and which messages nobody can read. Those stay as
// they are: put on the queue, they would come back at once.
func (s Service) wanted(ctx context.Context, ws string, order Order, answer *Replayed) ([]string, error) {
	if len(order.IDs) > 0 && ws != event.Nobody {
		return distinct(order.IDs), nil
	}
	page, err := s.page(ctx, ws, order, answer)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range page {
		if _, err := s.envelope(f); err != nil {
			answer.Unreadable = append(answer.Unreadable, f.ID)
			continue
		}
		ids = append(ids, f.ID)
	}
	return ids, nil
}

// page reads the records that an order means.
func (s Service) page(ctx context.Context, ws string, order Order, answer *Replayed) ([]event.Failed, error) {
	if len(order.IDs) == 0 {
		limit := MaxReplay
		if ws == event.Nobody {
			limit = maxWholes
		}
		page, next, err := s.Records.Failed(ctx, ws, order.Class, order.Cursor, limit)
		answer.Next = optional(next)
		return page, err
	}
	var page []event.Failed
	for _, id := range distinct(order.IDs) {
		f, err := s.Records.FailedByID(ctx, ws, id)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		page = append(page, f)
	}
	return page, nil
}

// envelope is the message that replays a record. A whole message goes as it says, once a release can read it.
func (s Service) envelope(f event.Failed) (event.Envelope, error) {
	if !f.Whole {
		return f.Envelope(), nil
	}
	said, err := s.Decode(f.Sent())
	if err != nil {
		return event.Envelope{}, err
	}
	return f.Carries(said), nil
}

func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	var out []string
	for _, id := range ids {
		if !seen[id] {
			out = append(out, id)
		}
		seen[id] = true
	}
	return out
}
