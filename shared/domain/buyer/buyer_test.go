package buyer_test

import (
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// row is a step at an hour that says something of an order, in tenths of a unit.
func row(hour int, id string, kind event.OrderKind, tenths int64, currency string) step.Row {
	return step.Row{
		Person: "user:1", At: event.Millis(hour) * 3_600_000, Type: event.Track,
		Order: &step.Order{ID: id, Kind: kind, Amount: money.Micros(tenths) * 100_000, Currency: currency},
	}
}

// One life in which everything happens to orders, as it stood at each hour.
func TestOrders(t *testing.T) {
	t.Parallel()
	life := []step.Row{
		row(1, "a", event.Completed, 100, "EUR"),
		row(2, "b", event.Completed, 50, "EUR"),
		row(3, "a", event.Refunded, 40, "EUR"),     // a part of it
		row(4, "b", event.Cancelled, 50, "EUR"),    // all of it
		row(5, "a", event.Updated, 20, "EUR"),      // two units more
		row(6, "free", event.Completed, 0, "EUR"),  // a sample is an order
		row(7, "x", event.Refunded, 5, "EUR"),      // of no order that is known
		row(8, "a", event.Refunded, 30, "USD"),     // in another currency
		row(9, "a", event.Refunded, 90, "EUR"),     // more than is left
		row(10, "free", event.Cancelled, 0, "EUR"), // nothing is left of nothing
	}
	cases := []struct {
		hour            int
		net, gross      string
		orders, ofGross int
	}{
		{1, "0.00", "0.00", 0, 0},
		{2, "10.00", "10.00", 1, 1},
		{3, "15.00", "15.00", 2, 2},
		{4, "11.00", "15.00", 2, 2},
		{5, "6.00", "15.00", 1, 2},
		{6, "8.00", "17.00", 1, 2},
		{7, "8.00", "17.00", 2, 3},
		{8, "7.50", "17.00", 2, 3},
		{9, "7.50", "17.00", 2, 3},
		{10, "-1.50", "17.00", 1, 3},
		{11, "-1.50", "17.00", 0, 3},
	}
	whole, _ := buyer.Of(life, event.Millis(1e12))
	for _, c := range cases {
		known := event.Millis(c.hour) * 3_600_000
		then, _ := buyer.Of(life, known) // what was read then, and what is known of then today, are the same
		for name, b := range map[string]buyer.Buyer{"then": then, "today": whole} {
			var orders, ofGross int
			for i := range b.Orders {
				if _, stands := b.Orders[i].Value(buyer.Net, known); stands {
					orders++
				}
				if _, stands := b.Orders[i].Value(buyer.Gross, known); stands {
					ofGross++
				}
			}
			net, gross := b.Revenue(buyer.Net, "EUR", known).String(), b.Revenue(buyer.Gross, "EUR", known).String()
			if net != c.net || gross != c.gross || orders != c.orders || ofGross != c.ofGross {
				t.Errorf("before hour %d, read %s: net %s of %d orders, gross %s of %d; want %+v", c.hour, name, net, orders, gross, ofGross, c)
			}
		}
	}
	if dollars := whole.Revenue(buyer.Net, "USD", event.Millis(1e12)).String(); dollars != "-3.00" {
		t.Errorf("what was given back in dollars is %s, want -3.00", dollars)
	}
}

// The revenue of a book, with what others' orders leave out, is all that steps say, in any number of parts.
func TestBookHoldsAllMoney(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		lives := analysistest.Lives(seed, 100)
		until := event.At(analysistest.End.AddDate(0, 0, -20))
		want := map[string]money.Sum{}
		var orders int64
		for _, life := range lives {
			for _, r := range life {
				if r.Order != nil && r.At < until {
					want[r.Order.Currency] = want[r.Order.Currency].Plus(money.Sum{}.Plus(money.SumOf(r.Order.Net())))
					if r.Order.Kind == event.Completed {
						orders++
					}
				}
			}
		}
		for currency, sum := range want {
			for _, parts := range []int{1, 4} {
				rules := buyer.Rules{Known: until, Currency: currency}
				book := analysis.Fold(analysis.Listing(lives, parts), rules.Begin, (*buyer.Book).Add, (*buyer.Book).Join)
				var got money.Sum
				var read int64
				for i := range book.Buyers {
					got = got.Plus(book.Revenue(&book.Buyers[i]))
					for _, o := range book.Buyers[i].Orders {
						if o.Currency == currency {
							read++
						}
					}
				}
				for _, n := range book.Foreign {
					read += n
				}
				if got != sum || read != orders {
					t.Errorf("seed %d, %d parts: %s %s of %d orders, want %s of %d", seed, parts, got, currency, read, sum, orders)
				}
			}
		}
	}
}

func TestDay(t *testing.T) {
	t.Parallel()
	zone, err := period.New("America/New_York", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{"2026-03-08T04:59:59Z": "2026-03-07", "2026-03-08T05:00:00Z": "2026-03-08", "1969-12-31T12:00:00Z": "1969-12-31"} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := buyer.DayOf(zone, event.At(instant)).String(); got != want {
			t.Errorf("the day of %s is %s, want %s", at, got, want)
		}
	}
}
