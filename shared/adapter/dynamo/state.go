package dynamo

import (
	"context"
	"fmt"

	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

func settling(ns workspace.Namespace) address {
	return address{partition(ns, "settle"), "S"}
}

// State reads where the settling of a workspace stands; the zero State before the first.
func (t *Table) State(ctx context.Context, ns workspace.Namespace) (ledger.State, error) {
	var s ledger.State
	i, err := t.get(ctx, settling(ns))
	if err != nil || i == nil {
		return s, translate("read state of settling", err)
	}
	return s, t.unpack(i, &s)
}

// PutState replaces the state if that of the given epoch is stored, 0 for none; else fault.Conflict.
func (t *Table) PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	i, err := t.packed(settling(ns), s)
	if err != nil {
		return fmt.Errorf("encode state of settling: %w", err)
	}
	i["epoch"] = number(s.Epoch)
	c := absent
	if epoch != 0 {
		c = condition{expression: "epoch = :before", values: item{":before": number(epoch)}}
	}
	return translate("write state of settling", t.put(ctx, i, c))
}
