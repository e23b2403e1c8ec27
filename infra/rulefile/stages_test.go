package rulefile_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/rulefile"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

// everyStageCondition uses every key that a stage model's file may have.
const everyStageCondition = `
name: mine
version: 3
policy: latest
stages: [new, active, fan]
lapse: asleep
rules:
  - {id: any, stage: new, entry: true}
  - id: pages
    stage: active
    when:
      type: [page, screen]
      not_name: [Imprint, "Legal *"]
      channel: email
      page: {prefix: /shop, contains: [sale, offer]}
      properties: {seconds: {at_least: 10, at_most: 60.5}, is_public: {exists: true, equals: true}, sku: {prefix: [A-, B-], in: [A-1, B-2]}}
  - id: busy
    stage: fan
    orders: {at_least: 1, at_most: 9}
    when: {type: track}
    count: {of: {name: "Product *"}, at_least: 3, within: 1d12h}
  - {id: cooled, stage: new, elapsed: {in: active, after: 30d}}
  - {id: silence, stage: asleep, silence: {after: 2160h}}
`

// parsed reads a stage model and lets its domain judge it.
func parsed(text []byte) (*stage.Model, error) {
	config, err := rulefile.Stages(text)
	if err != nil {
		return nil, err
	}
	return stage.New(config)
}

