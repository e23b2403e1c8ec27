package assignment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// What a document may have at most.
const (
	maxExperiments = 200
	maxVariants    = 10
	maxWeight      = 1000 // the sum of an experiment's weights: each is a number that is drawn for every person
	maxGuardrails  = 10
	maxSegments    = 5
	maxWindow      = 400 * 24 * time.Hour
	maxTuning      = 100_000_000
	maxID          = 64
)

// Forever is the end of an experiment that says none.
const Forever = event.Millis(math.MaxInt64)

// Sample is a document that may be settled.
const Sample = `{"experiments":[{"id":"checkout-button","variants":[{"id":"control","weight":50},{"id":"green","weight":50}],"from":"2026-11-01",` +
	`"to":"2026-12-01","window":"7d","metric":{"event":"Order Completed"},"guardrails":[{"event":"Order Refunded","worse":"higher"}],"segments":["device"]}]}`

type (
	document struct {
		Experiments []entry `json:"experiments"`
	}
	entry struct {
		ID         string    `json:"id"`
		Variants   []Variant `json:"variants"`
		From       string    `json:"from"`
		To         string    `json:"to"`
		Window     string    `json:"window"`
		Metric     metric    `json:"metric"`
		Guardrails []metric  `json:"guardrails"`
		Segments   []string  `json:"segments"`
		Tuning     int       `json:"tuning"`
	}
	metric struct {
		Event      string `json:"event"`
		NetRevenue string `json:"net_revenue"`
		Worse      string `json:"worse"`
	}
)

// Parse reads the document "experiments"; nil text is none. The fault, Invalid bad_experiments, names every entry that is wrong and says what to
// write instead.
func Parse(text []byte) ([]Experiment, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var d document
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&d); err != nil {
		return nil, bad("%s; experiments are such as %s", strings.TrimPrefix(err.Error(), "json: "), Sample)
	}
	if _, err := strict.Token(); err != io.EOF {
		return nil, bad("something follows the document; experiments are such as %s", Sample)
	}
	if len(d.Experiments) > maxExperiments {
		return nil, bad("there are %d experiments, at most %d are kept; take away those that are over", len(d.Experiments), maxExperiments)
	}
	var out []Experiment
	var faults []string
	seen := map[string]bool{}
	for i, entry := range d.Experiments {
		r := reader{name: fmt.Sprintf("experiments[%d]", i)}
		if isName(entry.ID) {
			r.name = "experiment " + entry.ID
		}
		e := r.experiment(entry)
		if seen[e.ID] {
			r.fail("there is another of this id; give each its own")
		}
		seen[e.ID] = true
		out, faults = append(out, e), append(faults, r.faults...)
	}
	if len(faults) > 0 {
		return nil, bad("%s", strings.Join(faults, "; "))
	}
	return out, nil
}

func bad(format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_experiments", format, args...).At("experiments")
}

// reader reads one entry and keeps what is wrong with it.
type reader struct {
	name   string
	faults []string
}

func (r *reader) fail(format string, args ...any) {
	r.faults = append(r.faults, r.name+": "+fmt.Sprintf(format, args...))
}

func (r *reader) experiment(of entry) Experiment {
	e := Experiment{ID: of.ID, Variants: of.Variants, Segments: of.Segments, Tuning: of.Tuning, To: Forever}
	if !isName(e.ID) {
		r.fail("id is %.70q; give one of 1 to %d letters, digits, dots, hyphens or underscores", e.ID, maxID)
	}
	r.variants(e.Variants)
	e.From = r.instant("from", of.From)
	if of.To != "" {
		if e.To = r.instant("to", of.To); e.To <= e.From {
			r.fail("to is not after from; give a later one, or none while the end is open")
		}
	}
	e.Metric = r.metric("metric", of.Metric)
	if len(of.Guardrails) > maxGuardrails {
		r.fail("there are %d guardrails; give at most %d", len(of.Guardrails), maxGuardrails)
	}
	for i, g := range of.Guardrails {
		e.Guardrails = append(e.Guardrails, r.metric(fmt.Sprintf("guardrails[%d]", i), g))
	}
	if len(e.Segments) > maxSegments {
		r.fail("there are %d segments; give at most %d dimensions, for each makes every finding less sure", len(e.Segments), maxSegments)
	}
	e.Window = r.window(of.Window)
	if e.Tuning < 0 || e.Tuning > maxTuning {
		r.fail("tuning is %d; give the number of persons at which you expect to decide, at most %d, or none", e.Tuning, maxTuning)
	}
	return e
}

