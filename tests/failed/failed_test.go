package failed

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
)

const samples = "../../events/failed"

// sample is one class of failure. Texts may hold <x*40000>, 40,000 times an x, and <E9>, a byte.
type sample struct {
	Event    string            // that is refused for ever
	Edited   string            // and how it is mended
	Message  string            // a whole message that nobody can read
	Readable string            // the event in it, once somebody can
	Settled  map[string]string // of its source, by name and text
	Site     bool              // its source is a site, not a server
	Vouched  bool              // a replay of it as it is would be accepted
}

var (
	repeated = regexp.MustCompile(`<(.)\*(\d+)>`)
	rawByte  = regexp.MustCompile(`<([0-9A-F]{2})>`)
	long     = regexp.MustCompile(`x{500,}|n{500,}|4{500,}|\[{20,}|\]{20,}`)
)

func expand(text string) string {
	text = repeated.ReplaceAllStringFunc(text, func(found string) string {
		part := repeated.FindStringSubmatch(found)
		n, _ := strconv.Atoi(part[2])
		return strings.Repeat(part[1], n)
	})
	return rawByte.ReplaceAllStringFunc(text, func(found string) string {
		n, _ := strconv.ParseUint(found[1:3], 16, 8)
		return string([]byte{byte(n)})
	})
}

// shrink undoes expand for people who read golden files.
func shrink(text string) string {
	return long.ReplaceAllStringFunc(text, func(run string) string { return fmt.Sprintf("<%c*%d>", run[0], len(run)) })
}

// classes are the samples by the class that they are of.
func classes(t *testing.T) map[string]sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	must(t, err)
	all := map[string]sample{}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		text, err := os.ReadFile(file)
		must(t, err)
		var s sample
		must(t, json.Unmarshal(text, &s))
		s.Event = expand(s.Event)
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = s
	}
	if len(all) < 12 {
		t.Fatalf("there are %d classes, want 12 at least", len(all))
	}
	return all
}

// checkKept holds the one record of a workspace against its golden file.
func checkKept(t *testing.T, w world, name, class, original string) event.Failed {
	t.Helper()
	kept := w.kept(name)
	if len(kept) != 1 {
		t.Fatalf("%d records are kept, want one: %+v", len(kept), kept)
	}
	if kept[0].Class != class || kept[0].Original != original {
		t.Fatalf("kept as %s with %d bytes, want %s with the %d that were queued", kept[0].Class, len(kept[0].Original), class, len(original))
	}
	text, err := json.Marshal(kept[0])
	must(t, err)
	httpapitest.Golden(t, filepath.Join(samples, class+".golden.json"), []byte(shrink(string(text))))
	return kept[0]
}

// TestEveryClass goes the whole way with one event of each class: refused, kept, shown, edited, replayed, accepted once. What is then stored is
// what would be stored had the good event come at first.
func TestEveryClass(t *testing.T) {
	t.Parallel()
	for class, s := range classes(t) {
		if s.Message != "" {
			continue
		}
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, s)
			w.send(s.Event)
			id := checkKept(t, w, "demo", class, strings.ToValidUTF8(s.Event, "\uFFFD")).ID

			var shown, edited failed.Document
			path := "/v1/failed/" + id
			w.ask("GET", path, "", &shown)
			verdict := failed.Verdict{Class: shown.Class, Reason: shown.Reason, Field: shown.Field}
			if s.Vouched {
				verdict = failed.Verdict{Accepted: true}
			}
			if shown.Class != class || shown.Verdict != verdict || shown.Edit != nil {
				t.Errorf("shown as %s with the verdict %+v, want %s and %+v", shown.Class, shown.Verdict, class, verdict)
			}
			w.ask("PUT", path, s.Edited, &edited)
			want := shown
			want.Row.Edited, want.Edit = "2026-11-22T09:30:00.000Z", &failed.Edit{Text: s.Edited, At: "2026-11-22T09:30:00.000Z"}
			want.Verdict = failed.Verdict{Accepted: true}
			if got, want := asText(t, edited), asText(t, want); got != want {
				t.Errorf("once edited it is\n%s\nwant\n%s", got, want)
			}

			var replayed failed.Replayed
			for range 2 { // the second before process has taken the first
				w.ask("POST", "/v1/failed/replay", `{"all":true}`, &replayed)
				if replayed.Replayed != 1 {
					t.Fatalf("%d events are replayed, want 1", replayed.Replayed)
				}
			}
			w.Drain()
			w.ask("POST", "/v1/failed/replay", fmt.Sprintf(`{"ids":[%q]}`, id), &replayed)
			if replayed.Replayed != 0 || len(replayed.Missing) != 1 {
				t.Errorf("once accepted, a replay answers %+v, want it missing", replayed)
			}
			if kept := w.kept("demo"); len(kept) > 0 {
				t.Errorf("once accepted, the list still has %+v", kept)
			}
			good := newWorldOf(t, s)
			good.send(s.Edited)
			if got, want := w.Table.Dump(), good.Table.Dump(); got != want {
				t.Errorf("stored\n%s\nwant, as if it had been good at first,\n%s", got, want)
			}
		})
	}
}

