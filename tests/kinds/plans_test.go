package kinds

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"waymark/shared/domain/plan"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

var (
	planBlock = regexp.MustCompile("(?s)```json plan\n(.*?)```")
	eventRow  = regexp.MustCompile("(?m)^\\| `(\\{.*\\})` \\| (.*) \\|$")
)

// TestPlansDocument sends each event of docs/plans.md to a source with the plan above it: what the table says becomes of it.
func TestPlansDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/plans.md")
	must(t, err)
	blocks := planBlock.FindAllSubmatchIndex(text, -1)
	if len(blocks) != 3 {
		t.Fatalf("docs/plans.md has %d plans, want 3", len(blocks))
	}
	for i, at := range blocks {
		end := len(text)
		if i+1 < len(blocks) {
			end = blocks[i+1][0]
		}
		asked, rows := string(text[at[2]:at[3]]), eventRow.FindAllStringSubmatch(string(text[at[1]:end]), -1)
		if _, err := plan.Parse(asked); err != nil || len(rows) < 2 {
			t.Fatalf("plan %d: %v, %d rows", i, err, len(rows))
		}
		shop := system.Shop()
		shop.SetPolicy("web", workspace.Policy{Plan: asked})
		for _, row := range rows {
			w := world{system.New(t, shop)}
			want := row[2]
			if want == "accepted" {
				want = ""
			} else {
				_, reason, _ := strings.Cut(want, ": ")
				want = "0 plan_violation " + reason
			}
			if got := w.post(t, row[1]); got != want {
				t.Errorf("plan %d, %s\n got %q\nwant %q", i, row[1], got, want)
			}
		}
	}
}

// TestPlanChanged goes the whole way: an event is rejected by a plan, kept with its reason, and accepted by a replay once the plan is another.
func TestPlanChanged(t *testing.T) {
	t.Parallel()
	const asked, event = `{"events":{"Signed Up":{"required":{"seats":"integer"}}}}`, `{"type":"track","event":"Signed Up","userId":"42","messageId":"e1","properties":{"seats":"secret"}}`
	shop := system.Shop()
	shop.SetPolicy("web", workspace.Policy{Plan: asked})
	w := world{system.New(t, shop)}
	w.post(t, event)
	w.Drain()
	kept, _, err := w.Table.Failed(t.Context(), "shop", "", "", 10)
	must(t, err)
	if len(kept) != 1 || kept[0].Class != "plan_violation" || kept[0].Field != "properties.seats" || kept[0].Original != event || strings.Contains(kept[0].Reason, "secret") {
		t.Fatalf("kept %+v, want the event as it was sent, with the field and without what it holds", kept)
	}
	verdict := func() (accepted bool) {
		status, answer := w.Ask("GET", "/v1/failed/"+kept[0].ID, "sk_shop", "")
		var shown struct{ Verdict struct{ Accepted bool } }
		if err := json.Unmarshal([]byte(answer), &shown); status != 200 || err != nil {
			t.Fatalf("GET /v1/failed answers %d %s", status, answer)
		}
		return shown.Verdict.Accepted
	}
	replay := func() int {
		if status, answer := w.Ask("POST", "/v1/failed/replay", "sk_shop", `{"all":true}`); status != 200 && status != 202 {
			t.Fatalf("POST /v1/failed/replay answers %d %s", status, answer)
		}
		w.Drain()
		kept, _, err := w.Table.Failed(t.Context(), "shop", "", "", 10)
		must(t, err)
		return len(kept)
	}
	if verdict() || replay() != 1 || len(w.accepted(t)) != 0 {
		t.Error("under the same plan the event is accepted, want it to fail again")
	}
	shop.SetPolicy("web", workspace.Policy{Plan: `{"events":{"Signed Up":{"required":{"seats":"string"}}}}`})
	must(t, w.Table.PutWorkspace(t.Context(), shop))
	if !verdict() || replay() != 0 || len(w.accepted(t)) != 1 {
		t.Error("under the other plan the event is not accepted, want it once")
	}
}

// TestKeptProperties: what a source is told to keep is shown in the timeline, and nothing else.
func TestKeptProperties(t *testing.T) {
	t.Parallel()
	const sent = `{"type":"track","event":"Product Viewed","userId":"42","messageId":"e1","properties":{"product_id":7,"url":"https://shop.example/?email=a","theme":"dark",` +
		`"shop":{"floor":{"no":3,"lift":true}},"products":[{"sku":"G-32"},{"sku":"G-33"}],"none":null}}`
	for setting, want := range map[string]string{
		"model":        `{"product_id":"7"}`,
		"all":          `{"product_id":"7","products.0.sku":"G-32","products.1.sku":"G-33","shop.floor.lift":"true","shop.floor.no":"3","theme":"dark"}`,
		"theme,shop.*": `{"product_id":"7","shop.floor.lift":"true","shop.floor.no":"3","theme":"dark"}`,
	} {
		var p workspace.Policy
		must(t, p.Set("properties", setting))
		shop := system.Shop()
		shop.SetPolicy("web", p)
		w := world{system.New(t, shop)}
		w.post(t, sent)
		w.Drain()
		status, answer := w.Ask("GET", "/v1/profiles/user:42/timeline", "sk_shop", "")
		var timeline struct {
			Items []struct{ Properties json.RawMessage }
		}
		if err := json.Unmarshal([]byte(answer), &timeline); status != 200 || err != nil || len(timeline.Items) != 1 {
			t.Fatalf("the timeline answers %d %s", status, answer)
		}
		if got := string(timeline.Items[0].Properties); got != want {
			t.Errorf("--properties %s keeps\n%s\nwant\n%s", setting, got, want)
		}
	}
}
