package demo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// request is a line of the web log.
type request struct {
	visitor string // address and browser
	at      time.Time
	path    string // without query and fragment
	host    string // of the referrer, without www.; "" where it has none
}

var combined = regexp.MustCompile(`^(\S+) \S+ \S+ \[([^\]]+)\] "\S+ ([^ ?#]+)[^"]*" \d{3} \S+ "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$`)

func readLog(file []byte) ([]request, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	var out []request
	for row := range strings.SplitSeq(strings.TrimSpace(string(whole)), "\n") {
		found := combined.FindStringSubmatch(row)
		if found == nil {
			return nil, fmt.Errorf("recount web log: %q is no line of the format", row)
		}
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", found[2])
		if err != nil {
			return nil, fmt.Errorf("recount web log: %w", err)
		}
		r := request{visitor: found[1] + " " + found[5], at: at.UTC(), path: found[3]}
		if from, err := url.Parse(found[4]); err == nil {
			r.host = strings.TrimPrefix(strings.ToLower(from.Hostname()), "www.")
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b request) int { return a.at.Compare(b.at) })
	return out, nil
}

// logNumbers is expected_sessions.json as far as it is compared.
type logNumbers struct {
	Lines, Visitors, Sessions json.Number
	Single                    json.Number            `json:"single_hit_sessions"`
	Hits                      json.Number            `json:"hits_per_session"`
	Seconds                   json.Number            `json:"total_session_seconds"`
	HitsByDay                 map[string]json.Number `json:"hits_by_day"`
	SessionsByDay             map[string]json.Number `json:"sessions_by_day_of_start"`
}

// expectWebLog takes the published counts, and recounts from the file what they leave open.
func expectWebLog(file []byte) ([]line, error) {
	var p logNumbers
	if err := readJSON("data/web_log/expected_sessions.json", &p); err != nil {
		return nil, err
	}
	requests, err := readLog(file)
	if err != nil {
		return nil, err
	}
	lines := []line{
		{what: "lines read", fact: "read", want: p.Lines.String(), origin: published},
		{what: "requests (touchpoints)", metric: "touchpoints", want: p.Lines.String(), origin: published},
		{what: "page views", metric: "page_views", want: p.Lines.String(), origin: published},
		{what: "visitors (active persons)", metric: "active_persons", want: p.Visitors.String(), origin: published},
		{what: "new visitors", metric: "new_persons", want: p.Visitors.String(), origin: published},
		{what: "sessions", metric: "sessions", want: p.Sessions.String(), origin: published},
		{what: "sessions of one page", metric: "bounce_rate", part: "numerator", want: p.Single.String(), origin: published},
		{what: "pages a session", metric: "pages_per_session", want: p.Hits.String(), within: "0.000000000001", origin: published},
		{what: "seconds of all sessions", metric: "session_duration", part: "numerator", want: p.Seconds.String(), origin: published},
	}
	for _, day := range sorted(p.HitsByDay) {
		lines = append(
			lines,
			line{what: day + " requests", metric: "touchpoints", grain: "day", start: day, want: p.HitsByDay[day].String(), origin: published},
			line{what: day + " sessions begun", metric: "sessions", grain: "day", start: day, want: p.SessionsByDay[day].String(), origin: published},
		)
	}
	lines = append(lines, p.change()...)
	lines = append(lines, pagesOf(requests)...)
	lines = append(lines, daysOf(requests)...)
	lines = append(lines, hoursOf(requests)...)
	return span("2015-05-17", "2015-05-19", lines), nil
}

// change compares the two days.
func (p logNumbers) change() []line {
	q := question{analysis: "changes", from: "2015-05-18", to: "2015-05-19", parameters: "metric=touchpoints&metric=sessions&before=2015-05-17/2015-05-18"}
	requests, sessions := of("kind", "period", "metric", "touchpoints"), of("kind", "period", "metric", "sessions")
	return []line{
		q.cell("change: requests of the first day", "differences", requests, "value_before", p.HitsByDay["2015-05-17"].String(), published),
		q.cell("change: requests of the second day", "differences", requests, "value_after", p.HitsByDay["2015-05-18"].String(), published),
		q.cell("change: sessions of the first day", "differences", sessions, "value_before", p.SessionsByDay["2015-05-17"].String(), published),
		q.cell("change: sessions of the second day", "differences", sessions, "value_after", p.SessionsByDay["2015-05-18"].String(), published),
	}
}

