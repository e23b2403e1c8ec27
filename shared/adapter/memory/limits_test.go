package memory_test

import (
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/fault"
)

// TestItemToTheUnit: an item may have 409,600 bytes, as it is or compressed, and not one more.
func TestItemToTheUnit(t *testing.T) {
	t.Parallel()
	const most = 409_600
	noise := make([]byte, most+1)
	rand.NewChaCha8([32]byte{1}).Read(noise) // which nothing makes shorter
	check := func(what string, text []byte, want string) {
		t.Helper()
		if err := memory.CheckBytes(text); fault.CodeOf(err) != want {
			t.Errorf("%s gives %v, want %q", what, err, want)
		}
	}
	check("the largest item", noise[:most], "")
	check("one byte more", noise, "too_large")
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]bool{}
	for n := most - 600; n < most-500; n++ { // noise, and zeros of which little is left
		text := append(noise[:n:n], make([]byte, 1000)...)
		switch size := len(encoder.EncodeAll(text, nil)); size {
		case most:
			check("an item that is the largest when compressed", text, "")
			found[size] = true
		case most + 1:
			check("one that is a byte more when compressed", text, "too_large")
			found[size] = true
		}
	}
	if len(found) != 2 {
		t.Errorf("no text was compressed to exactly %d and %d bytes: %v", most, most+1, found)
	}
}
