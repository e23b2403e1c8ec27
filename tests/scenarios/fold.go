package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
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
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

// Fold is the pure core as a System: it keeps everything that was delivered and folds it anew for every question. It has no store, no
// protocol and no rollup, so whatever those add must come to the same.
type Fold struct {
	workspace  Workspace
	now        event.Millis
	channels   *channel.Rules
	model      *stage.Model
	properties map[string]bool
	lines      map[event.Identifier][]event.Touchpoint
	traits     map[event.Identifier]profile.Traits
	nodes      map[event.Identifier]identity.Node
	claims     map[string]profile.Claims
	decisions  int // about links
}

// NewFold makes an empty system with the built-in rules and one of the built-in stage models.
func NewFold(s Scenario, modelName string) (*Fold, error) {
	rules, err := model.Channels()
	if err != nil {
		return nil, fmt.Errorf("read channel rules: %w", err)
	}
	stages, err := model.Stages(modelName)
	if err != nil {
		return nil, fmt.Errorf("read stage model: %w", err)
	}
	return &Fold{
		workspace: s.Workspace, now: event.At(s.Now), channels: rules, model: stages, properties: model.Properties(),
		lines: map[event.Identifier][]event.Touchpoint{}, traits: map[event.Identifier]profile.Traits{},
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
	id := e.Kept()
	f.traits[id] = f.traits[id].Join(profile.TraitsOf(e))
	for _, l := range identity.Links(e) {
		f.link(l)
	}
	for _, each := range append(e.Identifiers, e.Previous...) {
		f.known(each)
	}
	if !e.Type.Touches() {
		return
	}
	tp := e.Touchpoint(f.sign(e), f.properties)
	f.lines[id] = append(f.lines[id], tp)
	if key, claim, ok := profile.ClaimOf(tp, id); ok {
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

func (f *Fold) sign(e event.Event) string {
	m := e.Marketing
	said := channel.Signals{
		Explicit: m.Explicit, Source: m.Source, Medium: m.Medium, Campaign: m.Campaign, Term: m.Term, Content: m.Content, Referrer: m.Referrer,
		Page: m.URL,
	}
	return string(f.channels.Of(said.Or(channel.FromURL(m.URL))))
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
	var lines []journey.Line
	for _, id := range p.IDs() {
		lines = append(lines, journey.Line{Identifier: id, Touchpoints: f.lines[id]})
	}
	return journey.Fold(p.Root, lines, f.claims, f.model, f.now)
}

// Person answers for the person of an identifier.
func (f *Fold) Person(_ context.Context, id event.Identifier) (Person, error) {
	if _, found := f.nodes[id]; !found {
		return Person{}, fmt.Errorf("nothing is known of %s", id)
	}
	p := f.personOf(id)
	j := f.journeyOf(p)
	out := Person{
		Root: p.Root, Identifiers: p.IDs(), Touchpoints: len(j.Steps), Channels: map[string]int{}, Revenue: map[string]string{}, Traits: map[string]string{},
	}
	var traits profile.Traits
	for _, member := range p.IDs() {
		traits = traits.Join(f.traits[member])
	}
	for name, t := range traits {
		out.Traits[name] = plain(t.Value)
	}
	for _, v := range j.Stages.Visits {
		out.Visits = append(out.Visits, Visit{string(v.Stage), v.Entered.Time()})
	}
	sums := map[string]money.Micros{}
	for i, s := range j.Steps {
		out.Channels[s.Channel]++
		if i == 0 {
			out.FirstSeen = s.At.Time()
		}
		out.LastSeen = s.At.Time()
		if s.Counts && !s.Touchpoint.Order.Refund {
			currency := s.Touchpoint.Order.Currency
			if currency == "" {
				currency = f.workspace.Currency
			}
			out.Orders++
			sums[currency] += s.Touchpoint.Order.Amount
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
	tally := kpi.NewTally(f.workspace.Currency)
	seen := map[event.Identifier]bool{}
	for id := range f.nodes {
		p := f.personOf(id)
		if seen[p.Root] {
			continue
		}
		seen[p.Root] = true
		if facts, ok := kpi.Of(f.journeyOf(p), event.At(w.Start), event.At(w.End), f.workspace.Currency); ok {
			tally.Add(facts)
		}
	}
	var out []kpi.Row
	for _, row := range tally.Rows() {
		if row.Dimension == by {
			out = append(out, row)
		}
	}
	return out, nil
}
