package rfm_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/rfm"
	"waymark/shared/domain/step"
)

func calendar(t testing.TB, zone string) period.Calendar {
	t.Helper()
	c, err := period.New(zone, time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const retailFolder = "../../../infra/demo/data/online_retail/"

// retail are the lives of the whole file as the demo imports it: an order is the lines of an invoice with a customer, a quantity and a price, a
// cancellation a refund that names no order.
func retail(t testing.TB, zone period.Calendar) [][]step.Row {
	t.Helper()
	packed, err := os.ReadFile(retailFolder + "online_retail_2010-12_2011-03.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	lives, orders := map[string][]step.Row{}, map[string]*step.Order{}
	for _, line := range lines[1:] {
		of := func(name string) string { return line[column[name]] }
		customer, invoice, quantity := of("CustomerID"), of("InvoiceNo"), of("Quantity")
		price, err := money.Parse(of("UnitPrice"))
		if err != nil {
			t.Fatal(err)
		}
		isCancellation := strings.HasPrefix(invoice, "C")
		if customer == "" || !isCancellation && (strings.HasPrefix(quantity, "-") || quantity == "0" || price <= 0) {
			continue
		}
		amount, err := money.MulQuantity(price, strings.TrimPrefix(quantity, "-"))
		if err != nil {
			t.Fatal(err)
		}
		if o := orders[invoice]; o != nil {
			o.Amount += amount
			continue
		}
		at, err := time.ParseInLocation("2006-01-02T15:04:05", of("InvoiceDate"), zone.Local(time.Time{}).Location())
		if err != nil {
			t.Fatal(err)
		}
		o := &step.Order{ID: invoice, Amount: amount, Currency: "GBP"}
		if isCancellation {
			o.Kind = event.Refunded
		}
		orders[invoice] = o
		lives[customer] = append(lives[customer], step.Row{Person: event.Identifier(customer), At: event.At(at), Type: event.Track, Order: o})
	}
	var out [][]step.Row
	for _, life := range lives {
		slices.SortStableFunc(life, func(a, b step.Row) int { return int(a.At - b.At) })
		out = append(out, life)
	}
	slices.SortFunc(out, func(a, b []step.Row) int { return strings.Compare(string(a[0].Person), string(b[0].Person)) })
	return out
}

// ask asks about lives in 1 and in 3 parts, which must be answered alike.
func ask(t testing.TB, q analysis.Question, lives [][]step.Row) analysis.Answer {
	t.Helper()
	plan, err := rfm.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	var answer analysis.Answer
	for _, parts := range []int{1, 3} {
		if answer, err = plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Fatal("the answer depends on who is in which part")
	}
	return answer
}

// table gives the rows of a table by the names of columns.
func table(t testing.TB, a analysis.Answer, name string) []map[string]analysis.Value {
	t.Helper()
	at := slices.IndexFunc(a.Tables, func(table analysis.Table) bool { return table.Name == name })
	if at < 0 {
		t.Fatalf("there is no table %s", name)
	}
	var out []map[string]analysis.Value
	for _, row := range a.Tables[at].Rows {
		named := map[string]analysis.Value{}
		for i, v := range row {
			named[a.Tables[at].Columns[i].Name] = v
		}
		out = append(out, named)
	}
	return out
}

type expected struct {
	Clean struct {
		Orders, Customers int64
		Revenue           float64
		Inactive          int64 `json:"inactive_over_90d_at_snapshot"`
	}
	Percentiles map[string]map[string]float64 `json:"rfm_percentiles"`
	Top         []struct {
		Customer string `json:"customer_id"`
		Recency  int64  `json:"recency_days"`
		Orders   int64
		Monetary float64
	} `json:"top_customers"`
}

// The expected file was made with pandas, at the snapshot 2011-04-01, without cancellations: money agrees to the penny, percentiles to 1e-9.
func TestOnlineRetail(t *testing.T) {
	t.Parallel()
	var want expected
	text, err := os.ReadFile(retailFolder + "expected_kpis.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	zone := calendar(t, "Europe/London")
	at := time.Date(2011, 4, 1, 0, 0, 0, 0, zone.Local(time.Time{}).Location())
	q := analysis.Question{
		Calendar: zone, From: at.AddDate(0, -1, 0), To: at, Now: event.At(at), Currency: "GBP",
		Said: map[string][]string{"value": {"gross"}, "limit": {"10"}},
	}
	answer := ask(t, q, retail(t, zone))
	rows := table(t, answer, "segments")
	all := rows[len(rows)-1]
	if n, _ := all["persons"].Counts(); n != want.Clean.Customers {
		t.Errorf("%d buyers, want %d", n, want.Clean.Customers)
	}
	if n, _ := all["orders"].Counts(); n != want.Clean.Orders {
		t.Errorf("%d orders, want %d", n, want.Clean.Orders)
	}
	if n, _ := all["churned"].Counts(); n != want.Clean.Inactive {
		t.Errorf("%d churned, want %d", n, want.Clean.Inactive)
	}
	if f, _ := all["revenue"].Float(); math.Abs(f-want.Clean.Revenue) > 0.005 {
		t.Errorf("revenue is %v, want %v", f, want.Clean.Revenue)
	}
	for _, row := range table(t, answer, "percentiles") {
		for measure, of := range want.Percentiles {
			name := strings.TrimRight(row["percentile"].String(), "0")
			if f, ok := row[measure].Float(); !ok || math.Abs(f-of[name]) > 1e-9 {
				t.Errorf("percentile %s of %s is %v, want %v", name, measure, f, of[name])
			}
		}
	}
	for i, row := range table(t, answer, "persons") {
		top := want.Top[i]
		f, _ := row["revenue"].Float()
		got := []string{row["person"].String(), row["recency_days"].String(), row["orders"].String()}
		if !slices.Equal(got, []string{top.Customer, strconv.FormatInt(top.Recency, 10), strconv.FormatInt(top.Orders, 10)}) || math.Abs(f-top.Monetary) > 0.005 {
			t.Errorf("best buyer %d is %v with %v, want %+v", i+1, got, f, top)
		}
	}
}

// The grid, as tables of RFM scores print it: R and F as two digits, the first that fits counts.
func TestGrid(t *testing.T) {
	t.Parallel()
	rules := []struct {
		scores  string
		segment rfm.Segment
	}{
		{"[12][12]", rfm.Hibernating},
		{"[12][34]", rfm.AtRisk},
		{"[12]5", rfm.CannotLose},
		{"3[12]", rfm.AboutToSleep},
		{"33", rfm.NeedAttention},
		{"[34][45]", rfm.LoyalCustomers},
		{"41", rfm.Promising},
		{"51", rfm.NewCustomers},
		{"[45][23]", rfm.PotentialLoyalists},
		{"5[45]", rfm.Champions},
	}
	for r := 1; r <= 5; r++ {
		for f := 1; f <= 5; f++ {
			scores := strconv.Itoa(r) + strconv.Itoa(f)
			for _, rule := range rules {
				if regexp.MustCompile("^" + rule.scores + "$").MatchString(scores) {
					if got := rfm.SegmentOf(r, f); got != rule.segment {
						t.Errorf("SegmentOf(%d, %d) = %s, want %s", r, f, got, rule.segment)
					}
					break
				}
			}
		}
	}
}
