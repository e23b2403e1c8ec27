package collect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// documents are those of the workspace demo.
type documents struct {
	text  string
	down  error
	asked int
}

func (d *documents) Document(_ context.Context, ws, kind string) (workspace.Document, error) {
	d.asked++
	if d.down != nil {
		return workspace.Document{}, d.down
	}
	if ws != "demo" || kind != "experiments" {
		return workspace.Document{Kind: kind}, nil
	}
	return workspace.Document{Kind: kind, Text: d.text}, nil
}

// settled are two experiments around the time of the tests, and one before and one after it.
const settled = `{"experiments":[
	{"id":"button","variants":[{"id":"control","weight":50},{"id":"green","weight":50}],"from":"2020-01-01","metric":{"event":"Signed Up"}},
	{"id":"off","variants":[{"id":"old","weight":0},{"id":"new","weight":1}],"from":"2020-01-01","metric":{"event":"Signed Up"}},
	{"id":"past","variants":[{"id":"old","weight":0},{"id":"new","weight":1}],"from":"2020-01-01","to":"2020-02-01","metric":{"event":"Signed Up"}},
	{"id":"next","variants":[{"id":"old","weight":0},{"id":"new","weight":1}],"from":"2090-01-01","metric":{"event":"Signed Up"}}]}`

func withExperiments() *system {
	s := newSystem()
	s.documents.text = settled
	return s
}

func variantOf(id, query string) request {
	return onHost("/v1/experiments/"+id+"/variant", query)
}

func TestVariant(t *testing.T) {
	t.Parallel()
	past := `{"experiment":"past","variant":"old","running":false,"reason":"the experiment ended at 2020-02-01T00:00:00Z; since then everybody has the control"}`
	next := `{"experiment":"next","variant":"old","running":false,"reason":"the experiment begins at 2090-01-01T00:00:00Z; until then everybody has the control"}`
	for _, c := range []struct{ id, query, want string }{
		{"off", "user=42&writeKey=wk_demo", `{"experiment":"off","variant":"new","running":true,"tracker":"off=old:0,new:1"}`},
		{"past", "user=42&writeKey=wk_demo", past},
		{"next", "anonymous_id=a7&writeKey=wk_demo", next},
	} {
		s := withExperiments()
		got := s.send(t, variantOf(c.id, c.query).with(map[string]string{"origin": "https://shop.example"}))
		checkAnswer(t, got, 200, c.want)
		if got.Headers["access-control-allow-origin"] != "https://shop.example" || got.Headers["cache-control"] != "no-store" {
			t.Errorf("%s is answered with %v", c.id, got.Headers)
		}
		s.checkSent(t)
	}
	// As the rule says, by either id, with the key in either place, with and without /v1.
	all, err := assignment.Parse([]byte(settled))
	if err != nil {
		t.Fatal(err)
	}
	s, seen := withExperiments(), map[string]int{}
	for person := range 40 {
		want := all[0].Assign(fmt.Sprint("p", person))
		seen[want]++
		byBasic := variantOf("button", fmt.Sprint("user=p", person)).with(map[string]string{"authorization": basic("wk_demo:")})
		short := onHost("/experiments/button/variant/", fmt.Sprint("writeKey=wk_demo&anonymous_id=p", person))
		for _, r := range []request{byBasic, short} {
			var got struct{ Variant string }
			if err := json.Unmarshal([]byte(s.send(t, r).Body), &got); err != nil || got.Variant != want {
				t.Errorf("%s ?%s = %q, %v; want %s", r.Path, r.Query, got.Variant, err, want)
			}
		}
	}
	if len(seen) != 2 || s.documents.asked != 1 {
		t.Errorf("40 persons have %v, and the table was asked %d times, want once", seen, s.documents.asked)
	}
}

func TestVariantRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, query string
		status          int
		code, message   string
	}{
		{"unknown experiment", "bottom", "user=42&writeKey=wk_demo", 404, "unknown_experiment", `the workspace has no experiment \"bottom\"; check the id, or settle it with ` +
			"`waymark define experiments`. It takes a minute until a new one is known"},
		{"nobody", "button", "writeKey=wk_demo", 400, "missing_person", "the request does not say whose variant is asked for; add ?user= or ?anonymous_id="},
		{"two persons", "button", "user=4&anonymous_id=5&writeKey=wk_demo", 400, "two_persons", "the request names user and anonymous_id, which may have different " +
			"variants; send the one by which the experiment goes"},
		{"an endless id", "button", "writeKey=wk_demo&user=" + strings.Repeat("x", 1001), 400, "person_too_long", "an id has at most 1000 bytes"},
		{"another name", "button", "anonymousId=a&writeKey=wk_demo", 400, "unknown_parameter", `\"anonymousId\" is no parameter of this route, which takes user, anonymous_id, writeKey`},
		{"no key", "button", "user=42", 401, "missing_key", "send the write key: as user of a Basic Authorization header, as writeKey in the body, or as ?writeKey="},
		{"unknown key", "button", "user=42&writeKey=wk_nobody", 401, "unknown_key", "the key is not known here; check it, and that it belongs to this installation"},
		{"secret key", "button", "user=42&writeKey=sk_demo", 403, "secret_key", "this is a secret key, which reads; send events with a write key, wk_…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkAnswer(t, withExperiments().send(t, variantOf(c.id, c.query)), c.status, failure(c.code, c.message))
		})
	}
	for _, path := range []string{"/v1/experiments//variant", "/v1/experiments/a/b/variant", "/v1/experiments/button", "/v1/v1/experiments/button/variant"} {
		if got := withExperiments().send(t, onHost(path, "user=42&writeKey=wk_demo")); got.StatusCode != 404 || !strings.Contains(got.Body, "no_route") {
			t.Errorf("%s is answered %d %s", path, got.StatusCode, got.Body)
		}
	}
	if got := withExperiments().send(t, request{Method: "POST", Path: "/v1/experiments/button/variant"}); got.StatusCode != 405 {
		t.Errorf("POST is answered %d", got.StatusCode)
	}
}

func TestPersonToTheByte(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1000: 200, 1001: 400} {
		if got := withExperiments().send(t, variantOf("button", "writeKey=wk_demo&anonymous_id="+strings.Repeat("x", n))); got.StatusCode != want {
			t.Errorf("an id of %d bytes is answered %d, want %d", n, got.StatusCode, want)
		}
	}
}

// TestVariantOfServers: a server may ask with its own key, but not where others can read it.
func TestVariantOfServers(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.documents.text = settled
	if got := s.send(t, variantOf("off", "user=42").with(map[string]string{"authorization": basic("wk_demo:")})); got.StatusCode != 200 {
		t.Errorf("a server is answered %d %s", got.StatusCode, got.Body)
	}
	if got := s.send(t, variantOf("off", "user=42&writeKey=wk_demo")); got.StatusCode != 403 || !strings.Contains(got.Body, "server_key_leaked") {
		t.Errorf("a server's key in an address is answered %d %s", got.StatusCode, got.Body)
	}
}

// TestVariantWhileTheTableIsDown: who had a variant keeps it; without anything read, nobody is told one.
func TestVariantWhileTheTableIsDown(t *testing.T) {
	t.Parallel()
	s, r := withExperiments(), variantOf("off", "user=42&writeKey=wk_demo")
	if got := s.send(t, r); got.StatusCode != 200 {
		t.Fatalf("answered %d %s", got.StatusCode, got.Body)
	}
	s.documents.down = fault.New(fault.Unavailable, "down", "down")
	s.now = s.now.Add(2 * time.Minute)
	if got := s.send(t, r); got.StatusCode != 200 || s.documents.asked != 2 {
		t.Errorf("answered %d after %d questions to the table", got.StatusCode, s.documents.asked)
	}
	s.documents.down, s.documents.text = nil, `{"experiments":[]}`
	if got := s.send(t, r); got.StatusCode != 404 {
		t.Errorf("an experiment that was taken away is answered %d", got.StatusCode)
	}
	fresh := withExperiments()
	fresh.documents.down = fault.New(fault.Unavailable, "down", "down")
	if got := fresh.send(t, r); got.StatusCode != 503 {
		t.Errorf("without anything read, answered %d %s", got.StatusCode, got.Body)
	}
	broken := withExperiments()
	broken.documents.text = `{"experiments":7}`
	if got := broken.send(t, r); got.StatusCode != 500 || strings.Contains(got.Body, "experiments") {
		t.Errorf("of a document that cannot be read, answered %d %s", got.StatusCode, got.Body)
	}
}

// checkVariant makes the answers that docs/openapi.yaml describes.
func checkVariant(t *testing.T, contract *httpapitest.Contract) {
	t.Helper()
	down := withExperiments()
	down.documents.down = fault.New(fault.Unavailable, "down", "down")
	for _, method := range []string{"GET", "HEAD"} {
		for query, want := range map[string]int{
			"user=1&writeKey=wk_demo": 200, "writeKey=wk_demo": 400, "user=1": 401, "user=1&writeKey=sk_demo": 403, "user=4&writeKey=wk_demo": 404, "user=5&writeKey=wk_demo": 503,
		} {
			s, r := withExperiments(), variantOf("button", query)
			r.Method = method
			switch want {
			case 404:
				r.Path = "/v1/experiments/none/variant"
			case 503:
				s = down
			}
			got := s.send(t, r)
			if got.StatusCode != want {
				t.Errorf("%s ?%s is answered %d %s, want %d", r.Path, query, got.StatusCode, got.Body, want)
			}
			contract.Check(t, method, "/v1/experiments/{id}/variant", got)
		}
	}
}
