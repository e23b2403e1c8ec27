package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHelp: every command explains itself, in each of the ways in which people ask for it, on standard output, within 80 columns, and well.
func TestHelp(t *testing.T) {
	t.Parallel()
	words := map[string][]string{
		"workspace": {"create", "set", "list"}, "keys": {"list", "add", "set", "rotate", "identity"}, "profile": {"show", "why", "unlink"},
		"rollup": {"run"}, "export": {"make", "list", "get"}, "failed": {"list", "show", "edit", "replay", "discard", "dead", "redrive"},
		"invoke": {"Collect"},
	}
	var asked []string
	for _, c := range commands() {
		asked = append(asked, c.name+" -h", c.name+" --help", c.name+" -help", c.name+" help", "help "+c.name)
		for _, word := range words[c.name] {
			asked = append(asked, c.name+" "+word+" -h", c.name+" "+word+" --help")
		}
		delete(words, c.name)
	}
	if len(words) > 0 {
		t.Errorf("there are no commands %v", words)
	}
	for _, args := range append(asked, "-h", "--help", "help") {
		var out, said bytes.Buffer
		code := run(t.Context(), strings.Fields(args), stdio{In: strings.NewReader(""), Out: &out, Err: &said})
		name, _, _ := strings.Cut(strings.TrimPrefix(args, "help "), " ")
		if code != 0 || said.Len() > 0 || !strings.Contains(out.String(), "waymark "+strings.Trim(name, "-")) && !strings.HasPrefix(out.String(), "waymark COMMAND") {
			t.Errorf("waymark %s ends with %d and prints\n%s%s\nwant its usage on standard output", args, code, &out, &said)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("waymark %s prints a line of %d characters: %s", args, n, line)
			}
		}
	}
}

// TestWrongFlag: what is wrong is said, with the way to help, on standard error alone.
func TestWrongFlag(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		var out, said bytes.Buffer
		args := []string{c.name, "--nonsense"}
		if c.name == "workspace" {
			args = []string{c.name, "list", "--nonsense"}
		}
		code := run(t.Context(), args, stdio{In: strings.NewReader(""), Out: &out, Err: &said})
		if code != 2 || out.Len() > 0 || !strings.Contains(said.String(), "-nonsense") || strings.Count(said.String(), "\n") > 1 {
			t.Errorf("waymark %v ends with %d and prints\n%s%s", args, code, &out, &said)
		}
	}
}
