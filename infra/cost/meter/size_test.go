package meter_test

import (
	"strings"
	"testing"

	"waymark/infra/cost/meter"
)

// Sizes as the Developer Guide counts them: names and values, numbers by two digits a byte, lists and maps with 3
// bytes and 1 a member.
func TestItemSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, item string
		want       int
	}{
		{"nothing", `{}`, 0},
		{"text", `{"name":{"S":"abc"}}`, 4 + 3},
		{"no text", `{"name":{"S":""}}`, 4},
		{"text beyond ASCII, name too", `{"é":{"S":"日本"}}`, 2 + 6},
		{"0", `{"n":{"N":"0"}}`, 1 + 1},
		{"one digit", `{"n":{"N":"7"}}`, 1 + 2},
		{"two digits", `{"n":{"N":"42"}}`, 1 + 2},
		{"three digits", `{"n":{"N":"123"}}`, 1 + 3},
		{"negative", `{"n":{"N":"-123"}}`, 1 + 4},
		{"zeros at the end are not significant", `{"n":{"N":"1200000"}}`, 1 + 2},
		{"nor at the beginning", `{"n":{"N":"0.0012"}}`, 1 + 2},
		{"but between", `{"n":{"N":"100.01"}}`, 1 + 4},
		{"each side of the point by itself", `{"n":{"N":"12345.5"}}`, 1 + 5},
		{"an exponent takes no more", `{"n":{"N":"15E+10"}}`, 1 + 2},
		{"38 digits", `{"n":{"N":"` + strings.Repeat("9", 38) + `"}}`, 1 + 20},
		{"binary, without its base64", `{"b":{"B":"AAECAw=="}}`, 1 + 4},
		{"no binary", `{"b":{"B":""}}`, 1},
		{"true", `{"b":{"BOOL":true}}`, 1 + 1},
		{"false", `{"b":{"BOOL":false}}`, 1 + 1},
		{"null", `{"b":{"NULL":true}}`, 1 + 1},
		{"an empty list", `{"l":{"L":[]}}`, 1 + 3},
		{"a list", `{"l":{"L":[{"S":"ab"},{"N":"1"}]}}`, 1 + 3 + 2 + 2 + 2},
		{"an empty map", `{"m":{"M":{}}}`, 1 + 3},
		{"a map in a map", `{"m":{"M":{"k":{"S":"v"},"n":{"M":{"x":{"BOOL":true}}}}}}`, 1 + 3 + 2 + 2 + 1 + 3 + 1 + 2},
		{"sets", `{"s":{"SS":["ab","c"]},"n":{"NS":["1","-20"]},"b":{"BS":["AAE="]}}`, 1 + 3 + 1 + 2 + 3 + 1 + 2},
		{"all attributes", `{"PK":{"S":"demo"},"SK":{"S":"P"},"v":{"N":"3"}}`, 6 + 3 + 3},
	} {
		got, err := meter.ItemSize(c.item)
		if err != nil || got != c.want {
			t.Errorf("%s: size of %s = %d, %v, want %d", c.name, c.item, got, err, c.want)
		}
	}
}

func TestAccessLogBytes(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]int{
		"": 0, `{"a":"$context.status"}`: len(`{"a":"200"}`),
		"$context.requestId $context.somethingElse": len("JKJaXmPLvHcESHA=") + 1 + 10,
	} {
		if got := meter.AccessLogBytes(format); got != want {
			t.Errorf("AccessLogBytes(%q) = %d, want %d", format, got, want)
		}
	}
}
