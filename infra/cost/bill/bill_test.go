package bill_test

import (
	"math/big"
	"reflect"
	"strings"
	"testing"

	"waymark/infra/cost/bill"
)

func line(function string, kind bill.Kind) bill.Line {
	return bill.Line{Function: function, Kind: kind}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	var l bill.Ledger
	l.Add("Collect", bill.HTTPRequest, 3)
	l.Add("Collect", bill.HTTPRequest, 4)
	l.Add("Process", bill.DynamoRead, 5)
	l.Add("Process", bill.LambdaTime, 1024*1000)
	l.Add("Process", bill.S3Get, 0)
	used := l.Usage()
	want := bill.Usage{
		line("Collect", bill.HTTPRequest): big.NewRat(7, 1),
		line("Process", bill.DynamoRead):  big.NewRat(5, 1), line("Process", bill.LambdaTime): big.NewRat(1024*1000, 1),
	}
	if !reflect.DeepEqual(used, want) {
		t.Errorf("Usage() = %v, want %v", used, want)
	}
	// half read units are halves; time is no operation
	if got, want := used.Operations().RatString(), "19/2"; got != want {
		t.Errorf("Operations() = %s, want %s", got, want)
	}
	sum := used.Plus(bill.Usage{
		line("Collect", bill.HTTPRequest): big.NewRat(1, 3),
		line("Export", bill.S3Put):        big.NewRat(2, 1),
	}).Times(big.NewRat(3, 1))
	wantSum := bill.Usage{
		line("Collect", bill.HTTPRequest): big.NewRat(22, 1), line("Process", bill.DynamoRead): big.NewRat(15, 1),
		line("Process", bill.LambdaTime): big.NewRat(3*1024*1000, 1), line("Export", bill.S3Put): big.NewRat(6, 1),
	}
	if !reflect.DeepEqual(sum, wantSum) {
		t.Errorf("three times the sum = %v, want %v", sum, wantSum)
	}
	if !reflect.DeepEqual(l.Usage(), want) {
		t.Errorf("after that Usage() = %v, want it unchanged", l.Usage())
	}
	if got, want := sum.Lines(), []bill.Line{
		line("Collect", bill.HTTPRequest), line("Export", bill.S3Put), line("Process", bill.LambdaTime),
		line("Process", bill.DynamoRead),
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("Lines() = %v, want %v", got, want)
	}
	if got, want := sum.Where(func(l bill.Line) bool { return l.Function == "Export" }),
		(bill.Usage{line("Export", bill.S3Put): big.NewRat(6, 1)}); !reflect.DeepEqual(got, want) {
		t.Errorf("Where(Export) = %v, want %v", got, want)
	}
}

// list is a price list in which each unit costs a millionth of a dollar, but for what a test replaces.
func list(replace ...string) string {
	text := "date: 2026-11-28\nregion: us-east-1\nsource: a test\nprices:\n"
	seen := map[string]bool{}
	for _, u := range bill.Units() {
		if !seen[u.Price] {
			seen[u.Price] = true
			text += `  - {name: ` + u.Price + `, what: x, dollars: "1", per: "1000000"}` + "\n"
		}
	}
	return strings.NewReplacer(replace...).Replace(text)
}

func TestDollars(t *testing.T) {
	t.Parallel()
	prices, err := bill.ParsePrices([]byte(list(`lambda.time, what: x, dollars: "1", per: "1000000"`,
		`lambda.time, what: x, dollars: "0.0000133334", per: "1"`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind  bill.Kind
		parts int64
		want  string
	}{
		{bill.HTTPRequest, 1_000_000, "1"},
		{bill.DynamoRead, 3, "3/2000000"},
		{bill.LogInfo, 1_000_000_000, "1"},                      // bytes, priced by the thousand
		{bill.LambdaTime, 3 * 512 * 1000, "200001/10000000000"}, // 3 seconds of 512 MB
		{bill.LambdaTime, 1, "66667/5120000000000000"},          // nothing is rounded
		{bill.Kind("unknown"), 5, "0"},
	} {
		if got := prices.Dollars(bill.Usage{line("F", c.kind): big.NewRat(c.parts, 1)}).RatString(); got != c.want {
			t.Errorf("%d parts of %s cost %s, want %s", c.parts, c.kind, got, c.want)
		}
	}
}

func TestWrongPriceLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, list, want string }{
		{"no YAML", "{", "read price list: "},
		{"an unknown field", "discount: 3\n" + list(), "field discount not found"},
		{"no date", list("2026-11-28", "last week"), `the date of the price list is not YYYY-MM-DD: "last week"`},
		{"no source", list("source: a test", "source:"), "the price list names no region or no source"},
		{"a price missing", list("name: s3.put", "name: s3.putt"), "the price list has no s3.put"},
		{"a price twice", list("name: s3.put", "name: s3.get"), "the price s3.get is there twice"},
		{
			"a price that is no number", list(`sqs.request, what: x, dollars: "1"`, `sqs.request, what: x, dollars: "1 $"`),
			`the price sqs.request is not a number of dollars above 0 per a number above 0: "1 $" per "1000000"`,
		},
		{
			"nothing for nothing",
			list(`sqs.request, what: x, dollars: "1", per: "1000000"`, `sqs.request, what: x, dollars: "1", per: "0"`),
			`the price sqs.request is not a number`,
		},
	} {
		if _, err := bill.ParsePrices([]byte(c.list)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Whatever stands in a price list, it is refused or prices everything, at no less than nothing.
func FuzzParsePrices(f *testing.F) {
	f.Add([]byte(list()))
	f.Add([]byte(list(`dollars: "1"`, `dollars: "1/3"`)))
	f.Add([]byte(list(`per: "1000000"`, `per: "-1e9"`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		prices, err := bill.ParsePrices(text)
		if err != nil {
			return
		}
		for _, u := range bill.Units() {
			if got := prices.Dollars(bill.Usage{line("F", u.Kind): big.NewRat(1, 1)}); got.Sign() <= 0 {
				t.Errorf("%s costs %s by the list %q", u.Kind, got, text)
			}
		}
	})
}
