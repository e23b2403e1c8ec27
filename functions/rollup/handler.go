// Package rollup brings the numbers of a workspace up to date on demand, and those of all on a schedule. What it does is package settle; here is how
// it is asked, and how far it has come.
//
// A demand is a promise: everything that was stored when it came is counted. Its id is that instant, behind the name of a generation that is not the
// one in use, and it is kept when a settle that began later has ended. POST works on it for as long as an answer may take, and so does whoever asks how far it is; a schedule finishes what nobody asks for.
//
// The folder lambda beside it holds main, so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package rollup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Workspaces Workspaces
	Store      Store
	Settler    *settle.Settler
	Compactor  Compactor
	Reader     httpapi.Authorise
	Now        func() time.Time
	Sleep      func(ctx context.Context, d time.Duration) error
}

// Handler settles workspaces.
type Handler struct{ Config }

// New returns a handler.
func New(c Config) *Handler { return &Handler{c} }

// Handle takes a firing of the schedule, which concerns every workspace, or a request, which concerns that of its key.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	trigger := httpapi.Trigger{Now: h.Now, Authorise: h.Reader, Methods: methods, Fired: h.all, Demanded: h.demanded}
	return trigger.Handle(ctx, raw)
}

func methods(asked string) string {
	if asked == path {
		return http.MethodPost
	}
	return httpapi.Reads
}

func (h *Handler) all(ctx context.Context, _ string, now time.Time) (any, error) {
	workspaces, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	results, err := h.Settler.All(ctx, workspaces, event.At(now))
	return map[string]any{"rollups": results}, errors.Join(err, h.compact(ctx, workspaces))
}

// Progress is how far a demand has come.
type Progress struct {
	ID string `json:"id"`
	settle.Result
	Waiting int `json:"waiting"` // batches of events and persons due that are not counted yet, at most maxWaiting
}

const (
	maxWaiting  = 1000
	longestWait = 25 * time.Second // of a request: API Gateway gives up after 30
	pollEvery   = 200 * time.Millisecond
)

const path = "/v1/rollups"

func (h *Handler) demanded(ctx context.Context, r httpapi.Request, key workspace.Key) (any, error) {
	w, err := h.Workspaces.Workspace(ctx, key.Workspace)
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	id, isAsked := strings.CutPrefix(r.Path, path+"/")
	if isAsked {
		return h.asked(ctx, r, w, id)
	}
	if err := r.CheckQuery(nil, nil); err != nil {
		return nil, err
	}
	d := demand{at: event.At(h.Now())}
	if d.generation, err = readGeneration(r.Body); err != nil {
		return nil, err
	}
	progress, err := h.work(ctx, w, d, true, longestWait)
	return httpapi.Accepted{Body: progress}, err
}

// Generations beside the one in use, whose name is "".
const (
	next   = "next"   // that a rebuild makes
	former = "former" // that a rebuild took the place of
)

// demand is what is asked for: that a generation is settled up to an instant.
type demand struct {
	generation string
	at         event.Millis
}

func (d demand) id() string {
	if d.generation == "" {
		return strconv.FormatInt(int64(d.at), 10)
	}
	return fmt.Sprintf("%s-%d", d.generation, d.at)
}

// readID reads the id of a demand that was made by now.
func readID(id string, now time.Time) (demand, error) {
	generation, digits, isNamed := strings.Cut(id, "-")
	if !isNamed {
		generation, digits = "", id
	}
	at, err := strconv.ParseInt(digits, 10, 64)
	d := demand{generation, event.Millis(at)}
	isKnown := slices.Contains([]string{"", next, former}, generation)
	if err != nil || !isKnown || !d.at.Plausible() || at > now.UnixMilli() || d.id() != id {
		return d, fault.New(fault.NotFound, "unknown_rollup", "there is no such rollup: POST /v1/rollups answers with the id of one")
	}
	return d, nil
}

// readGeneration reads the generation that a body names.
func readGeneration(body []byte) (string, error) {
	var asked struct {
		Generation string `json:"generation,omitempty"`
	}
	if len(body) > 0 {
		if err := httpapi.ReadBody(body, `{"generation":"next"}, or left out`, &asked); err != nil {
			refused, _ := errors.AsType[*fault.Error](err)
			return "", fault.New(fault.Invalid, "bad_json", refused.Message).At(refused.Field)
		}
	}
	return asked.Generation, nil
}

