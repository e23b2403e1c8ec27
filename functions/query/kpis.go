package query

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/settle"
)

// Limits of one answer, which Lambda bounds at 6 MB.
const (
	maxWindows  = 10_000
	maxRows     = 20_000
	defaultDays = 30
)

type kpisAnswer struct {
	TimeZone string     `json:"time_zone"`
	Model    string     `json:"model"`
	Missing  []kpi.Name `json:"missing,omitempty"` // metrics that are new and not counted of everybody yet
	// Recounting says that everybody is being counted anew under changed rules or settings: until then rows hold both.
	Recounting bool            `json:"recounting,omitempty"`
	Folded     []report.Folded `json:"folded,omitempty"` // what has no rows of its own
	Rows       []rowAnswer     `json:"rows"`
}

// rowAnswer is one number. Amounts are decimal text, counts whole numbers, ratios numbers; a ratio whose denominator is 0 has no value.
type rowAnswer struct {
	Metric      kpi.Name          `json:"metric"`
	Start       string            `json:"start"`
	End         string            `json:"end"`
	Dimensions  map[string]string `json:"dimensions"`
	Numerator   json.RawMessage   `json:"numerator"`
	Denominator *int64            `json:"denominator"`
	N           int64             `json:"n"`
	Value       json.RawMessage   `json:"value"`
	Unit        string            `json:"unit"`
	Revision    int64             `json:"revision"`
	// The ends of the value's interval of 95 %, and how it is made; left out where there is none.
	Low      json.RawMessage `json:"low,omitempty"`
	High     json.RawMessage `json:"high,omitempty"`
	Interval kpi.Method      `json:"interval,omitempty"`
}

// kpis answers GET /v1/kpis from what rollups computed. Only windows that were computed have rows: no zero is invented.
func (h *Handler) kpis(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	calendar, err := q.workspace.Calendar()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read time zone of workspace %s: %w", q.workspace.Name, err)
	}
	rules, err := h.Rules(q.workspace.Model)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read rules of workspace %s: %w", q.workspace.Name, err)
	}
	state, err := h.Ledger.State(ctx, q.workspace.Namespace())
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read state: %w", err)
	}
	w, err := h.readKPIQuery(q.Request, calendar, h.Now())
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	definitions, missing := h.complete(state, w.by)
	windows, err := h.windows(ctx, q, calendar, w)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := kpisAnswer{TimeZone: q.workspace.Zone, Model: rules.Model.ID(), Missing: missing}
	answer.Recounting = settle.IsRecounting(state, q.workspace)
	view := report.View(q.workspace)
	view.By, view.Only, view.Members, view.Currencies = []kpi.Dimension{w.by}, w.only, kpi.MaxMembers, kpi.MaxCurrencies
	for !answer.show(definitions, view, windows, calendar, w) {
		if view.Members == 1 && view.Currencies == 1 {
			return events.APIGatewayV2HTTPResponse{}, fault.Newf(fault.Invalid, "too_many_rows",
				"the answer has more than %d rows; ask for fewer metrics, a shorter time or a coarser grain", maxRows)
		}
		view.Members, view.Currencies = max(view.Members/2, 1), max(view.Currencies/2, 1)
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// show fills in the rows of windows; ok is false when they are more than an answer holds. Whoever sends made-up values makes no answer fail: fewer
// values of a dimension and fewer currencies then have rows of their own.
func (a *kpisAnswer) show(d *kpi.Definitions, view kpi.View, windows []kpi.Window, calendar period.Calendar, w kpiQuery) (ok bool) {
	a.Rows, a.Folded = []rowAnswer{}, nil
	for i := range windows {
		window := windows[i]
		window.Rows, window.Folded = d.View(view, window.Totals)
		a.Rows = append(a.Rows, rowsOf(window, calendar, w)...)
		a.Folded = append(a.Folded, report.FoldedIn(calendar, window)...)
		if len(a.Rows)+len(a.Folded) > maxRows {
			return false
		}
	}
	return true
}

// complete gives the definitions that every window is counted in. Metrics that are newer are missing until everybody is counted anew, and so are all
// by a dimension that is newer.
func (h *Handler) complete(state ledger.State, by kpi.Dimension) (complete *kpi.Definitions, missing []kpi.Name) {
	if state.Definitions == 0 || state.Definitions >= h.Definitions.Version {
		return h.Definitions, nil
	}
	complete = h.Definitions.CompleteSince(state.Definitions)
	for _, m := range h.Definitions.Metrics {
		known, found := complete.Find(m.Name)
		if !found || slices.Contains(m.Dimensions, by) && !slices.Contains(known.Dimensions, by) {
			missing = append(missing, m.Name)
		}
	}
	return complete, missing
}

func (h *Handler) windows(ctx context.Context, q question, calendar period.Calendar, w kpiQuery) ([]kpi.Window, error) {
	if w.grain == period.Period {
		return h.period(ctx, q.workspace, calendar, w)
	}
	first, last := calendar.At(w.grain, w.from), calendar.At(w.grain, w.to.Add(-1))
	windows, err := h.Windows.Windows(ctx, q.workspace.Namespace(), w.grain, first.Key, last.Key)
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	windows, _ = kpi.Placed(calendar, windows)
	return windows, nil
}

func rowsOf(window kpi.Window, calendar period.Calendar, w kpiQuery) []rowAnswer {
	var out []rowAnswer
	start, end := local(calendar, window.Start), local(calendar, window.End)
	for _, row := range window.Rows {
		if row.Dimension != w.by || !slices.Contains(w.metrics, row.Metric) {
			continue
		}
		answer := rowAnswer{
			Metric: row.Metric, Start: start, End: end, Dimensions: map[string]string{}, Numerator: number(report.Numerator(row), row.IsMoney()),
			Denominator: row.Denominator, N: row.N, Value: number(report.Value(row), row.IsMoney()), Unit: row.Unit, Revision: window.Revision,
		}
		if low, high := report.Bounds(row); low != "" {
			answer.Low, answer.High, answer.Interval = number(low, row.IsMoney()), number(high, row.IsMoney()), row.Interval.Method
		}
		if row.Dimension != kpi.Whole {
			answer.Dimensions[string(row.Dimension)] = row.Value
		}
		out = append(out, answer)
	}
	return out
}

func local(calendar period.Calendar, at event.Millis) string {
	return calendar.Local(at.Time()).Format(time.RFC3339)
}

// number writes decimal text as JSON: amounts as text, because readers of JSON make floats of numbers, "" as null.
func number(text string, isMoney bool) json.RawMessage {
	switch {
	case text == "":
		return json.RawMessage("null")
	case isMoney:
		return json.RawMessage(`"` + text + `"`)
	}
	return json.RawMessage(text)
}
