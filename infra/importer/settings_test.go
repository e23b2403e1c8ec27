package importer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waymark/infra/importer"
)

const openMapping = `name: m
version: 1
settings: {zone: UTC, site: }
format: {kind: csv}
time: {column: t, layouts: ["%Y-%m-%d %H:%M"], zone: $(zone)}
identifiers: {user: u}
events: [{event: "Seen on $(site)", properties: {url: {template: "$(site)/{path}"}}}]
`

// TestSettings: what a mapping leaves open is given, or its default, or a fault that says what is missing.
func TestSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given map[string]string
		want  string
	}{
		"default":       {map[string]string{"site": "s.ex"}, `Seen on s.ex "s.ex/a" 2026-03-05T10:00:00Z`},
		"both":          {map[string]string{"site": "s.ex", "zone": "Asia/Tokyo"}, `Seen on s.ex "s.ex/a" 2026-03-05T01:00:00Z`},
		"empty":         {map[string]string{"site": ""}, `Seen on "/a" 2026-03-05T10:00:00Z`},
		"missing":       {nil, "m line 3: the mapping needs a value for site: give --set site=…"},
		"another":       {map[string]string{"site": "s", "zon": "UTC"}, `m line 1: the mapping has no setting "zon", did you mean "zone"?; it has site, zone`},
		"no such zone":  {map[string]string{"site": "s", "zone": "Berlin"}, `m line 5: time.zone "Berlin" is no time zone; write one of the tz database, for example Europe/London`},
		"no code in it": {map[string]string{"site": "$(zone)"}, `Seen on $(zone) "$(zone)/a" 2026-03-05T10:00:00Z`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := importer.ParseMappingWith("m", []byte(openMapping), test.given)
			got := ""
			if err == nil {
				var events []mapped
				events, err = mapWith(t, m, "t,u,path\n2026-03-05 10:00,x,a\n")
				got = fmt.Sprintf("%s %s %s", events[0].Event, events[0].Properties["url"], events[0].Timestamp)
			}
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("with %v: %s\nwant %s", test.given, got, test.want)
			}
		})
	}
	if m, err := importer.Peek("m", []byte(openMapping)); err != nil || m.Name != "m" {
		t.Errorf("Peek = %v, want the mapping without its settings", err)
	}
	if _, err := importer.ParseMappingWith("m", []byte("name: x\n"), map[string]string{"zone": "UTC"}); err == nil ||
		!strings.Contains(err.Error(), `the mapping has no setting "zone"; it has none`) {
		t.Errorf("a setting for a mapping without any = %v", err)
	}
}

// TestResumeBySettings: an interrupted import goes on with the same settings only, for with others its events are others.
func TestResumeBySettings(t *testing.T) {
	t.Parallel()
	s := &system{answer: func(request int, _ []map[string]any) (int, string, http.Header) {
		if request == 30 { // the window keeps delivery near the oldest batch, so the first ones are booked by now
			return 404, "gone", nil
		}
		return 200, `{"success":true}`, nil
	}}
	text := strings.Replace(deliveryMapping, "version: 1\n", "version: 1\nsettings: {kind: }\n", 1)
	text = strings.Replace(text, "note: note", "note: note, kind: {constant: $(kind)}", 1)
	c := config(t, s, rows(t, 20_000, 1))
	c.StateDir = t.TempDir()
	for _, step := range []struct {
		kind    string
		resumed bool
		fails   bool
	}{{"a", false, true}, {"b", false, false}, {"a", true, false}} {
		m, err := importer.ParseMappingWith("m", []byte(text), map[string]string{"kind": step.kind})
		if err != nil {
			t.Fatal(err)
		}
		c.Mapping = m
		summary, err := importer.Run(t.Context(), c)
		if (err != nil) != step.fails || (summary.Resumed > 0) != step.resumed {
			t.Errorf("kind %s: Run = %v, resumed %d; want failure %v, resumed %v", step.kind, err, summary.Resumed, step.fails, step.resumed)
		}
	}
}
