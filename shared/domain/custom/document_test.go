package custom_test

import (
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/custom"
	"waymark/shared/domain/fault"
	"waymark/shared/model"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	metrics, err := custom.Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"detractors (persons): persons with any of the steps with name Survey Answered and property score at most 6 and property survey_type nps",
		"cart_views (count): number of steps with type page and page beginning with /cart",
		"scores (points): sum of property score of steps with name Survey *",
		"mean_score (value): mean of property score of steps with name Survey Answered and channel email or direct that say it as a number",
		"pro_share (ratio): persons with any of the steps with property plan pro or team ÷ persons with any of the steps",
		"views_per_order (ratio): number of steps with type page ÷ number of steps with name Order Completed",
		"cost_per_buyer (ratio): sum of property cost of steps ÷ persons with any of the steps with entering stage purchase",
	}
	if got := custom.Describe(metrics); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                                    "bad_metric at metrics: the document is not as it should be",
		`{"metrics":[{"name":"A","count":{}}]}`: `bad_metric at metrics[0].name: the name "A" must be made of lower-case letters`,
		`{"metrics":[{"name":"a","count":{},"sum":{"property":"x"}}]}`:                "bad_metric at metrics.a: a says 2 of count, persons, sum, mean, percentile and ratio; say one",
		`{"metrics":[{"name":"a"}]}`:                                                  "bad_metric at metrics.a: a says 0 of count, persons, sum, mean, percentile and ratio; say one",
		`{"metrics":[{"name":"a","count":{}},{"name":"a","count":{}}]}`:               `bad_metric at metrics[1].name: two metrics are named "a"; give each a name of its own`,
		`{"metrics":[{"name":"a","count":{"nam":"x"}}]}`:                              `unknown field "nam"`,
		`{"metrics":[{"name":"a","count":{"type":"identify"}}]}`:                      `bad_condition at metrics.a: when.type "identify" is no touchpoint`,
		`{"metrics":[{"name":"a","unit":"x","count":{}}]}`:                            "bad_metric at metrics.a.unit: a counts count, so it has no unit of its own; leave it out",
		`{"metrics":[{"name":"a","unit":"€","sum":{"property":"x"}}]}`:                `bad_metric at metrics.a.unit: the unit "€" must be made of lower-case letters`,
		`{"metrics":[{"name":"a","percentile":{"p":100,"property":"x"}}]}`:            "bad_metric at metrics.a.percentile.p: p is a whole number from 1 to 99, such as 90, not 100",
		`{"metrics":[{"name":"a","mean":{"property":" "}}]}`:                          "bad_metric at metrics.a.mean.property: name the property whose values are added up",
		`{"metrics":[{"name":"a","ratio":{"of":{"count":{}},"to":{}}}]}`:              "bad_metric at metrics.a.ratio.to: one of count, persons and sum is needed here",
		`{"metrics":[{"name":"a","ratio":{"of":{"count":{},"persons":{}},"to":{}}}]}`: "bad_metric at metrics.a.ratio.of: one of count, persons and sum is needed here",
		`{"metrics":[]} {}`: "something follows the document",
	} {
		_, err := custom.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := custom.Parse([]byte(`{"metrics":[` + strings.Repeat(`{"name":"a","count":{}},`, 100) + `{"name":"a","count":{}}]}`)); err == nil || !strings.Contains(err.Error(), "there are 101 metrics") {
		t.Errorf("101 metrics: %v", err)
	}
}

// Fiscal quarters and years begin with the month that is said, where a day of the zone begins; windows at the ends are whole.
func TestWindows(t *testing.T) {
	t.Parallel()
	starts := func(said ...string) string {
		var out []string
		for _, row := range answer(t, asking(t, "", append(said, "metric=touchpoints")...), nil).Tables[0].Rows {
			out = append(out, row[0].String())
		}
		return strings.Join(out, " ")
	}
	for said, want := range map[string]string{
		"":                                    "2026-03-01T00:00:00Z",
		"grain=quarter":                       "2026-01-01T00:00:00Z 2026-04-01T00:00:00+01:00",
		"grain=fiscal_quarter":                "2026-01-01T00:00:00Z 2026-04-01T00:00:00+01:00",
		"grain=fiscal_quarter fiscal_start=2": "2026-02-01T00:00:00Z 2026-05-01T00:00:00+01:00",
		"grain=fiscal_year fiscal_start=4":    "2025-04-01T00:00:00+01:00 2026-04-01T00:00:00+01:00",
		"grain=fiscal_year fiscal_start=3":    "2026-03-01T00:00:00Z",
		"grain=month":                         "2026-03-01T00:00:00Z 2026-04-01T00:00:00+01:00 2026-05-01T00:00:00+01:00",
	} {
		if got := starts(strings.Fields(said)...); got != want {
			t.Errorf("%s: windows begin %s, want %s", said, got, want)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"metric=shoes": "there is no metric", "grain=decade": "grain is one of period, hour", "fiscal_start=13": "fiscal_start is a whole number from 1 to 12",
		"grain=hour": "there are more than 2000 windows", "rfm=maybe": "rfm is one of no, yes", "by=channel rfm=yes": "numbers are parted by one thing at a time",
	} {
		_, err := custom.Analysis(model.Metrics).Prepare(asking(t, "", strings.Fields(said)...))
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want %s", said, err, want)
		}
	}
}
