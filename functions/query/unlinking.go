package query

import (
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
)

// unlinking is the part of the forest that an order to unlink concerns.
type unlinking struct {
	*identity.Forest
	order unlinkOrder
	whole identity.Person       // of the id
	other identity.Person       // of from
	cuts  map[pair]identity.Cut // decisions met, by child and parent
}

// look loads the persons concerned, and whoever cuts have parted from them.
func (w *unlinking) look() {
	w.whole, _ = w.Of(w.order.id)
	w.cuts = map[pair]identity.Cut{}
	if w.order.from != "" {
		w.other, _ = w.Of(w.order.from)
		w.note(w.order.from)
	}
	met := map[event.Identifier]bool{w.order.id: true}
	for queue := []event.Identifier{w.order.id}; len(queue) > 0; queue = queue[1:] {
		for _, c := range w.note(queue[0]) {
			for _, end := range []event.Identifier{c.Child, c.Parent} {
				if w.order.All && !c.Undone && !met[end] && len(met) < identity.MaxMembers {
					met[end] = true
					queue = append(queue, end)
				}
			}
		}
	}
}

func (w *unlinking) note(id event.Identifier) []identity.Cut {
	node, _ := w.Node(id)
	for _, c := range node.Cuts {
		w.cuts[pair{c.Child, c.Parent}] = c
	}
	return node.Cuts
}

// pair names a link by child and parent.
type pair = [2]event.Identifier

// links names the links that the order changes, and those about which it was decided before as it says now: they are stored and recorded again,
// for the request that decided may have died on its way.
func (w *unlinking) links() (change, stand []pair, err error) {
	if w.order.Undo {
		change = w.decided(false)
	} else {
		change = w.counting()
	}
	stand = w.decided(w.order.Undo)
	if len(change)+len(stand) == 0 {
		return nil, nil, w.nothing()
	}
	return change, stand, nil
}

// counting are the links that the order would cut, by evidence.
func (w *unlinking) counting() []pair {
	var links []identity.Link
	switch {
	case w.order.All:
		links = w.Between(w.whole)
	case w.order.from == "":
		if l, found, _ := w.Parent(w.order.id); found {
			links = append(links, l)
		}
	default: // whichever is the child; two users may have one either way
		for _, end := range []event.Identifier{w.order.id, w.order.from} {
			node, _ := w.Node(end)
			for _, l := range node.Parents {
				if w.concerns(l.Child, l.Parent) {
					links = append(links, l)
				}
			}
		}
	}
	out := make([]pair, len(links))
	for i, l := range links {
		out[i] = pair{l.Child, l.Parent}
	}
	return out
}

// decided are the links about which it was decided already, those that are cut or those that were and are no more.
func (w *unlinking) decided(undone bool) []pair {
	var out []pair
	for ends, c := range w.cuts {
		if c.Undone == undone && w.concerns(c.Child, c.Parent) {
			out = append(out, ends)
		}
	}
	slices.SortFunc(out, func(a, b pair) int {
		return strings.Compare(string(a[0])+"\x00"+string(a[1]), string(b[0])+"\x00"+string(b[1]))
	})
	return out
}

// concerns says whether the order means a link: with all each that was met, without from those of the id to its parents.
func (w *unlinking) concerns(child, parent event.Identifier) bool {
	id, from := w.order.id, w.order.from
	return w.order.All || child == id && (from == "" || parent == from) || from != "" && child == from && parent == id
}

func (w *unlinking) nothing() error {
	switch {
	case w.order.Undo:
		return fault.New(fault.NotFound, "no_cut", "no such link is cut, so there is nothing to take back")
	case w.order.from != "":
		return w.noLink()
	}
	return fault.New(fault.NotFound, "no_link", "this identifier belongs to no other; to part it from one below it, name that as the id")
}

// noLink says how the two hang together and which links could be cut instead.
func (w *unlinking) noLink() error {
	if !w.whole.Has(w.order.from) {
		return fault.Newf(fault.NotFound, "not_one_person", "%s and %s have no link and are not one person", w.order.id, w.order.from)
	}
	var way []string
	for _, step := range w.Chain(w.whole, w.order.id, w.order.from) {
		way = append(way, string(step.Child)+" → "+string(step.Parent))
	}
	return fault.Newf(fault.Invalid, "no_direct_link", "%s and %s hang together over other identifiers; cut one of these links instead: %s",
		w.order.id, w.order.from, strings.Join(way, ", ")).At("from")
}

// decision is what stands of a link after the order: what stood if it is the same, else one that is later than it, however clocks differ.
func (w *unlinking) decision(ends pair, now event.Millis) identity.Cut {
	before, found := w.cuts[ends]
	if found && before.Undone == w.order.Undo {
		return before
	}
	if found {
		now = max(now, before.At+1)
	}
	return identity.Cut{Child: ends[0], Parent: ends[1], At: now, Undone: w.order.Undo, Reason: w.order.Reason}
}