func TestStages(t *testing.T) {
	t.Parallel()
	m, err := parsed([]byte(everyStageCondition))
	if err != nil {
		t.Fatalf("Stages: %v", err)
	}
	got := []any{m.ID(), m.Policy(), m.Stages(), m.Lapse(), m.Properties()}
	want := []any{
		"mine@3", stage.Latest,
		[]stage.Name{"new", "active", "fan"},
		stage.Name("asleep"),
		[]string{"is_public", "seconds", "sku"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Stages\n got %v\nwant %v", got, want)
	}
	pointed := func(m *stage.Model, t event.Touchpoint) stage.Name {
		return m.Walk([]stage.Touch{{Touchpoint: t, Channel: t.OwnChannel}}, 0).After[0]
	}
	good := event.Touchpoint{
		Type: event.Page, Name: "Sale", OwnChannel: "email", Page: "https://a.example/shop/summer-sale",
		Properties: map[string]string{"seconds": "60.50", "is_public": "true", "sku": "A-1"},
	}
	if name := pointed(m, good); name != "active" {
		t.Errorf("where all conditions hold, got %q, want active", name)
	}
	for what, change := range map[string]func(*event.Touchpoint){
		"type": func(t *event.Touchpoint) { t.Type = event.Track }, "not_name": func(t *event.Touchpoint) { t.Name = "Legal Notice" },
		"channel": func(t *event.Touchpoint) { t.OwnChannel = "direct" }, "prefix": func(t *event.Touchpoint) { t.Page = "https://a.example/blog/shop/sale" },
		"contains": func(t *event.Touchpoint) { t.Page = "https://a.example/shop" },
		"at_least": func(t *event.Touchpoint) {
			t.Properties = map[string]string{"seconds": "9", "is_public": "true", "sku": "A-1"}
		},
		"at_most": func(t *event.Touchpoint) {
			t.Properties = map[string]string{"seconds": "61", "is_public": "true", "sku": "A-1"}
		},
		"equals": func(t *event.Touchpoint) {
			t.Properties = map[string]string{"seconds": "10", "is_public": "false", "sku": "A-1"}
		},
		"exists": func(t *event.Touchpoint) { t.Properties = map[string]string{"seconds": "10", "sku": "A-1"} },
		"in": func(t *event.Touchpoint) {
			t.Properties = map[string]string{"seconds": "10", "is_public": "true", "sku": "A-3"}
		},
	} {
		bad := good
		change(&bad)
		if name := pointed(m, bad); name != "new" {
			t.Errorf("where %s does not hold, got %q, want new", what, name)
		}
	}
}

func TestStagesFaults(t *testing.T) {
	t.Parallel()
	const head = "name: mine\nversion: 1\npolicy: latest\nstages: [new]\nrules:\n"
	for _, c := range []struct {
		name, text string
		want       []string // parts of the message, each of which must be there
	}{
		{"empty", "", []string{"the file is empty"}},
		{"no YAML", "a: [", []string{"line 1"}},
		{"two documents", head + "  - {id: any, stage: new, entry: true}\n---\nname: other\n", []string{"more than one document"}},
		{"unknown key", head + "  - {id: any, stage: new, entrance: true}\n", []string{"line 6: field entrance not found"}},
		{"unknown key in when", head + "  - id: any\n    stage: new\n    when: {names: A}\n", []string{"line 8: field names not found"}},
		{"repeated key", head + "  - {id: any, id: other, stage: new, entry: true}\n", []string{"line 6", `"id" already defined`}},
		{"wrong kind of value", "name: mine\nversion: one\n", []string{"line 2: cannot unmarshal"}},
		{"no text", head + "  - {id: any, stage: new, when: {name: {a: b}}}\n", []string{"line 6: a text, a number or a list"}},
		{"null text", head + "  - {id: any, stage: new, when: {name: [~]}}\n", []string{"line 6: a text, a number or a list"}},
		{
			"no time", head + "  - {id: any, stage: new, elapsed: {in: new, after: soon}}\n  - {id: b, stage: new, silence: {after: [90d]}}\n",
			[]string{`line 6: "soon" is no time`, "line 7: "},
		},
		{"time that overflows", head + "  - {id: any, stage: new, elapsed: {in: new, after: 99999999999999d}}\n", []string{"is no time"}},
		{"negative time", head + "  - {id: any, stage: new, elapsed: {in: new, after: -3h}}\n", []string{"is no time"}},
		{
			"several rules", head + "  - {id: first, stage: old, entry: true}\n  - id: second\n    stage: new\n",
			[]string{`line 6, rule first: the stage "old"`, "line 7, rule second: the rule asks nothing"},
		},
		{"property that asks nothing", head + "  - {id: any, stage: new, when: {properties: {score: {}}}}\n", []string{"line 6, rule any", "properties.score"}},
		{"too long", "#" + strings.Repeat("x", 128<<10), []string{"the limit is 131072"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := parsed([]byte(c.text))
			if m != nil || fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "bad_stage_model" {
				t.Fatalf("Stages: got %v, %v, want a fault bad_stage_model", m, err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Stages: got %q, want it to contain %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "rulefile.stage") {
				t.Errorf("Stages: %q names a type of Go", err)
			}
		})
	}
}

// FuzzStages: any text gives either a model that can walk or a named fault, and never panics.
func FuzzStages(f *testing.F) {
	paths, err := filepath.Glob(rulesFolder + "/stages/*.yaml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("list presets: %v, %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(everyStageCondition))
	for _, seed := range []string{"", "a: &a [*a]", "rules: [~, ~]", "stages: {}", "? []\n: 1", "name: !!binary aGk=\nrules: [{when: {name: !x y}}]", "<<: *a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parsed(text)
		if (m == nil) == (err == nil) {
			t.Fatalf("Stages: got %v and %v, want one of them", m, err)
		}
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("Stages: got %v of kind %s, want invalid", err, fault.KindOf(err))
			}
			return
		}
		touches := []stage.Touch{
			{Touchpoint: event.Touchpoint{ID: "e0", Type: event.Page, Name: "Home"}, Channel: "email"},
			{At: 1, Touchpoint: event.Touchpoint{ID: "e1", Type: event.Track, Name: "Order Completed", Order: &event.Order{ID: "o1"}}, NewOrder: true},
			{At: 9000, Touchpoint: event.Touchpoint{ID: "e2", Type: event.Track, Name: "Product Viewed"}},
		}
		h := m.Walk(touches, touches[2].At.Add(24*time.Hour))
		if len(h.After) != len(touches) {
			t.Fatalf("Walk: %d stages after %d touches", len(h.After), len(touches))
		}
	})
}

// TestDocumentedStages reads the example of docs/stages.md.
func TestDocumentedStages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/stages.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("docs/stages.md holds no example")
	}
	m, err := parsed([]byte(example))
	if err != nil || m.ID() != "shop@1" {
		t.Errorf("Stages(the example) = %v, %v, want shop@1", m, err)
	}
}
