package local

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchInterval is how often the source files are looked at. A few hundred files take about two milliseconds.
const watchInterval = 500 * time.Millisecond

// Watch rebuilds functions when their source changes and takes a changed template over, until the context ends. What does
// not compile is reported, and the former state goes on.
func (c *Cloud) Watch(ctx context.Context) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	before := c.built
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		now := c.fingerprint()
		if changed := firstDifference(before, now); changed != "" {
			c.reload(ctx, changed, before[c.config.Template] != now[c.config.Template])
		}
		before = now
	}
}

type stamp struct {
	modified time.Time
	size     int64
}

// stampOf is the stamp of a file, zero if there is none.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// fingerprint notes the state of everything that functions are built from, and of the template.
func (c *Cloud) fingerprint() map[string]stamp {
	files := map[string]stamp{}
	note := func(path string) {
		if s := stampOf(path); s != (stamp{}) {
			files[path] = s
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		note(filepath.Join(c.config.Root, name))
	}
	note(c.config.Template)
	for _, directory := range []string{"functions", "shared"} {
		filepath.WalkDir(filepath.Join(c.config.Root, directory), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil: // it was removed while we walked
				return nil
			case entry.IsDir() && entry.Name() == "testdata":
				return filepath.SkipDir
			case entry.Type().IsRegular() && !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(entry.Name(), "."):
				note(path)
			}
			return nil
		})
	}
	return files
}

func firstDifference(before, now map[string]stamp) string {
	for path, s := range now {
		if before[path] != s {
			return path
		}
	}
	for path := range before {
		if _, is := now[path]; !is {
			return path
		}
	}
	return ""
}

func (c *Cloud) reload(ctx context.Context, changed string, template bool) {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	start := time.Now()
	name, err := filepath.Rel(c.config.Root, changed)
	if err != nil {
		name = changed
	}
	what, err := c.takeOver(ctx, template)
	if what != "" {
		c.announceAgain()
	}
	switch {
	case err != nil:
		fmt.Fprintf(c.config.Out, "%s changed, but the former state goes on:\n%v\n", name, err)
	case what != "":
		fmt.Fprintf(c.config.Out, "%s changed: %s (%s)\n", name, what, time.Since(start).Round(10*time.Millisecond))
	}
}

func (c *Cloud) takeOver(ctx context.Context, template bool) (what string, err error) {
	if template {
		deployed, err := c.deploy(ctx)
		if err != nil {
			return "", err
		}
		c.activate(deployed)
		return "took the template over", nil
	}
	d := c.current.Load()
	replaced, err := c.builder.build(ctx, d.specs, func(string) {})
	for _, id := range replaced {
		d.functions[id].Replace()
		if err := d.functions[id].Warm(); err != nil {
			fmt.Fprintln(c.config.Out, err)
		}
	}
	if len(replaced) == 0 {
		return "", err
	}
	return "rebuilt " + strings.Join(replaced, ", "), err
}
