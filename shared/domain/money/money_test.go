package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// outcome is what a call gives as one comparable value: an amount or the code of its fault.
type outcome struct {
	amount money.Micros
	code   string
}

func outcomeOf(amount money.Micros, err error) outcome {
	return outcome{amount, fault.CodeOf(err)}
}

const (
	malformed  = "number_malformed"
	outOfRange = "number_out_of_range"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want outcome
	}{
		{"0", outcome{amount: 0}},
		{"-0", outcome{amount: 0}},
		{"12.50", outcome{amount: 12_500_000}},
		{"-3", outcome{amount: -3_000_000}},
		{"+3", outcome{amount: 3_000_000}},
		{".5", outcome{amount: 500_000}},
		{"5.", outcome{amount: 5_000_000}},
		{"0007.10", outcome{amount: 7_100_000}},
		{"0.335", outcome{amount: 335_000}},
		{"1.25e2", outcome{amount: 125_000_000}},
		{"1.25E+2", outcome{amount: 125_000_000}},
		{"125e-8", outcome{amount: 1}},
		{"0.30000000000000004", outcome{amount: 300_000}},
		{"0.1000000000000000055511151231257827021181583404541015625", outcome{amount: 100_000}},
		{"2.675", outcome{amount: 2_675_000}},
		{"0.0000005", outcome{amount: 0}},
		{"0.0000015", outcome{amount: 2}},
		{"0.0000025", outcome{amount: 2}},
		{"-0.0000015", outcome{amount: -2}},
		{"-0.0000025", outcome{amount: -2}},
		{"0.00000250000000000000000000000000000001", outcome{amount: 3}},
		{"0.0000004999999999999999999999999999999", outcome{amount: 0}},
		{"0e999999999999999999999999", outcome{amount: 0}},
		{"1e-999999999999999999999999", outcome{amount: 0}},
		{"0." + strings.Repeat("0", 5000) + "1e5001", outcome{amount: 1_000_000}},
		{"1" + strings.Repeat("0", 5000) + "e-5000", outcome{amount: 1_000_000}},
		{"999999999999.999999", outcome{amount: money.Max}},
		{"-999999999999.999999", outcome{amount: -money.Max}},
		{"999999999999.9999994", outcome{amount: money.Max}},
		{"999999999999.9999995", outcome{code: outOfRange}}, // a tie, rounded to the even side
		{"1000000000000", outcome{code: outOfRange}},
		{"-1000000000000", outcome{code: outOfRange}},
		{"9223372036854.775807", outcome{code: outOfRange}},
		{"1e13", outcome{code: outOfRange}},
		{"1e999999999999999999999999", outcome{code: outOfRange}},
		{"1e18446744073709551617", outcome{code: outOfRange}},
		{"", outcome{code: malformed}},
		{"-", outcome{code: malformed}},
		{".", outcome{code: malformed}},
		{"e5", outcome{code: malformed}},
		{"1e", outcome{code: malformed}},
		{"1e+", outcome{code: malformed}},
		{"1.2.3", outcome{code: malformed}},
		{"1,234.50", outcome{code: malformed}},
		{"12,50", outcome{code: malformed}},
		{"€12", outcome{code: malformed}},
		{"12 EUR", outcome{code: malformed}},
		{" 12", outcome{code: malformed}},
		{"0x1F", outcome{code: malformed}},
		{"1_000", outcome{code: malformed}},
		{"NaN", outcome{code: malformed}},
		{"Infinity", outcome{code: malformed}},
		{"--1", outcome{code: malformed}},
		{"١٢", outcome{code: malformed}},
		{"12\x00", outcome{code: malformed}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			if got := outcomeOf(money.Parse(test.text)); got != test.want {
				t.Errorf("Parse(%q) = %+v, want %+v", test.text, got, test.want)
			}
		})
	}
}

