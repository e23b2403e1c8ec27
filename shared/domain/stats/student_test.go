package stats_test

import (
	"math"
	"testing"

	"waymark/shared/domain/stats"
)

// TestStudentQuantile: values of R's qt, to 1e-9.
func TestStudentQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ p, freedom, want float64 }{
		{.975, 1, 12.706204736174694}, {.975, 10, 2.2281388519862744}, {.5, 3, 0}, {.025, 30, -2.0422724563012382},
	} {
		if got := stats.StudentQuantile(c.p, c.freedom); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("StudentQuantile(%v, %v) = %v, want %v", c.p, c.freedom, got, c.want)
		}
	}
}
