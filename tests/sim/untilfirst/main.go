// Command untilfirst plays schedules of the simulator until one differs from the oracle, says which, and ends with 0;
// it ends with 1 when none of a thousand does. Mutants of the source are built with it (see TestMutantsOfTheSource):
// there a difference is what is wanted.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"waymark/tests/sim"
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every injected fault
	debug.SetGCPercent(800)                        // schedules make much garbage and keep none
	p, err := sim.NewPlayer()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for seed := uint64(1); seed <= 1000; seed++ {
		if o := p.Play(seed); o.Problem != "" {
			fmt.Printf("killed at seed %d: %.200s\n", seed, o.Problem)
			return
		}
	}
	os.Exit(1)
}
