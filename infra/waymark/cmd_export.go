package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waymark/infra/client"
)

const exportUsage = `waymark export make [--schedule daily|weekly|monthly] [--out PATH]
waymark export make [--grain GRAIN] --from DATE --to DATE [--out PATH]
waymark export list [--limit N]
waymark export get NAME --out PATH

"make" exports what is counted: the newest closed window of a schedule, that of
daily when nothing is said, or all windows of a grain, day when left out,
between two dates. The same numbers again make no other export. With --out the
file is written to PATH: a file, a folder, or - for standard output. Every
command has --json.

  waymark export make --grain month --from 2026-01-01 --to 2026-04-01 --out .

exit code: 0 done · 1 it failed · 2 wrong usage
`

// exportFlags are the flags of `waymark export`.
type exportFlags struct {
	*api
	order client.Order
	out   string
	limit int
	wait  time.Duration
	json  bool
}

// cmdExport makes, lists and downloads exports.
func cmdExport(ctx context.Context, args []string, io stdio) int {
	var f exportFlags
	set := flag.NewFlagSet("waymark export", flag.ContinueOnError)
	withUsage(set, exportUsage)
	f.api = apiFlags(set)
	set.StringVar(&f.order.Schedule, "schedule", "", "daily, weekly or monthly")
	set.StringVar(&f.order.Grain, "grain", "", "hour, day, week, month, quarter or year; day when left out")
	set.StringVar(&f.order.From, "from", "", "first day of --grain, such as 2026-01-01, or instant")
	set.StringVar(&f.order.To, "to", "", "the day after the last, or instant")
	set.StringVar(&f.out, "out", "", "where the file is written: a file, a folder, or - for standard output")
	set.IntVar(&f.limit, "limit", 50, "most to list")
	set.DurationVar(&f.wait, "wait", 20*time.Minute, "how long to wait for an export")
	set.BoolVar(&f.json, "json", false, "print JSON as the API answers it")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	action, wanted := "", 1
	if len(words) > 0 {
		action = words[0]
	}
	run := map[string]func(context.Context, string, stdio) error{"make": f.make, "list": f.list, "get": f.get}[action]
	if action == "get" {
		wanted = 2
	}
	isWrong := action == "get" && f.out == "" || f.json && f.out == "-" || f.limit < 1 || f.wait <= 0
	if run == nil || len(words) != wanted || isWrong {
		set.Usage()
		return 2
	}
	if err := run(ctx, words[len(words)-1], io); err != nil {
		fmt.Fprintf(io.Err, "waymark export %s: %v\n", action, err)
		return 1
	}
	return 0
}

func (f exportFlags) make(ctx context.Context, _ string, io stdio) error {
	waiting, err := f.uncounted(ctx) // a wrong key or address is told at once, not after several tries
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	line := newProgressLine(io, "making the export")
	var manifest json.RawMessage
	err = f.Export(limited, f.order, &manifest)
	line.end()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("not done after %s. The system goes on with it; `waymark export list` shows it when it is whole", f.wait)
	}
	if err != nil {
		return err
	}
	if waiting > 0 {
		fmt.Fprintf(io.Err, "%s: not in it. `waymark rollup run` counts them.\n", waitingText(waiting))
	}
	return f.hand(ctx, manifest, "", io)
}

func (f exportFlags) get(ctx context.Context, name string, io stdio) error {
	var manifest json.RawMessage
	if err := f.do(ctx, http.MethodGet, "/v1/exports/"+url.PathEscape(strings.TrimSuffix(name, ".csv")), nil, &manifest); err != nil {
		return err
	}
	return f.hand(ctx, manifest, name, io)
}

// hand prints an export and writes its file: the one of that name, if there is one.
func (f exportFlags) hand(ctx context.Context, manifest json.RawMessage, name string, io stdio) error {
	var e client.Export
	if err := json.Unmarshal(manifest, &e); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if len(e.Files) == 0 {
		return fmt.Errorf("the export %s has no file", e.Name)
	}
	file := e.Files[0]
	for _, other := range e.Files {
		if other.Name == name {
			file = other
		}
	}
	if f.out == "-" {
		return f.Download(ctx, file, io.Out)
	}
	path := ""
	if f.out != "" {
		var err error
		if path, err = f.write(ctx, file); err != nil {
			return err
		}
	}
	if f.json {
		_, err := fmt.Fprintf(io.Out, "%s\n", manifest)
		return err
	}
	fmt.Fprintf(io.Out, "export   %s\nwindows  %s, from %s to %s %s\nfile     %s, %s rows, %s bytes\n",
		e.Name, e.Grain, boundText(e.Start), boundText(e.End), e.TimeZone, file.Name, grouped(file.Rows), grouped(int(file.Bytes)))
	if path != "" {
		fmt.Fprintf(io.Out, "written  %s\n", path)
	}
	return nil
}

// write downloads a file to its place, where it is whole or absent.
func (f exportFlags) write(ctx context.Context, file client.File) (path string, err error) {
	path = f.out
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if filepath.Base(file.Name) != file.Name || !filepath.IsLocal(file.Name) {
			return "", fmt.Errorf("the system names the file %q, which would leave the folder: give --out a file", file.Name)
		}
		path = filepath.Join(path, file.Name)
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".waymark-export-")
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(part.Name()) }() // it is gone when all went well
	err = errors.Join(f.Download(ctx, file, part), part.Chmod(0o644), part.Close())
	if err != nil {
		return "", err
	}
	return path, os.Rename(part.Name(), path)
}

func (f exportFlags) list(ctx context.Context, _ string, io stdio) error {
	const page = 500 // most that one answer holds
	all := []json.RawMessage{}
	for cursor, more := "", true; more && len(all) < f.limit; {
		query := url.Values{"limit": {fmt.Sprint(min(f.limit-len(all), page))}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var answer struct {
			Exports []json.RawMessage `json:"exports"`
			Next    *string           `json:"next"`
		}
		if err := f.do(ctx, http.MethodGet, "/v1/exports?"+query.Encode(), nil, &answer); err != nil {
			return err
		}
		all = append(all, answer.Exports...)
		if more = answer.Next != nil; more {
			cursor = *answer.Next
		}
	}
	if f.json {
		return json.NewEncoder(io.Out).Encode(map[string]any{"exports": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(io.Out, "There is no export yet. `waymark export make` makes one.")
		return nil
	}
	const name = 36 // of a name that stands beside its numbers
	const line = "%-36s %9s %11s  %s\n"
	fmt.Fprintf(io.Out, line, "EXPORT", "ROWS", "BYTES", "CREATED")
	for _, text := range all {
		var e client.Export
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("decode answer: %w", err)
		}
		size := int64(0)
		for _, file := range e.Files {
			size += file.Bytes
		}
		if len(e.Name) > name { // it is not cut: get wants it whole
			fmt.Fprintln(io.Out, e.Name)
			e.Name = ""
		}
		fmt.Fprintf(io.Out, line, e.Name, grouped(e.Rows), grouped(int(size)), inUTC(e.CreatedAt))
	}
	return nil
}

// boundText is a bound of windows, which comes in the workspace's zone: its day, and its time unless that is midnight.
func boundText(instant string) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil || at.Hour()+at.Minute() > 0 {
		return instant
	}
	return at.Format(time.DateOnly)
}
