package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"waymark/shared/domain/custom"
	"waymark/shared/model"
)

const metricsUsage = `waymark metrics list | add FILE | check FILE | remove NAME...

Lists the metrics that may be asked for, those of docs/kpi.md and a workspace's
own, or declares own ones from a file of YAML or JSON; - is standard input.
Metrics that are declared already and not named in the file stay.
docs/analyses/metrics.md says how they are written.

  waymark metrics list
  waymark metrics check metrics.yaml    say what they count, and declare nothing
  waymark metrics add metrics.yaml
  waymark metrics remove detractors
  waymark analyse metrics --metric detractors --by channel

exit code: 0 done · 1 it failed · 2 wrong usage
`

const metricsPath = "/v1/definitions/metrics"

// cmdMetrics lists, checks and declares metrics.
func cmdMetrics(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark metrics", flag.ContinueOnError)
	withUsage(set, metricsUsage)
	system := apiFlags(set)
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	var err error
	switch action := append(words, "")[0]; {
	case action == "list" && len(words) == 1:
		err = listMetrics(ctx, system, io)
	case action == "check" && len(words) == 2:
		var text []byte
		if text, err = metricsIn(words[1], io); err == nil {
			err = checkDefinition("metrics", text, io.Out)
		}
	case action == "add" && len(words) == 2:
		err = addMetrics(ctx, system, words[1], io)
	case action == "remove" && len(words) > 1:
		err = removeMetrics(ctx, system, words[1:], io)
	default:
		set.Usage()
		return 2
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark metrics: %v\n", err)
		return 1
	}
	return 0
}

// metricsIn reads a file of YAML or JSON as JSON.
func metricsIn(name string, io stdio) ([]byte, error) {
	text, err := readFile(name, io.In)
	if err == nil {
		text, err = jsonOf(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// metricsDocument is a document of kind metrics, each metric as it was written.
type metricsDocument struct {
	Metrics []json.RawMessage `json:"metrics"`
}

func nameOf(metric json.RawMessage) string {
	var m struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(metric, &m) // one without a name is refused where it is read
	return m.Name
}

// without takes metrics of some names out.
func (d *metricsDocument) without(names ...string) (removed int) {
	before := len(d.Metrics)
	d.Metrics = slices.DeleteFunc(d.Metrics, func(m json.RawMessage) bool { return slices.Contains(names, nameOf(m)) })
	return before - len(d.Metrics)
}

// settledMetrics are those that the workspace has declared.
func settledMetrics(ctx context.Context, system *api) (d metricsDocument, err error) {
	var shown definitionShown
	if err := system.do(ctx, http.MethodGet, metricsPath, nil, &shown); err != nil {
		return d, err
	}
	if len(shown.Text) > 0 {
		err = json.Unmarshal(shown.Text, &d)
	}
	return d, err
}

func listMetrics(ctx context.Context, system *api, io stdio) error {
	var shown definitionShown
	if err := system.do(ctx, http.MethodGet, metricsPath, nil, &shown); err != nil {
		return err
	}
	definitions, err := model.Metrics()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "metrics of docs/kpi.md, version %d\n", definitions.Version)
	for _, m := range definitions.Metrics {
		fmt.Fprint(io.Out, wrapped(fmt.Sprintf("· %s (%s): %s", m.Name, m.Unit, m.Sentence), "    "))
	}
	fmt.Fprintln(io.Out, "metrics of the workspace's own")
	if len(shown.Counts) == 0 {
		fmt.Fprintln(io.Out, "    none; `waymark metrics add FILE` declares some")
	}
	for _, count := range shown.Counts {
		fmt.Fprint(io.Out, wrapped("· "+count, "    "))
	}
	return nil
}

// addMetrics puts the metrics of a file to those that are declared; of one name the new one stays.
func addMetrics(ctx context.Context, system *api, file string, io stdio) error {
	text, err := metricsIn(file, io)
	if err != nil {
		return err
	}
	if _, err := custom.Parse(text); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var more metricsDocument
	if err := json.Unmarshal(text, &more); err != nil {
		return err
	}
	all, err := settledMetrics(ctx, system)
	if err != nil {
		return err
	}
	for _, m := range more.Metrics {
		all.without(nameOf(m))
	}
	all.Metrics = append(all.Metrics, more.Metrics...)
	return putMetrics(ctx, system, all, io)
}

func removeMetrics(ctx context.Context, system *api, names []string, io stdio) error {
	all, err := settledMetrics(ctx, system)
	if err != nil {
		return err
	}
	for _, name := range names {
		if all.without(name) == 0 {
			return fmt.Errorf("there is no own metric %.40q; there are: %s", name, strings.Join(all.names(), ", "))
		}
	}
	return putMetrics(ctx, system, all, io)
}

func (d *metricsDocument) names() []string {
	out := make([]string, len(d.Metrics))
	for i, m := range d.Metrics {
		out[i] = nameOf(m)
	}
	return out
}

func putMetrics(ctx context.Context, system *api, all metricsDocument, io stdio) error {
	var shown definitionShown
	if err := system.do(ctx, http.MethodPut, metricsPath, all, &shown); err != nil {
		return err
	}
	shown.print(io.Out)
	return nil
}
