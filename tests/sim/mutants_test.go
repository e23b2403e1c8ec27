//go:build mutants

package sim

import (
	"context"
	"maps"
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
	"waymark/shared/testing/system"
)

// mutants are systems with one known mistake each; everything else is the real handlers. They stand behind a build tag, so that no other
// program can be built with one: go test -tags=mutants -run TestMutants ./tests/sim
var mutants = map[string]func(*stores) system.Ports{
	"the record before the pages":          func(s *stores) system.Ports { return &recordFirst{stores: s} },
	"no record of repeats":                 func(s *stores) system.Ports { return &forgetful{s} },
	"who a link joins is not recorded":     func(s *stores) system.Ports { return &unlinked{s} },
	"order ids not deduplicated":           func(s *stores) system.Ports { return &noClaims{s} },
	"a link is written at one end":         func(s *stores) system.Ports { return &halfLinks{s} },
	"first link stays":                     func(s *stores) system.Ports { return &firstLink{s} },
	"traits of the last writer":            func(s *stores) system.Ports { return &lastTraits{s} },
	"failed events are kept by chance":     func(s *stores) system.Ports { return &careless{s} },
	"no fence":                             func(s *stores) system.Ports { return &noFence{s} },
	"committed before it is logged":        func(s *stores) system.Ports { return &noLog{s} },
	"records forgotten before they settle": func(s *stores) system.Ports { return &impatient{s} },
	"late records passed over":             func(s *stores) system.Ports { return &noTail{s} },
	"nothing is due":                       func(s *stores) system.Ports { return &noDues{s} },
	"windows add up again what they have":  func(s *stores) system.Ports { return &adding{s} },
	"profiles of a stale run win":          func(s *stores) system.Ports { return &staleProfiles{s} },
	"steps of a day are written once":      func(s *stores) system.Ports { return &firstSteps{s} },
	"events of a run are not archived":     func(s *stores) system.Ports { return &noArchive{s} },
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
	p.mutant.ports = mutants["the record before the pages"]
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

// recordFirst records a batch before anything of it is stored: whoever settles in between finds nothing new.
type recordFirst struct{ *stores }

func (m *recordFirst) PutPages(ctx context.Context, ws string, pages map[event.Identifier][]event.Touchpoint) error {
	b := ledger.Batch{Handle: ledger.HandleAt(event.At(m.clock())) + "-" + m.newID()}
	for id := range maps.Keys(pages) {
		b.Identifiers = append(b.Identifiers, id)
	}
	if err := m.stores.PutBatch(ctx, ws, b); err != nil {
		return err
	}
	return m.stores.PutPages(ctx, ws, pages)
}

// PutBatch records the events for the archive, and nobody.
func (m *recordFirst) PutBatch(ctx context.Context, ws string, b ledger.Batch) error {
	b.Identifiers = nil
	return m.stores.PutBatch(ctx, ws, b)
}

// forgetful takes a page that is written again for one that was recorded the first time.
type forgetful struct{ *stores }

func (m *forgetful) PutBatch(ctx context.Context, ws string, b ledger.Batch) error {
	seen, _ := m.scratch["pages"].(map[event.ID]bool)
	isNew := false
	for _, r := range b.Events {
		isNew = isNew || !seen[r.Touchpoint.ID]
	}
	if !isNew {
		b.Identifiers = nil
	}
	return m.stores.PutBatch(ctx, ws, b)
}

func (m *forgetful) PutPages(ctx context.Context, ws string, pages map[event.Identifier][]event.Touchpoint) error {
	err := m.stores.PutPages(ctx, ws, pages)
	seen, _ := m.scratch["pages"].(map[event.ID]bool)
	if seen == nil {
		seen = map[event.ID]bool{}
		m.scratch["pages"] = seen
	}
	for _, page := range pages {
		for _, t := range page {
			seen[t.ID] = true // written, or perhaps: the record that follows may never be
		}
	}
	return err
}

// unlinked records whose pages are new, not whom links join.
type unlinked struct{ *stores }

func (m *unlinked) PutBatch(ctx context.Context, ws string, b ledger.Batch) error {
	paged := map[event.Identifier]bool{}
	for _, r := range b.Events {
		if r.Type == event.Track || r.Type == event.Page || r.Type == event.Screen {
			paged[r.Identifiers[0]] = true
		}
	}
	var ids []event.Identifier
	for _, id := range b.Identifiers {
		if paged[id] {
			ids = append(ids, id)
		}
	}
	b.Identifiers = ids
	return m.stores.PutBatch(ctx, ws, b)
}

// noClaims finds no order that somebody claims.
type noClaims struct{ *stores }

func (m *noClaims) Claims(ctx context.Context, ws string, keys []string) (map[string]profile.Claims, map[string]int64, error) {
	_, versions, err := m.stores.Claims(ctx, ws, keys)
	return map[string]profile.Claims{}, versions, err
}

// halfLinks keeps a link at the child alone.
type halfLinks struct{ *stores }

func (m *halfLinks) Partitions(ctx context.Context, ws string, ids []event.Identifier) ([]ledger.Partition, error) {
	partitions, err := m.stores.Partitions(ctx, ws, ids)
	for i := range partitions {
		partitions[i].Node.Children = nil
	}
	return partitions, err
}

// firstLink keeps the evidence of a link that came first, not the earliest.
type firstLink struct{ *stores }

func (m *firstLink) Evidence(ctx context.Context, ws string, links []identity.Link) ([]identity.Evidence, []bool, error) {
	evidence, found, err := m.stores.Evidence(ctx, ws, links)
	for i := range evidence {
		if found[i] {
			evidence[i].At = 0
		}
	}
	return evidence, found, err
}

// lastTraits overwrites traits whatever was stored meanwhile.
type lastTraits struct{ *stores }

func (m *lastTraits) PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error {
	err := m.stores.PutTraits(ctx, ws, id, t, version)
	if fault.KindOf(err) == fault.Conflict {
		return nil // what the other writer knows stands
	}
	return err
}

// careless does not wait for failed events to be kept.
type careless struct{ *stores }

func (m *careless) PutFailed(ctx context.Context, f event.Failed) error {
	_ = m.stores.PutFailed(ctx, f)
	return nil
}

// noFence writes the state whoever has written it meanwhile.
type noFence struct{ *stores }

func (m *noFence) PutState(ctx context.Context, ws string, s ledger.State, epoch int64) error {
	if stored, err := m.stores.State(ctx, ws); err == nil {
		epoch = stored.Epoch
	}
	return m.stores.PutState(ctx, ws, s, epoch)
}

// noLog says that a log is written, and writes it with the next call if there is one.
type noLog struct{ *stores }

func (m *noLog) PutState(ctx context.Context, ws string, s ledger.State, epoch int64) error {
	if s.Pending != "" {
		s.Pending = ""
	}
	return m.stores.PutState(ctx, ws, s, epoch)
}

// impatient moves the cursor over records when a run begins.
type impatient struct{ *stores }

func (m *impatient) Batches(ctx context.Context, ws, from string, limit int) ([]ledger.Batch, string, error) {
	batches, next, err := m.stores.Batches(ctx, ws, from, limit)
	if len(batches) > 1 && m.oneIn(4) {
		batches = batches[1:]
	}
	return batches, next, err
}

// noTail forgets which records behind the cursor were read: those that come later with an earlier name are passed over.
type noTail struct{ *stores }

func (m *noTail) Batches(ctx context.Context, ws, from string, limit int) ([]ledger.Batch, string, error) {
	last, _ := m.scratch["last"].(string)
	batches, next, err := m.stores.Batches(ctx, ws, max(from, last), limit)
	for _, b := range batches {
		m.scratch["last"] = max(b.Handle, last)
	}
	return batches, next, err
}

// noDues never finds anybody whom time alone has changed.
type noDues struct{ *stores }

func (m *noDues) Dues(context.Context, string, event.Millis, int) ([]ledger.Due, bool, error) {
	return nil, false, nil
}

// adding adds changes to a window that has them.
type adding struct{ *stores }

func (m *adding) Window(ctx context.Context, ws string, g period.Grain, key string) (kpi.Window, error) {
	w, err := m.stores.Window(ctx, ws, g, key)
	if w.Run > 0 {
		w.Run--
	}
	return w, err
}

// PutWindow writes whatever run has written the window.
func (m *adding) PutWindow(ctx context.Context, ws string, w kpi.Window) error {
	stored, err := m.stores.Window(ctx, ws, w.Grain, w.Key)
	if err != nil {
		return err
	}
	w.Run = max(w.Run, stored.Run+1)
	return m.stores.PutWindow(ctx, ws, w)
}

// staleProfiles writes profiles over those of later runs.
type staleProfiles struct{ *stores }

func (m *staleProfiles) PutProfiles(ctx context.Context, ws string, profiles []ledger.Profile) error {
	var ids []event.Identifier
	for _, p := range profiles {
		ids = append(ids, p.ID)
	}
	stored, err := m.stores.Partitions(ctx, ws, ids)
	if err != nil {
		return err
	}
	for i := range profiles {
		profiles[i].Run = max(profiles[i].Run, stored[i].Profile.Run+1)
		if m.oneIn(8) {
			profiles[i].Hours = nil // as an older run would have left it
		}
	}
	return m.stores.PutProfiles(ctx, ws, profiles)
}

// firstSteps keeps the steps that the first run wrote of a day.
type firstSteps struct{ *stores }

func (m *firstSteps) PutSteps(ctx context.Context, ws string, run int64, day ledger.Day) error {
	if m.scratch["steps "+day.Key] != nil {
		return nil
	}
	m.scratch["steps "+day.Key] = true
	return m.stores.PutSteps(ctx, ws, run, day)
}

// noArchive settles records and archives nothing of some.
type noArchive struct{ *stores }

func (m *noArchive) PutEvents(ctx context.Context, ws, name string, all []event.Record) error {
	if m.oneIn(3) {
		return nil
	}
	return m.stores.PutEvents(ctx, ws, name, all)
}

// failAll gives the whole batch back when one of its events is bad.
func failAll(e events.SQSEvent, response events.SQSEventResponse) events.SQSEventResponse {
	bad := false
	for _, record := range e.Records {
		envelope, _ := wire.Decode(record.Body)
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
