package cost_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waymark/infra/cost"
	"waymark/infra/cost/traffic"
)

const root = "../.."

// TestQuick measures the first hour and more of two profiles on the running system, and holds them to the committed
// figures of that slice and 3 %. UPDATE_GOLDEN=1 commits what comes out now.
func TestQuick(t *testing.T) {
	t.Parallel()
	const file, touchpoints = "testdata/quick.json", 600
	now := measure(t, touchpoints, false, "web", "quiet-single")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := cost.WriteFigures(file, now); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := cost.ReadFigures(file)
	if err != nil {
		t.Fatal(err)
	}
	if committed.Touchpoints != touchpoints || len(committed.Profiles) != len(now.Profiles) {
		t.Errorf("%s has %d profiles of %d touchpoints, want %d of %d", file, len(committed.Profiles),
			committed.Touchpoints, len(now.Profiles), touchpoints)
	}
	t.Log(cost.Summary(now, prices(t), committed))
	for _, what := range cost.Dearer(now, committed, prices(t)) {
		t.Error(what)
	}
}

// TestFull holds all profiles to the figures in docs/costs.md and 3 %. It takes minutes, so it runs when it is asked
// for.
func TestFull(t *testing.T) {
	if os.Getenv("WAYMARK_COST") != "full" {
		t.Skip("WAYMARK_COST=full measures all profiles, for some minutes")
	}
	committed, err := cost.ReadFigures(cost.Committed(root))
	if err != nil {
		t.Fatal(err)
	}
	now := measure(t, committed.Touchpoints, true)
	t.Log(cost.Report(now, prices(t), committed))
	for _, what := range cost.Dearer(now, committed, prices(t)) {
		t.Error(what)
	}
}

// measure measures the profiles of these names, or all.
func measure(t *testing.T, touchpoints int, idle bool, names ...string) cost.Figures {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	watchSources(t)
	all, err := traffic.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	var profiles []traffic.Profile
	for _, p := range all {
		for _, name := range names {
			if p.Name == name {
				profiles = append(profiles, p)
			}
		}
	}
	if len(names) == 0 {
		profiles = all
	}
	figures, err := cost.Measure(t.Context(), cost.Config{
		Root: root, Data: t.TempDir(), Profiles: profiles, Touchpoints: touchpoints, Idle: idle, AtOnce: 2, Now: time.Now,
		Progress: func(profile, text string) { t.Logf("%s: %s", profile, text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return figures
}

// watchSources makes the cache of go test know the sources, which a compiler below it reads: it does know which
// files a test looked at.
func watchSources(t *testing.T) {
	for _, name := range []string{"functions", "shared", "infra", "template.yaml"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Name() == "node_modules" || entry.Name() == "testdata" {
				return fs.SkipDir
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			t.Fatalf("look at the sources: %v", err)
		}
	}
}
