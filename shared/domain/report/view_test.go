package report_test

import (
	"fmt"
	"slices"
	"testing"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// What tracking plans list is declared, in any of their forms, of any source.
func TestViewKnowsThePlans(t *testing.T) {
	t.Parallel()
	w := workspace.Workspace{Currency: "GBP", Keys: []workspace.Key{
		{Policy: workspace.Policy{Plan: `{"events":{"Order Completed":{"schema":{"properties":{"currency":{"enum":["xts",null]},"channel":{"const":"kiosk"}}}}}}`}},
		{},
		{Policy: workspace.Policy{Plan: `{"rules":{"events":[{"name":"Seen","rules":{"type":"object","properties":{"properties":{"type":"object",` +
			`"properties":{"campaign":{"enum":["spring","June"]}}}}}}]}}`}},
		{Policy: workspace.Policy{Plan: "{"}},
	}}
	v := report.View(w)
	if v.Currency != "GBP" {
		t.Errorf("the view is in %s", v.Currency)
	}
	var got []string
	for _, d := range []kpi.Dimension{measure.ByChannel, measure.ByFirstChannel, measure.ByCampaign, measure.ByCountry, kpi.ByCurrency} {
		for _, value := range []string{"kiosk", "spring", "June", "june", "XTS", "xts", ""} {
			if v.Declared(d, value) {
				got = append(got, fmt.Sprintf("%s %s", d, value))
			}
		}
	}
	if want := []string{"channel kiosk", "first_channel kiosk", "campaign spring", "campaign June", "currency XTS"}; !slices.Equal(got, want) {
		t.Errorf("declared are %q, want %q", got, want)
	}
}
