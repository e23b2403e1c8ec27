package rebuild

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// namesTogether is how many names are read or deleted together.
const namesTogether = 500

// eachName gives whom and which orders the archive names to use, each once and some at a time, in the order of their hashes. Where they are more than
// memory is to hold, the archive is read again for each share of them.
func (w *work) eachName(ctx context.Context, use func(ctx context.Context, some []string) error) error {
	for from := uint64(0); ; {
		share := &share{from: from, until: math.MaxUint64, names: map[string]uint64{}}
		err := w.scan(ctx, 0, map[string]bool{}, func(_ context.Context, records []event.Record) error {
			share.add(records, w.Names)
			return nil
		})
		if err != nil {
			return err
		}
		all := slices.SortedFunc(maps.Keys(share.names), func(a, b string) int { return cmp.Compare(share.names[a], share.names[b]) })
		done := 0
		for some := range slices.Chunk(all, namesTogether) {
			if err := use(ctx, some); err != nil {
				return err
			}
			done += len(some)
			w.tell(done, len(all), "identifiers and orders")
		}
		if share.until == math.MaxUint64 {
			return nil
		}
		from = share.until + 1
	}
}

// byKind tells identifiers from the keys of orders.
func byKind(names []string) (ids []event.Identifier, orders []string) {
	for _, name := range names {
		if id := event.Identifier(name); slices.Contains(event.Kinds[:], id.Kind()) {
			ids = append(ids, id)
		} else {
			orders = append(orders, name)
		}
	}
	return ids, orders
}

// share is the names whose hashes lie between two numbers, both included.
type share struct {
	mu          sync.Mutex
	from, until uint64
	names       map[string]uint64 // with their hashes
}

// add collects what events name. The share becomes smaller where that is more than limit.
func (s *share) add(records []event.Record, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range records {
		for _, id := range slices.Concat(records[i].Identifiers, records[i].Previous) {
			s.take(string(id))
		}
		if o := records[i].Touchpoint.Order; o != nil {
			s.take(profile.OrderKey(*o))
		}
		if len(s.names) > limit {
			s.halve()
		}
	}
}

func (s *share) take(name string) {
	if _, known := s.names[name]; known {
		return
	}
	sum := sha256.Sum256([]byte(name))
	if place := binary.BigEndian.Uint64(sum[:]); place >= s.from && place <= s.until {
		s.names[name] = place
	}
}

func (s *share) halve() {
	places := slices.Sorted(maps.Values(s.names))
	s.until = places[len(places)/2]
	maps.DeleteFunc(s.names, func(_ string, place uint64) bool { return place > s.until })
}
