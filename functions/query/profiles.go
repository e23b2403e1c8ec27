package query

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

type profilesAnswer struct {
	Stage   stage.Name      `json:"stage"`
	Settled *string         `json:"settled"` // what was stored up to then is in the list; null before the first time
	Items   []listedProfile `json:"items"`
	Next    *string         `json:"next"`
}

// listedProfile is a person as they were counted last.
type listedProfile struct {
	Person      event.Identifier `json:"person"`
	Stage       stage.Name       `json:"stage"`
	Since       string           `json:"since"`
	FirstSeen   string           `json:"first_seen"`
	LastSeen    string           `json:"last_seen"`
	Touchpoints int              `json:"touchpoints"`
	Sessions    int              `json:"sessions"`
	Channels    map[string]int   `json:"channels"`
	Orders      int              `json:"orders"`
	Revenue     []amountAnswer   `json:"revenue"`
	NetRevenue  []amountAnswer   `json:"net_revenue"`
}

// profiles answers GET /v1/profiles?stage=: the persons in a stage, those seen on the latest day first, page by page. It shows what was counted last;
// GET /v1/profiles/{id} folds what is stored this instant.
func (h *Handler) profiles(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	list, err := h.newList(ctx, q, limit)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	next, err := list.fill(ctx)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer := profilesAnswer{Stage: list.stage, Items: list.items, Next: cursor(next)}
	state, err := h.Ledger.State(ctx, q.workspace.Namespace())
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read state: %w", err)
	}
	if state.Settled > 0 {
		settled := instant(state.Settled)
		answer.Settled = &settled
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// list is a page that is being filled.
type list struct {
	*Handler
	ns       workspace.Namespace
	calendar period.Calendar
	stage    stage.Name
	limit    int
	at       listPlace
	seen     map[event.Identifier]bool
	items    []listedProfile
}

// listPlace is where a page ended: in a listing, behind so many of its persons.
type listPlace struct {
	After string `json:"a"`           // the listings before
	Skip  int    `json:"n,omitempty"` // persons of the next one
}

// newList reads what is asked for. Faults, all Invalid: unknown_stage, bad_cursor.
func (h *Handler) newList(ctx context.Context, q question, limit int) (*list, error) {
	rules, err := h.Rules(q.workspace.Model)
	if err != nil {
		return nil, fmt.Errorf("read rules of workspace %s: %w", q.workspace.Name, err)
	}
	stages := rules.Model.Stages()
	if lapse := rules.Model.Lapse(); lapse != "" {
		stages = append(stages, lapse)
	}
	l := &list{Handler: h, ns: q.workspace.Namespace(), limit: limit, stage: stage.Name(q.Query.Get("stage")), seen: map[event.Identifier]bool{}}
	if l.calendar, err = q.workspace.Calendar(); err != nil {
		return nil, fmt.Errorf("read time zone of workspace %s: %w", q.workspace.Name, err)
	}
	if !slices.Contains(stages, l.stage) {
		names := make([]string, len(stages))
		for i, s := range stages {
			names[i] = string(s)
		}
		return nil, fault.Newf(fault.Invalid, "unknown_stage", "name a stage: %s", strings.Join(names, ", ")).At("stage")
	}
	if text := q.Query.Get("cursor"); text != "" {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil {
			err = json.Unmarshal(raw, &l.at)
		}
		if err != nil || l.at.Skip < 0 {
			return nil, fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that this list gave").At("cursor")
		}
	}
	l.items = []listedProfile{}
	return l, nil
}

func (p listPlace) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("query: a place is made of a text and a number: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// fill reads listings until the page is full, and gives the cursor of the next. A listing is a note of what was once so: who is elsewhere by now, or
// was seen on a later day, is passed over.
func (l *list) fill(ctx context.Context) (next string, err error) {
	for {
		listings, after, err := l.Ledger.Listings(ctx, l.ns, string(l.stage), l.at.After, 1)
		if err != nil {
			return "", fmt.Errorf("read listings: %w", err)
		}
		for _, one := range listings {
			persons := one.Persons[min(l.at.Skip, len(one.Persons)):]
			for chunk := range slices.Chunk(persons, l.limit) {
				full, err := l.take(ctx, one.Day, chunk)
				if err != nil || full {
					return l.at.String(), err
				}
			}
		}
		if after == "" {
			return "", nil
		}
		l.at = listPlace{After: after}
	}
}

// take adds persons to the page; full when it has no room for the next.
func (l *list) take(ctx context.Context, day string, persons []event.Identifier) (full bool, err error) {
	profiles, err := l.Ledger.Profiles(ctx, l.ns, persons)
	if err != nil {
		return false, fmt.Errorf("read profiles: %w", err)
	}
	for _, p := range profiles {
		if len(l.items) == l.limit {
			return true, nil
		}
		l.at.Skip++
		if !p.IsRoot() || p.Stage != l.stage || l.calendar.At(period.Day, p.LastSeen.Time()).Key != day || l.seen[p.ID] {
			continue
		}
		l.seen[p.ID] = true
		l.items = append(l.items, listed(p))
	}
	return false, nil
}

func listed(p ledger.Profile) listedProfile {
	out := listedProfile{
		Person: p.ID, Stage: p.Stage, Since: instant(p.Since), FirstSeen: instant(p.FirstSeen), LastSeen: instant(p.LastSeen),
		Touchpoints: p.Touchpoints, Sessions: p.Sessions, Channels: p.Channels, Orders: p.Orders, Revenue: amounts(p.Revenue), NetRevenue: amounts(p.Net),
	}
	return out
}

// amounts lists sums of money by currency.
func amounts(sums map[string]money.Sum) []amountAnswer {
	out := make([]amountAnswer, 0, len(sums))
	for currency, amount := range sums {
		out = append(out, amountAnswer{Currency: currency, Amount: amount})
	}
	slices.SortFunc(out, func(a, b amountAnswer) int { return strings.Compare(a.Currency, b.Currency) })
	return out
}
