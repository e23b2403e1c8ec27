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
	url, key, mapping, as, state                        string
	dryRun, asJSON, restart, resume, allowRejects, show bool
	settings                                            settingFlags
	files                                               []string
}

func cmdImport(ctx context.Context, args []string, io stdio) int {
	flags, err := parseImportFlags(args, io)
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
	code := 0
	for _, source := range sources {
		code = max(code, importFile(ctx, flags, source, io))
		if ctx.Err() != nil {
			return 1
		}
	}
	return code
}

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

func parseImportFlags(args []string, io stdio) (importFlags, error) {
	f := importFlags{settings: settingFlags{}}
	set := flag.NewFlagSet("import", flag.ContinueOnError)
	set.SetOutput(io.Err)
	set.Usage = func() {
		fmt.Fprint(io.Err, importUsage+"\nflags:\n")
		set.PrintDefaults()
		if list, err := ready.List(); err == nil {
			fmt.Fprintf(io.Err, "\nready mappings:\n%s\n", ready.Table(list))
		}
	}
	url, key := runningSystem()
	set.StringVar(&f.url, "url", url, "address of the system; WAYMARK_URL, or the one that waymark dev runs")
	set.StringVar(&f.key, "key", key, "write key; WAYMARK_WRITE_KEY, or the demo key of waymark dev")
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
	if err := set.Parse(args); err != nil {
		return f, err
	}
	f.files = set.Args()
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
	case f.url == "":
		return f, errors.New("no system is known: start one with `waymark dev`, set WAYMARK_URL or give --url")
	case f.key == "":
		return f, errors.New("no write key is known: set WAYMARK_WRITE_KEY or give --key wk_…")
	}
	return f, nil
}

// runningSystem is the default address and write key: the environment's, else those of the system that `waymark dev` runs in this folder or
// one above. The key of a running system belongs to its address only.
func runningSystem() (url, key string) {
	url, key = os.Getenv("WAYMARK_URL"), os.Getenv("WAYMARK_WRITE_KEY")
	if url != "" {
		return url, key
	}
	text, err := os.ReadFile(readyFile())
	if err != nil {
		return "", key
	}
	var ready struct {
		URL  string `json:"url"`
		Keys struct {
			Write string `json:"write"`
		} `json:"keys"`
	}
	if json.Unmarshal(text, &ready) != nil {
		return "", key
	}
	if key == "" {
		key = ready.Keys.Write
	}
	return ready.URL, key
}

// readyFile is the file that `waymark dev` keeps while it runs, looked for from here upwards.
func readyFile() string {
	folder, err := os.Getwd()
	if err != nil {
		return filepath.Join(".waymark", "ready.json")
	}
	for at := folder; ; at = filepath.Dir(at) {
		file := filepath.Join(at, ".waymark", "ready.json")
		if _, err := os.Stat(file); err == nil || strings.HasSuffix(at, string(filepath.Separator)) {
			return file
		}
	}
}

func isTerminal(w goio.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
