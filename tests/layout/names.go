package layout

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The folders of the house. A new one at these places is a decision, made here.
var (
	topFolders    = []string{".ci", "docs", "events", "functions", "infra", "shared", "tests"}
	sharedFolders = []string{"adapter", "analyse", "config", "domain", "failed", "ingest", "life", "model", "settle", "testing"}
)

// Folders checks the upper levels of the tree.
func Folders(t *Tree) []Problem {
	problems := strangers(t, "", topFolders)
	return append(problems, strangers(t, "shared", sharedFolders)...)
}

func strangers(t *Tree, below string, known []string) []Problem {
	var problems []Problem
	for _, name := range t.folders(below) {
		if !slices.Contains(known, name) {
			problems = append(problems, Problem{File: path.Join(below, name), Line: 1, Rule: "folders", Text: "this folder is not part of the house: " + strings.Join(known, ", ")})
		}
	}
	return problems
}

// emptyNames say nothing about what is inside.
var emptyNames = regexp.MustCompile(`^(utils?|common|helpers?|types|models|misc|base|lib|shared|core|\w+iface)$`)

// PackageNames checks that a package is named after its folder and for what it holds.
func PackageNames(t *Tree) []Problem {
	var problems []Problem
	report := func(file goFile, text string) {
		problems = append(problems, Problem{File: file.path, Line: t.line(file.ast.Name.Pos()), Rule: "package name", Text: text})
	}
	for _, file := range t.gos {
		name := file.ast.Name.Name
		subject := name
		if file.test {
			subject = strings.TrimSuffix(name, "_test")
		}
		switch folder := path.Base(file.dir); {
		case emptyNames.MatchString(folder), emptyNames.MatchString(subject):
			report(file, fmt.Sprintf("package %s in %s: the name does not say what it is for", name, file.dir))
		case subject != folder && subject != "main":
			report(file, fmt.Sprintf("package %s in folder %s: they have the same name", name, folder))
		}
	}
	return problems
}

// PackageDocs checks that each package begins with a paragraph about itself, of more than one line; a main package, which
// wires, may do with one. A folder with tests only says it in one of them.
func PackageDocs(t *Tree) []Problem {
	documented := map[string]bool{}
	first := map[string]goFile{}
	onlyTests := map[string]bool{}
	for _, file := range t.gos {
		if current, ok := first[file.dir]; !ok || current.test && !file.test {
			first[file.dir] = file
			onlyTests[file.dir] = file.test
		}
	}
	for _, file := range t.gos {
		if file.test && !onlyTests[file.dir] {
			continue
		}
		documented[file.dir] = documented[file.dir] || isPackageDoc(file)
	}
	var problems []Problem
	for dir, file := range first {
		if !documented[dir] {
			problems = append(problems, Problem{File: file.path, Line: 1, Rule: "package doc", Text: fmt.Sprintf("package %s has no paragraph that says what it is for", file.ast.Name.Name)})
		}
	}
	return problems
}

func isPackageDoc(file goFile) bool {
	if file.ast.Doc == nil {
		return false
	}
	text := strings.TrimSpace(file.ast.Doc.Text())
	name := file.ast.Name.Name
	if name == "main" {
		return text != ""
	}
	return strings.HasPrefix(text, "Package "+name+" ") && strings.Contains(text, "\n")
}

var codeURI = regexp.MustCompile(`(?m)^\s+CodeUri: functions/(\S+)/lambda\s*$`)

// FunctionFolders checks that the folders of functions/ and the functions of template.yaml are one list, and that each
// folder has the three files a reader looks for: handler.go and ports.go in a package that is named after it, which simulations
// can import, and lambda/main.go, which wires it.
func FunctionFolders(t *Tree) []Problem {
	var problems []Problem
	template := t.files["template.yaml"]
	var deployed []string
	for _, match := range codeURI.FindAllSubmatch(template, -1) {
		deployed = append(deployed, string(match[1]))
	}
	folders := t.folders("functions")
	for _, name := range folders {
		if !slices.Contains(deployed, name) {
			problems = append(problems, Problem{File: "functions/" + name, Line: 1, Rule: "functions", Text: "template.yaml deploys no function from this folder"})
		}
		for _, file := range []string{"lambda/main.go", "handler.go", "ports.go"} {
			if !t.has(path.Join("functions", name, file)) {
				problems = append(problems, Problem{File: "functions/" + name, Line: 1, Rule: "functions", Text: "there is no " + file})
			}
		}
	}
	for _, name := range deployed {
		if !slices.Contains(folders, name) {
			problems = append(problems, Problem{File: "template.yaml", Line: 1, Rule: "functions", Text: "there is no folder functions/" + name})
		}
	}
	return problems
}

// PackageState finds init functions and package variables that code changes: both are work and state nobody asked for.
func PackageState(t *Tree) []Problem {
	variables := map[string]map[string]bool{} // by folder and package, the names of the package's variables
	for _, file := range t.gos {
		if file.test {
			continue
		}
		key := file.dir + " " + file.ast.Name.Name
		if variables[key] == nil {
			variables[key] = map[string]bool{}
		}
		for _, name := range packageVariables(file.ast) {
			variables[key][name] = true
		}
	}
	var problems []Problem
	for _, file := range t.gos {
		if file.test {
			continue
		}
		problems = append(problems, t.stateOf(file, variables[file.dir+" "+file.ast.Name.Name])...)
	}
	return problems
}

func packageVariables(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range value.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

func (t *Tree) stateOf(file goFile, variables map[string]bool) []Problem {
	var problems []Problem
	report := func(node ast.Node, text string) {
		problems = append(problems, Problem{File: file.path, Line: t.line(node.Pos()), Rule: "package state", Text: text})
	}
	changes := func(target ast.Expr) {
		if name := rootName(target); name != nil && variables[name.Name] && isPackageLevel(name, file.ast) {
			report(target, fmt.Sprintf("the package variable %s is changed here", name.Name))
		}
	}
	ast.Inspect(file.ast, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if node.Recv == nil && node.Name.Name == "init" {
				report(node, "init does work nobody called for")
			}
		case *ast.AssignStmt:
			for _, target := range node.Lhs {
				changes(target)
			}
		case *ast.IncDecStmt:
			changes(node.X)
		}
		return true
	})
	return problems
}

// rootName is the variable that an assignment to x, x.f, x[i] or *x changes.
func rootName(expr ast.Expr) *ast.Ident {
	for {
		switch e := expr.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		default:
			return nil
		}
	}
}

// isPackageLevel tells a package's variable from a local one of the same name. The parser leaves names that another
// file declares unresolved.
func isPackageLevel(name *ast.Ident, file *ast.File) bool {
	if name.Obj == nil {
		return true
	}
	return file.Scope.Lookup(name.Name) == name.Obj
}
