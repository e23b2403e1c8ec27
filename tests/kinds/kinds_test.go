// Package kinds walks the 41 kinds of touchpoint, rows A2.1 to A2.40 of the source documents and A9.1: each has a versioned JSON Schema, a channel and a stage
// where it has one, an accepted and a refused sample in events/kinds, and a section in docs/touchpoints.md. It also holds our checks of schemas to the
// library that everybody uses.
package kinds

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waymark/infra/rulefile"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/schema"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/testing/system"
)

const (
	samplesFolder = "../../events/kinds"
	rows          = 40
)

// sample is what a kind's file in events/kinds holds.
type sample struct {
	Accepted json.RawMessage `json:"accepted"`
	Refused  json.RawMessage `json:"refused"`
	Because  string          `json:"because"` // what is said of the refused one
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func catalogue(t *testing.T) []rulefile.Kind {
	t.Helper()
	kinds, err := rulefile.Catalogue(os.DirFS("../../shared/model"))
	must(t, err)
	return kinds
}

func sampleOf(t *testing.T, kind string) sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(samplesFolder, kind+".json"))
	must(t, err)
	var s sample
	must(t, json.Unmarshal(text, &s))
	return s
}

// TestEveryKind walks the list by its rows, so that a kind that is lost, or has no schema or sample any more, is a red test.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	byRow := map[string]rulefile.Kind{}
	for _, k := range catalogue(t) {
		byRow[k.Row] = k
	}
	if len(byRow) != rows+1 {
		t.Errorf("the catalogue has %d rows, want %d", len(byRow), rows+1)
	}
	for n := range rows + 1 {
		row := fmt.Sprintf("A2.%d", n+1)
		if n == rows {
			row = "A9.1"
		}
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			k, found := byRow[row]
			if !found {
				t.Fatalf("no kind is of row %s", row)
			}
			checkSchema(t, k)
			checkSample(t, k)
		})
	}
}

// checkSchema: the schema names its kind, version and row, and says of each event who acts.
func checkSchema(t *testing.T, k rulefile.Kind) {
	text, err := model.Schema(k.ID)
	must(t, err)
	var s struct {
		ID      string `json:"$id"`
		Feature string `json:"x-feature"`
		Title   string
		Events  []struct {
			Type                       event.Type
			Name, Channel, Stage, Acts string
		} `json:"x-events"`
	}
	must(t, json.Unmarshal([]byte(text), &s))
	if want := fmt.Sprintf("urn:waymark:kind:%s:%d", k.ID, k.Version); s.ID != want || s.Feature != k.Row || s.Title != k.Title || len(s.Events) != len(k.Events) {
		t.Errorf("the schema is %s of row %s, %q with %d events; want %s, %s, %q, %d", s.ID, s.Feature, s.Title, len(s.Events), want, k.Row, k.Title, len(k.Events))
	}
	rules, err := model.Rules("default")
	must(t, err)
	for i, e := range s.Events {
		want := k.Events[i]
		acts := "customer" // by the rule that says what makes nobody active
		if rules.Passive.Of(&event.Touchpoint{Type: e.Type, Name: e.Name}) {
			acts = "company"
		} else if rules.Passive.Of(&event.Touchpoint{Type: e.Type, Name: e.Name, Properties: map[string]string{"machine_open": "true"}}) {
			acts = "customer or machine"
		}
		if e.Type != want.Type || e.Name != want.Name || e.Channel != string(want.Channel) || e.Stage != string(want.Stage) || e.Acts != acts {
			t.Errorf("the schema says %+v, want %+v, %s", e, want, acts)
		}
	}
	if _, err := theirs(text); err != nil {
		t.Errorf("the reference cannot read the schema: %v", err)
	}
}

// checkSample sends both samples to a source that takes known kinds only. The accepted one is a touchpoint of its kind that lacks nothing, the
// refused one is told to the client and kept; the reference says the same of both.
func checkSample(t *testing.T, k rulefile.Kind) {
	s := sampleOf(t, k.ID)
	text, err := model.Schema(k.ID)
	must(t, err)
	ours, err := schema.Parse(text)
	must(t, err)
	other, err := theirs(text)
	must(t, err)
	for _, c := range []struct {
		raw json.RawMessage
		ok  bool
	}{{s.Accepted, true}, {s.Refused, false}} {
		got := ours.Check(parsed(t, string(c.raw)))
		if (len(got) == 0) != c.ok || (other.Validate(parsed(t, string(c.raw))) == nil) != c.ok {
			t.Errorf("%s\nagainst its schema: %v, by the reference: %v; want that it is right: %v", c.raw, got, other.Validate(parsed(t, string(c.raw))), c.ok)
		}
	}
	w := strict(t)
	if got := w.post(t, string(s.Accepted), string(s.Refused)); got != fmt.Sprintf(`1 plan_violation the kind %s is not met: %s`, k.ID, s.Because) {
		t.Errorf("the answer says\n%s\nwant of the second event that %s", got, s.Because)
	}
	w.Drain()
	if kept, _, err := w.Table.Failed(t.Context(), "shop", "", "", 10); err != nil || len(kept) != 1 || kept[0].Class != "plan_violation" {
		t.Errorf("kept as failed: %+v %v, want the refused sample", kept, err)
	}
	accepted := w.accepted(t)
	if len(accepted) != 1 {
		t.Fatalf("accepted: %+v, want one", accepted)
	}
	of, known := model.Kinds().Of(accepted[0].Type, accepted[0].Name)
	if lacks := model.Kinds().Lacks(&accepted[0]); !known || of.Kind != k.ID || lacks != "" {
		t.Errorf("the accepted sample is of kind %q and lacks what %q needs, want %q and nothing", of.Kind, lacks, k.ID)
	}
}

