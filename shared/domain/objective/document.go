package objective

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/series"
)

// Objective is what somebody wants a metric to come to within a time.
type Objective struct {
	Name     string
	Metric   series.Metric
	Currency string // of amounts
	Where    Where
	Target   money.Micros // in millionths of the metric's unit
	IsAtMost bool         // the metric is to stay at or below the target
	From, To time.Time    // midnight UTC of dates; To is the first day that is not of it
	Owner    string
	Pace     Pace
}

// Where is one value of a dimension; the zero Where is the whole.
type Where struct {
	By    analysis.Breakdown
	Value string
}

// String is the text that was written.
func (w Where) String() string {
	if w.By.IsZero() {
		return ""
	}
	return w.By.Name + ":" + w.Value
}

// Pace is how a target is spread over its days.
type Pace string

// The paces.
const (
	Linear   Pace = "linear"   // alike over all days
	Seasonal Pace = "seasonal" // by the weekdays of the eight weeks before
)

// MaxObjectives is how many objectives, and how many benchmarks, a workspace may settle.
const MaxObjectives = 100

type document struct {
	Objectives []struct {
		Name      string          `json:"name"`
		Metric    string          `json:"metric"`
		Currency  string          `json:"currency"`
		Where     string          `json:"where"`
		Target    json.RawMessage `json:"target"`
		Direction string          `json:"direction"`
		From      string          `json:"from"`
		To        string          `json:"to"`
		Owner     string          `json:"owner"`
		Pace      string          `json:"pace"`
	} `json:"objectives"`
}

