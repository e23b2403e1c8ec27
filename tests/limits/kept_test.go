package limits_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/quarantine"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
	"waymark/shared/domain/strictjson"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

// kept are the limits of what is stored and computed, asked where they live.
func kept() []limit {
	return []limit{
		{"shared/domain/strictjson.MaxDepth", 10_000, func(_ *testing.T, n int) bool {
			_, err := strictjson.Parse(strings.Repeat("[", n) + strings.Repeat("]", n))
			return err == nil
		}},
		{"shared/domain/money.Max", int(money.Max), func(_ *testing.T, n int) bool {
			_, err := money.Parse(strconv.Itoa(n) + "e-6")
			_, negative := money.Parse("-" + strconv.Itoa(n) + "e-6")
			return err == nil && negative == nil
		}},
		{"shared/adapter/queue/message.maxEvents", 250, func(t *testing.T, n int) bool { // of one message
			bodies, err := message.Bodies(event.Envelope{Version: 2, Workspace: "shop", Events: slices.Repeat([]json.RawMessage{json.RawMessage("{}")}, n)})
			if err != nil {
				t.Fatal(err)
			}
			return len(bodies) == 1
		}},
		{"shared/domain/quarantine.MaxValues", 200, func(_ *testing.T, n int) bool {
			return quarantine.Check(quarantineOf("", slices.Repeat([]string{"Home"}, n))) == nil
		}},
		{"shared/domain/quarantine.MaxReasonBytes", 500, func(_ *testing.T, n int) bool {
			return quarantine.Check(quarantineOf(strings.Repeat("r", n), nil)) == nil
		}},
		{"shared/domain/workspace.MaxQuarantines", 100, func(_ *testing.T, n int) bool {
			w := workspace.Workspace{}
			var err error
			for i := range n {
				q := quarantineOf("", nil)
				q.ID = strconv.Itoa(i)
				if w, err = w.Quarantined(q); err != nil {
					return false
				}
			}
			return true
		}},
		{"shared/domain/profile.MaxClaims", 64, claimsKept(event.Completed)},
		{"shared/domain/profile.MaxChanges", 256, claimsKept(event.Refunded)},
		{"shared/domain/workspace.maxNameBytes", 40, func(_ *testing.T, n int) bool {
			_, err := workspace.New(strings.Repeat("n", n), "Europe/London", "GBP", "default")
			return err == nil
		}},
		{"shared/domain/bot.maxAgentBytes", 512, func(t *testing.T, n int) bool {
			bots, err := model.Bots()
			if err != nil {
				t.Fatal(err)
			}
			return bots.Of(strings.Repeat(" ", n-len("Googlebot"))+"Googlebot") != ""
		}},
		{"shared/domain/kpi.MaxMembers", 500, countriesShown},
		{"shared/domain/kpi.MaxCurrencies", 50, currenciesShown},
		{"shared/domain/stage.MaxAfter", int(20 * 365 * 24 * time.Hour / time.Millisecond), func(_ *testing.T, n int) bool {
			_, err := stage.New(stage.Config{
				Name: "m", Version: 1, Policy: stage.Latest, Stages: []stage.Name{"a"}, Lapse: "lapsed",
				Rules: []stage.Rule{{ID: "r", Stage: "a", When: stage.When{Types: []event.Type{event.Page}}}, {ID: "l", Stage: "lapsed", Silence: &stage.Silence{After: time.Duration(n) * time.Millisecond}}},
			})
			return err == nil
		}},
	}
}

// claimsKept asks whether n claims of a kind are all kept.
func claimsKept(kind event.OrderKind) func(*testing.T, int) bool {
	return func(_ *testing.T, n int) bool {
		var claims profile.Claims
		for i := range n {
			claims = claims.Join(profile.Claim{Evidence: identity.Evidence{At: event.Millis(i)}, Identifier: "user:1", Kind: kind, ID: fmt.Sprint(i)})
		}
		return len(claims) == n
	}
}

// countriesShown asks whether n countries are all shown, and none are added up.
func countriesShown(t *testing.T, n int) bool {
	definitions, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	totals := definitions.Set().Empty()
	for i := range n {
		definitions.Set().Add(totals, measure.Of([]step.Row{{Person: "user:1", Type: event.Page, Country: fmt.Sprintf("c%03d", i), Channel: "email"}}))
	}
	shown := 0
	for _, row := range definitions.Rows("GBP", totals) {
		if row.Metric == "touchpoints" && row.Dimension == measure.ByCountry {
			if shown++; row.Value == kpi.Other {
				return false
			}
		}
	}
	return shown == n
}

// quarantineOf holds the events of some names for a reason.
func quarantineOf(reason string, names []string) workspace.Quarantine {
	return workspace.Quarantine{Source: "site", To: 1, Reason: reason, When: workspace.Condition{Names: names}}
}
