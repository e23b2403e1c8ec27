// Package experiments_test runs an experiment through the front door: it is settled, visitors are told their variant, exposures and orders come in, and
// the analysis says what came of it.
package experiments_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/testing/system"
)

const settled = `{"experiments":[{"id":"button","variants":[{"id":"control","weight":50},{"id":"green","weight":50}],"from":"2026-11-22",` +
	`"to":"2026-12-22","metric":{"event":"Order Completed"},"guardrails":[{"net_revenue":"GBP"}],"segments":["device"]}]}`

// variantOf asks collect.
func variantOf(t *testing.T, s *system.System, person string) string {
	t.Helper()
	answer, err := httpapitest.Invoke(t.Context(), s.Collect(s.Ports()), s.Request(http.MethodGet, "/v1/experiments/button/variant?anonymous_id="+person, system.Basic("wk_site"), ""))
	var got struct{ Variant string }
	if err != nil || answer.StatusCode != http.StatusOK || json.Unmarshal([]byte(answer.Body), &got) != nil {
		t.Fatalf("the variant of %s: %d %s, %v", person, answer.StatusCode, answer.Body, err)
	}
	return got.Variant
}

type cell struct {
	Numerator, Denominator int64
}

// TestExperiment: 200 visitors, of whom the tenth of control buy and the third of green, with one who saw both.
func TestExperiment(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	if status, body := s.Ask(http.MethodPut, "/v1/definitions/experiments", "sk_shop", settled); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, body)
	}
	type outcome struct{ persons, buyers int64 }
	want := map[string]*outcome{"control": {}, "green": {}}
	var site, server []string
	for i := range 200 {
		visitor := fmt.Sprintf("a%03d", i)
		variant := variantOf(t, s, visitor)
		of := want[variant]
		of.persons++
		event := func(id, name, properties string) string {
			return fmt.Sprintf(`{"type":"track","event":%q,"anonymousId":%q,"messageId":"%s-%s","timestamp":%q,"properties":%s}`,
				name, visitor, visitor, id, s.Now.Add(time.Duration(i)*time.Second).Format(time.RFC3339), properties)
		}
		exposure := fmt.Sprintf(`{"experiment_id":"button","variation_id":%q}`, variant)
		site = append(site, event("x", "Experiment Viewed", exposure), event("p", "Product Viewed", `{"product_id":"7"}`))
		every := map[string]int64{"control": 10, "green": 3}[variant]
		if of.persons%every == 0 {
			of.buyers++
			site = append(site, event("again", "Experiment Viewed", exposure))
			server = append(server, fmt.Sprintf(`{"type":"track","event":"Order Completed","anonymousId":%q,"messageId":"o%d","timestamp":%q,"properties":{"order_id":"o%d","total":10.5,"currency":"GBP"}}`,
				visitor, i, s.Now.Add(10*time.Minute).Format(time.RFC3339), i))
		}
	}
	both := `{"type":"track","event":"experiment_viewed","anonymousId":"both","messageId":"%[1]s","timestamp":"2026-11-22T12:00:00Z","properties":{"experiment_id":"button","variation_id":%[1]q}}`
	s.Send("wk_site", append(site, fmt.Sprintf(both, "green"), fmt.Sprintf(both, "control"))...)
	s.Advance(time.Hour)
	s.Send("wk_web", server...)
	s.Settle()

	status, body := s.Ask(http.MethodGet, "/v1/analyses/experiments?experiment=button&from=2026-11-22&to=2026-11-24", "sk_shop", "")
	var got struct {
		Tables []struct {
			Name string
			Rows []map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &got); status != http.StatusOK || err != nil {
		t.Fatalf("GET: %d %s, %v", status, body, err)
	}
	rows := map[string][]map[string]json.RawMessage{}
	for _, table := range got.Tables {
		rows[table.Name] = table.Rows
	}
	if len(rows["variants"]) != 4 || string(rows["variants"][2]["persons"]) != "1" {
		t.Errorf("variants %v", rows["variants"])
	}
	for i, variant := range []string{"control", "green"} {
		var conversion cell
		if err := json.Unmarshal(rows["results"][i]["conversion"], &conversion); err != nil {
			t.Fatal(err)
		}
		of := want[variant]
		if conversion != (cell{of.buyers, of.persons}) {
			t.Errorf("%s: %+v, want %+v", variant, conversion, *of)
		}
		if revenue, wanted := string(rows["results"][2+i]["revenue"]), fmt.Sprintf("%q", fmt.Sprintf("%d.%d0", of.buyers*21/2, of.buyers%2*5)); revenue != wanted {
			t.Errorf("%s: revenue %s, want %s", variant, revenue, wanted)
		}
	}
	if verdict := string(rows["ratio"][0]["verdict"]); verdict != `"as planned"` {
		t.Errorf("the ratio is %s", verdict)
	}
}
