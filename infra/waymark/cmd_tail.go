package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io" // io is the command's stdio
	"net/http"

	"waymark/infra/local/front"
)

const tailUsage = `waymark tail [--bad] [--json] [--data FOLDER | --url URL]

Follows what is sent to a ` + "`waymark dev`" + ` from now on, until Ctrl-C: each event
with what became of it. What is rejected is kept (` + "`waymark failed list`" + `), what
is refused is not. No identifier and no property is shown.

exit code: 0 it was ended · 1 the system ended, or is none · 2 wrong usage
`

// cmdTail follows what comes in.
func cmdTail(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark tail", flag.ContinueOnError)
	withUsage(set, tailUsage)
	var at place
	at.tableFlags(set)
	onlyBad := set.Bool("bad", false, "only what is rejected or refused")
	asJSON := set.Bool("json", false, "print a line of JSON for each")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 {
		set.Usage()
		return 2
	}
	if err := tail(ctx, at, *onlyBad, *asJSON, io); err != nil && ctx.Err() == nil {
		fmt.Fprintf(io.Err, "waymark tail: %v\n", err)
		return 1
	}
	return 0
}

func tail(ctx context.Context, at place, onlyBad, asJSON bool, io stdio) error {
	s, err := at.find(ctx)
	if err == nil && s.AdminURL == "" {
		err = s.ask(ctx)
	}
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.AdminURL+"/exchanges", nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("follow %s: %w", s.URL, err)
	}
	defer func() { _ = response.Body.Close() }() // it ends with the command
	fmt.Fprintf(io.Err, "following %s, Ctrl-C ends it\n", s.URL)
	for lines := json.NewDecoder(response.Body); ; {
		var told struct {
			front.Exchange
			Missed int `json:"missed"`
		}
		if err := lines.Decode(&told); err != nil {
			return errors.New("the system ended")
		}
		if told.Missed > 0 {
			fmt.Fprintf(io.Err, "%d requests are not shown: they come faster than they can be printed\n", told.Missed)
			continue
		}
		for _, f := range fatesIn(told.Exchange) {
			if onlyBad && f.Fate == accepted {
				continue
			}
			if err := f.write(io.Out, asJSON); err != nil {
				return err
			}
		}
	}
}

// write prints a line, and under it why.
func (f fate) write(out goio.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(f)
	}
	what := f.Event
	if what == "" {
		what = f.Route
	}
	if f.Count > 1 {
		what += fmt.Sprintf("  × %d", f.Count)
	}
	if f.Status != http.StatusOK {
		what += fmt.Sprintf("  (%d)", f.Status)
	}
	text := fmt.Sprintf("%s  %-8s  %s\n", f.At.UTC().Format("15:04:05 UTC"), f.Fate, short(what, columns-24))
	if f.Class != "" {
		text += wrapped(f.Class+": "+f.why(), "              ")
	}
	_, err := goio.WriteString(out, text)
	return err
}
