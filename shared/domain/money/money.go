// Package money counts amounts exactly: whole millionths of a currency's unit, in 64 bits for one amount and in 128 for sums, so that sums never
// wrap and are the same in any order, and a price with three decimals is kept. Texts are decimal ("12.50"); floats never appear.
//
// It is not for converting currencies: amounts of two currencies are never added, and the caller keeps them apart.
//
//	line, err := money.MulQuantity(price, "3") // 2.55 × 3 = 7.65, exactly
package money

import (
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/wide"
)

// Micros is an amount in millionths of its currency's unit: 12.50 EUR is 12_500_000.
type Micros int64

const (
	// Unit is one unit of a currency.
	Unit Micros = 1_000_000
	// Max is the largest single amount, in either direction, wherever it stands: price, line, order or refund. It is just below a million million
	// units, some 20 million dollars in the smallest currencies, and what 18 digits hold. Sums have no such limit.
	Max = 1_000_000_000_000*Unit - 1
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
			"the amount is 1,000,000,000,000 units of its currency or more; check the number and its decimal point, then send it again")
	}
	return Micros(amount), nil
}

// Add gives m + other, of two amounts within Max. Fault: Invalid number_out_of_range when the sum is not.
func (m Micros) Add(other Micros) (Micros, error) { return checked(int64(m+other), true) }

// String gives the amount as decimal text with at least two decimals and no zeros after those: "12.50", "0.335", "-3.00". Parse reads it
// back unchanged, up to Max.
func (m Micros) String() string { return Sum{wide.Of(int64(m))}.String() }

// MarshalJSON writes the decimal text as a JSON string: "12.50".
func (m Micros) MarshalJSON() ([]byte, error) {
	return []byte(`"` + m.String() + `"`), nil
}

// UnmarshalJSON reads a JSON string or a JSON number. null leaves the amount as it is, as everywhere in encoding/json.
func (m *Micros) UnmarshalJSON(data []byte) error {
	var sum Sum
	if err := sum.UnmarshalJSON(data); err != nil || string(data) == "null" {
		return err
	}
	amount, fits := sum.Wide.Int64()
	if !fits {
		_, err := checked(0, false)
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
