package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
)

// partBytes is how much of an original one item holds: room stays for the batch's context and an edited event, 32 KiB each. A message of the
// queue, 1 MiB at most, needs five.
const partBytes = 256 << 10

func failedPart(workspace, id string, n int) address {
	at := failedEvent(workspace, id)
	at.sk = fmt.Sprintf("F#%02d", n)
	return at
}

// parts is an original as it is stored: the first part in the event's own item and how many more follow.
type parts struct {
	first []byte
	more  int64
	done  bool // there is nothing to write: the event is done with or was edited
}

// putParts writes all but the first part of an original. The bytes of one id never change, so writing them again changes nothing.
func (t *Table) putParts(ctx context.Context, f event.Failed, expires types.AttributeValue) (parts, error) {
	stored := t.codec.compress([]byte(f.Original))
	if len(stored) <= partBytes {
		return parts{first: stored}, nil
	}
	known, err := t.get(ctx, failedEvent(f.Workspace, f.ID))
	if err != nil {
		return parts{}, translate("read failed event", err)
	}
	if known["d"] != nil || known["e"] != nil {
		return parts{done: true}, nil
	}
	out := parts{first: stored[:partBytes]}
	for stored = stored[partBytes:]; len(stored) > 0; out.more++ {
		size := min(len(stored), partBytes)
		part := failedPart(f.Workspace, f.ID, int(out.more)).item()
		part["o"], part["expires_at"] = binary(stored[:size]), expires
		if err := t.put(ctx, part, condition{}); err != nil {
			return parts{}, translate("write part of failed event", err)
		}
		stored = stored[size:]
	}
	return out, nil
}

// original reads the bytes of a failed event out of its item and those that continue it.
func (t *Table) original(ctx context.Context, f event.Failed, i item) (string, error) {
	stored, more := i.binary("o"), int(i.number("n"))
	if more > 0 {
		addresses := make([]address, more)
		for n := range addresses {
			addresses[n] = failedPart(f.Workspace, f.ID, n)
		}
		found, err := t.batchGet(ctx, addresses)
		if err != nil {
			return "", translate("read parts of failed event", err)
		}
		for n, at := range addresses {
			part, ok := found[at]
			if !ok {
				return "", fmt.Errorf("read failed event: part %d of %d is missing", n+1, more)
			}
			stored = append(stored, part.binary("o")...)
		}
	}
	original, err := t.codec.expand(stored)
	if err != nil {
		return "", fmt.Errorf("decode failed event: %w", err)
	}
	return string(original), nil
}