// generation is the workspace as it is when a generation is in use.
func generation(w workspace.Workspace, name string) (workspace.Workspace, error) {
	switch name {
	case "":
		return w, nil
	case next:
		if pending, isPending := w.Next(); isPending {
			return pending, nil
		}
		return w, fault.New(fault.Conflict, "no_pending_generation", "no rebuild is under way: start one with `waymark rebuild`").At("generation")
	case former:
		if old, isKept := w.Old(); isKept {
			return old, nil
		}
		return w, fault.New(fault.Conflict, "no_former_generation", "no former generation is kept").At("generation")
	}
	return w, fault.Newf(fault.Invalid, "bad_generation", `the generation is "next", "former" or left out, not %q`, name).At("generation")
}

// asked answers GET /v1/rollups/{id}, and works on it while it waits.
func (h *Handler) asked(ctx context.Context, r httpapi.Request, w workspace.Workspace, id string) (any, error) {
	if err := r.CheckQuery([]string{"wait"}, nil); err != nil {
		return nil, err
	}
	d, err := readID(id, h.Now())
	if err != nil {
		return nil, err
	}
	wait := time.Duration(0)
	if text := r.Query.Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > longestWait {
			return nil, fault.Newf(fault.Invalid, "bad_wait", "wait is a time such as 10s, at most %s", longestWait).At("wait")
		}
	}
	return h.work(ctx, w, d, false, wait)
}

// work settles until a demand is kept or the time is over. Of a new one nothing is believed that was settled before: another function's clock may
// be ahead, and a settle may have begun in the very millisecond. Nor is one believed that knew other quarantines.
func (h *Handler) work(ctx context.Context, in workspace.Workspace, d demand, isNew bool, wait time.Duration) (Progress, error) {
	p := Progress{ID: d.id(), Result: settle.Result{Workspace: in.Name}}
	w, err := generation(in, d.generation)
	if err != nil {
		return p, err
	}
	until := h.Now().Add(wait)
	for ; ; isNew = false {
		state, err := h.Store.State(ctx, w.Namespace())
		if err != nil {
			return p, fmt.Errorf("read state: %w", err)
		}
		if p.IsDone = !isNew && state.Settled >= d.at && settle.IsCounted(state, w); p.IsDone || !h.Now().Before(until) {
			break
		}
		if err := h.turn(ctx, w, until, &p); err != nil {
			return p, err
		}
	}
	p.Waiting, err = Waiting(ctx, h.Store, w.Namespace(), event.At(h.Now()))
	return p, err
}

// turn is one run, or a while of waiting for another that is at it.
func (h *Handler) turn(ctx context.Context, w workspace.Workspace, until time.Time, p *Progress) error {
	r, err := h.Settler.Begin(ctx, w, event.At(h.Now()))
	for more := true; err == nil && r != nil && more; {
		if more, err = r.Next(ctx); err == nil && (!more || !h.Now().Before(until)) {
			err = r.End(ctx, !more)
			more = false
		}
	}
	if r != nil {
		p.Persons, p.Windows, p.Changed = p.Persons+r.Result().Persons, p.Windows+r.Result().Windows, p.Changed+r.Result().Changed
	}
	if r == nil || fault.CodeOf(err) == "overtaken" {
		if err != nil && fault.CodeOf(err) != "overtaken" {
			return err
		}
		return h.Sleep(ctx, pollEvery)
	}
	return err
}

// Waiting counts what is not settled yet: batches of events, and notes of persons who are due, at most maxWaiting of each.
func Waiting(ctx context.Context, store Store, ns workspace.Namespace, now event.Millis) (int, error) {
	state, err := store.State(ctx, ns)
	if err != nil {
		return 0, fmt.Errorf("read state: %w", err)
	}
	batches, _, err := store.Batches(ctx, ns, state.Cursor, maxWaiting)
	if err != nil {
		return 0, fmt.Errorf("read records: %w", err)
	}
	n := 0
	for _, b := range batches {
		if !state.IsSettled(b.Handle) {
			n++
		}
	}
	dues, _, err := store.Dues(ctx, ns, now, maxWaiting)
	if err != nil {
		return 0, fmt.Errorf("read dues: %w", err)
	}
	return n + len(dues), nil
}
