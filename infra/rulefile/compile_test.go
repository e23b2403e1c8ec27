package rulefile_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"waymark/infra/rulefile"
)

const (
	rulesFolder  = "../../shared/model"
	compiledFile = "../../shared/model/compiled.go"
)

// TestCompiledRulesAreThoseOfTheFiles: what programs contain is what people have written.
func TestCompiledRulesAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	got, err := rulefile.Compile(os.DirFS(rulesFolder))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(compiledFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(compiledFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the rules of shared/model have changed and compiled.go has not: run make golden, which rewrites line %s", firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	wanted := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(wanted) || line != wanted[i] {
			return line
		}
	}
	return "after the last"
}

// TestCompileFaults: rules that are broken are not compiled, and the message says what is wrong and where.
func TestCompileFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, from, to, want string }{
		{"unknown key", "channels.yaml", "platforms:", "plattforms:", "read channels.yaml: yaml: unmarshal errors:\n  line"},
		{"unknown channel", "channels.yaml", "channel: paid_search", "channel: paid_serach", `(paid_serach): there is no such channel`},
		{"Google's list disagrees", "channels_ga4_source_categories.csv", "SOURCE_CATEGORY_VIDEO", "VIDEO", `"VIDEO" is no source category`},
		{"a list that is none", "referrers_socials.yaml", "", "- a\n", "read referrers_socials.yaml: the list is not a mapping of names"},
		{"a site without hosts", "referrers_ai_assistants.yaml", "", "Nobody: []\n", `site "Nobody" (): needs a source and hosts`},
		{"unknown key of a metric", "metrics.yaml", "sentence:", "sentense:", "field sentense not found"},
		{"a metric without a sentence", "metrics.yaml", "sentence: track, page and screen events in the window", "sentence: ''", "metric touchpoints needs a name of its own and a sentence"},
		{"a measure twice", "metrics.yaml", "name: sessions, sum: sessions", "name: touchpoints, sum: sessions", "bad_measure"},
		{"two reasons", "bots.yaml", "reason: preview", "reason: crawler", `reason "crawler" has a rule already`},
		{"unknown stage", "stages/four.yaml", "stage: decision", "stage: decided", "check stage model four@1: bad_stage_model"},
		{"wrong type", "stages/five.yaml", "version: 1", "version: one", "read stages/five.yaml: bad_stage_model: line"},
		{"no stage", "catalogue.yaml", "stage: advocacy", "stage: ''", "it has no stage; write none if it enters none"},
		{"missing file", "bots.yaml", "", "", "open bots.yaml: file does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source, err := rulefile.Compile(changed(t, c.file, c.from, c.to))
			if err == nil || !strings.Contains(err.Error(), c.want) || source != nil {
				t.Errorf("Compile = %d bytes, %v, want an error with %q", len(source), err, c.want)
			}
		})
	}
}

// changed is a copy of the rules in which a text of one file is another; an empty text stands for the whole file, which is missing when the other
// is empty too.
func changed(t *testing.T, file, from, to string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(rulesFolder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".csv") {
			return err
		}
		text, err := os.ReadFile(rulesFolder + "/" + path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	switch text := string(files[file].Data); {
	case from+to == "":
		delete(files, file)
	case from == "":
		files[file].Data = []byte(to)
	case !strings.Contains(text, from):
		t.Fatalf("%s does not hold %q", file, from)
	default:
		files[file].Data = []byte(strings.Replace(text, from, to, 1))
	}
	return files
}
