// Package wide has integers of 128 bits, so that sums of money never wrap: 1.7 × 10^38 millionths are more than all shops of the world turn over in
// the smallest currency. It adds, subtracts, multiplies numbers of 64 bits and compares; whoever divides
// takes Big.
//
// It knows no units.
//
//	sum := wide.Of(12_500_000).Add(wide.Of(-1))
package wide

import (
	"cmp"
	"math/big"
	"math/bits"
	"strconv"

	"waymark/shared/domain/fault"
)

// Int is a whole number of 128 bits in two's complement. The zero Int is 0, and equal numbers are == to each other.
type Int struct {
	high int64
	low  uint64
}

// Of is n as a wide number.
func Of(n int64) Int { return Int{n >> 63, uint64(n)} }

// Add gives a + b. A sum of fewer than 2^64 numbers of 64 bits fits.
func (a Int) Add(b Int) Int {
	low, carry := bits.Add64(a.low, b.low, 0)
	return Int{a.high + b.high + int64(carry), low}
}

// Product gives a × b.
func Product(a, b int64) Int {
	high, low := bits.Mul64(uint64(a), uint64(b))
	return Int{int64(high) - a>>63&b - b>>63&a, low}
}

// Neg gives −a.
func (a Int) Neg() Int {
	low, borrow := bits.Sub64(0, a.low, 0)
	return Int{-a.high - int64(borrow), low}
}

// Sub gives a − b.
func (a Int) Sub(b Int) Int { return a.Add(b.Neg()) }

// Compare gives −1, 0 or 1 as a is less than, equal to or greater than b.
func (a Int) Compare(b Int) int {
	return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
}

// IsZero says whether a is 0.
func (a Int) IsZero() bool { return a == Int{} }

// Int64 gives a as a number of 64 bits, where it is one.
func (a Int) Int64() (n int64, fits bool) {
	n = int64(a.low)
	return n, n>>63 == a.high
}

// Float gives a as a number of floating point, the nearest but for the last digit.
func (a Int) Float() float64 { return float64(a.high)*(1<<64) + float64(a.low) }

// Big gives a as a number without a limit.
func (a Int) Big() *big.Int {
	n := big.NewInt(a.high)
	n.Lsh(n, 64)
	return n.Add(n, new(big.Int).SetUint64(a.low))
}

// OfBig is the opposite of Big; fits is false beyond 128 bits.
func OfBig(n *big.Int) (a Int, fits bool) {
	high := new(big.Int).Rsh(n, 64) // towards minus infinity, as two's complement has it
	if !high.IsInt64() {
		return Int{}, false
	}
	low := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1))
	return Int{high.Int64(), low.Uint64()}, true
}

// Append adds a in decimal digits.
func (a Int) Append(text []byte) []byte {
	if n, fits := a.Int64(); fits {
		return strconv.AppendInt(text, n, 10)
	}
	return a.Big().Append(text, 10)
}

// String gives a in decimal digits.
func (a Int) String() string { return string(a.Append(nil)) }

// Parse reads what Append wrote: decimal digits with a minus before those of a negative number. Fault: Invalid bad_number.
func Parse(text string) (Int, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Of(n), nil
	}
	if n, ok := new(big.Int).SetString(text, 10); ok {
		if a, fits := OfBig(n); fits {
			return a, nil
		}
	}
	return Int{}, fault.Newf(fault.Invalid, "bad_number", "%.60q is no whole number of 128 bits", text)
}

// MarshalJSON writes a JSON number.
func (a Int) MarshalJSON() ([]byte, error) { return a.Append(nil), nil }

// UnmarshalJSON reads a JSON number without fraction and exponent.
func (a *Int) UnmarshalJSON(text []byte) (err error) {
	*a, err = Parse(string(text))
	return err
}
