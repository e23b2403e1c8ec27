package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waymark/infra/local/schedule"
)

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, expression, zone, after string
		want                          []string // the next due times, one after the other
	}{
		{"quarters of an hour", "rate(15 minutes)", "UTC", "2026-11-22T10:07:30Z", []string{"2026-11-22T10:15:00Z", "2026-11-22T10:30:00Z"}},
		{"a due time itself is over", "rate(15 minutes)", "UTC", "2026-11-22T10:15:00Z", []string{"2026-11-22T10:30:00Z"}},
		{"one hour", "rate(1 hour)", "UTC", "2026-11-22T10:07:30Z", []string{"2026-11-22T11:00:00Z"}},
		{"seconds", "rate(20 seconds)", "UTC", "2026-11-22T10:07:30Z", []string{"2026-11-22T10:07:40Z", "2026-11-22T10:08:00Z"}},
		{"two days", "rate(2 days)", "UTC", "2026-11-22T10:07:30Z", []string{"2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z"}},
		{"daily", "cron(0 6 * * ? *)", "UTC", "2026-11-22T06:00:00Z", []string{"2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z"}},
		{"Mondays", "cron(15 6 ? * MON *)", "UTC", "2026-11-22T10:00:00Z", []string{"2026-11-23T06:15:00Z", "2026-11-30T06:15:00Z"}},
		{"2 is Monday", "cron(15 6 ? * 2 *)", "UTC", "2026-11-22T10:00:00Z", []string{"2026-11-23T06:15:00Z"}},
		{"first of the month", "cron(30 6 1 * ? *)", "UTC", "2026-11-22T10:00:00Z", []string{"2026-12-01T06:30:00Z", "2027-01-01T06:30:00Z"}},
		{"steps", "cron(5/20 * * * ? *)", "UTC", "2026-11-22T10:06:00Z", []string{"2026-11-22T10:25:00Z", "2026-11-22T10:45:00Z", "2026-11-22T11:05:00Z"}},
		{"lists and ranges", "cron(0,30 8-9 ? * MON-FRI *)", "UTC", "2026-11-20T09:30:00Z", []string{"2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:00:00Z"}},
		{"last day", "cron(0 0 L * ? *)", "UTC", "2027-02-01T00:00:00Z", []string{"2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z"}},
		{"weekday nearest to the 1st", "cron(0 0 1W * ? *)", "UTC", "2026-10-31T00:00:00Z", []string{"2026-11-02T00:00:00Z", "2026-12-01T00:00:00Z"}},
		{"weekday nearest to Saturday the 1st", "cron(0 0 1W * ? *)", "UTC", "2026-07-31T00:00:00Z", []string{"2026-08-03T00:00:00Z"}},
		{"last weekday", "cron(0 0 LW * ? *)", "UTC", "2027-01-01T00:00:00Z", []string{"2027-01-29T00:00:00Z"}},
		{"last Friday", "cron(0 0 ? * 6L *)", "UTC", "2026-11-01T00:00:00Z", []string{"2026-11-27T00:00:00Z"}},
		{"third Friday", "cron(0 0 ? * 6#3 *)", "UTC", "2026-11-01T00:00:00Z", []string{"2026-11-20T00:00:00Z", "2026-12-18T00:00:00Z"}},
		{"29 February", "cron(0 0 29 2 ? *)", "UTC", "2026-11-22T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"one year only", "cron(0 0 1 1 ? 2027)", "UTC", "2026-11-22T00:00:00Z", []string{"2027-01-01T00:00:00Z", "never"}},
		{"time zone", "cron(0 6 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T05:00:00Z"}},
		{"an hour that is skipped", "cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-30T00:30:00Z"}},
		{"an hour that is repeated", "cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}},
		{"once", "at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-11-22T00:00:00Z", []string{"2026-12-24T17:00:00Z", "never"}},
	} {
		e, err := schedule.Parse(c.expression, c.zone)
		if err != nil {
			t.Errorf("%s: Parse(%s): %v", c.name, c.expression, err)
			continue
		}
		at := moment(t, c.after)
		var got []string
		for range c.want {
			next, found := e.Next(at)
			if !found {
				got = append(got, "never")
				break
			}
			got = append(got, next.Format(time.RFC3339))
			at = next
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s after %s = %v, want %v", c.name, c.expression, c.after, got, c.want)
		}
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"15 minutes":                   "is not rate(…), cron(…) or at(…)",
		"rate(0 minutes)":              "not a whole number above 0",
		"rate(5 fortnights)":           "not seconds, minutes, hours or days",
		"every(5 minutes)":             "is not rate, cron or at",
		"cron(0 6 * * *)":              "six fields",
		"cron(0 6 * * * *)":            "must be ?",
		"cron(0 6 ? * ? *)":            "must be ?",
		"cron(60 6 * * ? *)":           `minutes: "60" is not between 0 and 59`,
		"cron(0 24 * * ? *)":           "hours",
		"cron(0 6 32 * ? *)":           "day-of-month",
		"cron(0 6 ? * 8 *)":            "day-of-week",
		"cron(0 6 ? 13 MON *)":         "month",
		"cron(9-5 6 * * ? *)":          "runs backwards",
		"cron(0/0 6 * * ? *)":          "not a step",
		"cron(0 6 ? * MON#6 *)":        "day-of-week",
		"at(tomorrow)":                 "at(tomorrow)",
		"cron(0 6 * * ? 1969)":         "year",
		"cron(0 6 ? * MONDAY-FRIDA *)": "day-of-week",
	} {
		if _, err := schedule.Parse(expression, "UTC"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, want an error with %q", expression, err, want)
		}
	}
	if _, err := schedule.Parse("rate(5 minutes)", "Mars/Olympus"); err == nil {
		t.Error("Parse with an unknown time zone succeeded")
	}
}

