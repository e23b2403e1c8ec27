package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"waymark/infra/local"
	"waymark/infra/local/front"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const (
	tookAll   = `{"success":true}`
	noName    = `{"index":%d,"field":"event","code":"missing_name","reason":"a track call needs the name of the event"}`
	noBody    = `{"index":%d,"code":"no_identifier","reason":"the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)"}`
	unknown   = `{"success":false,"code":"unknown_key","message":"the key is not known here; check it, and that it belongs to this installation","details":[]}`
	refusedAt = `{"success":false,"code":"rejected_events","message":"1 of 2 events are bad","details":[%s]}`
)

func tookSome(details ...string) []byte {
	return fmt.Appendf(nil, `{"success":true,"accepted":1,"rejected":1,"details":[%s]}`, strings.Join(details, ","))
}

// secret is what a person is known by; it is never printed.
const secret = "secret@shop.example"

// tailCase is a request, and what is printed of it at half past nine. The function is Collect when left out, and none for "-".
type tailCase struct {
	front.Exchange
	want string
}

func tailCases(t *testing.T) map[string]tailCase {
	t.Helper()
	header := func(said string) http.Header { return http.Header{"Waymark-Rejected": {said}} }
	return map[string]tailCase{
		"one": {
			front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{"event":"Order Completed","userId":"` + secret + `"}`), Status: 200, Answer: []byte(tookAll)},
			"09:30:05 UTC  accepted  track Order Completed\n",
		},
		"a batch of many": {
			front.Exchange{Method: "POST", Path: "/v1/batch/", Body: []byte(`{"batch":[{"type":"track","event":"A"},{"type":"track","event":"A"},{"type":"page","name":"Home"},{"type":"track","event":"A"}]}`), Status: 200, Answer: []byte(tookAll)},
			"09:30:05 UTC  accepted  track A  × 2\n09:30:05 UTC  accepted  page Home\n09:30:05 UTC  accepted  track A\n",
		},
		"some bad, packed": {
			front.Exchange{Method: "POST", Path: "/v1/b", Body: zipped(t, `{"batch":[{"type":"track","event":"A"},{"type":"track"},7]}`), Status: 200, Answer: tookSome(fmt.Sprintf(noName, 1), `{"index":2,"code":"bad_json","reason":"an event must be a JSON object"}`), Header: header("2/3")},
			"09:30:05 UTC  accepted  track A\n09:30:05 UTC  rejected  track\n              missing_name: event: a track call needs the name of the event\n" +
				"09:30:05 UTC  rejected  event\n              bad_json: an event must be a JSON object\n",
		},
		"all bad": {
			front.Exchange{Method: "POST", Path: "/v1/batch", Body: []byte(`{"batch":[{"type":"page"},{"type":"page"}]}`), Status: 200, Answer: tookSome(fmt.Sprintf(noBody, 0), fmt.Sprintf(noBody, 1)), Header: header("2/2")},
			"09:30:05 UTC  rejected  page  × 2\n              no_identifier: the event needs a userId or an anonymousId (or an\n              e-mail, phone, loyalty or device id)\n" +
				"09:30:05 UTC  rejected  all 2 events of POST /v1/batch\n",
		},
		"strict": {
			front.Exchange{Method: "POST", Path: "/v1/batch", Query: "strict=1", Body: []byte(`{"batch":[{"type":"page"},{"type":"track"}]}`), Status: 400, Answer: fmt.Appendf(nil, refusedAt, fmt.Sprintf(noName, 1)), Header: header("1/2")},
			"09:30:05 UTC  refused   page  (400)\n09:30:05 UTC  refused   track  (400)\n              missing_name: event: a track call needs the name of the event\n",
		},
		"a wrong key": {
			front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{"event":"A","userId":"` + secret + `"}`), Status: 401, Answer: []byte(unknown)},
			"09:30:05 UTC  refused   POST /v1/track  (401)\n              unknown_key: the key is not known here; check it, and that it\n              belongs to this installation\n",
		},
		"a pixel": {
			front.Exchange{Method: "GET", Path: "/v1/pixel.gif", Query: "type=track&event=Email+Opened&userId=" + secret, Status: 200, Answer: []byte("GIF89a")},
			"09:30:05 UTC  accepted  track Email Opened\n",
		},
		"a bad pixel": {
			front.Exchange{Method: "GET", Path: "/v1/pixel.gif", Query: "data=eyJ0eXBlIjoianVtcCJ9", Status: 200, Answer: []byte("GIF89a"), Header: header("1/1")},
			"09:30:05 UTC  rejected  jump\n              bad: an image cannot say why; `waymark failed list` can\n",
		},
		"names and reasons that hold a person": {
			front.Exchange{Method: "POST", Path: "/v1/batch", Body: []byte(`{"batch":[{"type":"track","event":"Mail to ` + secret + `"},{"type":"page","name":"call 0301234567"}]}`), Status: 200, Answer: tookSome(`{"index":1,"code":"bad_time","reason":"\"` + secret + `\" is no time"}`)},
			"09:30:05 UTC  accepted  track …\n09:30:05 UTC  rejected  page …\n              bad_time: \"…\" is no time\n",
		},
		"a terminal is not steered": {
			front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{"event":"\u001b[31mred"}`), Status: 200, Answer: []byte(tookAll)},
			"09:30:05 UTC  accepted  track \ufffd[31mred\n",
		},
		"a long name": {
			front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{"event":"` + strings.Repeat("x", 300) + `"}`), Status: 200, Answer: []byte(tookAll)},
			"09:30:05 UTC  accepted  track " + strings.Repeat("x", 49) + "…\n",
		},
		"no JSON":          {front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{`), Status: 400, Answer: []byte(`{"code":"invalid_json","message":"the body is not JSON"}`)}, "09:30:05 UTC  refused   POST /v1/track  (400)\n              invalid_json: the body is not JSON\n"},
		"nothing in it":    {front.Exchange{Method: "POST", Path: "/v1/batch", Body: []byte(`{"batch":[]}`), Status: 200, Answer: []byte(tookAll)}, ""},
		"it broke":         {front.Exchange{Method: "POST", Path: "/v1/track", Body: []byte(`{}`), Status: 500}, "09:30:05 UTC  refused   POST /v1/track  (500)\n              no_answer: Internal Server Error\n"},
		"no such route":    {front.Exchange{Method: "POST", Path: "/v1/trak", Function: "-", Body: []byte(`{}`), Status: 404}, "09:30:05 UTC  refused   POST /v1/trak  (404)\n              no_answer: Not Found\n"},
		"a preflight":      {front.Exchange{Method: "OPTIONS", Path: "/v1/track", Status: 200, Answer: []byte(tookAll)}, ""},
		"another function": {front.Exchange{Method: "POST", Path: "/v1/exports", Function: "Export", Status: 200}, ""},
	}
}

// TestTailPrints: what is printed of each request, in at most 80 columns, and that no person is in it.
func TestTailPrints(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 10, 30, 5, 0, time.FixedZone("CET", 3600))
	for name, test := range tailCases(t) {
		switch x := &test.Exchange; x.Function {
		case "":
			x.Function = collecting
		case "-":
			x.Function = ""
		}
		test.At = at
		var out, machine bytes.Buffer
		for _, f := range fatesIn(test.Exchange) {
			if err := f.write(&out, false); err != nil {
				t.Error(err)
			}
			if err := f.write(&machine, true); err != nil {
				t.Error(err)
			}
		}
		if out.String() != test.want || strings.Contains(machine.String(), secret) {
			t.Errorf("%s: printed\n%s%s\nwant\n%s", name, &out, &machine, test.want)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(line); n > 81 {
				t.Errorf("%s: a line of %d characters: %s", name, n, line)
			}
		}
	}
}

// TestTailFollows: it shows what comes, leaves out what is good with --bad, says what it could not show, and that the system ended.
func TestTailFollows(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET "+local.AboutPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"url":"%s","admin_url":"%[1]s"}`, server.URL)
	})
	mux.HandleFunc("GET /exchanges", func(w http.ResponseWriter, _ *http.Request) {
		lines := json.NewEncoder(w)
		good := front.Exchange{Method: "POST", Path: "/v1/track", Function: collecting, Body: []byte(`{"event":"A"}`), Status: 200, Answer: []byte(tookAll)}
		bad := good
		bad.Body, bad.Answer = []byte(`{}`), tookSome(fmt.Sprintf(noName, 0))
		for _, line := range []any{good, map[string]int{"missed": 7}, bad} {
			if err := lines.Encode(line); err != nil {
				t.Error(err)
			}
		}
	})
	for args, want := range map[string]string{
		"":             "00:00:00 UTC  accepted  track A\n00:00:00 UTC  rejected  track\n              missing_name: event: a track call needs the name of the event\n",
		"--bad --json": `{"at":"0001-01-01T00:00:00Z","fate":"rejected","event":"track","count":1,"class":"missing_name","field":"event","reason":"a track call needs the name of the event","route":"POST /v1/track","status":200}` + "\n",
	} {
		var out, said bytes.Buffer
		code := run(t.Context(), append([]string{"tail", "--url", server.URL}, strings.Fields(args)...), stdio{Out: &out, Err: &said})
		if text := said.String(); code != 1 || out.String() != want || !strings.Contains(text, "7 requests are not shown") || !strings.Contains(text, "waymark tail: the system ended") {
			t.Errorf("waymark tail %s ends with %d and prints\n%s%s\nwant 1 and\n%s", args, code, &out, &said, want)
		}
	}
}
