package main

import (
	"bytes"
	"strings"
	"testing"

	"waymark/infra/rebuild"
)

// TestRebuildUsage: what cannot be meant is refused before anything is touched.
func TestRebuildUsage(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--swap perhaps", "--back --drop-old", "demo"} {
		var out, said bytes.Buffer
		if code := cmdRebuild(t.Context(), strings.Fields(args), stdio{Out: &out, Err: &said}); code != 2 || !strings.Contains(said.String(), "waymark rebuild [--model MODEL]") {
			t.Errorf("rebuild %s = %d: %s%s; want 2 and the usage", args, code, &out, &said)
		}
	}
}

// TestRebuildPrints shows a rebuild that differs, as a person reads it: 80 columns, ids cut nowhere but hashes.
func TestRebuildPrints(t *testing.T) {
	t.Parallel()
	const a, b = "5471b1dbbd19aaaa", "f4d4a747ecefaaaa"
	var out bytes.Buffer
	err := rebuildFlags{}.print(rebuild.Report{
		Workspace: "shop", From: 11, To: 12, Model: "five", Objects: 19768, Events: 1_000_000, Late: 3,
		Parts: []rebuild.Part{
			{Name: "profiles", Compared: 131_877, Differing: 7, Examples: []string{"user:1", "user:2"}, Old: a, New: b},
			{Name: "order claims", Compared: 30_011, Old: a, New: a},
		},
		Old: a, New: b, Phases: []rebuild.Phase{{Name: "load the archive", Seconds: 61.04}, {Name: "compare", Seconds: 100}},
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	const want = `workspace shop: generation 11 to 12, stage model five
events 1,000,000, repeats counted; objects 19,768
objects that came in meanwhile and were carried over: 3

PART              COMPARED   DIFFERING  SHA256 OF 11  OF 12
profiles           131,877           7  5471b1dbbd19  f4d4a747ecef
order claims        30,011           0  5471b1dbbd19  5471b1dbbd19
all                                     5471b1dbbd19  f4d4a747ecef

profiles that differ, without 5 more:
  user:1
  user:2

    61.0 s  load the archive
   100.0 s  compare
   161.0 s  in all

They differ. Generation 11 stays in use. If that is as it should be:
--swap always rebuilds and swaps; --drop-old deletes generation 12.
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", &out, want)
	}
	for line := range strings.Lines(out.String()) {
		if len(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}
