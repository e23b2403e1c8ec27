package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waymark/infra/client"
)

// script is a system that gives answers in their order and notes what was asked, and how long was waited in between.
type script struct {
	mu      sync.Mutex
	answers []string
	asked   []string
}

// gone is an answer that does not come in time.
const gone = ""

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body)))
	answer := s.answers[0]
	s.answers = s.answers[1:]
	switch {
	case r.Header.Get("Authorization") != "Bearer sk_test":
		w.WriteHeader(http.StatusUnauthorized)
	case answer == gone:
		w.WriteHeader(http.StatusServiceUnavailable)
		answer = `{"message":"Service Unavailable"}`
	case strings.Contains(answer, `"code"`):
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
	_, _ = io.WriteString(w, answer)
}

// newClient is a client of a script.
func newClient(t *testing.T, answers ...string) (*client.Client, *script) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &client.Client{URL: server.URL + "/", Key: "sk_test", Sleep: func(_ context.Context, d time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, fmt.Sprint("sleep ", d))
		return nil
	}}, s
}

// TestRollUp: a rollup is demanded once and asked about until it is done. An answer that does not come is waited for, but not for ever; a refusal
// is final.
func TestRollUp(t *testing.T) {
	t.Parallel()
	const ask = "GET /v1/rollups/next-17?wait=25s"
	for _, test := range []struct {
		name, of string
		answers  []string
		want     []string
		waiting  []int
		sum      string
		err      string
	}{
		{
			"done at once", "",
			[]string{`{"id":"17","workspace":"shop","persons":3,"windows":2,"changed":1,"done":true,"waiting":0}`},
			[]string{"POST /v1/rollups"},
			[]int{0},
			`{"id":"17","workspace":"shop","persons":3,"windows":2,"changed":1,"done":true,"waiting":0}`, "",
		},
		{
			"one that takes long, with answers that are lost", "next",
			[]string{gone, `{"id":"next-17","persons":5,"waiting":9}`, gone, gone, `{"id":"next-17","persons":2,"windows":1,"waiting":4}`, `{"id":"next-17","changed":1,"done":true}`},
			[]string{`POST /v1/rollups {"generation":"next"}`, "sleep 5s", `POST /v1/rollups {"generation":"next"}`, ask, "sleep 5s", ask, "sleep 5s", ask, ask},
			[]int{9, 4, 0},
			`{"id":"next-17","workspace":"","persons":7,"windows":1,"changed":1,"done":true,"waiting":0}`, "",
		},
		{
			"a system that is gone", "next",
			[]string{`{"id":"next-17","waiting":9}`, gone, gone, gone, gone, gone},
			[]string{`POST /v1/rollups {"generation":"next"}`, ask, "sleep 5s", ask, "sleep 5s", ask, "sleep 5s", ask, "sleep 5s", ask},
			[]int{9},
			`{"id":"next-17","workspace":"","persons":0,"windows":0,"changed":0,"done":false,"waiting":9}`,
			`roll up: the system answered 503: {"message":"Service Unavailable"}`,
		},
		{
			"refused", "lost",
			[]string{`{"code":"bad_generation","message":"the generation is another"}`},
			[]string{`POST /v1/rollups {"generation":"lost"}`},
			nil,
			`{"id":"","workspace":"","persons":0,"windows":0,"changed":0,"done":false,"waiting":0}`, "roll up: the generation is another (bad_generation)",
		},
		{
			"an older release", "",
			[]string{`{"workspace":"shop"}`},
			[]string{"POST /v1/rollups"},
			[]int{0},
			`{"id":"","workspace":"shop","persons":0,"windows":0,"changed":0,"done":false,"waiting":0}`,
			"roll up: the system gives no id to ask for: is it of an older release?",
		},
	} {
		c, s := newClient(t, test.answers...)
		var waiting []int
		got, err := c.RollUp(t.Context(), test.of, func(r client.Rollup) { waiting = append(waiting, r.Waiting) })
		sum, _ := json.Marshal(got)
		if said := fmt.Sprint(err); string(sum) != test.sum || said != test.err && (err != nil || test.err != "") {
			t.Errorf("%s: %s, %s, want %s, %s", test.name, sum, said, test.sum, test.err)
		}
		if !slices.Equal(s.asked, test.want) || !slices.Equal(waiting, test.waiting) {
			t.Errorf("%s: waiting %v after\n%s\nwant %v after\n%s", test.name, waiting, strings.Join(s.asked, "\n"), test.waiting, strings.Join(test.want, "\n"))
		}
	}
}

// TestUnknown: what is not set is asked for, and never sent.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]client.Client{
		"no system is known: start one with `waymark dev`, set WAYMARK_URL or give --url":  {Key: "sk_test"},
		"no secret key is known: set WAYMARK_SECRET_KEY or give --key sk_…":                {URL: "http://127.0.0.1:1"},
		`reach the system: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: conn`: {URL: "http://127.0.0.1:1", Key: "sk_test"},
	} {
		if err := c.Do(t.Context(), "GET", "/", nil, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestDownload follows the address of a large file without the key, and refuses bytes that the manifest does not vouch for.
func TestDownload(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/exports/large.csv":
			http.Redirect(w, r, "/bucket/large?signature=1", http.StatusSeeOther)
		case "/v1/exports/round.csv":
			http.Redirect(w, r, "/v1/exports/round.csv", http.StatusSeeOther)
		case "/bucket/large":
			_, _ = io.WriteString(w, "content"+r.Header.Get("Authorization"))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"no_export","message":"there is no such export"}`)
		}
	}))
	t.Cleanup(server.Close)
	c := client.Client{URL: server.URL, Key: "sk_test"}
	sum := sha256.Sum256([]byte("content"))
	good := hex.EncodeToString(sum[:])
	for _, test := range []struct{ name, sum, out, err string }{
		{"large.csv", good, "content", ""},
		{"large.csv", "77", "content", "download large.csv: its SHA-256 is " + good + ", its manifest says 77; try again"},
		{"round.csv", good, "", `reach the system: Get "/v1/exports/round.csv": the system answers with one address after the other`},
		{"none.csv", good, "", "there is no such export (no_export)"},
	} {
		var out bytes.Buffer
		err := c.Download(t.Context(), client.File{Name: test.name, SHA256: test.sum}, &out)
		if said := fmt.Sprint(err); out.String() != test.out || said != test.err && (err != nil || test.err != "") {
			t.Errorf("download %s: %q, %v, want %q, %s", test.name, out.String(), err, test.out, test.err)
		}
	}
}
