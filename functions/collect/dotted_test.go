package collect_test

import (
	"fmt"
	"testing"
)

// TestDottedPixel sends what the published description of RudderStack's pixel names.
func TestDottedPixel(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, path, query, queued string }{
		{
			"page", "/pixel/v1/page",
			"writeKey=wk_demo&anonymousId=a1&userId=42&name=Home&context.library.name=AMP&context.page.url=https://shop.example/a&context.page.title=A" +
				"&properties.path=/a&context.screen.width=1280",
			`{"anonymousId":"a1","context":{"library":{"name":"AMP"},"page":{"title":"A","url":"https://shop.example/a"},"screen":{"width":"1280"}},` +
				`"name":"Home","properties":{"path":"/a"},"type":"page","userId":"42"}`,
		},
		{
			"track", "/pixel/v1/track/", "writeKey=wk_demo&anonymousId=a1&event=Email+Opened&properties.campaign=autumn&type=page&context=",
			`{"anonymousId":"a1","event":"Email Opened","properties":{"campaign":"autumn"},"type":"track"}`,
		},
	}
	for _, c := range cases {
		s := newSystem()
		got := s.send(t, request{Method: "GET", Path: c.path, Query: c.query})
		if got.StatusCode != 200 || got.Headers["content-type"] != "image/gif" || got.Headers["waymark-rejected"] != "" {
			t.Errorf("%s is answered %d %v, want the image", c.name, got.StatusCode, got.Headers)
		}
		s.checkSent(t, envelope(c.queued))
		head := newSystem()
		if got := head.send(t, request{Method: "HEAD", Path: c.path, Query: c.query}); got.StatusCode != 200 {
			t.Errorf("HEAD of %s is answered %d", c.name, got.StatusCode)
		}
		head.checkSent(t)
	}
	for _, query := range []string{"properties=a&properties.b=c", "a.b.c.d.e.f.g.h.i=1", "properties.a=1&properties.a.b=2"} {
		got := newSystem().send(t, request{Method: "GET", Path: "/pixel/v1/page", Query: "writeKey=wk_demo&" + query})
		if got.StatusCode != 400 {
			t.Errorf("?%s is answered %d %s, want 400", query, got.StatusCode, got.Body)
		}
	}
}

// TestPixelOfNobody: an image that names nobody gets an id of its own, and only that; what is bad for another reason stays bad.
func TestPixelOfNobody(t *testing.T) {
	t.Parallel()
	for path, queued := range map[string]string{
		"/v1/pixel.gif":  `{"anonymousId":"made-here","context":{"campaign":{},"page":{}},"properties":{},"type":"page"}`,
		"/pixel/v1/page": `{"anonymousId":"made-here","type":"page"}`,
	} {
		for _, query := range []string{"", "&anonymousId=", "&userId="} {
			s := newSystem()
			got := s.send(t, request{Method: "GET", Path: path, Query: "strict=1&writeKey=wk_demo" + query})
			if got.StatusCode != 200 || got.Headers["waymark-rejected"] != "" {
				t.Errorf("%s with %q is answered %d %s, %v", path, query, got.StatusCode, got.Body, got.Headers)
			}
			if query == "" {
				s.checkSent(t, envelope(queued))
			}
			if ids := s.queue.sent[0].Parsed[0].Identifiers; len(ids) != 1 || fmt.Sprint(ids[0]) != "anon:made-here" {
				t.Errorf("%s with %q is of %v, want an id of its own", path, query, ids)
			}
		}
	}
	for _, query := range []string{"&anonymousId=undefined", "&userId=null&anonymousId=0"} { // a template that was not filled in is a mistake to be seen
		got := newSystem().send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_demo" + query})
		if got.StatusCode != 200 || got.Headers["waymark-rejected"] != "1/1" {
			t.Errorf("an image with %s is answered %d %v, want that it is bad", query, got.StatusCode, got.Headers)
		}
	}
	s := newSystem()
	if got := s.send(t, request{Method: "GET", Path: "/pixel/v1/track", Query: "writeKey=wk_demo"}); got.Headers["waymark-rejected"] != "1/1" {
		t.Errorf("a track event without a name is answered %v, want that it is bad", got.Headers)
	}
	sent := newSystem()
	sent.send(t, post("/v1/page", `{}`))
	if got := len(sent.queue.sent[0].Parsed); got != 0 {
		t.Errorf("a client that names nobody has %d good events, want none: it could have", got)
	}
}

// TestDotsToTheUnit asks the depth of the pixel's parameters at its limit and one beyond.
func TestDotsToTheUnit(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"a.b.c.d.e.f.g.h": 200, "a.b.c.d.e.f.g.h.i": 400} {
		got := newSystem().send(t, request{Method: "GET", Path: "/pixel/v1/page", Query: "writeKey=wk_demo&" + name + "=1"})
		if got.StatusCode != want {
			t.Errorf("%s is answered %d %s, want %d", name, got.StatusCode, got.Body, want)
		}
	}
}
