package collect_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
)

// overlaid says where in the event a parameter of the pixel goes, as docs/api.md describes it.
var overlaid = map[string][][]string{
	"type": {{"type"}}, "event": {{"event"}}, "name": {{"name"}}, "userId": {{"userId"}}, "anonymousId": {{"anonymousId"}}, "messageId": {{"messageId"}},
	"timestamp": {{"timestamp"}}, "url": {{"context", "page", "url"}, {"properties", "url"}}, "referrer": {{"context", "page", "referrer"}, {"properties", "referrer"}},
	"title": {{"context", "page", "title"}, {"properties", "title"}}, "utm_source": {{"context", "campaign", "source"}}, "utm_medium": {{"context", "campaign", "medium"}},
	"utm_campaign": {{"context", "campaign", "name"}}, "utm_term": {{"context", "campaign", "term"}}, "utm_content": {{"context", "campaign", "content"}},
}

// FuzzPixel: what a parameter says is where it belongs, what data says beside it stays, and a request that is no event is refused by name. The image
// comes exactly when something is queued.
func FuzzPixel(f *testing.F) {
	f.Add([]byte(`{"userId":"1","properties":{"n":1e400},"context":{"page":7}}`), uint8(3), "https://shop.example/?a=b", "writeKey=wk_demo&%zz;x")
	f.Add([]byte(`{"writeKey":"wk_demo","type":"track","event":"A","":null}`), uint8(0), "\xff\x00", "")
	f.Add([]byte(`{"writeKey":7}`), uint8(5), "", "writeKey=")
	f.Add([]byte(`[]`), uint8(1), "x", "strict=1")
	f.Add([]byte(nil), uint8(9), "42", "userId=41&utm_source=+")
	names := slices.Sorted(maps.Keys(overlaid))
	f.Fuzz(func(t *testing.T, data []byte, which uint8, value, more string) {
		if strings.HasPrefix(string(data), "\x1f") || len(data) > 1000 {
			return // FuzzGzip and the limits have tests of their own
		}
		name := names[int(which)%len(names)]
		query := name + "=" + url.QueryEscape(value) + "&data=" + base64.RawURLEncoding.EncodeToString(data) + "&" + more
		s := newSystem()
		got := s.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: query, Headers: map[string]string{"authorization": basic("wk_demo:")}})
		if isImage := got.IsBase64Encoded; got.StatusCode >= 500 || isImage != (got.StatusCode == 200) || isImage != (len(s.queue.sent) == 1) {
			t.Fatalf("?%s is answered %d %s, %d queued", query, got.StatusCode, got.Body, len(s.queue.sent))
		}
		var sent map[string]any
		var whole json.RawMessage
		isObject := len(data) == 0 || json.Unmarshal(data, &whole) == nil && json.Unmarshal(data, &sent) == nil && sent != nil
		if got.StatusCode != 200 {
			isData := strings.Contains(got.Body, `"code":"invalid_json"`) || strings.Contains(got.Body, `"code":"not_an_object"`)
			if isObject && isData {
				t.Fatalf("?%s is answered %d %s, its data is an object", query, got.StatusCode, got.Body)
			}
			return
		}
		if sent["timestamp"] != nil || strings.Contains(query, "timestamp") || strings.Contains(query, "strict") {
			return
		}
		bad := newSystem() // an event without a time that can be read is queued as it was made, for all to see
		bad.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: query + "&timestamp=soon", Headers: map[string]string{"authorization": basic("wk_demo:")}})
		made := bad.queue.sent[0]
		checkOverlaid(t, query, made.Events[0], sent, name, value)
		made.Events[0] = bytes.Replace(made.Events[0], []byte(`,"timestamp":"soon"`), nil, 1)
		made.Events[0] = bytes.Replace(made.Events[0], []byte(`"timestamp":"soon",`), nil, 1)
		if len(s.queued(made).Parsed) == 0 { // it names nobody, so an id was made up for it, see TestPixelOfNobody
			made.Events[0] = withAnonymousID(t, made.Events[0])
		}
		if got, want := s.queue.sent[0], s.queued(made); len(got.Parsed) > 0 && !reflect.DeepEqual(got.Parsed, want.Parsed) {
			t.Fatalf("?%s: queued is %+v, want %+v", query, got, want)
		}
	})
}

func withAnonymousID(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	members := map[string]json.RawMessage{}
	decodeExactly(t, raw, &members)
	members["anonymousId"] = json.RawMessage(`"made-here"`)
	out, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkOverlaid(t *testing.T, query string, raw json.RawMessage, sent map[string]any, name, value string) {
	t.Helper()
	var queued map[string]any
	if len(raw) > event.MaxEventBytes || json.Unmarshal(raw, &queued) != nil {
		return // an event that is too large is kept in part; numbers beyond a float cannot be read this way
	}
	parameters, _ := url.ParseQuery(query)
	for _, path := range overlaid[name] {
		var at any = queued
		for _, step := range path {
			tree, _ := at.(map[string]any)
			at = tree[step]
		}
		if want := parameters.Get(name); want != "" && !sameText(at, want) {
			t.Fatalf("?%s: %v is %q, want %q", query, path, at, want)
		}
	}
	if _, has := queued["writeKey"]; has {
		t.Fatalf("?%s: the write key is queued: %s", query, raw)
	}
	for key, want := range sent {
		if overlaid[key] != nil || slices.Contains([]string{"writeKey", "context", "properties"}, key) {
			continue
		}
		if !reflect.DeepEqual(queued[key], want) {
			t.Fatalf("?%s: %q is %v, data says %v", query, key, queued[key], want)
		}
	}
}

// sameText compares with each byte that is no UTF-8 taken for U+FFFD.
func sameText(got any, want string) bool {
	text, ok := got.(string)
	return ok && text == string([]rune(want))
}
