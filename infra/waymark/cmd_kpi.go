package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const kpiUsage = `waymark kpi [--metric NAME]... [--by DIMENSION | --only DIMENSION=VALUE]
            [--grain GRAIN] [--from DATE] [--to DATE] [--json | --csv]

Prints the KPIs that were counted: a line for each window, and for each value of
a dimension. A number of a window in which nothing happened is left out; "-" is
a ratio without a denominator. docs/kpi.md explains each metric. --only shows
one value, such as grade=server, also when it has no line among all.

  waymark kpi --grain month --from 2026-01-01 --metric orders --by channel

exit code: 0 printed · 1 it failed · 2 wrong usage
`

// kpiAnswer is what GET /v1/kpis answers.
type kpiAnswer struct {
	TimeZone   string   `json:"time_zone"`
	Model      string   `json:"model"`
	Missing    []string `json:"missing"`
	Recounting bool     `json:"recounting"`
	Folded     []struct {
		Dimension string `json:"dimension"`
		Members   int    `json:"members"`
	} `json:"folded"`
	Rows []kpiRow `json:"rows"`
}

type kpiRow struct {
	Metric      string            `json:"metric"`
	Start       string            `json:"start"`
	End         string            `json:"end"`
	Dimensions  map[string]string `json:"dimensions"`
	Numerator   kpiNumber         `json:"numerator"`
	Denominator kpiNumber         `json:"denominator"`
	N           kpiNumber         `json:"n"`
	Value       kpiNumber         `json:"value"`
	Unit        string            `json:"unit"`
	Revision    kpiNumber         `json:"revision"`
	Low         kpiNumber         `json:"low"`
	High        kpiNumber         `json:"high"`
	Interval    string            `json:"interval"`
}

// kpiNumber is a number of the API to its last digit, "" for null. Amounts come as text.
type kpiNumber string

// UnmarshalJSON keeps the digits.
func (n *kpiNumber) UnmarshalJSON(text []byte) error {
	*n = kpiNumber(strings.Trim(string(text), `"`))
	if *n == "null" {
		*n = ""
	}
	return nil
}

// cmdKPI prints KPIs.
func cmdKPI(ctx context.Context, args []string, io stdio) int {
	query := url.Values{}
	set := flag.NewFlagSet("waymark kpi", flag.ContinueOnError)
	withUsage(set, kpiUsage)
	system := apiFlags(set)
	for name, help := range map[string]string{
		"metric": "`metrics`, with commas between them or the flag several times; all when left out",
		"by":     "`dimension` such as channel, source, stage, country or campaign; the whole when left out. docs/kpi.md lists them",
		"grain":  "`length` of a window: hour, day, week, month, quarter, year, or period for one from --from to --to; day when left out",
		"from":   "first `day`, such as 2026-10-25, or instant; 30 days before --to when left out",
		"to":     "the `day` after the last, or instant; tomorrow when left out",
	} {
		set.Func(name, help, func(text string) error { query.Add(name, text); return nil })
	}
	set.Func("only", "`dimension=value`, such as country=GB: that value alone", func(text string) error {
		dimension, value, isPair := strings.Cut(text, "=")
		if !isPair || dimension == "" || value == "" {
			return errors.New("write DIMENSION=VALUE, such as grade=server")
		}
		query.Set("by", dimension) // what it is broken down by, if it is a dimension
		query.Add(dimension, value)
		return nil
	})
	asJSON := set.Bool("json", false, "print JSON as the API answers it")
	asCSV := set.Bool("csv", false, "print CSV for a spreadsheet, a line for each number")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 || *asJSON && *asCSV {
		set.Usage()
		return 2
	}
	if err := printKPIs(ctx, system, query, *asJSON, *asCSV, io); err != nil {
		fmt.Fprintf(io.Err, "waymark kpi: %v\n", err)
		return 1
	}
	return 0
}

func printKPIs(ctx context.Context, system *api, query url.Values, asJSON, asCSV bool, io stdio) error {
	var text json.RawMessage
	if err := system.do(ctx, http.MethodGet, "/v1/kpis?"+query.Encode(), nil, &text); err != nil {
		return err
	}
	if asJSON {
		_, err := fmt.Fprintf(io.Out, "%s\n", text)
		return err
	}
	var answer kpiAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if asCSV {
		answer.printMissing(io.Err)
		answer.printFolded(io.Err)
		return answer.writeCSV(io.Out, query.Get("by"))
	}
	answer.print(io.Out, query.Get("grain"), query.Get("by"))
	return nil
}
