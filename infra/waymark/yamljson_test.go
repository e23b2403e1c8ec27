package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: 1":                            `{"a":1}`,
		"b: x\na: y":                      `{"b":"x","a":"y"}`, // in the order of the file
		"- 1.50\n- -2\n- 1e3\n- 0.10":     `[1.50,-2,1e3,0.10]`,
		"a: 12345678901234567890.123456":  `{"a":12345678901234567890.123456}`,
		"a: '1'\nb: \"2\"":                `{"a":"1","b":"2"}`,
		"a: true\nb: False\nc: yes":       `{"a":true,"b":false,"c":"yes"}`,
		"a: null\nb: ~\nc:":               `{"a":null,"b":null,"c":null}`,
		"a: 2026-10-25\nb: 12:30":         `{"a":"2026-10-25","b":"12:30"}`,
		"1: a\ntrue: b":                   `{"1":"a","true":"b"}`,
		"a: &x [1, 2]\nb: *x":             `{"a":[1,2],"b":[1,2]}`,
		"a: |\n  two\n  lines\n":          `{"a":"two\nlines\n"}`,
		"# a comment\n[]":                 `[]`,
		"just words":                      `"just words"`,
		` {"a" : [1.50, "\ud83d\ude00"]}`: ` {"a" : [1.50, "\ud83d\ude00"]}`, // JSON stays as it is
		"a: \"<&>\"":                      `{"a":"\u003c\u0026\u003e"}`,
	} {
		got, err := jsonOf([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%q is %s (%v), want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                              "the file is empty",
		"# nothing\n":                   "the file is empty",
		"a: 1\n---\nb: 2":               "more than one document",
		"a: [1":                         "line 1",
		"x: 1\na: 0x10":                 "line 2: write the number 0x10 in plain digits, or in quotes if it is a text",
		"a: .inf":                       "line 1: write the number",
		"a: 010":                        "line 1: write the number",
		"? [a]\n: 1":                    "line 1: a key is a plain text",
		"a: &x {b: 1}\nc:\n  <<: *x\n":  "line 3: a key is a plain text",
		"a: 1\nb: 2\na: 3":              "line 3: the key \"a\" is there twice",
		"a: &x [*x]":                    "line 1: x holds itself",
		"a: &a {b: &b [*a, *b]}":        "holds itself",
		"a: !!bool maybe":               "line 1",
		"a: !!binary aGk=":              "line 1: !!binary is not understood; write plain text, numbers, lists and mappings",
		"a: !money 12":                  "line 1: !money is not understood",
		strings.Repeat("[", 20_000):     "",
		"a: " + strings.Repeat("{", 99): "",
	} {
		if got, err := jsonOf([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q is %.60s (%v), want %s", text, got, err, want)
		}
	}
}

// TestJSONOfBomb: a short file cannot become a large one.
func TestJSONOfBomb(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for n := range 9 {
		at := string(rune('0' + n))
		next := string(rune('1' + n))
		bomb += "a" + next + ": &a" + next + " [" + strings.TrimSuffix(strings.Repeat("*a"+at+",", 10), ",") + "]\n"
	}
	if got, err := jsonOf([]byte(bomb)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("it is %d bytes (%v)", len(got), err)
	}
}

// FuzzJSONOf: whatever stands in a file is an error or JSON, and JSON is what it was.
func FuzzJSONOf(f *testing.F) {
	for _, seed := range []string{"a: 1", "- x\n- {y: 2.50}", `{"a":[null,true,"\u0000"]}`, "a: &x [*x]", "? a\n: b", "a: |\n  b", "\xff", "a: !!int x", "1e5: 2"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := jsonOf(text)
		if err == nil && !json.Valid(got) {
			t.Errorf("%q is %q", text, got)
		}
		if json.Valid(text) && (err != nil || !bytes.Equal(got, text)) {
			t.Errorf("JSON %q is %q (%v)", text, got, err)
		}
	})
}
