// Package profile is what is known of one identifier: its touchpoints, its traits, and the orders it claims. All of them are joins that do not
// depend on the order in which events come. A person is the union of their identifiers.
package profile

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// Partition is everything that ingestion stores of one identifier.
type Partition struct {
	ID          event.Identifier
	Touchpoints []event.Touchpoint // every stored copy, in no order, and with them what is said of the identifier: identify, group and alias
	Node        identity.Node
}
