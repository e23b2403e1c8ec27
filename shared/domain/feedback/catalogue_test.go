package feedback_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/journeymap"
	"waymark/shared/model"
)

// TestCatalogue: the events that analyses look for by themselves are in the catalogue, so that stage models and schemas know them too.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	known := model.TrackNames()
	for _, of := range []analysis.Analysis{feedback.Analysis(), journeymap.Analysis()} {
		for _, p := range of.Parameters {
			for name := range strings.SplitSeq(p.Default, ",") {
				if (p.Name == "events" || p.Name == "replies" || p.Name == "errors") && !known[name] {
					t.Errorf("%s of %s has %q, which the catalogue does not know", p.Name, of.Name, name)
				}
			}
		}
	}
}
