package scenarios_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
	"waymark/tests/recount"
	"waymark/tests/scenarios"
)

// TestRandomStories tells random stories to the real handlers, in random batches with a settle after each, and wants every stored KPI row to
// be the one that the pure core counts at the end: whatever came late, was linked late or moved must have been counted anew.
func TestRandomStories(t *testing.T) {
	t.Parallel()
	seed.Each(t, 150, func(t *testing.T, r *rand.Rand) {
		real := newSystem(t)
		story := randomStory(r, real.Now)
		s, err := scenarios.Parse("story", story)
		if err != nil {
			t.Fatal(err)
		}
		fold, err := scenarios.NewFold(s, "default")
		if err != nil {
			t.Fatal(err)
		}
		http, err := scenarios.NewHTTP(t.Context(), reach(t, real), s, "default")
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []scenarios.System{fold, http} {
			if err := scenarios.Run(t.Context(), s, "default", target); err != nil {
				t.Fatalf("%v\n%s", err, story)
			}
		}
		got, want := map[string][]string{}, map[string][]string{}
		for key, w := range real.Windows(workspace.Workspace{Name: s.Workspace.Name + "-default-test", Currency: s.Workspace.Currency}) {
			got[key] = texts(recount.Bare(w.Rows))
		}
		for key, count := range fold.Windows() {
			want[key] = texts(count.Rows())
		}
		if problems := compareRows(got, want); len(problems) > 0 {
			t.Errorf("windows that differ:\n%s\nstory:\n%s", strings.Join(problems[:min(len(problems), 20)], "\n"), story)
		}
	})
}

// midnights of London, around which the stories play: both ends of a day of 23 hours, and two weeks and three months later.
var midnights = []string{"2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", "2026-03-29T23:00:00Z", "2026-04-11T23:00:00Z", "2026-07-11T23:00:00Z"}

// times gives minutes around a few midnights. No two are days or exactly 5 or 30 minutes apart, where milliseconds would decide: what a clock
// is corrected by holds those of a real request.
func times(r *rand.Rand, n int) []time.Time {
	var out []time.Time
	for len(out) < n {
		midnight, _ := time.Parse(time.RFC3339, midnights[r.IntN(len(midnights))])
		at := midnight.Add(time.Duration(r.IntN(240)-120) * time.Minute)
		if r.IntN(2) == 0 {
			at = midnight.Add(time.Duration(r.IntN(12)-6) * time.Minute)
		}
		if !slices.ContainsFunc(out, func(other time.Time) bool {
			apart := at.Sub(other).Abs()
			return apart%(24*time.Hour) == 0 || apart == 5*time.Minute || apart == 30*time.Minute
		}) {
			out = append(out, at)
		}
	}
	return out
}

// randomStory is a scenario of a few identifiers around a few midnights, with late events, links, some of them cut, and wrong clocks.
func randomStory(r *rand.Rand, now time.Time) string {
	var lines, links []string
	ids := []string{"anon:a", "anon:b", "device:c", "user:1", "user:2"}
	whats := []string{
		`page "/"`, `page "/" utm_source=google utm_medium=cpc`, `page "/sale" utm_source=news utm_medium=email country=NZ`,
		`track "Product Viewed" country=GB`, `track "Product Added"`, `track "Order Completed" order_id=o1 revenue=5`,
		`track "Order Completed" order_id=o2 revenue=7 currency=EUR`, `track "Order Refunded" refund_id=r1 revenue=1`, `track "Order Shipped"`,
	}
	if r.IntN(3) == 0 {
		ids = []string{"anon:a", "anon:b", "anon:a"} // little company, so that days empty easily
	}
	for _, at := range times(r, 4+r.IntN(14)) {
		id := ids[r.IntN(len(ids))]
		if r.IntN(3) == 0 {
			lines = append(lines, fmt.Sprintf("clock %s %dm slow", id, 60+3*r.IntN(4)))
		} else if r.IntN(3) == 0 {
			lines = append(lines, fmt.Sprintf("clock %s right", id))
		}
		local := at.Format("2006-01-02 15:04") + "+00:00"
		switch r.IntN(8) {
		case 0:
			child, parent := ids[r.IntN(3)], fmt.Sprintf("user:%d", 1+r.IntN(2))
			lines = append(lines, fmt.Sprintf("at %s %s %s identify", local, child, parent))
			links = append(links, child+" from "+parent)
		case 1:
			lines = append(lines, fmt.Sprintf("at %s user:%d alias user:%d", local, 1+r.IntN(2), 1+r.IntN(2)))
		default:
			lines = append(lines, fmt.Sprintf("at %s %s %s", local, id, whats[r.IntN(len(whats))]))
		}
		if len(links) > 0 && r.IntN(6) == 0 {
			link := links[r.IntN(len(links))]
			lines = append(lines, "unlink "+link)
			if r.IntN(3) == 0 {
				lines = append(lines, "expect kpi day 2026-01-01 touchpoints 0", "unlink "+link+" undo")
			}
		}
		if r.IntN(3) == 0 {
			lines = append(lines, "expect kpi day 2026-01-01 touchpoints 0") // here everything is rolled up
		}
	}
	lines = append(lines, "expect kpi day 2026-01-01 touchpoints 0")
	return "workspace story Europe/London GBP default\nnow " + now.Format("2006-01-02 15:04") + "\n" + strings.Join(lines, "\n") + "\n"
}

// texts are the rows that differ from zero.
func texts(rows []kpi.Row) []string {
	var out []string
	for _, r := range rows {
		if r.N != 0 || !r.Numerator.IsZero() {
			text, _ := json.Marshal(r)
			out = append(out, string(text))
		}
	}
	return out
}

func compareRows(got, want map[string][]string) []string {
	var problems []string
	for key, rows := range want {
		for _, row := range rows {
			if !slices.Contains(got[key], row) {
				problems = append(problems, key+" lacks "+row)
			}
		}
	}
	for key, rows := range got {
		for _, row := range rows {
			if !slices.Contains(want[key], row) {
				problems = append(problems, key+" has "+row)
			}
		}
	}
	slices.Sort(problems)
	return problems
}
