package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/shared/domain/custom"
)

// metricsSystem is a system that keeps the document of metrics and answers as /v1/definitions/metrics does.
func metricsSystem(t *testing.T) (settled *string) {
	t.Helper()
	settled = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != metricsPath {
			t.Errorf("asked %s %s", r.Method, r.RequestURI)
		}
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			*settled = string(body)
		}
		answer := map[string]any{"kind": "metrics", "sentence": "own metrics", "counts": []string{}}
		if *settled != "" {
			metrics, err := custom.Parse([]byte(*settled))
			if err != nil {
				t.Errorf("was sent %s: %v", *settled, err)
			}
			answer["counts"], answer["definition"] = custom.Describe(metrics), json.RawMessage(*settled)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	t.Setenv("WAYMARK_URL", server.URL)
	t.Setenv("WAYMARK_SECRET_KEY", "sk_test")
	return settled
}

// A file of YAML is put to what is declared: metrics of its names are replaced, the others stay; digits stay as they stand.
func TestMetricsCommand(t *testing.T) {
	settled := metricsSystem(t)
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "metrics.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	first := file("metrics:\n  - name: detractors\n    persons: {name: Survey Answered, properties: {score: {at_most: 6}}}\n  - name: carts\n    count: {page: {prefix: /cart}}\n")
	second := file("metrics:\n  - {name: carts, count: {channel: [email, sms]}}\n")
	bad := file("metrics:\n  - {name: carts, count: {chanel: email}}\n")
	for _, c := range []struct {
		args      string
		code      int
		out, errs string
	}{
		{"list", 0, "metrics add FILE` declares some", ""},
		{"check " + first, 0, "· detractors (persons): persons with any of the steps with name Survey", ""},
		{"add " + first, 0, "· carts (count): number of steps with page beginning with /cart", ""},
		{"add " + second, 0, "· carts (count): number of steps with channel email or sms", ""},
		{"list", 0, "· conversion_rate (ratio): share of active persons who bought", ""},
		{"list", 0, "· detractors (persons)", ""},
		{"add " + bad, 1, "", `unknown field "chanel"`},
		{"check " + bad, 1, "", `unknown field "chanel"`},
		{"remove shoes", 1, "", `there is no own metric "shoes"; there are: detractors, carts`},
		{"remove detractors", 0, "· carts (count)", ""},
		{"remove", 2, "", "waymark metrics list | add FILE"},
		{"", 2, "", "waymark metrics list | add FILE"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"metrics"}, strings.Fields(c.args)...), stdio{In: strings.NewReader(""), Out: &out, Err: &errs})
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("waymark metrics %s ends with %d, prints %s and %s", c.args, code, out.String(), errs.String())
		}
	}
	if want := `{"metrics":[{"name":"carts","count":{"channel":["email","sms"]}}]}`; *settled != want {
		t.Errorf("settled is %s, want %s", *settled, want)
	}
}
