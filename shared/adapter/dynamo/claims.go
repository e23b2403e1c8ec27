package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// claimed is the partition of the claims to an order.
func claimed(ns workspace.Namespace, key string) string { return partition(ns, "order#"+key) }

// Sort keys of the claims to an order: that it was completed, and what happened to it, either in the order of evidence.
const (
	completed    = "OC#"
	changed      = "OH#"
	lastOfClaims = "OI"
)

// PutClaims writes claims by order key. Each is an item named by its content, so writing it again changes nothing.
func (t *Table) PutClaims(ctx context.Context, ns workspace.Namespace, claims map[string]profile.Claims) error {
	var writes []types.WriteRequest
	written := map[address]bool{}
	for key, all := range claims {
		for _, c := range all {
			content, err := json.Marshal(c)
			if err != nil {
				return fmt.Errorf("encode claim: %w", err)
			}
			list := completed
			if c.Kind != event.Completed {
				list = changed
			}
			at := address{claimed(ns, key), list + sortKey(c.Evidence.Sortable()+"\x00"+hash(content), maxSKBytes-len(list))}
			if written[at] {
				continue
			}
			written[at] = true
			i := at.item()
			i["b"] = binary(t.codec.compress(content))
			writes = append(writes, putRequest(i))
		}
	}
	return translate("write claims", t.bulkWrite(ctx, writes))
}

// Claims reads who claims orders, by order key: those with the best evidence. Keys that nobody claims are not in the map.
func (t *Table) Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error) {
	read := make([]profile.Claims, len(keys))
	err := parallel(ctx, len(keys), partitionsAtOnce, func(ctx context.Context, n int) (err error) {
		read[n], err = t.claimsTo(ctx, claimed(ns, keys[n]))
		return err
	})
	if err != nil {
		return nil, translate("read claims", err)
	}
	claims := make(map[string]profile.Claims, len(keys))
	for n, key := range keys {
		if len(read[n]) > 0 {
			claims[key] = read[n]
		}
	}
	return claims, nil
}

// claimsTo reads as many claims of either sort as are looked at, and skips the rest.
func (t *Table) claimsTo(ctx context.Context, pk string) (profile.Claims, error) {
	var reading profile.ClaimReading
	for from := completed; from != ""; {
		next := ""
		for i, err := range t.query(ctx, span{pk: pk, from: from, to: lastOfClaims}) {
			if err != nil {
				return nil, err
			}
			var c profile.Claim
			if err := t.unpack(i, &c); err != nil {
				return nil, err
			}
			if reading.Add(c) {
				continue
			}
			if strings.HasPrefix(i.text("SK"), completed) {
				next = changed
			}
			break
		}
		from = next
	}
	return reading.Claims(), nil
}

// AllClaims reads every claim to an order, however many there are.
func (t *Table) AllClaims(ctx context.Context, ns workspace.Namespace, key string) (profile.Claims, error) {
	var all profile.Claims
	for i, err := range t.query(ctx, span{pk: claimed(ns, key), from: completed, to: lastOfClaims}) {
		if err != nil {
			return nil, translate("read all claims", err)
		}
		var c profile.Claim
		if err := t.unpack(i, &c); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
