// Package corpora_test sends what the world sends through the whole system (collect, process, rollup, query) and holds what comes out against counts of its
// own: real user agents, referrers, campaigns, examples of the field's specification, broken JSON, naughty strings, and a real shop's invoices.
//
// Each test reads a public corpus that is in the project already, takes 300 payloads of it or more, and prints what became of them. What is expected is
// worked out from the corpus alone, without the packages that decide it in the system.
package corpora_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/quality"
	"waymark/shared/testing/system"
)

const data = "../../shared/model/testdata/"

// world is one shop in UTC, in which a test sends what it has and asks what came of it.
type world struct {
	*system.System
	t *testing.T
}

func newWorld(t *testing.T, currency string) world {
	t.Helper()
	t.Parallel()
	shop := system.Shop()
	shop.Zone, shop.Currency = "UTC", currency
	return world{system.New(t, shop), t}
}

// send posts events in batches and counts everything.
func (w world) send(events []string) {
	w.t.Helper()
	for len(events) > 0 {
		n := min(len(events), 100)
		w.Post("wk_web", events[:n]...)
		events = events[n:]
	}
	w.count()
}

// count processes what is queued and settles it.
func (w world) count() {
	w.t.Helper()
	w.Drain()
	w.Settle()
}

// post makes a request of a route as it stands. It gives the status and the answer.
func (w world) post(path, body string) (int, string) {
	w.t.Helper()
	answer, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), w.Request(http.MethodPost, path, system.Basic("wk_web"), body))
	if err != nil {
		w.t.Fatalf("POST %s: %v", path, err)
	}
	return answer.StatusCode, answer.Body
}

func (w world) get(path string, into any) {
	w.t.Helper()
	status, body := w.Get(path)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		w.t.Fatalf("GET %s: %v", path, err)
	}
}

// fates are what became of all that was received.
func (w world) fates() quality.Counts {
	w.t.Helper()
	var answer struct {
		Final bool           `json:"final"`
		Total quality.Counts `json:"total"`
	}
	w.get("/v1/quality", &answer)
	if c := answer.Total; !answer.Final || c.Received != c.Accepted+c.Refused+c.Rejected+c.Failed || c.Failed != 0 {
		w.t.Errorf("quality: final %t, %d received, which are not %d accepted, %d refused and %d rejected, with %d failed",
			answer.Final, c.Received, c.Accepted, c.Refused, c.Rejected, c.Failed)
	}
	return answer.Total
}

// kpi gives the values of a metric by day and value of a dimension, such as "2026-11-15 DE"; without dimension by day alone.
func (w world) kpi(metric, grain, from, to, by string) map[string]string {
	w.t.Helper()
	var answer struct {
		Rows []struct {
			Start      string
			Dimensions map[string]string
			Value      json.RawMessage
			Unit       string
		}
	}
	query := url.Values{"metric": {metric}, "grain": {grain}, "from": {from}, "to": {to}}
	if by != "" {
		query.Set("by", by)
	}
	w.get("/v1/kpis?"+query.Encode(), &answer)
	out := map[string]string{}
	for _, row := range answer.Rows {
		if (by != "") != (row.Dimensions[by] != "") {
			continue
		}
		out[strings.TrimSpace(row.Start[:len("2026-11-15")]+" "+row.Dimensions[by])] = strings.Trim(string(row.Value), `"`)
	}
	return out
}

// person is what the profile of an identifier says.
type person struct {
	Person      string
	Identifiers []struct{ ID string }
	Touchpoints int
	Bots        int
	Channels    map[string]int
	Orders      struct{ Count int }
}

func (w world) person(identifier string) person {
	w.t.Helper()
	var p person
	w.get("/v1/profiles/"+url.PathEscape(identifier), &p)
	return p
}

// same compares numbers by day, leaving out zeros.
func (w world) same(what string, got map[string]string, want map[string]string) {
	w.t.Helper()
	isZero := func(value string) bool { return strings.Trim(value, "0.") == "" }
	for key, value := range want {
		if !isZero(value) && got[key] != value {
			w.t.Errorf("%s of %s is %q, want %q", what, key, got[key], value)
		}
	}
	for key, value := range got {
		if !isZero(value) && isZero(want[key]) {
			w.t.Errorf("%s of %s is %q, want none", what, key, value)
		}
	}
}

// pennies is an amount as the API writes it.
func pennies(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// event writes one as JSON.
func event(t *testing.T, fields map[string]any) string {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// at is an instant on one of the seven days before the clock, by number.
func at(n int) string {
	return time.Date(2026, 11, 15+n%7, 8, n%60, n/60%60, 0, time.UTC).Format(time.RFC3339)
}

func dayOf(n int) string { return at(n)[:len("2026-11-15")] }

// lines reads a file, packed or not, line by line.
func lines(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var reader io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if reader, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		out = append(out, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// some takes n of a list, evenly spread.
func some[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}
