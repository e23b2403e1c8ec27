package sim

import (
	"errors"
	"slices"

	"waymark/shared/domain/fault"
)

// What may happen to a call.
const (
	errorBefore = "error before" // it fails and was not applied
	errorAfter  = "error after"  // it was applied, and the answer is lost
	partly      = "partly"       // the first of several items were written
	crashBefore = "crash before" // the invocation dies
	crashAfter  = "crash after"
	freeze      = "freeze" // the invocation stops for so long that everybody takes it for dead, and may go on later
	throttle    = "throttle"
	conflict    = "conflict" // another transaction is under way on the item, or another writer was first and is gone again
)

var faultKinds = [...]string{errorBefore, errorAfter, partly, crashBefore, crashAfter, freeze, throttle, conflict}

// conditional are the calls that may be answered by a conflict, and several those that write several items and may end half-way.
var (
	conditional = []string{"put export claim", "put state", "put window"}
	several     = []string{"archive index", "delete dues", "put dues", "put links", "put listings", "put pages", "put profiles", "send messages"}
)

// possible says whether a kind of fault can happen to a call.
func possible(name, kind string) bool {
	switch kind {
	case partly:
		return slices.Contains(several, name)
	case conflict:
		return slices.Contains(conditional, name)
	}
	return true
}

// errCrash ends an invocation in the middle.
var errCrash = errors.New("sim: the invocation crashed")

var errConflict = fault.New(fault.Conflict, "conflict", "another transaction is under way")

var errInjected = fault.New(fault.Unavailable, "injected", "the store does not answer")

// site is a kind of call, and kind what happened to it.
type site struct{ name, kind string }

// faults decides which calls go wrong, and counts them.
type faults struct {
	*World
	on    bool
	plans [3]plan // one fault that takes what comes, and two that are meant for rare calls
	burst int     // calls that are still throttled
	calls map[string]int
	hits  map[site]int
}

// plan is the next fault.
type plan struct {
	left   int    // calls until it is due
	kind   string // "" for none
	target string // it waits for a call of this site; "" for any
}

// rare are the calls that are few among all, and would hardly ever be met by chance; the rarest stand here several times.
var rare = [...]string{
	"archive index", "batches", "claims", "delete dues", "delete log", "evidence", "log", "log", "log", "partition", "put batch", "put batch",
	"put claims", "put dues", "put events", "put listings", "put log", "put log", "put pages", "put profiles", "put profiles", "put state", "put state",
	"put steps", "put window", "put window", "put failed", "put failed", "put refusal", "put refusal",
	"put refusal", "put refusal", "put cut", "put cut", "put cut", "put cut", "put restated", "restated", "delete restated", "delete restated",
	"export claim", "put export claim", "put export claim", "put export claim", "get file", "get file", "get file", "get file", "put file", "put file",
}

// rareParts are those of several items of which many are seldom written at once; "" is any.
var rareParts = [...]string{"", "", "", "delete dues", "delete dues", "put dues", "put listings", "put profiles"}

func newFaults(w *World) faults {
	f := faults{World: w, calls: map[string]int{}, hits: map[site]int{}}
	for i := range f.plans {
		f.plan(i)
	}
	return f
}

// plan chooses the next fault. Most calls go well.
func (f *faults) plan(i int) {
	p := plan{left: 1 + f.IntN(60)}
	if n := f.IntN(len(faultKinds) + 1); n > 0 {
		p.kind = faultKinds[n-1]
	}
	switch {
	case i > 0 && p.kind == partly:
		p.target = rareParts[f.IntN(len(rareParts))]
	case i > 0 && p.kind != conflict:
		p.target = rare[f.IntN(len(rare))]
	}
	f.plans[i] = p
}

// aim plans faults for the first calls of some sites.
func (f *faults) aim(targets ...string) {
	for i := 1; i < len(f.plans); i++ {
		f.plans[i] = plan{left: 1, kind: faultKinds[f.IntN(len(faultKinds))], target: targets[f.IntN(len(targets))]}
	}
}

// next says what happens to a call of this site; "" for nothing. Inside an operation of several items only its rest can go wrong.
func (f *faults) next(name string, inside bool) string {
	if !f.on {
		return ""
	}
	if f.burst > 0 {
		f.burst--
		return f.hit(name, throttle)
	}
	for i := range f.plans {
		p := &f.plans[i]
		if p.left--; p.left > 0 || p.kind != "" && !p.fits(name, inside) {
			continue
		}
		kind := p.kind
		f.plan(i)
		if kind == "" {
			continue
		}
		if kind == throttle {
			f.burst = f.IntN(4)
		}
		return f.hit(name, kind)
	}
	return ""
}

// fits says whether the call is one that the fault waits for. After a while it waits no longer for one that may never come.
func (p *plan) fits(name string, inside bool) bool {
	const patience = 200 // calls
	if p.target != "" && p.left < -patience {
		p.target = ""
	}
	return inside == (p.kind == partly) && (p.target == "" || p.target == name) && possible(name, p.kind)
}

func (f *faults) hit(name, kind string) string {
	f.hits[site{name, kind}]++
	f.note("    %s: %s", name, kind)
	return kind
}

// between is what may happen inside an operation that writes several items.
func (w *World) between(operation string) error {
	if w.faults.next(operation, true) == partly {
		if w.IntN(2) == 1 {
			panic(errCrash)
		}
		return errInjected
	}
	return nil
}
