package analyse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/rates"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

// Documents keeps what workspaces have settled.
type Documents interface {
	Documents(ctx context.Context, ws string) ([]workspace.Document, error)
}

// Windows reads computed windows, which say how many touchpoints there are.
type Windows interface {
	Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
}

// Ledger says where the settling of a workspace stands.
type Ledger interface {
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
}

// Analyser answers questions. Every field must be set.
type Analyser struct {
	Steps       Steps
	Documents   Documents
	Windows     Windows
	Ledger      Ledger
	Rules       func(model string) (journey.Rules, error)
	Definitions *kpi.Definitions
	Analyses    []analysis.Analysis
	Now         func() time.Time
	MaxSteps    int // that one question may read; see MaxSteps
}

// MaxSteps is how many steps one question may read: what a function of two processors reads and counts within the time that a request has.
const MaxSteps = 4_000_000

// Answer is an answer with what it is of.
type Answer struct {
	Analysis    string   `json:"analysis"`
	Version     int      `json:"version"` // of the analysis
	Sentence    string   `json:"sentence"`
	TimeZone    string   `json:"time_zone"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	By          string   `json:"by,omitempty"`
	Segment     []string `json:"segment,omitempty"`
	Model       string   `json:"model"`
	Definitions int      `json:"definitions"` // version of the metrics
	Persons     int      `json:"persons"`     // whose steps were read, before a segment is chosen
	Steps       int      `json:"steps"`       // that were read
	// Recounting says that everybody is being counted anew under changed rules or settings: until then steps are of both.
	Recounting bool `json:"recounting,omitempty"`
	analysis.Answer
}

// Common are the parameters that all analyses have.
func Common() []analysis.Parameter {
	return []analysis.Parameter{
		{Name: "from", Sentence: "first day, such as 2026-10-25, or instant with its offset", Default: "90 days before to"},
		{Name: "to", Sentence: "the day after the last, or instant; not part of the time", Default: "tomorrow"},
		{Name: "zone", Sentence: "time zone of days and months, such as Europe/London", Default: "the workspace's"},
		{Name: "convert_to", Sentence: "currency that all amounts are converted into, by the rates that the workspace has settled, each by that of its own day", Default: "no amount is converted"},
		{Name: "by", Sentence: "dimension that the numbers are parted by, such as channel, or property.NAME"},
		{Name: "segment", Sentence: "whom the numbers are of: DIMENSION:VALUE,VALUE of a step within the time, such as channel:email; each one given must hold", IsList: true},
	}
}

// Answer answers a question about a workspace. Faults: NotFound unknown_analysis; Invalid unknown_parameter, bad_parameter, bad_bound, period_empty,
// time_zone_unknown, too_many_steps, and those of the analysis.
func (a *Analyser) Answer(ctx context.Context, w workspace.Workspace, name string, said url.Values) (Answer, error) {
	at := slices.IndexFunc(a.Analyses, func(one analysis.Analysis) bool { return one.Name == name })
	if at < 0 {
		return Answer{}, fault.Newf(fault.NotFound, "unknown_analysis", "there are these analyses: %s", a.names())
	}
	of := a.Analyses[at]
	q, err := a.question(ctx, w, of, said)
	if err != nil {
		return Answer{}, err
	}
	plan, err := of.Prepare(q)
	if err != nil {
		return Answer{}, err
	}
	state, err := a.Ledger.State(ctx, w.Namespace())
	if err != nil {
		return Answer{}, fmt.Errorf("read state: %w", err)
	}
	lives, err := a.lives(ctx, w, q, plan)
	if err != nil {
		return Answer{}, err
	}
	rules, err := a.Rules(w.Model)
	if err != nil {
		return Answer{}, fmt.Errorf("read rules of workspace %s: %w", w.Name, err)
	}
	out := Answer{
		Analysis: of.Name, Version: of.Version, Sentence: of.Sentence, TimeZone: q.Calendar.Zone(), From: q.Instant(q.Start()), To: q.Instant(q.End()),
		By: q.By.Name, Segment: said["segment"], Model: rules.Model.ID(), Definitions: a.Definitions.Version, Recounting: settle.IsRecounting(state, w),
	}
	out.Persons, out.Steps = lives.Size()
	out.Answer, err = plan.Answer(lives)
	if q.Text("convert_to") != "" {
		out.Notes = append(out.Notes, "Amounts are converted into "+q.Currency+", each by the rate of its own day, as the workspace has settled them.")
	}
	return out, err
}

func (a *Analyser) names() string {
	var names []string
	for _, one := range a.Analyses {
		names = append(names, one.Name)
	}
	return strings.Join(names, ", ")
}

// defaultDays is how long a question is about that says neither from nor to, today included.
const defaultDays = 90

// question reads what all analyses are asked, and checks the names of the others.
func (a *Analyser) question(ctx context.Context, w workspace.Workspace, of analysis.Analysis, said url.Values) (q analysis.Question, err error) {
	q = analysis.Question{Currency: w.Currency, Said: said, Now: event.At(a.Now())}
	if err := checkNames(of, said); err != nil {
		return q, err
	}
	clock := w.Clock()
	if zone := q.Text("zone"); zone != "" {
		clock = strings.Replace(clock, w.Zone, zone, 1)
	}
	if q.Calendar, err = workspace.CalendarOf(clock); err != nil {
		return q, analysis.Bad("zone", "%.60q is no time zone of the IANA database, such as Europe/London", q.Text("zone"))
	}
	if err := setSpan(&q); err != nil {
		return q, err
	}
	if by := q.Text("by"); by != "" {
		if q.By, err = analysis.ParseBreakdown("by", by); err != nil {
			return q, err
		}
	}
	if q.Segment, err = analysis.ParseSegment("segment", said["segment"]); err != nil {
		return q, err
	}
	if to := q.Text("convert_to"); to != "" {
		if q.Currency, err = money.Currency(to); err != nil {
			return q, analysis.Bad("convert_to", "convert_to is a currency such as EUR, not %.20q", to)
		}
	}
	q.Documents, err = a.documents(ctx, w)
	return q, err
}

// converter converts the money of orders; nil when nobody asks for that. Fault: Invalid, what is wrong with the rates.
func converter(q analysis.Question) (convert func(o *step.Order, day string) error, err error) {
	if q.Text("convert_to") == "" {
		return nil, nil
	}
	var known rates.Rates
	if settled := q.Documents["rates"]; settled != nil {
		if known, err = rates.Parse(settled); err != nil {
			return nil, err
		}
	}
	return func(o *step.Order, day string) (err error) {
		o.Amount, err = known.Convert(o.Amount, o.Currency, q.Currency, day)
		o.Currency = q.Currency
		return err
	}, nil
}

// documents are what the workspace has settled, and the stages of its model in their order as the document "stages".
func (a *Analyser) documents(ctx context.Context, w workspace.Workspace) (map[string][]byte, error) {
	settled, err := a.Documents.Documents(ctx, w.Name)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	out := map[string][]byte{}
	for _, d := range settled {
		out[d.Kind] = []byte(d.Text)
	}
	rules, err := a.Rules(w.Model)
	if err != nil {
		return nil, fmt.Errorf("read rules of workspace %s: %w", w.Name, err)
	}
	out["stages"], err = json.Marshal(rules.Model.Stages())
	return out, err
}

func checkNames(of analysis.Analysis, said url.Values) error {
	known := slices.Concat(Common(), of.Parameters)
	for name, values := range said {
		at := slices.IndexFunc(known, func(p analysis.Parameter) bool { return p.Name == name })
		if at < 0 {
			var names []string
			for _, p := range known {
				names = append(names, p.Name)
			}
			return fault.Newf(fault.Invalid, "unknown_parameter", "%s takes %s, not %.40q", of.Name, strings.Join(names, ", "), name).At(name)
		}
		if len(values) > 1 && !known[at].IsList {
			return analysis.Bad(name, "%s may be given once", name)
		}
	}
	return nil
}

// setSpan reads from and to: without them it is the last 90 days, today included.
func setSpan(q *analysis.Question) (err error) {
	bound := func(name string, otherwise time.Time) time.Time {
		text := q.Text(name)
		if text == "" || err != nil {
			return otherwise
		}
		at, wrong := q.Calendar.ParseBound(text)
		if wrong != nil {
			err = fault.Newf(fault.Invalid, "bad_bound",
				"%s is a date such as 2026-10-25 or an instant with its offset such as 2026-10-25T09:00:00Z, not %.40q", name, text).At(name)
		}
		return at
	}
	q.To = bound("to", q.Calendar.At(period.Day, q.Now.Time()).End)
	q.From = bound("from", q.Calendar.At(period.Day, q.Calendar.Local(q.To.Add(-1)).AddDate(0, 0, 1-defaultDays)).Start)
	if err == nil && !q.From.Before(q.To) {
		err = fault.New(fault.Invalid, "period_empty", "the time ends before it begins; give a from that is earlier than to, which is not part of it").At("from")
	}
	return err
}

// lives loads what a plan reads, unless that is too much.
func (a *Analyser) lives(ctx context.Context, w workspace.Workspace, q analysis.Question, plan analysis.Plan) (*Table, error) {
	days, err := a.Steps.Days(ctx, w.Namespace())
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	own, err := w.Calendar() // that days of steps are cut by
	if err != nil {
		return nil, fmt.Errorf("read time zone of workspace %s: %w", w.Name, err)
	}
	first, last := dayOf(own, plan.From), dayOf(own, plan.To-1)
	estimate, err := a.estimate(ctx, w, own, plan)
	if err != nil {
		return nil, err
	}
	if estimate > int64(a.MaxSteps) {
		return nil, tooMany(a.MaxSteps, fmt.Sprintf("about %d", estimate))
	}
	convert, err := converter(q)
	if err != nil {
		return nil, err
	}
	table, err := load(ctx, a.Steps, span{
		ns: w.Namespace(), days: daysBetween(days, first, last), from: plan.From, to: plan.To, columns: plan.Columns | q.Segment.Columns(), most: 2 * a.MaxSteps,
		convert: convert,
	})
	if err != nil || q.Segment.IsZero() {
		return table, err
	}
	table.holds = func(life []step.Row) bool { return q.Segment.Holds(life, q.Start(), q.End()) }
	return table, nil
}

func dayOf(calendar period.Calendar, at event.Millis) string {
	return calendar.At(period.Day, max(at, 0).Time()).Key
}

// estimate is about how many steps a plan reads: the touchpoints of the months or years that it is in. They are rolled up before, so it costs little.
func (a *Analyser) estimate(ctx context.Context, w workspace.Workspace, calendar period.Calendar, plan analysis.Plan) (int64, error) {
	grain := period.Month
	if plan.From == 0 {
		grain = period.Year
	}
	first, last := calendar.At(grain, plan.From.Time()), calendar.At(grain, (plan.To-1).Time())
	windows, err := a.Windows.Windows(ctx, w.Namespace(), grain, first.Key, last.Key)
	if err != nil {
		return 0, fmt.Errorf("read windows: %w", err)
	}
	var total int64
	for _, window := range windows {
		at := slices.Index(window.Totals.Names, measure.Name("touchpoints"))
		if numbers := window.Totals.Groups[measure.Key{}]; at >= 0 && at < len(numbers) {
			n, _ := numbers[at].Int64()
			total += n
		}
	}
	return total, nil
}
