package query

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
)

// kpiQuery is which KPIs are asked for.
type kpiQuery struct {
	metrics  []kpi.Name
	by       kpi.Dimension
	only     string // value of that dimension; "" is all
	grain    period.Grain
	from, to time.Time // to is not part of it
}

// readKPIQuery reads the query. Faults, all Invalid: unknown_metric, unknown_dimension, one_dimension, unknown_grade,
// unknown_grain, no_such_breakdown, bound_malformed, period_empty, range_too_large, missing_bound, not_midnight.
func (h *Handler) readKPIQuery(r httpapi.Request, calendar period.Calendar, now time.Time) (kpiQuery, error) {
	var w kpiQuery
	var err error
	if by := r.Query.Get("by"); by != "" {
		if w.by, err = readDimension(by); err != nil {
			return w, err
		}
	}
	if err := w.readFilter(r.Query); err != nil {
		return w, err
	}
	if w.metrics, err = readMetrics(h.Definitions, r.Query["metric"], w.by); err != nil {
		return w, err
	}
	w.grain = period.Day
	if grain := r.Query.Get("grain"); grain != "" {
		if w.grain, err = readGrain(grain); err != nil {
			return w, err
		}
	}
	return w, w.readSpan(r.Query, calendar, now)
}

func readDimension(text string) (kpi.Dimension, error) {
	var known []string
	for _, d := range measure.Dimensions {
		if d == kpi.Whole {
			continue
		}
		if string(d) == text {
			return d, nil
		}
		known = append(known, string(d))
	}
	return "", fault.New(fault.Invalid, "unknown_dimension", "there are these dimensions: "+strings.Join(known, ", ")).At("by")
}

// kpiParameters are those that may be there once: every dimension is a filter.
func kpiParameters() []string {
	out := []string{"by", "grain", "from", "to"}
	for _, d := range measure.Dimensions {
		if d != kpi.Whole {
			out = append(out, string(d))
		}
	}
	return out
}

// readFilter reads which one value of a dimension is asked for, such as country=GB. Windows are counted by one dimension at a time, so there is one
// filter, and none beside another breakdown.
func (w *kpiQuery) readFilter(query url.Values) error {
	for _, d := range measure.Dimensions {
		value := query.Get(string(d))
		if d == kpi.Whole || value == "" {
			continue
		}
		if w.by != kpi.Whole && w.by != d {
			return fault.Newf(fault.Invalid, "one_dimension",
				"numbers are counted by one dimension at a time: ask by %s without %s, or for %s=%.64s alone", w.by, d, d, value).At(string(d))
		}
		if d == measure.ByGrade && !slices.Contains(grades(), value) {
			return fault.New(fault.Invalid, "unknown_grade", "there are these grades: "+strings.Join(grades(), ", ")).At(string(d))
		}
		w.by, w.only = d, value
	}
	return nil
}

// grades are the values of the dimension: changes that time made have none.
func grades() []string {
	var out []string
	for _, g := range event.Grades() {
		out = append(out, g.String())
	}
	return append(out, measure.Unknown)
}

// readMetrics reads repeated parameters and lists with commas. Nothing means every metric that the dimension is made for.
func readMetrics(known *kpi.Definitions, said []string, by kpi.Dimension) ([]kpi.Name, error) {
	var chosen []kpi.Name
	for _, text := range strings.Split(strings.Join(said, ","), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		m, found := known.Find(kpi.Name(text))
		if !found {
			return nil, fault.New(fault.Invalid, "unknown_metric", "there are these metrics: "+allMetrics(known)).At("metric")
		}
		if by != kpi.Whole && !slices.Contains(m.Dimensions, by) {
			return nil, fault.Newf(fault.Invalid, "no_such_breakdown", "%s is not broken down by %s", m.Name, by).At("by")
		}
		chosen = append(chosen, m.Name)
	}
	if len(chosen) > 0 {
		return chosen, nil
	}
	return known.Names(), nil
}

func allMetrics(known *kpi.Definitions) string {
	var names []string
	for _, name := range known.Names() {
		names = append(names, string(name))
	}
	return strings.Join(names, ", ")
}

func readGrain(text string) (period.Grain, error) {
	grain, err := period.ParseGrain(text)
	if err != nil {
		return "", fault.New(fault.Invalid, "unknown_grain", "there are these grains: hour, day, week, month, quarter, year, period").At("grain")
	}
	return grain, nil
}

// readSpan reads from and to. Without them it is the last 30 days, today included; a period must say both.
func (w *kpiQuery) readSpan(query url.Values, calendar period.Calendar, now time.Time) error {
	from, to := query.Get("from"), query.Get("to")
	if w.grain == period.Period && (from == "" || to == "") {
		return fault.New(fault.Invalid, "missing_bound", "a period needs from and to, such as from=2026-10-01&to=2026-11-01")
	}
	w.to = calendar.At(period.Day, now).End
	if to != "" {
		var err error
		if w.to, err = bound(calendar, "to", to); err != nil {
			return err
		}
	}
	w.from = calendar.At(period.Day, calendar.Local(w.to.Add(-1)).AddDate(0, 0, 1-defaultDays)).Start
	if from != "" {
		var err error
		if w.from, err = bound(calendar, "from", from); err != nil {
			return err
		}
	}
	if !w.from.Before(w.to) {
		return fault.New(fault.Invalid, "period_empty", "the time ends before it begins; give a from that is earlier than to, which is not part of it")
	}
	if w.grain == period.Period {
		return w.atMidnight(calendar)
	}
	if n := w.to.Sub(w.from) / shortest[w.grain]; n > maxWindows {
		return fault.Newf(fault.Invalid, "range_too_large", "these are about %d windows, the limit is %d; ask for a shorter time or a larger grain", n, maxWindows)
	}
	return nil
}

// shortest is about how long a window of a grain is.
var shortest = map[period.Grain]time.Duration{
	period.Hour: time.Hour, period.Day: 24 * time.Hour, period.Week: 7 * 24 * time.Hour, period.Month: 28 * 24 * time.Hour,
	period.Quarter: 90 * 24 * time.Hour, period.Year: 365 * 24 * time.Hour,
}

func bound(calendar period.Calendar, field, text string) (time.Time, error) {
	at, err := calendar.ParseBound(text)
	if err != nil {
		return at, fault.New(fault.Invalid, "bound_malformed",
			"this is neither a date such as 2026-10-25 nor an instant with its offset such as 2026-10-25T09:00:00Z").At(field)
	}
	return at, nil
}

// atMidnight checks the bounds of a period, which is made from days.
func (w *kpiQuery) atMidnight(calendar period.Calendar) error {
	for _, bound := range []struct {
		field string
		at    time.Time
	}{{"from", w.from}, {"to", w.to}} {
		if !calendar.At(period.Day, bound.at).Start.Equal(bound.at) {
			return fault.Newf(fault.Invalid, "not_midnight", "a period begins and ends where a day does in %s; give a date", calendar.Zone()).At(bound.field)
		}
	}
	if days := w.to.Sub(w.from).Round(shortest[period.Day]) / shortest[period.Day]; days > maxPeriodDays { // some have 23 or 25 hours
		return fault.Newf(fault.Invalid, "range_too_large", "this period has %d days, the limit is %d; ask for a shorter one", days, maxPeriodDays)
	}
	return nil
}
