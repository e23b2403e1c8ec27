package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression tells when a schedule is due: rate(15 minutes), cron(0 6 * * ? *) or at(2026-11-22T06:00:00).
type Expression struct {
	rate time.Duration // of rate(…)
	at   time.Time     // of at(…)
	cron *cron
	zone *time.Location
}

// Parse reads an AWS schedule expression. Cron and at are in the time zone; a rate counts from the Unix epoch, so that
// the same instants are due whenever the system is started. A rate may be in seconds, which AWS does not have.
func Parse(expression, zone string) (Expression, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return Expression{}, fmt.Errorf("read time zone of %s: %w", expression, err)
	}
	kind, rest, found := strings.Cut(strings.TrimSpace(expression), "(")
	argument, closed := strings.CutSuffix(rest, ")")
	if !found || !closed {
		return Expression{}, fmt.Errorf("schedule expression %q is not rate(…), cron(…) or at(…)", expression)
	}
	e := Expression{zone: location}
	switch kind {
	case "rate":
		e.rate, err = parseRate(argument)
	case "at":
		e.at, err = time.ParseInLocation("2006-01-02T15:04:05", argument, location)
	case "cron":
		e.cron, err = parseCron(argument)
	default:
		err = fmt.Errorf("%q is not rate, cron or at", kind)
	}
	if err != nil {
		return Expression{}, fmt.Errorf("read schedule expression %q: %w", expression, err)
	}
	return e, nil
}

func parseRate(argument string) (time.Duration, error) {
	fields := strings.Fields(argument)
	if len(fields) != 2 {
		return 0, fmt.Errorf("a rate is a number and a unit")
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a whole number above 0", fields[0])
	}
	units := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	unit, known := units[strings.TrimSuffix(fields[1], "s")]
	if !known {
		return 0, fmt.Errorf("%q is not seconds, minutes, hours or days", fields[1])
	}
	return time.Duration(n) * unit, nil
}

// isRapid says whether the expression is a rate below AWS's shortest, a minute.
func (e Expression) isRapid() bool { return e.rate > 0 && e.rate < time.Minute }

// last is when a rate was due last, at t or before.
func (e Expression) last(t time.Time) time.Time {
	period := int64(e.rate / time.Second)
	return time.Unix(t.Unix()/period*period, 0).UTC()
}

// Next is the first due time after t, in UTC; false if there is none.
func (e Expression) Next(t time.Time) (time.Time, bool) {
	switch {
	case e.rate > 0:
		period := int64(e.rate / time.Second)
		return time.Unix((t.Unix()/period+1)*period, 0).UTC(), true
	case e.cron != nil:
		return e.cron.next(t.In(e.zone))
	}
	return e.at.UTC(), e.at.After(t)
}
