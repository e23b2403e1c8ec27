// Package layout holds the rules of the house: who may import whom, how long a file or a function may be, which names
// are not names, and that the documents tell the truth about files, links and make targets. Its test runs every rule over
// the repository; a rule broken anywhere is a red test with file and line.
//
// It judges the form of the sources only. What the code does is tested beside the code.
//
//	tree, err := layout.Load(os.DirFS("../.."))
//	problems := layout.Check(tree) // "shared/domain/kpi/row.go:7: shared/domain/kpi may not import "os" (imports)"
package layout

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the import path of the repository, as go.mod has it.
const Module = "waymark"

// Tree is the repository as the rules see it: every text file, and the Go files parsed.
type Tree struct {
	files map[string][]byte // by slash path from the root
	gos   []goFile          // in path order
	fset  *token.FileSet
}

type goFile struct {
	path string
	dir  string
	test bool
	src  []byte
	ast  *ast.File
}

// Problem is one broken rule at one place.
type Problem struct {
	File string
	Line int
	Text string
	Rule string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s (%s)", p.File, p.Line, p.Text, p.Rule)
}

// Load reads a tree. Hidden folders other than .ci, node_modules, and testdata are not part of the house: nothing in
// them is judged, but links may lead there.
func Load(fsys fs.FS) (*Tree, error) {
	tree := &Tree{files: map[string][]byte{}, fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(name)
		}
		return tree.add(fsys, name)
	})
	if err != nil {
		return nil, fmt.Errorf("load tree: %w", err)
	}
	return tree, nil
}

func skipFolder(name string) error {
	base := path.Base(name)
	if name == "." || base == ".ci" {
		return nil
	}
	if strings.HasPrefix(base, ".") || base == "node_modules" {
		return fs.SkipDir
	}
	return nil
}

func (t *Tree) add(fsys fs.FS, name string) error {
	if inTestdata(name) {
		t.files[name] = nil // known, so that links to it resolve, but not read
		return nil
	}
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	t.files[name] = src
	if path.Ext(name) != ".go" {
		return nil
	}
	file, err := parser.ParseFile(t.fset, name, src, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	t.gos = append(t.gos, goFile{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), src: src, ast: file})
	return nil
}

func inTestdata(name string) bool {
	return slices.Contains(strings.Split(path.Dir(name), "/"), "testdata")
}

func (t *Tree) line(pos token.Pos) int { return t.fset.Position(pos).Line }

// sorted lists the tree's paths with one of the extensions, testdata left out.
func (t *Tree) sorted(extensions ...string) []string {
	var names []string
	for name := range t.files {
		if slices.Contains(extensions, path.Ext(name)) && !inTestdata(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// folders lists the folders directly below one ("" for the root).
func (t *Tree) folders(below string) []string {
	var names []string
	for name := range t.files {
		rest, ok := strings.CutPrefix(name, below)
		if below != "" && ok {
			rest, ok = strings.CutPrefix(rest, "/")
		}
		if first, _, deeper := strings.Cut(rest, "/"); ok && deeper {
			names = append(names, first)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (t *Tree) has(name string) bool {
	_, ok := t.files[name]
	return ok
}

// Check applies every rule and returns the problems in the order of file and line.
func Check(tree *Tree) []Problem {
	rules := []func(*Tree) []Problem{
		Imports, Purity, Modules,
		FileSizes, FunctionSizes, MainSizes, InterfaceSizes,
		Folders, PackageNames, PackageDocs, FunctionFolders,
		PackageState,
		MakeTargets, MakeMentions, Links, DocumentForm,
	}
	var problems []Problem
	for _, rule := range rules {
		problems = append(problems, rule(tree)...)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return problems
}

func lineCount(src []byte) int {
	lines := bytes.Count(src, []byte("\n"))
	if len(src) > 0 && src[len(src)-1] != '\n' {
		lines++
	}
	return lines
}
