package layout

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

const (
	maxRecipeLines       = 5
	maxArchitectureLines = 200
)

// MakeTargets checks that each target of the Makefile is short and explains itself in the help.
func MakeTargets(t *Tree) []Problem {
	var problems []Problem
	for _, target := range makeTargets(t.files["Makefile"]) {
		if target.recipe > maxRecipeLines {
			problems = append(problems, Problem{File: "Makefile", Line: target.line, Rule: "make targets", Text: fmt.Sprintf("%s has %d lines, at most %d: write a program under infra/", target.name, target.recipe, maxRecipeLines)})
		}
		if target.help == "" {
			problems = append(problems, Problem{File: "Makefile", Line: target.line, Rule: "make targets", Text: target.name + " has no ## help"})
		}
	}
	return problems
}

var (
	inlineMake = regexp.MustCompile("`make ([a-z][a-z0-9-]*)")
	typedMake  = regexp.MustCompile(`(?m)^[^#\n]*?\bmake ([a-z][a-z0-9-]*)`)
)

// MakeMentions checks that every `make X` that a document or .ci/run tells people to type exists.
func MakeMentions(t *Tree) []Problem {
	var known []string
	for _, target := range makeTargets(t.files["Makefile"]) {
		known = append(known, target.name)
	}
	var problems []Problem
	check := func(name string, src []byte, mention *regexp.Regexp) {
		for _, at := range mention.FindAllSubmatchIndex(src, -1) {
			target := string(src[at[2]:at[3]])
			if !slices.Contains(known, target) {
				problems = append(problems, Problem{File: name, Line: lineAt(src, at[2]), Rule: "make mentions", Text: fmt.Sprintf("there is no target %q in the Makefile", target)})
			}
		}
	}
	for _, name := range t.sorted(".md") {
		check(name, t.files[name], inlineMake)
		check(name, onlyFences(t.files[name]), typedMake)
	}
	check(".ci/run", t.files[".ci/run"], typedMake)
	return problems
}

// onlyFences keeps the code blocks of a document and empties the rest, line by line.
func onlyFences(src []byte) []byte {
	out := make([]byte, 0, len(src))
	end := 0
	for _, at := range fence.FindAllIndex(src, -1) {
		out = append(out, strings.Repeat("\n", strings.Count(string(src[end:at[0]]), "\n"))...)
		out = append(out, src[at[0]:at[1]]...)
		end = at[1]
	}
	return out
}

func lineAt(src []byte, offset int) int {
	return 1 + strings.Count(string(src[:offset]), "\n")
}

var (
	link    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	scheme  = regexp.MustCompile(`^[a-z][a-z+.-]*:`)
)

// Links checks that every relative link of every document leads to a file of the tree, and to a heading there if it
// names one.
func Links(t *Tree) []Problem {
	var problems []Problem
	for _, name := range t.sorted(".md") {
		text := blankFences(t.files[name])
		for _, at := range link.FindAllSubmatchIndex(text, -1) {
			target := string(text[at[2]:at[3]])
			if scheme.MatchString(target) || t.leadsSomewhere(name, target) {
				continue
			}
			problems = append(problems, Problem{File: name, Line: lineAt(text, at[2]), Rule: "links", Text: fmt.Sprintf("%q leads nowhere", target)})
		}
	}
	return problems
}

// blankFences empties code blocks and keeps their lines, so that line numbers stay right.
func blankFences(src []byte) []byte {
	return fence.ReplaceAllFunc(src, func(block []byte) []byte {
		return []byte(strings.Repeat("\n", strings.Count(string(block), "\n")))
	})
}

func (t *Tree) leadsSomewhere(from, target string) bool {
	file, anchor, _ := strings.Cut(target, "#")
	if file == "" {
		file = from
	} else {
		file = path.Join(path.Dir(from), file)
	}
	if !t.has(file) {
		return anchor == "" && len(t.folders(file)) > 0 || anchor == "" && t.isFolder(file)
	}
	return anchor == "" || slices.Contains(anchors(t.files[file]), anchor)
}

func (t *Tree) isFolder(name string) bool {
	for file := range t.files {
		if path.Dir(file) == name {
			return true
		}
	}
	return false
}

// anchors lists the names GitHub gives to the headings of a document.
func anchors(src []byte) []string {
	var names []string
	for _, match := range heading.FindAllSubmatch(blankFences(src), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ', r == '-':
				return '-'
			case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r == '_', r > 127:
				return r
			}
			return -1
		}, strings.ToLower(string(match[1])))
		names = append(names, name)
	}
	return names
}

var (
	changeLine = regexp.MustCompile(`^- \[(ADD|CHANGE|FIX|REMOVE)\] [a-z/. -]+: \S`)
	adrName    = regexp.MustCompile(`^docs/adr/(\d{4})-[a-z0-9-]+\.md$`)
	adrParts   = []string{"Context", "Decision", "Consequences", "Rejected"}
)

// DocumentForm checks the documents that have a form: the architecture page is short, the changelog speaks in known
// words, each ADR has its number once and its four parts.
func DocumentForm(t *Tree) []Problem {
	var problems []Problem
	if lines := lineCount(t.files["docs/ARCHITECTURE.md"]); lines > maxArchitectureLines {
		problems = append(problems, Problem{File: "docs/ARCHITECTURE.md", Line: maxArchitectureLines + 1, Rule: "documents", Text: fmt.Sprintf("%d lines, at most %d", lines, maxArchitectureLines)})
	}
	for i, line := range strings.Split(string(t.files["CHANGELOG.md"]), "\n") {
		if strings.HasPrefix(line, "- ") && !changeLine.MatchString(line) {
			problems = append(problems, Problem{File: "CHANGELOG.md", Line: i + 1, Rule: "documents", Text: "write: - [ADD|CHANGE|FIX|REMOVE] area: sentence"})
		}
	}
	return append(problems, decisionForm(t)...)
}

func decisionForm(t *Tree) []Problem {
	var problems []Problem
	numbers := map[string]string{}
	for _, name := range t.sorted(".md") {
		if path.Dir(name) != "docs/adr" || path.Base(name) == "README.md" {
			continue
		}
		match := adrName.FindStringSubmatch(name)
		if match == nil {
			problems = append(problems, Problem{File: name, Line: 1, Rule: "documents", Text: "name it docs/adr/NNNN-title.md"})
			continue
		}
		if other := numbers[match[1]]; other != "" {
			problems = append(problems, Problem{File: name, Line: 1, Rule: "documents", Text: "its number is taken by " + other})
		}
		numbers[match[1]] = name
		for _, part := range adrParts {
			if !hasPart(t.files[name], part) {
				problems = append(problems, Problem{File: name, Line: 1, Rule: "documents", Text: "there is no part " + part})
			}
		}
	}
	return problems
}

// hasPart finds a part by its heading or, in a short ADR, by the bold word that begins its paragraph.
func hasPart(src []byte, part string) bool {
	return slices.Contains(anchors(src), strings.ToLower(part)) || strings.Contains(string(src), "\n**"+part+".** ")
}
