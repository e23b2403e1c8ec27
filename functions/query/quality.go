package query

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/burst"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/quality"
)

// Limits of a quality report, which reads whole objects of the archive.
const (
	qualityDays       = 7      // when from is left out
	maxQualityDays    = 400    // of receipt
	maxQualityObjects = 20_000 // of the archive
	maxQualityCopies  = 500_000
	maxQualityFailed  = 20_000
	maxDeadSeen       = 200 // messages, which may have a megabyte each
	keepFailed        = 30 * 24 * time.Hour
)

type qualityAnswer struct {
	TimeZone string `json:"time_zone"`
	From     string `json:"from"`
	To       string `json:"to"`
	// Final says that nothing waits and all dead letters were read, so that everything received by now is in the sums.
	Final         bool       `json:"final"`
	Waiting       int        `json:"waiting"` // messages of the installation on their way, in no sum
	Dead          deadAnswer `json:"dead"`
	RejectedSince string     `json:"rejected_since"` // rejected events received before are forgotten
	quality.Report
	Alerts []alertAnswer `json:"alerts"` // of bursts in this time, the newest first
}

// deadAnswer is about messages of the installation.
type deadAnswer struct {
	Messages int `json:"messages"`
	Read     int `json:"read"`
}

// quality answers GET /v1/quality: what became of what came in, by day of receipt and source. Stores are asked in the order in which an event
// wanders, so that one on its way meanwhile is found where it goes, and never nowhere.
func (h *Handler) quality(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	calendar, err := q.workspace.Calendar()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read time zone of workspace %s: %w", q.workspace.Name, err)
	}
	from, to, err := readQuality(q.Request, calendar, h.Now())
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	tally := quality.New(quality.Config{
		Workspace: q.workspace.Name, From: event.At(from), To: event.At(to), Source: q.Query.Get("source"),
		Day: func(at event.Millis) string { return calendar.At(period.Day, at.Time()).Key },
		Known: func(name string) bool {
			_, known := h.Kinds.Of(event.Track, name)
			return known
		},
		Currency: q.workspace.Currency,
	})
	answer := qualityAnswer{
		TimeZone: calendar.Zone(), From: instant(event.At(from)), To: instant(event.At(to)), RejectedSince: instant(event.At(h.Now().Add(-keepFailed))),
	}
	asked, err := h.reading(q)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if err := h.scan(ctx, asked, tally, &answer); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	answer.Report = tally.Report()
	return httpapi.JSON(http.StatusOK, answer), nil
}

// readQuality reads from and to, local dates or instants as those of KPIs. Faults, all Invalid: bound_malformed, period_empty, range_too_large.
func readQuality(r httpapi.Request, calendar period.Calendar, now time.Time) (from, to time.Time, err error) {
	to = calendar.At(period.Day, now).End
	if text := r.Query.Get("to"); text != "" {
		if to, err = bound(calendar, "to", text); err != nil {
			return from, to, err
		}
	}
	from = calendar.At(period.Day, calendar.Local(to.Add(-1)).AddDate(0, 0, 1-qualityDays)).Start
	if text := r.Query.Get("from"); text != "" {
		if from, err = bound(calendar, "from", text); err != nil {
			return from, to, err
		}
	}
	if !from.Before(to) {
		return from, to, fault.New(fault.Invalid, "period_empty", "the time ends before it begins; give a from that is earlier than to, which is not part of it")
	}
	if to.Sub(from) > maxQualityDays*24*time.Hour {
		return from, to, fault.Newf(fault.Invalid, "range_too_large", "a report has at most %d days; ask for fewer days", maxQualityDays)
	}
	return from, to, nil
}

// scan brings everything together that the tally counts.
func (h *Handler) scan(ctx context.Context, asked reading, t *quality.Tally, answer *qualityAnswer) error {
	depth, err := h.depth(ctx)
	if err != nil {
		return err
	}
	answer.Waiting, answer.Dead.Messages = depth.Waiting+depth.InFlight, depth.Dead
	if answer.Dead.Read, err = h.scanDead(ctx, t, depth.Dead); err != nil {
		return err
	}
	answer.Final = answer.Waiting == 0 && answer.Dead.Read >= answer.Dead.Messages
	if err := h.scanFailed(ctx, t); err != nil {
		return err
	}
	for _, day := range utcDays(t.From, t.To) {
		refusals, err := h.Refusals.Refusals(ctx, t.Workspace, day)
		if err != nil {
			return fmt.Errorf("list refusals of %s: %w", day, err)
		}
		for _, r := range refusals {
			t.Refuse(r)
		}
	}
	state, err := h.Ledger.State(ctx, asked.ns)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	answer.Alerts = alerts(state, func(a burst.Alert) bool {
		return a.From < t.To && t.From < a.To && (t.Source == "" || a.Source == t.Source)
	})
	if err := h.scanWaiting(ctx, t, asked, state); err != nil { // before the archive, into which a settle puts them
		return err
	}
	if err := h.scanArchive(ctx, t, asked); err != nil {
		return err
	}
	return h.lookUp(ctx, t, asked)
}

// scanDead looks at dead letters, if there are any: looking takes SQS a second even when there are none.
func (h *Handler) scanDead(ctx context.Context, t *quality.Tally, dead int) (read int, err error) {
	if dead == 0 {
		return 0, nil
	}
	letters, err := h.DeadLetters.Peek(ctx, maxDeadSeen)
	if err != nil {
		return 0, fmt.Errorf("look at dead letters: %w", err)
	}
	for _, letter := range letters {
		if e, err := h.Decode(letter.Body); err == nil { // of what is no envelope nobody knows whose it is
			t.Dead(e)
		}
	}
	return len(letters), nil
}

// scanFailed reads failed events, the one received last first, until they are older than what is asked for.
func (h *Handler) scanFailed(ctx context.Context, t *quality.Tally) error {
	for cursor, read := "", 0; ; {
		page, next, err := h.FailedService.Records.Failed(ctx, t.Workspace, "", cursor, maxLimit)
		if err != nil {
			return fmt.Errorf("list failed events: %w", err)
		}
		for _, f := range page {
			if f.Received < t.From {
				return nil
			}
			t.Reject(f)
		}
		if cursor = next; cursor == "" {
			return nil
		}
		if read += len(page); read >= maxQualityFailed {
			return tooMuch("failed events", maxQualityFailed)
		}
	}
}

func tooMuch(what string, limit int) error {
	return fault.Newf(fault.Invalid, "range_too_large", "this takes reading more than %d %s; ask for fewer days", limit, what)
}

func utcDays(from, to event.Millis) []string {
	var days []string
	for at := from.Time().Truncate(24 * time.Hour); at.Before(to.Time()); at = at.AddDate(0, 0, 1) {
		days = append(days, at.Format(time.DateOnly))
	}
	return days
}
