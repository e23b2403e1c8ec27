package config_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"testing"

	"waymark/shared/config"
)

func TestLoggerWritesLambdaLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := config.Logger(&out, slog.LevelInfo, func(context.Context) string { return "r-1" })
	logger.DebugContext(t.Context(), "not written")
	logger.With("function", "collect").InfoContext(t.Context(), "request answered", "status", 200)
	got := regexp.MustCompile(`"timestamp":"[^"]+"`).ReplaceAllString(out.String(), `"timestamp":"T"`)
	want := `{"timestamp":"T","level":"INFO","message":"request answered","function":"collect","status":200,"requestId":"r-1"}` + "\n"
	if got != want {
		t.Errorf("Logger wrote\n%swant\n%s", got, want)
	}
}
