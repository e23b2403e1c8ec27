package collect_test

import (
	"fmt"
	"testing"
	"time"

	"waymark/functions/collect"
)

// TestViewersOfTheEdge: behind the edge each visitor has the limits of their own address, and nobody else may name one.
func TestViewersOfTheEdge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, proof, sent string
		wantTaken         int // of 80 requests of 80 viewers, where 50 of one address are let through at once
	}{
		{"edge", "p-1", "p-1", 80},
		{"another's word", "p-1", "p-2", 50},
		{"no proof sent", "p-1", "", 50},
		{"no edge", "", "", 50},
	} {
		s := newSystem()
		s.handler = collect.New(collect.Config{
			Keys: s.keys, Queue: s.queue, AddressRate: 10, EdgeProof: c.proof, Now: func() time.Time { return s.now }, NewID: func() string { return "made-here" },
		})
		taken := 0
		for i := range 80 {
			r := post("/v1/page", goodPage).with(map[string]string{"waymark-viewer": fmt.Sprintf("198.51.100.%d", i), "waymark-edge-proof": c.sent})
			if s.send(t, r).StatusCode == 200 {
				taken++
			}
		}
		if taken != c.wantTaken {
			t.Errorf("%s: %d of 80 are taken, want %d", c.name, taken, c.wantTaken)
		}
	}
	s := newSystem()
	s.handler = collect.New(collect.Config{
		Keys: s.keys, Queue: s.queue, AddressRate: 10, EdgeProof: "p", Now: func() time.Time { return s.now }, NewID: func() string { return "made-here" },
	})
	odd := post("/v1/page", goodPage).with(map[string]string{"waymark-viewer": "no address", "waymark-edge-proof": "p"})
	checkAnswer(t, s.send(t, odd), 200, fine)
}
