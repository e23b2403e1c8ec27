package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"runtime"
	"strings"
	"time"

	"waymark/infra/rebuild"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

const rebuildUsage = `waymark rebuild [--model MODEL] [--swap if-equal|always|never] [--json]
waymark rebuild --back [--json]
waymark rebuild --drop-old [--json]

Makes profiles, timelines, links and KPI windows of a workspace anew from the
archive, under today's rules for channels and bots, beside what is in use;
compares the two and swaps them. Nothing stops meanwhile, and nothing that comes
in is lost. Under another stage model, or after a change of rules, they differ:
look, then say --swap always. The former generation is kept for the way back
until --drop-old deletes it. docs/adr/0012 says how it works.
`

// rebuildFlags are the flags of `waymark rebuild`.
type rebuildFlags struct {
	api           *api
	model, swap   string
	back, dropOld bool
	settle        time.Duration
	json          bool
}

// eventsPerPass is how many events are held in memory at a time, about 600 MB with all that is made of them.
const eventsPerPass = 300_000

// cmdRebuild rebuilds the workspace that the secret key opens. It talks to the table, the archive and the HTTP API of the running system, or of
// the environment.
func cmdRebuild(ctx context.Context, args []string, io stdio) int {
	var f rebuildFlags
	set := flag.NewFlagSet("waymark rebuild", flag.ContinueOnError)
	set.Usage = func() { fmt.Fprint(io.Err, rebuildUsage+"\nflags:\n"); set.PrintDefaults() }
	f.api = apiFlags(set)
	set.StringVar(&f.model, "model", "", "stage model to rebuild under; that of the workspace when left out")
	set.StringVar(&f.swap, "swap", string(rebuild.IfEqual), "when the new generation is put into use: if-equal, always or never")
	set.BoolVar(&f.back, "back", false, "put the former generation into use again")
	set.BoolVar(&f.dropOld, "drop-old", false, "delete every generation that is not in use; there is no way back then")
	set.DurationVar(&f.settle, "settle", 2*time.Minute, "wait after a swap until every function knows of it: a minute, and the longest run of Process")
	set.BoolVar(&f.json, "json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	swap := rebuild.Swap(f.swap)
	if set.NArg() > 0 || (f.back && f.dropOld) || (swap != rebuild.IfEqual && swap != rebuild.Always && swap != rebuild.Never) {
		set.Usage()
		return 2
	}
	bar := &phaseLine{out: io.Err, terminal: isTerminal(io.Err)}
	report, err := f.run(ctx, bar)
	bar.end()
	if err != nil {
		fmt.Fprintf(io.Err, "waymark rebuild: %v\n", err)
		return 1
	}
	if err := f.print(report, io.Out); err != nil {
		fmt.Fprintf(io.Err, "waymark rebuild: %v\n", err)
		return 1
	}
	if !f.dropOld && swap == rebuild.IfEqual && !report.Swapped {
		return 1
	}
	return 0
}

func (f rebuildFlags) run(ctx context.Context, bar *phaseLine) (rebuild.Report, error) {
	getenv := systemEnv()
	table := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME"))
	key, err := table.Key(ctx, f.api.key)
	if err != nil || key.Role != workspace.Secret {
		return rebuild.Report{}, errors.Join(errors.New("the workspace to rebuild is that of a secret key: set WAYMARK_SECRET_KEY or give --key sk_…"), err)
	}
	if err := f.api.do(ctx, "GET", "/v1/status", nil, nil); err != nil {
		return rebuild.Report{}, err // better now than after an hour of reading
	}
	rules, channelsErr := model.Channels()
	bots, botsErr := model.Bots()
	if err := errors.Join(channelsErr, botsErr); err != nil {
		return rebuild.Report{}, err
	}
	c := rebuild.Config{
		Workspace: key.Workspace, Table: table, Archive: archive.New(bucket.New(bucket.NewClient(getenv), getenv("ARCHIVE_BUCKET"))),
		Rollup: f.api.rollUp, Channels: rules, Bots: bots, Model: model.Stages, Now: time.Now, Settle: f.settle, PerPass: eventsPerPass,
		Readers: 2 * runtime.GOMAXPROCS(0), Progress: bar.show,
		Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		},
	}
	switch {
	case f.back:
		return rebuild.Back(ctx, c)
	case f.dropOld:
		return rebuild.Drop(ctx, c)
	}
	return rebuild.Run(ctx, c, rebuild.Order{Model: f.model, Swap: rebuild.Swap(f.swap)})
}

