package ingest

import (
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
)

// Known remembers the evidence for links that a process has seen stored, so that the next events of the same visitors need
// not read it again. It may be out of date in one direction alone: evidence only gets earlier. A nil one remembers nothing.
// It is safe for concurrent use.
type Known struct {
	mu       sync.Mutex
	until    time.Time
	evidence map[knownLink]identity.Evidence
}

type knownLink struct {
	ns            workspace.Namespace
	child, parent event.Identifier
}

// A minute is as long as functions remember anything. The bound is some megabytes.
const (
	knownFor = time.Minute
	maxKnown = 20_000
)

// isSettled says whether earlier evidence for a link is known to be stored.
func (k *Known) isSettled(now time.Time, ns workspace.Namespace, l identity.Link) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	stored, found := k.evidence[knownLink{ns, l.Child, l.Parent}]
	return found && now.Before(k.until) && stored.Before(l.Evidence)
}

// note remembers evidence that is stored.
func (k *Known) note(now time.Time, ns workspace.Namespace, links []identity.Link) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !now.Before(k.until) || len(k.evidence)+len(links) > maxKnown {
		k.until, k.evidence = now.Add(knownFor), map[knownLink]identity.Evidence{}
	}
	for _, l := range links {
		k.evidence[knownLink{ns, l.Child, l.Parent}] = l.Evidence
	}
}
