package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// TestEdge sends what rudder-sdk-python sends unless told otherwise, a packed body that says it is JSON: counted behind the edge, which `waymark dev`
// plays, and refused by name with --edge=off, as by the bare HTTP API.
func TestEdge(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "edge")
	answer := sendPacked(t, w)
	if answer.Status != http.StatusOK || string(answer.Body) != `{"success":true}` {
		t.Fatalf("with the edge it is answered %s", answer)
	}
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	type person struct {
		Touchpoints int `json:"touchpoints"`
	}
	if got := get[person](t, w, "/v1/profiles/user:edge-42").Touchpoints; got != 1 {
		t.Errorf("the person has %d touchpoints, want the one that was packed", got)
	}
	settings := get[struct {
		Integrations map[string]struct{ APIHost, APIKey, Protocol string }
	}](t, w, "/v1/projects/"+w.Keys.Write+"/settings?writeKey="+w.Keys.Write)
	if got := settings.Integrations["Segment.io"]; "http://"+got.APIHost != w.URL+"/v1" || got.APIKey != w.Keys.Write || got.Protocol != "http" {
		t.Errorf("the settings say %+v, want %s", got, w.URL)
	}

	bare, err := e2e.Start(t.Context(), e2e.Config{
		Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "bare"), Flags: []string{"--memory", "--edge=off"},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer = sendPacked(t, e2e.Tenant{System: bare, Keys: bare.Keys})
	if answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), `"code":"gzip_damaged"`) {
		t.Errorf("without the edge it is answered %s", answer)
	}
	if err := bare.Stop(); err != nil {
		t.Error(err)
	}
}

func sendPacked(t *testing.T, w e2e.Tenant) e2e.Answer {
	t.Helper()
	var body bytes.Buffer
	pack := gzip.NewWriter(&body)
	if _, err := pack.Write([]byte(`{"batch":[{"type":"page","userId":"edge-42","messageId":"packed-1"}],"writeKey":"` + w.Keys.Write + `"}`)); err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, w.URL+"/v1/batch", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	answer, err := e2e.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
