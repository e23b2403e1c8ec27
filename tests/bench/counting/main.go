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
	"syscall"
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
)

const (
	days      = 60
	perPerson = 10 // touchpoints, in three sessions
	batchSize = 100
)

var start = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

func main() {
	persons := flag.Int("persons", 100_000, "customers, with ten touchpoints each in 60 days")
	flag.Parse()
	if err := run(context.Background(), *persons); err != nil {
		fmt.Fprintln(os.Stderr, "counting:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, persons int) error {
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	for p := range persons {
		b.add(p, b.day(), 4)
		b.add(p, b.day(), 3)
		b.add(p, b.day(), 3)
	}
	full, err := b.settle(ctx, "everything")
	if err != nil {
		return err
	}
	n := persons * perPerson
	for _, later := range []struct {
		what   string
		events int
		day    func() int
	}{
		{"1 % new, on the day after", n / 100, func() int { return days }},
		{"0.1 % late, on random days", n / 1000, b.day},
		{"100 new", 100, func() int { return days }},
	} {
		for range later.events {
			b.add(b.rand.IntN(persons), later.day(), 1)
		}
		took, err := b.settle(ctx, later.what)
		if err != nil {
			return err
		}
		fmt.Printf("  %.4f of everything\n", took.Seconds()/full.Seconds())
	}
	return nil
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
	bucket := memory.NewBucket()
	b.settler = &settle.Settler{
		Store: b.table, Objects: objects{archive.New(bucket), steps.New(bucket)}, Rules: model.Rules, Definitions: definitions,
		Now: clock, NewID: rand.Text, Workers: settle.Workers,
	}
	return b, b.table.PutWorkspace(ctx, b.shop)
}

func (b *bench) day() int { return b.rand.IntN(days) }

// add gives a person touchpoints in one session of a day.
func (b *bench) add(person, day, n int) {
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

// settle stores what waits as ingest does, and measures the settling of it.
func (b *bench) settle(ctx context.Context, what string) (time.Duration, error) {
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
	n := len(b.records)
	b.pages, b.records = map[event.Identifier][]event.Touchpoint{}, nil
	b.now = b.now.Add(time.Hour)
	runtime.GC()
	stop := watch()
	began := cpuTime()
	_, err := b.settler.Run(ctx, b.shop, event.At(b.now))
	took := cpuTime() - began
	fmt.Printf("%-28s %9d touchpoints: %8.2f s of CPU, %6.1f µs each; the heap grew by %d MB, what was stored among it\n",
		what, n, took.Seconds(), float64(took.Microseconds())/float64(n), stop()>>20)
	return took, err
}

// watch gives what the heap grew by at most until stop is called.
func watch() (stop func() uint64) {
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := before.HeapAlloc
		for {
			select {
			case <-done:
				peak <- most - before.HeapAlloc
				return
			case <-time.After(100 * time.Millisecond):
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-peak
	}
}

// cpuTime is how much time the processors have spent on this process, the garbage collector's threads included.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
