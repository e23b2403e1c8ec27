package demo

import (
	"context"
	"encoding/json"
	"io"
)

// Planted is the planted workspace, for tests.
type Planted struct{ p *planted }

// MakePlanted makes it.
func MakePlanted() Planted { return Planted{makePlanted()} }

// Batches are the bodies that are posted.
func (p Planted) Batches() [][]byte { return p.p.batches() }

// Documents are what is settled.
func (p Planted) Documents() map[string]string { return p.p.documents() }

// LookFor asks for every truth.
func (p Planted) LookFor(ctx context.Context, ask func(ctx context.Context, method, path string, body, into any) error, out io.Writer) (found, all int, err error) {
	return lookFor(ctx, p.p, ask, out)
}

// Without is the workspace without the events of some persons, with the same answer key.
func (p Planted) Without(isGone func(text json.RawMessage) bool) Planted {
	q := *p.p
	q.events = nil
	for _, e := range p.p.events {
		if !isGone(e.json) {
			q.events = append(q.events, e)
		}
	}
	return Planted{&q}
}
