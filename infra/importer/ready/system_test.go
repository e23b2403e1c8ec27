package ready_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waymark/infra/importer"
	"waymark/infra/importer/ready"
	"waymark/shared/testing/system"
)

// TestSamplesCount: what the samples with money come to in the whole system, counted by hand from the samples.
func TestSamplesCount(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"shopify-orders":   "orders 3; revenue 199.95 EUR; refunds",
		"shopify-refunds":  "orders; revenue; refunds 132.50 EUR",
		"woocommerce":      "orders 4; revenue 97.45 EUR, 2500.00 JPY; refunds 30.00 EUR, 500.00 JPY",
		"stripe-charges":   "orders 5; revenue 10.99 EUR, 2500.00 ISK, 500.00 JPY, 12.345 KWD, 30.00 USD; refunds",
		"stripe-refunds":   "orders; revenue; refunds 10.99 EUR, 200.00 JPY, 30.00 USD",
		"stripe-payments":  "orders 3; revenue 1260.99 EUR, 500.00 JPY; refunds 10.99 EUR",
		"ga4":              "orders 1; revenue 59.95 EUR; refunds 30.00 EUR",
		"typeform-answers": "orders; revenue; refunds",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := ready.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			world := system.New(t, system.Shop())
			m, err := r.Mapping(nil)
			if err != nil {
				t.Fatal(err)
			}
			summary := importer.NewSummary(m, name)
			for range 2 { // importing twice equals importing once
				if err := m.Map(name, bytes.NewReader(sampleOf(t, name)), world.Now, &summary, func(e importer.Event) error {
					world.Send("wk_till", string(e.JSON))
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			world.Settle()
			var got []string
			for _, metric := range []string{"orders", "revenue", "refunds"} {
				got = append(got, strings.TrimSpace(metric+" "+strings.Join(values(t, world, metric), ", ")))
			}
			if line := strings.Join(got, "; "); line != want {
				t.Errorf("%s = %s\nwant %s", name, line, want)
			}
		})
	}
}

// values are the numbers of a metric other than 0 in March 2026, with their currencies.
func values(t *testing.T, world *system.System, metric string) []string {
	t.Helper()
	status, body := world.Get("/v1/kpis?metric=" + metric + "&from=2026-03-01&to=2026-04-01&grain=month")
	var answer struct {
		Rows []struct {
			Value json.RawMessage
			Unit  string
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("GET /v1/kpis: %d %s, %v", status, body, err)
	}
	var list []string
	for _, row := range answer.Rows {
		value := strings.Trim(string(row.Value), `"`)
		if strings.Trim(value, "0.") == "" {
			continue // the workspace's own currency is shown always
		}
		if row.Unit != "count" {
			value = fmt.Sprintf("%s %s", value, row.Unit)
		}
		list = append(list, value)
	}
	return list
}
