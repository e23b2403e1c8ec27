package query

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
	"waymark/shared/life"
)

type profileAnswer struct {
	Person      event.Identifier       `json:"person"`
	Identifiers []memberAnswer         `json:"identifiers"`
	Traits      map[string]traitAnswer `json:"traits"`
	Stage       stageAnswer            `json:"stage"`
	FirstSeen   *string                `json:"first_seen"` // null without a touchpoint
	LastSeen    *string                `json:"last_seen"`
	Touchpoints int                    `json:"touchpoints"`
	Bots        int                    `json:"bots,omitempty"`        // touchpoints of programs, kept and left out of everything else here
	Quarantined int                    `json:"quarantined,omitempty"` // touchpoints in quarantine, left out likewise
	Channels    map[string]int         `json:"channels"`
	Orders      ordersAnswer           `json:"orders"`
}

type memberAnswer struct {
	ID     event.Identifier `json:"id"`
	Linked *linkAnswer      `json:"linked,omitempty"` // the root has none
}

type linkAnswer struct {
	To       event.Identifier `json:"to"`
	At       string           `json:"at"`
	Event    event.ID         `json:"event"`
	Source   string           `json:"source"`
	Grade    string           `json:"grade"`
	Received string           `json:"received"`
}

type traitAnswer struct {
	Value    any    `json:"value"`
	At       string `json:"at"`
	Source   string `json:"source"`
	Grade    string `json:"grade"` // how far the event may be believed that said so
	Received string `json:"received"`
}

type stageAnswer struct {
	Current *stage.Name   `json:"current"` // null before the first touchpoint
	Since   *string       `json:"since"`
	Model   string        `json:"model"`
	History []visitAnswer `json:"history"`
}

type visitAnswer struct {
	Stage   stage.Name  `json:"stage"`
	Entered string      `json:"entered"`
	Left    *string     `json:"left"` // null while it lasts
	Cause   stage.Cause `json:"cause"`
}

type ordersAnswer struct {
	Count      int            `json:"count"`
	Revenue    []amountAnswer `json:"revenue"`
	NetRevenue []amountAnswer `json:"net_revenue"` // with updates, without refunds and cancellations
}

type amountAnswer struct {
	Currency string    `json:"currency"`
	Amount   money.Sum `json:"amount"`
}

