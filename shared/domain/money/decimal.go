package money

import (
	"math/big"

	"waymark/shared/domain/fault"
)

// decimal is an exact decimal number: 0.d1d2…dn × 10^point, negative if so. digits has no leading and no trailing zero; it is empty for 0.
type decimal struct {
	negative bool
	digits   string
	point    int64
}

// maxExponent stops the exponent's own digits from overflowing. Everything beyond it is far out of range, or 0, whatever the digits are.
const maxExponent = 1 << 40

// parseDecimal reads [+-] digits [. digits] [e|E [+-] digits]. A digit may be missing on one side of the point (".5", "5."), not on both.
// There are no thousands separators, spaces, currency signs, hexadecimal digits or words for infinity.
func parseDecimal(text string) (decimal, error) {
	rest := text
	d := decimal{}
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative, rest = rest[0] == '-', rest[1:]
	}
	whole, rest := leadingDigits(rest)
	fraction := ""
	if rest != "" && rest[0] == '.' {
		fraction, rest = leadingDigits(rest[1:])
	}
	exponent, isExponent := parseExponent(rest)
	if whole+fraction == "" || !isExponent {
		return decimal{}, fault.New(fault.Invalid, "number_malformed",
			"this is not a decimal number; send digits with a dot for the decimals, such as 12.50, without separators or currency signs")
	}
	d.digits, d.point = normalise(whole+fraction, int64(len(whole))+exponent)
	return d, nil
}

// leadingDigits splits text after its leading ASCII digits.
func leadingDigits(text string) (digits, rest string) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

// parseExponent reads a whole exponent part; an empty text is the exponent 0.
func parseExponent(text string) (exponent int64, ok bool) {
	if text == "" {
		return 0, true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	text = text[1:]
	sign := int64(1)
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	digits, rest := leadingDigits(text)
	if digits == "" || rest != "" {
		return 0, false
	}
	for _, c := range []byte(digits) {
		exponent = min(exponent*10+int64(c-'0'), maxExponent)
	}
	return sign * exponent, true
}

// normalise drops the zeros at both ends and moves the point with the leading ones.
func normalise(digits string, point int64) (string, int64) {
	start, end := 0, len(digits)
	for start < end && digits[start] == '0' {
		start++
	}
	for end > start && digits[end-1] == '0' {
		end--
	}
	if start == end {
		return "", 0
	}
	return digits[start:end], point - int64(start)
}

// rounded gives factor × d as a whole number, rounded half to even. ok is false when the result is beyond int64.
func (d decimal) rounded(factor int64) (product int64, ok bool) {
	n, ok := d.scaled(factor)
	return n.Int64(), ok && n.IsInt64()
}

// scaled gives factor × d as a whole number, rounded half to even. ok is false when the result is far beyond 128 bits.
func (d decimal) scaled(factor int64) (product *big.Int, ok bool) {
	const factorDigits, mostDigits = 19, 39 // |factor| < 10^19, 2^128 < 10^39
	if factor == 0 || d.digits == "" || d.point < -factorDigits {
		return new(big.Int), true // below a tenth of a unit in the last place
	}
	if d.point > mostDigits+1 {
		return new(big.Int), false
	}
	coefficient, _ := new(big.Int).SetString(d.digits, 10)
	coefficient.Mul(coefficient, big.NewInt(factor))
	if d.negative {
		coefficient.Neg(coefficient)
	}
	ten := big.NewInt(10)
	if shift := d.point - int64(len(d.digits)); shift >= 0 {
		coefficient.Mul(coefficient, ten.Exp(ten, big.NewInt(shift), nil))
	} else {
		coefficient = divideHalfEven(coefficient, ten.Exp(ten, big.NewInt(-shift), nil))
	}
	return coefficient, true
}

// divideHalfEven gives numerator ÷ denominator rounded to the nearest whole number, ties to the even one. The denominator is positive.
func divideHalfEven(numerator, denominator *big.Int) *big.Int {
	quotient, rest := new(big.Int).QuoRem(numerator, denominator, new(big.Int)) // towards zero; rest has the numerator's sign
	twice := new(big.Int).Abs(rest)
	twice.Lsh(twice, 1)
	above := twice.Cmp(denominator)
	if above < 0 || (above == 0 && quotient.Bit(0) == 0) {
		return quotient
	}
	return quotient.Add(quotient, big.NewInt(int64(numerator.Sign())))
}
