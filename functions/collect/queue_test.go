package collect_test

import (
	"reflect"
	"testing"

	sqs "waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
)

// TestProcessReadsWhatCollectRead sends events through the form that messages have on the queue, which is ASCII: process must come to the same
// verdict, and read the same event, whatever characters it is written in and however large it is.
func TestProcessReadsWhatCollectRead(t *testing.T) {
	t.Parallel()
	for _, filler := range []string{"x", "é", "漢", "😀", "<", "&", "\u2028", "\x7f", `\u00e9`, `\u0001`, `\"`} {
		for _, size := range []int{1000, event.MaxEventBytes, event.MaxEventBytes + 1, 60_000, 400_000} {
			s := newSystem()
			s.send(t, post("/v1/page", paddedWith(size, filler)))
			sent := s.queue.sent[0]
			body, err := sqs.Encode(sent)
			if err != nil {
				t.Fatalf("Encode of %d bytes of %q: %v", size, filler, err)
			}
			if len(body) > 900<<10 {
				t.Errorf("an event of %d bytes of %q makes a message of %d bytes, which no queue takes", size, filler, len(body))
			}
			received, err := sqs.Decode(body)
			if err != nil {
				t.Fatalf("Decode of %d bytes of %q: %v", size, filler, err)
			}
			here, hereBad := sent.Open()
			there, thereBad := received.Open()
			if !reflect.DeepEqual(here, there) || len(hereBad) != len(thereBad) || len(here)+len(hereBad) != 1 || len(sent.Parsed) != len(here) {
				t.Errorf("%d bytes of %q: collect reads %.300v %v, process %.300v %v", size, filler, here, hereBad, there, thereBad)
			}
		}
	}
}

// TestOrderOfADeviceHoldsAcrossMessages: the events of a request that are too far ahead decide on the others of the same
// visitor, also when the queue carries them in different messages.
func TestOrderOfADeviceHoldsAcrossMessages(t *testing.T) {
	t.Parallel()
	s := newServer()
	page := func(at string) string {
		return `{"type":"page","anonymousId":"a1","messageId":"` + at + `","timestamp":"` + at + `"}`
	}
	body := `{"batch":[` + page("2026-11-22T20:00:00Z") + `,{"type":"page"},` + page("2026-11-29T20:00:00Z") + `]}`
	s.send(t, post("/v1/batch", body))
	sent := s.queue.sent[0]
	together, _ := sent.Open()
	first, second, ok := sent.Halves()
	apart, _ := first.Open()
	others, _ := second.Open()
	if apart = append(apart, others...); !ok || !reflect.DeepEqual(apart, together) || len(apart) != 2 || !apart[0].Future {
		t.Errorf("apart they are\n%+v\ntogether\n%+v, want both to count at receipt", apart, together)
	}
}
