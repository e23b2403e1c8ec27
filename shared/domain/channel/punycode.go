package channel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The parameters of Punycode, RFC 3492 section 5.
const (
	punyBase        = 36
	punyMin         = 1
	punyMax         = 26
	punySkew        = 38
	punyDamp        = 700
	punyFirstBias   = 72
	punyFirstRune   = 0x80
	maxLabelLetters = 63
)

// toUnicode gives a lower-case host with its xn-- labels decoded, so that both spellings of a host are one. A label that
// does not decode stays as it is.
func toUnicode(host string) string {
	if !strings.Contains(host, "xn--") {
		return host
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		encoded, isEncoded := strings.CutPrefix(label, "xn--")
		if !isEncoded {
			continue
		}
		if decoded, ok := decodePunycode(encoded); ok {
			labels[i] = strings.ToLower(decoded)
		}
	}
	return strings.Join(labels, ".")
}

// decodePunycode decodes the part of a label behind xn-- (RFC 3492 section 6.2). Labels longer than DNS allows are refused,
// which also keeps every sum below overflow.
func decodePunycode(encoded string) (string, bool) {
	if encoded == "" || len(encoded) > maxLabelLetters {
		return "", false
	}
	var out []rune
	if dash := strings.LastIndexByte(encoded, '-'); dash > 0 {
		out = []rune(encoded[:dash])
		encoded = encoded[dash+1:]
	}
	n, i, bias, isFirst := punyFirstRune, 0, punyFirstBias, true
	for encoded != "" {
		delta, rest, ok := punyDelta(encoded, bias)
		if !ok {
			return "", false
		}
		encoded = rest
		bias = punyAdapt(delta, len(out)+1, isFirst)
		isFirst = false
		i += delta
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		out = append(out, 0)
		copy(out[i+1:], out[i:])
		out[i] = rune(n)
		i++
	}
	return string(out), true
}

// punyDelta reads one variable-length integer.
func punyDelta(encoded string, bias int) (delta int, rest string, ok bool) {
	weight := 1
	for at, k := 0, punyBase; at < len(encoded); at, k = at+1, k+punyBase {
		digit := punyDigit(encoded[at])
		if digit < 0 {
			return 0, "", false
		}
		delta += digit * weight
		threshold := min(max(k-bias, punyMin), punyMax)
		if digit < threshold {
			return delta, encoded[at+1:], true
		}
		weight *= punyBase - threshold
		if delta > 1<<30 || weight > 1<<30 {
			return 0, "", false
		}
	}
	return 0, "", false
}

func punyDigit(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c >= '0' && c <= '9':
		return int(c-'0') + 26
	}
	return -1
}

// punyAdapt is the bias adaptation of RFC 3492 section 6.1.
func punyAdapt(delta, points int, isFirst bool) int {
	if isFirst {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
