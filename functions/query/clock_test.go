package query_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
)

// A timeline says where the time that counts is not the device's own: corrected, replaced by that of receipt, or never said.
func TestTimelineShowsWrongClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, `{"type":"page","userId":"1","messageId":"right","timestamp":"2026-11-22T08:00:00Z","sentAt":"2026-11-22T09:29:59Z"}`)
	w.take(t, `{"type":"page","userId":"1","messageId":"slow","timestamp":"2016-11-22T08:00:00Z","sentAt":"2016-11-22T08:00:01Z"}`)
	w.take(t, `{"type":"page","userId":"1","messageId":"ahead","timestamp":"2036-11-22T08:00:00Z"}`)
	w.take(t, `{"type":"page","userId":"1","messageId":"untimed"}`)
	response := w.ask(t, "/v1/profiles/user:1/timeline", "")
	httpapitest.Load(t).Check(t, "GET", "/v1/profiles/{id}/timeline", response)
	var answer struct {
		Items []struct {
			ID, Original            string
			Untimed, Skewed, Future bool
		}
	}
	must(t, json.Unmarshal([]byte(response.Body), &answer))
	got := []string{}
	for _, i := range answer.Items {
		got = append(got, fmt.Sprintf("%s untimed %v, skewed %v, future %v", i.ID, i.Untimed, i.Skewed, i.Future))
	}
	slices.Sort(got)
	want := []string{
		"ahead untimed false, skewed false, future true", "right untimed false, skewed false, future false",
		"slow untimed false, skewed true, future false", "untimed untimed true, skewed false, future false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
