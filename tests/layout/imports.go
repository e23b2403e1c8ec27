package layout

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// rungs orders the domain packages: one may import only those of a lower rung. A package that is missing here is a
// problem too, so that each new one gets its place deliberately.
var rungs = map[string]int{
	"fault": 0, "sequence": 0, "strictjson": 0,
	"redact": 1, "consent": 1,
	"wide": 1, "interval": 0, "stats": 1, "quantile": 1, "period": 1, "schema": 1, "sentiment": 1,
	"money": 2, "rates": 3,
	"event": 3,
	"agent": 4, "page": 4, "bot": 4, "protocol": 4, "country": 4, "channel": 4, "identity": 4, "assignment": 4, "fate": 4, "burst": 4, "kind": 4, "workspace": 4,
	"profile": 5, "plan": 5, "trust": 5, "quality": 6,
	"stage": 6, "segment": 6,
	"quarantine": 7, "journey": 7,
	"step":    8,
	"measure": 9, "condition": 9, "buyer": 9,
	"ledger": 10, "kpi": 10, "analysis": 10,
	"report": 11, "funnel": 11, "attribution": 11, "acquisition": 11, "clv": 11, "rfm": 11, "basket": 11, "feedback": 11, "experiment": 11, "balance": 11, "trigger": 11, "series": 11,
	"journeymap": 12, "change": 12, "objective": 12, "custom": 12,
	"paths": 12, "retention": 12, // edges are funnels, and events are written as steps of one
}

// impure are the standard packages that bring I/O, time of day, chance or logging; the domain has none of them.
var impure = []string{
	"os", "os/exec", "os/signal", "os/user", "io/ioutil", "syscall",
	"net", "net/http", "net/rpc", "net/smtp", "net/textproto",
	"log", "log/slog", "log/syslog",
	"crypto/rand", "database/sql", "plugin", "testing",
}

// row is one line of the import table: what the packages below a folder may import besides the standard library.
type row struct {
	folder  string
	own     []string // folders of this module
	modules []string // prefixes of foreign import paths; "*" for any
	tests   []string // folders of this module that only test files may import
}

// table is searched from the top; the first folder that fits decides.
var table = []row{
	{folder: "shared/domain/stats", own: []string{"shared/domain"}, modules: []string{"gonum.org/v1/gonum"}},
	{folder: "shared/domain/clv", own: []string{"shared/domain"}, modules: []string{"gonum.org/v1/gonum"}},
	{folder: "shared/domain/attribution", own: []string{"shared/domain"}, modules: []string{"gonum.org/v1/gonum"}},
	{folder: "shared/domain", own: []string{"shared/domain"}, tests: []string{"shared/model"}},
	{folder: "shared/adapter/adaptertest", own: []string{"shared/domain"}},
	{folder: "shared/adapter", own: []string{"shared/domain"}, modules: []string{"*"}, tests: []string{"shared/adapter/adaptertest", "shared/model"}},
	// No YAML: every function contains the rules, and none is to parse them when it starts.
	{folder: "shared/model", own: []string{"shared/domain"}, tests: []string{"infra/rulefile"}},
	{folder: "shared/life", own: []string{"shared/domain"}, tests: []string{"shared/adapter/memory", "shared/model"}},
	{folder: "shared/ingest", own: []string{"shared/domain"}},
	{folder: "shared/settle", own: []string{"shared/domain", "shared/life"}, tests: []string{"shared/model"}},
	{folder: "shared/testing", own: []string{"shared", "functions"}, modules: []string{"github.com/aws/aws-lambda-go"}},
	{folder: "shared/analyse", own: []string{"shared/domain", "shared/model", "shared/settle"}, tests: []string{"shared/adapter", "shared/model", "shared/testing"}},
	{folder: "shared/failed", own: []string{"shared/domain"}},
	{folder: "shared/config", own: []string{"shared/domain"}},
	{
		folder: "functions", own: []string{"shared"}, modules: []string{"github.com/aws/aws-lambda-go", "golang.org/x/time/rate"},
	},
	{
		folder:  "infra/local",
		modules: []string{"github.com/aws/aws-lambda-go/events", "go.yaml.in/yaml/v3", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "github.com/johannesboyne/gofakes3", "github.com/dop251/goja"},
	},
	{folder: "infra", own: []string{"shared", "infra"}, modules: []string{"*"}},
	{folder: "tests", own: []string{"shared", "functions", "infra", "tests"}, modules: []string{"*"}},
}

// Imports checks the import table.
func Imports(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		for _, spec := range file.ast.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil || t.mayImport(file, target) {
				continue
			}
			problems = append(problems, Problem{
				File: file.path, Line: t.line(spec.Pos()), Rule: "imports",
				Text: fmt.Sprintf("%s may not import %q", file.dir, target),
			})
		}
	}
	return append(problems, unrungPackages(t)...)
}

func (t *Tree) mayImport(file goFile, target string) bool {
	own, isOwn := strings.CutPrefix(target, Module+"/")
	if !isOwn && !isForeign(target) {
		return file.test || !within(file.dir, "shared/domain") || !slices.Contains(impure, target)
	}
	if isOwn && (own == file.dir || within(own, home(file.dir))) {
		return true
	}
	for _, row := range table {
		if !within(file.dir, row.folder) {
			continue
		}
		if !isOwn {
			return allowsModule(row, target)
		}
		return allowsOwn(row, file, own)
	}
	return false
}

