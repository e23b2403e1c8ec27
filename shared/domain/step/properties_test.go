package step_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/step"
)

// TestSaidIsReadAgain: what is written down is read again, one by one and all at once, whatever stands in it; JSON reads it too.
func TestSaidIsReadAgain(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	texts := []string{
		"", "plan", "pro", `"`, `\`, `\"`, "<&>", "é", "\u2028", "\x00", ":", `":"`, `","plan":"`, `{"plan":"x"}`, "a b", "plan\n", "😀", `x\`, "}", ",",
	}
	pick := func() string { return texts[r.IntN(len(texts))] }
	for range 3000 {
		properties := map[string]string{}
		for range r.IntN(5) {
			properties[pick()+pick()] = pick() + pick()
		}
		said := step.SaidOf(properties)
		var want map[string]string
		if said != "" {
			if err := json.Unmarshal([]byte(said), &want); err != nil {
				t.Fatalf("%q: %v", said, err)
			}
		}
		if got := said.All(); !maps.Equal(got, want) || !maps.Equal(got, properties) {
			t.Fatalf("%s is read as %q, want %q", said, got, properties)
		}
		for range 3 {
			if name := pick() + pick(); said.Property(name) != properties[name] {
				t.Fatalf("%q of %s is %q, want %q", name, said, said.Property(name), properties[name])
			}
		}
	}
	for _, broken := range []step.Said{"{", "{}", `{"a"`, `{"a":`, `{"a":"b"`, `["a":"b"}`, `{"a":"b",}`, `{"a":"b"}x`, `{"a":1}`, `x`, `{"a":"b`, `{"a" "b"}`} {
		if got := broken.All(); len(got) > 0 {
			t.Errorf("%s is read as %q", broken, got)
		}
	}
}
