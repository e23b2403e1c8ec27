package process

import (
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
	"waymark/shared/person"
)

// joinTraits adds what identify and group calls say.
func (h *Handler) joinTraits(ctx context.Context, t tenant, _ *marks, items []item) error {
	said := map[event.Identifier]profile.Traits{}
	var order []event.Identifier
	for _, it := range items {
		traits := profile.TraitsOf(it.event)
		if len(traits) == 0 {
			continue
		}
		id := it.event.Kept()
		if _, found := said[id]; !found {
			order = append(order, id)
		}
		said[id] = said[id].Join(traits)
	}
	for _, id := range order {
		if err := h.joinTraitsOf(ctx, t.Space(), id, said[id]); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) joinTraitsOf(ctx context.Context, ws string, id event.Identifier, said profile.Traits) error {
	for attempt := range maxAttempts {
		stored, version, err := h.Traits.Traits(ctx, ws, id)
		if err != nil {
			return fmt.Errorf("load traits: %w", err)
		}
		joined := stored.Join(said)
		if joined.Equal(stored) {
			return nil
		}
		err = h.Traits.PutTraits(ctx, ws, id, joined, version)
		if fault.KindOf(err) != fault.Conflict {
			return err
		}
		if err := h.pause(ctx, attempt); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "busy_identifier", "too many writers at once on one identifier's traits")
}

// joinLinks writes the links that these events prove, unless earlier evidence is stored. A link may move a person's past to another person, so
// whomever it reaches is marked; on the repeat path too, because a crash may have come between the link and the mark.
func (h *Handler) joinLinks(ctx context.Context, t tenant, m *marks, items []item) error {
	links := proven(items)
	if len(links) == 0 {
		return nil
	}
	stored, found, err := h.Links.Evidence(ctx, t.Space(), links)
	if err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	var fresh []identity.Link
	for i, link := range links {
		if !found[i] || !stored[i].Before(link.Evidence) {
			fresh = append(fresh, link)
		}
	}
	reach := person.Reach{Nodes: h.Links, Aggregates: h.Timeline, Workers: h.Workers}
	for len(fresh) > 0 {
		now := identity.Portion(fresh, person.MaxChanged)
		fresh = fresh[len(now):]
		if err := h.putLinks(ctx, t, m, reach, now); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) putLinks(ctx context.Context, t tenant, m *marks, reach person.Reach, links []identity.Link) error {
	if err := reach.MarkBefore(ctx, t.Space(), links, m.Days); err != nil {
		return err
	}
	for _, link := range links {
		if err := h.Links.PutLink(ctx, t.Space(), link); err != nil {
			return fmt.Errorf("put link: %w", err)
		}
	}
	return reach.Mark(ctx, t.Space(), links, m.Days)
}

// proven gives each link that the events prove once, with its earliest evidence.
func proven(items []item) []identity.Link {
	type ends struct{ child, parent event.Identifier }
	index := map[ends]int{}
	var links []identity.Link
	for _, it := range items {
		for _, link := range identity.Links(it.event) {
			i, found := index[ends{link.Child, link.Parent}]
			switch {
			case !found:
				index[ends{link.Child, link.Parent}] = len(links)
				links = append(links, link)
			case link.Evidence.Before(links[i].Evidence):
				links[i].Evidence = link.Evidence
			}
		}
	}
	return links
}

// claimOrders joins the claims to each order. Where several events claim one order, the windows of all of them are marked: one of them counts
// and the others do not, and which one may just have changed.
func (h *Handler) claimOrders(ctx context.Context, t tenant, m *marks, items []item) error {
	said := map[string]profile.Claims{}
	for _, it := range items {
		if key, claim, ok := profile.ClaimOf(it.touchpoint, it.event.Kept()); ok && it.event.Type.Touches() {
			said[key] = said[key].Join(claim)
		}
	}
	keys := sortedKeys(said)
	for attempt := 0; len(keys) > 0; attempt++ {
		if attempt == maxAttempts {
			return fault.New(fault.Unavailable, "busy_order", "too many writers at once on one order")
		}
		stored, versions, err := h.Claims.Claims(ctx, t.Space(), keys)
		if err != nil {
			return fmt.Errorf("load order claims: %w", err)
		}
		var again []string
		for _, key := range keys {
			joined := stored[key].Join(said[key]...)
			err := h.putClaims(ctx, t.Space(), key, stored[key], joined, versions[key])
			if fault.KindOf(err) == fault.Conflict {
				again = append(again, key)
				continue
			}
			if err != nil {
				return fmt.Errorf("put order claims: %w", err)
			}
			m.claims(joined)
		}
		if keys = again; len(keys) > 0 {
			if err := h.pause(ctx, attempt); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Handler) putClaims(ctx context.Context, ws, key string, stored, joined profile.Claims, version int64) error {
	if slices.Equal(stored, joined) {
		return nil
	}
	return h.Claims.PutClaims(ctx, ws, key, joined, version)
}
