package query

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// How GET /v1/debug/events waits. Twenty-five seconds are less than API Gateway waits, and Lambda.
const (
	longestWatch = 25 * time.Second
	lookEvery    = 250 * time.Millisecond
	maxFates     = 300             // batches that one look reads
	fatesUnsure  = 2 * time.Second // a batch that was named before may yet be written: clocks differ, and a write takes a while
	maxMarkBytes = 16 << 10
)

// debugAnswer is that of GET /v1/debug/events.
type debugAnswer struct {
	Events       []fateAnswer        `json:"events"`
	LeftOut      int                 `json:"left_out"`
	Next         string              `json:"next"`
	Mode         workspace.DebugMode `json:"mode"`
	WatchedSince *string             `json:"watched_since"`
}

type fateAnswer struct {
	Received    string    `json:"received"`
	Fate        fate.Kind `json:"fate"`
	MessageID   string    `json:"message_id"`
	Type        string    `json:"type"`
	Name        string    `json:"name"`
	Source      string    `json:"source"`
	Person      string    `json:"person"`
	Identifiers []string  `json:"identifiers"`
	Grade       string    `json:"grade"`
	Note        string    `json:"note"`
	Code        string    `json:"code"`
	Reason      string    `json:"reason"`
	Field       string    `json:"field"`
	Events      int       `json:"events"` // that the line is of: 1, or those of a refused request
	Request     string    `json:"request"`
}

func fateOf(e fate.Event) fateAnswer {
	return fateAnswer{
		Received: instant(e.Received), Fate: e.Fate, MessageID: string(e.MessageID), Type: e.Type, Name: e.Name, Source: e.Source, Person: e.Person,
		Identifiers: append([]string{}, e.Identifiers...), Grade: e.Grade, Note: e.Note, Code: e.Code, Reason: e.Reason, Field: e.Field, Events: max(e.Events, 1), Request: e.Request,
	}
}

// look is what is asked for: some events behind a mark.
type look struct {
	filter fate.Filter
	limit  int
	behind *mark // nil for the newest
	wait   time.Duration
}

// mark is where a list of fates ended. The batches that were named lately are read again, for another may yet be written between them; of each it
// is known how many of its events were given or passed over.
type mark struct {
	From string         `json:"f"` // handle
	Seen map[string]int `json:"s,omitempty"`
}

func (p mark) cursor() (string, error) {
	text, err := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(text), err
}

func readMark(cursor string) (*mark, error) {
	if cursor == "" {
		return nil, nil
	}
	var p mark
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(text) <= maxMarkBytes {
		err = json.Unmarshal(text, &p)
	}
	if _, unnamed := ledger.InstantOf(p.From); err != nil || unnamed != nil || len(p.From) > 200 {
		return nil, fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that this list gave").At("after")
	}
	return &p, nil
}

// debugEvents answers GET /v1/debug/events: what became of the events that came in lately. Asking is what makes a workspace watched.
func (h *Handler) debugEvents(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	l, err := q.look()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := debugAnswer{Events: []fateAnswer{}, Mode: h.Debug}
	if answer.WatchedSince, err = h.watch(ctx, q.workspace); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	for until := h.Now().Add(l.wait); ; {
		found, err := h.look(ctx, q.workspace.Name, l)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		l.behind, answer.LeftOut = &found.next, answer.LeftOut+found.leftOut
		for _, e := range found.events {
			answer.Events = append(answer.Events, fateOf(e))
		}
		if len(found.events) > 0 || !h.Now().Add(lookEvery).Before(until) {
			break
		}
		if !found.more {
			err = h.Sleep(ctx, lookEvery)
		}
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, fault.Wrap(fault.Unavailable, "wait_ended", err)
		}
	}
	if answer.Next, err = l.behind.cursor(); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