// newScheduler has a rate and a cron schedule on a clock that stands still at 2026-11-22T05:50:00Z.
func newScheduler(t *testing.T, invoke schedule.Invoke) *schedule.Scheduler {
	t.Helper()
	start := moment(t, "2026-11-22T05:50:00Z")
	var schedules []schedule.Schedule
	for _, s := range []schedule.Schedule{
		{ID: "Regularly", Name: "RollupRegularly", Function: "Rollup", Text: "rate(15 minutes)", Input: `{"scheduled_time":"<aws.scheduler.scheduled-time>"}`},
		{ID: "Daily", Name: "ExportDaily", Function: "Export", Text: "cron(0 6 * * ? *)", Input: `{"schedule":"export-daily","scheduled_time":"<aws.scheduler.scheduled-time>"}`},
	} {
		var err error
		if s.Expression, err = schedule.Parse(s.Text, "UTC"); err != nil {
			t.Fatal(err)
		}
		schedules = append(schedules, s)
	}
	return schedule.New(schedules, invoke, func() time.Time { return start }, io.Discard)
}

func TestClock(t *testing.T) {
	t.Parallel()
	var events []string
	s := newScheduler(t, func(_ context.Context, function string, event []byte) error {
		events = append(events, function+" "+string(event))
		if function == "Export" {
			return errors.New("no bucket")
		}
		return nil
	})
	at := func(text string) time.Time { return moment(t, text) }
	steps := []struct {
		name string
		move func() []schedule.Fired
		want []schedule.Fired
	}{
		{"nothing is due yet", func() []schedule.Fired { return s.Advance(t.Context(), 9*time.Minute) }, []schedule.Fired{}},
		{"each due time once, in order", func() []schedule.Fired { return s.Advance(t.Context(), 16*time.Minute) }, []schedule.Fired{
			{Schedule: "RollupRegularly", Function: "Rollup", ScheduledTime: at("2026-11-22T06:00:00Z")},
			{Schedule: "ExportDaily", Function: "Export", ScheduledTime: at("2026-11-22T06:00:00Z"), Error: "no bucket"},
			{Schedule: "RollupRegularly", Function: "Rollup", ScheduledTime: at("2026-11-22T06:15:00Z")},
		}},
		{"standing still fires nothing again", func() []schedule.Fired { return s.Advance(t.Context(), 0) }, []schedule.Fired{}},
		{"backwards fires nothing", func() []schedule.Fired { return s.Set(t.Context(), at("2026-11-22T06:14:00Z")) }, []schedule.Fired{}},
		{"and due times come again", func() []schedule.Fired { return s.Set(t.Context(), at("2026-11-22T06:15:00Z")) }, []schedule.Fired{
			{Schedule: "RollupRegularly", Function: "Rollup", ScheduledTime: at("2026-11-22T06:15:00Z")},
		}},
	}
	for _, step := range steps {
		if got := step.move(); !reflect.DeepEqual(got, step.want) {
			t.Errorf("%s: fired %+v, want %+v", step.name, got, step.want)
		}
	}
	want := []string{
		`Rollup {"scheduled_time":"2026-11-22T06:00:00Z"}`,
		`Export {"schedule":"export-daily","scheduled_time":"2026-11-22T06:00:00Z"}`,
		`Rollup {"scheduled_time":"2026-11-22T06:15:00Z"}`,
		`Rollup {"scheduled_time":"2026-11-22T06:15:00Z"}`,
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("events = %q, want %q", events, want)
	}
}

