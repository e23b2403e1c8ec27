package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"waymark/infra/local/template"
)

// builder compiles functions to <bin>/<logical id>/bootstrap, those whose inputs changed.
//
// The compiler writes to a directory of its own, where it finds its last output and leaves it alone if nothing changed;
// a bootstrap is replaced only when its content differs, by renaming, so that running processes keep theirs. Beside the compiler's
// output lies the record of what it was made from; as long as that holds, the compiler is not even asked.
type builder struct {
	root string
	bin  string
	seen map[string]stamp // the binaries as build last returned them
}

func newBuilder(root, bin string) *builder {
	return &builder{root: root, bin: bin, seen: map[string]stamp{}}
}

// binary is where a function's bootstrap is.
func (b *builder) binary(id string) string { return filepath.Join(b.bin, id, "bootstrap") }

// compiled is where the compiler puts a function.
func (b *builder) compiled(id string) string { return filepath.Join(b.bin, ".compiled", id) }

// build compiles the functions that are not what their sources say, at the same time, and returns the ids of those whose binary is another than
// build returned before: also another process may have built it. Those that do not compile are reported in the error; the others are built all
// the same. The compiler's steps are told.
func (b *builder) build(ctx context.Context, functions []template.Function, tell func(step string)) (changed []string, err error) {
	unlock, err := b.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	sources, err := b.sources(ctx)
	if err != nil {
		return nil, err
	}
	var stale []template.Function
	var ids []string
	for _, f := range functions {
		if !b.isFresh(f.ID, sources) {
			stale, ids = append(stale, f), append(ids, f.ID)
		}
	}
	if len(stale) > 0 {
		tell("compiling " + strings.Join(ids, ", "))
		err = b.compileAll(ctx, stale, sources, tell)
	}
	for _, f := range functions {
		if now := stampOf(b.binary(f.ID)); now != b.seen[f.ID] {
			b.seen[f.ID] = now
			changed = append(changed, f.ID)
		}
	}
	return changed, err
}

// lock lets one process at a time build here: `waymark invoke` beside a running system does, too.
func (b *builder) lock() (unlock func(), err error) {
	directory := filepath.Dir(b.compiled(""))
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, fmt.Errorf("make directory of binaries: %w", err)
	}
	guard, err := os.OpenFile(filepath.Join(directory, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock directory of binaries: %w", err)
	}
	if err := lockFile(guard, true); err != nil {
		guard.Close()
		return nil, fmt.Errorf("lock directory of binaries: %w", err)
	}
	return func() { guard.Close() }, nil
}

func (b *builder) compileAll(ctx context.Context, functions []template.Function, sources *sources, tell func(step string)) error {
	// Before the compiler reads the sources: what changes while it works makes the record wrong, and the function is compiled again.
	records := b.records(ctx, functions, sources)
	errs := make([]error, len(functions))
	var running sync.WaitGroup
	var telling sync.Mutex
	for i, f := range functions {
		running.Go(func() {
			err := b.compile(ctx, f)
			if err == nil {
				err = b.publish(f.ID)
			}
			if err == nil {
				err = b.keep(f.ID, records[f.ID])
			}
			if err != nil {
				errs[i] = fmt.Errorf("build %s: %w", f.ID, err)
				return
			}
			telling.Lock()
			defer telling.Unlock()
			tell(f.ID + " is compiled")
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

func (b *builder) compile(ctx context.Context, f template.Function) error {
	cmd, err := b.goCommand(ctx, "build", "-trimpath", "-tags", buildTags, "-ldflags", linkFlags, "-o", b.compiled(f.ID), folder(f))
	if err != nil {
		return err
	}
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(text))
	}
	return nil
}

const (
	buildTags = "lambda.norpc"
	linkFlags = "-s -w"
)

// folder is how the go command calls a function's package.
func folder(f template.Function) string {
	return "./" + strings.TrimPrefix(filepath.ToSlash(filepath.Clean(f.CodeURI)), "./")
}

func (b *builder) goCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("go is not installed: see https://go.dev/dl")
	}
	cmd := exec.CommandContext(ctx, goTool, args...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	return cmd, nil
}

// publish copies a compiled function to its place unless it is there already.
func (b *builder) publish(id string) error {
	compiled, err := os.ReadFile(b.compiled(id))
	if err != nil {
		return err
	}
	target := b.binary(id)
	if present, err := os.ReadFile(target); err == nil && bytes.Equal(present, compiled) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	// While a file is open for writing, a process forked meanwhile holds it open too, and starting it fails with
	// "text file busy". So nothing forks while this is written.
	syscall.ForkLock.RLock()
	err = os.WriteFile(target+".new", compiled, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}
