package sequence_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/sequence"
)

// TestCounts counts in parts whose labels are numbered otherwise: the whole is the same, sorted by names, without labels that no sequence has.
func TestCounts(t *testing.T) {
	t.Parallel()
	count := func(paths ...string) *sequence.Counts[int] {
		c := sequence.New[int]()
		c.Label("nowhere " + paths[0])
		for _, path := range paths {
			var labels []uint32
			for _, name := range strings.Fields(path) {
				labels = append(labels, c.Label(name))
			}
			*c.At(labels)++
		}
		return c
	}
	shown := func(c *sequence.Counts[int]) (out string) {
		names, entries := c.Sorted()
		for _, e := range entries {
			for _, n := range e.Labels {
				out += names[n] + " "
			}
			out += fmt.Sprintf("%d\n", *e.Of)
		}
		return out + fmt.Sprint(names)
	}
	whole := count("b a", "a", "a b", "b a", "b a c")
	joined := count("b a", "b a c")
	joined.Join(count("a b", "b a", "a"), func(to, part *int) { *to += *part })
	const want = "a 1\na b 1\nb a 2\nb a c 1\n[a b c]"
	if got := shown(whole); got != want {
		t.Errorf("counted at once:\n%s\nwant\n%s", got, want)
	}
	if got := shown(joined); got != want {
		t.Errorf("counted in parts:\n%s\nwant\n%s", got, want)
	}
}
