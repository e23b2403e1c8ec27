package dynamo

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

func traitsOf(ns workspace.Namespace, id event.Identifier) address {
	return address{partitionOf(ns, id), "R"}
}

// Traits reads the traits of identifiers with the version of each; those that have none are in neither map.
func (t *Table) Traits(
	ctx context.Context, ns workspace.Namespace, ids []event.Identifier,
) (map[event.Identifier]profile.Traits, map[event.Identifier]int64, error) {
	addresses := make([]address, len(ids))
	for n, id := range ids {
		addresses[n] = traitsOf(ns, id)
	}
	items, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, nil, translate("read traits", err)
	}
	traits, versions := make(map[event.Identifier]profile.Traits, len(items)), make(map[event.Identifier]int64, len(items))
	for n, id := range ids {
		i, found := items[addresses[n]]
		if !found {
			continue
		}
		var of profile.Traits
		if err := t.unpack(i, &of); err != nil {
			return nil, nil, err
		}
		traits[id], versions[id] = of, i.number("v")
	}
	return traits, versions, nil
}

// PutTraits writes traits if the stored version is still the one that was read, 0 for none; else fault.Conflict.
func (t *Table) PutTraits(
	ctx context.Context, ns workspace.Namespace, id event.Identifier, traits profile.Traits, version int64,
) error {
	i, err := t.packed(traitsOf(ns, id), traits)
	if err != nil {
		return fmt.Errorf("encode traits: %w", err)
	}
	i["v"] = number(version + 1)
	return translate("write traits", t.put(ctx, i, stillAt(version)))
}
