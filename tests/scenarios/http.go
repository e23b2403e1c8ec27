package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
)

// HTTPConfig is how to reach a running system. Every field must be set.
type HTTPConfig struct {
	URL             string
	CreateWorkspace func(ctx context.Context, w Workspace, model string) (Keys, error) // makes an empty workspace of that name
	Run             string                                                             // makes the names of workspaces unique
	Client          *http.Client
	Now             func() time.Time
	Pause           func(ctx context.Context, d time.Duration) error
}

// Keys open a workspace.
type Keys struct{ Write, Secret string }

// HTTP is a whole running system as a System, seen from outside: events go in by POST /v1/batch, and before a question is asked the queue is
// empty and everything is rolled up. Events are received when they are delivered, whatever the scenario says.
type HTTP struct {
	HTTPConfig
	keys  Keys
	dirty bool // something was delivered since the last rollup
}

// How long a queue may take to drain.
const (
	pollEvery = 50 * time.Millisecond
	maxPolls  = 1200
)

// NewHTTP makes a workspace for one scenario under one stage model.
func NewHTTP(ctx context.Context, c HTTPConfig, s Scenario, model string) (*HTTP, error) {
	w := s.Workspace
	w.Name = fmt.Sprintf("%s-%s-%s", w.Name, model, c.Run)
	keys, err := c.CreateWorkspace(ctx, w, model)
	if err != nil {
		return nil, fmt.Errorf("create workspace %s: %w", w.Name, err)
	}
	return &HTTP{HTTPConfig: c, keys: keys}, nil
}

// Deliver sends a batch; one bad event is an error, because a scenario has none.
func (h *HTTP) Deliver(ctx context.Context, b Batch) error {
	var list []map[string]any
	for _, m := range b {
		sent := maps.Clone(m.Event)
		if m.Slow != 0 {
			sent["sentAt"] = stamp(h.Now().Add(-m.Slow))
		}
		list = append(list, sent)
	}
	body, err := json.Marshal(map[string]any{"batch": list})
	if err != nil {
		return fmt.Errorf("write batch: %w", err)
	}
	h.dirty = true
	return h.call(ctx, http.MethodPost, "/v1/batch?strict=1", body, nil)
}

