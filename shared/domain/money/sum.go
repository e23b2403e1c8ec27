package money

import (
	"math/big"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/wide"
)

// Sum is an amount of any size in millionths of its currency's unit: what many amounts come to.
type Sum struct{ Wide wide.Int }

// SumOf is one amount as a sum.
func SumOf(m Micros) Sum { return Sum{wide.Of(int64(m))} }

// Plus gives s + other.
func (s Sum) Plus(other Sum) Sum { return Sum{s.Wide.Add(other.Wide)} }

// Minus gives s − other.
func (s Sum) Minus(other Sum) Sum { return Sum{s.Wide.Sub(other.Wide)} }

// IsZero says whether the sum is 0.
func (s Sum) IsZero() bool { return s.Wide.IsZero() }

// Ratio gives s ÷ den, such as revenue ÷ orders, rounded half to even to a millionth: the error is at most half a millionth. A den of 0 has no
// ratio: callers leave the value out; Ratio answers 0 for it so that a forgotten check cannot stop a rollup.
func (s Sum) Ratio(den int64) Sum {
	if den == 0 {
		return Sum{}
	}
	numerator, denominator := s.Wide.Big(), big.NewInt(den)
	if den < 0 {
		numerator.Neg(numerator)
		denominator.Neg(denominator)
	}
	quotient, _ := wide.OfBig(divideHalfEven(numerator, denominator)) // not larger than the numerator
	return Sum{quotient}
}

// String gives the sum as Micros does.
func (s Sum) String() string {
	digits, isNegative := strings.CutPrefix(s.Wide.String(), "-")
	const places = 6
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, decimals := digits[:len(digits)-places], digits[len(digits)-places:]
	text := whole + "." + decimals[:2] + strings.TrimRight(decimals[2:], "0")
	if isNegative {
		return "-" + text
	}
	return text
}

// MarshalJSON writes the decimal text as a JSON string: "12.50".
func (s Sum) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// UnmarshalJSON reads a JSON string or a JSON number. null leaves the sum as it is.
func (s *Sum) UnmarshalJSON(data []byte) error {
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
	n, ok := d.scaled(int64(Unit))
	if ok {
		s.Wide, ok = wide.OfBig(n)
	}
	if !ok {
		return fault.New(fault.Invalid, "sum_out_of_range", "the sum is beyond 10^32 units of its currency; look for a wrong amount in it")
	}
	return nil
}
