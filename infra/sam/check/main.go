// Command check compares an answer on its standard input with a golden file and says how they differ.
// With UPDATE_GOLDEN=1 it rewrites the file instead. It is what infra/sam/sam.sh judges answers with:
//
//	sam local invoke Collect -e events/collect/track.json | check events/collect/track.golden.json
package main

import (
	"fmt"
	"io"
	"os"

	"waymark/infra/sam/golden"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: check GOLDEN <ANSWER")
		os.Exit(2)
	}
	differences, err := Check(os.Args[1], os.Stdin, os.Getenv("UPDATE_GOLDEN") == "1")
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	for _, difference := range differences {
		fmt.Fprintln(os.Stderr, difference)
	}
	if len(differences) > 0 {
		os.Exit(1)
	}
}

// Check compares the answer with the golden file at path, or writes that file if update is set.
func Check(path string, answer io.Reader, update bool) ([]string, error) {
	got, err := io.ReadAll(answer)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	want, err := os.ReadFile(path)
	if err != nil && !(update && os.IsNotExist(err)) {
		return nil, fmt.Errorf("read golden file: %w (UPDATE_GOLDEN=1 writes it)", err)
	}
	if !update {
		return golden.Compare(want, got)
	}
	rewritten, err := golden.Rewrite(want, got)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, rewritten, 0o644); err != nil {
		return nil, fmt.Errorf("write golden file: %w", err)
	}
	return nil, nil
}
