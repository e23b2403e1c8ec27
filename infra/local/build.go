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

// builder compiles functions to <bin>/<logical id>/bootstrap.
//
// The compiler writes to a directory of its own, where it finds its last output and leaves it alone if nothing changed;
// a bootstrap is replaced only when its content differs, by renaming, so that running processes keep theirs.
type builder struct {
	root string
	bin  string
}

func newBuilder(root, bin string) *builder { return &builder{root: root, bin: bin} }

// binary is where a function's bootstrap is.
func (b *builder) binary(id string) string { return filepath.Join(b.bin, id, "bootstrap") }

// build compiles the functions at the same time, and returns the ids of those whose binary changed. Those that do not compile
// are reported in the error; the others are built all the same.
func (b *builder) build(ctx context.Context, functions []template.Function) (changed []string, err error) {
	errs := make([]error, len(functions))
	replaced := make([]bool, len(functions))
	var running sync.WaitGroup
	for i, f := range functions {
		running.Go(func() {
			err := b.compile(ctx, f)
			if err == nil {
				replaced[i], err = b.publish(f)
			}
			if err != nil {
				errs[i] = fmt.Errorf("build %s: %w", f.ID, err)
			}
		})
	}
	running.Wait()
	for i, f := range functions {
		if replaced[i] {
			changed = append(changed, f.ID)
		}
	}
	return changed, errors.Join(errs...)
}

func (b *builder) compiled(f template.Function) string {
	return filepath.Join(b.bin, ".compiled", f.ID)
}

func (b *builder) compile(ctx context.Context, f template.Function) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("go is not installed: see https://go.dev/dl")
	}
	if err := os.MkdirAll(filepath.Dir(b.compiled(f)), 0o755); err != nil {
		return err
	}
	folder := "./" + strings.TrimPrefix(filepath.ToSlash(f.CodeURI), "./")
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", b.compiled(f), folder)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(text))
	}
	return nil
}

// publish copies a compiled function to its place unless it is there already.
func (b *builder) publish(f template.Function) (replaced bool, err error) {
	compiled, err := os.ReadFile(b.compiled(f))
	if err != nil {
		return false, err
	}
	target := b.binary(f.ID)
	if present, err := os.ReadFile(target); err == nil && bytes.Equal(present, compiled) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return false, err
	}
	// While a file is open for writing, a process forked meanwhile holds it open too, and starting it fails with
	// "text file busy". So nothing forks while this is written.
	syscall.ForkLock.RLock()
	err = os.WriteFile(target+".new", compiled, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return false, err
	}
	return true, os.Rename(target+".new", target)
}
