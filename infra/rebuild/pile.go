package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

// renew makes the touchpoint of an archived event as it would be made if the event came today: rules that changed since apply to the past.
func (w *work) renew(r event.Record) event.Touchpoint {
	t := r.Touchpoint
	t.Sign, t.Bot = string(w.Channels.Sign(r.Marketing)), w.Bots.Of(r.Agent)
	return t
}

// ends are the two identifiers of a link.
type ends struct{ child, parent event.Identifier }

// share is a range of hashes: those whose leading bits, width of them, are the given ones.
type share struct {
	width int
	bits  uint64
}

// pile is what one pass over the archive collects: a share of the identifiers, links and orders, each whole. Shares are ranges of their
// hashes, so that passes one after the other go through all in one order, however many there are.
type pile struct {
	mu sync.Mutex
	share
	weight int // of what was collected, in events or names
	events int // seen, in this share or not

	copies map[event.Identifier][]event.Touchpoint // by the identifier they are kept under
	links  map[ends]identity.Evidence
	claims map[string]profile.Claims
	said   map[event.Identifier]bool // have traits, perhaps: kept under in an identify or group event
	named  map[event.Identifier]bool // every identifier that is named at all
	orders map[string]bool           // every order that is named at all
}

func newPile(of share) *pile {
	return &pile{
		share: of, copies: map[event.Identifier][]event.Touchpoint{}, links: map[ends]identity.Evidence{},
		claims: map[string]profile.Claims{}, said: map[event.Identifier]bool{}, named: map[event.Identifier]bool{}, orders: map[string]bool{},
	}
}

// maxWidth bounds the number of passes; beyond it one identifier alone has more events than a pass should hold.
const maxWidth = 20

// place is where a name stands in the order of passes.
func place[T ~string](name T) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint64(sum[:8])
}

// holds says whether a name belongs to a share. A shift by 64 gives 0: without division all is one share.
func holds[T ~string](s share, name T) bool { return place(name)>>(64-s.width) == s.bits }

// narrow halves the share and drops what is not in it any more.
func (p *pile) narrow() {
	p.width++
	p.bits <<= 1
	for id := range p.copies {
		if !holds(p.share, id) {
			p.weight -= len(p.copies[id])
			delete(p.copies, id)
		}
	}
	for e := range p.links {
		if !holds(p.share, e.child) {
			delete(p.links, e)
		}
	}
	drop(p, p.claims)
	drop(p, p.said)
	p.weight -= drop(p, p.named) + drop(p, p.orders)
}

func drop[K ~string, V any](p *pile, m map[K]V) (dropped int) {
	for name := range m {
		if !holds(p.share, name) {
			delete(m, name)
			dropped++
		}
	}
	return dropped
}

// add collects what an event says, for loading.
func (p *pile) add(r event.Record, t event.Touchpoint) {
	r.Touchpoint = t // what it proves follows from what is known of it today
	kept := r.Identifiers[0]
	if r.Type.Touches() && holds(p.share, kept) {
		p.copies[kept] = append(p.copies[kept], t)
		p.weight++
	}
	if (r.Type == event.Identify || r.Type == event.Group) && holds(p.share, kept) {
		p.said[kept] = true
	}
	for _, l := range identity.Recorded(r) {
		if !holds(p.share, l.Child) {
			continue
		}
		at := ends{l.Child, l.Parent}
		if known, found := p.links[at]; !found || l.Evidence.Before(known) {
			p.links[at] = l.Evidence
		}
	}
	if key, claim, ok := profile.ClaimOf(t, kept); ok && r.Type.Touches() && holds(p.share, key) {
		p.claims[key] = p.claims[key].Join(claim)
	}
}

// name collects whom and which order an event names, for comparing and deleting.
func (p *pile) name(r event.Record, _ event.Touchpoint) {
	before := len(p.named) + len(p.orders)
	for _, ids := range [][]event.Identifier{r.Identifiers, r.Previous} {
		for _, id := range ids {
			if !p.named[id] && holds(p.share, id) {
				p.named[id] = true
			}
		}
	}
	if o := r.Touchpoint.Order; o != nil && holds(p.share, profile.OrderKey(*o)) {
		p.orders[profile.OrderKey(*o)] = true
	}
	p.weight += len(p.named) + len(p.orders) - before
}

