package sim

import (
	"errors"

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
)

var faultKinds = [...]string{errorBefore, errorAfter, partly, crashBefore, crashAfter, freeze, throttle}

// errCrash ends an invocation in the middle.
var errCrash = errors.New("sim: the invocation crashed")

var errInjected = fault.New(fault.Unavailable, "injected", "the store does not answer")

// site is a kind of call, and kind what happened to it.
type site struct{ name, kind string }

// faults decides which calls go wrong, and counts them.
type faults struct {
	*World
	on    bool
	left  int    // calls until the next one
	kind  string // of the next one; "" for none
	burst int    // calls that are still throttled
	calls map[string]int
	hits  map[site]int
}

func newFaults(w *World) faults {
	f := faults{World: w, calls: map[string]int{}, hits: map[site]int{}}
	f.plan()
	return f
}

// plan chooses the next fault. Most calls go well.
func (f *faults) plan() {
	f.left = 1 + f.IntN(60)
	f.kind = ""
	if n := f.IntN(len(faultKinds) + 1); n > 0 {
		f.kind = faultKinds[n-1]
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
	if f.left--; f.left > 0 {
		return ""
	}
	if inside != (f.kind == partly) {
		f.left = 1 // it waits for a call that it fits
		if f.kind != partly || f.IntN(20) > 0 {
			return ""
		}
	}
	kind := f.kind
	f.plan()
	switch kind {
	case "", partly:
		if !inside {
			return ""
		}
	case throttle:
		f.burst = f.IntN(4)
	}
	return f.hit(name, kind)
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
