package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTailPrints: what is printed of each event, in at most 80 columns, and no terminal is steered.
func TestTailPrints(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event seenEvent
		count int
		want  string
	}{
		"accepted": {seenEvent{Fate: "accepted", Type: "track", Name: "Order Completed", Source: "web"}, 1, "09:30:05 UTC  accepted  track Order Completed  web\n"},
		"graded":   {seenEvent{Fate: "accepted", Type: "page", Source: "web", Grade: "signed"}, 1, "09:30:05 UTC  accepted  page  web  signed\n"},
		"unproven": {
			seenEvent{Fate: "accepted", Type: "page", Source: "web", Grade: "public", Note: "identity: unproven; it is kept without the identifiers that it does not prove"},
			1,
			"09:30:05 UTC  accepted  page  web  public\n              identity: unproven; it is kept without the identifiers that it\n              does not prove\n",
		},
		"many": {seenEvent{Fate: "accepted", Type: "page", Source: "web"}, 7, "09:30:05 UTC  accepted  page  × 7  web\n"},
		"rejected": {
			seenEvent{Fate: "rejected", Type: "page", Source: "web", Code: "no_identifier", Reason: "the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)"},
			1,
			"09:30:05 UTC  rejected  page  web\n              no_identifier: the event needs a userId or an anonymousId (or an\n              e-mail, phone, loyalty or device id)\n",
		},
		"a field":        {seenEvent{Fate: "rejected", Type: "track", Code: "missing_name", Field: "event", Reason: "it needs a name"}, 1, "09:30:05 UTC  rejected  track\n              missing_name: event: it needs a name\n"},
		"refused":        {seenEvent{Fate: "refused", Source: "web", Code: "invalid_json", Reason: "the body is not JSON", Events: 1}, 1, "09:30:05 UTC  refused   a request  web\n              invalid_json: the body is not JSON\n"},
		"a large one":    {seenEvent{Fate: "refused", Source: "web", Code: "too_many_events", Reason: "send fewer", Events: 2501}, 1, "09:30:05 UTC  refused   a request of 2501 events  web\n              too_many_events: send fewer\n"},
		"it comes again": {seenEvent{Fate: "failed", Type: "page", Code: "retried", Reason: "later"}, 1, "09:30:05 UTC  failed    page\n              retried: later\n"},
		"a steered name": {seenEvent{Fate: "accepted", Type: "track", Name: "\x1b[31mred"}, 1, "09:30:05 UTC  accepted  track \ufffd[31mred\n"},
		"a long name":    {seenEvent{Fate: "accepted", Type: "track", Name: strings.Repeat("x", 300)}, 1, "09:30:05 UTC  accepted  track " + strings.Repeat("x", 49) + "…\n"},
	} {
		test.event.Received = "2026-11-22T10:30:05+01:00"
		var out, coloured bytes.Buffer
		if err := test.event.write(&out, test.count, false); err != nil {
			t.Error(err)
		}
		if err := test.event.write(&coloured, test.count, true); err != nil {
			t.Error(err)
		}
		if out.String() != test.want {
			t.Errorf("%s: printed\n%s\nwant\n%s", name, &out, test.want)
		}
		if strings.Count(coloured.String(), "\x1b[") != 2 {
			t.Errorf("%s: on a terminal it is printed without a colour, or with several: %q", name, &coloured)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(line); n > 81 {
				t.Errorf("%s: a line of %d characters: %s", name, n, line)
			}
		}
	}
}

// TestTailFollows: it goes on behind what it was told, shows what comes, leaves out what is good with --bad, says what it could not show, and that the
// system ended.
func TestTailFollows(t *testing.T) {
	t.Parallel()
	const good = `{"received":"2026-11-22T09:30:05.250Z","fate":"accepted","message_id":"m","type":"track","name":"A","source":"web","person":"user 1a2b","identifiers":["user"],"grade":"","note":"","code":"","reason":"","field":"","events":1,"request":"r"}`
	const bad = `{"received":"2026-11-22T09:30:06.000Z","fate":"rejected","message_id":"","type":"track","name":"","source":"web","person":"","identifiers":[],"grade":"","note":"","code":"missing_name","reason":"it needs a name","field":"event","events":1,"request":"r"}`
	for args, want := range map[string]string{
		"":                     "09:30:05 UTC  accepted  track A  × 2  web\n09:30:06 UTC  rejected  track  web\n              missing_name: event: it needs a name\n",
		"--bad --json":         bad + "\n",
		"--source web --bad":   "09:30:06 UTC  rejected  track  web\n              missing_name: event: it needs a name\n",
		"--key sk_nobody":      "",
		"--key sk_off --bad":   "",
		"--key sk_demo --json": strings.Repeat(good+"\n", 2) + bad + "\n",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch key, after := r.Header.Get("Authorization"), r.URL.Query().Get("after"); {
			case key == "Bearer sk_off":
				w.WriteHeader(http.StatusNotFound)
				_, _ = fmt.Fprint(w, `{"success":false,"code":"debug_off","message":"it is not listed here"}`)
			case key != "Bearer sk_demo":
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = fmt.Fprint(w, `{"success":false,"code":"unknown_key","message":"the key is not known here"}`)
			case after == "":
				_, _ = fmt.Fprintf(w, `{"events":[%s],"left_out":0,"next":"one","mode":"watched","watched_since":"2099-01-01T09:31:00.000Z"}`, bad)
			case after == "one":
				_, _ = fmt.Fprintf(w, `{"events":[%s,%s,%s],"left_out":7,"next":"two","mode":"watched","watched_since":null}`, good, good, bad)
			default:
				w.WriteHeader(http.StatusBadRequest) // as one that begins anew refuses what it does not know
				_, _ = fmt.Fprint(w, `{"success":false,"code":"bad_cursor","message":"the end"}`)
			}
		}))
		defer server.Close()
		if !strings.Contains(args, "--key") {
			args += " --key sk_demo"
		}
		var out, said bytes.Buffer
		code := run(t.Context(), append([]string{"tail", "--url", server.URL}, strings.Fields(args)...), stdio{Out: &out, Err: &said})
		wanted := []string{"following " + server.URL, "everything is shown from 09:31:00 UTC on", "7 accepted events are not shown", "waymark tail: the end"}
		if want == "" {
			wanted = []string{"waymark tail: "}
		}
		if code != 1 || out.String() != want {
			t.Errorf("waymark tail %s ends with %d and prints\n%s%s\nwant 1 and\n%s", args, code, &out, &said, want)
		}
		for _, part := range wanted {
			if !strings.Contains(said.String(), part) {
				t.Errorf("waymark tail %s says\n%s\nwant %q", args, &said, part)
			}
		}
	}
}

// TestTailOfASystemThatEnds: a system that does not answer any more is told so.
func TestTailOfASystemThatEnds(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(w, `{"events":[],"left_out":0,"next":"one","mode":"always","watched_since":null}`)
	}))
	defer server.Close()
	var out, said bytes.Buffer
	code := run(t.Context(), []string{"tail", "--url", server.URL, "--key", "sk_demo"}, stdio{Out: &out, Err: &said})
	if code != 1 || !strings.Contains(said.String(), "waymark tail: the system ended") {
		t.Errorf("it ends with %d and says %s", code, &said)
	}
}
