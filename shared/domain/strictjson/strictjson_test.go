package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/strictjson"
)

func parse(t *testing.T, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return v
}

func TestValue(t *testing.T) {
	t.Parallel()
	v := parse(t, ` {"a":"x","b":[1, {"c":null}, -2.50e+3],"t":true,"f":false,"\u0065\u0301":"caf\u00e9","a":"y","A":"other","o":{}} `)
	for _, c := range []struct {
		name        string
		got         strictjson.Value
		kind        strictjson.Kind
		raw, scalar string
		depth       int
	}{
		{"the last of two members", v.Get("a"), strictjson.Text, `"y"`, "y", 0},
		{"keys are matched exactly", v.Get("A"), strictjson.Text, `"other"`, "other", 0},
		{"a list", v.Get("b"), strictjson.List, `[1, {"c":null}, -2.50e+3]`, "", 2},
		{"booleans", v.Get("t"), strictjson.True, `true`, "true", 0},
		{"no", v.Get("f"), strictjson.False, `false`, "false", 0},
		{"a key in escapes", v.Get("e\u0301"), strictjson.Text, `"caf\u00e9"`, "café", 0},
		{"an empty object", v.Get("o"), strictjson.Object, `{}`, "", 1},
		{"nothing", v.Get("nothing"), strictjson.Missing, ``, "", 0},
		{"a member of nothing", v.Get("nothing").Get("a"), strictjson.Missing, ``, "", 0},
		{"a member of a list", v.Get("b").Get("c"), strictjson.Missing, ``, "", 0},
	} {
		if c.got.Kind() != c.kind || c.got.Raw() != c.raw || c.got.Scalar() != c.scalar || c.got.Depth() != c.depth {
			t.Errorf("%s: kind %v, raw %s, scalar %q, depth %d, want %v, %s, %q, %d",
				c.name, c.got.Kind(), c.got.Raw(), c.got.Scalar(), c.got.Depth(), c.kind, c.raw, c.scalar, c.depth)
		}
	}
	if v.Depth() != 3 || v.Len() != 8 || v.Get("b").Len() != 3 || v.Get("a").Len() != 0 || v.Kind() != strictjson.Object {
		t.Errorf("depth %d, members %d, values %d", v.Depth(), v.Len(), v.Get("b").Len())
	}
	var numbers []string
	for item := range v.Get("b").Items() {
		numbers = append(numbers, item.Scalar())
		if len(numbers) == 3 {
			break
		}
	}
	if want := []string{"1", "", "-2.50e+3"}; !reflect.DeepEqual(numbers, want) {
		t.Errorf("the list holds %q, want %q", numbers, want)
	}
}

