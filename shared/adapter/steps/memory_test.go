package steps_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
)

// folder is a bucket on disk that looks, at each call, how much memory is in use.
type folder struct {
	path      string
	isWatched bool
	peak      uint64
}

func (f *folder) look() {
	if !f.isWatched {
		return
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	f.peak = max(f.peak, m.HeapAlloc)
}

func (f *folder) Put(_ context.Context, key, _ string, body []byte) error {
	f.look()
	file := filepath.Join(f.path, key)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}

func (f *folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	f.look()
	return os.Open(filepath.Join(f.path, key))
}

func (f *folder) Delete(_ context.Context, key string) error {
	return os.Remove(filepath.Join(f.path, key))
}

func (f *folder) Keys(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var keys []string
		err := filepath.WalkDir(f.path, func(path string, entry os.DirEntry, err error) error {
			if key, _ := filepath.Rel(f.path, path); err == nil && !entry.IsDir() && strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
			return err
		})
		if err != nil {
			yield("", err)
			return
		}
		slices.Sort(keys)
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// TestMemory compacts and reads a day of 15 runs and one of 60: the memory in use must be that of the limits, not that
// of the day.
func TestMemory(t *testing.T) { // alone, because it measures memory
	const bound = 24 << 20
	for _, runs := range []int{15, 60} {
		f := &folder{path: t.TempDir()}
		table := steps.NewWithin(f, steps.Limits{PartRows: 4000, Chains: 4})
		random := rand.New(rand.NewPCG(1, 1))
		rows := 0
		for run := range runs {
			d := day(random, 200)
			for i := range d.Persons {
				d.Persons[i] += event.Identifier(fmt.Sprintf("-%03d", run))
			}
			for i := range d.Rows {
				d.Rows[i].Person += event.Identifier(fmt.Sprintf("-%03d", run))
			}
			rows += len(d.Rows)
			must(t, table.PutSteps(t.Context(), "shop", int64(run), d))
		}
		f.isWatched = true
		must(t, table.CompactSteps(t.Context(), "shop", someDay))
		compacting, read := f.peak, 0
		f.peak = 0
		for rows, err := range table.Steps(t.Context(), "shop", []string{someDay}, step.AllColumns) {
			must(t, err)
			if read += len(rows); read%4000 < len(rows) {
				f.look()
			}
		}
		t.Logf("%d rows: %d MB while compacting, %d MB while reading", rows, compacting>>20, f.peak>>20)
		if read != rows || compacting > bound || f.peak > bound {
			t.Errorf("%d runs: read %d of %d rows; %d bytes in use while compacting, %d while reading, at most %d", runs, read, rows, compacting, f.peak, bound)
		}
	}
}

// TestDays lists what may want compaction.
func TestDays(t *testing.T) {
	t.Parallel()
	table := steps.New(objects{})
	for run := range int64(5) {
		d := ledger.Day{Key: fmt.Sprintf("2026-11-2%d", run/2), Persons: []event.Identifier{"a"}}
		must(t, table.PutSteps(t.Context(), "shop", run, d))
		must(t, table.PutSteps(t.Context(), "shop-2", run, d))
	}
	must(t, table.CompactSteps(t.Context(), "shop", "2026-11-20"))
	got, err := table.Days(t.Context(), "shop")
	must(t, err)
	if want := []ledger.DayObjects{{Key: "2026-11-20", Objects: 1}, {Key: "2026-11-21", Objects: 2}, {Key: "2026-11-22", Objects: 1}}; !slices.Equal(got, want) {
		t.Errorf("Days: got %v, want %v", got, want)
	}
}
