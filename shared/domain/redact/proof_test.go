package redact_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
)

// TestProofs: what is verified behind the door passes it as it is, whatever its digits look like, in an event and in the context of a batch.
func TestProofs(t *testing.T) {
	t.Parallel()
	for _, proof := range []string{"4111111111111111" + strings.Repeat("0", 48), strings.Repeat("4929123412341234", 4), "sk_" + strings.Repeat("a", 61)} {
		for _, text := range []string{`"` + proof + `"`, `{"user":"` + proof + `","email":"` + proof + `"}`} {
			context := `{"proof":` + text + `}`
			for _, c := range []struct {
				sent   string
				redact func(strictjson.Value) strictjson.Value
			}{{`{"type":"page","context":` + context + `}`, redact.Event}, {context, redact.Context}} {
				v, err := strictjson.Parse(c.sent)
				if err != nil {
					t.Fatal(err)
				}
				if got := c.redact(v).Raw(); got != c.sent {
					t.Errorf("%s becomes %s", c.sent, got)
				}
			}
		}
		elsewhere := `{"proof":"sk_` + strings.Repeat("1", 30) + `","context":{"proof":{"other":"sk_` + strings.Repeat("1", 30) + `"}}}`
		v, _ := strictjson.Parse(elsewhere)
		if got, want := redact.Event(v).Raw(), `{"proof":"[token]","context":{"proof":{"other":"[token]"}}}`; got != want {
			t.Errorf("%s becomes %s, want %s", elsewhere, got, want)
		}
	}
}
