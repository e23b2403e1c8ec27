package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"waymark/infra/importer"
)

// origin says where an expected number comes from.
type origin string

const (
	published origin = "p" // stands in a paper or came with the data
	recounted origin = "r" // counted from the file by plain code in this package
)

// line is one number to compare: a KPI, a cell of an analysis' answer, or a fact of the import when it names neither.
type line struct {
	what   string
	want   string // decimal text, ours being rounded to as many decimals, or a word
	within string // how far ours may be from it; "" compares at the decimals of want
	origin origin

	fact     string // of the import
	from, to string
	part     string // value, or numerator, denominator, low or high of a rate or estimate

	metric    string
	grain     string
	by, value string // dimension and its value
	start     string // first local day of the row's window; "" for the only row

	analysis   string
	parameters string // beside from and to, as they stand in an address
	table      string
	row        string // what cells of the row hold, as an address says it: cohort=2010-12-01&age=1; "" for the only row
	column     string
}

// asks says whether the system is asked for the number.
func (l line) asks() bool { return l.metric != "" || l.analysis != "" }

// row is a KPI row as the API gives it.
type row struct {
	Metric      string            `json:"metric"`
	Start       string            `json:"start"`
	Dimensions  map[string]string `json:"dimensions"`
	Numerator   json.RawMessage   `json:"numerator"`
	Denominator json.RawMessage   `json:"denominator"`
	Value       json.RawMessage   `json:"value"`
	Low         json.RawMessage   `json:"low"`
	High        json.RawMessage   `json:"high"`
}

// grid is a table of an analysis as the API gives it.
type grid struct {
	Name string                       `json:"name"`
	Rows []map[string]json.RawMessage `json:"rows"`
}

// answer is what the API says to a query: KPI rows, or the tables of an analysis.
type answer struct {
	Rows   []row  `json:"rows"`
	Tables []grid `json:"tables"`
}

// query is what a line asks for.
type query struct{ metric, analysis, parameters, from, to, grain, by string }

// path is the address of the query.
func (q query) path() string {
	values := url.Values{"from": {q.from}, "to": {q.to}}
	if q.analysis != "" {
		return "/v1/analyses/" + q.analysis + "?" + values.Encode() + "&" + q.parameters
	}
	values.Set("metric", q.metric)
	values.Set("grain", q.grain)
	if q.by != "" {
		values.Set("by", q.by)
	}
	return "/v1/kpis?" + values.Encode()
}

// ask answers queries.
type ask func(context.Context, query) (answer, error)

// facts are numbers that are known when the import ends.
type facts map[string]int64

// observe counts the units of the products and orders that are sent.
func (f facts) observe(e importer.Event) {
	var sent struct {
		Event      string `json:"event"`
		Properties struct {
			Items    int64 `json:"items"`
			Products []struct {
				Quantity int64 `json:"quantity"`
			} `json:"products"`
		} `json:"properties"`
	}
	if json.Unmarshal(e.JSON, &sent) != nil || sent.Event != "Order Completed" {
		return
	}
	f["units"] += sent.Properties.Items
	for _, p := range sent.Properties.Products {
		f["units"] += p.Quantity
	}
}

func (f facts) summarize(s importer.Summary) {
	maps.Copy(f, facts{"read": s.Rows.Read, "used": s.Rows.Used, "skipped": s.Rows.Skipped, "rejected": s.Rows.Rejected})
	for name, output := range s.Outputs {
		f["rows of "+name], f["events of "+name] = output.Rows, output.Events
	}
}

// ours finds our number; "" when there is none.
func (l line) ours(f facts, a answer) (string, error) {
	found, err := "", error(nil)
	switch {
	case l.metric != "":
		found, err = l.ofRows(a.Rows)
	case l.analysis != "":
		found, err = l.ofTables(a.Tables)
	default:
		found = strconv.FormatInt(f[l.fact], 10)
	}
	if found == "" && l.want == "0" {
		found = "0" // a window or a value in which nothing happened may have no row
	}
	return found, err
}

func (l line) ofRows(rows []row) (found string, err error) {
	for _, r := range rows {
		if l.by != "" && r.Dimensions[l.by] != l.value || l.start != "" && !strings.HasPrefix(r.Start, l.start) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s: two rows answer for %s %s", l.metric, l.start, l.value)
		}
		found = plain(map[string]json.RawMessage{"numerator": r.Numerator, "denominator": r.Denominator, "value": r.Value, "low": r.Low, "high": r.High}[l.part])
	}
	return found, nil
}

func (l line) ofTables(tables []grid) (found string, err error) {
	at := slices.IndexFunc(tables, func(g grid) bool { return g.Name == l.table })
	if at < 0 {
		return "", fmt.Errorf("the answer of %s has no table %s", l.analysis, l.table)
	}
	wanted, err := url.ParseQuery(l.row)
	if err != nil {
		return "", fmt.Errorf("row of %s: %w", l.what, err)
	}
	for _, r := range tables[at].Rows {
		if !holds(r, wanted) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s: two rows of %s answer for %s", l.analysis, l.table, l.row)
		}
		cell, isThere := r[l.column]
		if !isThere {
			return "", fmt.Errorf("table %s of %s has no column %s", l.table, l.analysis, l.column)
		}
		found = partOf(cell, l.part)
	}
	return found, nil
}

// holds says whether the cells of a row hold what is wanted of them.
func holds(row map[string]json.RawMessage, wanted url.Values) bool {
	for column, values := range wanted {
		if partOf(row[column], "value") != values[0] {
			return false
		}
	}
	return true
}

// partOf is the text of a cell, or of a part of it where it is a rate or an estimate.
func partOf(cell json.RawMessage, part string) string {
	var parts map[string]json.RawMessage
	if json.Unmarshal(cell, &parts) == nil && parts != nil {
		return plain(parts[part])
	}
	return plain(cell)
}

// plain is the text of a JSON number, or of the string in which money comes.
func plain(raw json.RawMessage) string {
	text := string(raw)
	if strings.HasPrefix(text, `"`) && json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	if text == "null" {
		return ""
	}
	return text
}

// equal compares words as they are, and numbers with exact arithmetic: at the precision at which the expected number is printed, or within what it may
// be off.
func equal(ours, want, within string) bool {
	a, ok := new(big.Rat).SetString(ours)
	b, fine := new(big.Rat).SetString(want)
	if !ok || !fine {
		return ours == want
	}
	if most, isSaid := new(big.Rat).SetString(within); isSaid {
		return new(big.Rat).Abs(new(big.Rat).Sub(a, b)).Cmp(most) <= 0
	}
	_, decimals, _ := strings.Cut(want, ".")
	return a.FloatString(len(decimals)) == b.FloatString(len(decimals))
}

// query is the request that answers a line.
func (l line) query() query {
	return query{l.metric, l.analysis, l.parameters, l.from, l.to, l.grain, l.by}
}
