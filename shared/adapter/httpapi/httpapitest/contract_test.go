package httpapitest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/fault"
	"waymark/shared/model"
)

// recorder is a test that may fail without failing this one.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, format)
}

func TestContractFindsWhatIsNotDescribed(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	unavailable := httpapi.Error(fault.New(fault.Unavailable, "x", "x"), "r")
	missing := httpapi.Error(fault.New(fault.NotFound, "x", "x"), "r")
	noHeader := unavailable
	noHeader.Headers = map[string]string{"content-type": "application/json"}
	cases := []struct {
		name  string
		check func(testing.TB)
		fails bool
	}{
		{"as described", func(t testing.TB) { contract.Check(t, "POST", "/v1/track", httpapi.OK()) }, false},
		{"described failure", func(t testing.TB) { contract.Check(t, "GET", "/health", unavailable) }, false},
		{"no such route", func(t testing.TB) { contract.Check(t, "GET", "/v1/track", httpapi.OK()) }, true},
		{"no such status", func(t testing.TB) { contract.Check(t, "GET", "/health", missing) }, true},
		{"header is missing", func(t testing.TB) { contract.Check(t, "GET", "/health", noHeader) }, true},
		{"another body", func(t testing.TB) { contract.Check(t, "GET", "/v1/status", httpapi.OK()) }, true},
		{"a field too many", func(t testing.TB) {
			contract.Check(t, "POST", "/v1/track", httpapi.JSON(200, map[string]any{"success": true, "more": 1}))
		}, true},
		{"another content type", func(t testing.TB) { contract.Check(t, "POST", "/v1/track", httpapi.GIF()) }, true},
	}
	for _, c := range cases {
		r := &recorder{TB: t}
		c.check(r)
		if failed := len(r.failures) > 0; failed != c.fails {
			t.Errorf("%s: failed %v %v, want %v", c.name, failed, r.failures, c.fails)
		}
	}
	if got := contract.Unchecked("rollup"); !slices.Equal(got, []string{
		"GET /v1/rollups/{id} 200", "GET /v1/rollups/{id} 400", "GET /v1/rollups/{id} 401", "GET /v1/rollups/{id} 403", "GET /v1/rollups/{id} 404", "GET /v1/rollups/{id} 409", "GET /v1/rollups/{id} 503",
		"POST /v1/rollups 202", "POST /v1/rollups 400", "POST /v1/rollups 401", "POST /v1/rollups 403", "POST /v1/rollups 409", "POST /v1/rollups 503",
	}) {
		t.Errorf("Unchecked gives %v", got)
	}
}

// TestContractAndTemplateNameTheSameRoutes: what is deployed is described and the other way round. Paths for one kind of client that come in by
// the default route are named here.
func TestContractAndTemplateNameTheSameRoutes(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(filepath.Join(httpapitest.Root(t), "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	byDefaultRoute := []string{
		"POST /beacon/v1/batch", "POST /api/event", "POST /api/send", "POST /mp/collect", "POST /com.snowplowanalytics.snowplow/tp2", "POST /e",
	}
	deployed, described := slices.Clone(byDefaultRoute), httpapitest.Load(t).Routes()
	route := regexp.MustCompile(`Method: (\w+), Path: (?:"([^"]+)"|([^"}]+))\}`)
	for _, match := range route.FindAllStringSubmatch(string(template), -1) {
		path := match[2] + match[3]
		if match[1] != "ANY" {
			deployed = append(deployed, match[1]+" "+path)
			continue
		}
		for _, one := range described { // the function refuses other methods, as its own tests show
			if strings.HasSuffix(one, " "+path) {
				deployed = append(deployed, one)
			}
		}
		if !slices.ContainsFunc(described, func(one string) bool { return strings.HasSuffix(one, " "+path) }) {
			t.Errorf("template.yaml deploys %s, which is not described", path)
		}
	}
	slices.Sort(deployed)
	deployed = slices.Compact(deployed)
	if !slices.Equal(deployed, described) {
		t.Errorf("template.yaml deploys\n%s\ndocs/openapi.yaml describes\n%s", strings.Join(deployed, "\n"), strings.Join(described, "\n"))
	}
}

func TestContractNamesEveryMetric(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(httpapitest.Root(t), "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range definitions.Names() {
		if !strings.Contains(string(text), "        - "+string(name)+"\n") {
			t.Errorf("docs/openapi.yaml does not name the metric %s", name)
		}
	}
}
