package query

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/life"
)

const (
	maxCuts      = 100 // links that one request cuts or takes back; a larger person takes several
	maxAgain     = 500 // links decided before that are recorded again
	maxListed    = 100 // identifiers of a person in the answer
	unlinkSample = `{"id":"anon:7f"}, {"id":"anon:7f","from":"user:42"} or {"id":"user:42","all":true}`
)

// unlinkOrder is the body of POST /v1/identities/unlink.
type unlinkOrder struct {
	ID     string `json:"id"`
	From   string `json:"from"`   // the other end of the link; the parent that counts when left out
	All    bool   `json:"all"`    // every link of the whole person
	Undo   bool   `json:"undo"`   // take the cut back
	Reason string `json:"reason"` // kept with the cut; never logged

	id, from event.Identifier
}

type unlinkAnswer struct {
	Success bool              `json:"success"`
	Links   []cutAnswer       `json:"links"`
	Persons []resultingPerson `json:"persons"`
	More    bool              `json:"more"` // there are more links than one request takes: send it again
}

type cutAnswer struct {
	Child  event.Identifier `json:"child"`
	Parent event.Identifier `json:"parent"`
	At     string           `json:"at"`
	Undone bool             `json:"undone"`
	Reason string           `json:"reason,omitempty"`
}

type resultingPerson struct {
	Person      event.Identifier   `json:"person"`
	Members     int                `json:"members"`
	Identifiers []event.Identifier `json:"identifiers"` // at most maxListed
}

// unlink answers POST /v1/identities/unlink. First the decisions at both ends of each link, then the record of whom they concern; a request
// that is sent again decides nothing anew and records again.
func (h *Handler) unlink(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	order, err := readUnlink(q.Body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	d, err := h.decide(ctx, q, order)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if err := h.putCuts(ctx, q, slices.Concat(d.fresh, d.stand)); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	decided := d.fresh
	if len(decided) == 0 {
		decided = d.stand
	}
	answer := unlinkAnswer{Success: true, Links: make([]cutAnswer, len(decided)), More: d.more}
	for i, c := range decided {
		answer.Links[i] = cutAnswer{Child: c.Child, Parent: c.Parent, At: instant(c.At), Undone: c.Undone, Reason: c.Reason}
	}
	if answer.Persons, err = h.resulting(ctx, q, decided); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// readUnlink checks the body. Faults, all Invalid: those of httpapi.ReadBody, bad_unlink, bad_reason, and those of parsed.
func readUnlink(body []byte) (unlinkOrder, error) {
	var order unlinkOrder
	if err := httpapi.ReadBody(body, unlinkSample+`, with "undo" and "reason" where you like`, &order); err != nil {
		return order, err
	}
	if order.ID == "" || order.All && order.From != "" {
		return order, fault.New(fault.Invalid, "bad_unlink", "name an id, and besides it nothing, the other end of the link in from, or all: "+unlinkSample)
	}
	if len(order.Reason) > identity.MaxReasonBytes || strings.ContainsFunc(order.Reason, unicode.IsControl) {
		return order, fault.Newf(fault.Invalid, "bad_reason", "the reason has at most %d bytes and no control characters", identity.MaxReasonBytes).At("reason")
	}
	var err error
	if order.id, err = parsed("id", order.ID); err != nil {
		return order, err
	}
	if order.From != "" {
		order.from, err = parsed("from", order.From)
	}
	return order, err
}

// parsed is an identifier. Faults, which say where it stood: Invalid bad_identifier, when it is not written kind:value; NotFound with a code of
// event.NewIdentifier, when it is, and is no id of anybody.
func parsed(field, text string) (event.Identifier, error) {
	id, err := event.ParseIdentifier(text)
	if err == nil {
		return id, nil
	}
	kind, _, isWritten := strings.Cut(text, ":")
	if isWritten && slices.Contains(event.Kinds[:], event.Kind(kind)) {
		return "", fault.Newf(fault.NotFound, fault.CodeOf(err), "nobody has this identifier: %s", message(err)).At(field)
	}
	return "", fault.New(fault.Invalid, fault.CodeOf(err), message(err)).At(field)
}

func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}

// decisions are what an order comes to.
type decisions struct {
	fresh []identity.Cut // at most maxCuts
	stand []identity.Cut // decided before as the order says; at most maxAgain
	more  bool
}

// decide finds the links that the order means and gives the decisions about them.
func (h *Handler) decide(ctx context.Context, q question, order unlinkOrder) (d decisions, err error) {
	w := &unlinking{Forest: identity.NewForestWith(order.id, h.Caps), order: order}
	nodes, err := h.nodes(q)
	if err != nil {
		return d, err
	}
	if err := life.Walk(ctx, nodes, q.workspace.Namespace(), w.Forest, w.look); err != nil {
		return d, fmt.Errorf("load links: %w", err)
	}
	change, stand, err := w.links()
	if err != nil {
		return d, err
	}
	d.more = len(change) > maxCuts
	for _, ends := range change[:min(len(change), maxCuts)] {
		d.fresh = append(d.fresh, w.decision(ends, event.At(h.Now())))
	}
	for _, ends := range stand[:min(len(stand), maxAgain)] {
		d.stand = append(d.stand, w.cuts[ends])
	}
	return d, nil
}

// putCuts stores decisions, and then says whom they concern.
func (h *Handler) putCuts(ctx context.Context, q question, decided []identity.Cut) error {
	ws, concerned := q.workspace.Namespace(), map[event.Identifier]bool{}
	for _, c := range decided {
		if err := h.Links.PutCut(ctx, ws, c); err != nil {
			return fmt.Errorf("put cut: %w", err)
		}
		concerned[c.Child], concerned[c.Parent] = true, true
	}
	return h.Recorder.Record(ctx, ws, ledger.Batch{Identifiers: slices.Sorted(maps.Keys(concerned))})
}

// resulting are the persons to whom the ends of the links belong now.
func (h *Handler) resulting(ctx context.Context, q question, decided []identity.Cut) ([]resultingPerson, error) {
	forest := identity.NewForestWith("", h.Caps)
	var found map[event.Identifier]identity.Person
	nodes, err := h.nodes(q)
	if err != nil {
		return nil, err
	}
	err = life.Walk(ctx, nodes, q.workspace.Namespace(), forest, func() {
		found = map[event.Identifier]identity.Person{}
		for _, c := range decided {
			for _, end := range []event.Identifier{c.Child, c.Parent} {
				p, _ := forest.Of(end)
				found[p.Root] = p
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("load links: %w", err)
	}
	out := make([]resultingPerson, 0, len(found))
	for _, p := range found {
		ids := p.IDs()
		out = append(out, resultingPerson{Person: p.Root, Members: len(ids), Identifiers: ids[:min(len(ids), maxListed)]})
	}
	slices.SortFunc(out, func(a, b resultingPerson) int { return strings.Compare(string(a.Person), string(b.Person)) })
	return out, nil
}
