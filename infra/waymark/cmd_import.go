package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io" // io is the command's stdio
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waymark/infra/importer"
	"waymark/infra/importer/ready"
	"waymark/shared/domain/workspace"
)

const importUsage = `usage: waymark import --mapping FILE [flags] FILE…
       waymark import --as NAME [flags] FILE…
       waymark import --as list

Turns the rows of CSV, JSON or log files (gzip too, - for standard input) into
events and posts them to the public API. Importing twice equals importing once.
docs/import.md describes the mapping; for the files of many systems one comes
with the program, --as NAME. --as auto recognises them.

exit code: 0 all accepted · 1 something was rejected, refused or interrupted ·
2 wrong usage or mapping
`

// importFlags are the command's flags and what stands behind them.
type importFlags struct {
	place                                               place
	url, key, mapping, as, state                        string
	dryRun, asJSON, restart, resume, allowRejects, show bool
	settings                                            settingFlags
	files                                               []string
}

func cmdImport(ctx context.Context, args []string, io stdio) int {
	flags, err := parseImportFlags(ctx, args, io)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark import: %v\n", err)
		return 2
	}
	if flags.show || flags.as == "list" {
		if err := showReady(flags, io); err != nil {
			fmt.Fprintf(io.Err, "waymark import: %v\n", err)
			return 2
		}
		return 0
	}
	sources, err := flags.sources(io)
	if err != nil {
		fmt.Fprintf(io.Err, "waymark import: %v\n", err)
		return 2
	}
	if strings.HasPrefix(flags.key, workspace.KeyText(workspace.Write, workspace.Site, "")) {
		fmt.Fprint(io.Err, siteKeyWarning)
	}
	code := 0
	for _, source := range sources {
		code = max(code, importFile(ctx, flags, source, io))
		if ctx.Err() != nil {
			return 1
		}
	}
	return code
}

// siteKeyWarning tells what becomes of a past that is sent with a key that everybody can read.
const siteKeyWarning = `This is the key of a site, which everybody can read. With it the system rejects what
happened more than 30 days ago, unless the source is set otherwise, and refunds,
cancellations and updates of orders; they are kept as failed events. A past is
sent with the key of a server, ws_...:

  waymark keys create WORKSPACE --kind server

`

// importFile imports one file and gives the exit code for it.
func importFile(ctx context.Context, flags importFlags, source importSource, io stdio) int {
	bar := importer.NewBar(io.Err, filepath.Base(source.file), isTerminal(io.Err))
	config := importer.Config{
		Mapping: source.mapping, File: source.file, In: source.in, URL: flags.url, Key: flags.key, DryRun: flags.dryRun,
		StateDir: flags.state, Restart: flags.restart, Now: time.Now,
		Rand: rand.New(rand.NewSource(time.Now().UnixNano())), Progress: bar.Show,
	}
	if !flags.resume {
		config.StateDir = ""
	}
	if !flags.asJSON {
		config.Preview = io.Out
	}
	summary, err := importer.Run(ctx, config)
	if !flags.dryRun {
		bar.Finish()
	}
	if misfit, ok := errors.AsType[*importer.MappingError](err); ok {
		fmt.Fprintf(io.Err, "%v\n", misfit)
		return 2
	}
	write := summary.WriteText
	if flags.asJSON {
		write = func(w goio.Writer) error { return json.NewEncoder(w).Encode(summary) }
	}
	if err = errors.Join(err, write(io.Out)); err != nil {
		fmt.Fprintf(io.Err, "waymark import: %v\n", err)
		return 1
	}
	if !flags.allowRejects && !summary.Clean() {
		return 1
	}
	return 0
}

func parseImportFlags(ctx context.Context, args []string, io stdio) (importFlags, error) {
	f := importFlags{settings: settingFlags{}}
	set := flag.NewFlagSet("waymark import", flag.ContinueOnError)
	usage := importUsage
	if list, err := ready.List(); err == nil {
		usage += "\nready mappings:\n" + ready.Table(list) + "\n"
	}
	withUsage(set, usage)
	f.place.flags(set, "server `key`, ws_…; WAYMARK_SERVER_KEY, WAYMARK_WRITE_KEY or WAYMARK_KEY when left out, else that of a running `waymark dev`")
	set.StringVar(&f.mapping, "mapping", "", "mapping file (YAML)")
	set.StringVar(&f.as, "as", "", "the ready mapping `NAME` instead; auto recognises the file, list prints the names")
	set.Var(f.settings, "set", "`NAME=VALUE` of a setting that the mapping leaves open, as zone=Europe/Berlin; may be repeated")
	set.BoolVar(&f.show, "show", false, "with --as NAME: print the mapping, to copy and change it")
	set.StringVar(&f.state, "state", ".waymark-import", "folder that keeps the place of an interrupted import")
	set.BoolVar(&f.dryRun, "dry-run", false, "map and check only: show the first events and the summary, send nothing")
	set.BoolVar(&f.asJSON, "json", false, "print the summary as one line of JSON for each file")
	set.BoolVar(&f.resume, "resume", true, "go on where an interrupted import of the same file stopped")
	set.BoolVar(&f.restart, "restart", false, "forget the place of an interrupted import and send everything")
	set.BoolVar(&f.allowRejects, "allow-rejects", false, "exit with 0 even if rows or events were rejected or refused")
	for { // files and flags stand in any order
		if err := parseArgs(set, args, io); err != nil {
			return f, err
		}
		if set.NArg() == 0 {
			break
		}
		f.files, args = append(f.files, set.Arg(0)), set.Args()[1:]
	}
	switch {
	case f.as == "" && f.show:
		return f, errors.New("--show prints a ready mapping: name it with --as")
	case f.as == "list" || f.show:
		return f, nil
	case f.mapping == "" && f.as == "":
		return f, errors.New("--mapping FILE is needed, which says what the rows become (docs/import.md), or --as NAME (--as list prints the names)")
	case f.mapping != "" && f.as != "":
		return f, errors.New("give --mapping or --as, not both")
	case len(f.files) == 0:
		return f, errors.New("name at least one file, or - for standard input")
	case f.dryRun:
		return f, nil
	}
	var err error
	if f.url, f.key, err = f.place.serverKey(ctx); err == nil && f.key == "" {
		err = fmt.Errorf("no server key is known for %s: set WAYMARK_SERVER_KEY or give --key ws_…; `waymark keys create WORKSPACE --kind server` makes one", f.url)
	}
	return f, err
}

func isTerminal(w goio.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
