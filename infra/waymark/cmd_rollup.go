package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"waymark/infra/client"
)

const rollupUsage = `waymark rollup run [--wait 10m] [--json]

Counts at once what would be counted by the next run of Profile, and waits until
all is in the KPIs that was stored when the command began. What waits in the
queue is not stored yet.

  waymark rollup run --wait 1h && waymark kpi --grain month --metric revenue

exit code: 0 all is counted · 1 it failed, or takes longer · 2 wrong usage
`

// most is up to where the system counts what waits.
const most = 1000

// cmdRollup rolls a workspace up.
func cmdRollup(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark rollup run", flag.ContinueOnError)
	withUsage(set, rollupUsage)
	system := apiFlags(set)
	wait := set.Duration("wait", 10*time.Minute, "how long to wait for it")
	asJSON := set.Bool("json", false, "print JSON")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	if strings.Join(words, " ") != "run" || *wait <= 0 {
		set.Usage()
		return 2
	}
	if err := rollUp(ctx, system, *wait, *asJSON, io); err != nil {
		fmt.Fprintf(io.Err, "waymark rollup run: %v\n", err)
		return 1
	}
	return 0
}

func rollUp(ctx context.Context, system *api, wait time.Duration, asJSON bool, io stdio) error {
	begun := time.Now()
	atFirst, err := system.uncounted(ctx) // a wrong key or address is told at once, not after several tries
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	line := newProgressLine(io, "rolling up, "+waitingText(atFirst))
	done, err := system.RollUp(limited, "", func(r client.Rollup) {
		atFirst = max(atFirst, r.Waiting)
		line.say(shareOf(atFirst, r.Waiting), waitingText(r.Waiting))
	})
	line.end()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("not done after %s: %s. The system goes on with it by itself; the same command waits again, --wait longer", wait, waitingText(max(done.Waiting, 1)))
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(io.Out).Encode(done)
	}
	_, err = fmt.Fprintf(io.Out, "workspace %s is rolled up, in %.1f s\n%9s persons looked at\n%9s windows counted\n%9s of them with other numbers\n%9s waiting: what came in meanwhile\n",
		done.Workspace, time.Since(begun).Seconds(), grouped(done.Persons), grouped(done.Windows), grouped(done.Changed), grouped(done.Waiting))
	return err
}

// uncounted is how many batches of events and persons due are not counted yet.
func (a *api) uncounted(ctx context.Context) (int, error) {
	var status struct {
		Uncounted int `json:"dirty_windows"`
	}
	return status.Uncounted, a.do(ctx, "GET", "/v1/status", nil, &status)
}

func waitingText(n int) string {
	switch {
	case n == 0:
		return "nothing waits"
	case n == 1:
		return "1 batch waits"
	case n >= most:
		return grouped(n) + " batches or more wait"
	}
	return grouped(n) + " batches wait"
}

// shareOf is how much is done. Of what cannot be counted nothing is known.
func shareOf(total, left int) float64 {
	if total >= most || total == 0 {
		return -1
	}
	return float64(total-left) / float64(total)
}
