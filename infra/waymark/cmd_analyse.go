package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waymark/shared/analyse"
	"waymark/shared/domain/analysis"
)

const analyseUsage = `waymark analyse [NAME] [--PARAMETER VALUE]... [--table NAME] [--json | --csv]

Asks a question about the lives of persons, and prints the tables that answer
it. Without a name it lists the questions; ` + "`waymark analyse NAME --help`" + ` says
what one takes. docs/analyses explains each.

  waymark analyse funnel --step page:/cart --step order --by channel

exit code: 0 printed · 1 it failed · 2 wrong usage
`

// cmdAnalyse asks an analysis.
func cmdAnalyse(ctx context.Context, args []string, io stdio) int {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		at := slices.IndexFunc(analyse.Analyses(), func(a analysis.Analysis) bool { return a.Name == args[0] })
		if at < 0 {
			fmt.Fprintf(io.Err, "waymark analyse: there is no analysis %.40q; `waymark analyse` lists them\n", args[0])
			return 2
		}
		return askAnalysis(ctx, analyse.Analyses()[at], args[1:], io)
	}
	set := flag.NewFlagSet("waymark analyse", flag.ContinueOnError)
	withUsage(set, analyseUsage)
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	for _, a := range analyse.Analyses() {
		fmt.Fprintf(io.Out, "%s\n%s\n", a.Name, strings.TrimRight(wrapped(a.Sentence, "    "), "\n"))
	}
	return 0
}

func askAnalysis(ctx context.Context, of analysis.Analysis, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark analyse "+of.Name, flag.ContinueOnError)
	withUsage(set, fmt.Sprintf("waymark analyse %s [--PARAMETER VALUE]...\n\n%s", of.Name, wrapped(of.Sentence, "")))
	system, query := apiFlags(set), url.Values{}
	for _, p := range slices.Concat(analyse.Common(), of.Parameters) {
		set.Func(p.Name, aboutParameter(p), func(text string) error { query.Add(p.Name, text); return nil })
	}
	only := set.String("table", "", "print this `table` alone")
	asJSON := set.Bool("json", false, "print JSON as the API answers it")
	asCSV := set.Bool("csv", false, "print one table as CSV for a spreadsheet: --table, or the first")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 || *asJSON && *asCSV {
		set.Usage()
		return 2
	}
	var text json.RawMessage
	err := system.do(ctx, http.MethodGet, "/v1/analyses/"+of.Name+"?"+query.Encode(), nil, &text)
	if err == nil && *asJSON {
		_, err = fmt.Fprintf(io.Out, "%s\n", text)
		return failedWith(err, io)
	}
	var answer analysisAnswer
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil {
		err = answer.choose(*only)
	}
	switch {
	case err != nil:
	case *asCSV:
		err = answer.writeCSV(io.Out, io.Err)
	default:
		answer.print(io.Out)
	}
	return failedWith(err, io)
}

func failedWith(err error, io stdio) int {
	if err != nil {
		fmt.Fprintf(io.Err, "waymark analyse: %v\n", err)
		return 1
	}
	return 0
}

// aboutParameter is the help of a parameter.
func aboutParameter(p analysis.Parameter) string {
	text := p.Sentence
	if len(p.Values) > 0 {
		text += ": " + strings.Join(p.Values, ", ")
	}
	if p.Default != "" {
		text += "; " + strings.ReplaceAll(p.Default, ",", ", ") + " when left out"
	}
	if p.IsList {
		text += "; may be given several times"
	}
	return text
}

// analysisAnswer is what GET /v1/analyses/{name} answers, as far as it is printed.
type analysisAnswer struct {
	Analysis   string          `json:"analysis"`
	Version    int             `json:"version"`
	TimeZone   string          `json:"time_zone"`
	From       string          `json:"from"`
	To         string          `json:"to"`
	Model      string          `json:"model"`
	Persons    int             `json:"persons"`
	Steps      int             `json:"steps"`
	Recounting bool            `json:"recounting"`
	Notes      []string        `json:"notes"`
	Tables     []analysisTable `json:"tables"`
}

type analysisTable struct {
	Name     string                     `json:"name"`
	Sentence string                     `json:"sentence"`
	Columns  []analysis.Column          `json:"columns"`
	Rows     []map[string]analysisValue `json:"rows"`
}

// analysisValue is a value of a table: a text with the digits of a number, or an estimate.
type analysisValue struct {
	text                   string
	numerator, denominator string
	low, high, n           string
	isEstimate             bool
}

// UnmarshalJSON keeps the digits.
func (v *analysisValue) UnmarshalJSON(text []byte) error {
	*v = analysisValue{}
	switch {
	case string(text) == "null":
		return nil
	case text[0] == '"':
		return json.Unmarshal(text, &v.text)
	case text[0] != '{':
		v.text = string(text)
		return nil
	}
	var of struct {
		Value       kpiNumber `json:"value"`
		Numerator   kpiNumber `json:"numerator"`
		Denominator kpiNumber `json:"denominator"`
		Low         kpiNumber `json:"low"`
		High        kpiNumber `json:"high"`
		N           kpiNumber `json:"n"`
	}
	err := json.Unmarshal(text, &of)
	*v = analysisValue{
		text: string(of.Value), numerator: string(of.Numerator), denominator: string(of.Denominator),
		low: string(of.Low), high: string(of.High), n: string(of.N), isEstimate: true,
	}
	return err
}

// choose leaves one table.
func (a *analysisAnswer) choose(name string) error {
	if name == "" {
		return nil
	}
	var names []string
	for _, t := range a.Tables {
		if t.Name == name {
			a.Tables = []analysisTable{t}
			return nil
		}
		names = append(names, t.Name)
	}
	return fmt.Errorf("the answer has no table %.40q; it has %s", name, strings.Join(names, ", "))
}

var errNoTables = errors.New("the answer has no tables")

// tell writes what is to be read with the numbers.
func (a *analysisAnswer) tell(out goio.Writer) {
	if a.Recounting {
		fmt.Fprint(out, wrapped("Everybody is being counted anew under changed rules: until that is done, these numbers are of both.", ""))
	}
	for _, note := range a.Notes {
		fmt.Fprint(out, wrapped("· "+note, ""))
	}
}
