//go:build mutants

package sim

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/functions/collect"
	adapter "waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

// mutants are systems with one known mistake each; everything else is the real handlers. They stand behind a build tag, so that no other
// program can be built with one: go test -tags=mutants -run TestMutants ./tests/sim
var mutants = map[string]func(*stores) ports{
	"pages before P": func(s *stores) ports { s.pagesFirst = true; return s },
	"marker first": func(s *stores) ports {
		return &markerFirst{stores: s, pending: map[event.Identifier][]event.Touchpoint{}}
	},
	"last write wins":                         func(s *stores) ports { return &lastWriteWins{s} },
	"no dedup":                                func(s *stores) ports { return &noDedup{s} },
	"add instead of replace":                  func(s *stores) ports { return &adding{s} },
	"archive after commit":                    func(s *stores) ports { return &lateArchive{stores: s} },
	"order ids not deduplicated":              func(s *stores) ports { return &noClaims{s} },
	"no marks on repeats":                     func(s *stores) ports { return &forgetful{stores: s} },
	"a link is written at one end":            func(s *stores) ports { return &halfLinks{s} },
	"first link stays":                        func(s *stores) ports { return &firstLink{s} },
	"traits of the last writer":               func(s *stores) ports { return &lastTraits{s} },
	"marks cleared by day":                    func(s *stores) ports { return &clearAll{s} },
	"consequences are not marked":             func(s *stores) ports { return &inconsequent{s} },
	"stale reads":                             func(s *stores) ports { return &stale{s} },
	"failed events are kept by chance":        func(s *stores) ports { return &careless{s} },
	"the fastest rollup wins, not the newest": func(s *stores) ports { return &blindRollup{s} },
	"what is found again is not confirmed":    func(s *stores) ports { return &unconfirmed{s} },
	"larger windows are marked afterwards":    func(s *stores) ports { return &marksApart{s} },
}

// answers are mistakes in what a function answers.
var answers = map[string]mutant{
	"whole batch acknowledged": {answer: func(events.SQSEvent, events.SQSEventResponse) events.SQSEventResponse {
		return events.SQSEventResponse{}
	}},
	"whole batch failed on one bad event": {answer: failAll},
	"answered before the queue has it":    {queue: func(q collect.Queue) collect.Queue { return hasty{q} }},
	"refused entries taken for sent":      {sender: func(s adapter.Sender) adapter.Sender { return trusting{s} }},
}

// TestMutants: known bad designs must be caught within a thousand seeds, or the simulator proves nothing.
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
			for seed := uint64(1); seed <= 1000; seed++ {
				if o := p.Play(seed); o.Problem != "" {
					t.Logf("killed at seed %d: %.200s", seed, o.Problem)
					return
				}
			}
			t.Errorf("the mutant %q survived 1,000 schedules", name)
		})
	}
}

// TestShrink: a failing schedule is made much smaller, and still fails.
func TestShrink(t *testing.T) {
	t.Parallel()
	p := player(t)
	p.mutant.ports = mutants["marker first"]
	for seed := uint64(1); ; seed++ {
		o := p.Play(seed)
		if o.Problem == "" {
			continue
		}
		small := p.Shrink(seed, 4000)
		before, after := len(trimmed(o.script)), len(trimmed(small.script))
		if small.Problem == "" || after*4 > before {
			t.Errorf("seed %d: %d choices became %d, and the problem %q", seed, before, after, small.Problem)
		}
		t.Logf("%d choices became %d:\n%s\n%s", before, after, small.Trace, small.Problem)
		return
	}
}

// markerFirst knows events by markers that it writes first; the page follows later, unless the invocation dies.
type markerFirst struct {
	*stores
	pending map[event.Identifier][]event.Touchpoint
}

func (m *markerFirst) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	a, pages, err := m.stores.Load(ctx, ws, id, copies)
	return a, append(pages, m.markers(ws, id)...), err
}

func (m *markerFirst) PutPage(_ context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	m.pending[id] = append(m.pending[id], page...)
	return m.call(m.run, "put marker", func() error {
		m.scratch[ws+string(id)] = append(m.markers(ws, id), page...)
		return nil
	})
}