// call sends a request and reads the answer into out.
func (h *HTTP) call(ctx context.Context, method, path string, body []byte, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(h.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+h.keys.Secret)
	if strings.HasPrefix(path, "/v1/batch") {
		request.SetBasicAuth(h.keys.Write, "")
	}
	response, err := h.Client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end; nothing is lost
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s %s answered %d: %s", method, path, response.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}

// settle waits until the queue is empty and then rolls up.
func (h *HTTP) settle(ctx context.Context) error {
	if !h.dirty {
		return nil
	}
	for range maxPolls {
		var status struct {
			Queues struct {
				Touchpoints struct {
					Waiting  int `json:"waiting"`
					InFlight int `json:"in_flight"`
				} `json:"touchpoints"`
			} `json:"queues"`
			Failed map[string]int `json:"failed"`
		}
		if err := h.call(ctx, http.MethodGet, "/v1/status", nil, &status); err != nil {
			return err
		}
		if len(status.Failed) > 0 {
			return fmt.Errorf("the system rejected events: %v", status.Failed)
		}
		if status.Queues.Touchpoints.Waiting+status.Queues.Touchpoints.InFlight == 0 {
			h.dirty = false
			return h.rollup(ctx)
		}
		if err := h.Pause(ctx, pollEvery); err != nil {
			return err
		}
	}
	return fmt.Errorf("the queue is not empty after %s", maxPolls*pollEvery)
}

// rollup asks for a rollup and waits for its end.
func (h *HTTP) rollup(ctx context.Context) error {
	var progress struct {
		ID   string `json:"id"`
		Done bool   `json:"done"`
	}
	err := h.call(ctx, http.MethodPost, "/v1/rollups", nil, &progress)
	for range maxPolls {
		if err != nil || progress.Done {
			return err
		}
		err = h.call(ctx, http.MethodGet, "/v1/rollups/"+progress.ID+"?wait=20s", nil, &progress)
	}
	return fmt.Errorf("rollup %s does not end (%w)", progress.ID, err)
}

// profileJSON is the answer of GET /v1/profiles/{id}.
type profileJSON struct {
	Person      event.Identifier `json:"person"`
	Identifiers []struct {
		ID event.Identifier `json:"id"`
	} `json:"identifiers"`
	Traits map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"traits"`
	Stage struct {
		History []struct {
			Stage   string    `json:"stage"`
			Entered time.Time `json:"entered"`
		} `json:"history"`
	} `json:"stage"`
	FirstSeen   time.Time      `json:"first_seen"`
	LastSeen    time.Time      `json:"last_seen"`
	Touchpoints int            `json:"touchpoints"`
	Channels    map[string]int `json:"channels"`
	Orders      struct {
		Count   int `json:"count"`
		Revenue []struct {
			Currency string `json:"currency"`
			Amount   string `json:"amount"`
		} `json:"revenue"`
	} `json:"orders"`
}

// Person asks for a profile.
func (h *HTTP) Person(ctx context.Context, id event.Identifier) (Person, error) {
	if err := h.settle(ctx); err != nil {
		return Person{}, err
	}
	var said profileJSON
	if err := h.call(ctx, http.MethodGet, "/v1/profiles/"+url.PathEscape(string(id)), nil, &said); err != nil {
		return Person{}, err
	}
	p := Person{
		Root: said.Person, Traits: map[string]string{}, FirstSeen: said.FirstSeen, LastSeen: said.LastSeen, Touchpoints: said.Touchpoints,
		Channels: said.Channels, Orders: said.Orders.Count, Revenue: map[string]string{},
	}
	for _, m := range said.Identifiers {
		p.Identifiers = append(p.Identifiers, m.ID)
	}
	for name, t := range said.Traits {
		p.Traits[name] = plain(t.Value)
	}
	for _, v := range said.Stage.History {
		p.Visits = append(p.Visits, Visit{v.Stage, v.Entered})
	}
	for _, r := range said.Orders.Revenue {
		p.Revenue[r.Currency] = r.Amount
	}
	return p, nil
}

// KPIs asks for one window.
func (h *HTTP) KPIs(ctx context.Context, w period.Window, by kpi.Dimension) ([]kpi.Row, error) {
	if err := h.settle(ctx); err != nil {
		return nil, err
	}
	query := url.Values{
		"grain": {string(w.Grain)}, "by": {string(by)}, "from": {w.Start.UTC().Format(time.RFC3339)}, "to": {w.End.UTC().Format(time.RFC3339)},
	}
	var said struct {
		Rows []struct {
			Metric      kpi.Name                 `json:"metric"`
			Start       time.Time                `json:"start"`
			End         time.Time                `json:"end"`
			Dimensions  map[kpi.Dimension]string `json:"dimensions"`
			Numerator   json.RawMessage          `json:"numerator"`
			Denominator *int64                   `json:"denominator"`
			N           int64                    `json:"n"`
			Unit        string                   `json:"unit"`
		} `json:"rows"`
	}
	if err := h.call(ctx, http.MethodGet, "/v1/kpis?"+query.Encode(), nil, &said); err != nil {
		return nil, err
	}
	var out []kpi.Row
	var err error
	for _, r := range said.Rows {
		if !r.Start.Equal(w.Start) || !r.End.Equal(w.End) {
			return nil, fmt.Errorf("asked for %s to %s, got a row of %s to %s", w.Start, w.End, r.Start, r.End)
		}
		row := kpi.Row{Metric: r.Metric, Dimension: by, Value: r.Dimensions[by], Unit: r.Unit, Denominator: r.Denominator, N: r.N}
		if row.Numerator, err = numerator(row, r.Numerator); err != nil {
			return nil, fmt.Errorf("read %s: %w", r.Metric, err)
		}
		out = append(out, row)
	}
	return out, nil
}

// numerator reads a whole number, or of money a decimal text.
func numerator(row kpi.Row, said json.RawMessage) (n wide.Int, err error) {
	if row.IsMoney() {
		var sum money.Sum
		err = json.Unmarshal(said, &sum)
		return sum.Wide, err
	}
	err = json.Unmarshal(said, &n)
	return n, err
}