func allowsModule(row row, target string) bool {
	return slices.ContainsFunc(row.modules, func(prefix string) bool { return prefix == "*" || within(target, prefix) })
}

func allowsOwn(row row, file goFile, own string) bool {
	if within(own, "shared/testing") && !within(file.dir, "tests") {
		return file.test || within(file.dir, "shared/testing")
	}
	allowed := row.own
	if file.test {
		allowed = slices.Concat(allowed, row.tests)
	}
	if !slices.ContainsFunc(allowed, func(folder string) bool { return within(own, folder) }) {
		return false
	}
	if row.folder != "shared/domain" || file.test {
		return true
	}
	return rungs[domainName(own)] < rungs[domainName(file.dir)]
}

// home is the folder inside which packages are one unit and may import each other: one function, the local runner. The
// other packages of infra and tests are free by their rows.
func home(dir string) string {
	parts := strings.Split(dir, "/")
	switch {
	case len(parts) >= 3 && within(dir, "shared"):
		return path.Join(parts[:3]...)
	case len(parts) >= 2:
		return path.Join(parts[:2]...)
	}
	return dir
}

func domainName(dir string) string {
	return strings.Split(strings.TrimPrefix(dir, "shared/domain/"), "/")[0]
}

func unrungPackages(t *Tree) []Problem {
	var problems []Problem
	for _, name := range t.folders("shared/domain") {
		if _, ok := rungs[name]; !ok {
			problems = append(problems, Problem{File: "shared/domain/" + name, Line: 1, Rule: "imports", Text: "this domain package has no rung: give it one in tests/layout/imports.go"})
		}
	}
	return problems
}

// isForeign tells a module's path from the standard library's: only the former has a dot in its first element.
func isForeign(target string) bool {
	first, _, _ := strings.Cut(target, "/")
	return strings.Contains(first, ".")
}

func within(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}

// clockAndChance are the names of time and math/rand that bring the clock or a shared source of chance.
var clockAndChance = map[string]func(name string) bool{
	"time": func(name string) bool {
		return slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, name)
	},
	"math/rand":    isGlobalRand,
	"math/rand/v2": isGlobalRand,
}

func isGlobalRand(name string) bool {
	seeded := []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf"}
	return !slices.Contains(seeded, name)
}

// Purity checks that the domain asks neither the clock nor the process-wide random source, and that functions ask the
// clock only in main.go, where it is handed down as a value.
func Purity(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		if file.test || !within(file.dir, "shared/domain") && !isBelowMain(file) {
			continue
		}
		names := importNames(file.ast)
		ast.Inspect(file.ast, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			base, ok := selector.X.(*ast.Ident)
			if !ok || base.Obj != nil { // a variable of that name, not the package
				return true
			}
			target := names[base.Name]
			forbidden := clockAndChance[target]
			if forbidden == nil || !forbidden(selector.Sel.Name) {
				return true
			}
			problems = append(problems, Problem{
				File: file.path, Line: t.line(selector.Pos()), Rule: "purity",
				Text: fmt.Sprintf("%s.%s: time and chance come in as values", base.Name, selector.Sel.Name),
			})
			return true
		})
	}
	return append(problems, dotImports(t)...)
}

func isBelowMain(file goFile) bool {
	return within(file.dir, "functions") && path.Base(file.path) != "main.go"
}

// dotImports finds imports into the file's own scope: they would hide a call of time.Now from Purity, and a reader.
func dotImports(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		for _, spec := range file.ast.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				problems = append(problems, Problem{File: file.path, Line: t.line(spec.Pos()), Rule: "purity", Text: "dot import of " + spec.Path.Value})
			}
		}
	}
	return problems
}

// importNames maps the names by which a file calls its imports to their paths.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(strings.TrimSuffix(target, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = target
	}
	return names
}

// moduleList is the page on which every foreign module stands with its reason.
const moduleList = "docs/adr/0001-modules.md"

// Modules checks that every foreign module that is imported is explained in the list of modules, and that one adapter
// speaks to at most one service of AWS.
func Modules(t *Tree) []Problem {
	var problems []Problem
	list := string(t.files[moduleList])
	services := map[string]string{}
	for _, file := range t.gos {
		for _, spec := range file.ast.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil || !isForeign(target) {
				continue
			}
			if !explained(list, target) {
				problems = append(problems, Problem{File: file.path, Line: t.line(spec.Pos()), Rule: "modules", Text: fmt.Sprintf("%q is not in %s", target, moduleList)})
			}
			service, isService := strings.CutPrefix(target, "github.com/aws/aws-sdk-go-v2/service/")
			if !isService || file.test || !within(file.dir, "shared/adapter") {
				continue
			}
			service, _, _ = strings.Cut(service, "/")
			if other := services[file.dir]; other != "" && other != service {
				problems = append(problems, Problem{File: file.path, Line: t.line(spec.Pos()), Rule: "modules", Text: fmt.Sprintf("one adapter, one technology: %s and %s", other, service)})
			}
			services[file.dir] = service
		}
	}
	return problems
}

// explained looks for the path or one of its parents in backquotes.
func explained(list, target string) bool {
	for ; strings.Contains(target, "/"); target = path.Dir(target) {
		if strings.Contains(list, "`"+target+"`") {
			return true
		}
	}
	return false
}
