// Command waymark is the developer's command line: it runs the whole system on a laptop, sends it data and reads it back.
//
//	waymark dev
//	waymark invoke Collect -e events/collect/track.json
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// stdio is where a command reads and writes; tests put buffers there.
type stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// command is one word of the command line. Run returns the exit code: 0 for done, 1 for failed, 2 for wrong usage.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, io stdio) int
}

// commands lists them in the order of the help. Each is in its own file, cmd_<name>.go.
func commands() []command {
	return []command{
		{"dev", "run the whole system on this machine", cmdDev},
		{"workspace", "make and list workspaces and their keys", cmdWorkspace},
		{"keys", "list, add, set and rotate the keys of a workspace", cmdKeys},
		{"snippet", "print the script tag for web pages", cmdSnippet},
		{"profile", "show a person, explain why identifiers are one, part them", cmdProfile},
		{"import", "send a CSV, JSON or log file through the HTTP API", cmdImport},
		{"tail", "follow what comes in, and what is wrong with it", cmdTail},
		{"rollup", "count what is stored at once, and wait for it", cmdRollup},
		{"kpi", "print KPIs", cmdKPI},
		{"analyse", "ask about the lives of persons: funnels, retention, paths, …", cmdAnalyse},
		{"metrics", "list metrics, and declare own ones from conditions on steps", cmdMetrics},
		{"define", "settle funnels, costs, objectives, own metrics as data", cmdDefine},
		{"export", "make, list and download exports for marketers", cmdExport},
		{"failed", "see, mend and replay what could not be processed", cmdFailed},
		{"quality", "count what became of the events that came in", cmdQuality},
		{"doctor", "say what is wrong, and what is better settled", cmdDoctor},
		{"quarantine", "take an attack or an accident out of the numbers, and undo it", cmdQuarantine},
		{"rebuild", "make everything anew from the archive, compare and swap", cmdRebuild},
		{"cost", "count and price what traffic costs on AWS", cmdCost},
		{"abuse", "attack a system, and say what is safe and what is undone", cmdAbuse},
		{"demo", "compute published figures again from real files", cmdDemo},
		{"invoke", "run one function with an event", cmdInvoke},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// run finds the command and runs it.
func run(ctx context.Context, args []string, io stdio) int {
	if len(args) == 0 {
		usage(io.Err)
		return 2
	}
	if slices.Contains(helpWords, args[0]) {
		if len(args) > 1 {
			return run(ctx, []string{args[1], "-h"}, io)
		}
		usage(io.Out)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			if len(args) > 1 && args[1] == "help" {
				args[1] = "-h"
			}
			return c.run(ctx, args[1:], io)
		}
	}
	fmt.Fprintf(io.Err, "waymark: there is no command %q\n\n", args[0])
	usage(io.Err)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "waymark COMMAND [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nwaymark COMMAND -h explains a command.\n")
}
