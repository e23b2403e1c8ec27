package life

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Links and claims are stored by their best evidence, whatever is in quarantine: so lifting a quarantine needs no repair. Where the event behind some
// evidence may be in quarantine, what it proves is worked out again here, of the events in the pages, as if those in quarantine had never come.

// NodesUnder reads links without what events in quarantine prove.
func NodesUnder(store Store, ns workspace.Namespace, caps identity.Caps, rules journey.Rules) Nodes {
	return &Loaded{
		store: store, ns: ns, caps: caps, rules: rules, forest: identity.NewForest(""), partitions: map[event.Identifier]ledger.Partition{},
	}
}

// sieve takes out of nodes, in place, what events in quarantine prove.
func (l *Loaded) sieve(ctx context.Context, ids []event.Identifier, partitions []ledger.Partition) error {
	if l.rules.Suspects == nil {
		return nil
	}
	for i := range partitions {
		partitions[i].Node.ID = ids[i]
		if err := l.sieveNode(ctx, &partitions[i]); err != nil {
			return err
		}
	}
	return nil
}

// sieveNode reads what a store leaves out of a node with very many links, where that may count now.
func (l *Loaded) sieveNode(ctx context.Context, of *ledger.Partition) error {
	node := &of.Node
	isWhole := len(node.Parents) <= identity.MaxParents && len(node.Children) <= identity.MaxChildren
	isSuspect := func(link identity.Link) bool { return l.rules.Suspects(link.Evidence) }
	isConcerned := slices.ContainsFunc(node.Parents, isSuspect) || slices.ContainsFunc(node.Children, isSuspect)
	if !isConcerned {
		isIdle, err := l.sieveIdle(ctx, node)
		if err != nil || !isIdle || isWhole {
			return err
		}
	}
	if !isWhole {
		all, err := l.store.AllLinks(ctx, l.ns, node.ID)
		if err != nil {
			return fmt.Errorf("read all links: %w", err)
		}
		node.Parents, node.Children = all.Parents, all.Children
	}
	own := l.evidence(node.ID, of.Touchpoints)
	node.Children = standing(node.Children, isSuspect, func(link identity.Link) (identity.Evidence, bool) {
		e, found := own[link.Child]
		return e, found
	})
	if err := l.readAside(ctx, node.Parents, isSuspect); err != nil {
		return err
	}
	node.Parents = standing(node.Parents, isSuspect, func(link identity.Link) (identity.Evidence, bool) {
		e, found := l.evidence(link.Parent, l.read(link.Parent).Touchpoints)[node.ID]
		return e, found
	})
	_, err := l.sieveIdle(ctx, node)
	return err
}

// idleAtOnce is how many children are asked together whether they did anything.
const idleAtOnce = 100

// sieveIdle notes which children did nothing but what is in quarantine, where their parent has more than it accepts: they leave their places to
// those that did something. It asks the first of them, until as many are found as have a place.
func (l *Loaded) sieveIdle(ctx context.Context, node *identity.Node) (isAny bool, err error) {
	if len(node.Children) <= l.caps.Children {
		return false, nil
	}
	slices.SortFunc(node.Children, func(a, b identity.Link) int { return cmp.Compare(a.Sortable(), b.Sortable()) })
	class := func(link identity.Link) int {
		if link.Evidence.Grade == event.Server {
			return 0
		}
		return 1
	}
	var all [2]int     // children of the word of servers, and of that of sites
	var asked [2][]int // those that are awake, by their places
	for i, link := range node.Children {
		if all[class(link)]++; !link.Idle {
			asked[class(link)] = append(asked[class(link)], i)
		}
	}
	for of, places := range asked {
		if all[of] <= l.caps.Children {
			continue
		}
		found := 0
		for chunk := range slices.Chunk(places, idleAtOnce) {
			if found > l.caps.Children {
				break
			}
			var ids []event.Identifier
			for _, at := range chunk {
				if id := node.Children[at].Child; id.Kind() == event.Anonymous {
					ids = append(ids, id)
				}
			}
			if err := l.putAside(ctx, ids); err != nil {
				return isAny, err
			}
			for _, at := range chunk {
				link := &node.Children[at]
				if link.Child.Kind() == event.Anonymous && !Acts(l.rules, l.read(link.Child)) {
					link.Idle, isAny = true, true
				} else {
					found++
				}
			}
		}
	}
	return isAny, nil
}

// Acts says whether an identifier did anything by itself that is not in quarantine.
func Acts(rules journey.Rules, p ledger.Partition) bool {
	return slices.ContainsFunc(p.Touchpoints, func(t event.Touchpoint) bool { return rules.Excludes == nil || !rules.Excludes(&t, p.ID) })
}

