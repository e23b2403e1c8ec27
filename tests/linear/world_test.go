package linear_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

const (
	tenant  = "shop"
	writers = 64
	batches = 56 // the last writers bring what others bring too, as a queue does that delivers at least once
	everyN  = 4  // each fourth batch holds an event of another identifier too
)

const (
	busy   event.Identifier = "user:1"
	beside event.Identifier = "anon:beside"
)

var received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// table is what the handler needs of a table, and what clients read of it.
type table interface {
	process.Workspaces
	process.Timeline
	process.History
	process.Traits
	process.Links
	process.Claims
	process.Marks
	process.FailedEvents
	process.ArchiveIndex
	PutWorkspace(ctx context.Context, w workspace.Workspace) error
}

// traffic is the messages of all batches and what each adds to the aggregate of each identifier. It is the same in every run.
type traffic struct {
	rules    *channel.Rules
	stages   *stage.Model
	messages [batches]events.SQSMessage
	parts    map[event.Identifier]*[batches]profile.Aggregate
}

var newTraffic = sync.OnceValues(func() (*traffic, error) {
	t := &traffic{parts: map[event.Identifier]*[batches]profile.Aggregate{busy: {}, beside: {}}}
	var err error
	if t.rules, err = model.Channels(); err != nil {
		return nil, err
	}
	if t.stages, err = model.Stages("default"); err != nil {
		return nil, err
	}
	for i := range batches {
		e := event.Envelope{Version: event.EnvelopeVersion, Workspace: tenant, Source: "web", Received: event.At(received), Request: fmt.Sprintf("r%d", i)}
		add := func(who string, minute int) {
			e.Events = append(e.Events, json.RawMessage(fmt.Sprintf(
				`{"type":"page","messageId":"e%d","timestamp":"2026-11-22T09:%02d:00Z",%s,"properties":{"url":"https://shop.example/?utm_medium=%s"}}`,
				i, minute, who, []string{"email", "sms"}[i%2])))
		}
		add(`"userId":"1"`, i)
		if i%everyN == 0 {
			add(`"anonymousId":"beside"`, i)
		}
		for n, raw := range e.Events {
			parsed, err := event.Parse(raw, e.Stamp(n))
			if err != nil {
				return nil, err
			}
			tp := parsed.Touchpoint(string(t.rules.Sign(parsed.Marketing)), model.Properties())
			t.parts[parsed.Kept()][i] = profile.Fold([]event.Touchpoint{tp}, func(tp event.Touchpoint) string { name, _ := t.stages.Evidence(tp); return string(name) })
		}
		body, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		t.messages[i] = events.SQSMessage{MessageId: fmt.Sprintf("m%d", i), Body: string(body)}
	}
	return t, nil
})

// fold is the aggregate of a set of batches.
func (t *traffic) fold(id event.Identifier, s set) (a profile.Aggregate) {
	s.each(func(b int) { a = a.Plus(t.parts[id][b]) })
	return a
}

// proof is that of the aggregate of a set of batches.
func (t *traffic) proof(id event.Identifier, s set) (sum uint64) {
	s.each(func(b int) { sum += t.parts[id][b].Proof })
	return sum
}

// world is one run: a table that many write and read, and the history of what they saw.
type world struct {
	*traffic
	table  table
	design design

	clock   atomic.Int64
	mu      sync.Mutex
	history []porcupine.Operation
	sets    map[event.Identifier]map[uint64]set // every set of batches that was ever written as an aggregate, by the aggregate's proof
	counts  counts
}

// counts says what a run was like.
type counts struct{ refolds, conflicts, faults, redelivered, pauses int }

func newWorld(t testing.TB, on table, d design) *world {
	t.Helper()
	made, err := newTraffic()
	must(t, err)
	w := &world{traffic: made, table: on, design: d, sets: map[event.Identifier]map[uint64]set{busy: {0: 0}, beside: {0: 0}}}
	shop, err := workspace.New(tenant, "Europe/London", "GBP", "default")
	must(t, err)
	must(t, on.PutWorkspace(t.Context(), shop))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run lets n writers loose, each with a process of its own: now and then it reads, then it writes its batch until that is acknowledged, then it
// reads.
func (w *world) run(t testing.TB, seed uint64, n int) {
	t.Helper()
	var running sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		s := &stores{world: w, random: rand.New(rand.NewPCG(seed, uint64(i))), base: map[event.Identifier]set{}, own: map[event.Identifier]set{}, read: map[event.Identifier]set{}}
		h := process.New(w.config(s))
		running.Go(func() {
			<-begin
			if s.random.IntN(4) == 0 {
				w.look(t, busy)
			}
			w.write(t, h, i%batches)
			w.look(t, busy)
			if i%everyN == 0 {
				w.look(t, beside)
			}
		})
	}
	close(begin)
	running.Wait()
}

