package scenarios

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/model"
	"waymark/tests/recount"
)

// Fold is the pure core as a System: it keeps everything that was delivered and folds it anew for every question. It has no store, no
// protocol and no ledger, so whatever those add must come to the same.
type Fold struct {
	workspace Workspace
	now       event.Millis
	calendar  period.Calendar
	rules     journey.Rules
	lines     map[event.Identifier][]event.Touchpoint
	nodes     map[event.Identifier]identity.Node
	claims    map[string]profile.Claims
	decisions int // about links
}

// NewFold makes an empty system with the built-in rules and one of the built-in stage models.
func NewFold(s Scenario, modelName string) (*Fold, error) {
	rules, err := model.Rules(modelName)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	calendar, err := period.New(s.Workspace.Zone, time.Monday)
	if err != nil {
		return nil, err
	}
	return &Fold{
		workspace: s.Workspace, now: event.At(s.Now), calendar: calendar, rules: rules,
		lines: map[event.Identifier][]event.Touchpoint{},
		nodes: map[event.Identifier]identity.Node{}, claims: map[string]profile.Claims{},
	}, nil
}

// Deliver takes a batch as the collector and the consumer do.
func (f *Fold) Deliver(_ context.Context, b Batch) error {
	for i, m := range b {
		sent := map[string]any{}
		for name, value := range m.Event {
			sent[name] = value
		}
		if m.Slow != 0 {
			sent["sentAt"] = stamp(m.Received.Add(-m.Slow))
		}
		raw, err := json.Marshal(sent)
		if err != nil {
			return fmt.Errorf("write event: %w", err)
		}
		e, err := event.Parse(raw, event.Stamp{Workspace: f.workspace.Name, Source: "web", Received: event.At(m.Received), Request: "r", Index: i})
		if err != nil {
			return fmt.Errorf("read event %s: %w", raw, err)
		}
		f.take(e)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (f *Fold) take(e event.Event) {
	e.Marketing = channel.Sent(e.Marketing)
	e.Grade = event.Server
	id, r := e.PrimaryID(), e.Record(model.Keep())
	e.Bot, r.Touchpoint.Bot = f.rules.Bot(e.Agent), f.rules.Bot(e.Agent)
	r.Touchpoint.Others, r.Touchpoint.Traits = r.Others(), profile.Said(e)
	for _, l := range identity.Links(r) {
		f.link(l)
	}
	for _, each := range append(e.Identifiers, e.Previous...) {
		f.known(each)
	}
	f.lines[id] = append(f.lines[id], r.Touchpoint)
	if !e.Type.Touches() {
		return
	}
	if key, claim, ok := profile.ClaimOf(r.Touchpoint, id); ok {
		f.claims[key] = f.claims[key].Join(claim)
	}
}

func (f *Fold) known(id event.Identifier) identity.Node {
	n, found := f.nodes[id]
	if !found {
		n.ID = id
		f.nodes[id] = n
	}
	return n
}

// link keeps the earliest evidence of each link, at both its ends.
func (f *Fold) link(l identity.Link) {
	for _, old := range f.known(l.Child).Parents {
		if old.Parent == l.Parent && old.Evidence.Before(l.Evidence) {
			return
		}
	}
	without := func(links []identity.Link) []identity.Link {
		var out []identity.Link
		for _, old := range links {
			if old.Child != l.Child || old.Parent != l.Parent {
				out = append(out, old)
			}
		}
		return append(out, l)
	}
	child := f.known(l.Child)
	child.Parents = without(child.Parents)
	f.nodes[l.Child] = child
	parent := f.known(l.Parent)
	parent.Children = without(parent.Children)
	f.nodes[l.Parent] = parent
}

func (f *Fold) personOf(id event.Identifier) identity.Person {
	forest := identity.NewForest(id)
	for need := forest.Needs(); len(need) > 0; need = forest.Needs() {
		for _, each := range need {
			n := f.nodes[each]
			n.ID = each
			forest.Add(n)
		}
	}
	return forest.Person()
}

func (f *Fold) journeyOf(p identity.Person) journey.Journey {
	return journey.Fold(p.Root, f.linesOf(p), f.claims, f.rules, f.now)
}

func (f *Fold) linesOf(p identity.Person) []journey.Line {
	var lines []journey.Line
	for _, id := range p.IDs() {
		lines = append(lines, journey.Line{Identifier: id, Touchpoints: f.lines[id]})
	}
	return lines
}

// shown are the identifiers that people see.
func (f *Fold) shown(p identity.Person) []event.Identifier {
	members := identity.Shown(p.Members, f.known, func(id event.Identifier) bool {
		return len(f.lines[id])+len(f.nodes[id].Children) > 0
	})
	out := make([]event.Identifier, len(members))
	for i, m := range members {
		out[i] = m.ID
	}
	return out
}

// Person answers for the person of an identifier.
func (f *Fold) Person(_ context.Context, id event.Identifier) (Person, error) {
	if _, found := f.nodes[id]; !found {
		return Person{}, fmt.Errorf("nothing is known of %s", id)
	}
	p := f.personOf(id)
	j := f.journeyOf(p)
	out := Person{
		Root: p.Root, Identifiers: f.shown(p), Channels: map[string]int{}, Revenue: map[string]string{}, Traits: map[string]string{},
	}
	for name, t := range f.rules.Traits(f.linesOf(p)).Standing() {
		out.Traits[name] = plain(t.Value)
	}
	for _, v := range j.Stages.Visits {
		out.Visits = append(out.Visits, Visit{string(v.Stage), v.Entered.Time()})
	}
	sums := map[string]money.Micros{}
	for _, s := range j.Steps {
		if s.IsOrder() {
			currency := s.Touchpoint.Order.Currency
			if currency == "" {
				currency = f.workspace.Currency
			}
			out.Orders++
			sums[currency] += s.Touchpoint.Order.Amount
		}
		out.Touchpoints++
		out.Channels[cmp.Or(s.Channel, "unknown")]++
		if s.Touchpoint.Passive {
			continue
		}
		if out.LastSeen = s.At.Time(); out.FirstSeen.IsZero() {
			out.FirstSeen = out.LastSeen
		}
	}
	for currency, sum := range sums {
		out.Revenue[currency] = sum.String()
	}
	return out, nil
}

// plain is a JSON value as text; a JSON text without its quotes.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(value))
}

// KPIs counts all persons in a window.
func (f *Fold) KPIs(_ context.Context, w period.Window, by kpi.Dimension) ([]kpi.Row, error) {
	in, lives := f.lives()
	return slices.DeleteFunc(in.Window(lives, w).Rows(), func(r kpi.Row) bool { return r.Dimension != by }), nil
}

// lives are those of all persons.
func (f *Fold) lives() (recount.In, []recount.Life) {
	in := recount.In{Calendar: f.calendar, Currency: f.workspace.Currency}
	var out []recount.Life
	for id := range f.nodes {
		if p := f.personOf(id); p.Root == id {
			out = append(out, in.Life(f.journeyOf(p)))
		}
	}
	return in, out
}

// Windows counts all persons in every window in which anything happened, by recount.Key.
func (f *Fold) Windows() map[string]*recount.Counted {
	in, lives := f.lives()
	return in.Windows(lives)
}
