package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waymark/shared/domain/trust"
	"waymark/tests/e2e"
)

// TestSignedUsers: a site that takes signed users alone gets its secret by the command line, which shows it once; then the running system knows who is
// proven, and keeps nobody who is not.
func TestSignedUsers(t *testing.T) {
	t.Parallel()
	w := withKey(t, tenant(t, shared(t), "signed"), "pages", "--identity", "signed")
	out, log, err := w.Run(t.Context(), "keys", "identity", "signed", "pages", "--json")
	var made struct {
		Secret string `json:"identity_secret"`
	}
	if err != nil || json.Unmarshal([]byte(out), &made) != nil || made.Secret == "" {
		t.Fatalf("keys identity: %v\n%s%s", err, out, log)
	}
	if out, log, err := w.Run(t.Context(), "keys", "list", "signed", "--json"); err != nil || strings.Contains(out+log, made.Secret) {
		t.Errorf("keys list: %v\n%s%s, want no secret", err, out, log)
	}
	proof := trust.Proof(made.Secret, "7")
	answer, err := w.Post(t.Context(), "/v1/batch", []byte(fmt.Sprintf(`{"batch":[`+
		`{"type":"page","userId":"7","anonymousId":"a","context":{"proof":%q}},`+
		`{"type":"page","userId":"8","anonymousId":"b","context":{"proof":%[1]q}},`+
		`{"type":"page","userId":"8","context":{"proof":%[1]q}}]}`, proof)))
	if err != nil || answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), `"rejected":1`) || !strings.Contains(string(answer.Body), `"code":"unproven_identity"`) {
		t.Fatalf("the batch is answered %s, %v", answer, err)
	}
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	for id, status := range map[string]int{"user:7": http.StatusOK, "anon:b": http.StatusOK, "user:8": http.StatusNotFound} {
		if answer, err := w.Get(t.Context(), "/v1/profiles/"+id); err != nil || answer.Status != status {
			t.Errorf("%s is answered %s, %v, want %d", id, answer, err, status)
		}
	}
	if out, log, err := w.Run(t.Context(), "failed", "list", "--workspace", "signed", "--json"); err != nil || !strings.Contains(out, "unproven_identity") || strings.Contains(out+log, proof) {
		t.Errorf("failed list: %v\n%s%s, want the event without its proof", err, out, log)
	}
}
