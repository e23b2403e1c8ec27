package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	aSite   = `{"source":"web","kind":"site","write_key":"wk_web","key_hash":null,"identity":"open","expires":null}`
	aSigned = `{"source":"app","kind":"site","write_key":"wk_app","key_hash":null,"identity":"signed","expires":null}`
	aServer = `{"source":"shop","kind":"server","write_key":null,"key_hash":"sha256:012345678901","identity":"open","expires":null}`
)

func aState(dead, failed, orders string, sources ...string) string {
	return `{"queues":{"touchpoints":{"waiting":0,"in_flight":0,"dead":` + dead + `}},"failed":{` + failed + `},"workspace":{"name":"demo","orders":"` + orders +
		`","sources":[` + strings.Join(sources, ",") + `]}}`
}

// TestDoctor: what is wrong and what is advised, by what the workspace is and by what its sources sent; settings are advised once a server sends.
func TestDoctor(t *testing.T) {
	t.Parallel()
	const sent = `{"day":"2026-11-29","source":"shop","received":1,"accepted":1}`
	const only = "waymark workspace set demo --orders server"
	const signed = "waymark keys set demo wk_web --identity signed"
	for name, c := range map[string]struct {
		state, rows string
		code        int
		want        []string // lines of the output that say what to do
	}{
		"a new workspace":        {aState("0", "", "any", aSite, aServer), "", 0, nil},
		"a site alone sends":     {aState("0", "", "any", aSite, aServer), strings.ReplaceAll(sent, "shop", "web"), 0, nil},
		"a server sends":         {aState("0", "", "any", aSite, aServer, aSigned), sent, 0, []string{only, signed}},
		"a server was refused":   {aState("0", "", "any", aSite, aServer), strings.ReplaceAll(sent, `"accepted":1`, `"rejected":1`), 0, nil},
		"orders are settled":     {aState("0", "", "server", aSite, aServer), sent, 0, []string{signed}},
		"everything is settled":  {aState("0", "", "server", aSigned, aServer), sent, 0, nil},
		"dead and failed events": {aState("2", `"bad_time":3,"a":1`, "any"), "", 1, []string{"waymark failed dead", "waymark failed list --class a", "waymark failed list --class bad_time"}},
		"a burst of new persons": {
			strings.Replace(aState("0", "", "server", aSigned, aServer), "{", `{"alerts":[{"source":"web","persons":1234,"usual_persons":5,"command":"waymark quarantine apply --source web"}],`, 1),
			sent, 1,
			[]string{"waymark quarantine apply --source web"},
		},
		"a key has leaked": {
			aState("0", "", "server", aSigned, aServer), strings.Replace(sent, `"accepted":1`, `"refused":1,"refused_by":{"server_key_leaked":1}`, 1),
			1,
			[]string{"waymark keys rotate demo sha256:012345678901 --overlap 1h"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := map[string]string{"/v1/status": c.state, "/v1/quality": `{"rows":[` + c.rows + `]}`}[r.URL.Path]
				_, _ = w.Write([]byte(answer))
			}))
			defer server.Close()
			for _, asJSON := range []string{"", "--json"} {
				var out, said bytes.Buffer
				args := strings.Fields("doctor --url " + server.URL + " --key sk_x " + asJSON)
				if code := run(t.Context(), args, stdio{Out: &out, Err: &said}); code != c.code || said.Len() > 0 {
					t.Errorf("ends with %d, want %d: %s", code, c.code, &said)
				}
				rest := out.String()
				for _, want := range c.want {
					var found bool
					if _, rest, found = strings.Cut(rest, want); !found {
						t.Errorf("%s\ndoes not say %s in its place", &out, want)
					}
				}
				if strings.Contains(rest, "waymark ") || len(c.want) == 0 && asJSON == "" && !strings.Contains(out.String(), "nothing is wrong") {
					t.Errorf("says more than %q:\n%s", c.want, &out)
				}
			}
		})
	}
}
