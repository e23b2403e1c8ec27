package e2e_test

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// TestRestart stops a system that keeps its data on disk and starts it again: everything is still there, until it is told to forget.
func TestRestart(t *testing.T) {
	t.Parallel()
	config := e2e.Config{Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "kept")}
	first := start(t, config)
	w := tenant(t, first, "restart")
	send(t, w, visit()...)
	if err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error { return isBuyer(t, w) }); err != nil {
		t.Fatal(err)
	}
	rollUp(t, w)
	made := order[manifest](t, w, "/v1/exports", `{"grain":"month","from":"2025-07-01","to":"2025-08-01"}`)
	before := read(t, w, made.Files[0].Name)

	_, err := e2e.Start(t.Context(), e2e.Config{Binary: config.Binary, Root: root, Data: config.Data})
	if err == nil || !strings.Contains(err.Error(), "another `waymark dev` (process ") {
		t.Errorf("a second system on the same data: %v, want an error that names the first", err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second := start(t, config)
	w.System = second
	if after := read(t, w, made.Files[0].Name); after != before {
		t.Errorf("after a restart:\n got %s\nwant %s", after, before)
	}
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}

	config.Flags = []string{"--reset"}
	third := start(t, config)
	if got, err := (e2e.Tenant{System: third, Keys: w.Keys}).Get(t.Context(), "/v1/profiles/user:42"); err != nil || got.Status != 401 {
		t.Errorf("after --reset the key of a forgotten workspace gets %s, %v, want 401", got, err)
	}
	if listed := get[struct{ Exports []manifest }](t, e2e.Tenant{System: third, Keys: third.Keys}, "/v1/exports"); len(listed.Exports) != 0 {
		t.Errorf("after --reset there are exports: %+v", listed)
	}
}

// read is everything that a reader finds: a profile, KPIs and an export with its file.
func read(t testing.TB, w e2e.Tenant, file string) string {
	t.Helper()
	var all strings.Builder
	for _, path := range []string{
		"/v1/profiles/user:42", "/v1/profiles/user:42/timeline", "/v1/kpis?from=2025-07-01&to=2025-08-01&grain=month", "/v1/exports", "/v1/exports/" + file,
	} {
		answer, err := w.Get(t.Context(), path)
		if err != nil || answer.Status != 200 {
			t.Fatalf("GET %s: %s, %v", path, answer, err)
		}
		all.WriteString(path + "\n" + string(answer.Body) + "\n")
	}
	return all.String()
}

// start starts a system that ends with the test.
func start(t testing.TB, config e2e.Config) *e2e.System {
	t.Helper()
	system, err := e2e.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := system.Stop(); err != nil {
			t.Error(err)
		}
	})
	return system
}

// TestBusyPort starts on a port that something else holds.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	_, err = e2e.Start(t.Context(), e2e.Config{
		Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "busy"), Flags: []string{"--port", port, "--memory"},
	})
	if want := "port " + port + " is taken"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("start on a busy port: %v, want %q", err, want)
	}
}
