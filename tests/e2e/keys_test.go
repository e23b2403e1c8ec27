package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// aKey is a key as `waymark keys create --json` and `rotate --json` print it.
type aKey struct {
	Key, Source, Kind string
	Expires           int64
}

// keys runs `waymark keys … --json` and reads the key that it prints.
func keys(t testing.TB, w e2e.Tenant, args ...string) aKey {
	t.Helper()
	out, log, err := w.Run(t.Context(), append(append([]string{"keys"}, args...), "--json")...)
	if err != nil {
		t.Fatalf("waymark keys %v: %v: %s%s", args, err, out, log)
	}
	var made struct{ Key aKey }
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return made.Key
}

// post sends one event with a key, as a server does.
func postAs(t testing.TB, w e2e.Tenant, key, id string, headers map[string]string) e2e.Answer {
	t.Helper()
	body := fmt.Sprintf(`{"batch":[{"type":"track","event":"Seen","userId":"42","messageId":%q}]}`, id)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/v1/batch", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(key, "")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := e2e.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestKeys: a source is a site or a server. A server's key is printed once, stored nowhere, told nobody who may only read, rotated by its hash while both
// work, and refused, counted and told of when it comes from a page.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "keys")
	if !strings.HasPrefix(w.Keys.Write, "wk_") || !strings.HasPrefix(w.Keys.Server, "ws_") || !strings.HasPrefix(w.Keys.Secret, "sk_") {
		t.Errorf("a new workspace has the keys %+v", w.Keys)
	}
	crm, kiosk := keys(t, w, "create", "keys", "--kind", "server", "--source", "crm"), keys(t, w, "add", "keys", "--source", "kiosk")
	again := keys(t, w, "create", "keys", "--source", "crm") // of the kind that the source has
	for _, k := range []struct {
		aKey
		prefix, kind string
	}{{crm, "ws_", "server"}, {again, "ws_", "server"}, {kiosk, "wk_", ""}} {
		if !strings.HasPrefix(k.Key, k.prefix) || k.Kind != k.kind {
			t.Errorf("made %+v, want %s", k.aKey, k.prefix)
		}
	}
	for args, code := range map[string]string{
		"--kind server --source kiosk":                                "is a site, and a source has keys of one kind",
		"--kind site --source crm":                                    "is a server, and a source has keys of one kind",
		"--kind till":                                                 "a source is a site or a server",
		"--kind server --origin https://shop.example":                 "refused from every page",
		"--kind server --source plausible --alias plausible:a.shop":   "an alias stands in pages",
		"--role secret --kind server":                                 "belongs to no source",
		"--kind server --source crm --alias plausible:b.shop.example": "an alias stands in pages",
	} {
		if _, log, err := w.Run(t.Context(), append([]string{"keys", "create", "keys"}, strings.Fields(args)...)...); err == nil || !strings.Contains(log, code) {
			t.Errorf("keys create %s: %v, %s; want %q", args, err, log, code)
		}
	}
	listed, _, err := w.Run(t.Context(), "keys", "list", "keys")
	if err != nil || strings.Contains(listed, "ws_") || strings.Contains(listed, "sk_") || !strings.Contains(listed, w.Keys.Write) {
		t.Errorf("keys list: %v\n%s", err, listed)
	}
	hash := regexp.MustCompile(`(sha256:[0-9a-f]{12}) +write +server +crm `).FindStringSubmatch(listed)
	if hash == nil {
		t.Fatalf("keys list does not show the server's key:\n%s", listed)
	}
	if told := get[json.RawMessage](t, w, "/v1/status"); bytes.Contains(told, []byte("ws_")) || !bytes.Contains(told, []byte(hash[1])) {
		t.Errorf("GET /v1/status tells %s", told)
	}

	next := keys(t, w, "rotate", "keys", hash[1], "--overlap", "1h")
	if next.Kind != "server" || next.Source != "crm" || !strings.HasPrefix(next.Key, "ws_") || next.Expires != 0 {
		t.Errorf("rotated to %+v", next)
	}
	for _, key := range []string{crm.Key, next.Key} {
		if answer := postAs(t, w, key, "by-"+key, nil); answer.Status != http.StatusOK {
			t.Errorf("during the overlap a key is answered %s", answer)
		}
	}
	last := keys(t, w, "rotate", "keys", next.Key, "--overlap", "0s")
	if answer := postAs(t, w, last.Key, "by-last", nil); answer.Status != http.StatusOK {
		t.Errorf("the last key is answered %s", answer)
	}
	checkLeak(t, w, last.Key)
}

// checkLeak sends with the key of a server as a page does.
func checkLeak(t *testing.T, w e2e.Tenant, key string) {
	t.Helper()
	answer := postAs(t, w, key, "leaked", map[string]string{"Origin": "https://shop.example"})
	command := regexp.MustCompile("`waymark keys rotate keys (sha256:[0-9a-f]{12}) --overlap 1h`").FindSubmatch(answer.Body)
	if answer.Status != http.StatusForbidden || !bytes.Contains(answer.Body, []byte("server_key_leaked")) || command == nil {
		t.Fatalf("a server's key from a page is answered %s", answer)
	}
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		if by := get[qualityAnswer](t, w, "/v1/quality?source=crm").Total.RefusedBy; by["server_key_leaked"] != 1 {
			return errors.New(text(by))
		}
		return nil
	})
	if err != nil {
		t.Errorf("counted as refused: %v, want one server_key_leaked", err)
	}
	advice, _, err := w.Run(t.Context(), "doctor", "--url", w.URL, "--key", w.Keys.Secret)
	if err == nil || !strings.Contains(advice, "waymark keys rotate keys "+string(command[1])) || !strings.Contains(advice, "waymark workspace set keys --orders server") {
		t.Errorf("waymark doctor: %v\n%s", err, advice)
	}
	keys(t, w, "rotate", "keys", string(command[1]), "--overlap", "1h") // what the answer says can be done
}
