package sim

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"
)

var background = context.Background()

// invocation is one run of a function, advanced call by call.
type invocation struct {
	name     string
	next     func() (struct{}, bool)
	stop     func()
	yield    func() bool
	deadline time.Time
	answered bool   // it came to its end; otherwise it crashed
	given    bool   // nobody waits for its answer any more
	done     func() // called once, when it answered, crashed or was given up
	puts     int    // of profiles and windows, until it freezes
}

// start makes an invocation a coroutine that yields before every call. done is called when its caller knows how it went.
func (w *World) start(name string, timeout time.Duration, do func(ctx context.Context, run *invocation), done func(run *invocation)) {
	run := &invocation{name: name + " " + w.newID(), deadline: w.now.Add(timeout)}
	run.done = func() { done(run) }
	run.next, run.stop = iter.Pull(func(yield func(struct{}) bool) {
		run.yield = func() bool { return yield(struct{}{}) }
		defer func() {
			if r := recover(); r != nil && r != errCrash {
				panic(r)
			}
		}()
		do(background, run)
		run.answered = true
	})
	w.running = append(w.running, run)
	w.note("%s begins", run.name)
}

// step advances one invocation by one call. The clock goes on a little; an invocation that is over its time is given up.
func (w *World) step() {
	if len(w.running) == 0 {
		return
	}
	run := w.turn()
	if _, more := run.next(); more {
		if !run.given && w.now.After(run.deadline) {
			w.note("%s is over its time", run.name)
			w.freeze(run)
		}
		return
	}
	run.stop()
	w.running = slices.DeleteFunc(w.running, func(other *invocation) bool { return other == run })
	w.now = w.now.Add(time.Duration(w.IntN(5)) * time.Second)
	w.finish(run)
}

// turn picks who goes on: anybody, or where invocations go on in bursts mostly the one that did before.
func (w *World) turn() *invocation {
	if w.bursts && slices.Contains(w.running, w.before) && w.IntN(8) < 7 {
		return w.before
	}
	w.before = w.running[w.IntN(len(w.running))]
	return w.before
}

func (w *World) finish(run *invocation) {
	if run.given {
		w.note("%s ends, and nobody waits for it", run.name)
		return
	}
	run.given = true
	if !run.answered {
		w.note("%s is dead", run.name)
	}
	run.done()
}

// freeze sets an invocation aside. Its caller takes it for dead.
func (w *World) freeze(run *invocation) {
	run.answered = false
	w.finish(run)
	w.running = slices.DeleteFunc(w.running, func(other *invocation) bool { return other == run })
	w.frozen = append(w.frozen, run)
}

// thaw lets a frozen invocation go on as if no time had passed; a slow rollup waits for thawAll. It says whether there was one.
func (w *World) thaw() bool {
	var may []int
	for i, run := range w.frozen {
		if !w.slow || !strings.HasPrefix(run.name, "rollup") {
			may = append(may, i)
		}
	}
	if len(may) == 0 {
		return false
	}
	i := may[w.IntN(len(may))]
	run := w.frozen[i]
	w.frozen = slices.Delete(w.frozen, i, i+1)
	w.running = append(w.running, run)
	w.note("%s goes on", run.name)
	return true
}

// bury ends what is frozen when the schedule is over.
func (w *World) bury() {
	for _, run := range w.frozen {
		run.stop()
	}
	w.frozen = nil
}

// call is one call to a store: other invocations run before it, and it may go wrong.
func (w *World) call(run *invocation, name string, apply func() error) error {
	if !run.yield() {
		panic(errCrash) // it is buried
	}
	w.faults.calls[name]++
	switch kind := w.faults.next(name, false); kind {
	case errorBefore, throttle:
		return errInjected
	case conflict:
		return errConflict
	case errorAfter:
		if err := apply(); err != nil {
			return err
		}
		return errInjected
	case crashBefore:
		panic(errCrash)
	case crashAfter:
		_ = apply() // what it answers, nobody learns
		panic(errCrash)
	case freeze:
		w.freeze(run)
		if !run.yield() {
			panic(errCrash)
		}
	}
	return apply()
}
