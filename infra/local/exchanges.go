package local

import (
	"encoding/json"
	"net/http"
	"sync"

	"waymark/infra/local/front"
)

// exchanges hands the requests to the HTTP API, with their answers, to whoever follows them at the moment. Nothing is
// kept: without a follower they are forgotten at once.
type exchanges struct {
	mu        sync.Mutex
	followers map[*follower]bool
}

// follower gets what fits into its buffer: a slow reader must not hold up requests.
type follower struct {
	buffer chan front.Exchange
	missed int // since the last one that fitted; guarded by exchanges.mu
}

// heldBack is how many exchanges wait for a follower, at most.
const heldBack = 1000

func (e *exchanges) tell(x front.Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for f := range e.followers {
		select {
		case f.buffer <- x:
		default:
			f.missed++
		}
	}
}

func (e *exchanges) follow() *follower {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := &follower{buffer: make(chan front.Exchange, heldBack)}
	if e.followers == nil {
		e.followers = map[*follower]bool{}
	}
	e.followers[f] = true
	return f
}

func (e *exchanges) leave(f *follower) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.followers, f)
}

// missed is how many did not fit since this was asked last.
func (e *exchanges) missed(f *follower) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := f.missed
	f.missed = 0
	return n
}

// serveExchanges writes a line of JSON for each request from now on, until the client leaves or the system ends. A line
// {"missed":7} says that so many were not told, because the client reads too slowly.
func (c *Cloud) serveExchanges(w http.ResponseWriter, r *http.Request) {
	f := c.exchanges.follow()
	defer c.exchanges.leave(f)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	lines := json.NewEncoder(w)
	for {
		// Whoever follows knows that from here on nothing is missed without being told.
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-c.ctx.Done():
			return
		case x := <-f.buffer:
			if n := c.exchanges.missed(f); n > 0 {
				_ = lines.Encode(map[string]int{"missed": n}) // a client that left is seen by the flush
			}
			_ = lines.Encode(x)
		}
	}
}
