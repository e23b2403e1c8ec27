package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"waymark/tests/e2e"
)

// withKey gives the workspace one more write key, of a source with these settings.
func withKey(t testing.TB, w e2e.Tenant, source string, settings ...string) e2e.Tenant {
	t.Helper()
	args := append([]string{"keys", "add", w.Keys.Workspace, "--source", source, "--json"}, settings...)
	out, log, err := w.Run(t.Context(), args...)
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, log)
	}
	var added struct {
		Key struct{ Key string } `json:"key"`
	}
	if err := json.Unmarshal([]byte(out), &added); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	w.Keys.Write, w.Keys.Server = added.Key.Key, added.Key.Key
	return w
}

// TestLimitsOfAKey: a rate, a daily cap and names of events hold in the running system, and what they refuse is counted.
func TestLimitsOfAKey(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "limits")
	page := []byte(`{"anonymousId":"a"}`)
	for _, c := range []struct {
		source, setting, value string
		requests, least        int
		code                   string
	}{
		{"fast", "--rate", "2", 60, 10, "too_many_requests"},
		{"much", "--cap", "10", 20, 10, "daily_cap"},
	} {
		limited := withKey(t, w, c.source, c.setting, c.value)
		taken, refused := 0, 0
		for range c.requests {
			answer, err := limited.Post(t.Context(), "/v1/page", page)
			if err != nil {
				t.Fatal(err)
			}
			switch after, _ := strconv.Atoi(answer.Header.Get("Retry-After")); {
			case answer.Status == http.StatusOK:
				taken++
			case answer.Status == http.StatusTooManyRequests && after > 0 && bytes.Contains(answer.Body, []byte(c.code)):
				refused++
			default:
				t.Fatalf("%s: answered %s, Retry-After %d", c.setting, answer, after)
			}
		}
		if taken < c.least || refused == 0 {
			t.Errorf("%s %s: %d taken, %d refused", c.setting, c.value, taken, refused)
		}
	}

	site := withKey(t, w, "site", "--names", "page")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/v1/batch", bytes.NewReader([]byte(
		`{"batch":[{"type":"page","anonymousId":"a"},{"type":"track","event":"Order Completed","anonymousId":"a"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(site.Keys.Write, "")
	request.Header.Set("Origin", "https://shop.example")
	answer, err := e2e.Do(request)
	if got := answer.Header.Get("Waymark-Rejected"); err != nil || answer.Status != 200 || got != "1/2" {
		t.Errorf("a browser's order is answered %s, %v, rejected %q", answer, err, got)
	}
}

// BenchmarkFlood measures the answers that one key gets alone, and while another key of another workspace is flooded with
// ten times what its rate lets through. It reports the 50th and the 99th percentile of both, and their ratios.
//
//	go test -run='^$' -bench=Flood -benchtime=1x ./tests/e2e
func BenchmarkFlood(b *testing.B) {
	const rate, requests = 20, 400
	w, flooder := tenant(b, shared(b), "flood-quiet"), withKey(b, tenant(b, shared(b), "flood-loud"), "loud", "--rate", fmt.Sprint(rate))
	measure := func() (p50, p99 time.Duration) {
		took := make([]time.Duration, requests)
		for i := range took {
			begin := time.Now()
			answer, err := w.Post(b.Context(), "/v1/page", []byte(`{"anonymousId":"quiet"}`))
			if took[i] = time.Since(begin); err != nil || answer.Status != http.StatusOK {
				b.Fatalf("answered %s, %v", answer, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		slices.Sort(took)
		return took[requests/2], took[requests*99/100]
	}
	for b.Loop() {
		alone50, alone99 := measure()
		end, statuses := make(chan struct{}), map[int]int{}
		var flood sync.WaitGroup
		flood.Go(func() {
			tick := time.NewTicker(time.Second / (10 * rate))
			defer tick.Stop()
			for range 10_000 { // bounded, whatever happens
				select {
				case <-end:
					return
				case <-tick.C:
				}
				if answer, err := flooder.Post(b.Context(), "/v1/page", []byte(`{"anonymousId":"loud"}`)); err == nil {
					statuses[answer.Status]++
				}
			}
		})
		flood50, flood99 := measure()
		close(end)
		flood.Wait()
		b.Logf("the flood was answered %v", statuses)
		b.ReportMetric(alone50.Seconds()*1000, "alone-p50-ms")
		b.ReportMetric(alone99.Seconds()*1000, "alone-p99-ms")
		b.ReportMetric(flood50.Seconds()/alone50.Seconds(), "flood-x-p50")
		b.ReportMetric(flood99.Seconds()/alone99.Seconds(), "flood-x-p99")
	}
	b.ReportMetric(0, "ns/op")
}
