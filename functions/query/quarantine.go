package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/quarantine"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

const quarantineSample = `{"source":"site","received":{"from":"2026-11-20T09:00:00Z","to":"2026-11-20T11:00:00Z"},` +
	`"when":{"grade":["public"]},"reason":"a script","preview":true}`

// quarantineOrder is the body of POST /v1/quarantines.
type quarantineOrder struct {
	Source   string              `json:"source"`
	Received receivedOrder       `json:"received"`
	When     workspace.Condition `json:"when,omitempty"`   // which of these events; all where nothing is said
	Reason   string              `json:"reason,omitempty"` // kept with the quarantine; never logged
	Preview  bool                `json:"preview,omitempty"`
}

type receivedOrder struct {
	From string `json:"from"`
	To   string `json:"to"` // not part of it
}

type quarantinesAnswer struct {
	Counted bool               `json:"counted"` // everybody is counted without what is in quarantine, and with all else
	Items   []quarantineAnswer `json:"items"`   // the one applied last first
}

type quarantineAnswer struct {
	ID       string              `json:"id"`
	Source   string              `json:"source"`
	Received receivedOrder       `json:"received"`
	When     workspace.Condition `json:"when"`
	About    string              `json:"about"` // the same in words
	Reason   string              `json:"reason,omitempty"`
	Applied  string              `json:"applied"`
	Lifted   *string             `json:"lifted"` // null while it takes events out
}

// quarantinedAnswer says what stands now, and which rollup is done when everybody is counted by it.
type quarantinedAnswer struct {
	Success    bool             `json:"success"`
	Quarantine quarantineAnswer `json:"quarantine"`
	Counted    bool             `json:"counted"`
	Rollup     string           `json:"rollup"` // GET /v1/rollups/{id}?wait=25s works on it and says how far it is
}

// quarantinesByMethod answers /v1/quarantines.
var quarantinesByMethod = map[string]answerer{
	http.MethodGet: (*Handler).quarantines, http.MethodHead: (*Handler).quarantines, http.MethodPost: (*Handler).quarantine,
}

