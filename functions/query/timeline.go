package query

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
)

type timelineAnswer struct {
	Person event.Identifier `json:"person"`
	Items  []stepAnswer     `json:"items"`
	Next   *string          `json:"next"`
}

type stepAnswer struct {
	Time       string            `json:"time"`     // the one that counts
	Original   string            `json:"original"` // the device's own
	Untimed    bool              `json:"untimed,omitempty"`
	Skewed     bool              `json:"skewed,omitempty"`
	Future     bool              `json:"future,omitempty"`
	ID         event.ID          `json:"id"`
	Source     string            `json:"source"`
	Type       event.Type        `json:"type"`
	Name       string            `json:"name,omitempty"`
	Channel    string            `json:"channel"`
	Session    int               `json:"session"` // 1 is the person's first, 0 that of no session: a bot's, or in quarantine
	Bot        string            `json:"bot,omitempty"`
	Quarantine string            `json:"quarantine,omitempty"` // that it is in
	Stage      stage.Name        `json:"stage,omitempty"`
	Identifier event.Identifier  `json:"identifier"`
	Country    string            `json:"country,omitempty"`
	Page       string            `json:"page,omitempty"`
	Order      *orderAnswer      `json:"order,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
}

type orderAnswer struct {
	ID       string       `json:"id"`
	Amount   money.Micros `json:"amount"`
	Currency string       `json:"currency"`
	Event    string       `json:"event"`  // completed, updated, cancelled or refunded
	Counts   bool         `json:"counts"` // false: another event said the same earlier, or it counts with another person's order
}

// timeline answers GET /v1/profiles/{id}/timeline: the newest first, page by page. It shows what counts, and with ?bots=1 what bots did as well, with
// ?quarantined=1 what is in quarantine.
func (h *Handler) timeline(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	before, err := readPlace(q.Query.Get("cursor"))
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	withBots, err := q.Flag("bots")
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	withApart, err := q.Flag("quarantined")
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	p, j, rules, err := h.person(ctx, q)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := timelineAnswer{Person: p.Root, Items: []stepAnswer{}}
	steps, inQuarantine := slices.Clone(j.Steps), map[place]string{}
	if withBots {
		steps = append(steps, j.Bots...)
	}
	if withApart {
		if steps, inQuarantine, err = withQuarantined(steps, p, rules, q.workspace); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
	}
	slices.SortFunc(steps, func(a, b journey.Step) int { return placeOf(a).compare(placeOf(b)) })
	byStep, _ := step.Orders(j, q.workspace.Currency)
	counted := make(map[place]*step.Order, len(byStep))
	for i, o := range byStep {
		counted[placeOf(j.Steps[i])] = o
	}
	for _, s := range slices.Backward(steps) {
		if before != nil && placeOf(s).compare(*before) >= 0 {
			continue
		}
		if len(answer.Items) == limit {
			answer.Next = cursor(before.String())
			break
		}
		item := shown(s, counted[placeOf(s)], q.workspace.Currency)
		item.Quarantine = inQuarantine[placeOf(s)]
		answer.Items = append(answer.Items, item)
		last := placeOf(s)
		before = &last
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// shown is a step as people see it, with the money that is counted of it.
func shown(s journey.Step, counted *step.Order, currency string) stepAnswer {
	t := s.Touchpoint
	answer := stepAnswer{
		Time: instant(s.At), Original: instant(t.Original), Untimed: t.Untimed, Skewed: t.Skewed, Future: t.Future, ID: t.ID, Source: t.Source,
		Type: t.Type, Name: t.Name, Channel: s.Channel, Session: s.Session + 1, Bot: t.Bot, Stage: s.Stage, Identifier: s.Identifier,
		Country: t.Country, Page: t.Page, Properties: t.Properties,
	}
	if t.IsBot() {
		answer.Session = 0
	}
	switch {
	case counted != nil:
		answer.Order = &orderAnswer{ID: counted.ID, Amount: counted.Amount, Currency: counted.Currency, Event: counted.Kind.String(), Counts: true}
	case t.Order != nil:
		o := t.Order
		answer.Order = &orderAnswer{
			ID: cmp.Or(o.Of, o.ID), Amount: o.Amount, Currency: cmp.Or(o.Currency, currency), Event: o.Kind.String(),
		}
	}
	return answer
}

// place is where a step stands in its timeline. It stays valid when others come before or after it.
type place struct {
	At         event.Millis     `json:"t"`
	Original   event.Millis     `json:"o"`
	ID         event.ID         `json:"i"`
	Source     string           `json:"s"`
	Identifier event.Identifier `json:"p"`
}

func placeOf(s journey.Step) place {
	return place{At: s.At, Original: s.Touchpoint.Original, ID: s.Touchpoint.ID, Source: s.Touchpoint.Source, Identifier: s.Identifier}
}

// compare orders places as package journey orders steps.
func (p place) compare(other place) int {
	return cmp.Or(
		cmp.Compare(p.At, other.At), cmp.Compare(p.Original, other.Original), cmp.Compare(p.ID, other.ID),
		cmp.Compare(p.Source, other.Source), cmp.Compare(p.Identifier, other.Identifier),
	)
}

// String is the cursor of a place.
func (p place) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("query: a place is made of strings and integers: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readPlace reads a cursor; nil for none.
func readPlace(text string) (*place, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var p place
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that this list gave").At("cursor")
	}
	return &p, nil
}