func (r *reader) variants(of []Variant) {
	if len(of) < 2 || len(of) > maxVariants {
		r.fail("there are %d variants; give 2 to %d, the control first", len(of), maxVariants)
	}
	total, seen := 0, map[string]bool{}
	for i, v := range of {
		if !isName(v.ID) {
			r.fail("variants[%d]: id is %.70q; give one of 1 to %d letters, digits, dots, hyphens or underscores", i, v.ID, maxID)
		}
		if seen[v.ID] {
			r.fail("variants[%d]: there is another variant %s; give each its own id", i, v.ID)
		}
		if v.Weight < 0 || v.Weight > maxWeight {
			r.fail("variants[%d]: weight is %d; give a whole number from 0 to %d, such as 50", i, v.Weight, maxWeight)
		}
		seen[v.ID], total = true, total+max(0, min(v.Weight, maxWeight))
	}
	if total < 1 || total > maxWeight {
		r.fail("the weights sum to %d; let them sum to 1 to %d, 100 for instance", total, maxWeight)
	}
}

func (r *reader) metric(field string, of metric) Metric {
	m := Metric{Event: event.StandardName(strings.TrimSpace(of.Event)), IsWorseHigher: of.Worse == "higher"}
	if (of.Event == "") == (of.NetRevenue == "") || of.Event != "" && m.Event == "" {
		r.fail(`%s: give either event, such as {"event":"Order Completed"}, or net_revenue, such as {"net_revenue":"EUR"}`, field)
	}
	if len(m.Event) > 200 {
		r.fail("%s: the event's name has %d bytes; give one of at most 200", field, len(m.Event))
	}
	if of.NetRevenue != "" {
		code, err := money.Currency(of.NetRevenue)
		if err != nil || code == "" {
			r.fail("%s: net_revenue is %.10q; give the code of a currency, such as EUR", field, of.NetRevenue)
		}
		m.Currency = code
	}
	if of.Worse != "" && of.Worse != "higher" && of.Worse != "lower" {
		r.fail("%s: worse is %.20q; give higher of what is better the less there is, or lower", field, of.Worse)
	}
	return m
}

// instant reads a date, which begins at midnight UTC, or an instant with its offset. A date is of UTC, and not of the report's zone, because whoever
// assigns variants has no report.
func (r *reader) instant(field, text string) event.Millis {
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return event.At(date)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.fail("%s is %.40q; give a date, which begins at midnight UTC, such as 2026-11-01, or an instant with its offset", field, text)
	}
	return event.At(at)
}

// window reads a length of time in days, 14d, or as time.ParseDuration has it.
func (r *reader) window(text string) time.Duration {
	if text == "" {
		return 0
	}
	window, err := time.ParseDuration(text)
	if number, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		n, err = strconv.Atoi(number)
		window = time.Duration(max(0, min(n, 100_000))) * 24 * time.Hour
	}
	if err != nil || window < time.Minute || window > maxWindow {
		r.fail("window is %.40q; give a length of time such as 12h or 14d, at most %s, or none to count until the experiment ends", text, days(maxWindow))
	}
	return window
}

// isName says whether an id may stand in an address and in an attribute as it is.
func isName(text string) bool {
	const allowed = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-."
	return text != "" && len(text) <= maxID && strings.Trim(text, allowed) == "" && strings.Trim(text, ".") != ""
}

func instant(at event.Millis) string { return at.Time().Format(time.RFC3339) }

func days(d time.Duration) string {
	if d == 24*time.Hour {
		return "1 day"
	}
	if d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	}
	return d.String()
}