// Parse reads the document of kind objectives. Faults, Invalid bad_objective, name the entry; all are reported at once, joined.
func Parse(text []byte) ([]Objective, error) {
	var d document
	if err := strictly(text, &d); err != nil {
		return nil, bad("objectives", `the document is not as it should be: %v; it is {"objectives": [{"name": "autumn-orders", "metric": "orders", "target": 500, `+
			`"direction": "at_least", "from": "2026-10-01", "to": "2027-01-01", "owner": "shop"}]}`, err)
	}
	if len(d.Objectives) > MaxObjectives {
		return nil, bad("objectives", "there are %d objectives, at most %d", len(d.Objectives), MaxObjectives)
	}
	out := make([]Objective, len(d.Objectives))
	var faults []error
	for i, said := range d.Objectives {
		at := "objectives[" + strconv.Itoa(i) + "]"
		o := &out[i]
		*o = Objective{Name: said.Name, Owner: said.Owner, Pace: Pace(said.Pace), IsAtMost: said.Direction == "at_most"}
		isNamed := func(other Objective) bool { return other.Name == said.Name }
		if !isName(said.Name) || slices.ContainsFunc(out[:i], isNamed) {
			faults = append(faults, bad(at+".name", "the name %.70q must be another one than those before, of lower-case letters, digits, - and _, at most 64", said.Name))
		}
		if said.Owner == "" {
			faults = append(faults, bad(at+".owner", "an objective needs an owner: who is asked when it is behind"))
		}
		if said.Direction != "at_least" && said.Direction != "at_most" {
			faults = append(faults, bad(at+".direction", "direction is at_least or at_most, not %.40q", said.Direction))
		}
		if o.Pace == "" {
			o.Pace = Linear
		} else if o.Pace != Linear && o.Pace != Seasonal {
			faults = append(faults, bad(at+".pace", "pace is linear or seasonal, not %.40q", said.Pace))
		}
		var err error
		if o.Metric, o.Currency, o.Where, err = measured(at, said.Metric, said.Currency, said.Where); err != nil {
			faults = append(faults, err)
		} else if o.Target, err = valueOf(at+".target", said.Target, o.Metric); err != nil {
			faults = append(faults, err)
		}
		if o.From, o.To, err = bounds(at, said.From, said.To); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

func bounds(at, fromText, toText string) (from, to time.Time, err error) {
	from, fromErr := time.Parse(time.DateOnly, fromText)
	to, toErr := time.Parse(time.DateOnly, toText)
	if fromErr != nil || toErr != nil {
		return from, to, bad(at+".from", "from and to are dates such as 2026-10-01, to the day after the last, not %.20q and %.20q", fromText, toText)
	}
	if days := to.Sub(from).Hours() / 24; days < 1 || days > mostDays {
		return from, to, bad(at+".to", "an objective is of 1 to %d days, from before to; %s to %s is not", mostDays, fromText, toText)
	}
	return from, to, nil
}

// mostDays is how long the time of an objective may be.
const mostDays = 1100

// measured reads what is measured: a metric, of amounts in a currency, of the whole or of one value of a dimension.
func measured(at, metric, currency, where string) (m series.Metric, code string, w Where, err error) {
	m, found := series.Find(metric)
	switch {
	case !found:
		return m, "", w, bad(at+".metric", "there is no metric %.40q to follow; there are %s", metric, strings.Join(series.Names(), ", "))
	case m.IsMoney() && currency == "":
		return m, "", w, bad(at+".currency", "%s is an amount and needs a currency, such as EUR", m.Name)
	case !m.IsMoney() && currency != "":
		return m, "", w, bad(at+".currency", "%s is no amount and has no currency; leave it out", m.Name)
	}
	if currency != "" {
		if code, err = money.Currency(currency); err != nil {
			return m, "", w, bad(at+".currency", "the currency is a code of ISO 4217 such as EUR, not %.20q", currency)
		}
	}
	if where == "" {
		return m, code, w, nil
	}
	name, value, isPair := strings.Cut(where, ":")
	if w.By, err = analysis.ParseBreakdown(at+".where", name); err != nil {
		return m, code, w, err
	}
	if !isPair || value == "" {
		return m, code, w, bad(at+".where", "where is DIMENSION:VALUE such as stage:decision, not %.60q", where)
	}
	w.Value = value
	return m, code, w, nil
}

// valueOf reads a value of a metric: a whole number, an amount, or a share of 0 to 1; as a number or as text.
func valueOf(at string, said json.RawMessage, m series.Metric) (money.Micros, error) {
	v, err := money.Parse(strings.Trim(string(said), `"`))
	isFit := err == nil && v >= 0
	wanted := "an amount from 0 on"
	switch {
	case m.IsRate():
		isFit, wanted = isFit && v <= money.Unit, "a share of 0 to 1 with at most six decimals, such as 0.025"
	case !m.IsMoney():
		isFit, wanted = isFit && v%money.Unit == 0, "a whole number from 0 on"
	}
	if !isFit {
		return 0, bad(at, "of %s this is %s, not %.40q", m.Name, wanted, said)
	}
	return v, nil
}

// Describe says of each objective what is counted and wanted.
func Describe(objectives []Objective) []string {
	out := make([]string, len(objectives))
	for i, o := range objectives {
		out[i] = fmt.Sprintf("%s: %s from %s until before %s is to be %s %s, with a %s pace; %s answers for it",
			o.Name, subject(o.Metric, o.Currency, o.Where), o.From.Format(time.DateOnly), o.To.Format(time.DateOnly), o.direction(), shown(o.Target, o.Metric), o.Pace, o.Owner)
	}
	return out
}

func subject(m series.Metric, currency string, w Where) string {
	text := m.Name
	if currency != "" {
		text += " in " + currency
	}
	if !w.By.IsZero() {
		text += " of " + w.By.Name + " " + w.Value
	}
	return text
}

func (o Objective) direction() string {
	if o.IsAtMost {
		return "at most"
	}
	return "at least"
}

func shown(v money.Micros, m series.Metric) string {
	if m.IsMoney() {
		return v.String()
	}
	return strconv.FormatFloat(float64(v)/float64(money.Unit), 'f', -1, 64)
}

// Benchmark is a number that somebody has published.
type Benchmark struct {
	Metric   series.Metric
	Currency string
	Where    Where
	Value    money.Micros // in millionths of the metric's unit
	Source   string
	Date     time.Time // of the source
}

// ParseBenchmarks reads the document of kind benchmarks. Faults, Invalid bad_benchmark, name the entry; all are reported at once, joined.
func ParseBenchmarks(text []byte) ([]Benchmark, error) {
	var d struct {
		Benchmarks []struct {
			Metric   string          `json:"metric"`
			Currency string          `json:"currency"`
			Where    string          `json:"where"`
			Value    json.RawMessage `json:"value"`
			Source   string          `json:"source"`
			Date     string          `json:"date"`
		} `json:"benchmarks"`
	}
	if err := strictly(text, &d); err != nil {
		return nil, bad("benchmarks", `the document is not as it should be: %v; it is {"benchmarks": [{"metric": "conversion_rate", "value": 0.02, "source": "who says so, and where", "date": "2026-03-01"}]}`, err)
	}
	if len(d.Benchmarks) > MaxObjectives {
		return nil, bad("benchmarks", "there are %d benchmarks, at most %d", len(d.Benchmarks), MaxObjectives)
	}
	out := make([]Benchmark, len(d.Benchmarks))
	var faults []error
	for i, said := range d.Benchmarks {
		at := "benchmarks[" + strconv.Itoa(i) + "]"
		b := &out[i]
		b.Source = strings.TrimSpace(said.Source)
		if b.Source == "" {
			faults = append(faults, bad(at+".source", "a benchmark needs a source: who has published the number, and where it can be read"))
		}
		var err error
		if b.Date, err = time.Parse(time.DateOnly, said.Date); err != nil {
			faults = append(faults, bad(at+".date", "a benchmark needs the date of its source, such as 2026-03-01, not %.20q", said.Date))
		}
		if b.Metric, b.Currency, b.Where, err = measured(at, said.Metric, said.Currency, said.Where); err != nil {
			faults = append(faults, err)
		} else if b.Value, err = valueOf(at+".value", said.Value, b.Metric); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

// DescribeBenchmarks says of each benchmark what it is compared with.
func DescribeBenchmarks(benchmarks []Benchmark) []string {
	out := make([]string, len(benchmarks))
	for i, b := range benchmarks {
		out[i] = fmt.Sprintf("%s is %s according to %s, %s", subject(b.Metric, b.Currency, b.Where), shown(b.Value, b.Metric), b.Source, b.Date.Format(time.DateOnly))
	}
	return out
}

func isName(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the document")
	}
	return nil
}

// bad is the fault of an entry.
func bad(at, format string, args ...any) error {
	code := "bad_objective"
	if strings.HasPrefix(at, "benchmarks") {
		code = "bad_benchmark"
	}
	return fault.Newf(fault.Invalid, code, format, args...).At(at)
}
