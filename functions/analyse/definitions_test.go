package analyse_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/analyse"
	"waymark/shared/adapter/httpapi/httpapitest"
	lives "waymark/shared/analyse"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// world is the function over stores in memory, with an analysis and a kind of document of the test.
type world struct {
	*system.System
	handler *analyse.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := system.New(t, system.Shop())
	toys := lives.Kind{Name: "toys", Sentence: "what children like", Read: func(text []byte) ([]string, error) {
		var names []string
		if err := json.Unmarshal(text, &names); err != nil {
			return nil, fault.New(fault.Invalid, "bad_definition", "toys are a list of names")
		}
		return names, nil
	}}
	list := analysis.Analysis{Name: "toys", Version: 1, Sentence: "how many toys", Parameters: []analysis.Parameter{{Name: "kind", Sentence: "which", Values: []string{"a", "b"}, Default: "a"}}}
	list.Prepare = func(q analysis.Question) (analysis.Plan, error) {
		kind, err := q.Choice("kind", "a", "b")
		return analysis.Plan{From: q.Start(), To: q.End(), Columns: step.ColumnsOf(step.Event), Answer: func(analysis.Lives) (analysis.Answer, error) {
			table := analysis.Table{Name: "toys", Sentence: "one", Columns: []analysis.Column{{Name: "toys", Unit: analysis.Text, Sentence: "settled"}}}
			rows := 1
			if kind == "b" {
				rows = 200_000
			}
			for range rows {
				table.Row(analysis.Word(string(q.Documents["toys"]) + string(q.Documents["stages"])))
			}
			return analysis.Answer{Tables: []analysis.Table{table}, Notes: []string{kind}}, nil
		}}, err
	}
	clock := func() time.Time { return s.Now }
	handler := analyse.New(analyse.Config{
		Keys: s.Table, Workspaces: s.Table, Documents: s.Table, Kinds: []lives.Kind{toys}, Now: clock,
		Analyser: &lives.Analyser{
			Steps: s.Archive, Documents: s.Table, Windows: s.Table, Ledger: s.Table, Rules: s.Rules, Definitions: s.Definitions,
			Analyses: []analysis.Analysis{list}, Now: clock, MaxSteps: 10,
		},
	})
	return &world{s, handler}
}

func (w *world) ask(t *testing.T, method, path, key, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	response, err := w.handler.Handle(t.Context(), w.Request(method, path, "Bearer "+key, body))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// routes are the routes of the function as the description writes them.
var routes = []struct{ method, pattern, path, body string }{
	{"GET", "/v1/analyses", "/v1/analyses", ""},
	{"GET", "/v1/analyses/{name}", "/v1/analyses/toys", ""},
	{"GET", "/v1/definitions", "/v1/definitions", ""},
	{"GET", "/v1/definitions/{kind}", "/v1/definitions/toys", ""},
	{"PUT", "/v1/definitions/{kind}", "/v1/definitions/toys", `["bear"]`},
	{"DELETE", "/v1/definitions/{kind}", "/v1/definitions/toys", ""},
}

// TestContract holds answers and refusals of all routes to the description.
func TestContract(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	for _, r := range routes {
		w := newWorld(t)
		for key, status := range map[string]int{"sk_shop": 200, "wk_web": 403, "sk_nobody": 401} {
			got := w.ask(t, r.method, r.path, key, r.body)
			if got.StatusCode != status {
				t.Errorf("%s %s with %s is answered %d %s, want %d", r.method, r.path, key, got.StatusCode, got.Body, status)
			}
			contract.Check(t, r.method, r.pattern, got)
			if r.method == "GET" {
				contract.Check(t, "HEAD", r.pattern, w.ask(t, "HEAD", r.path, key, ""))
			}
		}
		if got := w.ask(t, "PATCH", r.path, "sk_shop", ""); got.StatusCode != http.StatusMethodNotAllowed || got.Headers["allow"]+got.Headers["Allow"] == "" {
			t.Errorf("PATCH %s is answered %d", r.path, got.StatusCode)
		}
		if got := w.ask(t, "OPTIONS", r.path, "sk_shop", ""); got.StatusCode != http.StatusNoContent && got.StatusCode != http.StatusOK {
			t.Errorf("OPTIONS %s is answered %d", r.path, got.StatusCode)
		}
	}
	for path, code := range map[string]string{
		"/v1/analyses/games": "unknown_analysis", "/v1/definitions/games": "unknown_kind", "/v1/analysis": "no_route",
		"/v1/analyses/toys?kind=c": "bad_parameter", "/v1/analyses/toys?colour=c": "unknown_parameter", "/v1/analyses/toys?kind=b": "answer_too_large",
		"/v1/definitions/toys?a=b": "unknown_parameter", "/v1/analyses?a=b": "unknown_parameter", "/v1/definitions?a=b": "unknown_parameter",
	} {
		if got := newWorld(t).ask(t, "GET", path, "sk_shop", ""); !strings.Contains(got.Body, `"`+code+`"`) {
			t.Errorf("%s is answered %d %.300s, want %s", path, got.StatusCode, got.Body, code)
		}
	}
}

// TestDefinitions settles a document, reads it, uses it, and takes it away.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const sentence = `"sentence":"what children like"`
	none := `{"kind":"toys",` + sentence + `,"counts":[]}`
	settled := `{"kind":"toys",` + sentence + `,"changed":"2026-11-22T12:00:00.000Z","counts":["bear"],"definition":["bear"]}`
	for _, c := range []struct {
		method, path, body, want string
	}{
		{"GET", "/v1/definitions/toys", "", none},
		{"PUT", "/v1/definitions/toys", `["bear"]`, settled},
		{"PUT", "/v1/definitions/toys", `{"a":1}`, `"message":"toys are a list of names"`},
		{"PUT", "/v1/definitions/toys", `["a"`, `"code":"invalid_json"`},
		{"PUT", "/v1/definitions/toys", `{"a":1,"a":2}`, `"code":"invalid_json"`},
		{"GET", "/v1/definitions/toys", "", settled},
		{"GET", "/v1/definitions", "", `{"definitions":[` + settled + `]}`},
		{"GET", "/v1/analyses/toys", "", `"toys":"[\"bear\"][\"awareness\",`},
		{"DELETE", "/v1/definitions/toys", "", none},
		{"GET", "/v1/definitions/toys", "", none},
	} {
		if got := w.ask(t, c.method, c.path, "sk_shop", c.body); !strings.Contains(got.Body, c.want) {
			t.Errorf("%s %s %s is answered %d %s\nwant %s", c.method, c.path, c.body, got.StatusCode, got.Body, c.want)
		}
	}
	other, err := w.Table.Documents(t.Context(), "shop-2")
	if err != nil || len(other) > 0 {
		t.Errorf("another workspace has %v, %v", other, err)
	}
}

