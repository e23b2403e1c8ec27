//go:build mutants

package sim

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/functions/collect"
	adapter "waymark/shared/adapter/queue"
	wire "waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// mutants are systems with one known mistake each; everything else is the real handlers. They stand behind a build tag, so that no other
// program can be built with one: go test -tags=mutants -run TestMutants ./tests/sim
var mutants = map[string]func(*stores) system.Ports{
	// ingestion
	"record before pages":                        func(s *stores) system.Ports { return &recordFirst{stores: s} },
	"no record of repeats":                       func(s *stores) system.Ports { return &forgetful{stores: s} },
	"a record of those alone who have new pages": func(s *stores) system.Ports { return &narrow{stores: s} },
	"a link is written at one end":               func(s *stores) system.Ports { return &halfLinks{s} },
	"first link stays":                           func(s *stores) system.Ports { return &firstLink{s} },
	"what is said of somebody is not kept":       func(s *stores) system.Ports { return &silent{s} },
	"an order belongs to whoever comes first":    func(s *stores) system.Ports { return &firstClaim{s} },
	"failed events are kept by chance":           func(s *stores) system.Ports { return &careless{s} },
	// settling
	"no fence":                           func(s *stores) system.Ports { return &fenceless{s} },
	"a cursor without slack":             func(s *stores) system.Ports { return &hasty{s} },
	"no dues":                            func(s *stores) system.Ports { return &dueless{s} },
	"dues are done when they are read":   func(s *stores) system.Ports { return &doneEarly{s} },
	"no closure over former members":     func(s *stores) system.Ports { return &forwards{s} },
	"stale reads":                        func(s *stores) system.Ports { return &stale{s} },
	"order ids not deduplicated":         func(s *stores) system.Ports { return &noClaims{s} },
	"archive lost":                       func(s *stores) system.Ports { return &lossy{s} },
	"archive after the commit":           func(s *stores) system.Ports { return &lateArchive{stores: s} },
	"commit before the log":              func(s *stores) system.Ports { return &lateLog{stores: s} },
	"nobody finishes a log":              func(s *stores) system.Ports { return &unfinished{s} },
	"profiles of an overtaken run win":   func(s *stores) system.Ports { return &lastProfile{s} },
	"a window takes a change twice":      func(s *stores) system.Ports { return &twice{s} },
	"a window is what it changes by":     func(s *stores) system.Ports { return &replacing{s} },
	"steps are added to":                 func(s *stores) system.Ports { return &adding{s} },
	"everybody is whoever comes first":   func(s *stores) system.Ports { return &first{s} },
	"an older release goes on as before": func(s *stores) system.Ports { return &older{s} },
}

// answers are mistakes in what a function answers.
var answers = map[string]mutant{
	"whole batch acknowledged": {answer: func(events.SQSEvent, events.SQSEventResponse) events.SQSEventResponse {
		return events.SQSEventResponse{}
	}},
	"whole batch failed on one bad event": {answer: failAll},
	"answered before the queue has it":    {queue: func(q collect.Queue) collect.Queue { return answering{q} }},
	"refused entries taken for sent":      {sender: func(s adapter.Sender) adapter.Sender { return trusting{s} }},
}

// TestMutants: known bad designs must be caught within two thousand seeds, or the simulator proves nothing.
func TestMutants(t *testing.T) {
	all := maps.Clone(answers)
	for name, ports := range mutants {
		all[name] = mutant{ports: ports}
	}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := player(t)
			p.mutant = m
			for seed := uint64(1); seed <= 2000; seed++ {
				if o := p.Play(seed); o.Problem != "" {
					t.Logf("killed at seed %d: %.200s", seed, o.Problem)
					return
				}
			}
			t.Errorf("the mutant %q survived 2,000 schedules", name)
		})
	}
}

// TestShrink: a failing schedule is made much smaller, and still fails. What counts are the choices that are not calm: before a fault come as many
// calm ones as the world makes calls.
func TestShrink(t *testing.T) {
	t.Parallel()
	p := player(t)
	p.mutant.ports = mutants["nobody finishes a log"]
	for seed := uint64(1); ; seed++ {
		o := p.Play(seed)
		if o.Problem == "" {
			continue
		}
		small := p.Shrink(seed, 4000)
		before, after := disturbances(o.script), disturbances(small.script)
		if small.Problem == "" || after*8 > before {
			t.Errorf("seed %d: %d choices became %d, and the problem %q", seed, before, after, small.Problem)
		}
		t.Logf("%d choices became %d:\n%s\n%s", before, after, small.Trace, small.Problem)
		return
	}
}

// disturbances counts the choices that are not calm.
func disturbances(script []uint16) (n int) {
	for _, choice := range script {
		if choice != 0 {
			n++
		}
	}
	return n
}

// recordFirst puts pages when their record is there.
type recordFirst struct {
	*stores
	pages map[event.Identifier][]event.Touchpoint
}

func (m *recordFirst) PutPages(_ context.Context, _ workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	m.pages = pages
	return nil
}

func (m *recordFirst) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	if err := m.stores.PutBatch(ctx, ns, b); err != nil {
		return err
	}
	return m.stores.PutPages(ctx, ns, m.pages)
}

