package quality_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"waymark/shared/testing/system"
)

// alert is what answers say of a burst.
type alert struct {
	ID      string
	Source  string
	From    string
	To      string
	Persons int
	Usual   int    `json:"usual_persons"`
	PerMin  any    `json:"persons_per_minute"`
	Closed  string // "" while it lasts
	Command string
}

// shop is a system in which the log can be read.
type shop struct {
	*system.System
	t   *testing.T
	log bytes.Buffer
	ids int
}

// newShop has sent some visitors to its site and its server in each of a few hours of the weeks before, and stands at twenty past twelve.
func newShop(t *testing.T, weeks int) *shop {
	t.Helper()
	s := &shop{System: system.New(t, system.Shop()), t: t}
	slog.SetDefault(slog.New(slog.NewJSONHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	t.Cleanup(func() { slog.SetDefault(slog.New(slog.DiscardHandler)) })
	now := s.Now
	for week := weeks; week > 0; week-- {
		s.Now = now.AddDate(0, 0, -7*week)
		s.visit("wk_site", 20, s.Now)
		s.Advance(time.Hour)
		s.visit("wk_web", 3, s.Now)
	}
	s.Now = now.Add(20 * time.Minute)
	return s
}

// visit lets new persons come at an instant, received now.
func (s *shop) visit(key string, persons int, at time.Time) {
	s.t.Helper()
	var raw []string
	for range persons {
		s.ids++
		raw = append(raw, fmt.Sprintf(`{"type":"page","anonymousId":"a%d","messageId":"m%d","timestamp":%q}`, s.ids, s.ids, at.Format(time.RFC3339)))
	}
	s.Send(key, raw...)
}

func (s *shop) alerts(path, field string) []alert {
	s.t.Helper()
	status, body := s.Get(path)
	if status != 200 {
		s.t.Fatalf("%s is answered %d %s", path, status, body)
	}
	answer := map[string]json.RawMessage{}
	must(s.t, json.Unmarshal([]byte(body), &answer))
	var all []alert
	must(s.t, json.Unmarshal(answer[field], &all))
	return all
}

// want compares the alerts that the status has open, and all of the report.
func (s *shop) want(what string, open, all string) {
	s.t.Helper()
	text := func(list []alert) string {
		var out []string
		for _, a := range list {
			state := "open"
			if a.Closed != "" {
				state = "closed"
			}
			out = append(out, fmt.Sprintf("%s %d/%d %v a minute %s: %s", a.Source, a.Persons, a.Usual, a.PerMin, state, a.Command))
		}
		return strings.Join(out, "\n")
	}
	if got := text(s.alerts("/v1/status", "alerts")); got != open {
		s.t.Errorf("%s: open are\n%s\nwant\n%s", what, got, open)
	}
	if got := text(s.alerts("/v1/quality", "alerts")); got != all {
		s.t.Errorf("%s: the report has\n%s\nwant\n%s", what, got, all)
	}
}

// lines are what the log says of bursts.
func (s *shop) lines() int { return strings.Count(s.log.String(), `"msg":"burst of new persons"`) }

// TestBurstThroughTheWholeSystem: whoever reads a site's public key and sends thousands of new persons raises one alert, once, however often the numbers
// are brought up to date; the command in it takes them out, which closes it, and honest numbers are what they were. It sets the log, so it runs alone.
func TestBurstThroughTheWholeSystem(t *testing.T) {
	s := newShop(t, 4)
	s.visit("wk_site", 25, s.Now)
	s.Settle()
	s.want("on a usual day", "", "")

	s.visit("wk_site", 180, s.Now)
	s.Settle()
	const command = "waymark quarantine apply --source site --from 2026-11-22T12:00:00Z --to 2026-11-22T13:00:00Z --grade public"
	const open = "site 205/20 9.32 a minute open: " + command
	s.want("the burst", open, open)
	for range 5 {
		s.Settle()
	}
	s.visit("wk_site", 100, s.Now)
	s.visit("wk_web", 29, s.Now)
	s.Settle()
	const more = "site 305/20 10.89 a minute open: " + command
	s.want("it goes on", more, more)
	if n := s.lines(); n != 1 {
		t.Errorf("the log tells of it %d times, want once:\n%s", n, s.log.String())
	}
	if line := s.log.String(); !strings.Contains(line, `"command":"`+command+`"`) || strings.Contains(line, "anon:") {
		t.Errorf("the log says %s", line)
	}

	found := s.alerts("/v1/status", "alerts")[0]
	words := strings.Fields(found.Command) // … --source site --from … --to … --grade public
	status, body := s.Ask("POST", "/v1/quarantines", "sk_shop",
		fmt.Sprintf(`{"source":%q,"received":{"from":%q,"to":%q},"when":{"grade":[%q]}}`, words[4], words[6], words[8], words[10]))
	var applied struct{ Quarantine struct{ ID string } }
	must(t, json.Unmarshal([]byte(body), &applied))
	if status >= 300 {
		t.Fatalf("the quarantine is answered %d %s", status, body)
	}
	s.Settle()
	if open := s.alerts("/v1/status", "alerts"); len(open) != 0 {
		t.Errorf("after the quarantine these are open: %v", open)
	}
	if got := s.alerts("/v1/quality", "alerts"); len(got) != 1 || got[0].Persons != 0 || got[0].Closed == "" || got[0].Command != command {
		t.Errorf("after the quarantine the report has %v, want it closed and without persons", got)
	}
	if status, body := s.Ask("DELETE", "/v1/quarantines/"+applied.Quarantine.ID, "sk_shop", ""); status >= 300 {
		t.Fatalf("lifting it is answered %d %s", status, body)
	}
	s.Settle()
	if open := s.alerts("/v1/status", "alerts"); len(open) != 1 || open[0].ID != found.ID || s.lines() != 1 {
		t.Errorf("once it is lifted %v are open, told in %d lines, want the alert of before and no line more", open, s.lines())
	}
}

// A burst ends by itself, a second one is another alert, and hours without a past are compared with whole days.
func TestBurstsEndAndBeginAgain(t *testing.T) {
	s := newShop(t, 1)
	s.Now = s.Now.AddDate(0, 0, -1)
	s.visit("wk_site", 30, s.Now)
	s.Settle()
	s.want("a busy hour on the first days", "", "")
	s.Now = s.Now.AddDate(0, 0, 1)
	s.visit("wk_site", 31, s.Now)
	s.Settle()
	if n := s.lines(); n != 1 {
		t.Errorf("an hour with more new persons than the busiest day is told %d times, want once", n)
	}
	for range 4 {
		s.Advance(time.Hour)
		s.Settle()
	}
	if open, all := s.alerts("/v1/status", "alerts"), s.alerts("/v1/quality", "alerts"); len(open) != 0 || len(all) != 1 {
		t.Errorf("after it %d are open and %d are in the report, want 0 and 1", len(open), len(all))
	}
	s.visit("wk_site", 1000, s.Now)
	s.Settle()
	if open, all := s.alerts("/v1/status", "alerts"), s.alerts("/v1/quality", "alerts"); len(open) != 1 || len(all) != 2 || s.lines() != 2 {
		t.Errorf("after the next %d are open, %d are in the report and %d lines in the log, want 1, 2 and 2", len(open), len(all), s.lines())
	}
}

// New persons that are dated back are found in the hours they are dated in, as one alert, with the time at which they came; a server's history is none.
func TestBurstsThatAreDatedBack(t *testing.T) {
	s := newShop(t, 8)
	s.Settle()
	s.visit("wk_web", 400, s.Now.AddDate(0, 0, -7))
	s.Settle()
	s.want("an import by a server", "", "")
	s.visit("wk_site", 300, s.Now.AddDate(0, 0, -7))
	s.visit("wk_site", 300, s.Now.AddDate(0, 0, -14))
	s.Settle()
	found := s.alerts("/v1/status", "alerts")
	if len(found) != 1 || found[0].Persons != 640 || s.lines() != 1 {
		t.Fatalf("the alerts are %v with %d lines, want one of 640 persons", found, s.lines())
	}
	if from, to := found[0].From, found[0].To; from < "2026-11-22T12:20" || to > "2026-11-22T12:30" {
		t.Errorf("they came from %s to %s, want the last minutes", from, to)
	}
}

// A crash between storing an alert and telling of it tells of it later; one after it may tell of it twice and never stores it twice.
func TestBurstsAreToldAfterACrash(t *testing.T) {
	s := newShop(t, 4)
	s.Settle()
	s.visit("wk_site", 500, s.Now)
	puts := 0
	s.Call = func(name string, apply func() error) error {
		if name == "put state" {
			if puts++; s.lines() > 0 { // the note that it was told
				return fmt.Errorf("the function ends here")
			}
		}
		return apply()
	}
	if err := s.TrySettle(s.Ports()); err == nil {
		t.Fatal("the settle ended well, want it to stop at the note that the alert was told")
	}
	s.Call = nil
	s.Settle()
	s.Settle()
	if open, lines := s.alerts("/v1/status", "alerts"), s.lines(); len(open) != 1 || lines != 2 {
		t.Errorf("%d alerts are open and were told %d times, want 1 and 2", len(open), lines)
	}
}