func (w *world) config(s *stores) process.Config {
	return process.Config{
		Workspaces: w.table, Timeline: s, History: s, Traits: w.table, Links: w.table, Claims: w.table, Marks: s, Failed: w.table, Archive: nowhere{}, Index: w.table,
		Channels: w.rules, Model: func(string) (*stage.Model, error) { return w.stages, nil }, Properties: model.Properties(),
		Decode:    func(body string) (e event.Envelope, err error) { return e, json.Unmarshal([]byte(body), &e) },
		ObjectKey: func(_ string, _ event.Millis, id string) string { return id },
		Version:   "linear", Now: func() time.Time { return received }, NewID: func() string { return strconv.FormatInt(w.clock.Add(1), 10) }, Workers: 1,
		Sleep: func(context.Context, time.Duration) error { s.yield(); return nil },
		Jitter: func(ceiling time.Duration) time.Duration {
			w.count(func(c *counts) { c.pauses++ })
			return rand.N(ceiling)
		},
	}
}

// write delivers a batch as the queue does: again and again until no message goes back.
func (w *world) write(t testing.TB, h *process.Handler, batch int) {
	call := w.clock.Add(1)
	for delivery := range 1000 {
		answer, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{w.messages[batch]}})
		if err != nil {
			t.Error(err)
			return
		}
		if len(answer.BatchItemFailures) == 0 || w.design.forgetful {
			break
		}
		w.count(func(c *counts) { c.redelivered++ })
		if delivery == 999 {
			t.Error("a message goes back 1,000 times")
		}
	}
	back := w.clock.Add(1)
	ids := []event.Identifier{busy}
	if batch%everyN == 0 {
		ids = append(ids, beside)
	}
	for _, id := range ids {
		for _, pages := range []bool{false, true} {
			w.note(porcupine.Operation{Input: operation{register: register{id, pages}, write: true, batch: batch}, Call: call, Return: back})
		}
	}
}

// look reads the aggregate and the pages of an identifier.
func (w *world) look(t testing.TB, id event.Identifier) {
	call := w.clock.Add(1)
	a, pages, err := w.table.Timeline(t.Context(), tenant, id)
	back := w.clock.Add(1)
	if err != nil {
		t.Error(err)
		return
	}
	w.note(porcupine.Operation{Input: operation{register: register{id, false}}, Output: w.see(id, a), Call: call, Return: back})
	w.note(porcupine.Operation{Input: operation{register: register{id, true}}, Output: seen{batches: batchesOf(pages)}, Call: call, Return: back})
}

// see finds out of which batches an aggregate is the fold.
func (w *world) see(id event.Identifier, a profile.Aggregate) seen {
	w.mu.Lock()
	s, found := w.sets[id][a.Proof]
	w.mu.Unlock()
	a.Version, a.Model = 0, ""
	if !found || string(a.Bytes()) != string(w.fold(id, s).Bytes()) {
		return seen{impossible: true}
	}
	return seen{batches: s}
}

func (w *world) note(op porcupine.Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, op)
}

func (w *world) count(add func(*counts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	add(&w.counts)
}

// batchesOf reads the numbers of batches off their touchpoints.
func batchesOf(tps []event.Touchpoint) (s set) {
	for _, tp := range tps {
		n, err := strconv.Atoi(strings.TrimPrefix(string(tp.ID), "e"))
		if err != nil {
			panic("linear: the ids of all events are numbers behind an e")
		}
		s = s.with(n)
	}
	return s
}

// check says whether the history is linearizable.
func (w *world) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(specification, aware(slices.Clone(w.history)), time.Minute)
}

// checkEnd compares what is stored at the end with the fold of all batches.
func (w *world) checkEnd(t testing.TB, n int) {
	t.Helper()
	for _, id := range []event.Identifier{busy, beside} {
		var want set
		for b := range min(n, batches) {
			if id == busy || b%everyN == 0 {
				want = want.with(b)
			}
		}
		a, pages, err := w.table.Timeline(t.Context(), tenant, id)
		must(t, err)
		a.Version, a.Model = 0, ""
		if fold := w.fold(id, want); string(a.Bytes()) != string(fold.Bytes()) {
			t.Errorf("the aggregate of %s is\n%s\nwant\n%s", id.Kind(), a.Bytes(), fold.Bytes())
		}
		if got := len(event.Distinct(pages)); got != want.size() || batchesOf(pages) != want {
			t.Errorf("%s has %d distinct touchpoints, want %d", id.Kind(), got, want.size())
		}
	}
}

// yield lets others run, or not.
func (s *stores) yield() {
	for range s.random.IntN(3) {
		runtime.Gosched()
	}
}

// nowhere is an archive that nobody reads.
type nowhere struct{}

func (nowhere) Put(context.Context, string, []event.Record) error { return nil }