// forgetful takes it that whoever saw the events first has written their record.
type forgetful struct {
	*stores
	isRepeat bool
}

func (m *forgetful) PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	before := m.table.Dump()
	err := m.stores.PutPages(ctx, ns, pages)
	m.isRepeat = m.table.Dump() == before
	return err
}

func (m *forgetful) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	if m.isRepeat {
		b.Identifiers = nil
	}
	return m.stores.PutBatch(ctx, ns, b)
}

// narrow leaves the other ends of links and the other claimants of orders out of records.
type narrow struct {
	*stores
	pages map[event.Identifier][]event.Touchpoint
}

func (m *narrow) PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	m.pages = pages
	return m.stores.PutPages(ctx, ns, pages)
}

func (m *narrow) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	if len(b.Events) > 0 {
		b.Identifiers = slices.Sorted(maps.Keys(m.pages))
	}
	return m.stores.PutBatch(ctx, ns, b)
}

// halfLinks does not heal a link of which one end was written.
type halfLinks struct{ *stores }

func (m *halfLinks) PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error {
	return m.stores.PutLinks(ctx, ns, slices.DeleteFunc(slices.Clone(links), func(l identity.Link) bool {
		nodes, _ := m.table.Nodes(ctx, ns, []event.Identifier{l.Parent})
		return slices.ContainsFunc(nodes[0].Children, func(other identity.Link) bool {
			other.Idle = false
			return other == l
		})
	}))
}

// firstLink keeps the evidence that was processed first, not the earliest.
type firstLink struct{ *stores }

func (m *firstLink) Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) ([]identity.Evidence, []bool, error) {
	stored, found, err := m.stores.Evidence(ctx, ns, links)
	for i := range found {
		if found[i] {
			stored[i] = identity.Evidence{Grade: event.Server, At: -1}
		}
	}
	return stored, found, err
}

// silent keeps no identify, group or alias call, as if links were all that they say.
type silent struct{ *stores }

func (m *silent) PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	touching := map[event.Identifier][]event.Touchpoint{}
	for id, page := range pages {
		kept := slices.DeleteFunc(slices.Clone(page), func(t event.Touchpoint) bool { return !t.Type.Touches() })
		if len(kept) > 0 {
			touching[id] = kept
		}
	}
	return m.stores.PutPages(ctx, ns, touching)
}

// firstClaim lets the order belong to whoever comes first.
type firstClaim struct{ *stores }

func (m *firstClaim) PutClaims(ctx context.Context, ns workspace.Namespace, claims map[string]profile.Claims) error {
	stored, err := m.table.Claims(ctx, ns, slices.Collect(maps.Keys(claims)))
	if err != nil {
		return err
	}
	fresh := maps.Clone(claims)
	maps.DeleteFunc(fresh, func(key string, _ profile.Claims) bool { return len(stored[key]) > 0 })
	return m.stores.PutClaims(ctx, ns, fresh)
}

// careless takes a failed event for kept without looking at the answer.
type careless struct{ *stores }

func (m *careless) PutFailed(ctx context.Context, f event.Failed) error {
	_ = m.stores.PutFailed(ctx, f)
	return nil
}

// fenceless writes the state over that of another run.
type fenceless struct{ *stores }

func (m *fenceless) PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	err := m.stores.PutState(ctx, ns, s, epoch)
	for fault.KindOf(err) == fault.Conflict {
		stored, _ := m.table.State(ctx, ns)
		err = m.stores.PutState(ctx, ns, s, stored.Epoch)
	}
	return err
}

// hasty takes all records for settled that are named before now.
type hasty struct{ *stores }

func (m *hasty) PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	if len(s.Tail) > 0 {
		s.Cursor, s.Tail = max(s.Cursor, s.Tail[len(s.Tail)-1]+"~"), nil
	}
	return m.stores.PutState(ctx, ns, s, epoch)
}

// dueless never looks at anybody for time alone.
type dueless struct{ *stores }

func (m *dueless) PutDues(context.Context, workspace.Namespace, []ledger.Due) error { return nil }

// doneEarly deletes dues before what follows from them is stored.
type doneEarly struct{ *stores }

func (m *doneEarly) Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) ([]ledger.Due, bool, error) {
	dues, more, err := m.stores.Dues(ctx, ns, until, limit)
	for _, d := range dues {
		_ = m.table.DeleteDues(ctx, ns, []string{d.Handle})
	}
	return dues, more, err
}

// forwards looks for persons as they are now, not as they were counted.
type forwards struct{ *stores }

func (m *forwards) Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error) {
	out, err := m.stores.Partitions(ctx, ns, ids)
	for i := range out {
		out[i].Profile.Root, out[i].Profile.Members = "", nil
	}
	return out, err
}

// stale reads a person as they were at the last reading, now and then, as an eventually consistent read may.
type stale struct{ *stores }

