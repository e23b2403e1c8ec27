package retention_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/retention"
	"waymark/shared/domain/step"
)

// retail reads the invoices of a real shop as lives of its customers: orders of the lines that sell something, and cancellations.
func retail(t *testing.T) (lives [][]step.Row) {
	t.Helper()
	file, err := os.Open("../../../infra/demo/data/online_retail/online_retail_2010-12_2011-03.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	invoices := map[string]step.Row{}
	for _, f := range lines[1:] { // InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID, Country
		quantity, err1 := strconv.Atoi(f[2])
		price, err2 := strconv.ParseFloat(f[4], 64)
		at, err3 := time.ParseInLocation("2006-01-02T15:04:05", f[3], london)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(f)
		}
		name := event.OrderCompleted
		if strings.HasPrefix(f[0], "C") {
			name = event.OrderRefunded
		}
		if f[5] == "" || name == event.OrderCompleted && (quantity <= 0 || price <= 0) {
			continue
		}
		r := step.Row{Person: event.Identifier(f[5]), ID: event.ID(f[0]), At: event.At(at), Type: event.Track, Event: name, Session: 1}
		if name == event.OrderCompleted {
			r.Order = &step.Order{ID: f[0], Currency: "GBP", Amount: 1}
		}
		invoices[f[0]] = r
	}
	byPerson := map[event.Identifier][]step.Row{}
	for _, r := range invoices {
		byPerson[r.Person] = append(byPerson[r.Person], r)
	}
	for _, life := range byPerson {
		slices.SortFunc(life, func(a, b step.Row) int { return int(a.At - b.At) })
		orders := 0
		for i := range life {
			life[i].FirstEver = i == 0
			if life[i].Order != nil {
				orders++
				life[i].Order.Number = orders
			}
		}
		lives = append(lives, life)
	}
	return lives
}

// TestOnlineRetail equals the published cohorts in whole persons: of orders, and of orders and cancellations alike.
func TestOnlineRetail(t *testing.T) {
	t.Parallel()
	var published struct {
		Orders map[string][]int64 `json:"cohort_active_customers"`
		All    map[string][]int64 `json:"cohort_active_customers_incl_cancellations"`
	}
	file, err := os.ReadFile("../../../infra/demo/data/online_retail/expected_kpis.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &published); err != nil {
		t.Fatal(err)
	}
	lives := retail(t)
	for _, c := range []struct {
		said map[string][]string
		want map[string][]int64
	}{
		{map[string][]string{"cohort": {"first_order"}, "returning": {"order"}}, published.Orders},
		{map[string][]string{"cohort": {"first_event"}, "event": {"Order Completed|Order Refunded"}, "returning": {"Order Completed|Order Refunded"}}, published.All},
		{map[string][]string{"cohort": {"first_ever"}}, published.All},
	} {
		q := question(t, "Europe/London", "2010-12-01", "2011-04-01", "2011-04-01", c.said)
		got := map[string][]int64{}
		for _, row := range tableOf(t, answer(t, retention.Analysis(), lives, q, 3), "cohorts").Rows {
			n, _ := row[4].Counts()
			month := row[0].String()[:7]
			got[month] = append(got[month], n)
			if row[7].String() != "complete" {
				t.Errorf("the months are over, but a cell is %s", row[7])
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v: %v, want %v", c.said, got, c.want)
		}
	}
}

// TestOnlineRetailFunnel equals the published repeat rate, 887 of 2,134 customers, and the customers of each month.
func TestOnlineRetailFunnel(t *testing.T) {
	t.Parallel()
	var published struct {
		Clean struct {
			Customers int `json:"customers"`
			Repeat    int `json:"repeat_customers"`
		} `json:"clean"`
		Monthly map[string]struct {
			Customers int `json:"customers"`
		} `json:"monthly"`
	}
	file, err := os.ReadFile("../../../infra/demo/data/online_retail/expected_kpis.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &published); err != nil {
		t.Fatal(err)
	}
	lives := retail(t)
	q := question(t, "Europe/London", "2010-12-01", "2011-04-01", "2011-04-01", map[string][]string{"step": {"order", "order"}, "window": {"366d"}})
	row := tableOf(t, answer(t, funnel.Analysis(), lives, q, 2), "summary").Rows[0]
	if got, want := fmt.Sprint(row[0], row[1]), fmt.Sprint(published.Clean.Customers, published.Clean.Repeat); got != want {
		t.Errorf("a second order: %s, want %s", got, want)
	}
	q.Said = map[string][]string{"event": {"order"}}
	months := tableOf(t, answer(t, retention.Lifecycle(), lives, q, 2), "lifecycle").Rows
	for _, row := range months {
		if want := published.Monthly[row[0].String()[:7]].Customers; row[1].String() != fmt.Sprint(want) {
			t.Errorf("%s: %s customers, want %d", row[0], row[1], want)
		}
	}
	if len(months) != len(published.Monthly) {
		t.Errorf("%d months, want %d", len(months), len(published.Monthly))
	}
}