func (m *markerFirst) markers(ws string, id event.Identifier) []event.Touchpoint {
	known, _ := m.scratch[ws+string(id)].([]event.Touchpoint)
	return known
}

func (m *markerFirst) flush(ctx context.Context, ws string, id event.Identifier) error {
	page := m.pending[id]
	delete(m.pending, id)
	for _, t := range page {
		if err := m.stores.PutPage(ctx, ws, id, []event.Touchpoint{t}); err != nil {
			return err
		}
	}
	return nil
}

func (m *markerFirst) Timeline(ctx context.Context, ws string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	if err := m.flush(ctx, ws, id); err != nil {
		return profile.Aggregate{}, nil, err
	}
	return m.stores.Timeline(ctx, ws, id)
}

func (m *markerFirst) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	if err := m.flush(ctx, ws, id); err != nil {
		return err
	}
	return m.stores.Commit(ctx, ws, id, a)
}

// lastWriteWins overwrites whatever another writer has put there.
type lastWriteWins struct{ *stores }

func (m *lastWriteWins) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	err := m.stores.Commit(ctx, ws, id, a)
	for fault.KindOf(err) == fault.Conflict {
		stored, _, _ := m.table.Load(ctx, ws, id, nil)
		a.Version = stored.Version + 1
		err = m.stores.Commit(ctx, ws, id, a)
	}
	return err
}

// noDedup takes every event for new.
type noDedup struct{ *stores }

func (m *noDedup) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	a, _, err := m.stores.Load(ctx, ws, id, copies)
	return a, nil, err
}

// adding adds the rows of a window that is computed again to those that are stored.
type adding struct{ *stores }

func (m *adding) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	for n, w := range windows {
		stored, _ := m.table.Window(ctx, ws, w.Grain, w.Key)
		if len(stored.Rows) != len(w.Rows) {
			continue
		}
		windows[n].Rows = slices.Clone(w.Rows)
		for i := range w.Rows {
			windows[n].Rows[i].Numerator += stored.Rows[i].Numerator
		}
	}
	return m.stores.PutWindows(ctx, ws, windows, marks)
}

// lateArchive archives when everything else is done.
type lateArchive struct {
	*stores
	later []func() error
}

func (m *lateArchive) Put(ctx context.Context, key string, records []event.Record) error {
	m.later = append(m.later, func() error { return m.stores.Put(ctx, key, records) })
	return nil
}

func (m *lateArchive) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	for _, do := range m.later {
		if err := do(); err != nil {
			return err
		}
	}
	m.later = nil
	return m.stores.PutMarks(ctx, ws, marks)
}

// noClaims lets every event that names an order count it.
type noClaims struct{ *stores }

func (m *noClaims) Claims(ctx context.Context, ws string, keys []string) (map[string]profile.Claims, map[string]int64, error) {
	claims, versions, err := m.stores.Claims(ctx, ws, keys)
	if m.isRollup() {
		claims = map[string]profile.Claims{}
	}
	return claims, versions, err
}

func (s *stores) isRollup() bool { return len(s.run.name) > 6 && s.run.name[:6] == "rollup" }

// forgetful takes it that whoever saw the events first has marked their windows.
type forgetful struct {
	*stores
	refolded bool
}

func (m *forgetful) Timeline(ctx context.Context, ws string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	m.refolded = true
	return m.stores.Timeline(ctx, ws, id)
}

func (m *forgetful) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	if m.refolded {
		return nil
	}
	return m.stores.PutMarks(ctx, ws, marks)
}

// halfLinks does not heal a link of which one end was written.
type halfLinks struct{ *stores }

func (m *halfLinks) PutLink(ctx context.Context, ws string, l identity.Link) error {
	if _, found, _ := m.table.Evidence(ctx, ws, []identity.Link{l}); found[0] {
		return nil
	}
	return m.stores.PutLink(ctx, ws, l)
}

// firstLink keeps the evidence that was processed first, not the earliest.
type firstLink struct{ *stores }

