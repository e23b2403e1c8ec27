package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// answers are what a system says, by method and path.
var answers = map[string]string{
	"GET /v1/profiles/user:42": `{"person":"user:42","identifiers":[{"id":"user:42"},{"id":"anon:7f\u001b[2J","linked":{"to":"user:42","at":"2026-11-20T10:00:00.000Z","event":"m3"}}],
		"traits":{"plan":{"value":"gold","at":"2026-11-20T10:00:00.000Z","source":"web"}},"stage":{"current":"loyalty","since":"2026-11-20T10:00:00.000Z","model":"default@1","history":[]},
		"first_seen":"2026-11-18T10:00:00.000Z","last_seen":"2026-11-20T10:00:00.000Z","touchpoints":5,"channels":{"email":1,"direct":4},"orders":{"count":1,"revenue":[{"currency":"EUR","amount":"12.50"}]}}`,
	"GET /v1/profiles/anon:a%2Fb/why?other=email%3Aa%40b.c": `{"id":"anon:a/b","other":"email:a@b.c","same":true,"persons":["user:42"],"apart":null,"chain":[
		{"child":"anon:a/b","parent":"user:42","at":"2026-11-20T10:00:00.000Z","event":"m3","source":"web","counts":true},
		{"child":"email:a@b.c","parent":"user:42","at":"2026-11-21T10:00:00.000Z","event":"` + strings.Repeat("m", 200) + `","source":"crm","counts":false}]}`,
	"GET /v1/profiles/device:d/why?other=user%3A2": `{"id":"device:d","other":"user:2","same":false,"persons":["user:1","user:2"],"chain":[],"apart":{"rule":"earlier_link",
		"child":"device:d","parent":"user:2","at":"2026-11-21T10:00:00.000Z","instead":{"child":"device:d","parent":"user:1","at":"2026-11-20T10:00:00.000Z","event":"m1","source":"web","counts":true}}}`,
	"GET /v1/profiles/anon:a/why?other=user%3A2": `{"id":"anon:a","other":"user:2","same":false,"persons":["anon:a","user:2"],"chain":[],"apart":{"rule":"cut",
		"child":"anon:a","parent":"user:2","at":"2026-11-21T10:00:00.000Z","reason":"two people"}}`,
	"GET /v1/profiles/anon:a/why?other=user%3A3": `{"id":"anon:a","other":"user:3","same":false,"persons":["anon:a","user:3"],"chain":[],"apart":null}`,
	`POST /v1/identities/unlink {"id":"anon:a"}`: `{"success":true,"links":[{"child":"anon:a","parent":"user:2","at":"2026-11-21T10:00:00.000Z","undone":false}],
		"persons":[{"person":"anon:a","members":1,"identifiers":["anon:a"]},{"person":"user:2","members":3,"identifiers":[]}],"more":false}`,
	`POST /v1/identities/unlink {"from":"user:2","id":"anon:a","reason":"x","undo":true}`: `{"success":true,"links":[{"child":"anon:a","parent":"user:2","at":"2026-11-21T10:00:00.000Z","undone":true}],
		"persons":[{"person":"user:2","members":4,"identifiers":[]}],"more":false}`,
}

func TestProfileCommand(t *testing.T) {
	all := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked := strings.TrimSpace(r.Method + " " + r.RequestURI + " " + string(body))
		answer, found := answers[asked]
		switch {
		case r.Header.Get("Authorization") != "Bearer sk_test":
			w.WriteHeader(http.StatusUnauthorized)
		case asked == `POST /v1/identities/unlink {"all":true,"id":"user:2"}`:
			all++
			answer = `{"success":true,"links":[],"persons":[],"more":` + map[bool]string{true: "true", false: "false"}[all < 3] + `}`
		case !found:
			w.WriteHeader(http.StatusNotFound)
			answer = `{"code":"no_person","message":"nothing is known of ` + strings.ReplaceAll(asked, `"`, "'") + `"}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	t.Setenv("WAYMARK_URL", server.URL)
	t.Setenv("WAYMARK_SECRET_KEY", "sk_test")
	for _, test := range []struct {
		args string
		code int
		out  string // all of it; * for anything
		err  string // is in what is printed
	}{
		{
			args: "show user:42",
			out: "person       user:42\nstage        loyalty since 2026-11-20 10:00 UTC\nseen         2026-11-18 10:00 UTC to 2026-11-20 10:00 UTC, 5 touchpoints\n" +
				"channels     direct 4, email 1\norders       1, 12.50 EUR\ntrait        plan = \"gold\"\n\nuser:42\nanon:7f\\x1b[2J\n  → user:42\n    by m3 at 2026-11-20 10:00 UTC\n",
		},
		{
			args: "why anon:a/b email:a@b.c",
			out: "one person: user:42\n\nanon:a/b\n  → user:42\n    by m3 of web at 2026-11-20 10:00 UTC\nemail:a@b.c\n  → user:42 (spare: another counts)\n    by " +
				strings.Repeat("m", 33) + "… of crm at 2026-11-21 10:00 UTC\n",
		},
		{
			args: "why device:d user:2",
			out: "two persons:\n  user:1\n  user:2\n\ndevice:d\n  → user:2\n    does not count: an earlier link does (2026-11-21 10:00 UTC)\n\n" +
				"Instead counts\ndevice:d\n  → user:1\n    by m1 of web at 2026-11-20 10:00 UTC\n",
		},
		{args: "why anon:a user:2", out: "two persons:\n  anon:a\n  user:2\n\nanon:a\n  → user:2\n    does not count: it was cut (2026-11-21 10:00 UTC)\n    two people\n"},
		{args: "why anon:a user:3", out: "two persons:\n  anon:a\n  user:3\n\nNo link ever joined them.\n"},
		{
			args: "unlink anon:a",
			out:  "anon:a\n  → user:2: cut\n\nNow there are\n  anon:a (identifiers: 1)\n  user:2 (identifiers: 3)\nThe next rollup computes the numbers anew.\n",
		},
		{
			args: "unlink --from user:2 --undo --reason x anon:a",
			out:  "anon:a\n  → user:2: counts again\n\nNow there are\n  user:2 (identifiers: 4)\nThe next rollup computes the numbers anew.\n",
		},
		{args: "unlink user:2 --all", out: "\nNow there are\nThe next rollup computes the numbers anew.\n"},
		{args: "why anon:a user:3 --json", out: answers["GET /v1/profiles/anon:a/why?other=user%3A3"] + "\n"},
		{args: "show user:nobody", code: 1, err: "waymark profile show: nothing is known of"},
		{args: "show", code: 2, err: "waymark profile show ID"},
		{args: "why anon:a", code: 2, err: "waymark profile why ID OTHER"},
		{args: "merge a b", code: 2, err: "waymark profile show ID"},
		{args: "show user:42 --undo", code: 2, err: "waymark profile show ID"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"profile"}, strings.Fields(test.args)...), stdio{Out: &out, Err: &errs})
		if code != test.code || out.String() != test.out || !strings.Contains(errs.String(), test.err) {
			t.Errorf("profile %s ends with %d and prints\n%s%s\nwant %d and\n%s%s", test.args, code, out.String(), errs.String(), test.code, test.out, test.err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && !strings.Contains(test.args, "json") {
				t.Errorf("profile %s prints a line of %d characters: %s", test.args, n, line)
			}
		}
	}
	if all != 3 {
		t.Errorf("a person of 250 links was unlinked in %d requests, want 3", all)
	}
}
