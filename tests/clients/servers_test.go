package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/tests/e2e"
)

// library is a client for servers.
type library struct {
	name    string // and version, as docs/sdks.md has it
	command []string
	// packed is the configuration that makes it pack its bodies, nil where there is none or where the default does.
	packed map[string]any
	// isSlow says that it lets a minute pass after some failures.
	isSlow bool
	// after is what it does with the events of a request after 429, 500, 503, an answer that never came, and 400.
	after map[wrong]string
}

// failures are what docs/sdks.md has a column for, in this order.
var failures = []wrong{limited, broken, busy, cut, refused}

// stubborn clients send again whatever the answer is; patient ones unless it is 400.
var (
	stubborn = map[wrong]string{limited: "again", broken: "again", busy: "again", cut: "again", refused: "again"}
	patient  = map[wrong]string{limited: "again", broken: "again", busy: "again", cut: "again", refused: "dropped"}
)

// libraries are the clients for servers. goClient is the program with those for Go.
func libraries(goClient string) []library {
	python := filepath.Join(venv, "bin", "python")
	gzip := map[string]any{"gzip": true}
	return []library{
		{name: "@segment/analytics-node 3.1.0", command: []string{"node", "node/server.mjs", "segment"}, after: patient},
		{name: "@rudderstack/rudder-sdk-node 3.0.13", command: []string{"node", "node/server.mjs", "rudder"}, after: patient},
		{name: "segment-analytics-python 2.4.0", command: []string{python, "python/server.py", "segment"}, packed: gzip, after: patient},
		{name: "rudder-sdk-python 2.1.9", command: []string{python, "python/server.py", "rudder"}, after: patient},
		{name: "segmentio/analytics-go v3.3.0", command: []string{goClient, "segment"}, after: stubborn},
		{name: "rudderlabs/analytics-go v4.2.1", command: []string{goClient, "rudder"}, after: stubborn},
		{
			name: "com.segment.analytics.java:analytics 3.5.4", command: []string{"java", "-cp", filepath.Join(venv, "java", "*"), "java/Server.java"},
			packed: gzip, after: patient, isSlow: true,
		},
	}
}

func buildForGo(t testing.TB) string {
	t.Helper()
	requireClients(t)
	program := filepath.Join(t.TempDir(), "client")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "go"
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the clients for Go: %v\n%s", err, text)
	}
	return program
}

// TestServers: each client for servers tells the story, with packed bodies too where it has them, and tells it again through doors that do wrong with
// the first request. Whatever it sends arrives once.
func TestServers(t *testing.T) {
	t.Parallel()
	for i, l := range libraries(buildForGo(t)) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.run(t, tenant(t, fmt.Sprintf("server-%d", i)))
		})
	}
}

func (l library) run(t *testing.T, w e2e.Tenant) {
	runs := []wrong{nothing}
	if !l.isSlow || isLong {
		runs = append(runs, failures...)
	}
	var tellings []*telling
	var stories []story
	add := func(run string, does wrong, config map[string]any) {
		s := readStory(t, run)
		one := &telling{run: run, door: openDoor(t, w.URL, does, false), want: s.happenings()}
		s.WriteKey, s.APIHost = w.Keys.Server, one.door.URL
		if config != nil {
			s.Config = config
		}
		tellings, stories = append(tellings, one), append(stories, s)
	}
	for _, does := range runs {
		add("run"+string(does), does, nil)
	}
	if l.packed != nil {
		add("packed", nothing, l.packed)
	}
	for i, end := range tell(t, stories, l.command[0], l.command[1:]...) {
		tellings[i].ends = end
	}
	check(t, w, tellings, l.after)
}

// check holds what arrived of all tellings of a workspace against what was sent. after is what the client does with the events after a failure.
func check(t *testing.T, w e2e.Tenant, tellings []*telling, after map[wrong]string) {
	t.Helper()
	var doors []*door
	for _, one := range tellings {
		doors = append(doors, one.door)
		one.checkSent(t)
		one.door.checkAnswers(t)
	}
	settleAccounts(t, w, doors...)
	for _, one := range tellings {
		does := one.door.wrong
		if passed := len(one.door.passed()); does == nothing && (!one.ends.Success || passed != len(one.want)) {
			t.Errorf("%s: %d deliveries passed, want %d; the client says %q", one.run, passed, len(one.want), one.ends.Error)
		}
		if got := one.door.after(); does != nothing && got != after[does] {
			t.Errorf("%s: the client does this with the events: %s, want %s; it says %q", one.run, got, after[does], one.ends.Error)
		}
		if does != nothing {
			t.Logf("%s: %s in %s", one.run, one.door.after(), one.door.waited().Round(time.Millisecond))
		}
		if does != nothing && after[does] != "again" {
			continue
		}
		one.checkPerson(t, w)
		if does == cut {
			one.checkRepeats(t)
		}
	}
	checkBooks(t, w, doors...)
}

// checkRepeats: what was cut off after it was stored came again, so that the system did have something to take out.
func (s telling) checkRepeats(t testing.TB) {
	t.Helper()
	if passed := len(s.door.passed()); passed <= len(s.want) {
		t.Errorf("%s: %s passed, of %d events; want repeats", s.run, plural(passed, "delivery"), len(s.want))
	}
}

// TestDocs holds the table of docs/sdks.md about failures against what the other tests measure.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range pages() {
		if p.after != nil {
			want = append(want, row(p.name, p.after))
		}
	}
	for _, l := range libraries("") {
		want = append(want, row(l.name, l.after))
	}
	if table := strings.Join(want, "\n") + "\n\n"; !strings.Contains(string(text), table) {
		t.Errorf("docs/sdks.md has another table of what clients do after a failure, want\n%s", table)
	}
}

// row is the line about one client.
func row(name string, after map[wrong]string) string {
	cells := []string{name}
	for _, does := range failures {
		cells = append(cells, after[does])
	}
	return "| " + strings.Join(cells, " | ") + " |"
}
