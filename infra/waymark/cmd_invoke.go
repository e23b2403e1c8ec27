package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	stdlib "io"
	"os"
	"path/filepath"
	"time"

	"waymark/infra/local"
)

// cmdInvoke does what `sam local invoke NAME -e FILE --env-vars …` does, without a container: the answer goes to standard
// output as the SAM CLI writes it, logs to standard error, and the exit code is 0 for every answer, also for one that
// describes an error of the function, as the SAM CLI's is.
func cmdInvoke(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark invoke NAME", flag.ContinueOnError)
	params := parameters{}
	var eventFile, data, root, templateFile string
	set.StringVar(&eventFile, "e", "", "file with the event, - for standard input (default: the empty event {})")
	set.StringVar(&eventFile, "event", "", "the same as -e")
	set.StringVar(&data, "data", "", "data directory of the running `waymark dev` (default .waymark in the project)")
	set.StringVar(&root, "root", "", "directory of the project (default: the nearest one upward with a template.yaml)")
	set.StringVar(&templateFile, "template", "", "template file (default template.yaml in the project)")
	params.flags(set)
	name, code, done := parseNameAndFlags(set, args, io)
	if done {
		return code
	}
	event, err := readEvent(eventFile, io)
	if err != nil {
		fmt.Fprintf(io.Err, "Error: %v\n", err)
		return 1
	}
	if root, err = projectRoot(root); err != nil {
		fmt.Fprintf(io.Err, "Error: %v\n", err)
		return 1
	}
	if data == "" {
		data = filepath.Join(root, ".waymark")
	}
	answer, err := local.InvokeOnce(ctx, local.InvokeConfig{
		Root: root, Template: templateFile, Parameters: params, Data: data, Function: name, Log: io.Err,
	}, event)
	if errors.Is(err, local.ErrUnknownFunction) {
		fmt.Fprintf(io.Err, "Error: Function %s not found in template\n", name)
		return 1
	}
	if err != nil {
		fmt.Fprintf(io.Err, "Error: %v\n", err)
		return 1
	}
	if answer.TimedOut { // the SAM CLI prints nothing then, and ends well all the same
		fmt.Fprintf(io.Err, "Function '%s' timed out\nNo response from %s\n", name, name)
		return 0
	}
	io.Out.Write(pythonJSON(answer.Payload))
	fmt.Fprintf(io.Err, "\nREPORT RequestId: %s\tDuration: %.2f ms\n", answer.RequestID, float64(answer.Duration)/float64(time.Millisecond))
	return 0
}

// parseNameAndFlags takes the name before, between or after the flags, as the SAM CLI does.
func parseNameAndFlags(set *flag.FlagSet, args []string, io stdio) (name string, code int, done bool) {
	for {
		if code, done := parseFlags(set, args, io); done {
			return "", code, true
		}
		if set.NArg() == 0 {
			break
		}
		if name != "" {
			fmt.Fprintf(io.Err, "waymark invoke: one function at a time, not %s and %s\n", name, set.Arg(0))
			return "", 2, true
		}
		name, args = set.Arg(0), set.Args()[1:]
	}
	if name == "" {
		fmt.Fprintln(io.Err, "waymark invoke: which function? waymark invoke NAME -e FILE")
		return "", 2, true
	}
	return name, 0, false
}

func readEvent(file string, io stdio) ([]byte, error) {
	switch file {
	case "":
		return []byte("{}"), nil
	case "-":
		return stdlib.ReadAll(io.In)
	}
	return os.ReadFile(file)
}
