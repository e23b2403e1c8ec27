package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// maxDigits is how many digits a number may have, and how many places its exponent may move the point: more make arithmetic slow.
const maxDigits = 400

// rational is the exact value of a number in JSON's form; not ok for one of too many digits.
func rational(text json.Number) (*big.Rat, bool) {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(string(text)), "e")
	if len(mantissa) > maxDigits {
		return nil, false
	}
	if hasExponent {
		if n, err := strconv.Atoi(exponent); err != nil || n > maxDigits || n < -maxDigits {
			return nil, false
		}
	}
	return new(big.Rat).SetString(string(text))
}

// decimal writes a number of a schema.
func decimal(number *big.Rat) string {
	if digits, exact := number.FloatPrec(); exact {
		return number.FloatString(digits)
	}
	return number.RatString()
}

// isOf says whether a value is of a type of JSON Schema. 1.0 is an integer.
func isOf(name string, value any) bool {
	if number, isNumber := value.(json.Number); isNumber && name == "integer" {
		exact, ok := rational(number)
		return ok && exact.IsInt()
	}
	return name == typeName(value)
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// words are the types as people say them.
var words = map[string]string{
	"null": "null", "boolean": "true or false", "string": "text", "number": "a number", "integer": "a whole number", "array": "a list", "object": "an object",
}

func typeOf(value any) string { return words[typeName(value)] }

func oneOf(types []string) string {
	said := make([]string, len(types))
	for i, name := range types {
		said[i] = words[name]
	}
	return strings.Join(said, " or ")
}

// maxListed is how much of the allowed values a violation tells, in bytes.
const maxListed = 120

func listed(values []any) string {
	said := make([]string, len(values))
	for i, value := range values {
		said[i] = canonical(value)
	}
	text := strings.Join(said, " or ")
	if len(text) <= maxListed {
		return text
	}
	return "one of the " + strconv.Itoa(len(values)) + " values of the schema"
}

func equal(a, b any) bool { return typeName(a) == typeName(b) && canonical(a) == canonical(b) }

// canonical is a value as JSON in one form: members sorted, 1.0 as 1.
func canonical(value any) string {
	switch v := value.(type) {
	case json.Number:
		if exact, ok := rational(v); ok {
			return exact.RatString()
		}
		return v.String()
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = canonical(item)
		}
		return "[" + strings.Join(items, ",") + "]"
	case map[string]any:
		members := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			members = append(members, strconv.Quote(name)+":"+canonical(v[name]))
		}
		return "{" + strings.Join(members, ",") + "}"
	case string:
		return strconv.Quote(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}
