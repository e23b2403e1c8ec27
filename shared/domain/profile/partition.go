package profile

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// Partition is everything that is stored of one identifier.
type Partition struct {
	ID          event.Identifier
	Aggregate   Aggregate
	Touchpoints []event.Touchpoint // every stored copy, in no order
	Traits      Traits
	Node        identity.Node
}
