// Package demo proves the whole way of a touchpoint with real files and with small cases that have published answers: it imports them through the
// public HTTP API, each into a workspace of its own, rolls up, exports, reads KPIs and analyses back and compares every number with a published one, or
// with one recounted from the file by plain code that shares nothing with the system. It is also the first thing a newcomer runs.
//
// It knows the system only from outside: URLs, keys and the admin page of the laptop cloud.
//
//	ok, err := demo.Run(ctx, demo.Config{System: system, CreateWorkspace: create, Out: os.Stdout, …})
package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"time"

	"waymark/infra/importer"
)

// CreateWorkspace makes a workspace and gives the key of a server, because all of it lies long back, and the secret key; for a name that exists it gives the keys it has.
type CreateWorkspace func(ctx context.Context, name, zone, currency, model string) (serverKey, secretKey string, err error)

// Config is one run of the demo.
type Config struct {
	System          System
	CreateWorkspace CreateWorkspace
	Kills           int    // how often the running Process binary is killed while events are processed
	Folder          string // where the exports are copied to
	Out             io.Writer
	Terminal        bool // Out can draw a progress bar
	Client          *http.Client
	Now             func() time.Time
	Pause           func(context.Context, time.Duration) error // nil waits for real
	Rand            *rand.Rand
}

// imported is a data set in the system.
type imported struct {
	dataset  dataset
	api      *api
	facts    facts
	expected []line
}

// Run shows everything and says whether every number is equal. An error means that the demo could not be done, not that a number differs.
func Run(ctx context.Context, c Config) (equal bool, err error) {
	return c.run(ctx, datasets)
}

func (c Config) run(ctx context.Context, list []dataset) (equal bool, err error) {
	started := c.Now()
	if c.Pause == nil {
		c.Pause = Pause
	}
	var killer *killer
	if c.Kills > 0 {
		if killer, err = startKiller(ctx, c); err != nil {
			return false, err
		}
	}
	var sets []imported
	for _, d := range list {
		set, err := c.load(ctx, d)
		if err != nil {
			return false, fmt.Errorf("import %s: %w", d.name, err)
		}
		sets = append(sets, set)
	}
	for _, set := range sets {
		if err := set.api.drain(ctx, c.Out); err != nil {
			return false, err
		}
	}
	if killer != nil {
		n, err := killer.stop()
		fmt.Fprintf(c.Out, "killed the process binary %d times while it worked\n", n)
		if err != nil {
			return false, err
		}
	}
	equal = true
	table := newTable(c.Out)
	for _, set := range sets {
		same, err := c.compare(ctx, set, table)
		if err != nil {
			return false, fmt.Errorf("compare %s: %w", set.dataset.name, err)
		}
		equal = equal && same
	}
	table.end()
	for _, set := range sets {
		if err := c.export(ctx, set); err != nil {
			return false, fmt.Errorf("export %s: %w", set.dataset.name, err)
		}
	}
	fmt.Fprintf(c.Out, "%s in %.0f s: %d of %d numbers equal\n", c.System.URL, c.Now().Sub(started).Seconds(), table.equal, table.lines)
	return equal, nil
}

// load imports one data set and computes what must come out.
func (c Config) load(ctx context.Context, d dataset) (imported, error) {
	server, secret, err := c.CreateWorkspace(ctx, d.workspace, d.zone, d.currency, d.model)
	if err != nil {
		return imported{}, fmt.Errorf("create workspace %s: %w", d.workspace, err)
	}
	mapping, err := d.mapping()
	if err != nil {
		return imported{}, err
	}
	file, err := d.rows()
	if err != nil {
		return imported{}, err
	}
	a := newAPI(c, secret)
	for kind, name := range d.settled {
		text, err := data.ReadFile(name)
		if err != nil {
			return imported{}, err
		}
		if err := a.settle(ctx, kind, text); err != nil {
			return imported{}, err
		}
	}
	facts := facts{}
	bar := importer.NewBar(c.Out, d.workspace, c.Terminal)
	summary, err := importer.Run(ctx, importer.Config{
		Mapping: mapping, File: "-", In: bytes.NewReader(file), Size: int64(len(file)), URL: c.System.URL, Key: server,
		Client: c.Client, Now: c.Now, Sleep: c.Pause, Rand: c.Rand, Progress: bar.Show, Observe: facts.observe,
	})
	bar.Finish()
	summary.File = d.file
	if err := summary.WriteText(c.Out); err != nil {
		return imported{}, err
	}
	if err != nil {
		return imported{}, err
	}
	if !summary.Clean() {
		return imported{}, fmt.Errorf("some of it was rejected or refused, see above")
	}
	facts.summarize(summary)
	expected, err := d.expected(file)
	if err != nil {
		return imported{}, err
	}
	return imported{dataset: d, api: a, facts: facts, expected: expected}, nil
}

// compare rolls up and puts every expected number beside ours.
func (c Config) compare(ctx context.Context, set imported, t *table) (bool, error) {
	if _, err := set.api.RollUp(ctx, "", nil); err != nil {
		return false, err
	}
	t.title(set.dataset.title)
	return t.fill(ctx, set.expected, set.facts, set.api.answer)
}
