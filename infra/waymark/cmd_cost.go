package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"waymark/infra/cost"
	"waymark/infra/cost/bill"
	"waymark/infra/cost/traffic"
)

const costUsage = `usage: waymark cost [flags]

Plays seeded traffic through the laptop cloud, counts every unit that AWS would
bill, and prices it. docs/costs.md explains what is counted.

exit code: 0 counted · 1 something failed · 2 wrong usage
`

// costTouchpoints is how many touchpoints of a day are played when nobody says otherwise: all of a profile's.
const costTouchpoints = 10_000

// costFlags are the flags of `waymark cost`.
type costFlags struct {
	profiles    string
	touchpoints int
	mine        string
	json, write bool
	atOnce      int
}

// cmdCost prints what traffic costs.
func cmdCost(ctx context.Context, args []string, io stdio) int {
	var f costFlags
	set := flag.NewFlagSet("waymark cost", flag.ContinueOnError)
	withUsage(set, costUsage)
	set.StringVar(&f.profiles, "profile", "", "only these profiles, with commas between them, and not the idle cost")
	set.IntVar(&f.touchpoints, "touchpoints", costTouchpoints,
		"touchpoints to play of the day of each profile; fewer are the first part of it")
	set.StringVar(&f.mine, "mine", "",
		"a file that describes your own traffic, as infra/cost/mine.yaml does, in the place of the profiles")
	set.BoolVar(&f.json, "json", false, "one line of JSON")
	set.BoolVar(&f.write, "write", false,
		"keep the figures of all profiles as the committed ones and write docs/costs.md from them")
	set.IntVar(&f.atOnce, "at-once", 2, "profiles that are played at a time")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 || f.touchpoints < 1 || f.atOnce < 1 || f.mine != "" && f.profiles != "" ||
		f.write && (f.mine != "" || f.profiles != "" || f.touchpoints != costTouchpoints) {
		set.Usage()
		return 2
	}
	if err := runCost(ctx, f, io); err != nil {
		fmt.Fprintf(io.Err, "waymark cost: %v\n", err)
		return 1
	}
	return 0
}

func runCost(ctx context.Context, f costFlags, io stdio) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	profiles, err := costProfiles(f)
	if err != nil {
		return err
	}
	prices, err := cost.Prices()
	if err != nil {
		return err
	}
	committed, err := cost.ReadFigures(cost.Committed(root))
	if err != nil && !(f.write && errors.Is(err, os.ErrNotExist)) {
		return err
	}
	figures, err := cost.Measure(ctx, cost.Config{
		Root: root, Data: filepath.Join(root, ".waymark", "cost"), Profiles: profiles, Touchpoints: f.touchpoints,
		Idle:   f.profiles == "",
		AtOnce: f.atOnce, Now: time.Now, Progress: costProgress(io),
	})
	if err != nil {
		return err
	}
	if f.write {
		if err := cost.WriteFigures(cost.Committed(root), figures); err != nil {
			return err
		}
		if err := cost.WriteDocs(root, figures, prices); err != nil {
			return err
		}
	}
	return printCost(f, figures, prices, committed, io)
}

// costProfiles are those to play.
func costProfiles(f costFlags) ([]traffic.Profile, error) {
	if f.mine != "" {
		text, err := os.ReadFile(f.mine)
		if err != nil {
			return nil, fmt.Errorf("read traffic: %w", err)
		}
		p, err := traffic.Parse(text)
		return []traffic.Profile{p}, err
	}
	all, err := traffic.Profiles()
	if err != nil || f.profiles == "" {
		return all, err
	}
	var chosen []traffic.Profile
	for name := range strings.SplitSeq(f.profiles, ",") {
		i := slices.IndexFunc(all, func(p traffic.Profile) bool { return p.Name == name })
		if i < 0 {
			var names []string
			for _, p := range all {
				names = append(names, p.Name)
			}
			return nil, fmt.Errorf("there is no profile %q, only %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// costProgress writes what is being done, line by line.
func costProgress(io stdio) func(profile, text string) {
	begin := time.Now()
	var mu sync.Mutex
	return func(profile, text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(io.Err, "%5.0f s  %-13s %s\n", time.Since(begin).Seconds(), profile, text)
	}
}

func printCost(f costFlags, figures cost.Figures, prices bill.Prices, committed cost.Figures, io stdio) error {
	if f.json {
		line, err := cost.JSON(figures, prices)
		if err != nil {
			return err
		}
		fmt.Fprintln(io.Out, string(line))
		return nil
	}
	if f.touchpoints != costTouchpoints {
		committed = cost.Figures{} // a part of a day is not to be compared with the whole
	}
	fmt.Fprint(io.Out, cost.Report(figures, prices, committed))
	if f.mine != "" {
		fmt.Fprint(io.Out, cost.Month(figures.Profiles[0], prices, figures.Idle))
	}
	return nil
}
