package dynamo

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// Traits reads the traits of an identifier with their version; nil and 0 when it has none.
func (t *Table) Traits(ctx context.Context, workspace string, id event.Identifier) (profile.Traits, int64, error) {
	i, err := t.get(ctx, address{partitionOf(workspace, id), "R"})
	if err != nil || i == nil {
		return nil, 0, translate("read traits", err)
	}
	var traits profile.Traits
	err = t.unpack(i, &traits)
	return traits, i.number("v"), err
}

// PutTraits writes traits if the stored version is still the one that was read, 0 for none; else fault.Conflict.
func (t *Table) PutTraits(ctx context.Context, workspace string, id event.Identifier, traits profile.Traits, version int64) error {
	i, err := t.packed(address{partitionOf(workspace, id), "R"}, traits)
	if err != nil {
		return fmt.Errorf("encode traits: %w", err)
	}
	i["v"] = number(version + 1)
	return translate("write traits", t.put(ctx, i, after(version+1)))
}
