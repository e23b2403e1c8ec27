package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/quarantine"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
	"waymark/shared/settle"
)

// Limits of one preview, which reads whole objects of the archive and whole persons.
const (
	maxPreviewDays   = 400     // of receipt
	maxPreviewEvents = 500_000 // that a quarantine takes out
	maxPreviewIDs    = 10_000  // identifiers that would be counted anew
	windowsAtOnce    = 100
	answerTime       = 3 * time.Second // of an invocation, kept for the answer
)

type previewAnswer struct {
	Preview     bool         `json:"preview"`
	About       string       `json:"about"`       // which events, in words
	Events      int          `json:"events"`      // that it takes out, copies apart
	Identifiers int          `json:"identifiers"` // that they name
	Persons     int          `json:"persons"`     // whom these belong to now
	Changed     int          `json:"changed"`     // persons who would be counted otherwise, whoever they are
	Orders      int          `json:"orders"`      // that the events are about
	TimeZone    string       `json:"time_zone"`
	Days        []string     `json:"days"` // whose numbers would be others
	KPIs        []changedKPI `json:"kpis"` // each summed over these days
}

// changedKPI is a metric without and with a quarantine. A person who did something on two days is two of the sum.
type changedKPI struct {
	Metric kpi.Name  `json:"metric"`
	Unit   string    `json:"unit"`
	Before kpiNumber `json:"before"`
	After  kpiNumber `json:"after"`
}

type kpiNumber struct {
	Numerator   json.RawMessage `json:"numerator"`
	Denominator *int64          `json:"denominator"`
	Value       json.RawMessage `json:"value"`
}

