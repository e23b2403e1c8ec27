package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"time"

	"waymark/infra/demo"
)

const demoUsage = `usage: waymark demo [flags]

Imports real files (CDNOW, Online Retail, an Apache log, online shoppers, telco
customers) and small cases of papers, rolls up, exports, asks every analysis,
and compares every number with a published or recounted one. Uses the running
system (WAYMARK_URL or waymark dev), or starts one in memory. Running it twice
changes nothing.

With --planted it sends a shop of invented persons instead, in which truths are
planted: a step at which phones fail, a wave of bots, a channel that only
assists, and more. It asks the analyses for each, and prints the question and
what it shows (docs/planted.md).

exit code: 0 all numbers are equal, or all truths are found · 1 one is not, or
something failed · 2 wrong usage
`

func cmdDemo(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark demo", flag.ContinueOnError)
	withUsage(set, demoUsage)
	var at place
	at.tableFlags(set)
	kills := set.Int("kill-process", 0, "kill the running Process binary so many times in the middle, to show that nothing changes")
	planted := set.Bool("planted", false, "send a shop with planted truths, and look for each of them")
	folder := set.String("out", ".waymark/demo", "folder that the exports are copied to")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 || *kills < 0 || *planted && *kills > 0 {
		set.Usage()
		return 2
	}
	show, missing := demo.Run, "at least one number differs"
	if *planted {
		show, missing = demo.RunPlanted, "at least one truth was not found"
	}
	equal, err := runDemo(ctx, at, *kills, *folder, io, show)
	if err != nil {
		fmt.Fprintf(io.Err, "waymark demo: %v\n", err)
		return 1
	}
	if !equal {
		fmt.Fprintln(io.Err, "waymark demo: "+missing)
		return 1
	}
	return 0
}

// attach finds the running system. Without a flag that names one there may be none.
func attach(ctx context.Context, at place) (s demo.System, running bool, err error) {
	if at == (place{}) {
		s, running = demo.Attach(ctx, os.Getenv, readyFile())
		return s, running, nil
	}
	found, err := at.find(ctx)
	if err == nil && found.Env["TABLE_NAME"] == "" {
		err = found.ask(ctx)
	}
	return demo.System{URL: found.URL, AdminURL: found.AdminURL, Env: found.Env}, err == nil, err
}

func runDemo(ctx context.Context, at place, kills int, folder string, io stdio, show func(context.Context, demo.Config) (bool, error)) (equal bool, err error) {
	executable, err := os.Executable()
	if err != nil {
		return false, err
	}
	system, running, err := attach(ctx, at)
	if err != nil {
		return false, err
	}
	if !running {
		fmt.Fprintln(io.Out, "no system is running, starting one in memory")
		started, stop, err := demo.Start(ctx, executable, io.Err)
		if err != nil {
			return false, err
		}
		system = started
		defer func() { err = errors.Join(err, stop()) }()
	}
	return show(ctx, demo.Config{
		System: system, CreateWorkspace: demoWorkspaces(system.Env), Kills: kills, Folder: folder,
		Out: io.Out, Terminal: isTerminal(io.Out), Now: time.Now,
		Rand: rand.New(rand.NewSource(time.Now().UnixNano())),
	})
}
