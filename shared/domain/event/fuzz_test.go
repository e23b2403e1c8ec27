package event_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// FuzzReader holds Parse against a reader that shares no code with it: both take the same texts for a JSON object of at most 32 levels, and read
// the same ids, names and properties from it.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"type":"track","event":"A\ud83d\ude00\ud800","userId":"1","messageId":"m","userId":2e3,"USERID":"x","properties":{"a":[1,-0,1E400,{"b":null}],"a":2}}`,
		" {\n\"type\" :\t\"page\",\"anonymousId\":\"\xff\\u0041\",\"messageId\":12345678901234567890}\r",
		`{"type":"page","userId":"a"}{}`, `{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		`{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":+1}`, `{"a":"` + "\x01" + `"}`, `{"a":"\u12"}`, `{"a":"\x41"}`, `{"a":tru}`, `{"a":1,}`, `{,}`, `{"a" 1}`, `[1]`, `null`, ``,
		`{"properties":{"__proto__":{}},"type":"screen","userId":"é","messageId":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > event.MaxEventBytes {
			return
		}
		got, err := event.Parse(raw, stamp())
		tree, depth, noJSON := readObject(string(raw))
		code := fault.CodeOf(err)
		if noJSON == nil && (depth > event.MaxDepth) != (code == "too_deep") {
			t.Fatalf("Parse(%q) = %v of an object of %d levels", raw, err, depth)
		}
		if code == "too_deep" {
			return
		}
		if (noJSON != nil) != (code == "bad_json") {
			t.Fatalf("Parse(%q) = %v, the other reader says %v", raw, err, noJSON)
		}
		if err != nil {
			return
		}
		name := "name"
		if got.Type == event.Track {
			name = "event"
		}
		for what, pair := range map[string][2]string{
			"type": {string(got.Type), said(tree["type"])}, "messageId": {string(got.ID), said(tree["messageId"])}, "name": {got.Name, spaced(said(tree[name]))},
		} {
			if pair[1] != "" && pair[0] != pair[1] && (what != "name" || got.Type.Touches()) {
				t.Errorf("Parse(%q): the %s is %q, the other reader says %q", raw, what, pair[0], pair[1])
			}
		}
		properties, _ := tree["properties"].(map[string]any)
		if !reflect.DeepEqual(got.Properties, properties) {
			t.Errorf("Parse(%q): properties %v, the other reader says %v", raw, got.Properties, properties)
		}
		checkNamed(t, raw, got, event.User, said(tree["userId"]))
		checkNamed(t, raw, got, event.Anonymous, said(tree["anonymousId"]))
	})
}

// checkNamed: an id that may be used is the event's one of its kind.
func checkNamed(t *testing.T, raw []byte, e event.Event, kind event.Kind, value string) {
	t.Helper()
	want, err := event.NewIdentifier(kind, value)
	if err != nil {
		return
	}
	for _, id := range e.Identifiers {
		if id == want {
			return
		}
	}
	t.Errorf("Parse(%q): the identifiers %q lack %q", raw, e.Identifiers, want)
}

// said is a scalar as text.
func said(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	}
	return ""
}

func spaced(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
}

// FuzzIdentifier: what is an identifier stays the same when it is read again, has the kind and the value it was made of, and holds nothing by which
// two could be taken for one or by which a store could choke.
func FuzzIdentifier(f *testing.F) {
	for _, seed := range []string{
		"user:42", "user: null ", "email: Jo@Shop.Example ", "email:İ@ẞ.example", "phone:+44 (0)20-7946.0000", "phone:- - -", "loyalty:a:b", "device:", "anon:\ufffd", "anon:\xff",
		"anon:a\u0000", "jump:1", "user", ":x", "user:" + strings.Repeat("é", 256), "user:" + strings.Repeat("x", 513), "email:" + strings.Repeat("Ⱥ", 256),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := event.ParseIdentifier(text)
		if err != nil {
			if code := fault.CodeOf(err); id != "" || fault.KindOf(err) != fault.Invalid || code != "bad_identifier" && code != "bad_encoding" && code != "key_too_long" && code != "blocked_identifier" {
				t.Fatalf("ParseIdentifier(%q) = %q, %v", text, id, err)
			}
			return
		}
		if again, err := event.ParseIdentifier(string(id)); err != nil || again != id {
			t.Errorf("ParseIdentifier(%q) = %q, and of that %q, %v", text, id, again, err)
		}
		if string(id) != string(id.Kind())+":"+id.Value() || id.Kind().Rank() >= len(event.Kinds) {
			t.Errorf("ParseIdentifier(%q) = %q of kind %q and value %q", text, id, id.Kind(), id.Value())
		}
		_, value, _ := strings.Cut(text, ":")
		if kind := id.Kind(); kind != event.Email && kind != event.Phone && id.Value() != value {
			t.Errorf("ParseIdentifier(%q) has the value %q: nothing but e-mails and phones may change", text, id.Value())
		}
		if v := id.Value(); v == "" || len(v) > event.MaxIdentifierBytes || !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
			t.Errorf("ParseIdentifier(%q) has the value %q", text, v)
		}
	})
}