func TestParseFaultIsInvalid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"twelve", "1e30"} {
		if _, err := money.Parse(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("KindOf(Parse(%q)) = %q, want %q", text, fault.KindOf(err), fault.Invalid)
		}
	}
}

func TestMulQuantity(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		price    money.Micros
		quantity string
		want     outcome
	}{
		{"whole pieces", 2_550_000, "3", outcome{amount: 7_650_000}},
		{"returned pieces", 2_550_000, "-3", outcome{amount: -7_650_000}},
		{"three decimals", 335_000, "12", outcome{amount: 4_020_000}},
		{"by weight", 3_990_000, "0.755", outcome{amount: 3_012_450}},
		{"tie to even, down", 1, "0.5", outcome{amount: 0}},
		{"tie to even, up", 3, "0.5", outcome{amount: 2}},
		{"more than six decimals count", 1_000_000_000, "0.00000000149", outcome{amount: 1}},
		{"quantity beyond the range, product within", 1, "2000000000", outcome{amount: 2_000_000_000}},
		{"no price", 0, "1e9", outcome{amount: 0}},
		{"no price, absurd quantity", 0, "1e99", outcome{amount: 0}},
		{"greatest product", money.Max, "1", outcome{amount: money.Max}},
		{"product just beyond", money.Max, "1.000000000000001", outcome{code: outOfRange}},
		{"product beyond int64", money.Max, "1000000", outcome{code: outOfRange}},
		{"product beyond 128 bits", money.Max, "1e50", outcome{code: outOfRange}},
		{"not a number", 1, "two", outcome{code: malformed}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := outcomeOf(money.MulQuantity(test.price, test.quantity)); got != test.want {
				t.Errorf("MulQuantity(%d, %q) = %+v, want %+v", test.price, test.quantity, got, test.want)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b money.Micros
		want outcome
	}{
		{"plain", 12_500_000, -2_500_000, outcome{amount: 10_000_000}},
		{"up to the limit", money.Max - 1, 1, outcome{amount: money.Max}},
		{"down to the limit", -money.Max + 1, -1, outcome{amount: -money.Max}},
		{"beyond the top", money.Max, 1, outcome{code: outOfRange}},
		{"beyond the bottom", -money.Max, -1, outcome{code: outOfRange}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := outcomeOf(test.a.Add(test.b)); got != test.want {
				t.Errorf("(%d).Add(%d) = %+v, want %+v", test.a, test.b, got, test.want)
			}
		})
	}
}

