package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// TestRestart kills a system that keeps its data on disk and starts it again: everything that was acknowledged is still there, also what waited in
// the queue or was being processed, until it is told to forget.
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
	if err == nil || !strings.Contains(err.Error(), "another `waymark dev` (process ") || !strings.Contains(err.Error(), "answers at "+first.URL) {
		t.Errorf("a second system on the same data: %v, want an error that names the first", err)
	}
	sent := leaveWaiting(t, w)
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}

	second := start(t, config)
	w.System = second
	err = e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		answer, err := w.Get(t.Context(), "/v1/profiles/user:waits")
		var p person
		if answer.Status == 200 {
			err = errors.Join(err, answer.Into(&p))
		}
		if err == nil && p.Touchpoints != sent {
			err = fmt.Errorf("after a kill the profile has %d touchpoints, want %d", p.Touchpoints, sent)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if after := read(t, w, made.Files[0].Name); after != before {
		t.Errorf("after a restart:\n got %s\nwant %s", after, before)
	}
	rollUp(t, w)
	kpis, err := w.Get(t.Context(), "/v1/kpis?from=2025-08-01&to=2025-09-01&grain=month&metric=touchpoints")
	if want := fmt.Sprintf(`"value":%d,`, sent); err != nil || !strings.Contains(string(kpis.Body), want) {
		t.Errorf("counted after a kill: %s, %v, want %s", kpis, err, want)
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

// leaveWaiting sends events while every process that should store them dies, the last of them just now: some wait in the queue, some are in flight.
// It gives their number.
func leaveWaiting(t testing.TB, w e2e.Tenant) (sent int) {
	t.Helper()
	raise(t, w, "Process.crash=100%")
	one := func() {
		send(t, w, map[string]any{"type": "track", "event": "Seen", "userId": "waits", "messageId": fmt.Sprint("waits-", sent), "timestamp": "2025-08-01T10:00:00Z"})
		sent++
	}
	one()
	err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		status, err := w.Status(ctx)
		if err == nil && status.Queues.Touchpoints.InFlight == 0 {
			return errors.New("nothing is in flight")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		one()
	}
	return sent
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
