package sim

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/functions/process"
	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi/httpapitest"
	adapter "waymark/shared/adapter/queue"
	wire "waymark/shared/adapter/queue/message"
	"waymark/shared/ingest"
	"waymark/shared/settle"
	"waymark/shared/testing/system"
)

// Each invocation gets a handler of its own, as after a cold start. What a warm one remembers are settings and keys, which
// do not change here, and links: two warm processes take turns with cold ones.

// ports are the stores of one invocation.
func (w *World) ports(run *invocation) system.Ports {
	s := newStores(w, run)
	if w.mutant.ports != nil {
		return w.mutant.ports(s)
	}
	return s
}

func (w *World) clock() time.Time { return w.now }

func noWait(context.Context, time.Duration) error { return nil }

func (w *World) collect(ctx context.Context, run *invocation, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	var client adapter.Sender = sender{w, run}
	if w.mutant.sender != nil {
		client = w.mutant.sender(client)
	}
	var queue collect.Queue = adapter.Sending(client, noWait)
	if w.mutant.queue != nil {
		queue = w.mutant.queue(queue)
	}
	h := collect.New(collect.Config{Keys: w.ports(run), Spending: w.ports(run), Salts: w.ports(run), NewSalt: w.newID, Queue: queue, Now: w.clock, NewID: w.newID})
	response, _ := httpapitest.Invoke(ctx, h, e) // never an error
	return response
}

func (w *World) process(ctx context.Context, run *invocation, e events.SQSEvent) events.SQSEventResponse {
	ports := w.ports(run)
	w.starts++
	known := &ingest.Known{}
	if n := w.starts % (len(w.known) + 1); n > 0 {
		known = w.known[n-1]
	}
	h := process.New(process.Config{
		Workspaces: ports, Failed: ports, Refusals: ports, Fates: ports, Properties: kept, Decode: wire.Decode, Version: version, Now: w.clock,
		Ingest: &ingest.Applier{Recorder: w.recorder(ports), Known: known, Store: ports, Bot: w.bots.Of},
	})
	response, err := h.Handle(ctx, e)
	if err != nil {
		panic("sim: process answers for each message: " + err.Error())
	}
	if w.mutant.answer != nil {
		response = w.mutant.answer(e, response)
	}
	return response
}

func (w *World) recorder(ports system.Ports) ingest.Recorder {
	return ingest.Recorder{Batches: ports, Now: w.clock, NewID: w.newID}
}

func (w *World) settler(ports system.Ports) *settle.Settler {
	r := w.release()
	return &settle.Settler{
		Store: ports, Objects: ports, Rules: r.of, Definitions: r.definitions, Now: w.clock, NewID: w.newID, Workers: 1, Caps: w.caps, AtOnce: w.atOnce,
	}
}

func (w *World) rollup() {
	w.start("rollup", 15*time.Minute, func(ctx context.Context, run *invocation) {
		if w.slow && w.faults.on && !w.oneIn(3) { // some overtake those that are slow
			run.puts = 1 + w.IntN(8)
		}
		ports := w.ports(run)
		h := rollup.New(rollup.Config{Workspaces: ports, Store: ports, Settler: w.settler(ports), Compactor: w.archive, Now: w.clock, Sleep: noWait})
		_, _ = h.Handle(ctx, json.RawMessage(`{"schedule":"rollup"}`)) // what failed, the next run finishes
	}, func(*invocation) {})
}
