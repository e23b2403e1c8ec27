package rates_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/rates"
)

const settled = `{"rates": [
 {"date": "2026-03-06", "from": "EUR", "to": "USD", "rate": "1.0834", "source": "ECB"},
 {"date": "2026-03-02", "from": "EUR", "to": "USD", "rate": "1.25", "source": "ECB"},
 {"date": "2026-03-02", "from": "gbp", "to": "EUR", "rate": "1.2", "source": "bank"}
]}`

func TestConvert(t *testing.T) {
	t.Parallel()
	r, err := rates.Parse([]byte(settled))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		amount        string
		from, to, day string
		want          string // an amount, or the code of a fault
	}{
		{"10.00", "EUR", "USD", "2026-03-02", "12.50"},
		{"10.00", "EUR", "USD", "2026-03-05", "12.50"}, // the latest before
		{"10.00", "EUR", "USD", "2026-03-06", "10.834"},
		{"10.00", "EUR", "USD", "2026-03-13", "10.834"}, // seven days old
		{"10.00", "EUR", "USD", "2026-03-14", "no_rate"},
		{"10.00", "EUR", "USD", "2026-03-01", "no_rate"},
		{"12.50", "USD", "EUR", "2026-03-02", "10.00"}, // the other way round
		{"-1.00", "USD", "EUR", "2026-03-06", "-0.923020"},
		{"10.00", "GBP", "EUR", "2026-03-02", "12.00"},
		{"10.00", "GBP", "USD", "2026-03-02", "no_rate"}, // not by way of a third
		{"10.00", "JPY", "JPY", "1999-01-01", "10.00"},
		{"0.000001", "USD", "EUR", "2026-03-02", "0.000001"}, // 0.8 millionths
	} {
		amount, err := money.Parse(c.amount)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Convert(amount, c.from, c.to, c.day)
		want, wrong := money.Parse(c.want)
		if wrong != nil && fault.CodeOf(err) != c.want || wrong == nil && (err != nil || got != want) {
			t.Errorf("%s %s in %s on %s is %s (%v), want %s", c.amount, c.from, c.to, c.day, got, err, c.want)
		}
	}
	want := []string{"EUR to USD: 2 rates from 2026-03-02 to 2026-03-06, of ECB", "GBP to EUR: 1 rates from 2026-03-02 to 2026-03-02, of bank"}
	if got := rates.Describe(r); !slices.Equal(got, want) {
		t.Errorf("described as %q", got)
	}
}

// TestHalfToEven compares with plain arithmetic on whole numbers.
func TestHalfToEven(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		digits := random.Int64N(99_999) + 1
		r, err := rates.Parse(fmt.Appendf(nil, `{"rates":[{"date":"2026-03-02","from":"EUR","to":"USD","rate":"%d.%05d","source":"x"}]}`, digits%7, digits))
		if err != nil {
			t.Fatal(err)
		}
		amount := random.Int64N(1_000_000_000) - 500_000_000
		got, err := r.Convert(money.Micros(amount), "EUR", "USD", "2026-03-02")
		if err != nil {
			t.Fatal(err)
		}
		product := new(big.Int).Mul(big.NewInt(amount), big.NewInt(digits%7*100_000+digits)) // in hundred-thousandths of a millionth
		quotient, rest := new(big.Int).DivMod(product, big.NewInt(100_000), new(big.Int))
		if half := rest.Int64(); half > 50_000 || half == 50_000 && quotient.Bit(0) == 1 {
			quotient.Add(quotient, big.NewInt(1))
		}
		if int64(got) != quotient.Int64() {
			t.Fatalf("%d by %d.%05d is %d, want %s", amount, digits%7, digits, got, quotient)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for text, part := range map[string]string{
		`{`:                        "the document is",
		`{"rates":[{"when":"x"}]}`: "unknown field",
		`{"rates":[{"date":"2026-03-02","from":"EUR","to":"EUR","rate":"1","source":"x"}]}`:   "two currencies",
		`{"rates":[{"date":"2026-03-02","from":"EURO","to":"USD","rate":"1","source":"x"}]}`:  "two currencies",
		`{"rates":[{"date":"2 March","from":"EUR","to":"USD","rate":"1","source":"x"}]}`:      "date is a day",
		`{"rates":[{"date":"2026-03-02","from":"EUR","to":"USD","rate":"0","source":"x"}]}`:   "decimal text",
		`{"rates":[{"date":"2026-03-02","from":"EUR","to":"USD","rate":"1/3","source":"x"}]}`: "decimal text",
		`{"rates":[{"date":"2026-03-02","from":"EUR","to":"USD","rate":"1e9","source":"x"}]}`: "decimal text",
		`{"rates":[{"date":"2026-03-02","from":"EUR","to":"USD","rate":"1","source":""}]}`:    "whose rate",
		strings.Replace(settled, "2026-03-06", "2026-03-02", 1):                               "two rates of 2026-03-02",
		`{"rates":[` + strings.Repeat(`{},`, rates.MaxRates) + `{}]}`:                         "at most 20000",
	} {
		if _, err := rates.Parse([]byte(text)); fault.CodeOf(err) != "bad_definition" || !strings.Contains(err.Error(), part) {
			t.Errorf("%.80s: %v, want %s", text, err, part)
		}
	}
}

// TestManyRates takes as many rates as may be; TestRefusals sees one more refused.
func TestManyRates(t *testing.T) {
	t.Parallel()
	const firsts = "ABCDFGHIJKLMNOPQRSTUVWXYZ" // of currencies that are not EUR
	all := make([]string, rates.MaxRates)
	for i := range all {
		to := string(firsts[i/676%25]) + string(rune('A'+i/26%26)) + string(rune('A'+i%26))
		all[i] = fmt.Sprintf(`{"date":"%d-03-02","from":"EUR","to":%q,"rate":"1","source":"x"}`, 2000+i/(25*676), to)
	}
	r, err := rates.Parse([]byte(`{"rates":[` + strings.Join(all, ",") + `]}`))
	if err != nil || len(rates.Describe(r)) != 25*676 {
		t.Errorf("%d rates: %v", rates.MaxRates, err)
	}
}