// standing are the links that something proves besides what is in quarantine.
func standing(
	links []identity.Link, isSuspect func(identity.Link) bool, evidence func(identity.Link) (identity.Evidence, bool),
) []identity.Link {
	out := make([]identity.Link, 0, len(links))
	for _, link := range links {
		if isSuspect(link) {
			e, isProven := evidence(link)
			if !isProven {
				continue
			}
			link.Evidence = e
		}
		out = append(out, link)
	}
	return out
}

// evidence is the best for each child of an identifier that its events give which are not in quarantine. It is worked out once: a parent may have
// very many children, and each asks for it.
func (l *Loaded) evidence(id event.Identifier, touchpoints []event.Touchpoint) map[event.Identifier]identity.Evidence {
	if known, found := l.proven[id]; found {
		return known
	}
	out := map[event.Identifier]identity.Evidence{}
	if l.proven == nil {
		l.proven = map[event.Identifier]map[event.Identifier]identity.Evidence{}
	}
	l.proven[id] = out
	for i := range touchpoints {
		t := touchpoints[i]
		if len(t.Others) == 0 || l.rules.Excludes(&t, id) {
			continue
		}
		if l.rules.Bot != nil {
			t.Bot = l.rules.Bot(t.Agent)
		}
		for _, link := range identity.LinksOf(&t, id) {
			if known, found := out[link.Child]; !found || link.Evidence.Before(known) {
				out[link.Child] = link.Evidence
			}
		}
	}
	return out
}

// readAside reads the parents of links that are asked about.
func (l *Loaded) readAside(ctx context.Context, links []identity.Link, isAsked func(identity.Link) bool) error {
	var ids []event.Identifier
	for _, link := range links {
		if isAsked(link) {
			ids = append(ids, link.Parent)
		}
	}
	return l.putAside(ctx, ids)
}

// putAside reads identifiers that are not read yet, without a question whose they are.
func (l *Loaded) putAside(ctx context.Context, ids []event.Identifier) error {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id event.Identifier) bool {
		_, isThere := l.aside[id]
		return isThere || l.isLoaded(id)
	})
	if len(ids) == 0 {
		return nil
	}
	partitions, err := l.store.Partitions(ctx, l.ns, ids)
	if err != nil {
		return fmt.Errorf("read partitions: %w", err)
	}
	if l.aside == nil {
		l.aside = map[event.Identifier]ledger.Partition{}
	}
	for i, id := range ids {
		partitions[i].ID = id
		l.aside[id] = partitions[i]
	}
	return nil
}

// read is what was read of an identifier, for whatever reason.
func (l *Loaded) read(id event.Identifier) ledger.Partition {
	if p, found := l.partitions[id]; found {
		return p
	}
	return l.aside[id]
}

// sieveClaims takes out of the claims to orders what events in quarantine claim.
func (l *Loaded) sieveClaims(ctx context.Context, claims map[string]profile.Claims) (map[string]profile.Claims, error) {
	if l.rules.Suspects == nil {
		return claims, nil
	}
	isSuspect := func(c profile.Claim) bool { return l.rules.Suspects(c.Evidence) }
	for key, all := range claims {
		if !slices.ContainsFunc(all, isSuspect) {
			continue
		}
		if len(all) >= profile.MaxClaims { // some may have been left out, which count now
			every, err := l.store.AllClaims(ctx, l.ns, key)
			if err != nil {
				return nil, fmt.Errorf("read all claims: %w", err)
			}
			all = every
		}
		var ids []event.Identifier
		for _, c := range all {
			if isSuspect(c) {
				ids = append(ids, c.Identifier)
			}
		}
		if err := l.putAside(ctx, ids); err != nil {
			return nil, err
		}
		var stand profile.Claims
		for _, c := range all {
			if !isSuspect(c) {
				stand = append(stand, c)
				continue
			}
			stand = append(stand, l.claimed(key, c)...)
		}
		claims[key] = profile.Claims(nil).Join(stand...)
	}
	return claims, nil
}

// claimed are the claims of one event by its copies that are not in quarantine.
func (l *Loaded) claimed(key string, c profile.Claim) []profile.Claim {
	var out []profile.Claim
	for _, t := range l.read(c.Identifier).Touchpoints {
		if t.Order == nil || l.rules.Excludes(&t, c.Identifier) {
			continue
		}
		if l.rules.Bot != nil {
			t.Bot = l.rules.Bot(t.Agent)
		}
		if of, again, ok := profile.ClaimOf(t, c.Identifier); ok && of == key && again.Name() == c.Name() {
			out = append(out, again)
		}
	}
	return out
}
