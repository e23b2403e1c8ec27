package page

import "strings"

// general puts a general word in the place of a segment, or of a part of it, that names one item or person. before is the segment before it.
func general(segment, before string) string {
	switch {
	case isDate(segment) || isYear(segment):
		return segment
	case isEmail(segment):
		return email
	case isNumber(segment) || isUUID(segment) || isHex(segment):
		return id
	case isSecret(segment, before) || isRandom(segment):
		return token
	}
	if at := uuidIn(segment); at >= 0 {
		return general(segment[:at]+id+segment[at+uuidBytes:], before)
	}
	return parts(segment)
}

// parts looks at what - _ and . separate: blue-shirt-100234 is blue-shirt-:id.
func parts(segment string) string {
	var out strings.Builder
	for len(segment) > 0 {
		n := strings.IndexAny(segment, "-_.")
		if n < 0 {
			n = len(segment)
		}
		switch part := segment[:n]; {
		case len(part) >= 5 && allDigits(part), isHex(part):
			out.WriteString(id)
		case len(part) >= 24 && hasDigit(part) && isWord(part), isRandom(part):
			out.WriteString(token)
		default:
			out.WriteString(part)
		}
		if segment = segment[n:]; segment != "" {
			out.WriteByte(segment[0])
			segment = segment[1:]
		}
	}
	return out.String()
}

// isYear: archives have years in their addresses, and there are few.
func isYear(s string) bool { return len(s) == 4 && allDigits(s) && s >= "1990" && s <= "2049" }

// isDate says whether a segment is a day or month, as in 2026-11-29.
func isDate(s string) bool {
	if len(s) != 7 && len(s) != 10 || !isYear(s[:4]) {
		return false
	}
	for i, c := range []byte(s) {
		if isDash := i == 4 || i == 7; isDash != (c == '-') || !isDash && !isDigit(c) {
			return false
		}
	}
	return true
}

// isNumber says whether a segment is a number of four digits or more, or one of seven or more written as phone numbers and IP addresses are.
func isNumber(s string) bool {
	digits := 0
	for i, c := range []byte(s) {
		switch {
		case isDigit(c):
			digits++
		case strings.IndexByte("+-. ()", c) < 0 || i == 0 && c != '+' && c != '(' && c != '-':
			return false
		}
	}
	return digits >= 7 || digits >= 4 && digits == len(s)
}

const uuidBytes = 36

// isUUID says whether a segment is a UUID in its usual form; the one without dashes is hexadecimal.
func isUUID(s string) bool {
	if len(s) != uuidBytes {
		return false
	}
	for i, c := range []byte(s) {
		if isDash := i == 8 || i == 13 || i == 18 || i == 23; isDash != (c == '-') || !isDash && !isHexDigit(c) {
			return false
		}
	}
	return true
}

// uuidIn is where a UUID stands in a segment, -1 for nowhere.
func uuidIn(s string) int {
	for at := 0; at+uuidBytes <= len(s); at++ {
		if isUUID(s[at : at+uuidBytes]) {
			return at
		}
	}
	return -1
}

// isHex says whether a text is a hexadecimal number of 16 digits or more.
func isHex(s string) bool {
	if len(s) < 16 || !hasDigit(s) {
		return false
	}
	for _, c := range []byte(s) {
		if !isHexDigit(c) {
			return false
		}
	}
	return true
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.Contains(s[at+1:], ".")
}

// secretBehind are segments behind which a token stands in links that only one person gets.
var secretBehind = [...]string{
	"activate", "confirm", "invitation", "invite", "magic", "magic-link", "password-reset", "reset", "reset-password", "token", "unsubscribe", "verify",
}

func isSecret(s, before string) bool {
	if len(s) < 6 || !isWord(s) || !hasDigit(s) && s == strings.ToLower(s) {
		return false
	}
	before = strings.ToLower(before)
	for _, word := range secretBehind {
		if before == word {
			return true
		}
	}
	return false
}

// minRandomBytes is the length from which on a text may be called random.
const minRandomBytes = 10

// isRandom says whether a text looks like a token: it goes from letters to digits and from small to capital letters at every third character or more, which
// words do not. A capital that begins a word counts once. JSON Web Tokens and ULIDs are told by their forms.
func isRandom(s string) bool {
	if strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2 || isULID(s) {
		return true
	}
	if len(s) < minRandomBytes || !isWord(s) {
		return false
	}
	changes, before := 0, kindNone
	for _, c := range []byte(s) {
		kind := kindOf(c)
		if kind == kindNone {
			continue
		}
		if before != kindNone && kind != before && (before != kindUpper || kind != kindLower) {
			changes++
		}
		before = kind
	}
	return changes*3 >= len(s)
}

// isULID says whether a text is 26 characters of Crockford's alphabet, of which the first is 7 at most.
func isULID(s string) bool {
	if len(s) != 26 || s[0] < '0' || s[0] > '7' {
		return false
	}
	for _, c := range []byte(s) {
		if !isDigit(c) && (c < 'A' || c > 'Z' || strings.IndexByte("ILOU", c) >= 0) {
			return false
		}
	}
	return true
}

const (
	kindNone = iota
	kindLower
	kindUpper
	kindDigit
)

func kindOf(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return kindLower
	case c >= 'A' && c <= 'Z':
		return kindUpper
	case isDigit(c):
		return kindDigit
	}
	return kindNone
}

// isWord says whether a text has only what tokens have.
func isWord(s string) bool {
	for _, c := range []byte(s) {
		if kindOf(c) == kindNone && strings.IndexByte("-_.~=+", c) < 0 {
			return false
		}
	}
	return true
}

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
	}
	return s != ""
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
