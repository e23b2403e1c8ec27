package analyses_test

import (
	"net/http"
	"strings"
	"testing"

	"waymark/shared/testing/system"
)

// TestKeptOfOrders: what an order says of its cost, its products and a survey of its words come from collect to the numbers that are made of them.
func TestKeptOfOrders(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	s.Send("wk_web",
		`{"type":"track","event":"Order Completed","userId":"1","messageId":"a","timestamp":"2026-11-20T10:00:00Z","properties":{"order_id":"o1","total":50,"cost":"30.25","currency":"GBP","products":[{"product_id":"shoe"},{"sku":"sock"}]}}`,
		`{"type":"track","event":"Order Completed","userId":"2","messageId":"b","timestamp":"2026-11-20T11:00:00Z","properties":{"order_id":"o2","total":10,"currency":"GBP","products":[{"product_id":"shoe"},{"sku":"sock"}]}}`,
		`{"type":"track","event":"Survey Answered","userId":"1","messageId":"c","timestamp":"2026-11-20T12:00:00Z","properties":{"survey_id":"s","survey_type":"nps","score":9,"text":"I love it!"}}`,
	)
	s.Drain()
	s.Settle()
	for path, want := range map[string]string{
		"/v1/kpis?metric=margin&grain=day&from=2026-11-20&to=2026-11-21":          `"value":"19.75"`,
		"/v1/kpis?metric=nps&grain=day&from=2026-11-20&to=2026-11-21":             `"value":100`,
		"/v1/analyses/basket?from=2026-11-01&to=2026-11-22&min_orders=1":          `"sock"`,
		"/v1/analyses/sentiment?language=en&from=2026-11-01&to=2026-11-22":        `I love it!`,
		"/v1/analyses/metrics?metric=nps&by=property.survey_type&from=2026-11-01": `"nps"`,
	} {
		if status, body := s.Ask(http.MethodGet, path, "sk_shop", ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s is answered %d %.700s\nwant %s in it", path, status, body, want)
		}
	}
}