func (m *firstLink) Evidence(ctx context.Context, ws string, links []identity.Link) ([]identity.Evidence, []bool, error) {
	stored, found, err := m.stores.Evidence(ctx, ws, links)
	for i := range found {
		if found[i] {
			stored[i] = identity.Evidence{At: -1}
		}
	}
	return stored, found, err
}

// lastTraits writes traits over those that another writer has put there.
type lastTraits struct{ *stores }

func (m *lastTraits) PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error {
	err := m.stores.PutTraits(ctx, ws, id, t, version)
	for fault.KindOf(err) == fault.Conflict {
		_, stored, _ := m.table.Traits(ctx, ws, id)
		err = m.stores.PutTraits(ctx, ws, id, t, stored)
	}
	return err
}

// clearAll clears every mark, those too that were made while it computed.
type clearAll struct{ *stores }

func (m *clearAll) DeleteMarks(ctx context.Context, ws string, handles []string) error {
	all, err := m.table.Marks(ctx, ws, event.At(m.now))
	if err != nil {
		return err
	}
	for _, mark := range all {
		handles = append(handles, mark.Handle)
	}
	return m.stores.DeleteMarks(ctx, ws, handles)
}

// inconsequent marks the larger windows, and none of the other days that a changed day changes.
type inconsequent struct{ *stores }

func (m *inconsequent) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	if m.isRollup() {
		marks = slices.DeleteFunc(slices.Clone(marks), func(k kpi.Mark) bool { return k.Grain == period.Day })
	}
	return m.stores.PutMarks(ctx, ws, marks)
}

// unconfirmed writes no window that comes out as it is stored, so that a slower rollup can store what held in between.
type unconfirmed struct{ *stores }

func (m *unconfirmed) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	for _, w := range windows {
		stored, err := m.table.Window(ctx, ws, w.Grain, w.Key)
		if err != nil {
			return err
		}
		if w.Revision != stored.Revision || w.Digest != stored.Digest {
			return m.stores.PutWindows(ctx, ws, windows, marks)
		}
	}
	return nil
}

// marksApart marks what is made of windows when these are stored, not with them.
type marksApart struct{ *stores }

func (m *marksApart) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	if err := m.stores.PutWindows(ctx, ws, windows, nil); err != nil {
		return err
	}
	return m.stores.PutMarks(ctx, ws, marks)
}

// stale reads a person as they were at the last reading, now and then, as an eventually consistent read may.
type stale struct{ *stores }

func (m *stale) Partitions(ctx context.Context, ws string, ids []event.Identifier) ([]profile.Partition, error) {
	fresh, err := m.stores.Partitions(ctx, ws, ids)
	for i := range fresh {
		key := ws + string(fresh[i].ID)
		old, known := m.scratch[key].(profile.Partition)
		m.scratch[key] = fresh[i]
		if known && m.oneIn(3) {
			fresh[i] = old
		}
	}
	return fresh, err
}

// careless takes a failed event for kept without looking at the answer.
type careless struct{ *stores }

func (m *careless) PutFailed(ctx context.Context, f event.Failed) error {
	_ = m.stores.PutFailed(ctx, f)
	return nil
}

// blindRollup puts windows over newer ones.
type blindRollup struct{ *stores }

func (m *blindRollup) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	err := m.stores.PutWindows(ctx, ws, windows, marks)
	for fault.KindOf(err) == fault.Conflict {
		for n, w := range windows {
			stored, _ := m.table.Window(ctx, ws, w.Grain, w.Key)
			windows[n].Revision, windows[n].Silent = stored.Revision+1, stored.Silent
		}
		err = m.stores.PutWindows(ctx, ws, windows, marks)
	}
	return err
}

// failAll gives the whole batch back when one of its events is bad.
func failAll(e events.SQSEvent, response events.SQSEventResponse) events.SQSEventResponse {
	bad := false
	for _, record := range e.Records {
		envelope, _ := adapter.Decode(record.Body)
		for i, raw := range envelope.Events {
			_, err := event.Parse(raw, envelope.Stamp(i))
			bad = bad || err != nil
		}
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

// hasty says that all is queued, whether it is or not.
type hasty struct{ collect.Queue }

func (h hasty) Send(ctx context.Context, envelopes []event.Envelope) error {
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
