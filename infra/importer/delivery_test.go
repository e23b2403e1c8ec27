package importer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"waymark/infra/importer"
)

const deliveryMapping = `
name: delivery
version: 1
time: {column: t, layouts: [unix]}
identifiers: {user: u}
events: [{event: Seen, properties: {note: note}}]
`

// system is a collect that keeps what it took. answer decides about each request before it is taken; nil takes all.
type system struct {
	mu       sync.Mutex
	requests int
	taken    map[string]int // messageId -> times
	answer   func(request int, events []map[string]any) (status int, body string, header http.Header)
}

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	key, _, _ := r.BasicAuth()
	body, err := io.ReadAll(r.Body)
	var sent struct {
		Batch  []map[string]any `json:"batch"`
		SentAt *string          `json:"sentAt"`
	}
	switch {
	case err != nil || json.Unmarshal(body, &sent) != nil || sent.SentAt != nil || r.URL.Path != "/v1/batch":
		http.Error(w, `{"success":false,"message":"bad request"}`, http.StatusNotFound)
		return
	case key != "wk_test":
		http.Error(w, `{"success":false,"code":"unauthorized","message":"unknown key"}`, http.StatusUnauthorized)
		return
	case len(body) > 512<<10 || len(sent.Batch) > 500:
		http.Error(w, `{"success":false,"message":"over the limits"}`, http.StatusTeapot)
		return
	}
	status, text := http.StatusOK, `{"success":true}`
	if s.answer != nil {
		var header http.Header
		if status, text, header = s.answer(s.requests, sent.Batch); header != nil {
			w.Header().Set("Retry-After", header.Get("Retry-After"))
		}
	}
	if status == http.StatusOK {
		for _, e := range sent.Batch {
			s.taken[e["messageId"].(string)]++
		}
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// rows is a file of n rows; long ones make small batches.
func rows(t *testing.T, n, width int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("t,u,note\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,user-%d,%s\n", 1_700_000_000+i, i%17+1, strings.Repeat("x", width))
	}
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func config(t *testing.T, s *system, file string) importer.Config {
	t.Helper()
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	m, err := importer.ParseMapping("m", []byte(deliveryMapping))
	if err != nil {
		t.Fatal(err)
	}
	return importer.Config{
		Mapping: m, File: file, URL: server.URL, Key: "wk_test", Now: func() time.Time { return now }, Client: server.Client(),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Rand: rand.New(rand.NewSource(1)),
	}
}

// TestDelivery tells what the summary says of each way in which the system can answer.
func TestDelivery(t *testing.T) {
	t.Parallel()
	type want struct {
		events   importer.Events
		reasons  map[string]int64
		complete bool
		err      string
	}
	unavailable := func(int, []map[string]any) (int, string, http.Header) {
		return 503, `{"success":false,"message":"later"}`, nil
	}
	for name, test := range map[string]struct {
		answer func(int, []map[string]any) (int, string, http.Header)
		key    string
		want   want
	}{
		"all accepted": {nil, "wk_test", want{importer.Events{Mapped: 1200, Accepted: 1200}, map[string]int64{}, true, ""}},
		"some named as bad": {
			func(_ int, events []map[string]any) (int, string, http.Header) {
				return 200, `{"success":true,"details":[{"index":1,"field":"event","code":"name_too_long","reason":"r"},{"index":1,"reason":"again"},{"index":2,"reason":"r"},{"index":9999}]}`, nil
			}, "wk_test",
			want{importer.Events{Mapped: 1200, Accepted: 1194, Rejected: 6}, map[string]int64{"name_too_long": 3, "rejected_by_system": 3}, true, ""},
		},
		"one request refused": {
			func(_ int, events []map[string]any) (int, string, http.Header) {
				if len(events) < 500 {
					return 400, `{"success":false,"code":"bad_json","message":"no"}`, nil
				}
				return 200, `{"success":true}`, nil
			}, "wk_test",
			want{importer.Events{Mapped: 1200, Accepted: 1000, Refused: 200}, map[string]int64{"request_refused": 1}, true, ""},
		},
		"a proxy takes less": {
			func(_ int, events []map[string]any) (int, string, http.Header) {
				if len(events) > 100 {
					return 413, `<html>too large</html>`, nil
				}
				return 200, `{"success":true}`, nil
			}, "wk_test", want{importer.Events{Mapped: 1200, Accepted: 1200}, map[string]int64{}, true, ""},
		},
		"wrong key":   {nil, "wk_other", want{importer.Events{}, nil, false, "URL/v1/batch: status 401, the key is not accepted (unknown key); give the write key of the workspace with --key"}},
		"never there": {unavailable, "wk_test", want{importer.Events{}, nil, false, "URL/v1/batch: no success in 10 attempts; run the same command again to go on from here: status 503 later"}},
		"not Waymark": {
			func(int, []map[string]any) (int, string, http.Header) { return 404, "no", nil }, "wk_test",
			want{importer.Events{}, nil, false, "URL/v1/batch: status 404 (no); is this the address of a Waymark system?"},
		},
		"200 of something else": {
			func(int, []map[string]any) (int, string, http.Header) { return 200, "<html>", nil }, "wk_test",
			want{importer.Events{}, nil, false, "URL/v1/batch: no success in 10 attempts; run the same command again to go on from here: the answer is not JSON"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t, &system{answer: test.answer}, rows(t, 1200, 10))
			c.Key = test.key
			summary, err := importer.Run(t.Context(), c)
			if test.want.err != "" {
				if err == nil || strings.ReplaceAll(err.Error(), "post "+c.URL, "URL") != test.want.err {
					t.Errorf("Run = %v, want %s", err, test.want.err)
				}
				return
			}
			got := want{summary.Events, summary.Reasons, summary.Complete, ""}
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("Run = %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

// TestRetryAfter: the pause that the system asks for is kept, and is never shorter than it.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	s := &system{answer: func(request int, _ []map[string]any) (int, string, http.Header) {
		switch request {
		case 1:
			return 429, `{"success":false}`, http.Header{"Retry-After": {"7"}}
		case 2:
			return 503, `{"success":false}`, http.Header{"Retry-After": {now.Add(40 * time.Second).Format(http.TimeFormat)}}
		case 3:
			return 500, `{"success":false}`, nil
		}
		return 200, `{"success":true}`, nil
	}}
	c := config(t, s, rows(t, 10, 1))
	var pauses []time.Duration
	c.Sleep = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
	summary, err := importer.Run(t.Context(), c)
	if err != nil || summary.Retries != 3 || len(pauses) != 3 {
		t.Fatalf("Run = %d retries, pauses %v, %v; want 3", summary.Retries, pauses, err)
	}
	for i, least := range []time.Duration{7 * time.Second, 40 * time.Second, 500 * time.Millisecond} {
		if pauses[i] < least || pauses[i] > least+time.Second {
			t.Errorf("pause %d = %v, want %v to a second more", i, pauses[i], least)
		}
	}
}

// TestResume interrupts imports at random places, with a system that fails at random, and goes on: in the end the system has every event, an
// import from its kept place sends fewer than all, and the summaries are those of an import without interruption.
func TestResume(t *testing.T) {
	t.Parallel()
	const events, rounds = 1500, 6
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewSource(seed))
	file := rows(t, events, 4000) // about 100 events to a request
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		cut := chance.Intn(12) + 1
		failures := rand.New(rand.NewSource(chance.Int63()))
		s := &system{}
		s.answer = func(request int, _ []map[string]any) (int, string, http.Header) {
			if request == cut {
				cancel()
			}
			if failures.Intn(4) == 0 {
				return []int{429, 500, 502, 503}[failures.Intn(4)], "{}", nil
			}
			return 200, `{"success":true}`, nil
		}
		c := config(t, s, file)
		c.StateDir = filepath.Join(t.TempDir(), "state")
		first, err := importer.Run(ctx, c)
		cancel()
		if !errors.Is(err, context.Canceled) || first.Complete {
			t.Fatalf("round %d: interrupted Run = %v, complete %v; want canceled", round, err, first.Complete)
		}
		second, err := importer.Run(t.Context(), c)
		if err != nil || second.Resumed != first.Events.Accepted {
			t.Fatalf("round %d: Run = resumed %d, %v; want %d", round, second.Resumed, err, first.Events.Accepted)
		}
		if want := (importer.Events{Mapped: events, Accepted: events}); second.Events != want || len(s.taken) != events {
			t.Fatalf("round %d: events %+v, the system has %d; want %+v", round, second.Events, len(s.taken), want)
		}
		if _, err := os.Stat(c.StateDir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("round %d: the place of a complete import is still there: %v", round, err)
		}
	}
}