func TestRatio(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		num  money.Micros
		den  int64
		want money.Micros
	}{
		{"even", 10_000_000, 4, 2_500_000},
		{"third", 1_000_000, 3, 333_333},
		{"two thirds", 2_000_000, 3, 666_667},
		{"tie down", 5, 2, 2},
		{"tie up", 7, 2, 4},
		{"negative tie", -7, 2, -4},
		{"negative denominator", 7, -2, -4},
		{"no denominator", 7, 0, 0},
		{"greatest by greatest", math.MaxInt64, math.MaxInt64, 1},
		{"least by least", math.MinInt64, math.MinInt64, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := money.SumOf(test.num).Ratio(test.den); got != money.SumOf(test.want) {
				t.Errorf("Ratio(%d, %d) = %s, want %d", test.num, test.den, got, test.want)
			}
		})
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	tests := map[money.Micros]string{
		0:             "0.00",
		12_500_000:    "12.50",
		335_000:       "0.335",
		-3_000_000:    "-3.00",
		1:             "0.000001",
		-10:           "-0.00001",
		100_010:       "0.10001",
		money.Max:     "999999999999.999999",
		math.MaxInt64: "9223372036854.775807",
		math.MinInt64: "-9223372036854.775808",
	}
	for amount, want := range tests {
		if got := amount.String(); got != want {
			t.Errorf("(%d).String() = %q, want %q", int64(amount), got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type line struct {
		Price *money.Micros           `json:"price"`
		By    map[string]money.Micros `json:"by"`
	}
	price := money.Micros(335_000)
	written, err := json.Marshal(line{Price: &price, By: map[string]money.Micros{"EUR": math.MinInt64}})
	if want := `{"price":"0.335","by":{"EUR":"-9223372036854.775808"}}`; err != nil || string(written) != want {
		t.Fatalf("Marshal = %s, %v, want %s", written, err, want)
	}
	tests := []struct {
		text string
		want outcome
	}{
		{`"12.50"`, outcome{amount: 12_500_000}},
		{`12.5`, outcome{amount: 12_500_000}},
		{`1.25e1`, outcome{amount: 12_500_000}},
		{`"-9223372036854.775808"`, outcome{amount: math.MinInt64}},
		{`"9223372036854.775808"`, outcome{code: outOfRange}},
		{`null`, outcome{}},
		{`"twelve"`, outcome{code: malformed}},
		{`true`, outcome{code: malformed}},
		{`[1]`, outcome{code: malformed}},
	}
	for _, test := range tests {
		var amount money.Micros
		err := json.Unmarshal([]byte(test.text), &amount)
		if got := outcomeOf(amount, err); got != test.want {
			t.Errorf("Unmarshal(%s) = %+v, want %+v", test.text, got, test.want)
		}
	}
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want, code string }{
		{"EUR", "EUR", ""},
		{"gbp", "GBP", ""},
		{" Usd ", "USD", ""},
		{"", "", "currency_malformed"},
		{"EU", "", "currency_malformed"},
		{"EURO", "", "currency_malformed"},
		{"E1R", "", "currency_malformed"},
		{"€", "", "currency_malformed"},
		{"uſd", "", "currency_malformed"},
		{"ınr", "", "currency_malformed"},
		{"[@{", "", "currency_malformed"},
	}
	for _, test := range tests {
		got, err := money.Currency(test.text)
		if got != test.want || fault.CodeOf(err) != test.code {
			t.Errorf("Currency(%q) = %q, %q, want %q, %q", test.text, got, fault.CodeOf(err), test.want, test.code)
		}
	}
}

// halfEven is the oracle: value × 10^6 as a rational number, rounded by another route than the code's (floor of value + 1/2, then the tie).
func halfEven(value *big.Rat) *big.Int {
	doubled := new(big.Rat).Mul(value, big.NewRat(2_000_000, 1))
	doubled.Add(doubled, big.NewRat(1, 1)) // 2·micros + 1
	half := new(big.Int).Mul(doubled.Denom(), big.NewInt(2))
	rounded := new(big.Int).Div(doubled.Num(), half) // Euclidean, so the floor
	isTie := doubled.IsInt() && doubled.Num().Bit(0) == 0
	if isTie && rounded.Bit(0) == 1 {
		rounded.Sub(rounded, big.NewInt(1))
	}
	return rounded
}

func inRange(micros *big.Int) bool {
	return new(big.Int).Abs(micros).Cmp(big.NewInt(int64(money.Max))) <= 0
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0.30000000000000004", "-12.50", "1e-7", "2.5e-6", "9e9", "1e9", ".5e3", "00001.0000015", "1e", "0x1", "1/2", "1_0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.Parse(text)
		if len(text) > 60 || strings.ContainsAny(text, "/_xXpPbBoO") {
			return // Rat reads fractions and other bases too, and is slow on long exponents
		}
		if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found && len(exponent) > 4 {
			return
		}
		value, ok := new(big.Rat).SetString(text)
		if !ok {
			if fault.CodeOf(err) != malformed {
				t.Fatalf("Parse(%q) = %v, %v, want %s", text, got, err, malformed)
			}
			return
		}
		want := halfEven(value)
		if !inRange(want) {
			if fault.CodeOf(err) != outOfRange {
				t.Fatalf("Parse(%q) = %v, %v, want %s", text, got, err, outOfRange)
			}
			return
		}
		if err != nil || int64(got) != want.Int64() {
			t.Fatalf("Parse(%q) = %d, %v, want %v", text, got, err, want)
		}
		if again, err := money.Parse(got.String()); again != got || err != nil {
			t.Fatalf("Parse(%q) = %d, %v, want %d", got.String(), again, err, got)
		}
	})
}

