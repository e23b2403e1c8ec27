package query

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/life"
)

type whyAnswer struct {
	ID      event.Identifier   `json:"id"`
	Other   event.Identifier   `json:"other"`
	Same    bool               `json:"same"`
	Persons []event.Identifier `json:"persons"` // roots: one, or that of id and that of other
	Chain   []chainAnswer      `json:"chain"`   // from id to other; empty when they are not one person
	Apart   *apartAnswer       `json:"apart"`   // null when they are one person, or nothing ever joined them
}

type chainAnswer struct {
	Child    event.Identifier `json:"child"`
	Parent   event.Identifier `json:"parent"`
	At       string           `json:"at"`
	Event    event.ID         `json:"event"`
	Source   string           `json:"source"`
	Grade    string           `json:"grade"` // how far the event may be believed
	Received string           `json:"received"`
	Counts   bool             `json:"counts"` // the child belongs to the person by it; of others another takes the place when it is cut
}

type apartAnswer struct {
	Rule    identity.Rule    `json:"rule"`
	Child   event.Identifier `json:"child"`
	Parent  event.Identifier `json:"parent"`
	At      string           `json:"at"` // of the cut, or of the link that does not count
	Reason  string           `json:"reason,omitempty"`
	Instead *chainAnswer     `json:"instead,omitempty"` // the link that counts
}

// why answers GET /v1/profiles/{id}/why?other=.
func (h *Handler) why(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	ids, err := identifiers(q.name)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	other, err := parsed("other", q.Query.Get("other"))
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	id, err := h.firstKnown(ctx, q, ids)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if _, err := h.firstKnown(ctx, q, []event.Identifier{other}); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	forest := identity.NewForestWith(id, h.Caps)
	var one, two identity.Person
	nodes, err := h.nodes(q)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	err = life.Walk(ctx, nodes, q.workspace.Namespace(), forest, func() {
		one, _ = forest.Of(id)
		two, _ = forest.Of(other)
	})
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("load links: %w", err)
	}
	return httpapi.JSON(http.StatusOK, explain(forest, id, other, one, two)), nil
}

// nodes reads links as they count under the workspace's rules.
func (h *Handler) nodes(q question) (life.Nodes, error) {
	rules, err := life.Rules(h.Rules, q.workspace)
	if err != nil {
		return nil, fmt.Errorf("read rules of workspace %s: %w", q.workspace.Name, err)
	}
	if rules.Suspects == nil {
		return h.Links, nil
	}
	return life.NodesUnder(h.Store, q.workspace.Namespace(), h.Caps, rules), nil
}

// firstKnown is the first identifier of which anything is stored. Fault: NotFound no_person.
func (h *Handler) firstKnown(ctx context.Context, q question, ids []event.Identifier) (event.Identifier, error) {
	partitions, err := h.Store.Partitions(ctx, q.workspace.Namespace(), ids)
	if err != nil {
		return "", fmt.Errorf("read partitions: %w", err)
	}
	for i, p := range partitions {
		if hasAnything(p) {
			return ids[i], nil
		}
	}
	return "", errNoPerson()
}

func errNoPerson() error {
	return fault.New(fault.NotFound, "no_person", "nothing is known of this identifier; it is written kind:value, such as user:42 or email:a@b.c")
}

func explain(forest *identity.Forest, id, other event.Identifier, one, two identity.Person) whyAnswer {
	answer := whyAnswer{ID: id, Other: other, Same: one.Root == two.Root, Persons: []event.Identifier{one.Root}, Chain: []chainAnswer{}}
	if answer.Same {
		for _, step := range forest.Chain(one, id, other) {
			answer.Chain = append(answer.Chain, stepOf(step.Link, step.Counts))
		}
		return answer
	}
	answer.Persons = append(answer.Persons, two.Root)
	found, ok := forest.Apart(one, two)
	if !ok {
		return answer
	}
	answer.Apart = &apartAnswer{Rule: found.Rule, Child: found.Link.Child, Parent: found.Link.Parent, At: instant(found.Link.Evidence.At)}
	if found.Cut != nil {
		answer.Apart.At, answer.Apart.Reason = instant(found.Cut.At), found.Cut.Reason
	}
	if found.Instead != nil {
		step := stepOf(*found.Instead, true)
		answer.Apart.Instead = &step
	}
	return answer
}

func stepOf(l identity.Link, counts bool) chainAnswer {
	return chainAnswer{
		Child: l.Child, Parent: l.Parent, At: instant(l.Evidence.At), Event: l.Evidence.Event, Source: l.Evidence.Source, Counts: counts,
		Grade: l.Evidence.Grade.String(), Received: instant(l.Evidence.Received),
	}
}
