package collect

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// The rules of limits are:
//
// A write key is public, so whoever reads it can send with it. Limits bound what that costs: requests a second from one
// address with one key, requests a second with one key, and events of a source on a UTC day.
//
// The first two are counted by each instance for itself, because asking a store would cost more than the request. Lambda
// gives an instance one request at a time, so n instances let through n times the rate at most. The gateway's throttle
// bounds all of them together.
//
// The third is counted in the table. An instance says what it took when that is a hundredth of the cap, and every ten
// seconds. So a source may get a hundredth of its cap more for each instance that runs. A table that does not answer
// stops nobody: a limit must not lose what a shop sends.
const (
	burstSeconds  = 5                // a client that was offline sends what waited
	capShare      = 100              // part of a cap that an instance may take without saying so
	sayEvery      = 10 * time.Second // at the latest, when there is something to say
	maxGuarded    = 10_000           // addresses that an instance remembers, twice
	codeTooMany   = "too_many_requests"
	codeCap       = "daily_cap"
	notedRequests = "-limits" // behind the id of the request that brings the note
)

// guard keeps the limits of one instance.
type guard struct {
	spending    Spending
	now         func() time.Time
	addressRate int

	mu      sync.Mutex
	recent  map[string]*rate.Limiter // by key, and by key and address
	before  map[string]*rate.Limiter // those of the time before, still good
	sources map[source]*account
}

// source is whose limits are kept.
type source struct{ workspace, name string }

// account is what an instance knows of one source.
type account struct {
	day    string // UTC
	known  bool   // total was asked for on this day
	total  int64  // of the day, as the table said last
	unsaid int64  // taken since then
	said   time.Time
	warned bool

	leaked time.Time // when the log last said that a key of it is known to others

	refused map[string]event.Refused // by code, not noted yet
	noted   time.Time
}

func newGuard(c Config) *guard {
	return &guard{
		spending: c.Spending, now: c.Now, addressRate: c.AddressRate,
		recent: map[string]*rate.Limiter{}, before: map[string]*rate.Limiter{}, sources: map[source]*account{},
	}
}

// admit says whether the events of a request may come in now. Faults, both Exhausted, with the time after which to try
// again: too_many_requests, daily_cap.
func (g *guard) admit(ctx context.Context, key workspace.Key, address string, events int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.wait(key.Text+" "+address, g.addressRate); wait > 0 {
		return g.refuse(key, events, tooMany("from this address", wait))
	}
	if wait := g.wait(key.Text, key.Rate); wait > 0 {
		return g.refuse(key, events, tooMany("with this write key", wait))
	}
	if key.Cap > 0 {
		return g.spend(ctx, key, int64(events))
	}
	return nil
}

// wait takes a token from the bucket of a name, or says how long there is none.
func (g *guard) wait(name string, perSecond int) time.Duration {
	if perSecond == 0 {
		return 0
	}
	limiter := g.limiter(name, rate.Limit(perSecond), burstSeconds*perSecond)
	reserved := limiter.ReserveN(g.now(), 1)
	wait := reserved.DelayFrom(g.now())
	if wait > 0 {
		reserved.CancelAt(g.now())
	}
	return wait
}

// limiter finds the bucket of a name. Whoever was not seen for two generations of names, or has a new limit, begins anew
// with a full bucket.
func (g *guard) limiter(name string, limit rate.Limit, burst int) *rate.Limiter {
	found := g.recent[name]
	if found != nil && found.Limit() == limit {
		return found
	}
	if found == nil {
		found = g.before[name]
	}
	if found == nil || found.Limit() != limit {
		found = rate.NewLimiter(limit, burst)
	}
	if len(g.recent) == maxGuarded {
		g.before, g.recent = g.recent, make(map[string]*rate.Limiter, maxGuarded)
	}
	g.recent[name] = found
	return found
}

func tooMany(who string, wait time.Duration) *fault.Error {
	f := fault.Newf(fault.Exhausted, codeTooMany,
		"there are too many requests %s; wait as Retry-After says, and send more events in one request", who)
	f.After = wait
	return f
}

// spend takes events of a source's daily cap.
func (g *guard) spend(ctx context.Context, key workspace.Key, events int64) error {
	now := g.now().UTC()
	a := g.account(key)
	if day := now.Format(time.DateOnly); a.day != day {
		a.day, a.known, a.total, a.unsaid, a.warned = day, false, 0, 0, false
	}
	if !a.known || a.unsaid >= max(1, key.Cap/capShare) || a.unsaid > 0 && now.Sub(a.said) >= sayEvery {
		total, err := g.spending.Spend(ctx, key.Workspace, key.Source, a.day, a.unsaid)
		if err != nil {
			slog.WarnContext(ctx, "daily cap not asked", "workspace", key.Workspace, "source", key.Source, "error", err.Error())
		} else {
			a.known, a.total, a.unsaid, a.said = true, total, 0, now
		}
	}
	if a.total+a.unsaid+events <= key.Cap {
		a.unsaid += events
		return nil
	}
	if !a.warned {
		a.warned = true // template.yaml has an alarm that waits for this line
		slog.WarnContext(ctx, "daily cap reached", "workspace", key.Workspace, "source", key.Source, "cap_events", key.Cap)
	}
	full := fault.Newf(fault.Exhausted, codeCap,
		"the source has sent the %d events that it may send on a UTC day; `waymark keys set` changes its cap", key.Cap)
	full.After = now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
	return g.refuse(key, int(events), full)
}

func (g *guard) account(key workspace.Key) *account {
	of := source{key.Workspace, key.Source}
	a := g.sources[of]
	if a == nil {
		a = &account{refused: map[string]event.Refused{}, noted: g.now()}
		g.sources[of] = a
	}
	return a
}

// refuse counts what is refused. A note for each would let a flood cost as much as if it were taken.
func (g *guard) refuse(key workspace.Key, events int, f *fault.Error) error {
	refused := g.account(key).refused
	refused[f.Code] = event.Refused{Code: f.Code, Events: refused[f.Code].Events + max(events, 1), Reason: httpapi.ReasonOf(f)}
	return f
}

// notes gives the counts of what was refused for a key's source, at most every ten seconds. What an instance has not
// noted when it ends is counted nowhere.
func (g *guard) notes(key workspace.Key, request string) []event.Envelope {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, now := g.sources[source{key.Workspace, key.Source}], g.now()
	if a == nil || len(a.refused) == 0 || now.Sub(a.noted) < sayEvery {
		return nil
	}
	var notes []event.Envelope
	for _, code := range []string{codeTooMany, codeCap} {
		if refused, found := a.refused[code]; found {
			notes = append(notes, noteOf(key, event.At(now), request+notedRequests+"-"+code, refused))
		}
	}
	clear(a.refused)
	a.noted = now
	return notes
}

// guarded lets a request in or refuses it, and queues the counts of what was refused before.
func (h *Handler) guarded(ctx context.Context, r httpapi.Request, key workspace.Key, events int) error {
	refused := h.guard.admit(ctx, key, r.SourceIP, events)
	if notes := h.guard.notes(key, r.ID); notes != nil {
		h.sendNotes(ctx, key, notes)
	}
	return refused
}