func TestTwice(t *testing.T) {
	t.Parallel()
	many := `{"k0":0`
	for i := range 100 {
		many += `,"k` + strings.Repeat("x", i) + `":0`
	}
	for _, c := range []struct {
		text, key string
		found     bool
	}{
		{`{"a":1,"b":2}`, "", false},
		{`{"a":1,"A":2,"":3}`, "", false},
		{`{"a":1,"b":2,"a":3}`, "a", true},
		{`{"a":1,"\u0061":3}`, "a", true},
		{`{"":1,"":3}`, "", true},
		{"{\"\xff\":1,\"\\ud800\":3}", "\ufffd", true},
		{`[{"a":1},{"a":2},{"b":{"c":[{"d":1,"d":1}]}}]`, "d", true},
		{`{"a":{"a":{"a":1}}}`, "", false},
		{`7`, "", false},
		{many + `}`, "", false},
		{many + `,"kx":0}`, "kx", true},
		{many + `,"k\u0078":0}`, "kx", true},
	} {
		if key, found := parse(t, c.text).Twice(); key != c.key || found != c.found {
			t.Errorf("Twice of %s: %q, %v, want %q, %v", c.text, key, found, c.key, c.found)
		}
	}
	if key, found := parse(t, `[{"a":1,"a":2},{"b":1}]`).Get("x").Twice(); found {
		t.Errorf("nothing has the key %q twice", key)
	}
	for item := range parse(t, `[{"b":{"c":1}}]`).Items() {
		if key, found := item.Twice(); found {
			t.Errorf("%s has the key %q twice", item.Raw(), key)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                "the text ends too early, at byte 0",
		`{"event":`:       "the text ends too early, at byte 9",
		`{"a"`:            "the text ends too early, at byte 4",
		`"a`:              "the text ends too early, at byte 2",
		`"\`:              "the text ends too early, at byte 2",
		`"\u12`:           "the text ends too early, at byte 5",
		`tru`:             "the text ends too early, at byte 3",
		`-`:               "the text ends too early, at byte 1",
		`{}{}`:            "unexpected character '{' after the value, at byte 3",
		`data=1`:          "unexpected character 'd' where a value begins, at byte 1",
		`{"a":1,}`:        "unexpected character '}' where a key begins, at byte 8",
		`{a:1}`:           "unexpected character 'a' where a key begins, at byte 2",
		`{"a" 1}`:         "unexpected character '1' after a key, at byte 6",
		`{"a":1 "b":2}`:   "unexpected character '\"' after a value of an object, at byte 8",
		`[1 2]`:           "unexpected character '2' after a value of a list, at byte 4",
		`[1,]`:            "unexpected character ']' where a value begins, at byte 4",
		`01`:              "unexpected character '1' after the value, at byte 2",
		`1.`:              "the text ends too early, at byte 2",
		`1.x`:             "unexpected character 'x' in a number, at byte 3",
		`1e+]`:            "unexpected character ']' in a number, at byte 4",
		`trux`:            "unexpected character 'x' in the literal true, at byte 4",
		"\"\x01\"":        `unexpected character '\x01' in a string, at byte 2`,
		`"\x41"`:          "unexpected character 'x' in an escape, at byte 3",
		`"\u00g0"`:        "unexpected character 'g' in an escape, at byte 6",
		"[\x00]":          `unexpected character '\x00' where a value begins, at byte 2`,
		"é":               "unexpected character 'é' where a value begins, at byte 1",
		"\ufeff{}":        `unexpected character '\ufeff' where a value begins, at byte 1`,
		nested(10_001):    "there are more than 10000 levels, at byte 10001",
		"[1\u00a0]":       `unexpected character '\u00a0' after a value of a list, at byte 3`,
		"\v{}":            `unexpected character '\v' where a value begins, at byte 1`,
		`{"a":1}  , "b" `: "unexpected character ',' after the value, at byte 10",
	} {
		_, err := strictjson.Parse(text)
		if _, ok := errors.AsType[*strictjson.SyntaxError](err); !ok || err.Error() != want {
			t.Errorf("Parse(%.40q) = %v, want %s", text, err, want)
		}
	}
	if _, err := strictjson.Parse(nested(10_000)); err != nil {
		t.Errorf("Parse of 10,000 levels: %v", err)
	}
}

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

// FuzzParse holds Parse against encoding/json: both take the same texts and read the same from them. Only keys that
// come twice are told otherwise: encoding/json does not see them, so a walk over its tokens does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":"x","b":[1,{"c":null},-2.50e+3],"t":true,"f":false,"\u0065\u0301":"caf\u00e9","a":"y"}`, "\xff", "\"\xe2\x82\\u0041\xac\"", `"\ud83d\ude00 \ud800 \udc00 \ud800\ud83d\ude00"`,
		`{"a":01}`, `[-]`, `[1.]`, `[.5]`, `[+1]`, `[1e]`, "[\"\x01\"]", `["\u12"]`, `["\x41"]`, `[tru]`, `[1,]`, `{,}`, `{"a" 1}`, `null`, ``, `{}{}`, " \r\n\t7 ", `"\b\f\n\r\t\/\"\\"`,
		`{"k":{"k":1,"k":[]},"\ud800":1,"\udfff":2}`, `[[[[[[[[]]]]]]]]`, `{"":{"":{"":""}}}`, "[0,-0,1E400,12345678901234567890.10]", "\u2028", "[\"\u2028\x7f\"]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := strictjson.Parse(text)
		if (err == nil) != json.Valid([]byte(text)) {
			t.Fatalf("Parse(%q) = %v, encoding/json says %v", text, err, json.Valid([]byte(text)))
		}
		if err != nil {
			if syntax, ok := errors.AsType[*strictjson.SyntaxError](err); !ok || syntax.Offset > len(text) {
				t.Fatalf("Parse(%q) = %v", text, err)
			}
			return
		}
		want := decoded(t, text)
		if got := v.Any(); !reflect.DeepEqual(got, want) {
			t.Fatalf("Parse(%q) = %#v, encoding/json says %#v", text, got, want)
		}
		if strings.TrimRight(strings.TrimLeft(text, " \t\r\n"), " \t\r\n") != v.Raw() {
			t.Fatalf("Parse(%q) has the raw text %q", text, v.Raw())
		}
		depth, key, found := walked(t, text)
		if gotKey, gotFound := v.Twice(); v.Depth() != depth || gotFound != found || found && !key[gotKey] {
			t.Fatalf("Parse(%q): depth %d, twice %q %v, want %d, one of %v", text, v.Depth(), gotKey, gotFound, depth, key)
		}
		checkWritten(t, v.Any())
	})
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// walked counts levels and finds repeated keys by the tokens of encoding/json.
func walked(t *testing.T, text string) (deepest int, keys map[string]bool, found bool) {
	t.Helper()
	type level struct {
		keys  map[string]bool // nil in a list
		isKey bool
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var levels []level
	keys = map[string]bool{}
	for {
		token, err := decoder.Token()
		if err != nil {
			return deepest, keys, len(keys) > 0
		}
		top := len(levels) - 1
		if token == json.Delim('}') || token == json.Delim(']') {
			levels = levels[:top]
			continue
		}
		if top >= 0 && levels[top].keys != nil {
			if levels[top].isKey = !levels[top].isKey; levels[top].isKey {
				name := token.(string)
				if levels[top].keys[name] {
					keys[name] = true
				}
				levels[top].keys[name] = true
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{keys: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
		deepest = max(deepest, len(levels))
	}
}

// checkWritten: what is written is ASCII, says the same, and is written the same again.
func checkWritten(t *testing.T, value any) {
	t.Helper()
	written := strictjson.AppendAny(nil, value)
	if bytes.ContainsFunc(written, func(r rune) bool { return r >= utf8.RuneSelf || r < ' ' }) {
		t.Fatalf("%q is not printable ASCII", written)
	}
	if got := decoded(t, string(written)); !reflect.DeepEqual(got, value) {
		t.Fatalf("%#v is written as %s", value, written)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, written); err != nil || compact.String() != string(written) {
		t.Fatalf("%s is not compact: %v", written, err)
	}
}

func TestAppendText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: `""`, `a"b\c/<&>`: `"a\"b\\c/<&>"`, "é漢😀": `"\u00e9\u6f22\ud83d\ude00"`, "\x00\n\x1f\x7f": `"\u0000\u000a\u001f` + "\x7f" + `"`,
		"\xff\xe2\x82x": `"\ufffd\ufffd\ufffdx"`, "\ufffe\U0010ffff": `"\ufffe\udbff\udfff"`,
	} {
		if got := string(strictjson.AppendText([]byte("x"), text)); got != "x"+want {
			t.Errorf("AppendText(%q) = %s, want x%s", text, got, want)
		}
	}
	if got := string(strictjson.AppendAny(nil, map[string]any{"b": 7, "a": []any{nil, true, json.Number("1e2")}})); got != `{"a":[null,true,1e2],"b":null}` {
		t.Errorf("AppendAny = %s", got)
	}
}

const event = `{"type":"track","event":"Product Viewed","userId":"u0000001","anonymousId":"7f3c2d1e-0a9b-4c8d-8e7f-000000000001","messageId":"ajs-next-00000001-5d41402abc4b2a76",` +
	`"timestamp":"2026-11-22T09:00:00.120Z","context":{"page":{"path":"/p/monopoly","referrer":"https://www.google.com/","search":"?utm_source=news&utm_medium=email","title":"Monopoly: 3rd Edition",` +
	`"url":"https://shop.example/p/monopoly?utm_source=news&utm_medium=email"},"campaign":{"source":"news","medium":"email","name":"november"},` +
	`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","library":{"name":"analytics.js","version":"npm:next-1.84.3"},` +
	`"timezone":"Europe/London","locale":"en-GB"},"properties":{"product_id":"507f1f77bcf86cd799439011","sku":"G-32","category":"Games","name":"Monopoly: 3rd Edition",` +
	`"brand":"Hasbro","price":18.99,"quantity":1,"currency":"GBP","position":3},"integrations":{}}`

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictjson.Parse(event); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnmarshal is what Parse is compared with.
func BenchmarkUnmarshal(b *testing.B) {
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		var tree map[string]any
		if err := json.Unmarshal([]byte(event), &tree); err != nil {
			b.Fatal(err)
		}
	}
}
