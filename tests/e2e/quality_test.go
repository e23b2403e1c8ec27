package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/quality"
	"waymark/tests/e2e"
)

const (
	crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	library = "python-requests/2.32.3" // sends for a shop's server: its events are people's
)

// sender sends for one source of a workspace and keeps count of what it planted.
type sender struct {
	system   *e2e.System
	key      string
	source   string
	isServer bool // so that what it sends may lie far ahead, and is no page's
	ids      int
	counts   quality.Counts
}

// viewed is a good event, with more members that come last and take the place of those of the same name.
func (s *sender) viewed(more string) string {
	s.ids++
	return object(more, `"type":"track"`, `"event":"Product Viewed"`, `"properties":{"sku":"G-32","price":18.99}`, fmt.Sprintf(`"userId":"u%d"`, s.ids%50), fmt.Sprintf(`"messageId":"%s-%d"`, s.source, s.ids),
		fmt.Sprintf(`"timestamp":%q`, time.Now().UTC().Format(time.RFC3339)))
}

func (s *sender) several(n int, more string) []string {
	var out []string
	for range n {
		out = append(out, s.viewed(more))
	}
	return out
}

// post sends a body and checks the status of the answer.
func (s *sender) post(t *testing.T, status int, path, body string, headers map[string]string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.system.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.key, "")
	request.Header.Set("User-Agent", library)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	if answer, err := e2e.Do(request); err != nil || answer.Status != status {
		t.Fatalf("%s %.100s: answer %.300s, %v, want %d", path, body, answer, err, status)
	}
}