func asText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	must(t, err)
	return string(text)
}

// TestEveryClassOfMessage does the same with whole messages, which no key opens: an operator handles them.
func TestEveryClassOfMessage(t *testing.T) {
	t.Parallel()
	mend := map[string]func(t *testing.T, w world){
		"bad_message": func(*testing.T, world) {},
		"unknown_workspace": func(t *testing.T, w world) {
			must(t, w.Table.PutWorkspace(t.Context(), workspace.Workspace{Name: "tomorrow", Zone: "UTC", Currency: "EUR", Model: "default"}))
		},
		"version_too_new": func(_ *testing.T, w world) { w.upgrade() },
	}
	for class, s := range classes(t) {
		if s.Message == "" {
			continue
		}
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			w, ctx := newWorld(t, s.Settled), t.Context()
			w.queueBody(s.Message)
			w.Drain()
			before := checkKept(t, w, event.Nobody, class, s.Message)
			if _, err := w.FailedService().Edit(ctx, event.Nobody, before.ID, []byte(`{}`)); err == nil {
				t.Error("a whole message can be edited")
			}
			for range 2 { // replayed in vain, twice, it is what it was
				_, err := w.FailedService().Replay(ctx, event.Nobody, failed.Order{All: true})
				must(t, err)
				w.Drain()
				if got := w.kept(event.Nobody); len(got) != 1 || asText(t, got[0]) != asText(t, before) {
					t.Errorf("after a replay in vain\n%s is kept, want\n%s", asText(t, got), asText(t, before))
				}
			}
			mend[class](t, w)
			for range 2 {
				replayed, err := w.FailedService().Replay(ctx, event.Nobody, failed.Order{IDs: []string{before.ID}})
				must(t, err)
				if unreadable := len(replayed.Unreadable) > 0; unreadable != (s.Readable == "") {
					t.Errorf("a replay answers %+v", replayed)
				}
			}
			w.Drain()
			if s.Readable == "" {
				must(t, w.FailedService().Discard(ctx, event.Nobody, before.ID))
			}
			if kept := w.kept(event.Nobody); len(kept) > 0 {
				t.Errorf("at the end the list has %+v", kept)
			}
			want := newWorld(t, s.Settled)
			mend[class](t, want)
			if s.Readable != "" {
				want.queueBody(s.Message)
				want.Drain()
				if !strings.Contains(want.Table.Dump(), `"e1"`) {
					t.Fatalf("the good world holds no event: %s", want.Table.Dump())
				}
			}
			if got, want := w.Table.Dump(), want.Table.Dump(); got != want {
				t.Errorf("stored\n%s\nwant, as if it had been readable at first,\n%s", got, want)
			}
		})
	}
}

// upgrade is a release that reads version 3 of the messages, which says the region too.
func (w world) upgrade() {
	w.Decode = func(body string) (event.Envelope, error) {
		body = strings.Replace(body, `{"v":3,`, `{"v":2,`, 1)
		return message.Decode(strings.Replace(body, `,"region":"eu"`, "", 1))
	}
}

func (w world) queueBody(body string) {
	w.t.Helper()
	must(w.t, w.Queue.SendBodies(w.t.Context(), []string{body}))
}
