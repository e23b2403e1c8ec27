package message_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, event, want string }{
		{"ASCII", `{"a":"b"}`, `{"a":"b"}`},
		{"Latin", `"é"`, `"\u00e9"`},
		{"beyond the basic plane", `"😀"`, `"\ud83d\ude00"`},
		{"last of all", "\"\U0010ffff\"", `"\udbff\udfff"`},
		{"no characters", "\"\ufffe\uffff\"", `"\ufffe\uffff"`},
		{"no UTF-8", "\"\xff\xc3(\"", `"\ufffd\ufffd("`},
		{"an escape of its own", `"\ud800 \u0000 \u00e9"`, `"\ud800 \u0000 \u00e9"`},
		{"markup", `"<&>\u2028"`, `"<&>\u2028"`},
		{"space between", "{ \"a\" :\n\t1 }", `{"a":1}`},
		{"digits", `12345678901234567890.10`, `12345678901234567890.10`},
	} {
		e := event.Envelope{Version: 1, Workspace: "shop", Source: "web", Received: 1, Request: "r", Events: []json.RawMessage{json.RawMessage(c.event)}}
		got, err := message.Encode(e)
		want := `{"v":1,"workspace":"shop","source":"web","received":1,"request":"r","events":[` + c.want + `]}`
		if err != nil || got != want {
			t.Errorf("%s: Encode gave %s, %v, want %s", c.name, got, err, want)
		}
	}
	if _, err := message.Encode(event.Envelope{Events: []json.RawMessage{json.RawMessage(`{`)}}); fault.CodeOf(err) != "bad_message" {
		t.Errorf("Encode of broken JSON: got %v, want bad_message", err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, code string }{
		{"complete", `{"v":1,"workspace":"shop","source":"web","received":1,"request":"r","type":"track","first":3,"events":[{}]}`, ""},
		{"nothing", ``, "bad_message"},
		{"no JSON", `{"v":1`, "bad_message"},
		{"no object", `[1]`, "bad_message"},
		{"null", `null`, "bad_message"},
		{"no version", `{"workspace":"shop","events":[{}]}`, "bad_message"},
		{"version in text", `{"v":"1","workspace":"shop","events":[{}]}`, "bad_message"},
		{"version before the first", `{"v":0,"workspace":"shop","events":[{}]}`, "bad_message"},
		{"a later version", `{"v":3,"workspace":"shop","events":[{}],"new":{"field":1}}`, "version_too_new"},
		{"a later version of another form", `{"v":4,"workspace":7}`, "version_too_new"},
		{"unknown field", `{"v":1,"workspace":"shop","events":[{}],"new":1}`, "bad_message"},
		{"wrong type", `{"v":1,"workspace":7,"events":[{}]}`, "bad_message"},
		{"no workspace", `{"v":1,"events":[{}]}`, "bad_message"},
		{"no events", `{"v":1,"workspace":"shop","events":[]}`, "bad_message"},
		{"unknown type", `{"v":1,"workspace":"shop","type":"trick","events":[{}]}`, "bad_message"},
		{"received before 1970", `{"v":1,"workspace":"shop","received":-1,"events":[{}]}`, "bad_message"},
		{"received in the year 2100", `{"v":1,"workspace":"shop","received":4102444800000,"events":[{}]}`, "bad_message"},
		{"received beyond all years", `{"v":1,"workspace":"shop","received":9223372036854775807,"events":[{}]}`, "bad_message"},
		{"place before the first", `{"v":1,"workspace":"shop","first":-1,"events":[{}]}`, "bad_message"},
		{"a note with events", `{"v":1,"workspace":"shop","request":"r","refused":{"code":"c","events":1},"events":[{}]}`, "bad_message"},
		{"a note of no request", `{"v":1,"workspace":"shop","refused":{"code":"c","events":1},"events":null}`, "bad_message"},
		{"a note of no events", `{"v":1,"workspace":"shop","request":"r","refused":{"code":"c","events":0},"events":null}`, "bad_message"},
		{"a note without a code", `{"v":1,"workspace":"shop","request":"r","refused":{"events":1},"events":null}`, "bad_message"},
		{"two envelopes", `{"v":1,"workspace":"shop","events":[{}]}{}`, "bad_message"},
	} {
		got, err := message.Decode(c.body)
		if fault.CodeOf(err) != c.code || (err != nil && fault.KindOf(err) != fault.Invalid) {
			t.Errorf("%s: Decode gave %v, want code %q", c.name, err, c.code)
		}
		want := event.Envelope{
			Version: 1, Workspace: "shop", Source: "web", Received: 1, Request: "r", Type: event.Track, First: 3, Events: []json.RawMessage{json.RawMessage(`{}`)},
		}
		if c.code == "" && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: Decode gave %+v, want %+v", c.name, got, want)
		}
	}
}

// allowed says whether SQS takes a character.
func allowed(r rune) bool {
	return r == 0x9 || r == 0xA || r == 0xD || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

// FuzzMessage writes any envelope and reads it again: SQS takes the text, and it says the same.
func FuzzMessage(f *testing.F) {
	for _, seed := range []struct{ text, raw string }{
		{"plain", `{"type":"track"}`}, {"é😀\ufffe", `["\ud83d\ude00","😀","\ufffe"]`}, {"\x00\x01\u007f\u2028", `"\u0000"`}, {"\xff\xfe", "\"\xff\""},
	} {
		f.Add(seed.text, []byte(seed.raw))
	}
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		e := event.Envelope{Version: 1, Workspace: "shop", Source: text, Received: 1, Request: text, SentAt: text, Events: []json.RawMessage{raw, raw}}
		body, err := message.Encode(e)
		if err != nil {
			if json.Valid(raw) {
				t.Fatalf("Encode refused valid JSON: %v", err)
			}
			return
		}
		if !utf8.ValidString(body) || strings.ContainsFunc(body, func(r rune) bool { return !allowed(r) || r >= utf8.RuneSelf }) {
			t.Fatalf("Encode wrote what SQS refuses: %q", body)
		}
		got, err := message.Decode(body)
		if err != nil {
			t.Fatalf("Decode of %s: %v", body, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); !sameText(got.Source, text) || !sameText(got.Request, text) {
			t.Errorf("Decode gave %q, want %q", got.Source, want)
		}
		if !sameJSON(got.Events[0], raw) || !bytes.Equal(got.Events[0], got.Events[1]) {
			t.Errorf("Decode gave %s, want %s", got.Events[0], raw)
		}
		again, err := message.Encode(got)
		if err != nil || again != body {
			t.Errorf("Encode of what was decoded gave %s, %v, want %s", again, err, body)
		}
	})
}

// sameText compares text with each byte that is no UTF-8 taken for U+FFFD.
func sameText(a, b string) bool { return string([]rune(a)) == string([]rune(b)) }

func sameJSON(a, b []byte) bool {
	return reflect.DeepEqual(tree(a), tree(b))
}

func tree(raw []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	return value
}
