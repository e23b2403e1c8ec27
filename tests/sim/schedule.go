package sim

import (
	"errors"
	"fmt"
	"time"

	"waymark/functions/rollup"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
)

// What process is told at its start.
const version = "sim"

// kept are the properties that touchpoints keep.
var kept = event.Keep{Always: map[string]bool{"plan": true}}

// run plays the schedule to its end: everything at once and under faults, then a calm drain.
func (w *World) run() error {
	w.traffic()
	if w.phase == 0 && w.oneIn(2) { // the release before has counted all of it, and what is sent again comes after the deployment
		if err := w.drain(); err != nil {
			return err
		}
	}
	w.faults.on = true
	for range 30 + w.IntN(90) {
		w.act()
	}
	w.faults.on, w.phase = false, 2
	if problem := w.checkPromises(); problem != "" {
		return errors.New(problem)
	}
	err := w.drain()
	if err == nil && w.exported && w.oneIn(2) {
		w.note("what was exported changes")
		w.requests(1+w.IntN(3), 2, false)
		err = w.drain()
	}
	if err == nil && w.resets {
		w.reset()
		w.faults.aim("everybody", "put profiles", "put window", "put steps")
		w.storm(w.rollup)
		err = w.drain()
	}
	if err == nil && w.oneIn(4) {
		w.now = w.now.Add(400 * 24 * time.Hour)
		w.note("more than a year goes by")
		w.faults.aim("delete dues")
		w.storm(w.rollup)
		if w.oneIn(2) {
			w.repeat()
		}
		err = w.drain()
	}
	w.bury()
	if err == nil && w.problem != "" {
		err = errors.New(w.problem)
	}
	return err
}

// act does one thing.
func (w *World) act() {
	const most = 4 // invocations at a time
	busy := len(w.running) >= most
	switch n := w.IntN(20); {
	case n < 7 || busy:
		w.advance()
	case n < 10:
		w.send()
	case n < 13:
		w.poll()
	case n == 13:
		w.rollup()
	case n == 14 && w.slow:
		w.rollup()
	case n == 14:
		w.thaw()
	case n == 15, n == 16:
		w.orderUnlink()
	case n == 17 && w.phase < 2:
		w.phase++
		w.note("the deployment goes on")
		w.faults.aim("everybody")
	case n == 17:
		w.export(pick(w.chance, "", schedules[0], schedules[1], schedules[2]))
	case n == 18 && w.resets:
		w.reset()
	default:
		w.pass()
	}
}

// reset has an operator change the zone and the stage model of a workspace. What runs goes on with the former ones.
func (w *World) reset() {
	t := &w.tenants[w.IntN(len(w.tenants))]
	t.Zone, t.WeekStart = pick(w.chance, "Asia/Kolkata", "America/New_York", "Europe/London"), pick(w.chance, "", "sunday", "saturday")
	t.Model = pick(w.chance, "default", "four")
	if err := w.table.PutWorkspace(background, *t); err != nil {
		panic("sim: memory takes every workspace: " + err.Error())
	}
	w.note("%s is in %s and has the stage model %s", t.Name, t.Clock(), t.Model)
}

// advance runs invocations for a few calls.
func (w *World) advance() {
	for range 1 + w.IntN(12) {
		w.step()
	}
}

// pass lets time go by, mostly until messages that were lost with their invocation come again.
func (w *World) pass() {
	w.now = w.now.Add(pick(w.chance, time.Minute, visibility+time.Second, visibility+time.Second, 7*time.Hour, 29*time.Hour))
	w.note("time goes by")
}

// drain lets clients send until they are heard, finishes what runs, processes what is left, and rolls up until nothing is dirty. What froze
// goes on in between, when it can do the most harm.
func (w *World) drain() error {
	for range 20_000 {
		switch {
		case len(w.running) > 0:
			w.step()
		case w.thaw():
		case w.insist(), w.insistOnCuts():
		case w.poll():
			for w.oneIn(2) && w.poll() { // at once: what is said last of a person meets what else is said of them
			}
			if w.oneIn(4) { // which may find one half of it
				w.rollup()
			}
		case w.wait():
		case w.dead() > 0:
			w.redrive()
			if err := w.drainOnce(); err != nil {
				return err
			}
		default:
			return w.settle()
		}
	}
	return errors.New("the queue does not drain")
}

// drainOnce processes what was redriven. Without faults nothing becomes a dead letter a second time.
func (w *World) drainOnce() error {
	for len(w.running) > 0 || w.poll() || w.wait() {
		w.step()
	}
	if n := w.dead(); n > 0 {
		return fmt.Errorf("%d messages are dead letters although nothing fails any more", n)
	}
	return nil
}

// settle rolls up once more, now and then lets every export be made, and checks that nothing is left.
func (w *World) settle() error {
	if w.slow { // what froze goes on when all it began with is computed anew
		w.rollup()
		w.finishAll()
		w.thawAll()
	}
	if w.IntN(2) == 1 {
		w.faults.aim("put steps", "delete log", "put listings", "put window", "put restated", "put restated")
		w.storm(w.rollup)
	}
	w.lastRollup()
	if w.exported || w.oneIn(3) {
		w.settleExports()
	}
	for _, t := range w.tenants {
		left, err := rollup.Waiting(background, w.table, t.Namespace(), w.settled)
		if err != nil {
			return err
		}
		if state, _ := w.table.State(background, t.Namespace()); left > 0 || state.Pending != "" || state.Settled < w.settled {
			return fmt.Errorf("%d batches and dues of %s are not settled; the state is %+v", left, t.Name, state)
		}
	}
	return nil
}

// lastRollup computes all that is due now. Everything is compared at this instant: a later one may be that of a lapse, which waits for the next.
func (w *World) lastRollup() {
	w.now = w.now.Add(ledger.Lease + time.Second) // a run that died holds the workspaces no longer
	w.settled = event.At(w.now)
	w.rollup()
	w.finishAll()
}

func (w *World) finishAll() {
	for len(w.running) > 0 {
		w.step()
	}
}

// storm runs some invocations at once and under faults, and lets what froze go on.
func (w *World) storm(begin func()) {
	w.faults.on = true
	for range 1 + w.IntN(3) {
		begin()
	}
	w.finishAll()
	w.faults.on = false
	w.thawAll()
}

func (w *World) thawAll() {
	w.slow = false
	for w.thaw() {
	}
	w.finishAll()
}

// settleExports waits for as long as notes of changed windows wait for rollups that may still be on their way. Then exports are made at once and
// under faults, and at last every schedule is fired in peace.
func (w *World) settleExports() {
	w.now = w.now.Add(2 * time.Hour)
	w.lastRollup()
	w.faults.aim("get file", "get file", "put file", "delete restated")
	w.storm(func() { w.export(schedules[w.IntN(len(schedules))]) })
	for _, schedule := range schedules {
		w.export(schedule)
		w.finishAll()
	}
	w.exported = true
	for _, t := range w.tenants {
		if problem := w.checkNotes(t); problem != "" {
			w.blame(problem)
		}
	}
}
