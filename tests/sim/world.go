// Package sim runs the real process and rollup handlers against the memory adapter under random schedules: invocations are interleaved call by
// call, messages are delivered twice, late and out of order, and any call may fail before or after it was applied, or be the last of its
// invocation. When the faults stop, the queue drains; then everything stored must equal what a plain oracle makes of the accepted events.
//
// One seed is one schedule. A failing one is run again by WAYMARK_SIM_SEED=… go test -run TestSchedules ./tests/sim.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/events"

	process "waymark/functions/process/handler"
	rollup "waymark/functions/rollup/handler"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

// tenant is the workspace that schedules run in. Its zone has clock changes, so that days of 23 and 25 hours occur.
const tenant = "shop"

// World is one schedule: its stores, its queue, its virtual clock and its chance.
type World struct {
	random   *rand.Rand
	table    *memory.Table
	archive  *memory.Archive
	rules    *channel.Rules
	model    *stage.Model
	accepted []event.Envelope // everything that was put on the queue, once each

	queue      []*message
	workers    []*worker
	faults     bool
	now        time.Time
	ids        int
	calls      map[string]int // store calls by site
	faultKinds map[string]int
	consumer   consumer
	markers    map[event.Identifier][]event.Touchpoint // of the mutant that writes markers first
}

// message is one message of the queue; visible when no invocation holds it.
type message struct {
	id      string
	body    string
	visible bool
	done    bool
}

// worker is one invocation, advanced call by call.
type worker struct {
	next     func() (struct{}, bool)
	stop     func()
	messages []*message
	yield    func() bool
	response events.SQSEventResponse
	finished bool // it answered; otherwise it crashed
}

// consumer makes the code under test for one invocation. Mutants bring their own.
type consumer func(w *World, run *worker) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// errCrash ends an invocation in the middle.
var errCrash = errors.New("sim: the invocation crashed")

// NewWorld begins a schedule.
func NewWorld(seed uint64, c consumer) (*World, error) {
	rules, err := model.Channels()
	if err != nil {
		return nil, err
	}
	stages, err := model.Stages("default")
	if err != nil {
		return nil, err
	}
	w := &World{
		random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), table: memory.NewTable(), archive: memory.NewArchive(), rules: rules, model: stages,
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), calls: map[string]int{}, faultKinds: map[string]int{}, consumer: c,
		markers: map[event.Identifier][]event.Touchpoint{},
	}
	shop, err := workspace.New(tenant, "Europe/London", "GBP", "default")
	if err != nil {
		return nil, err
	}
	return w, w.table.PutWorkspace(context.Background(), shop)
}

// Send queues an envelope.
func (w *World) Send(e event.Envelope) {
	w.accepted = append(w.accepted, e)
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	w.ids++
	w.queue = append(w.queue, &message{id: fmt.Sprintf("m%d", w.ids), body: string(body), visible: true})
}

// Run plays the schedule to its end: interleaved invocations under faults, then a calm drain.
func (w *World) Run() error {
	w.faults = true
	for range 40 + w.random.IntN(80) {
		switch n := w.random.IntN(10); {
		case n < 2 && len(w.workers) < 4:
			w.startProcess()
		case n < 3 && len(w.workers) < 4:
			w.startRollup()
		default:
			w.step()
		}
	}
	w.faults = false
	return w.drain()
}

// drain finishes what runs, then processes what is left and rolls up until nothing is dirty.
func (w *World) drain() error {
	for range 10_000 {
		switch {
		case len(w.workers) > 0:
			w.step()
		case w.pending():
			w.startProcess()
		default:
			return w.settle()
		}
	}
	return errors.New("the queue does not drain")
}

func (w *World) pending() bool {
	for _, m := range w.queue {
		if !m.done {
			return true
		}
	}
	return false
}

// settle rolls up once more and checks that nothing is left.
func (w *World) settle() error {
	w.startRollup()
	for len(w.workers) > 0 {
		w.step()
	}
	marks, err := w.table.Marks(context.Background(), tenant, event.At(w.now))
	if err == nil && len(marks) > 0 {
		err = fmt.Errorf("%d windows stay dirty", len(marks))
	}
	return err
}

