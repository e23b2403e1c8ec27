package tracker_test

import "testing"

// TestProof: the proof that a page's server prints goes with each event of the page, that of identify with it and what comes after, and neither with
// an event of whoever comes next to the device.
func TestProof(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-proof=aa11"
	p := s.open("/")
	s.await(1)
	p.do("waymark.track('A'); waymark.identify('7', {}, {context: {proof: {user: 'bb22'}}}); waymark.track('B')")
	s.await(4)
	p.do("waymark.reset(); waymark.track('C')")
	events := s.await(5)
	got := map[string]any{}
	for _, e := range events {
		proof := e.Context.Proof
		if signed, is := proof.(map[string]any); is {
			proof = signed["user"]
		}
		got[e.what()] = proof
	}
	for what, want := range map[string]any{"page /": "aa11", "track A": "aa11", "identify /": "bb22", "track B": "bb22", "track C": nil} {
		if proof, sent := got[what]; proof != want || !sent {
			t.Errorf("%s has the proof %v, want %v", what, proof, want)
		}
	}
}
