package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
)

// TestLimitsToTheUnit asks how deep a request may nest and the last instant that is read as one.
func TestLimitsToTheUnit(t *testing.T) {
	t.Parallel()
	for levels, want := range map[int]string{1000: "", 1001: "too_deep"} {
		body := `{"client_id":"1.2","events":[],"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
		_, err := protocol.GA4(protocol.Request{Body: body})
		if got := fault.CodeOf(err); got != want {
			t.Errorf("%d levels give %q, want %q", levels, got, want)
		}
	}
	for micros, want := range map[string]string{
		"253402300799999999": `"timestamp":"9999-12-31T23:59:59.999Z"`, "253402300800000000": `"timestamp":"253402300800000000"`,
	} {
		body := fmt.Sprintf(`{"client_id":"1.2","timestamp_micros":%s,"events":[{"name":"login"}]}`, micros)
		batch, err := protocol.GA4(protocol.Request{Body: body})
		if err != nil || len(batch.Events) != 1 || !strings.Contains(batch.Events[0].Raw(), want) {
			t.Errorf("%s gives %v, %v, want %s", micros, batch.Events, err, want)
		}
	}
}
