package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTail: a batch whose events are all bad says so in a header, and to whoever follows; what is good is followed too. No identifier is shown.
func TestTail(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "tail")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	output, ended, err := w.Follow(ctx, "tail", "--url", w.URL, "--key", w.Keys.Secret)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	if !lines.Scan() || lines.Text() != "following "+w.URL+", Ctrl-C ends it" {
		t.Fatalf("it says %q", lines.Text())
	}
	for body, want := range map[string]string{
		`{"batch":[{"type":"page","messageId":"t1"},{"type":"track","userId":"tail-secret"}]}`: "2/2",
		`{"batch":[{"type":"track","event":"Tail Followed","userId":"tail-secret"}]}`:          "",
	} {
		answer, err := w.Post(t.Context(), "/v1/batch", []byte(body))
		if got := answer.Header.Get("Waymark-Rejected"); err != nil || answer.Status != 200 || got != want {
			t.Errorf("%s is answered %s, %v with the header %q, want %q", body, answer, err, got, want)
		}
	}
	wanted := []string{"  rejected  track", "  accepted  track Tail Followed", "              no_identifier: the event needs a userId"}
	for len(wanted) > 0 && lines.Scan() {
		wanted = slices.DeleteFunc(wanted, func(part string) bool { return strings.Contains(lines.Text(), part) })
		if strings.Contains(lines.Text(), "tail-secret") {
			t.Errorf("it shows a person: %s", lines.Text())
		}
	}
	if len(wanted) > 0 {
		t.Errorf("it ended without %q: %v", wanted, lines.Err())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Ctrl-C ends it with %v, want 0", err)
	}
}

// TestFindFromAnywhere: a command finds the system by its address alone, or by its folder alone, from a folder outside of the project.
func TestFindFromAnywhere(t *testing.T) {
	t.Parallel()
	w := demo(t)
	folder := t.TempDir()
	for _, test := range []struct{ args, want string }{
		{"kpi --url " + w.URL, "days in UTC"},
		{"workspace list --url " + w.URL, "demo "},
		{"keys list demo --data " + w.Data, "wk_demo"},
		{"failed list --class none --data " + w.Data, "There are no failed events of the class none."},
		{"invoke Query --url " + w.URL, `"statusCode"`},
	} {
		out, log, err := w.RunIn(t.Context(), folder, strings.Fields(test.args)...)
		if err != nil || !strings.Contains(out, test.want) {
			t.Errorf("waymark %s prints %s%s, %v, want %s", test.args, out, log, err, test.want)
		}
	}
	_, log, err := w.RunIn(t.Context(), folder, "kpi")
	if want := fmt.Sprintf("neither %s nor a", folder); err == nil || !strings.Contains(strings.ReplaceAll(log, "\n", " "), want) {
		t.Errorf("without a word the command says %s, %v, want %s", log, err, want)
	}
}
