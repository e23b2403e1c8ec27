package importer

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// Batches stay below the limits of one request (512 KB and 2,500 events) with room for the envelope.
const (
	maxBatchBytes  = 450_000
	maxBatchEvents = 500
	inFlight       = 4  // requests at a time
	windowBatches  = 16 // how far delivery may run ahead of the oldest batch that is not acknowledged
)

// batch is the body of one request. Its number gives its place, for acknowledgements arrive in any order.
type batch struct {
	number int
	events []Event
	bytes  int
}

// body writes the request. There is no sentAt on purpose: with one, collect would take the age of history for a wrong clock.
func (b batch) body() ([]byte, error) {
	list := make([]json.RawMessage, len(b.events))
	for i, e := range b.events {
		list[i] = e.JSON
	}
	return json.Marshal(map[string]any{"batch": list})
}

// outcome is the answer to one batch.
type outcome struct {
	batch    batch
	refused  int64 // events of requests that were refused
	rejected int64 // events that the answer names as bad
	problems []Problem
	retries  int64
	err      error
}

// delivery moves events from the mapping to the system: one goroutine maps, four post, one keeps the books. The books advance only over
// batches without a gap, so that the kept place never skips an event that was not acknowledged.
type delivery struct {
	config   Config
	place    *place
	bytes    *counter
	size     int64
	client   *client
	started  time.Time
	cancel   context.CancelFunc
	work     chan batch
	outcomes chan outcome
	window   chan struct{}

	mu       sync.Mutex // guards what follows, shared by the mapping and the booking goroutine
	progress Progress
	current  batch // being filled; used by the mapping goroutine only
	next     int
}

func newDelivery(c Config, p *place, bytes *counter, size int64) *delivery {
	return &delivery{
		progress: Progress{Delivered: p.Delivered, Resumed: p.Delivered},
		config:   c, place: p, bytes: bytes, size: size, client: newClient(c), started: c.Now(),
		work: make(chan batch), outcomes: make(chan outcome), window: make(chan struct{}, windowBatches),
	}
}

// run imports. It ends when everything is acknowledged, at the first error that retrying cannot help, or when ctx ends.
func (d *delivery) run(ctx context.Context, summary Summary) (Summary, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	d.cancel = cancel
	summary.Resumed = d.place.Delivered
	var mapping error
	var workers sync.WaitGroup
	mapped := make(chan struct{})
	go func() {
		defer close(mapped)
		mapping = d.produce(inner, &summary)
		close(d.work)
	}()
	for range inFlight {
		workers.Go(func() { d.post(inner) })
	}
	go func() { workers.Wait(); close(d.outcomes) }()
	sending := d.book()
	<-mapped
	err := errors.Join(sending, d.place.save())
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil:
		err = mapping
	}
	d.place.apply(&summary)
	summary.Seconds = d.config.Now().Sub(d.started).Seconds()
	if err != nil {
		return summary, err
	}
	summary.Complete = true
	return summary, d.place.remove()
}

// produce maps the file and cuts batches. Events that were delivered before the import was interrupted are mapped again, because rows and
// repeats must be counted, but not sent.
func (d *delivery) produce(ctx context.Context, summary *Summary) error {
	skip := d.place.Delivered
	err := d.config.Mapping.Map(d.config.File, d.bytes, d.started, summary, func(e Event) error {
		d.report(func(p *Progress) { p.Mapped++ })
		if d.config.Observe != nil {
			d.config.Observe(e)
		}
		if skip > 0 {
			skip--
			return ctx.Err()
		}
		if len(d.current.events) == maxBatchEvents || d.current.bytes+len(e.JSON) > maxBatchBytes {
			if err := d.cut(ctx); err != nil {
				return err
			}
		}
		d.current.events = append(d.current.events, e)
		d.current.bytes += len(e.JSON) + 1
		return ctx.Err()
	})
	if err == nil && len(d.current.events) > 0 {
		err = d.cut(ctx)
	}
	d.report(func(p *Progress) { p.ReadAll = err == nil })
	return err
}

func (d *delivery) cut(ctx context.Context) error {
	full := d.current
	full.number = d.next
	d.next++
	d.current = batch{}
	select {
	case d.window <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case d.work <- full:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *delivery) post(ctx context.Context) {
	for b := range d.work {
		d.outcomes <- d.client.deliver(ctx, b)
	}
}

// book takes outcomes as they come and enters them in the order of the file.
func (d *delivery) book() error {
	var first error
	waiting := map[int]outcome{}
	next := 0
	for o := range d.outcomes {
		if o.err != nil {
			if first == nil && !errors.Is(o.err, context.Canceled) {
				first = o.err
			}
			d.cancel()
			continue
		}
		waiting[o.batch.number] = o
		for ready, ok := waiting[next]; ok; ready, ok = waiting[next] {
			delete(waiting, next)
			next++
			<-d.window
			d.place.enter(ready)
			if err := d.place.save(); err != nil && first == nil {
				first = err
				d.cancel()
			}
			d.report(func(p *Progress) { p.Delivered = d.place.Delivered })
		}
	}
	return first
}

// report changes the progress and shows it.
func (d *delivery) report(change func(*Progress)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.progress)
	if d.config.Progress == nil {
		return
	}
	d.progress.ReadShare = -1
	if d.size > 0 {
		d.progress.ReadShare = float64(d.bytes.n.Load()) / float64(d.size)
	}
	d.progress.Elapsed = d.config.Now().Sub(d.started)
	d.config.Progress(d.progress)
}
