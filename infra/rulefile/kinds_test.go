package rulefile_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waymark/infra/rulefile"
)

const schemasFolder = rulesFolder + "/kinds"

// TestSchemasAreThoseOfTheCatalogue: the JSON Schemas of the kinds say what catalogue.yaml says. "make golden" writes them; a version that exists
// keeps its words, so a schema that changes needs a higher version of its kind.
func TestSchemasAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	schemas, err := rulefile.Schemas(os.DirFS(rulesFolder))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(schemasFolder + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, file := range files {
		stored = append(stored, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	isUpdate := os.Getenv("UPDATE_GOLDEN") == "1"
	if kinds := slices.Sorted(maps.Keys(schemas)); !isUpdate && !slices.Equal(stored, kinds) {
		t.Fatalf("there are schemas of\n%q\nwant those of the kinds\n%q\nrun make golden, and remove what is of no kind", stored, kinds)
	}
	for id, want := range schemas {
		path := filepath.Join(schemasFolder, id+".json")
		got, err := os.ReadFile(path)
		if isUpdate && (err != nil || idOf(t, got) != idOf(t, want)) {
			got, err = want, os.WriteFile(path, want, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from catalogue.yaml in line %s: raise the version of the kind there (or, if no release had this one, remove the file) and run make golden",
				path, firstDifference(string(want), string(got)))
		}
	}
}

func idOf(t *testing.T, schema []byte) string {
	t.Helper()
	var named struct {
		ID string `json:"$id"`
	}
	if err := json.Unmarshal(schema, &named); err != nil || named.ID == "" {
		t.Fatalf("a schema without $id: %v", err)
	}
	return named.ID
}
