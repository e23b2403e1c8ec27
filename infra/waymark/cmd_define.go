package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"os"
	"slices"

	"waymark/shared/analyse"
)

const defineUsage = `waymark define [KIND [FILE]] [--delete] [--check] [--json]

Shows what a workspace has settled as data, or settles it from a file of YAML or
JSON: funnels, costs, objectives, own metrics. What stood there before is
replaced. docs/definitions.md shows each kind.

  waymark define                        what is settled
  waymark define funnels funnels.yaml   settle it; - is standard input
  waymark define funnels f.yaml --check say what it counts, and settle nothing
  waymark define funnels --delete       take it away

exit code: 0 done · 1 it failed · 2 wrong usage
`

// definitionShown is what /v1/definitions answers of a kind.
type definitionShown struct {
	Kind     string          `json:"kind"`
	Sentence string          `json:"sentence"`
	Changed  string          `json:"changed,omitempty"`
	Counts   []string        `json:"counts"`
	Text     json.RawMessage `json:"definition,omitempty"`
}

// cmdDefine shows and settles definitions.
func cmdDefine(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark define", flag.ContinueOnError)
	withUsage(set, defineUsage)
	system := apiFlags(set)
	isDelete := set.Bool("delete", false, "take the definition away")
	isCheck := set.Bool("check", false, "read the file, say what it counts, and settle nothing")
	asJSON := set.Bool("json", false, "print JSON as the API answers it")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	if len(words) > 2 || *isDelete && len(words) != 1 || *isCheck && len(words) != 2 {
		set.Usage()
		return 2
	}
	if err := define(ctx, system, words, *isDelete, *isCheck, *asJSON, io); err != nil {
		fmt.Fprintf(io.Err, "waymark define: %v\n", err)
		return 1
	}
	return 0
}

func define(ctx context.Context, system *api, words []string, isDelete, isCheck, asJSON bool, io stdio) error {
	path, method := "/v1/definitions", http.MethodGet
	var body any
	if len(words) > 0 {
		path += "/" + words[0]
	}
	if isDelete {
		method = http.MethodDelete
	}
	if len(words) == 2 {
		text, err := readFile(words[1], io.In)
		if err == nil {
			text, err = jsonOf(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", words[1], err)
		}
		if isCheck {
			return checkDefinition(words[0], text, io.Out)
		}
		method, body = http.MethodPut, json.RawMessage(text)
	}
	var answer json.RawMessage
	if err := system.do(ctx, method, path, body, &answer); err != nil {
		return err
	}
	if asJSON {
		_, err := fmt.Fprintf(io.Out, "%s\n", answer)
		return err
	}
	var list struct {
		Definitions []definitionShown `json:"definitions"`
	}
	if len(words) > 0 {
		list.Definitions = make([]definitionShown, 1)
		if err := json.Unmarshal(answer, &list.Definitions[0]); err != nil {
			return err
		}
	} else if err := json.Unmarshal(answer, &list); err != nil {
		return err
	}
	for _, d := range list.Definitions {
		d.print(io.Out)
	}
	return nil
}

// checkDefinition reads a definition as the system would.
func checkDefinition(kind string, text []byte, out goio.Writer) error {
	at := slices.IndexFunc(analyse.Kinds(), func(k analyse.Kind) bool { return k.Name == kind })
	if at < 0 {
		return fmt.Errorf("there is no kind %.40q; `waymark define` lists them", kind)
	}
	of := analyse.Kinds()[at]
	counts, err := of.Read(text)
	if err == nil {
		definitionShown{Kind: of.Name, Sentence: of.Sentence, Counts: counts}.print(out)
	}
	return err
}

func readFile(name string, in goio.Reader) ([]byte, error) {
	if name == "-" {
		return goio.ReadAll(in)
	}
	return os.ReadFile(name)
}

func (d definitionShown) print(out goio.Writer) {
	fmt.Fprintf(out, "%s: %s\n", d.Kind, d.Sentence)
	if len(d.Counts) == 0 {
		fmt.Fprintln(out, "    nothing is settled")
	}
	for _, count := range d.Counts {
		fmt.Fprint(out, wrapped("· "+count, "    "))
	}
}
