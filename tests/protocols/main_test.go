// Package protocols_test runs published clients of Plausible, Umami, Google Analytics 4, Snowplow and PostHog, unmodified, against a running system.
// Each is given the host name of the system in the place of its own, and goes on sending its own id of the site; the API says what arrived. The
// clients are installed by `make protocols`, which is also how these tests are run.
package protocols_test

import (
	"os"
	"testing"

	"waymark/tests/e2e"
)

const (
	root = "../.."
	venv = root + "/.venv-protocols"
)

// locks are the files whose versions are installed.
var locks = []string{"node/package-lock.json", "python/requirements.txt"}

// world is what the tests share.
var world = e2e.World{Root: root}

func TestMain(m *testing.M) { os.Exit(world.Run(m)) }

// requireClients ends a test that cannot run because the clients are not installed.
func requireClients(t testing.TB) {
	t.Helper()
	e2e.Installed(t, venv, "protocols", locks...)
}

// tenant makes a workspace of its own, whose source is known by an alias.
func tenant(t testing.TB, name, alias string) e2e.Tenant {
	t.Helper()
	system := world.System(t)
	keys, err := system.CreateWorkspace(t.Context(), name, "UTC", "EUR", "default")
	if err == nil {
		_, _, err = system.Run(t.Context(), "keys", "add", name, "--source", "site", "--alias", alias)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e2e.Tenant{System: system, Keys: keys}
}