func FuzzMulQuantity(f *testing.F) {
	f.Add(int64(2_550_000), "3")
	f.Add(int64(1), "0.5")
	f.Add(int64(-7), "1e-1")
	f.Fuzz(func(t *testing.T, price int64, quantity string) {
		got, err := money.MulQuantity(money.Micros(price), quantity)
		value, isNumber := new(big.Rat), false
		if len(quantity) < 40 && !strings.ContainsAny(quantity, "/_xXpPbBoOeE") {
			value, isNumber = value.SetString(quantity)
		}
		if !isNumber {
			return
		}
		want := halfEven(value.Mul(value, big.NewRat(price, int64(money.Unit))))
		if inRange(want) != (err == nil) || (err == nil && int64(got) != want.Int64()) {
			t.Fatalf("MulQuantity(%d, %q) = %d, %v, want %v", price, quantity, got, err, want)
		}
	})
}

func TestLaws(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 20_000 {
		a := money.Micros(random.Int64N(2*int64(money.Max)+1)) - money.Max
		a /= money.Micros(math.Pow10(random.IntN(16)))
		if back, err := money.Parse(a.String()); back != a || err != nil {
			t.Fatalf("Parse(%q) = %d, %v, want %d", a.String(), back, err, a)
		}
		den := random.Int64N(1_000_000) + 1
		wantRatio := halfEven(big.NewRat(int64(a), den*int64(money.Unit)))
		if got := money.SumOf(a).Ratio(den); got.Wide.Big().Cmp(wantRatio) != 0 {
			t.Fatalf("Ratio(%d, %d) = %s, want %v", a, den, got, wantRatio)
		}
		b := money.Micros(random.Int64N(2*int64(money.Max)+1)) - money.Max
		want := new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b)))
		if sum, err := a.Add(b); inRange(want) != (err == nil) || (err == nil && int64(sum) != want.Int64()) {
			t.Fatalf("(%d).Add(%d) = %d, %v, want %v", a, b, sum, err, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := money.Parse("129.95"); err != nil {
			b.Fatal(err)
		}
	}
}

// Sums of any size are exact, and come back from their text.
func TestSums(t *testing.T) {
	t.Parallel()
	greatest := money.SumOf(math.MaxInt64)
	var sum money.Sum
	want := new(big.Int)
	for range 100_000 {
		sum = sum.Plus(greatest)
		want.Add(want, big.NewInt(math.MaxInt64))
	}
	if sum.Wide.Big().Cmp(want) != 0 || sum.String() != "922337203685477580.70" || sum.Minus(sum) != (money.Sum{}) {
		t.Errorf("100,000 of the greatest amounts are %s, want %v millionths", sum, want)
	}
	for _, s := range []money.Sum{{}, sum, money.Sum{}.Minus(sum), money.SumOf(-1), money.SumOf(12_500_000)} {
		text, err := json.Marshal(s)
		var back money.Sum
		if err != nil || json.Unmarshal(text, &back) != nil || back != s {
			t.Errorf("%s comes back as %s: %v", text, back, err)
		}
	}
	if got := sum.Ratio(100_000); got != greatest {
		t.Errorf("the mean of 100,000 of the greatest amounts is %s, want %s", got, greatest)
	}
	for text, code := range map[string]string{`"1e40"`: "sum_out_of_range", `1e99`: "sum_out_of_range", `"x"`: malformed} {
		if err := json.Unmarshal([]byte(text), &sum); fault.CodeOf(err) != code {
			t.Errorf("Unmarshal(%s) = %v, want %s", text, err, code)
		}
	}
}
