package collect_test

import (
	"testing"
)

// TestEventsThatDifferInWhatIsTakenOut: two events without messageId that are the same once redacted stay two, and the same one is one.
func TestEventsThatDifferInWhatIsTakenOut(t *testing.T) {
	t.Parallel()
	idOf := func(note string) string {
		s := newSystem()
		checkAnswer(t, s.send(t, post("/v1/track", `{"event":"Call Received","userId":"42","timestamp":"2026-11-22T09:00:00Z","properties":{"note":"`+note+`"}}`)), 200, fine)
		sent := s.queue.sent
		if len(sent) != 1 || len(sent[0].Parsed) != 1 || sent[0].Parsed[0].Properties["note"] != "from [phone]" {
			t.Fatalf("%q is queued as %+v", note, sent)
		}
		return string(sent[0].Parsed[0].ID)
	}
	a, again, b := idOf("from +4915112345678"), idOf("from +4915112345678"), idOf("from +4915112345679")
	if a != again || a == b || a == "" {
		t.Errorf("the ids are %s, %s for the same event, and %s for another", a, again, b)
	}
}