func TestFire(t *testing.T) {
	t.Parallel()
	s := newScheduler(t, func(context.Context, string, []byte) error { return nil })
	want := schedule.Fired{Schedule: "ExportDaily", Function: "Export", ScheduledTime: moment(t, "2026-11-22T05:50:00Z")}
	for _, name := range []string{"Daily", "ExportDaily"} {
		if got, known := s.Fire(t.Context(), name); !known || got != want {
			t.Errorf("Fire(%s) = %+v, %v, want %+v", name, got, known, want)
		}
	}
	if _, known := s.Fire(t.Context(), "Yearly"); known {
		t.Error("Fire(Yearly) fired something")
	}
}

func TestRunFiresWhenDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		expression, err := schedule.Parse("rate(15 minutes)", "UTC")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var fired []time.Duration
		s := schedule.New([]schedule.Schedule{{ID: "R", Name: "R", Function: "F", Expression: expression}},
			func(context.Context, string, []byte) error { fired = append(fired, time.Since(start)); return nil }, time.Now, io.Discard)
		ctx, cancel := context.WithTimeout(t.Context(), 46*time.Minute)
		defer cancel()
		s.Run(ctx)
		// The test's clock begins at midnight.
		if want := []time.Duration{15 * time.Minute, 30 * time.Minute, 45 * time.Minute}; !reflect.DeepEqual(fired, want) {
			t.Errorf("fired after %v, want %v", fired, want)
		}
	})
}

// rapid has a rate of seconds beside one of minutes.
func rapid(t *testing.T, invoke schedule.Invoke, log io.Writer) *schedule.Scheduler {
	t.Helper()
	var schedules []schedule.Schedule
	for name, text := range map[string]string{"Often": "rate(7 seconds)", "Regularly": "rate(1 minute)"} {
		expression, err := schedule.Parse(text, "UTC")
		if err != nil {
			t.Fatal(err)
		}
		schedules = append(schedules, schedule.Schedule{ID: name, Name: name, Function: name, Expression: expression})
	}
	slices.SortFunc(schedules, func(a, b schedule.Schedule) int { return strings.Compare(a.ID, b.ID) })
	return schedule.New(schedules, invoke, time.Now, log)
}

// TestRapidRate runs beside the others, is left out while it runs, and says once what is wrong.
func TestRapidRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var fired []string
		start, log := time.Now(), &strings.Builder{}
		s := rapid(t, func(_ context.Context, function string, _ []byte) error {
			mu.Lock()
			after := time.Since(start)
			fired = append(fired, fmt.Sprint(function, " ", after))
			mu.Unlock()
			switch {
			case function == "Regularly":
				time.Sleep(20 * time.Second) // which holds nobody up
			case after > 70*time.Second && after < 80*time.Second:
				time.Sleep(10 * time.Second) // longer than its own rate
			case after < 40*time.Second:
				return errors.New("no table")
			}
			return nil
		}, log)
		ctx, cancel := context.WithTimeout(t.Context(), 99*time.Second)
		defer cancel()
		s.Run(ctx)
		// The test's clock begins five seconds after a multiple of seven since 1970, from which rates count.
		want := strings.Fields("2s 9s 16s 23s 30s 37s 44s 51s 58s 1m5s 1m12s 1m26s 1m33s")
		var got []string
		for _, f := range fired {
			if after, often := strings.CutPrefix(f, "Often "); often {
				got = append(got, after)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Often fired after %v, want %v; all %v", got, want, fired)
		}
		if !slices.Contains(fired, "Regularly 1m0s") {
			t.Errorf("Regularly did not fire after a minute: %v", fired)
		}
		if told := log.String(); strings.Count(told, "no table") != 1 {
			t.Errorf("told %q, want the error once", told)
		}
	})
}

// TestRapidRateOnAMovedClock: a day has 12,343 times of seven seconds, and nobody wants to wait for each. Those fire at which another schedule
// is due, and the last.
func TestRapidRateOnAMovedClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := rapid(t, func(context.Context, string, []byte) error { return nil }, io.Discard)
		var got []string
		for _, f := range s.Advance(t.Context(), 12*time.Minute) {
			got = append(got, f.Schedule+f.ScheduledTime.Format(" 15:04:05"))
		}
		want := []string{
			"Regularly 00:01:00", "Regularly 00:02:00", "Regularly 00:03:00", "Often 00:04:00", "Regularly 00:04:00", "Regularly 00:05:00",
			"Regularly 00:06:00", "Regularly 00:07:00", "Regularly 00:08:00", "Regularly 00:09:00", "Regularly 00:10:00", "Often 00:11:00",
			"Regularly 00:11:00", "Regularly 00:12:00", "Often 00:11:56",
		}
		if !slices.Equal(got, want) {
			t.Errorf("fired %q, want %q", got, want)
		}
		if again := s.Advance(t.Context(), time.Second); len(again) != 0 {
			t.Errorf("fired %v, want nothing before it is due again", again)
		}
	})
}
