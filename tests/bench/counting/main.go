// Command counting measures what it costs to count: the CPU time of settling a year's customers at first, and of what changes afterwards.
//
//	go run ./tests/bench/counting -persons 100000
//
// Pages and records lie in memory, as ingest writes them; log, archive and steps are written as they are on AWS, to objects in memory. So the
// figures are of our code, without the SDK. docs/performance.md compares them with those of the release before it.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/settle"
	"waymark/tests/bench/usage"
)

const (
	days      = 60
	perPerson = 10 // touchpoints, in three sessions
	batchSize = 100
)

var start = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

func main() {
	persons := flag.Int("persons", 100_000, "customers, with ten touchpoints each in 60 days")
	times := flag.Int("life", 1, "how often ten touchpoints each: a longer life")
	live := flag.Bool("live", false, "measure the memory of a run's slices in place of CPU time, which it costs much of")
	python := flag.String("duckdb", "", "a Python with DuckDB, to compare counting from steps with: .venv-duckdb/bin/python")
	profile := flag.String("cpuprofile", "", "a file for a profile of settling everything")
	flag.Parse()
	if err := run(context.Background(), *persons, *times, *live, *profile, *python); err != nil {
		fmt.Fprintln(os.Stderr, "counting:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, persons, times int, live bool, profile, python string) error {
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	for p := range persons {
		for range times {
			b.session(p, b.day(), 4)
			b.session(p, b.day(), 3)
			b.session(p, b.day(), 3)
		}
	}
	if live {
		return b.slices(ctx)
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	full, err := b.settle(ctx, "everything")
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	if python != "" {
		return b.against(ctx, python)
	}
	n := persons * perPerson * times
	for _, later := range []struct {
		what   string
		events int
		each   int // touchpoints of a session
		day    func() int
		often  int
	}{
		{"1 % new, in sessions of 4", n / 100, 4, func() int { return days }, 1},
		{"1 % new, of a person each", n / 100, 1, func() int { return days }, 1},
		{"0.1 % late, on random days", n / 1000, 1, b.day, 1},
		{"100 new, one run of 20", 100, 1, func() int { return days }, 20},
	} {
		var took time.Duration
		for range later.often {
			for made := 0; made < later.events; made += later.each {
				b.session(b.rand.IntN(persons), later.day(), later.each)
			}
			one, err := b.settle(ctx, "")
			if err != nil {
				return err
			}
			took += one
		}
		took /= time.Duration(later.often)
		report(later.what, later.events, took)
		fmt.Printf(", %.4f of everything\n", took.Seconds()/full.Seconds())
	}
	return nil
}

func report(what string, touchpoints int, took time.Duration) {
	fmt.Printf("%-28s %9d touchpoints: %8.3f s of CPU, %6.1f µs each", what, touchpoints, took.Seconds(), float64(took.Microseconds())/float64(touchpoints))
}

// bench is a workspace whose records wait.
type bench struct {
	rand    *mathrand.Rand
	now     time.Time
	events  int
	table   *memory.Table
	shop    workspace.Workspace
	pages   map[event.Identifier][]event.Touchpoint
	records []event.Record
	settler *settle.Settler
	bucket  *memory.Bucket // archive and steps
}

// objects are those of the archive bucket.
type objects struct {
	*archive.Archive
	*steps.Table
}

func newBench(ctx context.Context) (*bench, error) {
	b := &bench{
		rand: mathrand.New(mathrand.NewPCG(1, 2)), now: start.AddDate(0, 0, days+1), table: memory.NewTable(),
		pages: map[event.Identifier][]event.Touchpoint{},
	}
	clock := func() time.Time { return b.now }
	b.table.Now = clock
	var err error
	if b.shop, err = workspace.New("shop", "Europe/London", "GBP", "default"); err != nil {
		return nil, err
	}
	definitions, err := model.Metrics()
	if err != nil {
		return nil, err
	}
	b.bucket = memory.NewBucket()
	b.settler = &settle.Settler{
		Store: b.table, Objects: objects{archive.New(b.bucket), steps.New(b.bucket)}, Rules: model.Rules, Definitions: definitions,
		Now: clock, NewID: rand.Text, Workers: settle.Workers,
	}
	return b, b.table.PutWorkspace(ctx, b.shop)
}

func (b *bench) day() int { return b.rand.IntN(days) }

// session gives a person touchpoints in one session of a day.
func (b *bench) session(person, day, n int) {
	id := event.Identifier(fmt.Sprintf("user:%06d", person))
	at := event.At(start.AddDate(0, 0, day).Add(time.Duration(b.rand.IntN(20*3600)) * time.Second))
	for k := range n {
		b.events++
		t := event.Touchpoint{
			ID: event.ID(fmt.Sprintf("ajs-next-%08d", b.events)), Source: "web", Type: event.Track, Name: "Product Viewed",
			Original: at, Corrected: at, Received: at, Country: []string{"GB", "NO"}[person%2],
			Properties: map[string]string{"product_id": "p1", "category": "Games"},
		}
		if k == 0 {
			t.Marketing.Explicit = []string{"", "email", "paid_search"}[b.rand.IntN(3)]
		}
		if k == 3 {
			t.Name, t.Order = "Order Completed", &event.Order{ID: string(t.ID), Amount: money.Micros(18_990_000), Currency: "GBP", Items: 1}
		}
		b.pages[id] = append(b.pages[id], t)
		b.records = append(b.records, event.Record{Workspace: "shop", Type: t.Type, Identifiers: []event.Identifier{id}, Request: "q", Index: k, Touchpoint: t})
		at += event.Millis(20 * time.Second / time.Millisecond)
	}
}

// store writes what waits as ingest does.
func (b *bench) store(ctx context.Context) (touchpoints int, err error) {
	if err := b.table.PutPages(ctx, "shop", b.pages); err != nil {
		return 0, err
	}
	for n := 0; n < len(b.records); n += batchSize {
		some := b.records[n:min(n+batchSize, len(b.records))]
		batch := ledger.Batch{Handle: ledger.HandleAt(event.At(b.now)) + "-" + rand.Text(), Events: some}
		for _, r := range some {
			batch.Identifiers = append(batch.Identifiers, r.Identifiers...)
		}
		if err := b.table.PutBatch(ctx, "shop", batch); err != nil {
			return 0, err
		}
		b.now = b.now.Add(time.Second)
	}
	touchpoints = len(b.records)
	b.pages, b.records = map[event.Identifier][]event.Touchpoint{}, nil
	b.now = b.now.Add(time.Hour)
	runtime.GC()
	return touchpoints, nil
}

// settle stores what waits, and measures the settling of it; what is its name, "" where nobody is told.
func (b *bench) settle(ctx context.Context, what string) (time.Duration, error) {
	n, err := b.store(ctx)
	if err != nil {
		return 0, err
	}
	began := usage.CPU()
	_, err = b.settler.Run(ctx, b.shop, event.At(b.now))
	took := usage.CPU() - began
	if what != "" {
		report(what, n, took)
		fmt.Println()
	}
	return took, err
}

// slices settles what waits slice by slice, and says how much memory the largest holds at a time: what is alive then, less what was before. What the
// slice stores is in it; garbage is not, of which there may be as much again.
func (b *bench) slices(ctx context.Context) error {
	n, err := b.store(ctx)
	if err != nil {
		return err
	}
	debug.SetGCPercent(5)
	r, err := b.settler.Begin(ctx, b.shop, event.At(b.now))
	if err != nil {
		return err
	}
	count, most := 0, uint64(0)
	for more := true; more; count++ {
		runtime.GC()
		before, stop := usage.Alive(), usage.Watch()
		more, err = r.Next(ctx)
		if most = max(most, stop()-before); err != nil {
			return err
		}
	}
	fmt.Printf("%d touchpoints in %d slices: at most %d MB are alive beyond what was stored before\n", n, count, most>>20)
	return r.End(ctx, true)
}
