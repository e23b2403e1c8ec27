package trust

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
	"waymark/shared/testing/system"
)

// view is what a system makes of some identifiers and their persons.
type view struct {
	roots  map[event.Identifier]event.Identifier
	links  map[event.Identifier]identity.Link // by child, those by which it is in its person
	traits map[event.Identifier][]string      // of each identifier, what a server has set
	rows   map[event.Identifier][]step.Row    // by person
	whole  map[event.Identifier]string        // of a person everything there is
}

// everybody are the identifiers of honest traffic.
func everybody(k known) []event.Identifier {
	var ids []event.Identifier
	for n := range k.users {
		ids = append(ids, event.Identifier("user:"+user(n)), event.Identifier(fmt.Sprint("anon:a", n)))
	}
	for n := range 3 {
		ids = append(ids, event.Identifier(fmt.Sprint("anon:w", n)))
	}
	for n := range k.mails {
		ids = append(ids, event.Identifier("email:"+mail(n)))
	}
	return ids
}

// look folds everybody.
func look(ctx context.Context, s *system.System, w workspace.Workspace, ids []event.Identifier) (view, error) {
	v := view{
		roots: map[event.Identifier]event.Identifier{}, links: map[event.Identifier]identity.Link{}, traits: map[event.Identifier][]string{},
		rows: map[event.Identifier][]step.Row{}, whole: map[event.Identifier]string{},
	}
	rules, err := life.Rules(s.Rules, w)
	if err != nil {
		return v, err
	}
	loaded, err := life.Load(ctx, s.Table, w.Namespace(), s.Caps, rules, ids)
	if err != nil {
		return v, err
	}
	for _, id := range ids {
		v.roots[id] = loaded.Root(id)
		person := loaded.Of(id)
		for _, m := range person.Members {
			if m.Link != nil {
				v.links[m.ID] = *m.Link
			}
		}
		for _, p := range person.Partitions {
			if p.ID == id {
				traits := rules.Traits([]journey.Line{{Identifier: id, Touchpoints: p.Touchpoints}})
				for name, t := range traits {
					if t.Grade == event.Server {
						v.traits[id] = append(v.traits[id], fmt.Sprintf("%s=%s by %s", name, t.Value, t.Event))
					}
				}
				slices.Sort(v.traits[id])
			}
		}
		if _, isThere := v.rows[person.Root]; isThere {
			continue
		}
		v.rows[person.Root] = step.Of(person.Journey(rules, event.At(system.Begin)), step.Place{Currency: "GBP", Month: month})
		text, err := json.Marshal([]any{person.Members, person.Traits(rules), v.rows[person.Root]})
		if err != nil {
			return v, err
		}
		v.whole[person.Root] = string(text)
	}
	return v, nil
}

// of are the persons of some of the identifiers.
func (v view) of(ids []event.Identifier) view {
	rows, whole := map[event.Identifier][]step.Row{}, map[event.Identifier]string{}
	for _, id := range ids {
		root := v.roots[id]
		rows[root], whole[root] = v.rows[root], v.whole[root]
	}
	v.rows, v.whole = rows, whole
	return v
}

func month(at event.Millis) string { return at.Day()[:7] }

// bySource says what sources of servers are called.
var bySource = map[string]bool{"web": true, "till": true}

// orders are the rows of orders, and of what happens to them, of which the order and the row are of servers, or of all when isAll is set: with everything but
// where the visit came from. The order ids that servers have claimed are claimed.
func (v view) orders(claimed map[string]bool, isAll bool) []string {
	var out []string
	for root, rows := range v.rows {
		for _, r := range rows {
			if r.Order == nil || !isAll && (!bySource[r.Source] || !claimed[r.Order.ID]) {
				continue
			}
			text := fmt.Sprintf("order %s of %s: %s %s %s at %d by %s", r.Order.ID, root, r.Order.Kind, r.Order.Amount, r.Order.Currency, r.At, r.Source)
			if isAll {
				text += fmt.Sprint(" number ", r.Order.Number)
			}
			if isAll && r.Order.Kind == event.Completed { // of what happens to orders, the stage is that of the visits before
				text += " stage " + r.Stage
			}
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// closed are touchpoints, orders and money of the days that ended before an instant.
func (v view) closed(before event.Millis) []string {
	const day = 24 * 60 * 60 * 1000
	before -= before % day
	counts := map[string]int{}
	for _, rows := range v.rows {
		for _, r := range rows {
			if r.At >= before {
				continue
			}
			if r.IsTouchpoint() {
				counts[r.At.Day()+" touchpoints"]++
			}
			if o := r.Order; o != nil {
				counts[fmt.Sprintf("%s %s of %s for %s %s", r.At.Day(), o.Kind, o.ID, o.Amount, o.Currency)]++
			}
		}
	}
	var out []string
	for what, n := range counts {
		out = append(out, fmt.Sprint(what, ": ", n))
	}
	slices.Sort(out)
	return out
}

// byServers are the links and traits that servers say.
func (v view) byServers(ids []event.Identifier) []string {
	var out []string
	for _, id := range ids {
		if l, found := v.links[id]; found && l.Evidence.Grade == event.Server {
			out = append(out, fmt.Sprintf("%s belongs to %s by %+v", id, l.Parent, l.Evidence))
		}
		for _, trait := range v.traits[id] {
			out = append(out, fmt.Sprintf("%s has %s", id, trait))
		}
	}
	return out
}

// held are the identifiers that a user held before hostile traffic first named any of the chain from them to their person.
func (v view) held(ids []event.Identifier, named map[event.Identifier]time.Time) []string {
	var out []string
	for _, id := range ids {
		chain, isHeld := []event.Identifier{id}, v.roots[id] != id && v.roots[id].Kind() == event.User
		var newest event.Millis
		for at := id; isHeld && at != v.roots[id]; {
			l, found := v.links[at]
			if !found {
				isHeld = false
				break
			}
			newest = max(newest, l.Evidence.Received)
			at = l.Parent
			chain = append(chain, at)
		}
		for other, root := range v.roots { // users that a server says are the same one
			if isHeld && root == v.roots[id] && other.Kind() == event.User {
				chain = append(chain, other)
			}
		}
		for _, each := range chain {
			if first, isNamed := named[each]; isNamed && event.At(first) <= newest {
				isHeld = false
			}
		}
		if isHeld {
			out = append(out, fmt.Sprintf("%s is held by %s", id, v.roots[id]))
		}
	}
	return out
}

// users is everything of known users.
func (v view) users() []string {
	var out []string
	for root, whole := range v.whole {
		if strings.HasPrefix(string(root), "user:u") {
			out = append(out, string(root)+" "+whole)
		}
	}
	slices.Sort(out)
	return out
}