// TestDefinitionsToTheByte settles as much as may be, and a byte more.
func TestDefinitionsToTheByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := `["` + strings.Repeat("a", workspace.MaxDocument-4) + `"]`
	if got := w.ask(t, "PUT", "/v1/definitions/toys", "sk_shop", text); got.StatusCode != 200 {
		t.Errorf("%d bytes are answered %d %.200s", len(text), got.StatusCode, got.Body)
	}
	if got := w.ask(t, "PUT", "/v1/definitions/toys", "sk_shop", " "+text); !strings.Contains(got.Body, `"definition_too_large"`) {
		t.Errorf("%d bytes are answered %d %.200s", len(text)+1, got.StatusCode, got.Body)
	}
}

// TestAnalysesAreDescribed: every analysis of the product says what it answers and what it takes, and its name stands in the documentation.
func TestAnalysesAreDescribed(t *testing.T) {
	t.Parallel()
	var names []string
	for _, a := range lives.Analyses() {
		if a.Version < 1 || a.Sentence == "" || a.Prepare == nil || slices.Contains(names, a.Name) {
			t.Errorf("analysis %q has no version, sentence or way to ask, or a name that is taken", a.Name)
		}
		names = append(names, a.Name)
		for _, p := range a.Parameters {
			isCommon := slices.ContainsFunc(lives.Common(), func(c analysis.Parameter) bool { return c.Name == p.Name })
			if p.Name == "" || p.Sentence == "" || isCommon {
				t.Errorf("parameter %q of %s has no sentence, or a name that all analyses have", p.Name, a.Name)
			}
		}
	}
}

// TestSamples answers events/analyse/*.json as the golden files beside them say, which `sam local invoke` is held against too.
func TestSamples(t *testing.T) {
	t.Parallel()
	w := system.Shop()
	w.Name, w.Zone, w.Currency = "demo", "UTC", "EUR"
	w.Keys = []workspace.Key{
		{Text: "sk_demo", Workspace: "demo", Role: workspace.Secret}, {Text: "wk_demo", Workspace: "demo", Role: workspace.Write, Source: "web"},
	}
	s := system.New(t, w)
	statuses := map[int]int{}
	httpapitest.Samples(t, "analyse", s.Analyse(s.Ports()).Handle, func(_ events.APIGatewayV2HTTPRequest, response events.APIGatewayV2HTTPResponse) {
		statuses[response.StatusCode]++
	})
	if want := map[int]int{200: 6, 400: 6, 403: 3, 404: 3}; !maps.Equal(statuses, want) {
		t.Errorf("the samples are answered %v, want %v", statuses, want)
	}
}
