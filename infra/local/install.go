package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// install runs `npm ci` for the emulators unless what is installed is what the lock file names.
func install(ctx context.Context, directory string, progress func(string)) error {
	locked, err := os.ReadFile(filepath.Join(directory, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("read the emulators' lock file: %w", err)
	}
	sum := sha256.Sum256(locked)
	want := []byte(hex.EncodeToString(sum[:]) + "\n")
	marker := filepath.Join(directory, "node_modules", ".installed")
	if installed(marker, want) {
		return nil
	}
	// Several systems may start at once on a fresh clone; npm does not stand that.
	guard, err := os.OpenFile(filepath.Join(directory, ".install.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("lock the emulators' directory: %w", err)
	}
	defer guard.Close()
	if err := lockFile(guard, true); err != nil {
		return fmt.Errorf("lock the emulators' directory: %w", err)
	}
	if installed(marker, want) {
		return nil
	}
	progress("installing the emulators (npm ci, once)")
	if err := runNPM(ctx, directory); err != nil {
		return err
	}
	return os.WriteFile(marker, want, 0o644)
}

func installed(marker string, want []byte) bool {
	have, err := os.ReadFile(marker)
	return err == nil && bytes.Equal(have, want)
}

func runNPM(ctx context.Context, directory string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is not installed: the emulators of SQS and DynamoDB come from npm; install Node.js 20 or newer, see https://nodejs.org")
	}
	cmd := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = directory
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("install the emulators in %s: %w\n%s", directory, err, bytes.TrimSpace(output))
	}
	return nil
}
