// Package linear_test lets 64 writers loose on one identifier at once, with the real process handler, and holds what clients saw against a
// sequential specification with porcupine (https://github.com/anishathalye/porcupine): there must be one order of all writes and reads,
// compatible with the real one, in which each read returns exactly the batches written before it.
//
// What a read sees is compared whole: the aggregate must be the fold of some set of batches, byte for byte. tests/sim tries more kinds of
// faults, one schedule at a time; here the schedules are those of real goroutines, and of the real emulator.
package linear_test

import (
	"math/bits"

	"github.com/anishathalye/porcupine"

	"waymark/shared/domain/event"
)

// set is a set of batches, by number.
type set uint64

func (s set) has(batch int) bool { return s&(1<<batch) != 0 }
func (s set) with(batch int) set { return s | 1<<batch }
func (s set) size() int          { return bits.OnesCount64(uint64(s)) }
func (s set) each(do func(b int)) {
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		do(bits.TrailingZeros64(rest))
	}
}

// register is one thing that clients read: the aggregate or the pages of one identifier. A write is acknowledged once for both, and each alone
// must be linearizable; together they need not be, because pages are there before the aggregate counts them.
type register struct {
	id    event.Identifier
	pages bool
}

// operation is a write of a batch, or a read.
type operation struct {
	register
	write   bool
	batch   int
	unaware int // of a write: how many reads of the whole history do not see this batch
}

// seen is what a read returned.
type seen struct {
	batches    set
	impossible bool // it is the fold of no set of batches
}

// state of a register: what is written, and how many reads have been put into the order so far.
type state struct {
	written set
	reads   int
}

// specification of all registers. A write of a batch that is there already changes nothing. Any other one is put into the order only after all
// reads that do not see it: no such read could follow, so this refuses no order that holds, and spares porcupine from finding out by trying
// all orders of 64 writes.
var specification = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		var parts [][]porcupine.Operation
		index := map[register]int{}
		for _, op := range history {
			r := op.Input.(operation).register
			i, found := index[r]
			if !found {
				i = len(parts)
				index[r] = i
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return state{} },
	Step: func(before, input, output any) (bool, any) {
		s, op := before.(state), input.(operation)
		if !op.write {
			read := output.(seen)
			return !read.impossible && read.batches == s.written, state{s.written, s.reads + 1}
		}
		if s.written.has(op.batch) {
			return true, s
		}
		return s.reads == op.unaware, state{s.written.with(op.batch), s.reads}
	},
}

// aware tells each write how many reads of its register do not see it.
func aware(history []porcupine.Operation) []porcupine.Operation {
	reads := map[register][]set{}
	for _, op := range history {
		if in := op.Input.(operation); !in.write {
			reads[in.register] = append(reads[in.register], op.Output.(seen).batches)
		}
	}
	for i, op := range history {
		in := op.Input.(operation)
		if !in.write {
			continue
		}
		for _, read := range reads[in.register] {
			if !read.has(in.batch) {
				in.unaware++
			}
		}
		history[i].Input = in
	}
	return history
}
