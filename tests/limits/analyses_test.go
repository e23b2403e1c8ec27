package limits_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/shared/testing/system"
)

// repeated is a text n times, with its number in the place of %d, and commas between.
func repeated(text string, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(text, i)
	}
	return strings.Join(all, ",")
}

// defined asks whether a definition is taken.
func defined(kind string, text func(n int) string) func(*testing.T, int) bool {
	return func(t *testing.T, n int) bool {
		status, _ := system.New(t, system.Shop()).Ask("PUT", "/v1/definitions/"+kind, "sk_shop", text(n))
		return status == 200
	}
}

// analyses are the limits of what analyses are asked, and of what they read.
func analyses() []limit {
	const funnel, span = "/v1/analyses/funnel?step=order", "from=2026-01-01&to=2026-11-01"
	return []limit{
		{"shared/domain/funnel.MaxSteps", 24, answered(func(n int) string { return funnel + strings.Repeat("&step=order", n-1) })},
		{"shared/domain/funnel.MaxExclusions", 16, answered(func(n int) string { return funnel + "&step=page:/a" + strings.Repeat("&without=page:/b", n) })},
		{"shared/domain/funnel.MaxWindow", 366, answered(func(n int) string { return fmt.Sprintf("%s&step=page:/a&window=%dd", funnel, n) })},
		{"shared/domain/funnel.MaxFunnels", 100, defined("funnels", func(n int) string {
			return `{"funnels":[` + repeated(`{"name":"f%d","steps":["order","page:/a"]}`, n) + `]}`
		})},
		{"shared/domain/objective.MaxObjectives", 100, defined("objectives", func(n int) string {
			return `{"objectives":[` + repeated(`{"name":"o%d","metric":"orders","target":5,"direction":"at_least","from":"2026-10-01","to":"2027-01-01","owner":"shop"}`, n) + `]}`
		})},
		{"shared/domain/acquisition.MaxCosts", 5000, defined("costs", func(n int) string {
			return `{"costs":[` + repeated(`{"channel":"c%d","from":"2026-02-15","to":"2026-03-15","amount":"1.00"}`, n) + `]}`
		})},
		{"shared/domain/attribution.longest", 365, answered(func(n int) string { return fmt.Sprintf("/v1/analyses/attribution?look_back=%dd", n) })},
		{"shared/domain/paths.maxSteps", 20, answered(func(n int) string { return fmt.Sprint("/v1/analyses/paths?steps=", n) })},
		{"shared/domain/retention.MaxHorizon", 400, answered(func(n int) string { return fmt.Sprint("/v1/analyses/retention?"+span+"&horizon=", n) })},
		{"shared/domain/retention.MaxUnits", 1200, answered(func(n int) string {
			return "/v1/analyses/retention?grain=day&from=2020-01-01&to=" + from.AddDate(-6, 0, n).Format("2006-01-02")
		})},
		{"shared/domain/custom.MaxMetrics", 100, defined("metrics", func(n int) string {
			return `{"metrics":[` + repeated(`{"name":"m%d","count":{"name":"Order Completed"}}`, n) + `]}`
		})},
		{"shared/domain/custom.maxWindows", 2000, answered(func(n int) string { return "/v1/analyses/metrics?metric=orders&grain=hour&" + hours(n) })},
	}
}