// own is the site of the log.
const own = "semicomplete.com"

// pagesOf recounts pages, the first pages of persons, and the sites that sessions came from. Pages are those whose paths need no other spelling.
func pagesOf(requests []request) []line {
	views, hosts := map[string]int{}, map[string]int{}
	last, counted := map[string]time.Time{}, map[string]bool{}
	for _, r := range requests {
		before, known := last[r.visitor]
		if !known || r.at.Sub(before) > 30*time.Minute {
			counted[r.visitor] = false
		}
		last[r.visitor] = r.at
		if !counted[r.visitor] && r.host != "" && r.host != own {
			counted[r.visitor] = true // the session's first site
			hosts[r.host]++
		}
		views[r.path]++
	}
	var lines []line
	for _, path := range []string{"/", "/style2.css", "/reset.css", "/images/jordan-80.png", "/images/web/2009/banner.png", "/robots.txt"} {
		lines = append(lines, line{what: "views of " + path, metric: "page_views", by: "page", value: path, want: text(views[path]), origin: recounted})
	}
	for _, host := range most(hosts, cmp.Compare[string]) {
		lines = append(lines, line{what: "sessions from " + host, metric: "sessions", by: "referrer_host", value: host, want: text(hosts[host]), origin: recounted})
	}
	firsts := firstPages(requests)
	q := question{analysis: "paths", parameters: of("node", "page", "steps", "3", "nodes", "30")}
	for _, path := range most(firsts, cmp.Compare[string]) {
		lines = append(lines, q.cell("first page "+path, "nodes", of("position", "1", "node", path), "persons", text(firsts[path]), recounted))
	}
	return lines
}

// firstPages counts visitors by the first page that they saw. A page that somebody saw in the same second as another is left out, for the log does not
// say which came first.
func firstPages(requests []request) map[string]int {
	first, counts, unsure := map[string]request{}, map[string]int{}, map[string]bool{}
	for _, r := range requests {
		before, known := first[r.visitor]
		switch {
		case !known:
			first[r.visitor] = r
			counts[r.path]++
		case before.at.Equal(r.at) && before.path != r.path:
			unsure[before.path], unsure[r.path] = true, true
		}
	}
	maps.DeleteFunc(counts, func(path string, _ int) bool { return unsure[path] || path != "/" && strings.HasSuffix(path, "/") })
	return counts
}

// daysOf recounts who came on the first day, on the second, and on both.
func daysOf(requests []request) []line {
	days := map[string]map[string]bool{}
	for _, r := range requests {
		day := r.at.Format(time.DateOnly)
		if days[day] == nil {
			days[day] = map[string]bool{}
		}
		days[day][r.visitor] = true
	}
	first, second, both := days["2015-05-17"], days["2015-05-18"], 0
	for visitor := range second {
		if first[visitor] {
			both++
		}
	}
	back := question{analysis: "retention", parameters: "grain=day"}
	cycle := question{analysis: "lifecycle", parameters: "grain=day"}
	row := of("since", "2015-05-18")
	return []line{
		back.cell("visitors of the first day", "cohorts", of("cohort", "2015-05-17", "age", "0"), "persons", text(len(first)), recounted),
		back.cell("of these, back on the second", "cohorts", of("cohort", "2015-05-17", "age", "1"), "persons", text(both), recounted),
		cycle.cell("visitors of the second day", "lifecycle", row, "active", text(len(second)), recounted),
		cycle.cell("new on the second day", "lifecycle", row, "new", text(len(second)-both), recounted),
		cycle.cell("not back on the second day", "lifecycle", row, "dormant", text(len(first)-both), recounted),
	}
}

// hoursOf recounts requests by the hour of the day, those of the five busiest.
func hoursOf(requests []request) []line {
	counts := map[string]int{}
	for _, r := range requests {
		counts[r.at.Format("15")]++
	}
	q := question{analysis: "balance"}
	var lines []line
	for _, hour := range most(counts, cmp.Compare[string]) {
		lines = append(lines, q.cell("requests at "+hour+" o'clock", "hours", of("hour", hour), "activities", text(counts[hour]), recounted))
	}
	return lines
}
