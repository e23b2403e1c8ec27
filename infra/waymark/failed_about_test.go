package main

import (
	"testing"

	"waymark/shared/failed"
)

// TestAboutFailed: what an event is and who it is about, of everything that can be kept as failed.
func TestAboutFailed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"type":"track","event":"Order Completed","userId":"42"}`:                             "track Order Completed from web, of user:42",
		`{"userId":42,"anonymousId":"a"}`:                                                      "page from web, of user:42",
		`{"type":"page","name":"Home","anonymousId":"7f"}`:                                     "page Home from web, of anon:7f",
		`{"type":"identify","traits":{"email":"a@b.c"}}`:                                       "identify from web, of email:a@b.c",
		`{"type":"track","properties":{"userId":"9"},"context":{"traits":{"email":"a@b.c"}}}`:  "track from web, of email:a@b.c",
		`{"type":"track","userId":null,"properties":{"list":[{"userId":"9"},"x"],"email":""}}`: "track from web, of nobody that it names",
		`{"type":"track","event":"Seen","userId":"4`:                                           "track Seen from web",
		`7`:  "page from web, of nobody that it names",
		`no`: "page from web",
		``:   "page from web",
		`{"too_large":true,"bytes":99,"beginning":"{\"type\":\"track\",\"userId\":\"42\",\"x\":\"yyy"}`: "track from web, of user:42",
	} {
		if got := aboutFailed(failed.Row{Original: text, Type: "page", Source: "web"}); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	if got := aboutFailed(failed.Row{Whole: true, Source: "web", Original: `{"userId":"1"}`}); got != "a whole message of the queue, from web" {
		t.Errorf("a whole message is %q", got)
	}
}
