package httpapi

import (
	"container/list"
	"sync"
	"time"
)

// memory keeps up to maxRemembered values for a while; the one used longest ago goes first.
type memory[V any] struct {
	mu      sync.Mutex
	keepFor time.Duration
	byKey   map[string]*list.Element
	recent  *list.List // of remembered[V], the one used last in front
}

type remembered[V any] struct {
	key   string
	value V
	until time.Time
}

func newMemory[V any](keepFor time.Duration) *memory[V] {
	return &memory[V]{keepFor: keepFor, byKey: map[string]*list.Element{}, recent: list.New()}
}

func (m *memory[V]) get(key string, now time.Time) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none V
	element, found := m.byKey[key]
	if !found {
		return none, false
	}
	r := element.Value.(remembered[V])
	if !now.Before(r.until) {
		m.forget(element)
		return none, false
	}
	m.recent.MoveToFront(element)
	return r.value, true
}

func (m *memory[V]) put(key string, value V, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element, found := m.byKey[key]; found {
		m.forget(element)
	}
	m.byKey[key] = m.recent.PushFront(remembered[V]{key, value, now.Add(m.keepFor)})
	if m.recent.Len() > maxRemembered {
		m.forget(m.recent.Back())
	}
}

func (m *memory[V]) forget(element *list.Element) {
	m.recent.Remove(element)
	delete(m.byKey, element.Value.(remembered[V]).key)
}
