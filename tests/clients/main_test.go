// Package clients_test runs the published clients of the Segment and RudderStack families, unmodified and with their defaults, against a running
// system: each tells one story, and the API says what arrived. The clients are installed by `make clients`, which is also how these tests are run.
//
// story.json is the story. The programs that tell it, one for each language, take it in the form of the harness that Segment's own repositories carry
// (e2e-cli), one story a line. Between client and system stands a door, which notes what is sent and may answer wrongly on purpose.
package clients_test

import (
	"os"
	"strconv"
	"testing"

	"waymark/tests/e2e"
)

const (
	root = "../.."
	venv = root + "/.venv-clients"
	docs = root + "/docs/sdks.md"
)

// locks are the files whose versions are installed.
var locks = []string{"node/package-lock.json", "python/requirements.txt", "go/go.sum", "java/pom.xml"}

// isLong says that clients run which take a minute after a failure.
var isLong = os.Getenv("WAYMARK_LONG") == "1"

// world is what the tests share.
var world = e2e.World{Root: root, Parallel: 12}

func TestMain(m *testing.M) { os.Exit(world.Run(m)) }

// requireClients ends a test that cannot run because the clients are not installed.
func requireClients(t testing.TB) {
	t.Helper()
	e2e.Installed(t, venv, "clients", locks...)
}

// tenant makes a workspace of its own for a client, and installs nothing: it skips when the clients are missing.
func tenant(t testing.TB, name string) e2e.Tenant {
	t.Helper()
	requireClients(t)
	system := world.System(t)
	keys, err := system.CreateWorkspace(t.Context(), name, "UTC", "EUR", "default")
	if err != nil {
		t.Fatal(err)
	}
	return e2e.Tenant{System: system, Keys: keys}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
