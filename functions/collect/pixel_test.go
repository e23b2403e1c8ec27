package collect_test

import (
	"encoding/base64"
	"net/url"
	"testing"
)

func TestPixel(t *testing.T) {
	t.Parallel()
	data := func(object string) string { return base64.RawURLEncoding.EncodeToString([]byte(object)) }
	cases := []struct {
		name   string
		query  url.Values
		queued string
	}{
		{
			"page view",
			url.Values{"anonymousId": {"a1"}, "url": {"https://shop.example/a?b=1"}, "title": {"A"}, "referrer": {"https://s.example/"}},
			`{"anonymousId":"a1","context":{"campaign":{},"page":{"referrer":"https://s.example/","title":"A","url":"https://shop.example/a?b=1"}},` +
				`"properties":{"referrer":"https://s.example/","title":"A","url":"https://shop.example/a?b=1"},"type":"page"}`,
		},
		{
			"opened mail",
			url.Values{
				"type": {"track"}, "event": {"Email Opened"}, "userId": {"42"}, "messageId": {"m1"}, "timestamp": {"2026-11-22T09:00:00Z"},
				"utm_source": {"news"}, "utm_medium": {"email"}, "utm_campaign": {"autumn"}, "utm_term": {"boots"}, "utm_content": {"top"},
			},
			`{"context":{"campaign":{"content":"top","medium":"email","name":"autumn","source":"news","term":"boots"},"page":{}},"event":"Email Opened",` +
				`"messageId":"m1","properties":{},"timestamp":"2026-11-22T09:00:00Z","type":"track","userId":"42"}`,
		},
		{
			"data below what the query says",
			url.Values{
				"data": {data(`{"type":"track","event":"A","userId":"1","properties":{"n":12345678901234567890,"url":"x"},"context":{"page":{"title":"T"},"ip":"0"}}`)}, "event": {"B"},
				"url": {"https://shop.example/"},
			},
			`{"context":{"campaign":{},"ip":"0","page":{"title":"T","url":"https://shop.example/"}},"event":"B",` +
				`"properties":{"n":12345678901234567890,"url":"https://shop.example/"},"type":"track","userId":"1"}`,
		},
		{
			"data with padding and a plain alphabet",
			url.Values{"data": {base64.StdEncoding.EncodeToString([]byte(`{"userId":"??>"}`))}},
			`{"context":{"campaign":{},"page":{}},"properties":{},"type":"page","userId":"??>"}`,
		},
		{
			"bad event",
			url.Values{"type": {"jump"}},
			`{"context":{"campaign":{},"page":{}},"properties":{},"type":"jump"}`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			c.query.Set("writeKey", "wk_demo")
			got := s.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: c.query.Encode()})
			image, err := base64.StdEncoding.DecodeString(got.Body)
			if got.StatusCode != 200 || err != nil || len(image) != 43 || string(image[:6]) != "GIF89a" || !got.IsBase64Encoded {
				t.Errorf("answered %d with %d bytes %q, want a GIF of 43", got.StatusCode, len(image), image)
			}
			if got.Headers["content-type"] != "image/gif" || got.Headers["cache-control"] != "no-store" {
				t.Errorf("headers are %v, want image/gif, no-store", got.Headers)
			}
			s.checkSent(t, envelope(c.queued))
		})
	}
}

func TestPixelRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		query, code, message string
		status               int
	}{
		{"anonymousId=a1", "missing_key", "send the write key: as user of a Basic Authorization header, as writeKey in the body, or as ?writeKey=", 401},
		{"writeKey=wk_nobody&anonymousId=a1", "unknown_key", "the key is not known here; check it, and that it belongs to this installation", 401},
		{"writeKey=wk_demo&data=%21", "bad_base64", "data: this parameter must be a JSON object in base64url", 400},
		{"writeKey=wk_demo&data=" + base64.RawURLEncoding.EncodeToString([]byte("[]")), "not_an_object", "the body is not a JSON object", 400},
		{
			"writeKey=wk_demo&data=" + base64.RawURLEncoding.EncodeToString([]byte(`{"writeKey":"wk_shop"}`)), "key_mismatch",
			"the Authorization header, the body and the query name different write keys; send one", 400,
		},
	}
	for _, c := range cases {
		s := newSystem()
		got := s.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: c.query})
		checkAnswer(t, got, c.status, failure(c.code, c.message))
		s.checkSent(t)
	}
}

func TestPixelKeyInData(t *testing.T) {
	t.Parallel()
	s := newSystem()
	data := base64.RawURLEncoding.EncodeToString([]byte(`{"writeKey":"wk_demo","userId":"1"}`))
	if got := s.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: "data=" + data}); got.StatusCode != 200 {
		t.Errorf("answered %d %s, want 200", got.StatusCode, got.Body)
	}
	s.checkSent(t, envelope(`{"context":{"campaign":{},"page":{}},"properties":{},"type":"page","userId":"1"}`))
}
