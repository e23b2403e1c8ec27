package demo

import (
	"context"
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

// TruthNames are the names of all truths.
func TruthNames() (names []string) {
	for _, t := range truths() {
		names = append(names, t.name)
	}
	return names
}
