package failed

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unreachable are the codes of faults that no event can have.
var unreachable = map[string]string{
	"sum_out_of_range":   "takes 9,224 products of the largest amount, which is more than 32 KiB",
	"currency_malformed": "an event's currency is checked before, as bad_currency",
}

// TestCatalogue holds docs/failed.md to the code: a row and a sample for every class that process can keep, and for nothing else.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	inCode := codes(t, "../../shared/domain/event", "../../shared/domain/plan", "../../shared/domain/money", "../../shared/domain/trust", "../../shared/adapter/queue/message/message.go")
	inCode["unknown_workspace"] = true // of the table
	for code := range unreachable {
		if !inCode[code] {
			t.Errorf("%s is in no code any more", code)
		}
		delete(inCode, code)
	}
	text, err := os.ReadFile("../../docs/failed.md")
	must(t, err)
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|(.*)\\|$").FindAllStringSubmatch(string(text), -1) {
		if cells := strings.Split(row[2], " | "); len(cells) != 4 || slices.Contains(cells, "") {
			t.Errorf("the row of %s has the cells %q, want meaning, example, what to do and whether an edit mends it", row[1], cells)
		}
		documented[row[1]] = true
	}
	sampled := map[string]bool{}
	for class := range classes(t) {
		sampled[class] = true
	}
	want := slices.Sorted(maps.Keys(inCode))
	for what, got := range map[string]map[string]bool{"docs/failed.md": documented, "events/failed": sampled} {
		if got := slices.Sorted(maps.Keys(got)); !slices.Equal(got, want) {
			t.Errorf("%s has the classes\n%q\nwant those of the code\n%q", what, got, want)
		}
	}
}

// codes lists the codes of all faults of kind Invalid that the sources make.
func codes(t *testing.T, paths ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, path := range paths {
		for _, file := range sources(t, path) {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			must(t, err)
			ast.Inspect(parsed, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok || len(call.Args) < 3 {
					return true
				}
				function, isFault := call.Fun.(*ast.SelectorExpr)
				code, isText := call.Args[1].(*ast.BasicLit)
				if isFault && isText && strings.HasPrefix(function.Sel.Name, "New") || isFault && isText && function.Sel.Name == "Wrap" {
					name, err := strconv.Unquote(code.Value)
					must(t, err)
					found[name] = true
				}
				return true
			})
		}
	}
	return found
}

func sources(t *testing.T, path string) []string {
	t.Helper()
	if strings.HasSuffix(path, ".go") {
		return []string{path}
	}
	entries, err := os.ReadDir(path)
	must(t, err)
	var files []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			files = append(files, path+"/"+e.Name())
		}
	}
	return files
}
