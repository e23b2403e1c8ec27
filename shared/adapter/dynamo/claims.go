package dynamo

import (
	"context"
	"fmt"

	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Claims reads who claims orders, by order key, with the version of each. Keys that nobody claims are in neither map.
func (t *Table) Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, map[string]int64, error) {
	addresses := make([]address, len(keys))
	for n, key := range keys {
		addresses[n] = claimed(ns, key)
	}
	items, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, nil, translate("read claims", err)
	}
	claims, versions := make(map[string]profile.Claims, len(items)), make(map[string]int64, len(items))
	for n, key := range keys {
		i, ok := items[addresses[n]]
		if !ok {
			continue
		}
		var c profile.Claims
		if err := t.unpack(i, &c); err != nil {
			return nil, nil, err
		}
		claims[key], versions[key] = c, i.number("v")
	}
	return claims, versions, nil
}

func claimed(ns workspace.Namespace, key string) address {
	return address{partition(ns, "order#"+key), "O"}
}

// PutClaims writes the claims to an order if the stored version is still the one that was read, 0 for none; else fault.Conflict.
func (t *Table) PutClaims(ctx context.Context, ns workspace.Namespace, key string, c profile.Claims, version int64) error {
	i, err := t.packed(claimed(ns, key), c)
	if err != nil {
		return fmt.Errorf("encode claims: %w", err)
	}
	i["v"] = number(version + 1)
	return translate("write claims", t.put(ctx, i, stillAt(version)))
}
