package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
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

// line is one number to compare: a KPI, or a fact of the import when metric is empty.
type line struct {
	what   string
	want   string // decimal text; ours is rounded to as many decimals
	origin origin

	fact      string // of the import
	metric    string
	from, to  string
	grain     string
	by, value string // dimension and its value
	start     string // first local day of the row's window; "" for the only row
	part      string // numerator, denominator or value
}

// row is a KPI row as the API gives it.
type row struct {
	Metric      string            `json:"metric"`
	Start       string            `json:"start"`
	Dimensions  map[string]string `json:"dimensions"`
	Numerator   json.RawMessage   `json:"numerator"`
	Denominator json.RawMessage   `json:"denominator"`
	Value       json.RawMessage   `json:"value"`
}

// query is what a KPI request asks for.
type query struct{ metric, from, to, grain, by string }

// ask reads KPI rows, from the API or, in tests, from a recount.
type ask func(context.Context, query) ([]row, error)

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
func (l line) ours(f facts, rows []row) (string, error) {
	if l.metric == "" {
		return strconv.FormatInt(f[l.fact], 10), nil
	}
	found := ""
	for _, r := range rows {
		if l.by != "" && r.Dimensions[l.by] != l.value || l.start != "" && !strings.HasPrefix(r.Start, l.start) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s: two rows answer for %s %s", l.metric, l.start, l.value)
		}
		found = plain(map[string]json.RawMessage{"numerator": r.Numerator, "denominator": r.Denominator, "value": r.Value}[l.part])
	}
	if found == "" && l.want == "0" {
		return "0", nil // a window in which nothing happened may have no row
	}
	return found, nil
}

// plain is the text of a JSON number, or of the string in which money comes.
func plain(raw json.RawMessage) string {
	text := string(raw)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	if text == "null" {
		return ""
	}
	return text
}

// equal compares at the precision at which the expected number is printed, with exact arithmetic.
func equal(ours, want string) bool {
	a, ok := new(big.Rat).SetString(ours)
	b, fine := new(big.Rat).SetString(want)
	if !ok || !fine {
		return false
	}
	_, decimals, _ := strings.Cut(want, ".")
	return a.FloatString(len(decimals)) == b.FloatString(len(decimals))
}

// queryOf is the request that answers a line.
func (l line) query() query { return query{l.metric, l.from, l.to, l.grain, l.by} }