// preview says what a quarantine would take out and change. It writes nothing.
func (h *Handler) preview(ctx context.Context, w workspace.Workspace, wanted workspace.Quarantine) (events.APIGatewayV2HTTPResponse, error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if deadline, isLimited := ctx.Deadline(); isLimited {
		limited, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
	}
	defer cancel()
	answer, err := h.previewed(limited, w, wanted)
	if err != nil && limited.Err() != nil {
		err = fault.New(fault.Invalid, "preview_too_large", "the preview takes longer than an answer may; name a shorter time or a narrower condition")
	}
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

func (h *Handler) previewed(ctx context.Context, w workspace.Workspace, wanted workspace.Quarantine) (previewAnswer, error) {
	answer := previewAnswer{Preview: true, About: quarantine.Describe(wanted), TimeZone: w.Zone, Days: []string{}}
	if wanted.To.Sub(wanted.From) > maxPreviewDays*24*time.Hour {
		return answer, fault.Newf(fault.Invalid, "range_too_large", "a preview is of at most %d days of receipt", maxPreviewDays).At("received")
	}
	rules, err := h.Rules(w.Model)
	if err != nil {
		return answer, fmt.Errorf("read rules of workspace %s: %w", w.Name, err)
	}
	wanted.ID = "trial"
	trial, err := w.Quarantined(wanted)
	if err != nil {
		return answer, err
	}
	set, err := life.Quarantines(rules, []workspace.Quarantine{wanted})
	if err != nil {
		return answer, err
	}
	m := matching{set: set, events: map[matched]bool{}, ids: map[event.Identifier]bool{}, orders: map[string]bool{}}
	if err := h.match(ctx, w, wanted, &m); err != nil {
		return answer, err
	}
	answer.Events, answer.Identifiers, answer.Orders = len(m.events), len(m.ids), len(m.orders)
	claimants, err := h.claimants(ctx, w.Namespace(), slices.Sorted(maps.Keys(m.orders)))
	if err != nil {
		return answer, err
	}
	named := len(m.ids)
	if named > maxPreviewIDs {
		return answer, fault.Newf(fault.Invalid, "preview_too_large",
			"the quarantine takes out %d events of %d identifiers, and at most %d can be previewed; name a shorter time or a narrower condition",
			answer.Events, named, maxPreviewIDs)
	}
	would, err := h.Settler.Preview(ctx, w, trial, slices.Sorted(maps.Keys(m.ids)), claimants, maxPreviewIDs)
	if err != nil {
		return answer, err
	}
	answer.Persons, answer.Changed = would.Concerned, would.Persons
	answer.Days = append(answer.Days, slices.Sorted(maps.Keys(would.Changes))...)
	before, after, err := h.sums(ctx, w, answer.Days, would)
	if err != nil {
		return answer, err
	}
	answer.KPIs = changedKPIs(h.Definitions, w.Currency, before, after)
	return answer, nil
}

// matched names an event, so that copies of one are one.
type matched struct {
	source string
	id     event.ID
	at     event.Millis
	name   string
	kept   event.Identifier
}

// matching collects what a quarantine takes out.
type matching struct {
	set    *quarantine.Set
	events map[matched]bool
	ids    map[event.Identifier]bool
	orders map[string]bool
}

func (m *matching) take(r event.Record) {
	t := &r.Touchpoint
	if m.set.By(t, r.PrimaryID()) == "" {
		return
	}
	m.events[matched{t.Source, t.ID, t.Original, t.Name, r.PrimaryID()}] = true
	for _, id := range slices.Concat(r.Identifiers, r.Previous) {
		m.ids[id] = true
	}
	if t.Order != nil {
		m.orders[profile.OrderKey(*t.Order)] = true
	}
}

// match looks for the events of a quarantine: those that wait to be settled first, for a settle puts them into the archive.
func (h *Handler) match(ctx context.Context, w workspace.Workspace, wanted workspace.Quarantine, m *matching) error {
	tooMany := func() error {
		if len(m.events) > maxPreviewEvents {
			return tooMuch("events in quarantine", maxPreviewEvents)
		}
		return nil
	}
	state, err := h.Ledger.State(ctx, w.Namespace())
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	for from, more := state.Cursor, true; more; {
		batches, next, err := h.Ledger.Batches(ctx, w.Namespace(), from, maxWaiting)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, b := range batches {
			for _, r := range b.Events {
				m.take(r)
			}
		}
		if err := tooMany(); err != nil {
			return err
		}
		from, more = next, next != ""
	}
	var keys []string
	for _, day := range utcDays(wanted.From, min(wanted.To, event.At(h.Now().Add(24*time.Hour)))) {
		found, err := h.Archive.Arrived(ctx, w.Name, day)
		if err != nil {
			return fmt.Errorf("list objects of the archive: %w", err)
		}
		if keys = append(keys, found...); len(keys) > maxQualityObjects {
			return tooMuch("objects of the archive", maxQualityObjects)
		}
	}
	for chunk := range slices.Chunk(keys, objectsAtOnce) {
		if err := h.matchObjects(ctx, chunk, m); err != nil {
			return err
		}
		if err := tooMany(); err != nil {
			return err
		}
	}
	return nil
}

// matchObjects looks through some objects. One that is listed and not there was replaced meanwhile: the preview must be made anew.
func (h *Handler) matchObjects(ctx context.Context, keys []string, m *matching) error {
	found := make([][]event.Record, len(keys))
	err := atOnce(len(keys), func(i int) error {
		for r, err := range h.Archive.Read(ctx, keys[i]) {
			if err != nil {
				return err
			}
			if m.set.By(&r.Touchpoint, r.PrimaryID()) != "" {
				found[i] = append(found[i], r)
			}
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return fault.Wrap(fault.Unavailable, "archive_replaced", err)
	}
	if err != nil {
		return err
	}
	for _, records := range found {
		for _, r := range records {
			m.take(r)
		}
	}
	return nil
}

// claimants are the identifiers under which anybody claims some orders: who loses one may leave it to another.
func (h *Handler) claimants(ctx context.Context, ns workspace.Namespace, keys []string) ([]event.Identifier, error) {
	claims, err := h.Store.Claims(ctx, ns, keys)
	if err != nil {
		return nil, fmt.Errorf("read order claims: %w", err)
	}
	var ids []event.Identifier
	for key, all := range claims {
		if len(all) >= profile.MaxClaims {
			if all, err = h.Store.AllClaims(ctx, ns, key); err != nil {
				return nil, fmt.Errorf("read all claims: %w", err)
			}
		}
		for _, c := range all {
			ids = append(ids, c.Identifier)
		}
	}
	return ids, nil
}

// sums are the numbers of some days, added up, as they are when all is settled that waits, and as they would be.
func (h *Handler) sums(ctx context.Context, w workspace.Workspace, days []string, p settle.Preview) (before, after measure.Totals, err error) {
	before = h.Definitions.Set().Empty()
	after = h.Definitions.Set().Empty()
	for chunk := range slices.Chunk(days, windowsAtOnce) {
		windows, err := h.Windows.Windows(ctx, w.Namespace(), period.Day, chunk[0], chunk[len(chunk)-1])
		if err != nil {
			return before, after, fmt.Errorf("read windows: %w", err)
		}
		for _, window := range windows {
			if slices.Contains(chunk, window.Key) {
				before = window.Totals.Plus(before)
			}
		}
		for _, day := range chunk {
			if waiting, found := p.Waiting[day]; found {
				before = before.Plus(waiting)
			}
			after = after.Plus(p.Changes[day])
		}
	}
	return before, before.Plus(after), nil
}

// changedKPIs are all metrics, in the order of the definitions.
func changedKPIs(d *kpi.Definitions, currency string, before, after measure.Totals) []changedKPI {
	type key struct {
		metric kpi.Name
		unit   string
	}
	out, places := []changedKPI{}, map[key]int{}
	for i, totals := range []measure.Totals{before, after} {
		rows, _ := d.View(kpi.View{Currency: currency, By: []kpi.Dimension{kpi.Whole}, Currencies: kpi.MaxCurrencies}, totals)
		for _, row := range rows {
			at, found := places[key{row.Metric, row.Unit}]
			if !found {
				none := numberOf(kpi.Row{Unit: row.Unit, Denominator: zeroOf(row.Denominator)})
				at, out = len(out), append(out, changedKPI{Metric: row.Metric, Unit: row.Unit, Before: none, After: none})
				places[key{row.Metric, row.Unit}] = at
			}
			if i == 0 {
				out[at].Before = numberOf(row)
			} else {
				out[at].After = numberOf(row)
			}
		}
	}
	order := map[kpi.Name]int{}
	for i, m := range d.Metrics {
		order[m.Name] = i
	}
	slices.SortStableFunc(out, func(a, b changedKPI) int { return cmp.Compare(order[a.Metric], order[b.Metric]) })
	return out
}

func zeroOf(denominator *int64) *int64 {
	if denominator == nil {
		return nil
	}
	return new(int64(0))
}

func numberOf(r kpi.Row) kpiNumber {
	return kpiNumber{
		Numerator: number(report.Numerator(r), r.IsMoney()), Denominator: r.Denominator, Value: number(report.Value(r), r.IsMoney()),
	}
}
