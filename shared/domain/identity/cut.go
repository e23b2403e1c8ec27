package identity

import "waymark/shared/domain/event"

// Cut is an operator's decision about one link: it does not count, whatever evidence for it there is or comes, until the cut is undone. Of
// several decisions about one link the latest stands, so they join in any order.
type Cut struct {
	Child  event.Identifier `json:"child"`
	Parent event.Identifier `json:"parent"`
	At     event.Millis     `json:"at"` // when it was decided
	Undone bool             `json:"undone,omitempty"`
	Reason string           `json:"reason,omitempty"` // what the operator said, at most MaxReasonBytes; it may name people, so no log holds it
}

// MaxReasonBytes bounds the reason of a cut.
const MaxReasonBytes = 200

// Before orders decisions about one link: the earlier time first; of the same time the cut before the undoing, then by reason.
func (c Cut) Before(other Cut) bool {
	if c.At != other.At {
		return c.At < other.At
	}
	if c.Undone != other.Undone {
		return other.Undone
	}
	return c.Reason < other.Reason
}

// ends name a link without its evidence.
type ends struct{ child, parent event.Identifier }

func (l Link) ends() ends { return ends{l.Child, l.Parent} }

// cutEnds are the links that decisions cut; nil when there are none.
func cutEnds(cuts []Cut) map[ends]bool {
	var out map[ends]bool
	for _, c := range cuts {
		if c.Undone {
			continue
		}
		if out == nil {
			out = map[ends]bool{}
		}
		out[ends{c.Child, c.Parent}] = true
	}
	return out
}
