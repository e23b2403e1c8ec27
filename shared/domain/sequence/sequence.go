// Package sequence counts sequences of labels, such as the channels that persons came by one after the other. Labels are numbered, so that a sequence
// is a few bytes, and what was counted in parts joins to the same whole whoever is in which part.
//
// It does not know what a label is.
//
//	counts := sequence.New[tally]()
//	counts.At([]uint32{counts.Label("email"), counts.Label("direct")}).persons++
package sequence

import (
	"encoding/binary"
	"slices"
)

// Counts holds one T for each sequence that occurred.
type Counts[T any] struct {
	numbers map[string]uint32
	names   []string
	of      map[string]*T
	key     []byte
}

// New is nothing counted.
func New[T any]() *Counts[T] {
	return &Counts[T]{numbers: map[string]uint32{}, of: map[string]*T{}}
}

// Label is the number of a label, which holds for this Counts alone.
func (c *Counts[T]) Label(name string) uint32 {
	n, found := c.numbers[name]
	if !found {
		n = uint32(len(c.names))
		c.numbers[name], c.names = n, append(c.names, name)
	}
	return n
}

// Names are the labels by their numbers.
func (c *Counts[T]) Names() []string { return c.names }

// At is what is counted of a sequence.
func (c *Counts[T]) At(labels []uint32) *T {
	c.key = c.key[:0]
	for _, n := range labels {
		c.key = binary.AppendUvarint(c.key, uint64(n))
	}
	t, found := c.of[string(c.key)]
	if !found {
		t = new(T)
		c.of[string(c.key)] = t
	}
	return t
}

// Join adds what was counted of a part.
func (c *Counts[T]) Join(part *Counts[T], add func(to, part *T)) {
	numbers := make([]uint32, len(part.names))
	for i, name := range part.names {
		numbers[i] = c.Label(name)
	}
	for key, t := range part.of {
		labels := read(key)
		for i, n := range labels {
			labels[i] = numbers[n]
		}
		add(c.At(labels), t)
	}
}

func read(key string) []uint32 {
	labels := make([]uint32, 0, len(key))
	for rest := []byte(key); len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		labels, rest = append(labels, uint32(n)), rest[size:]
	}
	return labels
}

// Entry is one sequence with what was counted of it.
type Entry[T any] struct {
	Labels []uint32 // indices into the names that come with it
	Of     *T
}

// Sorted gives the labels that occur, by name, and the sequences by their labels. It is the same for the same sequences, in whatever order they were
// counted.
func (c *Counts[T]) Sorted() (names []string, entries []Entry[T]) {
	occurs := make([]bool, len(c.names))
	for key, t := range c.of {
		entries = append(entries, Entry[T]{read(key), t})
		for _, n := range entries[len(entries)-1].Labels {
			occurs[n] = true
		}
	}
	for n, name := range c.names {
		if occurs[n] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	numbers := make([]uint32, len(c.names))
	for i, name := range names {
		numbers[c.numbers[name]] = uint32(i)
	}
	for _, e := range entries {
		for i, n := range e.Labels {
			e.Labels[i] = numbers[n]
		}
	}
	slices.SortFunc(entries, func(a, b Entry[T]) int { return slices.Compare(a.Labels, b.Labels) })
	return names, entries
}
