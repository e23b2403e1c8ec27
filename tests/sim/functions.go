package sim

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/functions/process"
	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	adapter "waymark/shared/adapter/queue"
)

// Each invocation gets a handler of its own, as after a cold start; what a warm one remembers are settings and keys, which do not change here.

// ports are the stores of one invocation.
func (w *World) ports(run *invocation) ports {
	s := &stores{World: w, run: run}
	if w.mutant.ports != nil {
		return w.mutant.ports(s)
	}
	return s
}

func (w *World) clock() time.Time { return w.now }

func noWait(context.Context, time.Duration) error { return nil }

func noJitter(time.Duration) time.Duration { return 0 }

func (w *World) collect(ctx context.Context, run *invocation, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	var client adapter.Sender = sender{w, run}
	if w.mutant.sender != nil {
		client = w.mutant.sender(client)
	}
	var queue collect.Queue = adapter.Sending(client, noWait)
	if w.mutant.queue != nil {
		queue = w.mutant.queue(queue)
	}
	h := collect.New(collect.Config{Keys: w.ports(run), Queue: queue, Now: w.clock, NewID: w.newID})
	response, _ := h.Handle(ctx, e) // never an error
	return response
}

func (w *World) process(ctx context.Context, run *invocation, e events.SQSEvent) events.SQSEventResponse {
	ports := w.ports(run)
	h := process.New(process.Config{
		Workspaces: ports, Timeline: ports, History: ports, Traits: ports, Links: ports, Claims: ports, Marks: ports, Failed: ports,
		Refusals: ports, Archive: ports, Index: ports, Channels: w.channels, Bots: w.bots, Model: w.model, Properties: kept, Decode: adapter.Decode, ObjectKey: archive.Key,
		Version: version, Now: w.clock, Sleep: noWait, Jitter: noJitter, NewID: w.newID, Workers: 1,
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

func (w *World) rollup() {
	w.start("rollup", 15*time.Minute, func(ctx context.Context, run *invocation) {
		if w.slow && w.faults.on {
			run.puts = 1 + w.IntN(8)
		}
		ports := w.ports(run)
		h := rollup.New(rollup.Config{
			Workspaces: ports, Marks: ports, Windows: ports, Restated: ports, Facts: ports, Persons: ports, Times: ports, Store: ports, Model: w.model, Now: w.clock,
		})
		_, _ = h.Handle(ctx, json.RawMessage(`{"schedule":"rollup"}`)) // what failed stays marked for the next run
	}, func(*invocation) {})
}
