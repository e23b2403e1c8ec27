package local

import "waymark/infra/local/front"

// Exchanges is how requests are handed to their followers.
type Exchanges struct{ exchanges }

// Follow begins to follow; leave ends it.
func (e *Exchanges) Follow() (buffer <-chan front.Exchange, missed func() int, leave func()) {
	f := e.follow()
	return f.buffer, func() int { return e.missed(f) }, func() { e.leave(f) }
}

// Tell tells all followers.
func (e *Exchanges) Tell(x front.Exchange) { e.tell(x) }
