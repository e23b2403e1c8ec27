package local_test

import (
	"testing"

	"waymark/infra/local"
	"waymark/infra/local/front"
)

// TestExchanges: each follower gets everything from its beginning to its end; one that does not read is told how much it missed, and holds up nobody.
func TestExchanges(t *testing.T) {
	t.Parallel()
	const told = 1500
	var e local.Exchanges
	e.Tell(front.Exchange{Status: -1})
	lazy, missed, leaveLazy := e.Follow()
	keen, missedByKeen, leave := e.Follow()
	for n := range told {
		e.Tell(front.Exchange{Status: n})
		if x := <-keen; x.Status != n {
			t.Fatalf("told %d, want %d", x.Status, n)
		}
	}
	if n := missedByKeen(); n != 0 {
		t.Errorf("who reads missed %d", n)
	}
	if got, n := len(lazy), missed(); got == 0 || got+n != told {
		t.Errorf("who does not read has %d and missed %d of %d", got, n, told)
	}
	if n := missed(); n != 0 {
		t.Errorf("%d are missed twice", n)
	}
	leave()
	leaveLazy()
	e.Tell(front.Exchange{})
	if len(keen) != 0 {
		t.Error("who left is told still")
	}
}
