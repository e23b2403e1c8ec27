package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// importCase is one call of the command.
type importCase struct {
	url, key string // of the environment
	args     string
	stdin    string
	code     int
	out, err string // are in what is printed
}

// TestImportCommand: exit codes and the words that go with them. It sets variables of the environment, so it runs alone.
func TestImportCommand(t *testing.T) {
	url := importFolder(t)
	for name, test := range map[string]importCase{
		"by the environment":    {url: url, key: "wk_env", args: "--mapping good.yaml good.csv", out: "1 accepted, 0 rejected", err: "keys create WORKSPACE --kind server"},
		"with a server's key":   {url: url, key: "ws_ready", args: "--mapping good.yaml good.csv", out: "1 accepted"},
		"by waymark dev":        {args: "--mapping good.yaml good.csv", out: "1 accepted"},
		"from standard input":   {args: "--mapping good.yaml -", stdin: "t,u\n1,a\n2,a\n", out: "2 accepted"},
		"as JSON":               {args: "--json --mapping good.yaml good.csv", out: `"events":{"mapped":1,"repeats":0,"accepted":1,`},
		"dry run needs no key":  {url: url, args: "--dry-run --mapping good.yaml good.csv", out: "nothing was sent"},
		"a bad row":             {args: "--mapping good.yaml bad.csv good.csv", code: 1, out: `"soon" is no time of the layout unix`},
		"a bad row is allowed":  {args: "--allow-rejects --mapping good.yaml bad.csv", out: "1 accepted"},
		"wrong key":             {url: url, key: "wk_no", args: "--mapping good.yaml good.csv", code: 1, out: "NOT COMPLETE", err: "the key is not accepted"},
		"no key":                {url: url, args: "--mapping good.yaml good.csv", code: 2, err: "no server key is known"},
		"no mapping":            {args: "good.csv", code: 2, err: "--mapping FILE is needed"},
		"no file named":         {args: "--mapping good.yaml", code: 2, err: "name at least one file"},
		"no such file":          {args: "--mapping good.yaml none.csv", code: 1, err: "none.csv"},
		"no such mapping":       {args: "--mapping none.yaml good.csv", code: 2, err: "none.yaml"},
		"no such flag":          {args: "--maping x", code: 2, err: "-maping"},
		"no such mapping key":   {args: "--mapping key.yaml good.csv", code: 2, err: `line 1: the mapping knows no key "nam", did you mean "name"?`},
		"no such column":        {args: "--mapping column.yaml good.csv", code: 2, err: `has no column "time"`},
		"flags behind the file": {args: "good.csv --mapping good.yaml", out: "1 accepted"},
		"help is not a failure": {args: "-h", out: "usage: waymark import"},
	} {
		t.Run(name, func(t *testing.T) { test.run(t) })
	}
}

func (test importCase) run(t *testing.T) {
	t.Helper()
	t.Setenv("WAYMARK_URL", test.url)
	t.Setenv("WAYMARK_WRITE_KEY", test.key)
	var out, said bytes.Buffer
	code := cmdImport(t.Context(), strings.Fields(test.args), stdio{In: strings.NewReader(test.stdin), Out: &out, Err: &said})
	if strings.Contains(said.String(), "key of a site") != strings.HasPrefix(test.key, "wk_") {
		t.Errorf("import %s with the key %q says %s", test.args, test.key, &said)
	}
	if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(said.String(), test.err) {
		t.Errorf("import %s = %d, want %d\nout: %s\nwant %s\nerr: %s\nwant %s", test.args, code, test.code, &out, test.out, &said, test.err)
	}
}

// importFolder makes a folder with files and mappings, and a system for them, which runs in it too. It gives the system's address.
func importFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	for name, text := range map[string]string{
		"good.yaml":   "name: m\nversion: 1\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E}]\n",
		"column.yaml": "name: m\nversion: 1\ntime: {column: time, layouts: [unix]}\nidentifiers: {user: u}\nevents: [{event: E}]\n",
		"key.yaml":    "nam: m\n",
		"good.csv":    "t,u\n1700000000,a\n",
		"open.yaml":   "name: m\nversion: 1\nsettings: {u: }\ntime: {column: t, layouts: [unix]}\nidentifiers: {user: {template: \"$(u)-{u}\"}}\nevents: [{event: E}]\n",
		"alb.log":     albLine + "\n",
		"both.json":   `[{"charge":"c","payment_intent":"p","balance_transaction":"b","receipt_number":null,"reason":null,"amount_captured":1,"billing_details":{},"receipt_email":null}]`,
		"bad.csv":     "t,u\nsoon,a\n1700000000,b\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, _, _ := r.BasicAuth(); key != "wk_env" && key != "ws_ready" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	t.Cleanup(server.Close)
	if err := os.Mkdir(".waymark", 0o700); err != nil {
		t.Fatal(err)
	}
	ready := `{"url":"` + server.URL + `","keys":{"write":"wk_ready","server":"ws_ready"}}`
	if err := os.WriteFile(filepath.Join(".waymark", "ready.json"), []byte(ready), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL
}
