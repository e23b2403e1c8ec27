// Package signed tests what sites may say and whom they may name, from the request to what is stored, and the programs of
// docs/signed-users.md.
package signed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

const secret = "is_secret-of-the-site"

// newWorld is a system with the workspace shop, whose site wk_site has an identity secret and some settings, given as name and value.
func newWorld(t *testing.T, settings ...string) *system.System {
	t.Helper()
	shop, policy := system.Shop(), workspace.NewPolicy()
	for i := 0; i < len(settings); i += 2 {
		must(t, policy.Set(settings[i], settings[i+1]))
	}
	shop.SetPolicy("site", policy)
	shop.AddSecret("site", secret, system.Begin, 0)
	return system.New(t, shop)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// said are events of all that a judge decides.
func said() []string {
	proof := func(user, email string) string {
		return fmt.Sprintf(`"context":{"proof":{"user":%q,"email":%q}}`, user, email)
	}
	both := proof(trust.Proof(secret, "7"), trust.Proof(secret, "ada@shop.example"))
	var all []string
	for i, one := range []string{
		`"type":"page","anonymousId":"a"`,
		`"type":"identify","userId":"7","anonymousId":"a","traits":{"email":"ada@shop.example"}`,
		`"type":"identify","userId":"7","anonymousId":"a","traits":{"email":"ada@shop.example"},` + both,
		`"type":"identify","userId":"8","anonymousId":"a","traits":{"email":"ada@shop.example"},` + both,
		`"type":"identify","userId":"8"`,
		`"type":"alias","userId":"7","previousId":"8",` + both,
		`"type":"alias","userId":"7","previousId":"7",` + both,
		`"type":"page","anonymousId":"a","timestamp":"2026-10-23T11:59:59Z"`,
		`"type":"page","anonymousId":"a","timestamp":"2026-11-23T12:00:01Z"`,
		`"type":"track","event":"Order Completed","anonymousId":"a","properties":{"order_id":"o1","total":100}`,
		`"type":"track","event":"Order Completed","anonymousId":"a","properties":{"order_id":"o2","total":100.01}`,
		`"type":"track","event":"Order Completed","anonymousId":"a","properties":{"order_id":"o3","total":-1}`,
		`"type":"track","event":"Order Refunded","anonymousId":"a","properties":{"order_id":"o1","total":1}`,
	} {
		all = append(all, fmt.Sprintf(`{"messageId":"m%d",%s}`, i, one))
	}
	return all
}

// TestAnyRoadIsJudgedTheSame: what travels as collect has read it and what travels as it was sent end as the same touchpoints and failed events.
func TestAnyRoadIsJudgedTheSame(t *testing.T) {
	t.Parallel()
	for _, identity := range []string{"open", "signed"} {
		for _, key := range []string{"wk_site", "wk_web"} {
			read, raw := newWorld(t, "identity", identity, "max-order", "100"), newWorld(t, "identity", identity, "max-order", "100")
			read.Post(key, said()...)
			sent := read.Queue.Take(10)
			if len(sent) != 1 || len(sent[0].Envelope.Parsed) < 6 {
				t.Fatalf("collect queues %+v", sent)
			}
			e := event.Envelope{
				Version: event.EnvelopeVersion, Workspace: "shop", Source: sent[0].Envelope.Source, Received: sent[0].Envelope.Received, Request: sent[0].Envelope.Request,
			}
			for _, one := range said() {
				e.Events = append(e.Events, json.RawMessage(one))
			}
			must(t, raw.Queue.Send(t.Context(), []event.Envelope{e}))
			read.Deliver(sent...)
			raw.Drain()
			if got, want := raw.Table.Dump(), read.Table.Dump(); got != want {
				t.Errorf("%s, identity %s: as it was sent it ends as\n%s\nwant, as it was read,\n%s", key, identity, got, want)
			}
			if dump := read.Table.Dump(); !strings.Contains(dump, `"m0"`) || key == "wk_site" && !strings.Contains(dump, "server_only") {
				t.Errorf("%s, identity %s: too little is stored:\n%s", key, identity, dump)
			}
		}
	}
}
