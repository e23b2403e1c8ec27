package collect_test

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// TestAnswersAreAsDescribed makes every answer that docs/openapi.yaml describes for collection, on every route.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	data := base64.RawURLEncoding.EncodeToString([]byte(`{`))
	for _, route := range contract.Routes() {
		method, path := split(route)
		if strings.HasSuffix(path, ".js") {
			continue // package tracker's
		}
		good := request{Method: method, Path: path, Headers: map[string]string{"authorization": basic("wk_demo:")}, Body: `{"event":"A","userId":"1","type":"page","batch":[` + goodPage + `]}`}
		wanted, wrong := 200, `{"batch":[7],"type":7}`
		if own, is := foreign[path]; is {
			wanted, good.Body, wrong = own.status, own.good, own.bad
		}
		bad, strict, secret := good, good, good
		bad.Body, bad.Query = wrong, "type=7"
		strict.Body, strict.Query = wrong, "strict=1&properties=a&properties.b=c&data="+data
		secret.Headers = map[string]string{"authorization": basic("sk_demo:")}
		if status := newSystem().send(t, good).StatusCode; status == 404 || slices.Contains([]string{"/v1/m", "/sourceConfig", "/v1/projects/{key}/settings", "/v1/experiments/{id}/variant", "/.well-known/gpc.json"}, path) {
			continue // not collect's, or without events
		}
		check := func(s *system, r request, want int) {
			t.Helper()
			got := s.send(t, r)
			if got.StatusCode != want {
				t.Errorf("%s is answered %d %s, want %d", route, got.StatusCode, got.Body, want)
			}
			contract.Check(t, method, path, got)
		}
		down := newSystem()
		down.queue.down = fault.New(fault.Unavailable, "partly_queued", "2 of 10")
		check(newSystem(), good, wanted)
		check(newSystem(), bad, wanted)
		check(newSystem(), strict, 400)
		check(newSystem(), request{Method: method, Path: path, Body: good.Body}, 401)
		check(newSystem(), secret, 403)
		check(down, good, 503)
		full := limited(workspace.Policy{Rate: 1}, 0, nil)
		statuses(t, full, good, 5)
		check(full, good, 429)
	}
	checkSettings(t, contract)
	checkVariant(t, contract)
	if missing := contract.Unchecked("collect"); len(missing) > 0 {
		t.Errorf("described and never answered: %v", missing)
	}
}

// checkSettings makes the answers of the routes that bring no events.
func checkSettings(t *testing.T, contract *httpapitest.Contract) {
	t.Helper()
	for _, c := range []struct {
		method, path, described, query string
		status                         int
	}{
		{"POST", "/v1/m", "/v1/m", "", 200},
		{"GET", "/.well-known/gpc.json", "/.well-known/gpc.json", "", 200},
		{"HEAD", "/.well-known/gpc.json", "/.well-known/gpc.json", "", 200},
		{"GET", "/v1/projects/wk_demo/settings", "/v1/projects/{key}/settings", "", 200},
		{"GET", "/v1/projects/wk_demo/settings", "/v1/projects/{key}/settings", "writeKey=wk_shop", 400},
		{"GET", "/v1/projects/sk_demo/settings", "/v1/projects/{key}/settings", "", 403},
		{"GET", "/v1/projects/wk_nobody/settings", "/v1/projects/{key}/settings", "", 404},
		{"GET", "/sourceConfig/", "/sourceConfig", "writeKey=wk_demo", 200},
		{"GET", "/sourceConfig/", "/sourceConfig", "writeKey=sk_demo", 403},
		{"GET", "/sourceConfig/", "/sourceConfig", "writeKey=wk_nobody", 404},
		{"GET", "/sourceConfig/", "/sourceConfig", "", 401},
	} {
		got := newSystem().send(t, request{Method: c.method, Path: c.path, Query: c.query, Headers: map[string]string{"host": "t.shop.example"}})
		if got.StatusCode != c.status {
			t.Errorf("%s ?%s is answered %d %s, want %d", c.path, c.query, got.StatusCode, got.Body, c.status)
		}
		contract.Check(t, c.method, c.described, got)
	}
	two := request{Method: "GET", Path: "/sourceConfig", Query: "writeKey=wk_shop", Headers: map[string]string{"host": "t.shop.example", "authorization": basic("wk_demo:")}}
	contract.Check(t, "GET", "/sourceConfig", newSystem().send(t, two))
}

func split(route string) (method, path string) {
	for i := range route {
		if route[i] == ' ' {
			return route[:i], route[i+1:]
		}
	}
	return "", ""
}

func (s *system) handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return httpapitest.Invoke(ctx, s.handler, e)
}

// TestSamples answers events/collect/*.json as the golden files beside them say, which `sam local invoke` is held against too.
func TestSamples(t *testing.T) {
	t.Parallel()
	statuses := map[int]bool{}
	httpapitest.Samples(t, "collect", newSystem().handle, func(_ events.APIGatewayV2HTTPRequest, response events.APIGatewayV2HTTPResponse) {
		statuses[response.StatusCode] = true
	})
	if want := map[int]bool{200: true, 400: true, 401: true, 403: true, 404: true}; !maps.Equal(statuses, want) {
		t.Errorf("the samples are answered %v, want %v", statuses, want)
	}
}
