// Package money counts amounts exactly: whole millionths of a currency's unit in an int64, so that sums are the same in any order and a
// price with three decimals is kept. Texts are decimal ("12.50"); floats never appear.
//
// It is not for converting currencies: amounts of two currencies are never added, and the caller keeps them apart.
//
//	line, err := money.MulQuantity(price, "3") // 2.55 × 3 = 7.65, exactly
package money

import (
	"math/big"
	"strconv"
	"strings"

	"waymark/shared/domain/fault"
)

// Micros is an amount in millionths of its currency's unit: 12.50 EUR is 12_500_000.
type Micros int64

const (
	// Unit is one unit of a currency.
	Unit Micros = 1_000_000
	// Max is the largest single amount, in either direction: a thousand million units. A sum may grow to 9.2 × 10^12 units, so 9,200 of the
	// largest amounts fit before Add refuses.
	Max = 1_000_000_000 * Unit
)

// Parse reads a decimal text or the text of a JSON number, exponents included ("12.5", "-3", "1.25e2", ".5"). More than six decimals are
// rounded half to even, so the sum 0.30000000000000004 of a JavaScript client is 0.30. Faults, both Invalid: number_malformed,
// number_out_of_range (beyond ±Max).
func Parse(text string) (Micros, error) {
	d, err := parseDecimal(text)
	if err != nil {
		return 0, err
	}
	amount, ok := d.rounded(int64(Unit))
	return checked(amount, ok)
}

// MulQuantity gives price × quantity, where quantity is a text as Parse takes, of any number of decimals. The product is exact and then
// rounded half to even to a millionth. Faults as of Parse; the range concerns the product.
func MulQuantity(price Micros, quantity string) (Micros, error) {
	d, err := parseDecimal(quantity)
	if err != nil {
		return 0, err
	}
	amount, ok := d.rounded(int64(price))
	return checked(amount, ok)
}

func checked(amount int64, ok bool) (Micros, error) {
	if !ok || Micros(amount) > Max || Micros(amount) < -Max {
		return 0, fault.New(fault.Invalid, "number_out_of_range",
			"the amount is beyond 1,000,000,000 units of its currency; check the number and its decimal point, then send it again")
	}
	return Micros(amount), nil
}

// Add gives m + other. Fault: Invalid sum_out_of_range when the sum is beyond int64; nothing wraps around.
func (m Micros) Add(other Micros) (Micros, error) {
	sum := m + other
	if (other > 0 && sum < m) || (other < 0 && sum > m) {
		return 0, fault.New(fault.Invalid, "sum_out_of_range",
			"the sum is beyond 9,223,372,036,854 units of its currency, which is more than can be counted exactly; look for a wrong amount in it")
	}
	return sum, nil
}

// Ratio gives num ÷ den as an amount, such as revenue ÷ orders, rounded half to even to a millionth: the error is at most half a
// millionth. A den of 0 has no ratio: callers leave the value out; Ratio answers 0 for it so that a forgotten check cannot stop a rollup.
// The one quotient beyond int64, the least amount ÷ −1, is answered with the greatest.
func Ratio(num Micros, den int64) Micros {
	if den == 0 {
		return 0
	}
	numerator, denominator := big.NewInt(int64(num)), big.NewInt(den)
	if den < 0 {
		numerator.Neg(numerator)
		denominator.Neg(denominator)
	}
	quotient := divideHalfEven(numerator, denominator)
	if !quotient.IsInt64() {
		return 1<<63 - 1
	}
	return Micros(quotient.Int64())
}

// String gives the amount as decimal text with at least two decimals and no zeros after those: "12.50", "0.335", "-3.00". Parse reads it
// back unchanged, up to Max.
func (m Micros) String() string {
	sign := ""
	magnitude := uint64(m)
	if m < 0 {
		sign, magnitude = "-", -magnitude // right for the least int64 too
	}
	decimals := strconv.FormatUint(magnitude%uint64(Unit)+uint64(Unit), 10)[1:] // the unit in front keeps leading zeros
	kept := strings.TrimRight(decimals[2:], "0")
	return sign + strconv.FormatUint(magnitude/uint64(Unit), 10) + "." + decimals[:2] + kept
}

// MarshalJSON writes the decimal text as a JSON string: "12.50".
func (m Micros) MarshalJSON() ([]byte, error) {
	return []byte(`"` + m.String() + `"`), nil
}

// UnmarshalJSON reads a JSON string or a JSON number. Sums of ours can be larger than Max, so here the limit is int64's. null leaves the
// amount as it is, as everywhere in encoding/json.
func (m *Micros) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		return nil
	}
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	d, err := parseDecimal(text)
	if err != nil {
		return err
	}
	amount, ok := d.rounded(int64(Unit))
	if !ok {
		_, err = checked(amount, ok)
		return err
	}
	*m = Micros(amount)
	return nil
}

// Currency gives a currency code in its normal form: three ASCII letters, upper case ("eur" is "EUR"). Whether ISO 4217 lists it is not
// checked: the list changes, and a till's test currency is nobody's fault. Fault: Invalid currency_malformed.
func Currency(text string) (string, error) {
	code := strings.TrimSpace(text)
	// Checked before upper-casing, which would turn the foreign letters ı and ſ into I and S.
	isLetters := !strings.ContainsFunc(code, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
	if len(code) != 3 || !isLetters {
		return "", fault.New(fault.Invalid, "currency_malformed", "a currency is a code of three letters, such as EUR; see ISO 4217")
	}
	return strings.ToUpper(code), nil
}
