package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"waymark/infra/local"
	"waymark/infra/local/faults"
)

// devFlags are the flags of `waymark dev`.
type devFlags struct {
	config local.Config
	reset  bool
	watch  bool
}

const devUsage = `waymark dev [--port N] [--data FOLDER] [--reset] [--ready-file FILE]

Runs the whole system on this machine, from the template of this project, until
Ctrl-C. It prints its addresses and keys, and rebuilds what changes. What was
acknowledged is kept in the data folder, and outlives kill -9 too.

  waymark dev --port 3001 --data /tmp/second

exit code: 0 it ran · 1 it could not, or something in it ended · 2 wrong usage
`

// cmdDev runs the whole system until Ctrl-C.
func cmdDev(ctx context.Context, args []string, io stdio) int {
	flags, code, done := parseDevFlags(args, io)
	if done {
		return code
	}
	if err := runDev(ctx, flags, io); err != nil {
		fmt.Fprintf(io.Err, "waymark dev: %v\n", err)
		return 1
	}
	return 0
}

func parseDevFlags(args []string, io stdio) (flags devFlags, code int, done bool) {
	f := &flags
	set := flag.NewFlagSet("waymark dev", flag.ContinueOnError)
	withUsage(set, devUsage)
	params := parameters{}
	var root, port string
	var noWatch bool
	set.StringVar(&root, "root", "", "directory of the project (default: the nearest one upward with a template.yaml)")
	set.StringVar(&port, "port", cmp.Or(os.Getenv("PORT"), strconv.Itoa(usualPort)), "`port` of the HTTP API; 0 takes a free one; PORT when left out")
	set.StringVar(&f.config.Data, "data", "", "directory for data, logs and binaries (default .waymark in the project)")
	set.StringVar(&f.config.ReadyFile, "ready-file", "", "write one line of JSON with addresses and keys to this file once everything answers")
	set.BoolVar(&f.reset, "reset", false, "empty the data first")
	set.StringVar(&f.config.Bind, "bind", "", "listen on this address too, for containers (10.88.0.1 with podman, 172.17.0.1 with Docker)")
	f.config.Edge = true
	set.Func("edge", "on or off: play the edge of the template (docs/edge.md), or show the bare HTTP API (default on)", func(text string) error {
		if text != "on" && text != "off" {
			return fmt.Errorf("it is on or off, not %q", text)
		}
		f.config.Edge = text == "on"
		return nil
	})
	set.BoolVar(&f.config.Memory, "memory", false, "keep table, queues and buckets in memory only")
	set.StringVar(&f.config.Template, "template", "", "template file (default template.yaml in the project)")
	params.flags(set)
	set.BoolVar(&f.config.Verbose, "verbose", false, "show the functions' logs here too")
	set.BoolVar(&f.watch, "watch", true, "rebuild when source or template change; with --ready-file only when it is given")
	set.BoolVar(&noWatch, "no-watch", false, "do not rebuild on changes")
	set.BoolVar(&f.config.KeepGoing, "keep-going", false, "start also if a function does not compile; it answers errors then")
	set.DurationVar(&f.config.IntegrationTimeout, "integration-timeout", 15*time.Minute, "how long the HTTP API waits for a function; API Gateway waits 30s")
	set.Func("faults", "make things go wrong, such as seed=1,crash=5%,Process.crash=20%: crash, delay, throttle,\nduplicate, reorder and drop-ack, each for all functions or one (docs/faults.md)", func(text string) (err error) {
		f.config.Faults, err = faults.Parse(text)
		return err
	})
	set.IntVar(&f.config.Pollers, "pollers", 2, "queue batches at a time")
	if code, done := parseFlags(set, args, io); done {
		return flags, code, true
	}
	if set.NArg() > 0 {
		fmt.Fprintf(io.Err, "waymark dev: unexpected argument %q\n", set.Arg(0))
		return flags, 2, true
	}
	var err error
	if f.config.Port, err = readPort(port); err != nil {
		fmt.Fprintf(io.Err, "waymark dev: %v\n", err)
		return flags, 2, true
	}
	watchGiven := false
	set.Visit(func(f *flag.Flag) { watchGiven = watchGiven || f.Name == "watch" })
	f.watch = f.watch && !noWatch && (watchGiven || f.config.ReadyFile == "")
	f.config.Parameters = params
	f.config.Laptop = true
	if f.config.Root, err = projectRoot(root); err != nil {
		fmt.Fprintf(io.Err, "waymark dev: %v\n", err)
		return flags, 1, true
	}
	if f.config.Data == "" {
		f.config.Data = filepath.Join(f.config.Root, ".waymark")
	}
	return flags, 0, false
}

