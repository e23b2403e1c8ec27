package adaptertest

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
)

func refusal(request string, received event.Millis) event.Refusal {
	return event.Refusal{Request: request, Source: "web", Received: received, Refused: event.Refused{Code: "invalid_json", Events: 3}}
}

func wantRefusals(t *testing.T, table TableUnderTest, workspace, day string, want []event.Refusal) {
	t.Helper()
	got, err := table.Refusals(t.Context(), workspace, day)
	must(t, err)
	equal(t, fmt.Sprintf("Refusals of %s on %s", workspace, day), got, want)
}

func refusals(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	wantRefusals(t, table, "refused", noon.Day(), nil)
	a, b, next := refusal("r-a", noon), refusal("r-b=日本#x", noon+day/2-1), refusal("r-a", noon+day/2)
	elsewhere := refusal("r-a", noon)
	elsewhere.Source = ""
	for _, r := range []event.Refusal{b, a, next, b, a} { // noted again: one
		must(t, table.PutRefusal(ctx, "refused", r))
	}
	must(t, table.PutRefusal(ctx, "refused-2", elsewhere))
	wantRefusals(t, table, "refused", noon.Day(), []event.Refusal{a, b})
	wantRefusals(t, table, "refused", next.Received.Day(), []event.Refusal{next})
	wantRefusals(t, table, "refused-2", noon.Day(), []event.Refusal{elsewhere})

	var many []event.Refusal
	for n := range 120 {
		r := refusal(fmt.Sprintf("r-%03d-%s", n, noise(600)), noon)
		must(t, table.PutRefusal(ctx, "refused-3", r))
		many = append(many, r)
	}
	wantRefusals(t, table, "refused-3", noon.Day(), many)
}

func refusalsExpire(t *testing.T, table TableUnderTest, clock *Clock) {
	old, young := refusal("old", noon), refusal("young", noon+2000)
	must(t, table.PutRefusal(t.Context(), "refused-old", old))
	must(t, table.PutRefusal(t.Context(), "refused-old", young))
	for _, c := range []struct {
		now  event.Millis
		want []event.Refusal
	}{{noon + 90*day - 1000, []event.Refusal{old, young}}, {noon + 90*day, []event.Refusal{young}}, {noon + 91*day, nil}} {
		clock.set(c.now)
		wantRefusals(t, table, "refused-old", noon.Day(), c.want)
	}
}
