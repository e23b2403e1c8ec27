package policy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAlarmsWaitForLines: each line of a log that the template filters is one that a function writes as a warning, and an alarm waits for each metric.
func TestAlarmsWaitForLines(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	written := warnings(t)
	lines := regexp.MustCompile(`FilterPattern: '\{ \$\.msg = "([^"]+)" \|\| \$\.message = "([^"]+)" \}'`).FindAllStringSubmatch(string(template), -1)
	if n := strings.Count(string(template), "AWS::Logs::MetricFilter"); len(lines) != n || n < 2 {
		t.Errorf("%d of %d filters are for a message, want all", len(lines), n)
	}
	for _, line := range lines {
		if line[1] != line[2] || !slices.Contains(written, line[1]) {
			t.Errorf("a filter waits for %q and %q, and no function warns of it", line[1], line[2])
		}
	}
	counted := regexp.MustCompile(`MetricNamespace: !Ref AWS::StackName, MetricName: (\w+)`).FindAllStringSubmatch(string(template), -1)
	for _, metric := range counted {
		if n := strings.Count(string(template), "      MetricName: "+metric[1]+"\n"); n != 1 {
			t.Errorf("%d alarms wait for %s, want one", n, metric[1])
		}
	}
	if len(counted) != len(lines) {
		t.Errorf("%d filters make %d metrics", len(lines), len(counted))
	}
}

// warnings are the messages that functions log as warnings.
func warnings(t *testing.T) (messages []string) {
	t.Helper()
	message := regexp.MustCompile(`slog\.WarnContext\(ctx, "([^"]+)"`)
	for _, folder := range []string{"../../functions", "../../shared/settle"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, found := range message.FindAllStringSubmatch(string(source), -1) {
				messages = append(messages, found[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return messages
}