func (m *stale) Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error) {
	fresh, err := m.stores.Partitions(ctx, ns, ids)
	for i := range fresh {
		key := string(ns) + string(fresh[i].ID)
		old, known := m.scratch[key].(ledger.Partition)
		m.scratch[key] = fresh[i]
		if known && m.oneIn(3) {
			fresh[i].Touchpoints = old.Touchpoints
		}
	}
	return fresh, err
}

// noClaims lets every event that names an order count it.
type noClaims struct{ *stores }

func (m *noClaims) Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error) {
	claims, err := m.stores.Claims(ctx, ns, keys)
	if strings.HasPrefix(m.run.name, "rollup") {
		claims = map[string]profile.Claims{}
	}
	return claims, err
}

// lossy does not put events into the archive.
type lossy struct{ *stores }

func (m *lossy) PutEvents(context.Context, string, string, []event.Record) error { return nil }

// lateArchive puts events into the archive when their records are settled.
type lateArchive struct {
	*stores
	later func() error
}

func (m *lateArchive) PutEvents(ctx context.Context, ws, name string, events []event.Record) error {
	m.later = func() error { return m.stores.PutEvents(ctx, ws, name, events) }
	return nil
}

func (m *lateArchive) PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	return andThen(m.stores.PutState(ctx, ns, s, epoch), &m.later)
}

// andThen does what was put off, once.
func andThen(err error, later *func() error) error {
	do := *later
	if *later = nil; err != nil || do == nil {
		return err
	}
	return do()
}

// lateLog makes a run count before its log is there.
type lateLog struct {
	*stores
	later func() error
}

func (m *lateLog) PutLog(ctx context.Context, ns workspace.Namespace, name string, l ledger.Log) error {
	m.later = func() error { return m.stores.PutLog(ctx, ns, name, l) }
	return nil
}

func (m *lateLog) PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	return andThen(m.stores.PutState(ctx, ns, s, epoch), &m.later)
}

// unfinished finds no log.
type unfinished struct{ *stores }

func (m *unfinished) Log(context.Context, workspace.Namespace, string) (ledger.Log, error) {
	return ledger.Log{}, fault.New(fault.NotFound, "no_such_object", "a mutant")
}

// lastProfile writes profiles over those of later runs.
type lastProfile struct{ *stores }

func (m *lastProfile) PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error {
	n, _ := m.scratch["writes"].(int64)
	m.scratch["writes"] = n + 1
	profiles = slices.Clone(profiles)
	for i := range profiles {
		profiles[i].Run = n + 1
	}
	return m.stores.PutProfiles(ctx, ns, profiles)
}

// twice does not look whether a change was added before.
type twice struct{ *stores }

func (m *twice) Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error) {
	w, err := m.stores.Window(ctx, ns, g, key)
	w.Run = 0
	return w, err
}

func (m *twice) PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error {
	err := m.stores.PutWindow(ctx, ns, w)
	if fault.KindOf(err) == fault.Conflict {
		stored, _ := m.table.Window(ctx, ns, w.Grain, w.Key)
		err = m.table.StampWindow(ctx, ns, w, stored.Run)
	}
	return err
}

// replacing takes a change for the whole.
type replacing struct{ *stores }

func (m *replacing) Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error) {
	w, err := m.stores.Window(ctx, ns, g, key)
	w.Totals.Groups = nil
	return w, err
}

// adding leaves the steps that a person has no more.
type adding struct{ *stores }

func (m *adding) PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error {
	day.Persons = slices.DeleteFunc(slices.Clone(day.Persons), func(p event.Identifier) bool {
		for i := range day.Rows {
			if day.Rows[i].Person == p {
				return false
			}
		}
		return true
	})
	return m.stores.PutSteps(ctx, ns, run, day)
}

// first counts some of everybody anew.
type first struct{ *stores }

func (m *first) Everybody(ctx context.Context, ns workspace.Namespace, after string, limit int) ([]event.Identifier, string, error) {
	persons, _, err := m.stores.Everybody(ctx, ns, after, limit)
	return persons, "", err
}

// older does not see that a newer release was at it.
type older struct{ *stores }

func (m *older) State(ctx context.Context, ns workspace.Namespace) (ledger.State, error) {
	s, err := m.stores.State(ctx, ns)
	s.Newest = 0
	return s, err
}

// failAll gives the whole batch back when one of its events is bad.
func failAll(e events.SQSEvent, response events.SQSEventResponse) events.SQSEventResponse {
	bad := false
	for _, record := range e.Records {
		envelope, _ := wire.Decode(record.Body)
		_, rejected := envelope.Open()
		bad = bad || len(rejected) > 0
	}
	if !bad {
		return response
	}
	response.BatchItemFailures = nil
	for _, record := range e.Records {
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
	}
	return response
}

// answering says that all is queued, whether it is or not.
type answering struct{ collect.Queue }

func (h answering) Send(ctx context.Context, envelopes []event.Envelope) error {
	_ = h.Queue.Send(ctx, envelopes)
	return nil
}

// trusting takes a call that SQS answered for one that took every entry.
type trusting struct{ adapter.Sender }

func (t trusting) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, o ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out, err := t.Sender.SendMessageBatch(ctx, in, o...)
	for _, failed := range out.Failed {
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: failed.Id})
	}
	return out, err
}
