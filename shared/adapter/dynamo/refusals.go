package dynamo

import (
	"context"
	"time"

	"waymark/shared/domain/event"
)

// keepRefusals is how long refused requests can be counted.
const keepRefusals = 90 * 24 * time.Hour

func refusedOn(workspace, day string) string { return partition(workspace, "refused#"+day) }

// PutRefusal keeps a refused request for 90 days from its receipt. One of the same request and day replaces it.
func (t *Table) PutRefusal(ctx context.Context, workspace string, r event.Refusal) error {
	i, err := t.packed(address{refusedOn(workspace, r.Received.Day()), fit(r.Request, maxSKBytes)}, r)
	if err != nil {
		return err
	}
	i["expires_at"] = number(r.Received.Add(keepRefusals).Time().Unix())
	return translate("write refusal", t.put(ctx, i, condition{}))
}

// Refusals lists the requests that were refused on a UTC day, sorted by request.
func (t *Table) Refusals(ctx context.Context, workspace, day string) ([]event.Refusal, error) {
	var out []event.Refusal
	for i, err := range t.query(ctx, span{pk: refusedOn(workspace, day), filter: t.alive()}) {
		if err != nil {
			return nil, translate("list refusals", err)
		}
		var r event.Refusal
		if err := t.unpack(i, &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