func (s *sender) batch(t *testing.T, events ...string) {
	t.Helper()
	s.post(t, http.StatusOK, "/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`, nil)
}

// send plants a known number of everything that the report counts. The numbers are those of the source, so that mixing sources up shows.
func (s *sender) send(t *testing.T, n int) {
	t.Helper()
	good := s.several(80+n, "")
	s.batch(t, good...)
	s.batch(t, good[:20+n]...) // what a client sends again
	for range 4 {
		s.batch(t, s.several(80+n, "")...)
	}
	now := time.Now().UTC()
	late := fmt.Sprintf(`,"properties":{"sku":"G-32"},"timestamp":%q`, now.Add(-3*time.Hour).Format(time.RFC3339))
	skewed := fmt.Sprintf(`,"timestamp":%q,"sentAt":%q`, now.Add(5*time.Hour).Format(time.RFC3339), now.Add(5*time.Hour).Format(time.RFC3339))
	future := fmt.Sprintf(`,"timestamp":%q`, now.Add(72*time.Hour).Format(time.RFC3339))
	s.batch(t, s.several(9+n, late)...)
	s.batch(t, s.several(7+n, skewed)...)
	futures, beacons := 0, 1
	if s.isServer {
		futures, beacons = 3+n, 0
		s.batch(t, s.several(futures, future)...)
	} else {
		s.post(t, http.StatusOK, "/v1/beacon", s.viewed(""), map[string]string{"User-Agent": crawler})
	}
	s.batch(t, s.several(5+n, `,"timestamp":null`)...)
	s.batch(t, s.several(6+n, `,"context":{"userAgent":"`+crawler+`"}`)...)
	s.batch(t, append(s.several(4+n, `,"event":"Basket Fondled"`), s.viewed(`,"event":"Basket Shaken"`))...)
	s.batch(t, append(s.several(3, `,"type":"trick"`), append(s.several(2+n, `,"timestamp":"yesterday"`), s.viewed(""))...)...)
	for range 2 + n {
		s.post(t, http.StatusBadRequest, "/v1/track", `{"event":`, nil)
	}
	strict := append(s.several(8, ""), s.viewed(`,"userId":null`))
	s.post(t, http.StatusBadRequest, "/v1/batch?strict=1", `{"batch":[`+strings.Join(strict, ",")+`]}`, nil)
	s.post(t, http.StatusBadRequest, "/v1/batch", "\x1f\x8b\x08\x00", nil)

	accepted := 5*(80+n) + (20 + n) + (9 + n) + (7 + n) + futures + (5 + n) + (6 + n) + beacons + (5 + n) + 1
	s.counts = quality.Counts{
		Received: accepted + (5 + n) + (2 + n) + 9 + 1, Accepted: accepted, Refused: 2 + n + 9 + 1, Rejected: 5 + n,
		RefusedBy:  map[string]int{"invalid_json": 2 + n, "rejected_events": 9, "gzip_truncated": 1},
		RejectedBy: map[string]int{"unknown_type": 3, "bad_time": 2 + n},
		Repeats:    20 + n, Late: 9 + n, Skewed: 7 + n, Future: futures, Untimed: 5 + n, Bots: 6 + n + beacons, BotsBy: map[string]int{"crawler": 6 + n + beacons},
		Incomplete: 9 + n, IncompleteBy: map[string]int{"product-view": 9 + n}, // a product without its price
		UnknownNames: 5 + n, Names: []quality.Name{{Name: "Basket Fondled", Count: 4 + n}, {Name: "Basket Shaken", Count: 1}},
	}
}

type qualityAnswer struct {
	Final   bool `json:"final"`
	Waiting int  `json:"waiting"`
	quality.Report
}

// TestQuality sends over a thousand events of every sort from two sites and a server: the report counts each sort exactly, and the four fates of each
// source add up to what it sent.
func TestQuality(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "quality")
	out, _, err := w.Run(t.Context(), "keys", "add", "quality", "--source", "till", "--origin", "https://till.example", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var added struct {
		Key struct {
			Key string `json:"key"`
		} `json:"key"`
	}
	if err := json.Unmarshal([]byte(out), &added); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	senders := []*sender{
		{system: w.System, key: w.Keys.Write, source: "default"},
		{system: w.System, key: added.Key.Key, source: "till"},
		{system: w.System, key: w.Keys.Server, source: "server", isServer: true},
	}
	for n, s := range senders {
		s.send(t, n*10)
	}
	till := senders[1]
	till.post(t, http.StatusForbidden, "/v1/batch", `{"batch":[{},{},{}]}`, map[string]string{"Origin": "https://evil.example"})
	till.counts.Received, till.counts.Refused, till.counts.RefusedBy["origin_refused"] = till.counts.Received+3, till.counts.Refused+3, 3

	sent := senders[0].counts.Received + senders[1].counts.Received + senders[2].counts.Received
	var report qualityAnswer
	err = e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		report = get[qualityAnswer](t, w, "/v1/quality")
		if report.Total.Received != sent {
			return fmt.Errorf("%d of %d events are counted, %d messages wait", report.Total.Received, sent, report.Waiting)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sent < 1000 {
		t.Errorf("%d events were sent, want at least 1000", sent)
	}
	for _, s := range senders {
		of := get[qualityAnswer](t, w, "/v1/quality?source="+s.source).Total // of both days, should it be midnight
		if !reflect.DeepEqual(of, s.counts) {
			t.Errorf("source %s:\n got %s\nwant %s", s.source, text(of), text(s.counts))
		}
		if sum := of.Accepted + of.Refused + of.Rejected + of.Failed; sum != s.counts.Received {
			t.Errorf("source %s: the fates add up to %d, sent were %d", s.source, sum, s.counts.Received)
		}
		t.Logf("%s: sent %d = accepted %d + refused %d + rejected %d + failed %d", s.source, s.counts.Received, of.Accepted, of.Refused, of.Rejected, of.Failed)
	}
	printed, _, err := w.Run(t.Context(), "quality", "--key", w.Keys.Secret)
	if err != nil || !strings.Contains(printed, fmt.Sprintf("total%31d", sent)) {
		t.Errorf("waymark quality: %v, printed\n%s", err, printed)
	}
	t.Logf("waymark quality printed\n%s", printed)
	checkBotsCountNowhere(t, w, senders)
}

// checkBotsCountNowhere compares KPIs and profiles with what people did.
func checkBotsCountNowhere(t *testing.T, w e2e.Tenant, senders []*sender) {
	t.Helper()
	rollUp(t, w)
	people := 0
	for _, s := range senders {
		people += s.counts.Accepted - s.counts.Repeats - s.counts.Bots
	}
	from, to := time.Now().AddDate(0, 0, -2).Format(time.DateOnly), time.Now().AddDate(0, 0, 4).Format(time.DateOnly)
	rows := get[struct {
		Rows []struct{ Value int }
	}](t, w, "/v1/kpis?metric=touchpoints&grain=period&from="+from+"&to="+to)
	if len(rows.Rows) != 1 || rows.Rows[0].Value != people {
		t.Errorf("the KPI counts %+v touchpoints, want %d: no repeats and no bots", rows.Rows, people)
	}
}
