package collect_test

import (
	"context"
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/fault"
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
		bad, strict, secret := good, good, good
		bad.Body, bad.Query = `{"batch":[7],"type":7}`, "type=7"
		strict.Body, strict.Query = `{"batch":[7],"type":7}`, "strict=1&data="+data
		secret.Headers = map[string]string{"authorization": basic("sk_demo:")}
		if status := newSystem().send(t, good).StatusCode; status == 404 {
			continue // not collect's
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
		check(newSystem(), good, 200)
		check(newSystem(), bad, 200)
		check(newSystem(), strict, 400)
		check(newSystem(), request{Method: method, Path: path, Body: good.Body}, 401)
		check(newSystem(), secret, 403)
		check(down, good, 503)
	}
	if missing := contract.Unchecked("collect"); len(missing) > 0 {
		t.Errorf("described and never answered: %v", missing)
	}
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