// rollUp asks for a rollup. Every failure may pass: an answer that came too early, above all, because the function goes on.
func (a *api) rollUp(ctx context.Context, pending bool) error {
	body := map[string]string{}
	if pending {
		body["generation"] = "next"
	}
	if err := a.do(ctx, "POST", "/v1/rollups", body, nil); err != nil {
		return fault.Wrap(fault.Unavailable, "rollup_unanswered", err)
	}
	return nil
}

func (f rebuildFlags) print(r rebuild.Report, out goio.Writer) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	if f.dropOld {
		_, err := fmt.Fprintf(out, "workspace %s: generation %d is in use, and the only one\n", r.Workspace, r.To)
		return err
	}
	fmt.Fprintf(out, "workspace %s: generation %d to %d, stage model %s\n", r.Workspace, r.From, r.To, r.Model)
	if !f.back {
		fmt.Fprintf(out, "events %s, of them repeats %s; objects %s; identifiers %s\n",
			grouped(r.Events), grouped(r.Doubles), grouped(r.Objects), grouped(r.Identifiers))
	}
	if r.Late > 0 {
		fmt.Fprintf(out, "objects that came in meanwhile and were carried over: %s\n", grouped(r.Late))
	}
	const line = "%-13s %12s %11s  %-12.12s  %.12s\n"
	fmt.Fprintf(out, "\n"+line, "PART", "COMPARED", "DIFFERING", fmt.Sprintf("SHA256 OF %d", r.From), fmt.Sprintf("OF %d", r.To))
	for _, p := range r.Parts {
		fmt.Fprintf(out, line, p.Name, grouped(p.Compared), grouped(p.Differing), p.Old, p.New)
	}
	fmt.Fprintf(out, line, "all", "", "", r.Old, r.New)
	for _, p := range r.Parts {
		if p.Differing > 0 {
			fmt.Fprintf(out, "\n%s that differ%s:\n  %s\n", p.Name, more(p.Differing-len(p.Examples)), strings.Join(p.Examples, "\n  "))
		}
	}
	fmt.Fprintln(out)
	total := 0.0
	for _, p := range r.Phases {
		fmt.Fprintf(out, "%8.1f s  %s\n", p.Seconds, p.Name)
		total += p.Seconds
	}
	_, err := fmt.Fprintf(out, "%8.1f s  in all\n\n%s\n", total, f.verdict(r))
	return err
}

func (f rebuildFlags) verdict(r rebuild.Report) string {
	switch {
	case r.Swapped && f.back:
		return fmt.Sprintf("Generation %d is in use again. Generation %d is kept; --drop-old deletes it.", r.To, r.From)
	case r.Swapped:
		return fmt.Sprintf("Generation %d is in use. Generation %d is kept: --back returns to it,\n--drop-old deletes it.", r.To, r.From)
	case r.Equal:
		return fmt.Sprintf("They are equal. Generation %d stays in use; --drop-old deletes generation %d.", r.From, r.To)
	}
	return fmt.Sprintf("They differ. Generation %d stays in use. If that is as it should be:\n--swap always rebuilds and swaps; --drop-old deletes generation %d.", r.From, r.To)
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", without %s more", grouped(n))
}

// grouped writes a number with commas between thousands.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// phaseLine shows what is being done: on a terminal one line that is drawn over, elsewhere a line for each phase and every ten seconds.
type phaseLine struct {
	out      goio.Writer
	terminal bool
	phase    string
	begun    time.Time
	drawn    time.Time
	first    int // done when the phase was seen first
}

func (l *phaseLine) show(p rebuild.Progress) {
	now := time.Now()
	if p.Phase != l.phase {
		l.phase, l.begun, l.drawn, l.first = p.Phase, now, time.Time{}, p.Done
	}
	interval := 10 * time.Second
	if l.terminal {
		interval = 100 * time.Millisecond
	}
	if now.Sub(l.drawn) < interval && p.Done != p.Total {
		return
	}
	l.drawn = now
	line := p.Phase
	if p.Done > 0 {
		line += ": " + grouped(p.Done)
		if p.Total > 0 {
			line += fmt.Sprintf(" of %s (%d %%)", grouped(p.Total), 100*p.Done/p.Total)
		}
		line += " " + p.Unit
		if passed := now.Sub(l.begun).Seconds(); passed >= 1 {
			line += fmt.Sprintf(", %s/s", grouped(int(float64(p.Done-l.first)/passed)))
		}
	}
	if l.terminal {
		fmt.Fprint(l.out, "\r\x1b[2K"+line)
		return
	}
	fmt.Fprintln(l.out, line)
}

// end leaves the line.
func (l *phaseLine) end() {
	if l.terminal && l.phase != "" {
		fmt.Fprint(l.out, "\r\x1b[2K")
	}
}
