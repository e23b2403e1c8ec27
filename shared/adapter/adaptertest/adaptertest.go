// Package adaptertest is the suite that every adapter of one port must pass: the real one against the emulators (tests/conformance) and the
// one in package memory. So a test that runs on memory says something about the real thing.
//
// Each function takes a way to open what is tested and runs its cases as subtests. The cases use workspaces, keys and prefixes of their own,
// so open may give the same store every time.
//
//	adaptertest.Queue(t, func(t *testing.T) adaptertest.QueueUnderTest { return … })
package adaptertest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// equal compares whole values and shows them as JSON, which follows pointers.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	t.Errorf("%s:\n got %s\nwant %s", what, shown(got), shown(want))
}

func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	const most = 2000
	if len(text) > most {
		return string(text[:most]) + " …"
	}
	return string(text)
}

// must ends the test on an error that it did not ask for.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantFault checks kind and code of an error.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("%s: got %v (kind %q, code %q), want kind %q, code %q", what, err, fault.KindOf(err), fault.CodeOf(err), kind, code)
	}
}

// noise is text that does not compress to less than half of its n bytes.
func noise(n int) string {
	random := rand.NewChaCha8([32]byte{7})
	raw := make([]byte, (n+1)/2)
	random.Read(raw)
	return hex.EncodeToString(raw)[:n]
}

// strange holds characters that stores and formats get wrong.
var strange = []string{
	"plain", "", "with space", "quo\"te'back\\slash", "nul\x00inside", "line\nfeed\ttab\u2028sep", "ümläut ß é", "日本語", "emoji 👩‍👩‍👧 🏳️‍🌈",
	"nonchar \ufffe \uffff", "<script>&amp;", "#hash#", "~tilde", "rtl \u202e mark", "private \U0010ffff", "-1", "1e400",
}

// noon of 22 November 2026, UTC.
const noon event.Millis = 1795348800000

const (
	hour event.Millis = 60 * 60 * 1000
	day               = 24 * hour
)

// dense is n bytes of text that compresses by a quarter at most.
func dense(n int) string {
	random := rand.NewChaCha8([32]byte{11})
	raw := make([]byte, n)
	random.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)[:n]
}
