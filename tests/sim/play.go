package sim

import (
	"fmt"
	"strings"
)

// Outcome is how a schedule went.
type Outcome struct {
	Problem string // what differs from the oracle or broke a promise; "" when nothing does
	Trace   string // what happened, step by step, where it was asked for
	Calls   map[string]int
	Faults  map[site]int
	script  []uint16
}

// Player plays schedules of the real handlers, or of a mutant's.
type Player struct {
	rules  rules
	mutant mutant
}

// NewPlayer loads what all schedules share.
func NewPlayer() (*Player, error) {
	r, err := loadRules()
	return &Player{rules: r}, err
}

// Play plays the schedule of a seed.
func (p *Player) Play(seed uint64) Outcome { return p.play(seeded(seed), false) }

func (p *Player) play(c *chance, traced bool) (o Outcome) {
	w, err := newWorld(c, p.rules, p.mutant)
	if err != nil {
		return Outcome{Problem: err.Error()}
	}
	if traced {
		w.trace = &strings.Builder{}
	}
	defer func() {
		if r := recover(); r != nil {
			o.Problem = fmt.Sprint(r)
		}
		o.Calls, o.Faults, o.script = w.faults.calls, w.faults.hits, w.drawn
		if traced {
			o.Trace = w.trace.String()
		}
	}()
	if err := w.run(); err != nil {
		return Outcome{Problem: err.Error()}
	}
	return Outcome{Problem: w.check()}
}

// Shrink makes the failing schedule of a seed smaller, as long as it fails in any way, and plays it once more with a trace. It plays at most
// the given number of schedules.
func (p *Player) Shrink(seed uint64, most int) Outcome {
	best := trimmed(p.Play(seed).script)
	fails := func(script []uint16) bool {
		if script == nil || most <= 0 {
			return false
		}
		most--
		o := p.play(scripted(script), false)
		if o.Problem == "" {
			return false
		}
		best = trimmed(o.script)
		return true
	}
	for before := -1; before != weight(best) && most > 0; {
		before = weight(best)
		for size := len(best); size > 0; size /= 2 {
			for from := len(best) - size; from >= 0 && most > 0; from -= size { // from the end, where most is left over
				if !fails(without(best, from, size)) {
					fails(zeroed(best, from, size))
				}
				from = min(from, len(best))
			}
		}
	}
	return p.play(scripted(best), true)
}

// weight falls with every step that makes a script simpler.
func weight(script []uint16) int {
	sum := len(script)
	for _, choice := range script {
		sum += int(choice)
	}
	return sum
}

// trimmed leaves out the calm choices at the end, which a script goes on with anyway.
func trimmed(script []uint16) []uint16 {
	for len(script) > 0 && script[len(script)-1] == 0 {
		script = script[:len(script)-1]
	}
	return script
}

func without(script []uint16, from, size int) []uint16 {
	to := min(from+size, len(script))
	return append(append([]uint16{}, script[:from]...), script[to:]...)
}

// zeroed calms a run of choices; nil when they are calm.
func zeroed(script []uint16, from, size int) []uint16 {
	out := append([]uint16{}, script...)
	for i := from; i < min(from+size, len(out)); i++ {
		out[i] = 0
	}
	if weight(out) == weight(script) {
		return nil
	}
	return out
}
