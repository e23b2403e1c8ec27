package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	stdlib "io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf16"

	"waymark/infra/local"
)

const invokeUsage = `waymark invoke FUNCTION [-e FILE] [--data FOLDER | --url URL]

Runs one function of the template once, with an event from a file, and prints
its answer. It talks to the table, the queues and the buckets of the system that
` + "`waymark dev`" + ` runs. Without one it runs as well, and every call to them fails.

  waymark invoke Collect -e events/collect/track.json

exit code: 0 it answered, also with an error of its own · 1 it could not be run
2 wrong usage
`

// cmdInvoke does what `sam local invoke NAME -e FILE --env-vars …` does, without a container: the answer goes to standard
// output as the SAM CLI writes it, logs to standard error, and the exit code is 0 for every answer, also for one that
// describes an error of the function, as the SAM CLI's is.
func cmdInvoke(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark invoke", flag.ContinueOnError)
	withUsage(set, invokeUsage)
	config := local.InvokeConfig{Parameters: parameters{}, Log: io.Err}
	var eventFile string
	var at place
	set.StringVar(&eventFile, "e", "", "`file` with the event, - for standard input; the empty event {} when left out")
	set.StringVar(&eventFile, "event", "", "the same as -e")
	at.tableFlags(set)
	set.StringVar(&config.Root, "root", "", "`folder` of the project; that of the running system when left out, else the nearest one upward with a template.yaml")
	set.StringVar(&config.Template, "template", "", "template `file`; that of the running system when left out, else template.yaml in the project")
	parameters(config.Parameters).flags(set)
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	if len(words) != 1 {
		fmt.Fprintf(io.Err, "waymark invoke: name one function, such as waymark invoke Collect -e FILE, and not %d\n", len(words))
		return 2
	}
	config.Function = words[0]
	event, err := readEvent(eventFile, io)
	if err == nil {
		err = at.invoked(ctx, &config)
	}
	if err != nil {
		fmt.Fprintf(io.Err, "Error: %v\n", err)
		return 1
	}
	return invoke(ctx, config, event, io)
}

// invoked completes what is to be invoked by the running system. There may be none: then the function runs without one, and
// says so.
func (p place) invoked(ctx context.Context, config *local.InvokeConfig) error {
	s, err := p.find(ctx)
	if err == nil && s.Data == "" {
		err = s.ask(ctx)
	}
	if err != nil {
		if config.Root, err = projectRoot(config.Root); err != nil {
			return fmt.Errorf("%w, or name a running system with --data FOLDER or --url URL", err)
		}
		config.Data = cmp.Or(p.data, filepath.Join(config.Root, ".waymark"))
		return nil
	}
	config.Data = s.Data
	if config.Root == "" {
		config.Root, config.Template = s.Root, cmp.Or(config.Template, s.Template)
	}
	return nil
}

func invoke(ctx context.Context, config local.InvokeConfig, event []byte, io stdio) int {
	name := config.Function
	answer, err := local.InvokeOnce(ctx, config, event)
	if unknown, is := errors.AsType[*local.UnknownFunctionError](err); is {
		fmt.Fprintf(io.Err, "Error: Function %s not found in template, which has %s\n", name, strings.Join(unknown.There, ", "))
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

// readEvent reads an event, in UTF-8 or UTF-16: shells and editors of Windows begin files with a byte order mark, and write
// either.
func readEvent(file string, io stdio) (event []byte, err error) {
	switch file {
	case "":
		return []byte("{}"), nil
	case "-":
		event, err = stdlib.ReadAll(io.In)
	default:
		event, err = os.ReadFile(file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no event file %s; the samples are in events/", file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	event = plainText(event)
	if !json.Valid(event) {
		return nil, fmt.Errorf("the event in %s is not JSON; the samples are in events/", file)
	}
	return event, nil
}

// plainText takes a byte order mark away, and gives UTF-16 as UTF-8.
func plainText(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, len(text)/2-1)
	for i := range units {
		units[i] = order.Uint16(text[2*i+2:])
	}
	return []byte(string(utf16.Decode(units)))
}
