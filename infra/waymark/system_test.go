package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/infra/local"
)

// aSystem is a system that answers GET /v1/kpis to one key. A `waymark dev` tells of itself as well.
func aSystem(t *testing.T, key string, isDev bool) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /v1/kpis", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"code":"unknown_key","message":"the key is not known here"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"time_zone":"%s","model":"m","rows":[]}`, server.URL)
	})
	if isDev {
		mux.HandleFunc("GET "+local.AboutPath, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, readyOf(server, key))
		})
	}
	return server
}

func readyOf(server *httptest.Server, key string) string {
	return fmt.Sprintf(`{"url":"%s","admin_url":"http://127.0.0.1:1","keys":{"secret":"%s","write":"wk_x"},"env":{"TABLE_NAME":"table-of-%[2]s"}}`, server.URL, key)
}

// TestFindTheSystem: each way in which a command is told which system it talks to, from a folder outside of any project, and what it says when it
// finds none. It sets variables and the folder, so it runs alone.
func TestFindTheSystem(t *testing.T) {
	dev, other := aSystem(t, "sk_dev", true), aSystem(t, "sk_other", false)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	home := t.TempDir()
	project, elsewhere := filepath.Join(home, "project"), filepath.Join(home, "elsewhere")
	data, killed, broken := filepath.Join(project, ".waymark"), filepath.Join(home, "killed"), filepath.Join(home, "broken")
	for _, folder := range []string{filepath.Join(project, "deep", "er"), elsewhere, data, killed, broken} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for folder, text := range map[string]string{data: readyOf(dev, "sk_dev"), killed: readyOf(gone, "sk_gone"), broken: "{"} {
		if err := os.WriteFile(local.ReadyFile(folder), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	type environment map[string]string
	for name, test := range map[string]struct {
		in   string // "" for elsewhere
		env  environment
		args string
		want string // the address of the system that answers
		err  string // is in what is printed
	}{
		"in the project":            {in: project, want: dev.URL},
		"below the project":         {in: filepath.Join(project, "deep", "er"), want: dev.URL},
		"data folder":               {args: "--data " + data, want: dev.URL},
		"project as data folder":    {args: "--data " + project, want: dev.URL},
		"data folder from here":     {args: "--data ../project/.waymark", want: dev.URL},
		"address alone":             {args: "--url " + dev.URL, want: dev.URL},
		"address with a slash":      {args: "--url " + dev.URL + "/", want: dev.URL},
		"address and key":           {args: "--url " + other.URL + " --key sk_other", want: other.URL},
		"WAYMARK_URL alone":         {env: environment{"WAYMARK_URL": dev.URL}, want: dev.URL},
		"WAYMARK_URL and key":       {env: environment{"WAYMARK_URL": other.URL, "WAYMARK_KEY": "sk_other"}, want: other.URL},
		"WAYMARK_SECRET_KEY":        {env: environment{"WAYMARK_URL": other.URL, "WAYMARK_SECRET_KEY": "sk_other", "WAYMARK_KEY": "wk_other"}, want: other.URL},
		"a flag before a variable":  {env: environment{"WAYMARK_URL": other.URL}, args: "--url " + dev.URL, want: dev.URL},
		"a folder before it":        {env: environment{"WAYMARK_URL": other.URL}, args: "--data " + data, want: dev.URL},
		"a variable before here":    {in: project, env: environment{"WAYMARK_URL": other.URL}, args: "--key sk_other", want: other.URL},
		"the key of another system": {args: "--url " + dev.URL + " --key sk_other", err: "the key is not known here (unknown_key)"},

		"nothing":               {err: "waymark kpi: no running system is found.\nNeither --url nor --data is given, WAYMARK_URL is not set, and neither"},
		"two":                   {args: "--url " + dev.URL + " --data " + data, err: "--url and --data name two systems"},
		"no key":                {args: "--url " + other.URL, err: "no secret key is known for " + other.URL + ": set WAYMARK_KEY or give --key sk_…"},
		"no such folder":        {args: "--data none", err: "no `waymark dev` runs with --data none: there is no ready.json in it"},
		"killed":                {args: "--data " + killed, err: "nothing answers at " + gone.URL + ", where " + local.ReadyFile(killed) + " says that a `waymark dev` runs.\nIt was killed"},
		"broken":                {args: "--data " + broken, err: "names no system: start `waymark dev` again"},
		"nobody at the address": {args: "--url " + gone.URL + " --key sk_x", err: "The address is that of --url. Is the system running?"},
		"nobody at WAYMARK_URL": {env: environment{"WAYMARK_URL": gone.URL, "WAYMARK_KEY": "sk_x"}, err: "The address is that of WAYMARK_URL. Is the system running?"},
		"no address":            {args: "--url 127.0.0.1:3000", err: `--url is "127.0.0.1:3000", and an address is like http://127.0.0.1:3000`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(elsewhere)
			if test.in != "" {
				t.Chdir(test.in)
			}
			for _, variable := range []string{"WAYMARK_URL", "WAYMARK_KEY", "WAYMARK_SECRET_KEY", "WAYMARK_WRITE_KEY", "TABLE_NAME"} {
				t.Setenv(variable, test.env[variable])
			}
			var out, said bytes.Buffer
			code := run(t.Context(), append([]string{"kpi"}, strings.Fields(test.args)...), stdio{Out: &out, Err: &said})
			if isFound := test.err == ""; (code == 0) != isFound || isFound && !strings.Contains(out.String(), test.want) || !strings.Contains(said.String(), test.err) {
				t.Errorf("waymark kpi %s ends with %d and prints\n%s%s\nwant %s%s", test.args, code, &out, &said, test.want, test.err)
			}
		})
	}
}

// TestFindTheTable: a command that works on the table finds its variables in the same ways.
func TestFindTheTable(t *testing.T) {
	dev, other := aSystem(t, "sk_dev", true), aSystem(t, "sk_other", false)
	data := t.TempDir()
	if err := os.WriteFile(local.ReadyFile(data), []byte(readyOf(dev, "sk_dev")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, test := range map[string]struct {
		place            place
		url, table, want string
		err              string
	}{
		"by the variables":      {url: other.URL, table: "own", want: "own"},
		"by WAYMARK_URL":        {url: dev.URL, want: "table-of-sk_dev"},
		"by --url":              {place: place{url: dev.URL}, table: "own", want: "table-of-sk_dev"},
		"by --data":             {place: place{data: data}, table: "own", want: "table-of-sk_dev"},
		"of another system":     {place: place{url: other.URL}, err: "This command works on the table itself: name a `waymark dev` of this machine"},
		"of one far away":       {place: place{url: "https://api.shop.example"}, err: "https://api.shop.example is no `waymark dev` on this machine"},
		"of none":               {err: "no running system is found"},
		"of one that is no one": {place: place{url: "http://127.0.0.1:1"}, err: "nothing answers at http://127.0.0.1:1, which --url names"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("WAYMARK_URL", test.url)
			t.Setenv("TABLE_NAME", test.table)
			getenv, err := test.place.env(t.Context())
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("the error is %v, want %s", err, test.err)
			}
			if err == nil && getenv("TABLE_NAME") != test.want {
				t.Errorf("the table is %s, want %s", getenv("TABLE_NAME"), test.want)
			}
		})
	}
}

// TestNotFoundReads: the words fit into 80 columns, and name a system at the usual address.
func TestNotFoundReads(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for line := range strings.Lines(notFound(t.Context()).Error()) {
		if n := utf8.RuneCountInString(line); n > 81 && !strings.Contains(line, folder) {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
}