func (q question) look() (l look, err error) {
	l.filter = fate.Filter{
		MessageID: q.Query.Get("messageId"), Type: q.Query.Get("type"), Name: q.Query.Get("event"), Source: q.Query.Get("source"),
		Fate: fate.Kind(q.Query.Get("fate")),
	}
	if l.filter.Fate != "" && !slices.Contains(fate.Kinds(), l.filter.Fate) {
		return l, fault.Newf(fault.Invalid, "unknown_fate", "there is no fate %q; an event is accepted, rejected, refused or failed", l.filter.Fate).At("fate")
	}
	if text := q.Query.Get("wait"); text != "" {
		if l.wait, err = time.ParseDuration(text); err != nil || l.wait < 0 || l.wait > longestWatch {
			return l, fault.Newf(fault.Invalid, "bad_wait", "wait is a time such as 5s, at most %s", longestWatch).At("wait")
		}
	}
	if l.limit, err = q.limit(); err != nil {
		return l, err
	}
	l.behind, err = readMark(q.Query.Get("after"))
	return l, err
}

// watch makes the workspace watched, or longer so, and says since when every event is listed; nil when that does not depend on it. Fault: NotFound
// debug_off.
func (h *Handler) watch(ctx context.Context, w workspace.Workspace) (since *string, err error) {
	switch h.Debug {
	case workspace.DebugAlways:
		return nil, nil
	case workspace.DebugNever:
		return nil, fault.New(fault.NotFound, "debug_off", "it is not listed here what becomes of events: the template's parameter DebugEvents is never")
	}
	watch, changed := w.Watch.Look(event.At(h.Now()))
	if changed {
		if err := h.Fates.Watch(ctx, w.Name, watch); err != nil {
			return nil, fmt.Errorf("watch workspace: %w", err)
		}
	}
	text := instant(watch.Since())
	return &text, nil
}

// found is what one look has found.
type found struct {
	events  []fate.Event // in the order in which they were processed
	leftOut int
	next    mark
	more    bool // there is more to read at once
}

func (h *Handler) look(ctx context.Context, ws string, l look) (found, error) {
	horizon := ledger.HandleAt(event.At(h.Now().Add(-fatesUnsure)))
	if l.behind == nil {
		return h.newest(ctx, ws, l, horizon)
	}
	batches, next, err := h.Fates.Fates(ctx, ws, l.behind.From, maxFates)
	if err != nil {
		return found{}, fmt.Errorf("read fates: %w", err)
	}
	f := found{next: mark{From: max(horizon, l.behind.From), Seen: map[string]int{}}, more: next != ""}
	if next != "" {
		f.next.From = min(f.next.From, next)
	}
	for _, b := range batches {
		taken := min(l.behind.Seen[b.Handle], len(b.Events))
		if taken == 0 {
			f.leftOut += b.LeftOut
		}
		for ; taken < len(b.Events) && len(f.events) < l.limit; taken++ {
			if l.filter.Matches(b.Events[taken]) {
				f.events = append(f.events, b.Events[taken])
			}
		}
		f.next.Seen[b.Handle] = taken
		if taken < len(b.Events) {
			f.next.From, f.more = min(f.next.From, b.Handle), true
			break
		}
	}
	f.next.forget()
	return f, nil
}

// forget drops what is known of batches before the mark.
func (p *mark) forget() {
	for handle := range p.Seen {
		if handle < p.From {
			delete(p.Seen, handle)
		}
	}
}

// newest finds the events that were processed last.
func (h *Handler) newest(ctx context.Context, ws string, l look, horizon string) (found, error) {
	batches, err := h.Fates.LatestFates(ctx, ws, maxFates)
	if err != nil {
		return found{}, fmt.Errorf("read fates: %w", err)
	}
	f := found{next: mark{From: horizon, Seen: map[string]int{}}}
	for _, b := range batches {
		f.next.Seen[b.Handle] = len(b.Events)
		for i := len(b.Events) - 1; i >= 0 && len(f.events) < l.limit; i-- {
			if l.filter.Matches(b.Events[i]) {
				f.events = append(f.events, b.Events[i])
			}
		}
		if len(f.events) < l.limit {
			f.leftOut += b.LeftOut
		}
	}
	slices.Reverse(f.events)
	f.next.forget()
	return f, nil
}
