package event_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
)

// What is kept of a failed event is what was sent but for the proof, however it was sent.
func TestWithoutProof(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`{"a": 1.0, "context": {"x":"é","proof":"p", "y" : [1, 2]} ,"b":"\u00e9"}`: `{"a":1.0,"context":{"x":"é","y":[1, 2]},"b":"\u00e9"}`,
		`{"context":{"proof":{"user":"p"}}}`:                                       `{"context":{}}`,
		`{"context":{"proof":"p","proof":"q"},"context":{"proof":1}}`:              `{"context":{},"context":{}}`,
		`{"context":{"\u0070roof":"p"}}`:                                           `{"context":{}}`,
		`{"proof": "mine", "context": {"a": 1}}`:                                   `{"proof":"mine","context":{"a": 1}}`,
		`{"proof": "mine"}`:                                                        `{"proof": "mine"}`,
		`{"context": "proof"}`:                                                     `{"context":"proof"}`,
		`{"context": null}`:                                                        `{"context":null}`,
		`[{"context": {}}]`:                                                        `[{"context": {}}]`,
		`{"context": {"proof"`:                                                     `{"context": {"proof"`,
		``:                                                                         ``,
	} {
		if got := string(event.WithoutProof([]byte(sent))); got != want {
			t.Errorf("%s becomes %s, want %s", sent, got, want)
		}
	}
}

// Whom a bad event names is read as far as it can be.
func TestNamed(t *testing.T) {
	t.Parallel()
	s := event.Stamp{Received: 7, Context: []byte(`{"proof":"p"}`)}
	for sent, want := range map[string]string{
		`{"userId":"1","timestamp":"never"}`: "[user:1] {p  }",
		`{"type":"nonsense","anonymousId":"a","traits":{"email":"A@b.c"},"context":{"proof":{"email":"e"}}}`: "[email:a@b.c anon:a] { e A@b.c}",
		`{"type":"group","userId":"1","traits":{"email":"a@b.c"}}`:                                           "[user:1] {p  }",
		`{"userId":"1\u0000"}`: "[] {p  }",
		`{}`:                   "[] {p  }",
		`[1]`:                  "[] {  }",
		`{`:                    "[] {  }",
	} {
		e := event.Named([]byte(sent), s)
		if got := fmt.Sprint(e.Identifiers, " ", e.Proof); got != want || e.Received != 7 {
			t.Errorf("%s names %s, want %s", sent, got, want)
		}
	}
}