// collector is how a pass collects. derive makes the touchpoint of an event, several at the same time; add collects, one at a time.
type collector struct {
	derive func(share, event.Record) event.Touchpoint
	add    func(*pile, event.Record, event.Touchpoint)
}

// everything collects what loading needs. Channel rules are applied to the events of the share alone, bot rules to all: whether an event proves a
// link or claims an order depends on who made it.
func (w *work) everything() collector {
	return collector{add: (*pile).add, derive: func(s share, r event.Record) event.Touchpoint {
		if holds(s, r.Identifiers[0]) {
			return w.renew(r)
		}
		t := r.Touchpoint
		t.Bot = w.Bots.Of(r.Agent)
		return t
	}}
}

// names collects whom and what the archive names.
func names() collector {
	return collector{add: (*pile).name, derive: func(_ share, r event.Record) event.Touchpoint { return r.Touchpoint }}
}

// passes reads the objects as often as memory demands, and uses each pile when it is complete. Doubled objects and any order make no
// difference to a pile. The first pass finds out how many there must be.
func (w *work) passes(ctx context.Context, phase string, keys []string, collect collector, use func(*pile) error) error {
	width := 0
	for bits := uint64(0); bits < 1<<width; bits++ {
		p := newPile(share{width, bits})
		if err := w.pass(ctx, phase, keys, p, collect); err != nil {
			return err
		}
		if bits == 0 {
			width = p.width
		}
		w.report.Events = p.events
		if err := use(p); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) pass(ctx context.Context, phase string, keys []string, p *pile, collect collector) error {
	done := 0
	return each(ctx, w.Readers, keys, func(ctx context.Context, key string) error {
		p.mu.Lock()
		wanted := p.share
		p.mu.Unlock()
		var records []event.Record
		var touchpoints []event.Touchpoint
		if err := w.read(ctx, key, func(r event.Record) {
			records, touchpoints = append(records, r), append(touchpoints, collect.derive(wanted, r))
		}); err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, r := range records {
			collect.add(p, r, touchpoints[i])
		}
		p.events += len(records)
		for p.bits == 0 && p.weight > w.PerPass && p.width < maxWidth {
			p.narrow()
		}
		if done++; done%64 == 0 || done == len(keys) {
			w.tell(Progress{Phase: phase + ", reading", Done: done, Total: len(keys), Unit: "objects"})
		}
		return nil
	})
}

// read visits the events of an object. One that names another workspace, or nobody, is a defect that must be looked at.
func (w *work) read(ctx context.Context, key string, visit func(event.Record)) error {
	for r, err := range w.Archive.Read(ctx, key) {
		if err != nil {
			return err
		}
		if r.Workspace != w.Config.Workspace || len(r.Identifiers) == 0 {
			return fault.Newf(fault.Invalid, "bad_archive", "object %s holds an event of workspace %q with %d identifiers: it does not belong here", key, r.Workspace, len(r.Identifiers))
		}
		visit(r)
	}
	return nil
}

// objects lists the archive of the workspace.
func (w *work) objects(ctx context.Context) ([]string, error) {
	var keys []string
	for key, err := range w.Archive.Keys(ctx, archive.Prefix(w.Config.Workspace)) {
		if err != nil {
			return nil, fmt.Errorf("list archive: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// each calls do with every value, limit at a time, and gives the first errors; an error ends the others.
func each[T any](ctx context.Context, limit int, values []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		running  sync.WaitGroup
		mu       sync.Mutex
		failures []error
	)
	next := make(chan T)
	for range max(limit, 1) {
		running.Go(func() {
			for value := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := do(ctx, value); err != nil {
					mu.Lock()
					failures = append(failures, err)
					mu.Unlock()
					cancel()
				}
			}
		})
	}
	for _, value := range values {
		next <- value
	}
	close(next)
	running.Wait()
	if len(failures) > 0 {
		return errors.Join(failures[0])
	}
	return ctx.Err()
}
