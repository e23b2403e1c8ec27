package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// TestPlan gives a source a tracking plan by the command line: the running system tells a client what does not meet it, keeps that as a failed event,
// and shows the nested properties of what does.
func TestPlan(t *testing.T) {
	t.Parallel()
	system := shared(t)
	w := tenant(t, system, "planned")
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"events":{"Signed Up":{"required":{"seats":"integer"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, log, err := system.Run(t.Context(), "keys", "add", "planned", "--source", "app", "--plan", path, "--json")
	var added struct {
		Key struct{ Key string }
	}
	if err != nil || json.Unmarshal([]byte(out), &added) != nil {
		t.Fatalf("keys add: %v\n%s%s", err, out, log)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, system.URL+"/v1/batch", strings.NewReader(`{"batch":[`+
		`{"type":"track","event":"Signed Up","userId":"42","properties":{"seats":"three"}},`+
		`{"type":"track","event":"Signed Up","userId":"42","properties":{"seats":3,"theme":{"colour":"dark"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(added.Key.Key, "")
	const want = `"field":"properties.seats","code":"plan_violation","reason":"the tracking plan is not met: properties.seats must be a whole number, not text"`
	if answer, err := e2e.Do(request); err != nil || answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), want) {
		t.Fatalf("the batch is answered %s, %v, want that %s", answer, err, want)
	}
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	type shown struct {
		Items []struct{ Properties map[string]string }
	}
	timeline := get[shown](t, w, "/v1/profiles/user:42/timeline")
	if len(timeline.Items) != 1 || timeline.Items[0].Properties["theme.colour"] != "dark" || timeline.Items[0].Properties["seats"] != "3" {
		t.Errorf("the timeline has %+v, want the good event with its properties", timeline.Items)
	}
	if out, log, err := system.Run(t.Context(), "failed", "list", "--workspace", "planned"); err != nil || !strings.Contains(out, "plan_violation") {
		t.Errorf("failed list: %v\n%s%s, want the bad event", err, out, log)
	}
}
