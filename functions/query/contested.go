package query

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/quality"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// How many identifiers a quality report looks up at most; it says how many were left out.
const (
	maxClaimants = 5000 // of orders that several claim with one amount
	maxClaimed   = 2000 // that belong to a user
)

// reading is how accepted events are read for a report.
type reading struct {
	ns    workspace.Namespace
	rules journey.Rules
	kinds kind.Catalogue
	nodes life.Nodes
}

func (h *Handler) reading(q question) (reading, error) {
	rules, err := life.Rules(h.Rules, q.workspace)
	if err != nil {
		return reading{}, fmt.Errorf("read rules of workspace %s: %w", q.workspace.Name, err)
	}
	rules.Bot = h.Bot
	r := reading{ns: q.workspace.Namespace(), rules: rules, kinds: h.Kinds, nodes: h.Links}
	if rules.Suspects != nil {
		r.nodes = life.NodesUnder(h.Store, r.ns, h.Caps, rules)
	}
	return r, nil
}

// copyOf is an accepted event as it is counted, with the verdicts of today's bot rules and quarantines.
func (r reading) copyOf(of event.Record) quality.Copy {
	of.Touchpoint.Bot = r.rules.Bot(of.Touchpoint.Agent)
	key := ""
	if o := of.Touchpoint.Order; o != nil && o.Kind == event.Completed && !of.Touchpoint.IsBot() {
		key = profile.OrderKey(*o)
	}
	c := quality.CopyOf(of, key)
	if of.Type.Touches() {
		c.Lacks = r.kinds.Lacks(&of.Touchpoint)
	}
	if r.rules.Excludes != nil && len(of.Identifiers) > 0 {
		c.Quarantined = r.rules.Excludes(&of.Touchpoint, of.PrimaryID())
	}
	return c
}

// lookUp finds out what the stores say of what was tallied: whose orders count, which persons claim them, and who else claims an identifier.
func (h *Handler) lookUp(ctx context.Context, t *quality.Tally, asked reading) error {
	claims, err := h.Store.Claims(ctx, asked.ns, t.OrderKeys())
	if err != nil {
		return fmt.Errorf("read order claims: %w", err)
	}
	t.SetClaims(claims, asked.rules.OfServers)
	if t.Person, err = h.personsOf(ctx, asked, t.Claimants()); err != nil {
		return err
	}
	t.Links, err = h.linksOf(ctx, asked, t.Claimed())
	return err
}

// personsOf looks up the persons of the first maxClaimants identifiers.
func (h *Handler) personsOf(
	ctx context.Context, asked reading, ids []event.Identifier,
) (func(event.Identifier) (event.Identifier, bool), error) {
	forest, roots := identity.NewForestWith("", h.Caps), map[event.Identifier]event.Identifier{}
	ids = ids[:min(len(ids), maxClaimants)]
	err := life.Walk(ctx, asked.nodes, asked.ns, forest, func() {
		for _, id := range ids {
			if p, isKnown := forest.Of(id); isKnown {
				roots[id] = p.Root
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("load persons of order claims: %w", err)
	}
	return func(id event.Identifier) (event.Identifier, bool) {
		root, isKnown := roots[id]
		return root, isKnown
	}, nil
}

// linksOf looks up to whom the first maxClaimed identifiers were ever linked.
func (h *Handler) linksOf(
	ctx context.Context, asked reading, ids []event.Identifier,
) (func(event.Identifier) ([]identity.Link, bool), error) {
	ids = ids[:min(len(ids), maxClaimed)]
	nodes, err := asked.nodes.Nodes(ctx, asked.ns, ids)
	if err != nil {
		return nil, fmt.Errorf("load links of identifiers: %w", err)
	}
	parents := make(map[event.Identifier][]identity.Link, len(nodes))
	for i, node := range nodes {
		parents[ids[i]] = node.Parents
	}
	return func(id event.Identifier) ([]identity.Link, bool) {
		links, isKnown := parents[id]
		return links, isKnown
	}, nil
}