// quarantines answers GET /v1/quarantines: those that are active, and those that were lifted.
func (h *Handler) quarantines(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	counted, err := h.isCounted(ctx, q.workspace)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := quarantinesAnswer{Counted: counted, Items: []quarantineAnswer{}}
	for _, one := range slices.Backward(q.workspace.Quarantines) {
		answer.Items = append(answer.Items, shownQuarantine(one))
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

func shownQuarantine(q workspace.Quarantine) quarantineAnswer {
	answer := quarantineAnswer{
		ID: q.ID, Source: q.Source, Received: receivedOrder{instant(q.From), instant(q.To)}, When: q.When, About: quarantine.Describe(q), Reason: q.Reason,
		Applied: instant(q.Applied),
	}
	if !q.IsActive() {
		lifted := instant(q.Lifted)
		answer.Lifted = &lifted
	}
	return answer
}

func (h *Handler) isCounted(ctx context.Context, w workspace.Workspace) (bool, error) {
	state, err := h.Ledger.State(ctx, w.Namespace())
	if err != nil {
		return false, fmt.Errorf("read state: %w", err)
	}
	return settle.IsCounted(state, w), nil
}

// quarantine answers POST /v1/quarantines: it says what a quarantine would change, or applies it. One that is sent again is the same.
func (h *Handler) quarantine(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	wanted, isPreview, err := readQuarantine(q)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if isPreview {
		return h.preview(ctx, q.workspace, wanted)
	}
	return h.change(ctx, q.workspace, func(w workspace.Workspace) (changed workspace.Workspace, id string, err error) {
		now := event.At(h.Now())
		for _, one := range w.ActiveQuarantines() {
			if isSame(one, wanted) {
				return w, one.ID, nil
			}
		}
		one := wanted
		one.ID, one.Applied = nextID(w, now), now
		changed, err = w.Quarantined(one)
		return changed, one.ID, err
	})
}

// isSame says whether two quarantines take the same events out.
func isSame(a, b workspace.Quarantine) bool {
	return a.Source == b.Source && a.From == b.From && a.To == b.To && reflect.DeepEqual(a.When, b.When)
}

// nextID is the UTC day and a number behind the highest of that day, such as q-20261129-1.
func nextID(w workspace.Workspace, now event.Millis) string {
	begin, highest := "q-"+now.Time().Format("20060102")+"-", 0
	for _, q := range w.Quarantines {
		if digits, isOfDay := strings.CutPrefix(q.ID, begin); isOfDay {
			n, _ := strconv.Atoi(digits) // our own number
			highest = max(highest, n)
		}
	}
	return begin + strconv.Itoa(highest+1)
}

// readQuarantine reads the body. Faults, all Invalid: those of httpapi.ReadBody, bound_malformed, bad_reason, bad_quarantine.
func readQuarantine(q question) (wanted workspace.Quarantine, isPreview bool, err error) {
	var order quarantineOrder
	if err := httpapi.ReadBody(q.Body, quarantineSample, &order); err != nil {
		return wanted, false, err
	}
	strict := json.NewDecoder(bytes.NewReader(q.Body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&quarantineOrder{}); err != nil { // a member that is passed over would take more events out than were meant
		return wanted, false, fault.Newf(fault.Invalid, "invalid_json", "%s; the body is such as %s", strings.TrimPrefix(err.Error(), "json: "), quarantineSample)
	}
	calendar, err := q.workspace.Calendar()
	if err != nil {
		return wanted, false, fmt.Errorf("read time zone of workspace %s: %w", q.workspace.Name, err)
	}
	from, err := bound(calendar, "received.from", order.Received.From)
	if err != nil {
		return wanted, false, err
	}
	to, err := bound(calendar, "received.to", order.Received.To)
	if err != nil {
		return wanted, false, err
	}
	if strings.ContainsFunc(order.Reason, unicode.IsControl) {
		return wanted, false, fault.New(fault.Invalid, "bad_reason", "the reason has no control characters").At("reason")
	}
	wanted = workspace.Quarantine{Source: order.Source, From: event.At(from), To: event.At(to), When: order.When, Reason: order.Reason}
	return wanted, order.Preview, quarantine.Check(wanted)
}

// lift answers DELETE /v1/quarantines/{id}: what it took out counts again. One that was lifted before stays lifted.
func (h *Handler) lift(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	return h.change(ctx, q.workspace, func(w workspace.Workspace) (workspace.Workspace, string, error) {
		changed, err := w.Lift(q.name, event.At(h.Now()))
		return changed, q.name, err
	})
}

// maxChanges bounds how often a change of quarantines begins again because another came first.
const maxChanges = 5

// change stores what is made of the workspace's quarantines, unless that is nothing new. The next settle finds other rules and counts everybody anew.
func (h *Handler) change(
	ctx context.Context, w workspace.Workspace, with func(workspace.Workspace) (changed workspace.Workspace, id string, err error),
) (events.APIGatewayV2HTTPResponse, error) {
	for try := 1; ; try++ {
		changed, id, err := with(w)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		if !changed.SameQuarantines(w) {
			err = h.Quarantines.PutQuarantines(ctx, w, changed)
		}
		if fault.KindOf(err) == fault.Conflict {
			if try == maxChanges {
				return events.APIGatewayV2HTTPResponse{}, fault.Wrap(fault.Unavailable, "busy_workspace", err)
			}
			if w, err = h.Workspaces.Workspace(ctx, w.Name); err != nil {
				return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("load workspace: %w", err)
			}
			continue
		}
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("store quarantines: %w", err)
		}
		answer := quarantinedAnswer{Success: true, Rollup: strconv.FormatInt(h.Now().UnixMilli(), 10)}
		for _, one := range changed.Quarantines {
			if one.ID == id {
				answer.Quarantine = shownQuarantine(one)
			}
		}
		if answer.Counted, err = h.isCounted(ctx, changed); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		return httpapi.JSON(http.StatusOK, answer), nil
	}
}
