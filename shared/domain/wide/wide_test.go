package wide_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/wide"
	"waymark/shared/testing/seed"
)

// random is a number of any size up to 127 bits.
func random(r *rand.Rand) *big.Int {
	n := new(big.Int).SetUint64(r.Uint64())
	n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(r.Uint64())).Rsh(n, 2+uint(r.IntN(127)))
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	return n
}

// Everything equals math/big.
func TestAgainstBig(t *testing.T) {
	t.Parallel()
	seed.Each(t, 20000, func(t *testing.T, r *rand.Rand) {
		x, y := random(r), random(r)
		a, okA := wide.OfBig(x)
		b, okB := wide.OfBig(y)
		if !okA || !okB || a.Big().Cmp(x) != 0 || a.String() != x.String() {
			t.Fatalf("%s is read as %s, %v", x, a, okA && okB)
		}
		if got, want := a.Add(b).Big(), new(big.Int).Add(x, y); got.Cmp(want) != 0 {
			t.Fatalf("%s + %s = %s, want %s", x, y, got, want)
		}
		if got, want := a.Sub(b).Big(), new(big.Int).Sub(x, y); got.Cmp(want) != 0 {
			t.Fatalf("%s − %s = %s, want %s", x, y, got, want)
		}
		if got, want := a.Compare(b), x.Cmp(y); got != want || (a == b) != (want == 0) || a.IsZero() != (x.Sign() == 0) {
			t.Fatalf("%s compares with %s as %d, want %d", x, y, got, want)
		}
		if n, fits := a.Int64(); fits != x.IsInt64() || fits && n != x.Int64() {
			t.Fatalf("%s as 64 bits is %d, %v", x, n, fits)
		}
		text, err := json.Marshal(a)
		var back wide.Int
		if err != nil || json.Unmarshal(text, &back) != nil || back != a {
			t.Fatalf("%s comes back from %s as %s: %v", x, text, back, err)
		}
	})
}

func TestEdges(t *testing.T) {
	t.Parallel()
	least := new(big.Int).Lsh(big.NewInt(-1), 127)
	if a, fits := wide.OfBig(least); !fits || a.Big().Cmp(least) != 0 {
		t.Errorf("the least number is %s, %v", a, fits)
	}
	for _, beyond := range []*big.Int{new(big.Int).Sub(least, big.NewInt(1)), new(big.Int).Neg(least)} {
		if _, fits := wide.OfBig(beyond); fits {
			t.Errorf("%s is said to fit", beyond)
		}
		if _, err := wide.Parse(beyond.String()); err == nil {
			t.Errorf("%s is read", beyond)
		}
	}
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		if got, fits := wide.Of(n).Int64(); got != n || !fits {
			t.Errorf("%d is %d, %v", n, got, fits)
		}
	}
	for _, text := range []string{"", "x", "1.5", "1e3", `"1"`, "--1"} {
		if a, err := wide.Parse(text); err == nil {
			t.Errorf("%q is read as %s", text, a)
		}
	}
}
