package analysistest

import (
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/step"
)

// TestLives holds the lives to what analyses rely on, and asks that everything occurs.
func TestLives(t *testing.T) {
	lives := Lives(7, 500)
	if !reflect.DeepEqual(lives, Lives(7, 500)) {
		t.Error("one seed makes two worlds")
	}
	var orders, changes, surveys, lapses int
	for _, life := range lives {
		if len(life) == 0 || !slices.IsSortedFunc(life, func(a, b step.Row) int { return int(a.At - b.At) }) {
			t.Fatalf("no life in time order: %v", life)
		}
		stage := ""
		for i, r := range life {
			if r.StageBefore != stage || r.FirstEver != (i == 0) {
				t.Fatalf("step %d of %s: stage before is %q, not %q, or it is not the first", i, r.Person, r.StageBefore, stage)
			}
			stage = r.Stage
			switch {
			case r.Order != nil && r.Event != "Order Completed":
				changes++
			case r.Order != nil:
				orders++
			case r.Event == "Survey Answered" && r.Properties.Property("score") != "":
				surveys++
			case !r.IsTouchpoint():
				lapses++
			}
		}
	}
	if min(orders, changes, surveys, lapses) < 50 {
		t.Errorf("%d orders, %d changes, %d surveys, %d lapses: too few of some", orders, changes, surveys, lapses)
	}
}
