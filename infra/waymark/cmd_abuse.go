package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"waymark/infra/abuse"
	"waymark/infra/demo"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/workspace"
)

const abuseUsage = `usage: waymark abuse [--only A,C1] [--docs docs/trust.md]

Starts a system in memory and attacks it with a site's public key, by somebody
who knows every user id, e-mail address, order number and message id: each
attack of docs/trust.md, in each mode, against a shop of its own.

It prints "safe" where nothing of the shop's people, orders and money changed,
and otherwise "detected and undone": the quality report shows the attack, and
one quarantine brought every number back, to the byte.

exit code: 0 all as docs/trust.md says · 1 something else, or it failed
2 wrong usage
`

func cmdAbuse(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark abuse", flag.ContinueOnError)
	withUsage(set, abuseUsage)
	only := set.String("only", "", "play these attacks alone, with commas between")
	docs := set.String("docs", "", "write the table of this file anew, between its two marks")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	attacks, err := chosenAttacks(*only)
	if set.NArg() > 0 || err != nil || *docs != "" && *only != "" {
		if err == nil {
			err = errors.New("--docs writes the table of all attacks, and there are no other arguments")
		}
		fmt.Fprintf(io.Err, "waymark abuse: %v; -h explains it\n", err)
		return 2
	}
	verdicts, err := runAbuse(ctx, attacks, io)
	if err == nil {
		err = abuse.Expect(verdicts)
	}
	if err == nil && *docs != "" {
		err = abuse.WriteTable(*docs, verdicts)
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark abuse: %v\n", err)
		return 1
	}
	return 0
}

func chosenAttacks(only string) ([]abuse.Attack, error) {
	all := abuse.Attacks()
	if only == "" {
		return all, nil
	}
	ids := strings.Split(only, ",")
	chosen := slices.DeleteFunc(slices.Clone(all), func(a abuse.Attack) bool { return !slices.Contains(ids, a.ID) })
	if len(chosen) < len(ids) {
		var known []string
		for _, a := range all {
			known = append(known, a.ID)
		}
		return nil, fmt.Errorf("--only names another than the attacks %s", strings.Join(known, ", "))
	}
	return chosen, nil
}

func runAbuse(ctx context.Context, attacks []abuse.Attack, io stdio) (verdicts []abuse.Verdict, err error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(io.Out, "starting a system in memory")
	// Process tells what a batch took, and nothing is counted before it is asked for, so that it is known what counting takes.
	system, stop, err := demo.Start(ctx, executable, io.Err, "--parameter", "LogLevel=INFO", "--parameter", "ProfileSchedule=rate(1 day)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	begun := time.Now()
	verdicts, err = abuse.Run(ctx, abuse.Config{
		World: &abuse.Running{
			URL: system.URL, Log: filepath.Join(system.Data, "logs", "Process.log"), Opener: abusedWorkspaces(system.Env), HTTP: http.DefaultClient,
			Now: time.Now, Sleep: demo.Pause,
		},
		Base: begun.UTC().Truncate(time.Second), Attacks: attacks, Modes: abuse.Modes(), IsMeasured: true, AtOnce: 4,
		Progress: func(text string) { fmt.Fprintf(io.Out, "%4.0f s  %s\n", time.Since(begun).Seconds(), text) },
	})
	if err != nil {
		return nil, err
	}
	abuse.Print(io.Out, verdicts)
	fmt.Fprintf(io.Out, "%d verdicts in %.0f s\n", len(verdicts), time.Since(begun).Seconds())
	return verdicts, nil
}

// abusedWorkspaces makes the workspaces that are attacked.
func abusedWorkspaces(env map[string]string) abuse.Opener {
	getenv := func(name string) string { return env[name] }
	return func(ctx context.Context, name string, m abuse.Mode) (abuse.Keys, error) {
		made, err := createWorkspace(ctx, getenv, wanted{name: name, zone: "UTC", currency: "GBP", model: "default"})
		if err != nil {
			return abuse.Keys{}, err
		}
		keys := abuse.Keys{Site: made.Write, Server: made.Server, Secret: made.Secret, Source: siteSource}
		if m == abuse.SignedUsers {
			keys.Identity = workspace.IdentityText(rand.Text())
		}
		table := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME"))
		w, err := table.Workspace(ctx, name)
		if err == nil {
			err = m.Settle(&w, siteSource, keys.Identity)
		}
		if err == nil {
			err = table.PutWorkspace(ctx, w)
		}
		return keys, err
	}
}
