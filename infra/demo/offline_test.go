package demo_test

import (
	"testing"

	"waymark/infra/demo"
	"waymark/shared/analyse"
)

// TestEveryAnalysisIsCompared: an analysis without a number of real data beside it is not released.
func TestEveryAnalysisIsCompared(t *testing.T) {
	t.Parallel()
	lines, err := demo.Lines()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range analyse.Analyses() {
		if lines[a.Name] == 0 {
			t.Errorf("waymark demo compares no number of the analysis %s; add a line to the expectations of a data set", a.Name)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ours, want, within string
		equal              bool
	}{
		{"464.356438", "464.3564", "", true},
		{"464.356450", "464.3564", "", false},
		{"2184797.04", "2184797.04", "", true},
		{"2184797.041", "2184797.04", "", true},
		{"2184797.05", "2184797.04", "", false},
		{"57.4", "57.40", "", true},
		{"2134", "2134", "", true},
		{"2134.4", "2134", "", true}, // counts are integers anyway
		{"0.41565135895032803", "0.415651358950328", "", true},
		{"", "0", "", false},
		{"none", "1", "", false},
		{"reached", "reached", "", true},
		{"reached", "missed", "", false},
		{"0.242595", "0.243", "0.0005", true},
		{"0.242595", "0.243", "0.0004", false},
		{"-9582.4292", "-9582.4", "0.05", true},
		{"", "0", "1", false},
	} {
		if got := demo.Equal(test.ours, test.want, test.within); got != test.equal {
			t.Errorf("Equal(%q, %q, %q) = %v, want %v", test.ours, test.want, test.within, got, test.equal)
		}
	}
}
