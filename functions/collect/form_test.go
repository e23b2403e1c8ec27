package collect_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// TestForms: a form says the same as the JSON that it stands for, whatever its Content-Type.
func TestForms(t *testing.T) {
	t.Parallel()
	event := `{"type":"track","event":"Order Completed","userId":"42","properties":{"n":12345678901234567890,"a":"é&=+"},"context":{"ip":"0"}}`
	batch := `{"batch":[` + goodPage + `,` + event + `],"sentAt":"2026-11-22T09:29:00Z"}`
	fields := url.Values{
		"event": {"Order Completed"}, "userId": {"42"}, "properties": {`{"n":12345678901234567890,"a":"é&=+"}`}, "context": {`{"ip":"0"}`}, "type": {"track"},
	}
	cases := []struct{ name, path, form, plain string }{
		{"data is JSON", "/v1/track", "data=" + url.QueryEscape(event), event},
		{"data is base64", "/v1/track", "data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(event))), event},
		{"data is base64, as it stands", "/v1/track", "data=" + base64.StdEncoding.EncodeToString([]byte(event)), event},
		{"data is base64url", "/v1/track", "data=" + base64.RawURLEncoding.EncodeToString([]byte(event)), event},
		{"a field over data", "/v1/track", "data=" + url.QueryEscape(event) + "&userId=43", strings.Replace(event, `"42"`, `"43"`, 1)},
		{"fields", "/v1/track", fields.Encode(), event},
		{"fields of a beacon", "/v1/beacon", fields.Encode(), event},
		{"batch in data", "/v1/batch", "data=" + url.QueryEscape(batch), batch},
		{"batch as a field", "/v1/b", url.Values{"batch": {`[` + goodPage + `,` + event + `]`}, "sentAt": {"2026-11-22T09:29:00Z"}}.Encode(), batch},
		{"a field that nobody knows", "/v1/track", fields.Encode() + "&x=1", event},
	}
	for _, c := range cases {
		for _, contentType := range []string{"application/x-www-form-urlencoded;charset=UTF-8", "text/plain", "application/json", ""} {
			plain, form := newSystem(), newSystem()
			checkAnswer(t, plain.send(t, post(c.path, c.plain)), 200, fine)
			checkAnswer(t, form.send(t, binaryPost(c.path, c.form).with(map[string]string{"content-type": contentType})), 200, fine)
			if got, want := parsedOf(form), parsedOf(plain); got != want {
				t.Errorf("%s is queued as\n%s\nwant\n%s", c.name, got, want)
			}
		}
	}
	packedForm := binaryPost("/v1/track", packed(t, "writeKey=wk_demo&data="+url.QueryEscape(event)))
	packedForm.Headers = nil
	checkAnswer(t, newSystem().send(t, packedForm), 200, fine)
}

// parsedOf are the events that were queued, but for the ids that are made of how they came.
func parsedOf(s *system) string {
	var all []any
	for _, e := range s.queue.sent {
		for _, one := range e.Parsed {
			one.ID = ""
			all = append(all, one, e.SentAt)
		}
	}
	return asJSON(all)
}

func TestFormRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, form, code, message string }{
		{"twice", "event=A&event=B", "repeated_field", `the form has the field \"event\" twice; send each once`},
		{"brackets", "event=A&properties[a]=1", "bad_form", `the form has the field \"properties[a]\"; send the whole object as JSON under its own name`},
		{"encoded brackets", "event=A&properties%5Ba%5D=1", "bad_form", `the form has the field \"properties[a]\"; send the whole object as JSON under its own name`},
		{"an object that is none", "event=A&properties=a", "bad_form", "properties: this field of a form must be JSON: unexpected character 'a' where a value begins, at byte 1"},
		{"a key twice", `event=A&context={"a":1,"a":2}`, "invalid_json", `context: an object of this field has the key \"a\" twice; send each key once`},
		{"data is no object", "data=[]", "bad_base64", "data: this parameter must be a JSON object in base64url"},
		{"data is a form", "data=" + base64.StdEncoding.EncodeToString([]byte("event=A")), "invalid_json", "the body is not JSON: unexpected character 'e' where a value begins, at byte 1"},
		{"grows beyond the limit", "event=" + strings.Repeat("%01", 100_000), "request_too_large", "the request has 600012 bytes, the limit is 524288; split the batch"},
	} {
		s := newSystem()
		checkAnswer(t, s.send(t, post("/v1/track", c.form)), 400, failure(c.code, c.message))
		s.checkSent(t)
	}
	keys := newSystem()
	checkAnswer(t, keys.send(t, post("/v1/track", "event=A&userId=1&writeKey=wk_shop")), 400,
		failure("key_mismatch", "the Authorization header, the body and the query name different write keys; send one"))
}

// FuzzForm: whatever a form says, it is answered, it is queued or refused but not both, and a good one says what the JSON of its fields says.
func FuzzForm(f *testing.F) {
	f.Add("Order Completed", "42", `{"a":[1,{"b":null}]}`, "x=1")
	f.Add("A&b=c", "\x00\xff", `{"a":1e400}`, "data=e30")
	f.Add("", "%zz", `[`, "properties[a]=1")
	f.Add("A", "undefined", `{"a":"\ud800"}`, "event=B")
	f.Fuzz(func(t *testing.T, name, user, properties, more string) {
		if len(name)+len(user)+len(properties)+len(more) > 2000 {
			return
		}
		form := "event=" + url.QueryEscape(name) + "&userId=" + url.QueryEscape(user) + "&properties=" + url.QueryEscape(properties)
		checkForm(t, form+"&"+more, "")
		if json.Valid([]byte(properties)) {
			quoted := func(s string) string { raw, _ := json.Marshal(s); return string(raw) }
			checkForm(t, form, `{"event":`+quoted(name)+`,"userId":`+quoted(user)+`,"properties":`+properties+`}`)
		}
	})
}

func checkForm(t *testing.T, form, plain string) {
	t.Helper()
	s := newSystem()
	got := s.send(t, post("/v1/track", form))
	if got.StatusCode != 200 && got.StatusCode != 400 || (got.StatusCode == 200) != (len(s.queue.sent) == 1) {
		t.Fatalf("%q is answered %d %s, %d queued", form, got.StatusCode, got.Body, len(s.queue.sent))
	}
	if plain == "" || got.StatusCode != 200 {
		return
	}
	other := newSystem()
	if want := other.send(t, post("/v1/track", plain)); want.Body != got.Body {
		t.Fatalf("%q is answered %s, as JSON %s", form, got.Body, want.Body)
	}
	if !reflect.DeepEqual(parsedOf(s), parsedOf(other)) {
		t.Fatalf("%q is queued as\n%s\nas JSON\n%s", form, parsedOf(s), parsedOf(other))
	}
}

// TestFormNameToTheUnit: a body is a form when its first name has up to 64 letters; a longer one is read as JSON, which it is not.
func TestFormNameToTheUnit(t *testing.T) {
	t.Parallel()
	for letters, code := range map[int]string{64: "", 65: "invalid_json"} {
		got := newSystem().send(t, post("/v1/page", strings.Repeat("x", letters)+"=1&anonymousId=a1"))
		if isTaken := got.StatusCode == 200; isTaken != (code == "") || !strings.Contains(got.Body, code) {
			t.Errorf("a name of %d letters is answered %d %s, want %q", letters, got.StatusCode, got.Body, code)
		}
	}
}
