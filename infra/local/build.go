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

// build compiles the functions, all in one run of the compiler, and returns the ids of those whose binary changed. Those
// that do not compile are reported in the error; the others are built all the same.
func (b *builder) build(ctx context.Context, functions []template.Function) (changed []string, err error) {
	var errs []error
	if err := b.compile(ctx, functions...); err != nil {
		for _, f := range functions {
			if err := b.compile(ctx, f); err != nil {
				errs = append(errs, fmt.Errorf("build %s: %w", f.ID, err))
			}
		}
	}
	for _, f := range functions {
		replaced, err := b.publish(f)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("build %s: %w", f.ID, err))
		}
		if replaced {
			changed = append(changed, f.ID)
		}
	}
	return changed, errors.Join(errs...)
}

func (b *builder) compiled(f template.Function) string {
	return filepath.Join(b.bin, ".compiled", filepath.Base(filepath.FromSlash(f.CodeURI)))
}

func (b *builder) compile(ctx context.Context, functions ...template.Function) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("go is not installed: see https://go.dev/dl")
	}
	output := filepath.Join(b.bin, ".compiled")
	if err := os.MkdirAll(output, 0o755); err != nil {
		return err
	}
	// The slash makes -o a directory also for a single package.
	args := []string{"build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", output + string(filepath.Separator)}
	for _, f := range functions {
		args = append(args, "./"+strings.TrimPrefix(filepath.ToSlash(f.CodeURI), "./"))
	}
	cmd := exec.CommandContext(ctx, goTool, args...)
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
