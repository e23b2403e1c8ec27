package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	goio "io" // io is the command's stdio
	"slices"
	"strings"
)

// helpWords ask for help in the place of a word of a command.
var helpWords = []string{"help", "-h", "-help", "--help"}

// withUsage gives a flag set its help: the text, and then its flags in lines of at most 80 columns.
func withUsage(set *flag.FlagSet, text string) {
	set.Usage = func() {
		fmt.Fprint(set.Output(), text, "\nflags:\n")
		set.VisitAll(func(f *flag.Flag) { fmt.Fprint(set.Output(), flagText(f)) })
	}
}

func flagText(f *flag.Flag) string {
	kind, usage := flag.UnquoteUsage(f)
	if !slices.Contains([]string{"", "0", "0s", "false", "map[]", "[]"}, f.DefValue) {
		usage += fmt.Sprintf(" (default %s)", f.DefValue)
	}
	return strings.TrimRight(fmt.Sprintf("  --%s %s", f.Name, kind), " ") + "\n" + wrapped(usage, "        ")
}

// parseArgs reads the flags. Help is printed to standard output; then the error is flag.ErrHelp. Another one is not
// printed.
func parseArgs(set *flag.FlagSet, args []string, io stdio) error {
	var help bytes.Buffer
	set.SetOutput(&help)
	err := set.Parse(args)
	set.SetOutput(io.Err)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = goio.Copy(io.Out, &help) // who asks for help and does not read it gets none
	}
	return err
}

// parseFlags reads the flags; the code is that to exit with when they end the command.
func parseFlags(set *flag.FlagSet, args []string, io stdio) (code int, done bool) {
	switch err := parseArgs(set, args, io); {
	case errors.Is(err, flag.ErrHelp):
		return 0, true
	case err != nil:
		fmt.Fprintf(io.Err, "%s: %v; -h lists the flags\n", set.Name(), err)
		return 2, true
	}
	return 0, false
}

// parseWords reads words and flags that stand in any order.
func parseWords(set *flag.FlagSet, args []string, io stdio) (words []string, code int, done bool) {
	for {
		if code, done := parseFlags(set, args, io); done {
			return nil, code, true
		}
		if set.NArg() == 0 {
			return words, 0, false
		}
		words, args = append(words, set.Arg(0)), set.Args()[1:]
	}
}
