package signed

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/trust"
	"waymark/shared/testing/system"
)

// grades are the grades of the touchpoints that are kept under an identifier, with their ids.
func grades(t *testing.T, s *system.System, id event.Identifier) (said []string) {
	t.Helper()
	stored, err := s.Table.Partitions(t.Context(), "shop", []event.Identifier{id})
	must(t, err)
	for _, p := range stored {
		for _, one := range p.Touchpoints {
			said = append(said, fmt.Sprint(one.ID, " ", one.Grade))
		}
	}
	return said
}

// TestAReplayKeepsItsGrade: the proof of a failed event is nowhere, and what it proved is still proven when somebody replays the event.
func TestAReplayKeepsItsGrade(t *testing.T) {
	t.Parallel()
	proof := trust.Proof(secret, "7")
	for name, c := range map[string]struct {
		settled []string
		raw     string // with a failure that is mended later
		want    string
	}{
		"an event of the past":       {[]string{"identity", "signed"}, `"timestamp":"2026-09-01","context":{"proof":{"user":"%s"}}`, "m signed"},
		"a proof that is a text":     {[]string{"identity", "signed"}, `"timestamp":"2026-09-01","context":{"proof":"%s"}`, "m signed"},
		"a time that is none":        {[]string{"identity", "signed"}, `"timestamp":"yesterday","context":{"proof":"%s"}`, "m signed"},
		"one that is not proven":     {nil, `"timestamp":"2026-09-01","context":{"proof":"%.62s"}`, "m public"},
		"an order that is too large": {[]string{"max-order", "1"}, `"event":"Order Completed","type":"track","properties":{"order_id":"o","total":2},"context":{"proof":"%s"}`, "m signed"},
	} {
		s := newWorld(t, c.settled...)
		raw := `{"messageId":"m","userId":"7","anonymousId":"a",` + fmt.Sprintf(c.raw, proof) + `}`
		if !strings.Contains(raw, `"type"`) {
			raw = strings.Replace(raw, "{", `{"type":"page",`, 1)
		}
		s.Post("wk_site", raw)
		s.Drain()
		if dump := s.Table.Dump(); strings.Contains(dump, proof[:16]) || strings.Contains(dump, "proof\\") {
			t.Errorf("%s: the proof is stored:\n%s", name, dump)
		}
		failed, _, err := s.Table.Failed(t.Context(), "shop", "", "", 10)
		must(t, err)
		if len(failed) != 1 {
			t.Fatalf("%s: %d events failed: %s", name, len(failed), s.Table.Dump())
		}
		if strings.Contains(raw, "yesterday") {
			edited := strings.Replace(failed[0].Original, "yesterday", "2026-11-22T11:00:00Z", 1)
			if status, answer := s.Ask(http.MethodPut, "/v1/failed/"+failed[0].ID, "sk_shop", edited); status != http.StatusOK || !strings.Contains(answer, `"accepted":true`) {
				t.Fatalf("%s: an edit answers %d %s", name, status, answer)
			}
		}
		if status, answer := s.Ask(http.MethodPost, "/v1/failed/replay", "sk_shop", `{"all":true}`); status != http.StatusOK {
			t.Fatalf("%s: a replay answers %d %s", name, status, answer)
		}
		s.Drain()
		if got := fmt.Sprint(grades(t, s, "user:7")); got != "["+c.want+"]" {
			t.Errorf("%s: the user has %s, want %s; stored is\n%s", name, got, c.want, s.Table.Dump())
		}
	}
}