// TestUsualChannels: an event without a sign of its own, in a session without one, is where its kind happens; a page is not.
func TestUsualChannels(t *testing.T) {
	t.Parallel()
	const at, next, referrer = `"userId":"1","timestamp":"2026-11-22T09:00:00Z"`, `"userId":"1","timestamp":"2026-11-22T09:01:00Z"`, `"context":{"page":{"referrer":"https://www.google.com/"}}`
	for _, c := range []struct{ name, sent, channels string }{
		{"opens the session", `{"type":"track","event":"Store Visited",` + at + `},{"type":"page",` + next + `}`, "in_store in_store"},
		{"comes later", `{"type":"page",` + at + `},{"type":"track","event":"Chat Started",` + next + `}`, "chat direct"},
		{"in a session with a sign", `{"type":"page",` + at + `,` + referrer + `},{"type":"track","event":"Chat Started",` + next + `}`, "organic_search organic_search"},
		{"with its own sign", `{"type":"track","event":"Store Visited","properties":{"channel":"phone"},` + at + `}`, "phone"},
		{"of the company", `{"type":"track","event":"Email Delivered",` + at + `}`, "email"},
		{"a page", `{"type":"page","name":"Landing",` + at + `}`, "direct"},
		{"of no kind", `{"type":"track","event":"Basket Fondled",` + at + `}`, "direct"},
	} {
		w := world{system.New(t, system.Shop())}
		w.post(t, c.sent)
		w.Drain()
		if got := strings.Join(w.channels(t, "user:1"), " "); got != c.channels {
			t.Errorf("%s: the channels are %s, the newest first; want %s", c.name, got, c.channels)
		}
	}
}

// channels are those of a person's timeline, the newest first.
func (w world) channels(t *testing.T, person string) []string {
	t.Helper()
	status, answer := w.Ask("GET", "/v1/profiles/"+person+"/timeline", "sk_shop", "")
	var timeline struct{ Items []struct{ Channel string } }
	if err := json.Unmarshal([]byte(answer), &timeline); status != http.StatusOK || err != nil {
		t.Fatalf("the timeline answers %d %s", status, answer)
	}
	var out []string
	for _, item := range timeline.Items {
		out = append(out, item.Channel)
	}
	return out
}

// world is a system whose web source takes known kinds only.
type world struct{ *system.System }

func strict(t *testing.T) world {
	t.Helper()
	shop := system.Shop()
	shop.SetPolicy("web", workspace.Policy{Kinds: workspace.StrictKinds})
	return world{system.New(t, shop)}
}

// post sends a batch and gives what the answer says of its bad events: place, code and reason.
func (w world) post(t *testing.T, raw ...string) string {
	t.Helper()
	r := w.Request(http.MethodPost, "/v1/batch", system.Basic("wk_web"), `{"batch":[`+strings.Join(raw, ",")+`]}`)
	answer, err := httpapitest.Invoke(t.Context(), w.Collect(w.Ports()), r)
	must(t, err)
	var said struct {
		Details []struct {
			Index               int
			Field, Code, Reason string
		}
	}
	must(t, json.Unmarshal([]byte(answer.Body), &said))
	var lines []string
	for _, d := range said.Details {
		lines = append(lines, fmt.Sprintf("%d %s %s", d.Index, d.Code, d.Reason))
	}
	return strings.Join(lines, "\n")
}

// accepted are the touchpoints of the records that wait.
func (w world) accepted(t *testing.T) []event.Touchpoint {
	t.Helper()
	batches, _, err := w.Table.Batches(t.Context(), "shop", "", 100)
	must(t, err)
	var out []event.Touchpoint
	for _, b := range batches {
		for _, r := range b.Events {
			out = append(out, r.Touchpoint)
		}
	}
	return out
}

// TestUnknownKinds: a strict source takes no event of an unknown name, unless its plan names it; any other source does.
func TestUnknownKinds(t *testing.T) {
	t.Parallel()
	const fondled = `{"type":"track","event":"Basket Fondled","userId":"1"}`
	w := strict(t)
	if got := w.post(t, fondled, `{"type":"identify","userId":"1"}`); !strings.HasPrefix(got, "0 unknown_kind the source takes known events only") || strings.Contains(got, "\n") {
		t.Errorf("a strict source says %q", got)
	}
	shop := system.Shop()
	shop.SetPolicy("web", workspace.Policy{Kinds: workspace.StrictKinds, Plan: `{"events":{"Basket Fondled":{}}}`})
	if got := (world{system.New(t, shop)}).post(t, fondled, fondled); got != "" {
		t.Errorf("a strict source whose plan names the event says %q", got)
	}
	open := world{system.New(t, system.Shop())}
	if got := open.post(t, fondled); got != "" {
		t.Errorf("another source says %q", got)
	}
}

// TestSamplesAreOfKinds: events/kinds holds no file of a kind that is gone.
func TestSamplesAreOfKinds(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(samplesFolder + "/*.json")
	must(t, err)
	var got, want []string
	for _, file := range files {
		got = append(got, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	for _, k := range catalogue(t) {
		want = append(want, k.ID)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("events/kinds has %q, want %q", got, want)
	}
}