func projectRoot(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	return findRoot()
}

// usualPort is that of the HTTP API when nobody chooses another.
const usualPort = 3000

func readPort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return 0, fmt.Errorf("the port is %q: give --port, or PORT, a number from 1 to 65535, or 0 for a free one", text)
	}
	return port, nil
}

func runDev(ctx context.Context, flags devFlags, io stdio) error {
	start := time.Now()
	flags.config.Out = io.Err
	flags.config.Progress = func(text string) {
		fmt.Fprintf(io.Err, "%5.1f s  %s\n", time.Since(start).Seconds(), text)
	}
	if flags.reset {
		if err := local.Reset(flags.config.Data); err != nil {
			return err
		}
	}
	var keys workspaceKeys
	flags.config.Prepare = func(ctx context.Context, env map[string]string) (err error) {
		keys, err = seedDemo(ctx, env)
		return err
	}
	cloud, err := local.Start(ctx, flags.config)
	if ctx.Err() != nil {
		return nil // Ctrl-C while starting; everything is closed
	}
	if err != nil {
		return err
	}
	defer tellFaults(cloud, io)
	defer cloud.Close()
	if err := cloud.Announce(keys); err != nil {
		return err
	}
	greet(cloud, keys, flags, time.Since(start), io)
	if flags.watch {
		go cloud.Watch(ctx)
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(io.Err, "stopping")
		return nil
	case err := <-cloud.Failed():
		return err
	}
}

// tellFaults says what went wrong on purpose, with the seed to have it again.
func tellFaults(cloud *local.Cloud, io stdio) {
	if report := cloud.Faults(); len(report.Counts) > 0 {
		fmt.Fprintf(io.Err, "faults with seed %d: %s\n", report.Seed, report)
	}
}

func greet(cloud *local.Cloud, keys workspaceKeys, flags devFlags, took time.Duration, io stdio) {
	ready := cloud.Ready(nil)
	kept := ready.Data + "\n           What was acknowledged outlives a restart, and kill -9 too."
	if flags.config.Memory {
		kept = "nowhere (--memory): table, queues and buckets end with this process"
	}
	goesWrong := ""
	if on := cloud.Faults().Faults; on != faults.Off {
		goesWrong = "  faults   " + on + "\n"
	}
	if !flags.config.Edge {
		goesWrong += "  edge     off: a packed body that says it is text arrives damaged, as behind the bare HTTP API\n"
	}
	laptop := ""
	for _, p := range cloud.LaptopParameters() {
		laptop += fmt.Sprintf("  laptop   %s is %s, in the cloud %s; --parameter %s=… changes it\n", p.Name, p.Value, cmp.Or(p.Default, "empty"), p.Name)
	}
	fmt.Fprintf(io.Out, `
Waymark runs (ready in %.1f s). Ctrl-C stops it.

  begin    %s/ in a browser: snippet, test event, what arrives
  API      %s
  admin    %s/status
  mails    %s
  keys     of the workspace %s:
%s  data     %s
%s%s  logs     %s
  SAM      sam local invoke NAME -e EVENT --env-vars %s

Send a first event:

  curl -u %s: -H 'Content-Type: application/json' %s/v1/track \
    -d '{"userId":"42","event":"Product Viewed","properties":{"product_id":"p1"}}'

and read it back:

  curl -H 'Authorization: Bearer %s' %s/v1/profiles/user:42

`, took.Seconds(), ready.URL, ready.URL, ready.AdminURL, ready.MailURL, keys.Workspace, keys.lines("           "), kept, laptop, goesWrong,
		filepath.Join(ready.Data, "logs"), cloud.SAMEnvironmentFile(), keys.Write, ready.URL, keys.Secret, ready.URL)
}
