package analyse

import (
	"hash/maphash"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// block is the steps of one day, column by column: a text is the number of its place in a list of the day's texts.
type block struct {
	columns  step.Columns
	at       []event.Millis
	types    []uint8 // place in texts
	words    [][]uint32
	texts    []string
	numbers  [3][]int32 // session, pages and seconds of sessions
	flags    []uint8    // begins a session, first ever
	orders   []step.Order
	orderOf  []int32 // place in orders + 1; 0 is none
	persons  []person
	interned map[string]uint32
}

// person is whose steps stand from one place of a block on.
type person struct {
	id    event.Identifier
	from  int32
	count int32
}

const (
	beginsSession = 1 << iota
	isFirstEver
)

// numbered are the columns of numbers, in the order of block.numbers.
var numbered = [...]step.Column{step.Session, step.SessionPages, step.SessionSeconds}

func newBlock(columns step.Columns) *block {
	b := &block{columns: columns, interned: map[string]uint32{"": 0}, texts: []string{""}}
	b.words = make([][]uint32, len(step.TextColumns()))
	return b
}

// add takes the steps that one person has on the day.
func (b *block) add(rows []step.Row) {
	if len(rows) == 0 {
		return
	}
	b.persons = append(b.persons, person{rows[0].Person, int32(len(b.at)), int32(len(rows))})
	texts := b.columns & step.ColumnsOf(step.TextColumns()...)
	for i := range rows {
		r := &rows[i]
		b.at = append(b.at, r.At)
		b.types = append(b.types, uint8(b.place(string(r.Type))))
		for _, c := range texts.List() {
			b.words[c] = append(b.words[c], b.place(*c.Text(r)))
		}
		for n, value := range [...]int64{int64(r.Session), r.SessionPages, r.SessionSeconds} {
			if b.columns.Has(numbered[n]) {
				b.numbers[n] = append(b.numbers[n], int32(value))
			}
		}
		b.flags = append(b.flags, flagsOf(r))
		b.order(r)
	}
}

func flagsOf(r *step.Row) (flags uint8) {
	if r.SessionStart {
		flags |= beginsSession
	}
	if r.FirstEver {
		flags |= isFirstEver
	}
	return flags
}

func (b *block) order(r *step.Row) {
	if r.Order == nil {
		b.orderOf = append(b.orderOf, 0)
		return
	}
	b.orders = append(b.orders, *r.Order)
	b.orderOf = append(b.orderOf, int32(len(b.orders)))
}

// place of a text among those of the block. Types come first, so their places are small.
func (b *block) place(text string) uint32 {
	if text == "" {
		return 0
	}
	at, found := b.interned[text]
	if !found {
		at = uint32(len(b.texts))
		b.interned[text], b.texts = at, append(b.texts, text)
	}
	return at
}

// row fills in a step.
func (b *block) row(i int, id event.Identifier, texts []step.Column, out *step.Row) {
	*out = step.Row{Person: id, At: b.at[i], Type: event.Type(b.texts[b.types[i]])}
	for _, c := range texts {
		*c.Text(out) = b.texts[b.words[c][i]]
	}
	if b.numbers[0] != nil {
		out.Session = int(b.numbers[0][i])
	}
	if b.numbers[1] != nil {
		out.SessionPages = int64(b.numbers[1][i])
	}
	if b.numbers[2] != nil {
		out.SessionSeconds = int64(b.numbers[2][i])
	}
	out.SessionStart, out.FirstEver = b.flags[i]&beginsSession != 0, b.flags[i]&isFirstEver != 0
	if at := b.orderOf[i]; at > 0 {
		out.Order = &b.orders[at-1]
	}
}

// stretch is where a person's steps of one day stand, and where their next ones do.
type stretch struct {
	block, from, count int32
	next               int32 // place + 1; 0 is none
}

// Table is the lives of persons in memory. It is analysis.Lives.
type Table struct {
	blocks    []*block
	texts     []step.Column
	stretches []stretch
	parts     [][]int32 // places of persons' first stretches
	rows      int
	holds     func(life []step.Row) bool // nil for everybody
}

// seed of the hash that divides persons; which part somebody is in changes no answer.
var seed = maphash.MakeSeed()

// newTable puts the days together, in time order.
func newTable(blocks []*block, columns step.Columns, parts int) *Table {
	t := &Table{blocks: blocks, parts: make([][]int32, parts)}
	t.texts = (columns & step.ColumnsOf(step.TextColumns()...)).List()
	last := map[event.Identifier]int32{}
	for n, b := range blocks {
		t.rows += len(b.at)
		for _, p := range b.persons {
			at := int32(len(t.stretches))
			t.stretches = append(t.stretches, stretch{block: int32(n), from: p.from, count: p.count})
			if before, found := last[p.id]; found {
				t.stretches[before].next = at + 1
			} else {
				part := maphash.String(seed, string(p.id)) % uint64(parts)
				t.parts[part] = append(t.parts[part], at)
			}
			last[p.id] = at
		}
	}
	return t
}

// Parts is of analysis.Lives.
func (t *Table) Parts() int { return len(t.parts) }

// Part is of analysis.Lives.
func (t *Table) Part(i int) iter.Seq[[]step.Row] {
	return func(yield func([]step.Row) bool) {
		var life []step.Row
		for _, first := range t.parts[i] {
			life = t.life(first, life[:0])
			if t.holds != nil && !t.holds(life) {
				continue
			}
			if !yield(life) {
				return
			}
		}
	}
}

// life appends the steps of the person whose first stretch is at a place.
func (t *Table) life(first int32, life []step.Row) []step.Row {
	s := t.stretches[first]
	id := t.personAt(s)
	for {
		b := t.blocks[s.block]
		for i := s.from; i < s.from+s.count; i++ {
			if len(life) < cap(life) {
				life = life[:len(life)+1]
			} else {
				life = append(life, step.Row{})
			}
			b.row(int(i), id, t.texts, &life[len(life)-1])
		}
		if s.next == 0 {
			return life
		}
		s = t.stretches[s.next-1]
	}
}

// personAt looks up whose stretch it is: persons of a block stand in the order of their steps.
func (t *Table) personAt(s stretch) event.Identifier {
	persons := t.blocks[s.block].persons
	low, high := 0, len(persons)
	for low < high {
		if middle := (low + high) / 2; persons[middle].from < s.from {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return persons[low].id
}

// Size is how many persons and steps there are, before a segment is chosen.
func (t *Table) Size() (persons, steps int) {
	for _, part := range t.parts {
		persons += len(part)
	}
	return persons, t.rows
}
