package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/fault"
)

// A value that a run replaces as one may be too large for an item. Then other items, its parts, continue it. The
// rules are:
//
//   - The head stands where the value is looked for and has the first bytes. Its attribute p names the set of its
//     parts, n says how many they are.
//   - A set is named after the run that wrote it and the hash of the value, so two values never share a part.
//   - Parts are written before their head. After it, those of runs up to this one are deleted; a crash in between
//     leaves them to the next large value.

// headed says where a value is stored: its head, and in another partition or the same one its parts, whose sort keys
// begin with a prefix.
type headed struct {
	head   address
	pk     string
	prefix string
}

func (h headed) part(set string, n int) address {
	return address{h.pk, fmt.Sprintf("%s#%s#%03d", h.prefix, set, n)}
}

// runText sorts as runs do.
func runText(run int64) string { return fmt.Sprintf("%012d", run) }

// putOfRun writes a value of a run under a condition on the stored run. When it does not hold, nothing is changed.
func (t *Table) putOfRun(ctx context.Context, at headed, value any, run int64, c condition) error {
	body, err := t.codec.pack(value)
	if err != nil {
		return err
	}
	c.instead = types.ReturnValuesOnConditionCheckFailureAllOld
	head := at.head.item()
	head["run"], head["b"] = number(run), binary(body)
	if len(body) <= maxSplitBytes {
		whole := c
		whole.expression = "(" + c.expression + ") AND attribute_not_exists(n)"
		err := t.put(ctx, head, whole)
		if stored := storedInstead(err); stored["n"] == nil {
			return err
		}
		return t.putHead(ctx, at, head, "", c)
	}
	set := runText(run) + "-" + hash(body)
	head["b"] = binary(body[:maxSplitBytes])
	var parts []types.WriteRequest
	for body = body[maxSplitBytes:]; len(body) > 0; body = body[min(len(body), maxSplitBytes):] {
		part := at.part(set, len(parts)).item()
		part["b"] = binary(body[:min(len(body), maxSplitBytes)])
		parts = append(parts, putRequest(part))
	}
	head["p"], head["n"] = text(set), number(int64(len(parts)))
	if err := t.bulkWrite(ctx, parts); err != nil {
		return err
	}
	return t.putHead(ctx, at, head, set, c)
}

// putHead writes the head of a value whose parts are written, and deletes the parts that nobody needs any more.
func (t *Table) putHead(ctx context.Context, at headed, head item, set string, c condition) error {
	refused := t.put(ctx, head, c)
	wasWritten := set != "" && storedInstead(refused).text("p") == set // before, and perhaps not to its end
	var err error
	switch {
	case refused == nil || wasWritten:
		err = t.deleteParts(ctx, at, "", runText(head.number("run")), set)
	case conditionFailed(refused) && set != "":
		err = t.deleteParts(ctx, at, set, set, "")
	}
	return cmp.Or(err, refused)
}

// deleteParts deletes the parts of sets from one to another, but those of one that is kept.
func (t *Table) deleteParts(ctx context.Context, at headed, from, to, kept string) error {
	var writes []types.WriteRequest
	prefix := at.prefix + "#"
	for i, err := range t.query(ctx, span{pk: at.pk, from: prefix + from, to: prefix + to + "~", only: "SK"}) {
		if err != nil {
			return err
		}
		if sk := i.text("SK"); kept == "" || !strings.HasPrefix(sk, prefix+kept+"#") {
			writes = append(writes, deleteRequest(address{at.pk, sk}))
		}
	}
	return t.bulkWrite(ctx, writes)
}

// storedInstead is what was stored when the condition of a put did not hold; nil after any other answer.
func storedInstead(err error) item {
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return nil
	}
	return failed.Item
}

// readsOfHead is how often a head is read whose parts are replaced meanwhile.
const readsOfHead = 5

// whole reads the value of a head with its parts, and gives the head that it belongs to: a newer one if it was
// replaced meanwhile, nil if it was deleted.
func (t *Table) whole(ctx context.Context, at headed, head item, value any) (item, error) {
	for range readsOfHead {
		body, found, err := t.bodyOf(ctx, at, head)
		if err != nil {
			return nil, err
		}
		if found {
			if err := t.codec.unpack(body, value); err != nil {
				return nil, fmt.Errorf("decode item %s of a %s partition: %w", at.head.sk, kindOf(at.head.pk), err)
			}
			return head, nil
		}
		if head, err = t.get(ctx, at.head); err != nil || head == nil {
			return nil, err
		}
	}
	return nil, fault.Newf(fault.Unavailable, "parts_replaced",
		"the parts of a value were replaced %d times while it was read: try again later", readsOfHead)
}

// bodyOf puts a value's bytes together; found is false when a part is not there any more.
func (t *Table) bodyOf(ctx context.Context, at headed, head item) (body []byte, found bool, err error) {
	body = head.binary("b")
	addresses := make([]address, head.number("n"))
	for n := range addresses {
		addresses[n] = at.part(head.text("p"), n)
	}
	parts, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, false, err
	}
	for _, at := range addresses {
		part, ok := parts[at]
		if !ok {
			return nil, false, nil
		}
		body = append(body, part.binary("b")...)
	}
	return body, true, nil
}