// TestPlaceBelongsToTheFile: after an interruption a changed file, another mapping or another key begin from the start, and so does Restart.
func TestPlaceBelongsToTheFile(t *testing.T) {
	t.Parallel()
	stop := func(request int, _ []map[string]any) (int, string, http.Header) {
		if request > 2 {
			return 403, "{}", nil
		}
		return 200, `{"success":true}`, nil
	}
	for name, change := range map[string]func(*importer.Config){
		"nothing changed": func(*importer.Config) {},
		"another file":    func(c *importer.Config) { c.File = rows(t, 2999, 100) },
		"restart":         func(c *importer.Config) { c.Restart = true },
		"another mapping": func(c *importer.Config) {
			m, err := importer.ParseMapping("m", []byte(deliveryMapping+"# changed\n"))
			if err != nil {
				t.Error(err)
			}
			c.Mapping = m
		},
	} {
		s := &system{answer: stop}
		c := config(t, s, rows(t, 3000, 100))
		c.StateDir = t.TempDir()
		for delivered := int64(0); delivered == 0; s.requests = 0 { // until the first batch is among those that were taken
			summary, err := importer.Run(t.Context(), c)
			if err == nil {
				t.Fatalf("%s: Run = nil, want the refusal of the key", name)
			}
			delivered = int64(summary.Events.Accepted)
		}
		s.answer = nil
		change(&c)
		summary, err := importer.Run(t.Context(), c)
		if resumed := summary.Resumed > 0; err != nil || resumed != (name == "nothing changed") {
			t.Errorf("%s: Run = resumed %d, %v", name, summary.Resumed, err)
		}
	}
}

// TestTwice: an import of the same file sends the same messageIds.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := &system{}
	c := config(t, s, rows(t, 900, 10))
	for range 2 {
		if _, err := importer.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for id, times := range s.taken {
		if times != 2 {
			t.Errorf("messageId %s was taken %d times, want 2", id, times)
		}
	}
	if len(s.taken) != 900 {
		t.Errorf("the system has %d different ids, want 900", len(s.taken))
	}
}

func TestDryRunSendsNothing(t *testing.T) {
	t.Parallel()
	s := &system{}
	c := config(t, s, rows(t, 900, 10))
	var preview strings.Builder
	c.DryRun, c.Preview = true, &preview
	summary, err := importer.Run(t.Context(), c)
	if err != nil || s.requests != 0 || summary.Events != (importer.Events{Mapped: 900}) || strings.Count(preview.String(), "\n") != 5 {
		t.Errorf("dry Run = %+v, %v, %d requests, preview %q", summary.Events, err, s.requests, preview.String())
	}
}