// startProcess begins an invocation with some messages of the queue: usually ones that nobody holds, now and then one that is held or done
// already, as a queue which delivers at least once may.
func (w *World) startProcess() {
	run := &worker{}
	var batch events.SQSEvent
	size := 1 + w.random.IntN(4)
	for _, i := range w.random.Perm(len(w.queue)) {
		m := w.queue[i]
		twice := w.faults && w.random.IntN(6) == 0
		if (m.done || !m.visible) && !twice {
			continue
		}
		m.visible = false
		run.messages = append(run.messages, m)
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: m.id, Body: m.body})
		if len(batch.Records) == size {
			break
		}
	}
	if len(batch.Records) == 0 {
		return
	}
	handle := w.consumer(w, run)
	w.start(run, func(ctx context.Context) {
		run.response, _ = handle(ctx, batch)
	})
}

func (w *World) startRollup() {
	run := &worker{}
	ports := &stores{World: w, run: run}
	h := rollup.New(rollup.Config{
		Workspaces: ports, Marks: ports, Windows: ports, Restated: ports, Facts: ports, Persons: ports, Times: ports, Store: ports,
		Model: func(string) (*stage.Model, error) { return w.model, nil }, Now: func() time.Time { return w.now },
	})
	w.start(run, func(ctx context.Context) {
		_, _ = h.Handle(ctx, json.RawMessage(`{"schedule":"rollup"}`)) // a failed run leaves its marks for the next
	})
}

// start makes the invocation a coroutine that yields at every store call.
func (w *World) start(run *worker, do func(context.Context)) {
	run.next, run.stop = iter.Pull(func(yield func(struct{}) bool) {
		run.yield = func() bool { return yield(struct{}{}) }
		defer func() {
			if r := recover(); r != nil && r != errCrash {
				panic(r)
			}
		}()
		do(context.Background())
		run.finished = true
	})
	w.workers = append(w.workers, run)
}

// step advances one invocation by one call.
func (w *World) step() {
	if len(w.workers) == 0 {
		return
	}
	i := w.random.IntN(len(w.workers))
	run := w.workers[i]
	if _, more := run.next(); more {
		return
	}
	run.stop()
	w.workers = append(w.workers[:i], w.workers[i+1:]...)
	w.now = w.now.Add(time.Duration(w.random.IntN(5)) * time.Second)
	failed := map[string]bool{}
	for _, f := range run.response.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, m := range run.messages {
		if run.finished && !failed[m.id] {
			m.done = true
		}
		m.visible = true
	}
}

// call is one store call: other invocations run before it, and it may fail before it is applied, after, or end its invocation.
func (w *World) call(run *worker, site string, apply func() error) error {
	run.yield()
	w.calls[site]++
	if !w.faults || w.random.IntN(40) != 0 {
		return apply()
	}
	kinds := [...]string{"error before", "error after", "crash before", "crash after"}
	kind := kinds[w.random.IntN(len(kinds))]
	w.faultKinds[kind]++
	if kind == "error after" || kind == "crash after" {
		if err := apply(); err != nil {
			return err
		}
	}
	if kind == "crash before" || kind == "crash after" {
		panic(errCrash)
	}
	return fault.New(fault.Unavailable, "throttled", "injected")
}

// real is the consumer of the real process handler.
func real(w *World, run *worker) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return handlerOf(w, &stores{World: w, run: run})
}

// ports is everything that the process handler needs of the stores.
type ports interface {
	process.Timeline
	process.History
	process.Traits
	process.Links
	process.Claims
	process.Marks
	process.FailedEvents
	process.Archive
	process.ArchiveIndex
}

func handlerOf(w *World, ports ports) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return process.New(process.Config{
		Workspaces: w.table, Timeline: ports, History: ports, Traits: ports, Links: ports, Claims: ports, Marks: ports, Failed: ports,
		Archive: ports, Index: ports, Channels: w.rules, Model: func(string) (*stage.Model, error) { return w.model, nil },
		Properties: map[string]bool{}, Decode: decode,
		ObjectKey: func(_ string, _ event.Millis, id string) string { return id },
		Version:   "sim", Now: func() time.Time { return w.now }, Sleep: func(context.Context, time.Duration) error { return nil },
		Jitter: func(time.Duration) time.Duration { return 0 }, NewID: func() string { w.ids++; return fmt.Sprint(w.ids) }, Workers: 1,
	}).Handle
}

func decode(body string) (event.Envelope, error) {
	var e event.Envelope
	return e, json.Unmarshal([]byte(body), &e)
}
