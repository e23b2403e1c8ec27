package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/failed"
)

// failedWorld is an backend over stores in memory, with three failed events and two dead letters of the workspace demo.
func failedWorld(t *testing.T) (backend, *memory.Table, *memory.Queue) {
	t.Helper()
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	table, touchpoints, dead := memory.NewTable(), memory.NewQueue(), memory.NewQueue()
	clock := func() time.Time { return now }
	table.Now, dead.Now = clock, clock
	for n, class := range []string{"bad_time", "number_out_of_range", "blocked_identifier"} {
		err := table.PutFailed(t.Context(), event.Failed{
			ID: fmt.Sprintf("%024d", n), Workspace: "demo", Source: "a-source-with-a-long-name", Class: class, Field: "timestamp", Handler: "v1.2.3",
			Reason:   "the \x1b[31mtime must be ISO 8601, such as 2026-11-22T09:30:00.000Z, and this one is certainly not of that form",
			Received: event.At(now.Add(time.Duration(-n) * time.Minute)), Request: "Qx1abcdefghijklmnop=", Index: n,
			Original: `{"type":"page","userId":"\u001b[31mé` + strings.Repeat("x", n*3000) + `","timestamp":"soon"}`,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, ws := range []string{"demo", "other", "demo"} {
		body, err := queue.Encode(event.Envelope{
			Version: 1, Workspace: ws, Source: "a-source-with-a-long-name", Received: event.At(now), Request: "Qx1abcdefghijklmnop=", Events: []json.RawMessage{[]byte(`{}`)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := dead.SendBodies(t.Context(), []string{body}); err != nil {
			t.Fatal(err)
		}
	}
	service := failed.Service{Records: table, Changes: table, Queue: touchpoints, Dead: dead, Decode: queue.Decode, Now: clock}
	return behind(service, "demo"), table, touchpoints
}

// TestFailedCommand reads what each command prints, which fits into 80 columns and steers no terminal. It sets EDITOR, so it runs alone.
func TestFailedCommand(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "good.json")
	editor := filepath.Join(folder, "editor")
	for name, text := range map[string]string{
		file: "\ufeff" + `{"type":"page","userId":"42","timestamp":"2026-11-22T09:00:00Z"}`, editor: "#!/bin/sh\nsed -i.old s/soon/2026-11-22T09:00:00Z/ \"$1\"\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("EDITOR", editor)
	const id, none = "000000000000000000000000", "f00000000000000000000000"
	for name, test := range map[string]struct {
		action string
		flags  failedFlags
		want   []string // are in what is printed
		err    string   // is in the error
	}{
		"list": {"list", failedFlags{limit: 50}, []string{
			"ID                        RECEIVED              CLASS\n",
			"000000000000000000000000  2026-11-22 09:30 UTC  bad_time\n  page from a-source-with-a-long-name, of user:\ufffd[31mé\n" +
				"  timestamp: the \ufffd[31mtime must be ISO 8601, such as 2026-11-22T09:30:00.000Z,\n  and this one is certainly not of that form\n",
			"000000000000000000000002  2026-11-22 09:28 UTC  blocked_identifier\n  page from a-source-with-a-long-name\n", // cut before it names anybody
		}, ""},
		"list a page":           {"list", failedFlags{limit: 1}, []string{"There are more; --limit 2"}, ""},
		"list a class":          {"list", failedFlags{limit: 9, class: "none"}, []string{"There are no failed events of the class none."}, ""},
		"show":                  {"show", failedFlags{ids: []string{id}}, []string{"class     bad_time\n", "original, ", "A replay would fail: "}, ""},
		"show a long one":       {"show", failedFlags{ids: []string{"000000000000000000000002"}}, []string{"… --json has all of it"}, ""},
		"show none":             {"show", failedFlags{ids: []string{none}}, nil, "there is no failed event of this id"},
		"show without an id":    {"show", failedFlags{}, nil, "name one failed event"},
		"edit by file":          {"edit", failedFlags{ids: []string{id}, file: file}, []string{"Kept. It would be accepted: waymark failed replay " + id}, ""},
		"edit by hand":          {"edit", failedFlags{ids: []string{id}}, []string{"Kept, but it would fail again: bad_identifier"}, ""},
		"edit with no JSON":     {"edit", failedFlags{ids: []string{id}, file: editor}, nil, "the corrected event, a JSON object"},
		"replay by id":          {"replay", failedFlags{ids: []string{id, none}}, []string{"1 event is back on the queue"}, "not there: " + none},
		"replay a class":        {"replay", failedFlags{class: "bad_time"}, []string{"1 event is back"}, ""},
		"replay all":            {"replay", failedFlags{all: true}, []string{"3 events are back"}, ""},
		"replay nothing":        {"replay", failedFlags{}, nil, "name ids, a class or all"},
		"discard":               {"discard", failedFlags{ids: []string{id}}, []string{"1 event is discarded."}, ""},
		"discard none":          {"discard", failedFlags{ids: []string{id, none}}, nil, "after 1 that are discarded: " + none},
		"discard without an id": {"discard", failedFlags{}, nil, "name the failed events"},
		"dead": {"dead", failedFlags{limit: 50}, []string{
			"WORKSPACE  SOURCE       QUEUED                EVENTS  RECEIVES  REQUEST",
			"demo       a-source-w…  2026-11-22 09:30 UTC  1       1         Qx1abcdefgh…", "2 dead letters are seen. Letters in flight are never seen.",
		}, ""},
		"dead, one":        {"dead", failedFlags{limit: 1}, []string{"1 dead letter is seen", "and there may be more"}, ""},
		"redrive":          {"redrive", failedFlags{}, []string{"2 messages are back on the queue."}, ""},
		"list as JSON":     {"list", failedFlags{limit: 1, json: true}, []string{`{"failed":[{"id":"000000000000000000000000"`, `"next":"`}, ""},
		"show as JSON":     {"show", failedFlags{ids: []string{id}, json: true}, []string{`"verdict":{"accepted":false,"class":"`}, ""},
		"edit as JSON":     {"edit", failedFlags{ids: []string{id}, file: file, json: true}, []string{`"verdict":{"accepted":true}`}, ""},
		"replay as JSON":   {"replay", failedFlags{all: true, json: true}, []string{`{"success":true,"replayed":3,"missing":[],"unreadable":[],"next":null}`}, ""},
		"discard as JSON":  {"discard", failedFlags{ids: []string{id}, json: true}, []string{`{"discarded":1,"success":true}`}, ""},
		"dead as JSON":     {"dead", failedFlags{limit: 9, json: true}, []string{`"complete":true`}, ""},
		"redrive as JSON":  {"redrive", failedFlags{json: true}, []string{`{"success":true,"redriven":2,"more":false}`}, ""},
		"edit and no file": {"edit", failedFlags{ids: []string{id}, file: filepath.Join(folder, "none")}, nil, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _, _ := failedWorld(t)
			var out, said bytes.Buffer
			err := failedActions[test.action](t.Context(), o, test.flags, stdio{In: strings.NewReader(""), Out: &out, Err: &said})
			if got := fmt.Sprint(err); (test.err == "") != (err == nil) || !strings.Contains(got, test.err) {
				t.Errorf("the error is %v, want one with %q", err, test.err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("printed\n%s\nwant in it\n%s", &out, want)
				}
			}
			if test.flags.json {
				return
			}
			for line := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns && !strings.Contains(line, "xxx") || strings.Contains(line, "\x1b") {
					t.Errorf("a line has %d columns or steers the terminal: %q", n, line)
				}
			}
		})
	}
}

// TestFailedCommandChanges sees what the commands do: the edited text is what goes on the queue, and what is discarded stays away.
func TestFailedCommandChanges(t *testing.T) {
	t.Parallel()
	o, table, touchpoints := failedWorld(t)
	const id, other = "000000000000000000000000", "000000000000000000000001"
	good := `{"type":"page","userId":"42"}`
	run := func(action string, flags failedFlags) {
		t.Helper()
		if err := failedActions[action](t.Context(), o, flags, stdio{In: strings.NewReader(good), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}); err != nil {
			t.Fatal(err)
		}
	}
	run("edit", failedFlags{ids: []string{id}, file: "-"})
	run("discard", failedFlags{ids: []string{other}})
	run("replay", failedFlags{all: true})
	sent := map[string]string{}
	for _, m := range touchpoints.Take(10) {
		sent[m.Envelope.Replay] = string(m.Envelope.Events[0])
	}
	if len(sent) != 2 || sent[id] != good {
		t.Errorf("queued %v, want the edited event and the one that was left alone", sent)
	}
	if _, err := table.FailedByID(t.Context(), "demo", other); err == nil {
		t.Error("what was discarded is still there")
	}
}

// TestDiscardByClass: the events of a class, and no other, are done with.
func TestDiscardByClass(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags     failedFlags
		out, left string
		err       error
	}{
		{failedFlags{class: "bad_time"}, "1 event is discarded.\n", "blocked_identifier number_out_of_range", nil},
		{failedFlags{all: true}, "3 events are discarded.\n", "", nil},
		{failedFlags{class: "bad_tme"}, "There are no failed events of the class bad_tme; nothing is discarded.\n", "bad_time blocked_identifier number_out_of_range", nil},
		{failedFlags{class: "bad_time", ids: []string{"1"}}, "", "bad_time blocked_identifier number_out_of_range", errUsage},
		{failedFlags{class: "bad_time", all: true}, "", "bad_time blocked_identifier number_out_of_range", errUsage},
	} {
		o, _, _ := failedWorld(t)
		var out, said bytes.Buffer
		err := failedActions["discard"](t.Context(), o, test.flags, stdio{Out: &out, Err: &said})
		list, listing := o.list(t.Context(), "", "", 10)
		if listing != nil {
			t.Fatal(listing)
		}
		left := []string{}
		for _, f := range list.Failed {
			left = append(left, f.Class)
		}
		slices.Sort(left)
		if out.String() != test.out || strings.Join(left, " ") != test.left || !errors.Is(err, test.err) {
			t.Errorf("%+v: printed %q, %v, and left %v; want %q, %v, and %s", test.flags, &out, err, left, test.out, test.err, test.left)
		}
	}
}

// TestFailedUsage: wrong usage is told from failure, and flags may stand anywhere.
func TestFailedUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		"": 2, "nonsense": 2, "-h": 0, "show": 2, "edit": 2, "discard": 2, "list --nonsense": 2, "list --limit 0": 2, "dead --limit -1": 2, "show -h": 0,
		"show abc --url http://127.0.0.1:1 --key sk_x": 1, "show --url http://127.0.0.1:1 --key sk_x abc": 1, "show a b": 2,
	} {
		var out, said bytes.Buffer
		if code := cmdFailed(t.Context(), strings.Fields(args), stdio{In: strings.NewReader(""), Out: &out, Err: &said}); code != want {
			t.Errorf("waymark failed %s ends with %d, want %d: %s", args, code, want, &said)
		}
	}
}
