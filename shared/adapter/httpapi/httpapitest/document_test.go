package httpapitest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
)

// TestDocumentNamesTheRoutes: docs/api.md names every described route and no other, and its examples are JSON.
func TestDocumentNamesTheRoutes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(httpapitest.Root(t), "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, match := range regexp.MustCompile("`((?:GET|PUT|POST|DELETE) /[^` ?]*)`").FindAllSubmatch(text, -1) {
		named = append(named, string(match[1]))
	}
	slices.Sort(named)
	if routes := httpapitest.Load(t).Routes(); !slices.Equal(slices.Compact(named), routes) {
		t.Errorf("docs/api.md names\n%v\ndocs/openapi.yaml describes\n%v", slices.Compact(named), routes)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) != 5 {
		t.Errorf("docs/api.md has %d examples of JSON, want 5", len(examples))
	}
	for _, example := range examples {
		if !json.Valid(example[1]) {
			t.Errorf("this example is no JSON: %s", example[1])
		}
	}
}