// profile answers GET /v1/profiles/{id}.
func (h *Handler) profile(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	p, j, rules, err := h.person(ctx, q)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := profileAnswer{
		Person: p.Root, Identifiers: members(p, rules), Traits: traits(p.Traits(rules)), Stage: stages(j.Stages, rules.Model), Bots: len(j.Bots),
		Channels: map[string]int{}, Orders: orders(j, q.workspace.Currency),
	}
	apart, err := inQuarantine(p, rules, q.workspace)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read quarantines: %w", err)
	}
	answer.Quarantined = len(apart)
	seen := j.Seen()
	if answer.Touchpoints = seen.Touchpoints; seen.Touchpoints > 0 {
		answer.Channels = seen.Channels
	}
	if seen.Last > 0 {
		first, last := instant(seen.First), instant(seen.Last)
		answer.FirstSeen, answer.LastSeen = &first, &last
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// person loads the person that the path names and folds the journey up to now. Faults: those of parsed, NotFound no_person.
func (h *Handler) person(ctx context.Context, q question) (life.Person, journey.Journey, journey.Rules, error) {
	none := func(err error) (life.Person, journey.Journey, journey.Rules, error) {
		return life.Person{}, journey.Journey{}, journey.Rules{}, err
	}
	rules, err := life.Rules(h.Rules, q.workspace)
	if err != nil {
		return none(fmt.Errorf("read rules of workspace %s: %w", q.workspace.Name, err))
	}
	ids, err := identifiers(q.name)
	if err != nil {
		return none(err)
	}
	for _, id := range ids {
		loaded, err := life.Load(ctx, h.Store, q.workspace.Namespace(), h.Caps, rules, []event.Identifier{id})
		if err != nil {
			return none(fmt.Errorf("load person: %w", err))
		}
		if p := loaded.Of(id); isKnown(p) {
			return p, p.Journey(rules, event.At(h.Now())), rules, nil
		}
	}
	return none(errNoPerson())
}

// identifiers reads the path's parameter as it stands, and decoded once more where that says something else: gateways differ in what they
// decode.
func identifiers(text string) ([]event.Identifier, error) {
	texts := []string{text}
	if decoded, err := url.PathUnescape(text); err == nil && decoded != text {
		texts = append(texts, decoded)
	}
	var ids []event.Identifier
	var refused error
	for _, t := range texts {
		id, err := parsed("id", t)
		if err != nil {
			refused = err
			continue
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, refused
	}
	return ids, nil
}

// isKnown tells a person of whom anything is stored from one that nobody has heard of.
func isKnown(p life.Person) bool {
	return len(p.Partitions) > 1 || slices.ContainsFunc(p.Partitions, hasAnything)
}

func hasAnything(p ledger.Partition) bool {
	return len(p.Touchpoints)+len(p.Node.Parents)+len(p.Node.Children)+len(p.Node.Cuts) > 0
}

// members are the identifiers of a person.
func members(p life.Person, rules journey.Rules) []memberAnswer {
	partitions := map[event.Identifier]ledger.Partition{}
	for _, partition := range p.Partitions {
		partitions[partition.ID] = partition
	}
	node := func(id event.Identifier) identity.Node { return partitions[id].Node }
	shown := identity.Shown(p.Members, node, func(id event.Identifier) bool {
		of := partitions[id]
		return life.Acts(rules, of) || len(of.Node.Children) > 0
	})
	out := make([]memberAnswer, len(shown))
	for i, m := range shown {
		out[i].ID = m.ID
		if m.Link != nil {
			out[i].Linked = linked(m.Link)
		}
	}
	return out
}

func linked(l *identity.Link) *linkAnswer {
	by := l.Evidence
	return &linkAnswer{
		To: l.Parent, At: instant(by.At), Event: by.Event, Source: by.Source, Grade: by.Grade.String(), Received: instant(by.Received),
	}
}

func traits(all profile.Traits) map[string]traitAnswer {
	out := make(map[string]traitAnswer, len(all))
	for name, t := range all.Standing() {
		out[name] = traitAnswer{Value: t.Value, At: instant(t.At), Source: t.Source, Grade: t.Grade.String(), Received: instant(t.Received)}
	}
	return out
}

func stages(history stage.History, model *stage.Model) stageAnswer {
	answer := stageAnswer{Model: model.ID(), History: make([]visitAnswer, len(history.Visits))}
	for i, v := range history.Visits {
		answer.History[i] = visitAnswer{Stage: v.Stage, Entered: instant(v.Entered), Cause: v.Cause}
		if v.Left != 0 {
			left := instant(v.Left)
			answer.History[i].Left = &left
		}
	}
	if current, found := history.Current(); found {
		since := instant(current.Entered)
		answer.Current, answer.Since = &current.Stage, &since
	}
	return answer
}

// orders counts those that count, what they brought by currency, and what remains of it.
func orders(j journey.Journey, currency string) ordersAnswer {
	answer := ordersAnswer{}
	revenue, net := map[string]money.Sum{}, map[string]money.Sum{}
	byStep, sent := step.Orders(j, currency)
	for _, o := range slices.AppendSeq(sent, maps.Values(byStep)) {
		if o.Kind == event.Completed {
			answer.Count++
			revenue[o.Currency] = revenue[o.Currency].Plus(money.SumOf(o.Amount))
		}
		net[o.Currency] = net[o.Currency].Plus(money.SumOf(o.Net()))
	}
	answer.Revenue, answer.NetRevenue = amounts(revenue), amounts(net)
	return answer
}
