package main_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	main "waymark/infra/sam/check"
)

func TestCheckWritesThenCompares(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "track.golden.json")
	answer := func() *strings.Reader { return strings.NewReader(`{"statusCode":200}`) }

	if got, err := main.Check(path, answer(), false); err == nil {
		t.Errorf("Check without a golden file = %q, want an error", got)
	}
	if got, err := main.Check(path, answer(), true); err != nil || got != nil {
		t.Fatalf("Check with update = %q, %v, want it to write", got, err)
	}
	if got, err := main.Check(path, answer(), false); err != nil || got != nil {
		t.Errorf("Check of the same answer = %q, %v, want equal", got, err)
	}
	got, err := main.Check(path, strings.NewReader(`{"statusCode":500}`), false)
	if want := []string{"statusCode: got 500, want 200"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Check of another answer = %q, %v, want %q", got, err, want)
	}
}
