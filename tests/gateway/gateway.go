// Package gateway puts the handlers of a system in memory behind the HTTP front of the laptop cloud, with the routes of template.yaml: what a client
// asks goes to a function as the gateway's bytes, and what it answers comes back as HTTP. There is no network.
//
//	client := gateway.Client(t, s)
//	response, err := client.Get("http://waymark.test/v1/status")
package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"waymark/infra/local/edge"
	"waymark/infra/local/front"
	"waymark/infra/local/template"
	"waymark/shared/testing/system"
)

// Client reaches a system's functions by any host's name.
func Client(t testing.TB, s *system.System) *http.Client {
	t.Helper()
	return &http.Client{Transport: transport{Handler(t, s)}}
}

// Handler is the front, for a test that serves it.
func Handler(t testing.TB, s *system.System) http.Handler {
	t.Helper()
	read, err := template.Load("../../template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := read.Routes()
	if err != nil {
		t.Fatal(err)
	}
	routes := make([]front.Route, len(all))
	for i, r := range all {
		routes[i] = front.Route{Method: r.Method, Path: r.Path, Function: r.Function}
	}
	invoke := func(ctx context.Context, function string, payload []byte) ([]byte, bool, error) {
		answer, err := Function(s, function).Invoke(ctx, payload)
		return answer, err != nil, err
	}
	return front.New(front.Config{Routes: routes, Invoke: invoke, Now: func() time.Time { return s.Now }})
}

// Edge puts the edge of template.yaml, with values for its parameters, before a gateway.
func Edge(t testing.TB, gateway http.Handler, parameters map[string]string) http.Handler {
	t.Helper()
	read, err := template.Load("../../template.yaml", template.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	code, err := read.EdgeCode()
	if err != nil {
		t.Fatal(err)
	}
	played, err := edge.New(code)
	if err != nil {
		t.Fatal(err)
	}
	return played.Handler(gateway)
}

// Function is the function of a logical id of the template as Lambda runs it, cold.
func Function(s *system.System, id string) lambda.Handler {
	ports := s.Ports()
	switch id {
	case "Analyse":
		return lambda.NewHandler(s.Analyse(ports).Handle)
	case "Collect":
		return s.Collect(ports)
	case "Export":
		return lambda.NewHandler(s.Export(ports).Handle)
	case "Rollup":
		return lambda.NewHandler(s.Rollup(ports).Handle)
	}
	return lambda.NewHandler(s.Query(ports).Handle)
}

type transport struct{ http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder, received := httptest.NewRecorder(), r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody // as a server has it
	}
	t.ServeHTTP(recorder, received)
	return recorder.Result(), nil
}
