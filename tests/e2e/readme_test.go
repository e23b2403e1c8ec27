package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

var (
	fence   = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	address = regexp.MustCompile(`http://127\.0\.0\.1:3000`)
)

// TestReadme runs every curl line of the README, in its order. One that reads what another has just sent may have to wait a moment.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range fence.FindAllSubmatch(readme, -1) {
		line := string(block[1])
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		ran++
		line = address.ReplaceAllString(line, shared(t).URL)
		if err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error { return succeeds(ctx, line) }); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
	if ran < 2 {
		t.Errorf("the README has %d blocks that begin with curl, want one that sends and one that reads", ran)
	}
	if profile := get[person](t, demo(t), "/v1/profiles/user:42"); profile.Touchpoints == 0 || profile.Stage.Current == "" {
		t.Errorf("after the README's lines the profile of user:42 is %s", profile.summary())
	}
}

// succeeds runs a line of shell and looks at what it prints.
func succeeds(ctx context.Context, line string) error {
	command := exec.CommandContext(ctx, "bash", "-c", line)
	var log bytes.Buffer
	command.Stderr = &log
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, log.String())
	}
	if len(out) == 0 || bytes.Contains(out, []byte(`"success":false`)) {
		return errors.New("it prints " + string(out))
	}
	return nil
}
