package sim

import "math/rand/v2"

// chance is the one source of choices of a schedule, and remembers them. A script of remembered choices plays the same schedule again, and a
// changed script plays a similar one, which is how a failing schedule is made smaller. 0 is the calm choice everywhere: no fault, no event,
// the first of several; a script that is at its end goes on with it.
type chance struct {
	random *rand.Rand // nil when a script is played
	script []uint16
	drawn  []uint16
}

func seeded(seed uint64) *chance {
	return &chance{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

func scripted(script []uint16) *chance { return &chance{script: script} }

// IntN is a choice among 0 to n-1; n is at most 65,536.
func (c *chance) IntN(n int) int {
	choice := 0
	switch {
	case c.random != nil:
		choice = c.random.IntN(n)
	case len(c.drawn) < len(c.script):
		choice = int(c.script[len(c.drawn)]) % n
	}
	c.drawn = append(c.drawn, uint16(choice))
	return choice
}

// oneIn is true once in n times on average, and never when choices are calm.
func (c *chance) oneIn(n int) bool { return c.IntN(n) == n-1 }

func pick[T any](c *chance, options ...T) T { return options[c.IntN(len(options))] }
