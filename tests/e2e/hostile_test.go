package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"

	"waymark/tests/e2e"
	"waymark/tests/hostile"
)

// TestHostileBytes sends the whole table of hostile requests as raw bytes over TCP to the running system: no client of ours stands between, which
// would refuse to send such things. What its answers say is then looked for through the read API.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	cases, err := hostile.Cases(root)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		if c.Code == "gzip_damaged" && strings.HasPrefix(c.Name, `"text/`) {
			cases[i].Status, cases[i].Code = 200, "" // the edge takes the type off what says that it is text
		}
	}
	w := tenant(t, shared(t), "hostile")
	answers := sendAll(t, w, cases)
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context, path string) (int, []byte, error) {
		answer, err := w.Get(ctx, path)
		return answer.Status, answer.Body, err
	}
	tally, problems := hostile.Check(t.Context(), get, cases, answers)
	t.Logf("seen through the running system:\n%s", tally)
	want := hostile.Fates()
	want["as query, raw"] = hostile.Count{Requests: 515, Accepted: 258, Refused: 257} // a space ends the target of a request line
	want["packed under each type"] = hostile.Count{Requests: 23, Accepted: 16, Refused: 7}
	want["as user agent"] = hostile.Count{Requests: 515, Accepted: 510, Refused: 5} // no header may hold a control character
	if !maps.Equal(tally, want) {
		t.Errorf("the fates are\n%s\nwant\n%s", tally, want)
	}
	for i, problem := range problems {
		if t.Error(problem); i == 40 {
			t.Fatalf("and %d more", len(problems)-i-1)
		}
	}
}

// sendAll sends the requests over a few connections at a time, and keeps the answers in the order of the cases.
func sendAll(t *testing.T, w e2e.Tenant, cases []hostile.Case) []hostile.Answer {
	t.Helper()
	const connections = 8
	address, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	answers, errs := make([]hostile.Answer, len(cases)), make([]error, connections)
	var all sync.WaitGroup
	for worker := range connections {
		all.Go(func() {
			for i := worker; i < len(cases); i += connections {
				answer, err := e2e.DoRaw(t.Context(), address.Host, rawRequest(cases[i].Request, w))
				if err != nil {
					errs[worker] = fmt.Errorf("%s, %.80q: %w", cases[i].Kind, cases[i].Name, err)
					return
				}
				answers[i] = hostile.Answer{Status: answer.Status, Request: answer.Header.Get("Apigw-Requestid"), Body: answer.Body}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// rawRequest writes a request down as it goes over the wire, with the keys of a workspace.
func rawRequest(r hostile.Request, w e2e.Tenant) []byte {
	basic := func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key + ":")) }
	keys := strings.NewReplacer(hostile.WriteKey, w.Keys.Write, basic(hostile.WriteKey), basic(w.Keys.Write))
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n", r.Method, keys.Replace(r.Target))
	for _, h := range r.Header {
		fmt.Fprintf(&out, "%s: %s\r\n", h.Name, keys.Replace(h.Value))
	}
	body := bytes.ReplaceAll(r.Body, []byte(hostile.WriteKey), []byte(w.Keys.Write))
	fmt.Fprintf(&out, "Content-Length: %d\r\n\r\n", len(body))
	out.Write(body)
	return out.Bytes()
}
