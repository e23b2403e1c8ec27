package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/workspace"
)

const (
	appliedBody = `{"success":true,"quarantine":{"id":"q-20261121-1","source":"site","received":{"from":"2026-11-20T00:00:00.000Z","to":"2026-11-21T00:00:00.000Z"},
"when":{},"about":"events of source site received from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z, of grade public, from network 203.0.113.0/24",
"reason":"a script\u001b[31m that read our pages","applied":"2026-11-21T09:00:00.000Z","lifted":null},"counted":false,"rollup":"1795251600000"}`
	listedBody = `{"counted":false,"items":[{"id":"q-20261121-2","about":"events of source till","applied":"2026-11-21T09:00:00.000Z","lifted":"2026-11-21T10:00:00.000Z"},
{"id":"q-20261121-1","about":"events of source site","reason":"a script","applied":"2026-11-21T09:00:00.000Z","lifted":null}]}`
	previewBody = `{"preview":true,"about":"events of source site received from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z","events":12345,"identifiers":678,
"persons":321,"changed":322,"orders":7,"time_zone":"Europe/London","days":["2026-10-25","2026-11-20"],"kpis":[
{"metric":"orders","unit":"count","before":{"numerator":507,"denominator":null,"value":507},"after":{"numerator":7,"denominator":null,"value":7}},
{"metric":"revenue","unit":"GBP","before":{"numerator":"5.00","denominator":null,"value":"5.00"},"after":{"numerator":"1998.00","denominator":null,"value":"1998.00"}},
{"metric":"conversion","unit":"ratio","before":{"numerator":1,"denominator":3,"value":0.3333333333333333},"after":{"numerator":0,"denominator":0,"value":null}},
{"metric":"sessions","unit":"count","before":{"numerator":5,"denominator":null,"value":5},"after":{"numerator":5,"denominator":null,"value":5}}]}`
	rolledBody = `{"id":"1795251600000","workspace":"shop","persons":1234,"windows":40,"changed":39,"done":true,"waiting":0}`
)

// TestQuarantineCommand sets variables of the environment, so it runs alone.
func TestQuarantineCommand(t *testing.T) {
	var asked []string
	var body quarantineBody
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		said := map[string]string{"GET /v1/quarantines": listedBody, "POST /v1/quarantines": appliedBody, "POST /v1/rollups": rolledBody}[r.Method+" "+r.URL.Path]
		if r.URL.Path == "/v1/quarantines" && r.Method == http.MethodPost {
			if err := json.Unmarshal(text, &body); err != nil {
				t.Error(err)
			}
			if body.Preview {
				said = previewBody
			}
		}
		if r.Method == http.MethodDelete {
			said = strings.Replace(appliedBody, `"lifted":null`, `"lifted":"2026-11-21T10:00:00.000Z"`, 1)
		}
		_, _ = w.Write([]byte(said))
	}))
	defer server.Close()
	t.Setenv("WAYMARK_URL", server.URL)
	t.Setenv("WAYMARK_SECRET_KEY", "sk_env")
	about := []string{"--source", "site", "--from", "2026-11-20", "--to", "2026-11-21"}
	for name, c := range map[string]struct {
		args  []string
		code  int
		asked string
	}{
		"preview": {append([]string{"preview", "--property", "release=2.4.0", "--property", "release=2.4.1", "--property", "beta=true", "--type", "page", "--name", "A *"}, about...), 0, "POST /v1/quarantines"},
		"apply":   {append([]string{"apply", "--grade", "public", "--device", "bot", "--campaign", "test *", "--network", "203.0.113.0/24", "--page", "/a", "--reason", "a script"}, about...), 0, "POST /v1/quarantines POST /v1/rollups"},
		"now":     {append([]string{"apply", "--wait", "0s"}, about...), 0, "POST /v1/quarantines"},
		"list":    {[]string{"list"}, 0, "GET /v1/quarantines"},
		"lift":    {[]string{"lift", "q-20261121-1"}, 0, "DELETE /v1/quarantines/q-20261121-1 POST /v1/rollups"},
		"json":    {[]string{"list", "--json"}, 0, "GET /v1/quarantines"},
		"help":    {[]string{"-h"}, 0, ""},
		"nothing": {[]string{"apply", "--source", "site"}, 2, ""},
		"unknown": {[]string{"drop"}, 2, ""},
		"pair":    {append([]string{"preview", "--property", "release"}, about...), 1, ""},
	} {
		asked, body = nil, quarantineBody{}
		var out, problems bytes.Buffer
		code := run(t.Context(), append([]string{"quarantine"}, c.args...), stdio{In: strings.NewReader(""), Out: &out, Err: &problems})
		if code != c.code || strings.Join(asked, " ") != c.asked {
			t.Errorf("%s exits with %d after %v, want %d after %s: %s%s", name, code, asked, c.code, c.asked, out.String(), problems.String())
		}
		golden := "testdata/quarantine_" + name + ".golden.txt"
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || out.String() != string(want) {
			t.Errorf("%s prints\n%s\nwant\n%s (%v)", name, out.String(), want, err)
		}
		for line := range strings.Lines(out.String() + problems.String()) {
			if width := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 80 && name != "json" || strings.Contains(line, "\x1b") {
				t.Errorf("%s prints a line of %d columns: %q", name, width, line)
			}
		}
		switch name {
		case "preview":
			w := workspace.Condition{Types: body.When.Types, Names: []string{"A *"}, Properties: []workspace.PropertyIs{
				{Name: "release", Op: "in", Values: []string{"2.4.0", "2.4.1"}}, {Name: "beta", Op: "in", Values: []string{"true"}},
			}}
			sameBody(t, body, quarantineBody{Source: "site", Received: receivedBody{"2026-11-20", "2026-11-21"}, When: w, Preview: true})
		case "apply":
			w := workspace.Condition{
				Pages: []string{"/a"}, Grades: []string{"public"}, Devices: []string{"bot"}, Campaigns: []string{"test *"}, Networks: []string{"203.0.113.0/24"},
			}
			sameBody(t, body, quarantineBody{Source: "site", Received: receivedBody{"2026-11-20", "2026-11-21"}, When: w, Reason: "a script"})
		}
	}
}

func sameBody(t *testing.T, got, want quarantineBody) {
	t.Helper()
	is, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if wanted, err := json.Marshal(want); err != nil || string(is) != string(wanted) {
		t.Errorf("the order is %s, want %s (%v)", is, wanted, err)
	}
}
