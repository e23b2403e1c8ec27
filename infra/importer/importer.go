// Package importer turns the rows of a CSV, NDJSON or log file into events and posts them to the public HTTP API, as any other client would:
// it never goes around collect. What becomes of a row is said by a declarative Mapping, a YAML file (docs/import.md).
//
// Importing twice equals importing once: the messageId of an event is made from its content. An import that was interrupted goes on where
// the system's acknowledgements ended. The package decides nothing about persons, channels or money beyond what the mapping says.
//
//	m, err := importer.ParseMapping("orders.yaml", text)
//	summary, err := importer.Run(ctx, importer.Config{Mapping: m, File: "orders.csv.gz", URL: url, Key: "wk_…", Now: time.Now, Rand: rng})
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strings"
	"time"
)

// Config is one import.
type Config struct {
	Mapping *Mapping
	File    string    // path, or "-" for In
	In      io.Reader // read when File is "-"
	Size    int64     // of In in bytes, for the progress; 0 when unknown
	URL     string    // of the system, for example http://127.0.0.1:3000
	Key     string    // write key

	DryRun  bool
	Preview io.Writer // a dry run writes its first events here, one JSON line each; may be nil

	StateDir string // where the place of an interrupted import is kept; "" keeps none
	Restart  bool   // send everything, whatever was delivered before

	Client   *http.Client // nil is http.DefaultClient
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration) error // nil waits for real
	Rand     *rand.Rand                                 // jitter of retries
	Progress func(Progress)                             // may be nil; called by one goroutine at a time
	Observe  func(Event)                                // may be nil; sees every mapped event, in the order of the file
}

// previewEvents is how many events a dry run shows.
const previewEvents = 5

// Run imports one file. The summary is right whatever the error: it says how far the import came.
func Run(ctx context.Context, c Config) (Summary, error) {
	summary := NewSummary(c.Mapping, c.File)
	if err := c.check(); err != nil {
		return summary, err
	}
	in, size, closeFile, err := c.open()
	if err != nil {
		return summary, err
	}
	defer closeFile()
	bytes := &counter{r: in}
	if c.DryRun {
		summary.DryRun = true
		err := c.Mapping.Map(c.File, bytes, c.Now(), &summary, c.preview(ctx))
		summary.Complete = err == nil
		return summary, err
	}
	place, err := c.place()
	if err != nil {
		return summary, err
	}
	return newDelivery(c, place, bytes, size).run(ctx, summary)
}

func (c Config) check() error {
	var faults []error
	if c.Mapping == nil {
		faults = append(faults, errors.New("import: a mapping is needed"))
	}
	if c.Now == nil {
		faults = append(faults, errors.New("import: a clock is needed"))
	}
	if !c.DryRun {
		if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
			faults = append(faults, fmt.Errorf("import: the URL %q must begin with http:// or https://", c.URL))
		}
		if c.Key == "" {
			faults = append(faults, errors.New("import: a write key is needed (wk_…)"))
		}
		if c.Rand == nil {
			faults = append(faults, errors.New("import: a source of chance is needed"))
		}
	}
	return errors.Join(faults...)
}

// open gives the file and its size in bytes, 0 when that is unknown.
func (c Config) open() (io.Reader, int64, func(), error) {
	if c.File == "-" {
		return c.In, c.Size, func() {}, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("read %s: it is a folder; name the files", c.File)
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, nil, err
	}
	return file, info.Size(), func() { _ = file.Close() }, nil // opened for reading: closing cannot lose anything
}

func (c Config) preview(ctx context.Context) func(Event) error {
	shown := 0
	return func(e Event) error {
		if c.Preview == nil || shown == previewEvents {
			return ctx.Err()
		}
		shown++
		_, err := fmt.Fprintf(c.Preview, "%s\n", e.JSON)
		return err
	}
}

// Progress is how far an import is.
type Progress struct {
	ReadShare float64 // of the file's bytes, 0 to 1; -1 when its size is unknown
	ReadAll   bool    // the last row is mapped
	Mapped    int64   // events
	Delivered int64   // events, in file order without a gap
	Resumed   int64   // of those, what an interrupted import had delivered
	Elapsed   time.Duration
}
