// Package sim runs the real handlers of collect, process, rollup and export against the memory adapter under random schedules. Clients send
// and send again until they are answered; invocations are interleaved call by call; a queue with visibility, receive counts and a dead-letter
// queue hands messages out once, twice, late and in any order; and any call may fail before or after it was applied or half-way through, be
// the last of its invocation, or freeze it until long after. When the faults stop, the queue must drain; then everything stored must equal,
// line by line, what a plain oracle makes of the accepted events. Steps and windows are counted by package recount.
//
// One seed is one schedule. `make sim SEED=…` plays it again, makes it smaller and prints it step by step.
package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/shared/adapter/memory"
	adapter "waymark/shared/adapter/queue"
	"waymark/shared/domain/bot"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
	"waymark/shared/model"
	"waymark/shared/testing/system"
)

// tenants are the workspaces that schedules run in, side by side with the same identifiers and messageIds. Their zones have clock changes, so
// that days of 23 and 25 hours occur, at other times.
var tenants = [...]workspace.Workspace{
	{
		Name: "shop", Zone: "Europe/London", Currency: "GBP", Model: "default", Created: event.At(begin),
		Keys: []workspace.Key{
			{Text: "wk_web", Workspace: "shop", Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
			{Text: "wk_app", Workspace: "shop", Role: workspace.Write, Source: "app", Policy: workspace.Policy{Trust: workspace.Trust{Accept: 400}}},
			{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret},
		},
	},
	{
		Name: "till", Zone: "America/New_York", Currency: "USD", Model: "four", Created: event.At(begin),
		Keys: []workspace.Key{
			{Text: "wk_till", Workspace: "till", Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
			{Text: "sk_till", Workspace: "till", Role: workspace.Secret},
		},
	},
}

// rules are the business rules that all schedules share; nothing changes them.
type rules struct {
	bots *bot.Rules
	releases
}

// releases are the functions before a deployment and after it.
type releases [2]release

// release is what persons are folded under and counted in.
type release struct {
	folds       map[string]journey.Rules // by the name that workspaces know
	definitions *kpi.Definitions
}

func (r release) of(model string) (journey.Rules, error) { return r.folds[model], nil }

func (r releases) newest() release { return r[1] }

func loadRules() (rules, error) {
	bots, err := model.Bots()
	if err != nil {
		return rules{}, err
	}
	definitions, err := model.Metrics()
	if err != nil {
		return rules{}, err
	}
	version := definitions.Version + 1
	more := measure.Definition{Name: "later", Persons: "sessions", AtLeast: 2, Since: version}
	newer, err := kpi.New(kpi.Config{Version: version, Measures: append(definitions.Set().Definitions(), more), Metrics: definitions.Metrics})
	if err != nil {
		return rules{}, err
	}
	r := rules{bots, releases{{map[string]journey.Rules{}, definitions}, {map[string]journey.Rules{}, newer}}}
	for i, names := range []map[string]string{{"default": "four", "four": "five"}, {"default": "default", "four": "four"}} {
		for known, name := range names {
			if r.releases[i].folds[known], err = model.Rules(name); err != nil {
				return rules{}, err
			}
		}
	}
	return r, nil
}

// smallCaps are so small that traffic reaches each.
var smallCaps = identity.Caps{Children: 3, Parents: 3, Aliases: 2, Members: 5}

// World is one schedule: its stores, its queue, its clients, its virtual clock and its chance.
type World struct {
	*chance
	rules
	tenants   []workspace.Workspace // as their settings are now
	table     *memory.Table
	archive   *memory.Archive
	exports   *memory.Bucket
	queue     queue
	known     [2]*ingest.Known // what warm processes remember
	starts    int              // of process
	clients   []*request
	exported  bool // every export is made of what is stored now
	operators []*unlinking
	promised  []acknowledgement // by collect, to clients
	archived  map[copyOf]bool   // copies of events that the archive holds

	rejected map[copyOf]bool // those that were kept as failed events
	problem  string          // the first promise that was broken on the way

	running []*invocation // take turns
	before  *invocation   // whose turn it was
	bursts  bool          // mostly of several calls
	frozen  []*invocation // may go on later, when nobody waits for them any more
	faults  faults
	caps    identity.Caps
	atOnce  int  // identifiers that a rollup takes together
	phase   int  // of a deployment: 0 before it, 1 while both releases run, 2 after it
	invents bool // a server invents an anonymous id for each of its events
	old     bool // everybody was seen last about three months ago
	slow    bool // rollups freeze soon, and for as long as something else goes on
	resets  bool // an operator changes settings of workspaces
	now     time.Time
	settled event.Millis // when the last rollup was
	ids     int
	mutant  mutant
	scratch map[string]any // what a mutant remembers

	trace *strings.Builder // what happened, step by step; nil when nobody looks
}

// mutant is a system with a mistake: it changes what the handlers see of their stores or what they answer. The zero value changes nothing.
type mutant struct {
	ports  func(*stores) system.Ports
	sender func(adapter.Sender) adapter.Sender
	queue  func(collect.Queue) collect.Queue
	answer func(events.SQSEvent, events.SQSEventResponse) events.SQSEventResponse
}

// copyOf tells one delivery of an event from another.
type copyOf struct {
	request string
	index   int
}

// blame notes a broken promise.
func (w *World) blame(problem string) {
	if w.problem == "" {
		w.problem = problem
		w.note("    BROKEN: %s", problem)
	}
}

// begin is when every schedule begins.
var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newWorld begins a schedule.
func newWorld(c *chance, r rules, m mutant) (*World, error) {
	w := &World{
		chance: c, rules: r, tenants: slices.Clone(tenants[:]),
		table: memory.NewTable(), archive: memory.NewArchive(), exports: memory.NewBucket(), now: begin,
		archived: map[copyOf]bool{}, rejected: map[copyOf]bool{}, mutant: m, scratch: map[string]any{},
		known: [2]*ingest.Known{{}, {}},
	}
	w.table.Now = func() time.Time { return w.now }
	w.table.Between = w.between
	w.faults = newFaults(w)
	w.queue.World = w
	for _, t := range w.tenants {
		if err := w.table.PutWorkspace(background, t); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// release is what an invocation runs that begins now.
func (w *World) release() release {
	switch w.phase {
	case 0:
		return w.releases[0]
	case 1:
		return w.releases[w.IntN(2)]
	}
	return w.newest()
}

// note adds a line to the trace.
func (w *World) note(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%s  %s\n", w.now.Format("01-02 15:04:05"), fmt.Sprintf(format, args...))
	}
}

func (w *World) newID() string {
	w.ids++
	return fmt.Sprint(w.ids)
}
