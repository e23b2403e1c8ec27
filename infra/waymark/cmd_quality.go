package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	goio "io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waymark/shared/domain/quality"
)

// qualityReport is what GET /v1/quality answers.
type qualityReport struct {
	TimeZone string `json:"time_zone"`
	From     string `json:"from"`
	To       string `json:"to"`
	Final    bool   `json:"final"`
	Waiting  int    `json:"waiting"`
	Dead     struct {
		Messages int `json:"messages"`
		Read     int `json:"read"`
	} `json:"dead"`
	RejectedSince string `json:"rejected_since"`
	quality.Report
	Alerts []burstAlert `json:"alerts"`
}

const qualityUsage = `waymark quality [--from DATE] [--to DATE] [--source NAME] [--json]

Counts what became of the events that came in, by day of receipt and source:
accepted, refused, rejected and failed, and of the accepted what is odd about
them; and whose word it is, and which orders and identifiers several claim.
docs/quality.md explains each number.

exit code: 0 printed · 1 it failed · 2 wrong usage
`

// cmdQuality shows what became of the events that came in.
func cmdQuality(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark quality", flag.ContinueOnError)
	withUsage(set, qualityUsage)
	system := apiFlags(set)
	from := set.String("from", "", "first day of receipt, a local date or an instant; 7 days ago when left out")
	to := set.String("to", "", "the day after the last, a local date or an instant; tomorrow when left out")
	source := set.String("source", "", "one source; all when left out")
	asJSON := set.Bool("json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 {
		set.Usage()
		return 2
	}
	if err := printQuality(ctx, system, map[string]string{"from": *from, "to": *to, "source": *source}, *asJSON, io); err != nil {
		fmt.Fprintf(io.Err, "waymark quality: %v\n", err)
		return 1
	}
	return 0
}

func printQuality(ctx context.Context, system *api, asked map[string]string, asJSON bool, io stdio) error {
	query := url.Values{}
	for name, value := range asked {
		if value != "" {
			query.Set(name, value)
		}
	}
	var text json.RawMessage
	if err := system.do(ctx, http.MethodGet, "/v1/quality?"+query.Encode(), nil, &text); err != nil {
		return err
	}
	if asJSON {
		_, err := fmt.Fprintf(io.Out, "%s\n", text)
		return err
	}
	var report qualityReport
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	report.print(io.Out)
	return nil
}

// print writes the report for a terminal of 80 columns.
func (r qualityReport) print(w goio.Writer) {
	fmt.Fprintf(w, "received from %s to %s, days in %s\n", withoutZeros(r.From), withoutZeros(r.To), r.TimeZone)
	for _, a := range r.Alerts {
		a.print(w)
	}
	if len(r.Rows) == 0 {
		fmt.Fprint(w, "\nnothing was received\n")
	} else {
		r.table(w, []string{"received", "accepted", "refused", "rejected", "failed"}, func(c quality.Counts) []int {
			return []int{c.Received, c.Accepted, c.Refused, c.Rejected, c.Failed}
		})
		fmt.Fprint(w, "\nof the accepted:")
		r.table(w, []string{"repeats", "late", "skewed", "future", "untimed", "bots", "unknown"}, func(c quality.Counts) []int {
			return []int{c.Repeats, c.Late, c.Skewed, c.Future, c.Untimed, c.Bots, c.UnknownNames}
		})
		fmt.Fprintln(w)
	}
	names := map[string]int{}
	for _, n := range r.Total.Names {
		names[n.Name] = n.Count
	}
	listed(w, "refused", r.Total.RefusedBy)
	listed(w, "rejected", r.Total.RejectedBy)
	listed(w, "bots", r.Total.BotsBy)
	listed(w, "unknown", names)
	listed(w, "incomplete", r.Total.IncompleteBy)
	r.bySource(w, "copies of orders", func(c quality.Counts) int { return c.OrderCopies })
	r.bySource(w, "conflicts", func(c quality.Counts) int { return c.Conflicts })
	r.bySource(w, "in quarantine", func(c quality.Counts) int { return c.Quarantined })
	r.printTrust(w)
	if !r.Final {
		fmt.Fprintf(w, "\nNot final: %d messages wait, and %d of %d dead letters were read.\n", r.Waiting, r.Dead.Read, r.Dead.Messages)
	}
	if r.From < r.RejectedSince {
		fmt.Fprintf(w, "\nRejected events received before %s are forgotten.\n", withoutZeros(r.RejectedSince))
	}
}

// withoutZeros leaves out seconds that are 0.
func withoutZeros(instant string) string { return strings.Replace(instant, ":00.000Z", "Z", 1) }

// sourceWidth is how much of a source's name has room beside the numbers.
const sourceWidth = 16

func (r qualityReport) table(w goio.Writer, columns []string, numbers func(quality.Counts) []int) {
	line := func(day, source string, cells []string) {
		if text := []rune(source); len(text) > sourceWidth {
			source = string(text[:sourceWidth-1]) + "…"
		}
		fmt.Fprintf(w, "\n%-10s %-*s", day, sourceWidth, source)
		for i, cell := range cells {
			fmt.Fprintf(w, " %*s", max(len(columns[i]), 6), cell)
		}
	}
	texts := func(c quality.Counts) []string {
		var out []string
		for _, n := range numbers(c) {
			out = append(out, fmt.Sprint(n))
		}
		return out
	}
	line("day", "source", columns)
	for _, row := range r.Rows {
		line(row.Day, cmp.Or(row.Source, "-"), texts(row.Counts))
	}
	line("total", "", texts(r.Total))
	fmt.Fprintln(w)
}

// listed writes counts by name, the largest first, in lines of at most 80 columns.
func listed(w goio.Writer, what string, counts map[string]int) {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	line := fmt.Sprintf("%-9s", what)
	for i, name := range names {
		item := fmt.Sprintf(" %s %d", name, counts[name])
		if i < len(names)-1 {
			item += ","
		}
		if len([]rune(line))+len([]rune(item)) > 80 && strings.TrimSpace(line) != what {
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", 9)
		}
		line += item
	}
	if len(names) > 0 {
		fmt.Fprintln(w, line)
	}
}
