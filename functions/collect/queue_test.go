package collect_test

import (
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
			here, hereErr := event.Parse(sent.Events[0], sent.Stamp(0))
			there, thereErr := event.Parse(received.Events[0], received.Stamp(0))
			if (hereErr == nil) != (thereErr == nil) {
				t.Errorf("%d bytes of %q: collect says %v, process says %v", size, filler, hereErr, thereErr)
				continue
			}
			if hereErr == nil && (here.ID != there.ID || here.Properties["p"] != there.Properties["p"]) {
				t.Errorf("%d bytes of %q: process reads another event", size, filler)
			}
		}
	}
}
