package dynamo

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// profilesAtOnce bounds how many profiles are written at a time: a batch call takes no conditions.
const profilesAtOnce = 16

func profileOf(ns workspace.Namespace, id event.Identifier) headed {
	pk := partitionOf(ns, id)
	return headed{head: address{pk, "P"}, pk: pk, prefix: "p"} // behind lastOfAll: Partitions passes the parts over
}

// Profiles reads what was counted of identifiers, in the order of ids; the zero Profile, with its ID, where there is
// none.
func (t *Table) Profiles(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Profile, error) {
	addresses := make([]address, len(ids))
	for n, id := range ids {
		addresses[n] = profileOf(ns, id).head
	}
	items, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, translate("read profiles", err)
	}
	profiles := make([]ledger.Profile, len(ids))
	for n, id := range ids {
		profiles[n].ID = id
		head, found := items[addresses[n]]
		if !found {
			continue
		}
		head, err := t.whole(ctx, profileOf(ns, id), head, &profiles[n])
		if err != nil {
			return nil, translate("read profile", err)
		}
		profiles[n].Run = head.number("run")
	}
	return profiles, nil
}

// PutProfiles writes profiles, several at a time and each if no later run has written it; of the same run it was
// written before. After an error some may be written.
func (t *Table) PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error {
	err := parallel(ctx, len(profiles), profilesAtOnce, func(ctx context.Context, n int) error {
		p := &profiles[n]
		err := t.putOfRun(ctx, profileOf(ns, p.ID), p, p.Run, ofEarlierRun(p.Run))
		if conditionFailed(err) {
			return nil
		}
		return err
	})
	return translate("write profiles", err)
}

// ofEarlierRun is the condition that nothing is stored, or something of a run before this.
func ofEarlierRun(run int64) condition {
	return condition{expression: "attribute_not_exists(PK) OR run < :run", values: item{":run": number(run)}}
}
