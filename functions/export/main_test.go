package export_test

import (
	"os"
	"testing"

	"waymark/shared/adapter/adaptertest"
)

// TestMain keeps the log of all tests and looks for what must never be in one: keys, who a person is, bodies.
func TestMain(m *testing.M) {
	os.Exit(adaptertest.WatchLog(m, "wk_", "sk_", "user:", "anon:", "email:", "@", "messageId", "userId"))
}
