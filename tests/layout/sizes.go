package layout

import (
	"bytes"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
)

// The limits. Aim at half of them.
const (
	maxFileLines        = 500
	maxFunctionLines    = 80
	maxMainLines        = 60
	maxInterfaceMethods = 5
)

// FileSizes limits the length of every source file, tests included. Generated files are not read by people.
func FileSizes(t *Tree) []Problem {
	var problems []Problem
	for _, name := range t.sorted(".go", ".js", ".mjs", ".ts", ".css", ".html", ".py", ".sh") {
		lines := lineCount(t.files[name])
		if lines <= maxFileLines || isGenerated(t.files[name]) {
			continue
		}
		problems = append(problems, Problem{File: name, Line: maxFileLines + 1, Rule: "file size", Text: fmt.Sprintf("%d lines, at most %d", lines, maxFileLines)})
	}
	return problems
}

var generatedMark = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func isGenerated(src []byte) bool {
	return generatedMark.Match(src[:min(len(src), 2048)])
}

// FunctionSizes limits the length of functions in Go and in JavaScript.
func FunctionSizes(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		if isGenerated(file.src) {
			continue
		}
		for _, decl := range file.ast.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first := t.line(function.Pos())
			if lines := t.line(function.End()) - first + 1; lines > maxFunctionLines {
				problems = append(problems, tooLong(file.path, first, function.Name.Name, lines))
			}
		}
	}
	for _, name := range t.sorted(".js", ".mjs") {
		problems = append(problems, scriptFunctionSizes(name, t.files[name])...)
	}
	return problems
}

func tooLong(file string, line int, name string, lines int) Problem {
	return Problem{File: file, Line: line, Rule: "function size", Text: fmt.Sprintf("%s has %d lines, at most %d", name, lines, maxFunctionLines)}
}

// scriptFunction recognises a line that opens a function's body: a declaration, a method, a function expression or an
// arrow. One at the left margin that is called at once, "(function () {", only wraps a file and is not counted.
var (
	scriptFunction = regexp.MustCompile(`^(\s*)(?:\S.*)?(?:\bfunction\b.*|=>\s*)\{\s*$|^(\s+)(?:static |async |get |set )*(#?\w+)\s*\([^;]*\)\s*\{\s*$`)
	scriptBlock    = regexp.MustCompile(`^\s*(?:\} )?(?:if|for|while|switch|catch|else|do|try|with)\b`)
	scriptWrapper  = regexp.MustCompile(`^[!;]?\(`)
)

// scriptFunctionSizes measures by indentation: a body ends at the next line that begins with a brace at the depth of the
// line that opened it. That is exact for files that are indented as all of ours are.
func scriptFunctionSizes(name string, src []byte) []Problem {
	var problems []Problem
	lines := strings.Split(string(src), "\n")
	for i, line := range lines {
		match := scriptFunction.FindStringSubmatch(line)
		if match == nil || scriptBlock.MatchString(line) || scriptWrapper.MatchString(line) {
			continue
		}
		indent := match[1] + match[2]
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], indent+"}") {
			end++
		}
		if length := end - i + 1; length > maxFunctionLines {
			problems = append(problems, tooLong(name, i+1, strings.TrimSpace(line), length))
		}
	}
	return problems
}

// MainSizes limits functions/x/main.go, which wires and does nothing else.
func MainSizes(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		if !within(file.dir, "functions") || path.Base(file.path) != "main.go" {
			continue
		}
		if lines := lineCount(file.src); lines > maxMainLines {
			problems = append(problems, Problem{File: file.path, Line: maxMainLines + 1, Rule: "main size", Text: fmt.Sprintf("%d lines, at most %d: main.go wires and nothing else", lines, maxMainLines)})
		}
	}
	return problems
}

// InterfaceSizes limits the interfaces that functions and shared packages ask for. Those that one embeds count where they stand.
func InterfaceSizes(t *Tree) []Problem {
	var problems []Problem
	for _, file := range t.gos {
		if file.test || !within(file.dir, "functions") && !within(file.dir, "shared") || within(file.dir, "shared/adapter/adaptertest") ||
			within(file.dir, "shared/testing") {
			continue
		}
		for name, iface := range interfacesOf(file.ast) {
			if n := methodCount(iface); n > maxInterfaceMethods {
				problems = append(problems, Problem{File: file.path, Line: t.line(iface.Pos()), Rule: "interface size", Text: fmt.Sprintf("interface %s has %d methods, at most %d", name, n, maxInterfaceMethods)})
			}
		}
	}
	return problems
}

func interfacesOf(file *ast.File) map[string]*ast.InterfaceType {
	found := map[string]*ast.InterfaceType{}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.TypeSpec); ok {
			if iface, ok := spec.Type.(*ast.InterfaceType); ok {
				found[spec.Name.Name] = iface
			}
		}
		return true
	})
	return found
}

// methodCount counts an interface's own methods: what it embeds, and the types of a constraint, have no names.
func methodCount(iface *ast.InterfaceType) int {
	count := 0
	for _, field := range iface.Methods.List {
		count += len(field.Names)
	}
	return count
}

// makeTargets reads the targets of a Makefile with the number of recipe lines of each and its help text.
type makeTarget struct {
	name   string
	line   int
	recipe int
	help   string
}

var makeRule = regexp.MustCompile(`^([a-z][a-z0-9-]*):([^=#]*)(?:##\s*(.*))?$`)

func makeTargets(src []byte) []makeTarget {
	var targets []makeTarget
	for i, line := range bytes.Split(src, []byte("\n")) {
		if match := makeRule.FindSubmatch(line); match != nil {
			targets = append(targets, makeTarget{name: string(match[1]), line: i + 1, help: string(match[3])})
			continue
		}
		if bytes.HasPrefix(line, []byte("\t")) && len(targets) > 0 {
			targets[len(targets)-1].recipe++
		}
	}
	return targets
}
