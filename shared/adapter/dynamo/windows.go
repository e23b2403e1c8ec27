package dynamo

import (
	"context"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

func computed(ns workspace.Namespace, g period.Grain) string {
	return partition(ns, "kpi#"+string(g))
}

func partsOfWindows(ns workspace.Namespace, g period.Grain) string {
	return partition(ns, "kpi#"+string(g)+"#parts")
}

func windowAt(ns workspace.Namespace, g period.Grain, key string) headed {
	return headed{head: address{computed(ns, g), key}, pk: partsOfWindows(ns, g), prefix: key}
}

// Window reads one computed window; the zero Window when there is none.
func (t *Table) Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (w kpi.Window, err error) {
	at := windowAt(ns, g, key)
	head, err := t.get(ctx, at.head)
	if err == nil && head != nil {
		_, err = t.whole(ctx, at, head, &w)
	}
	return w, translate("read window", err)
}

// Windows reads the computed windows of a grain from one key to another, both included, in the order of their keys.
func (t *Table) Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error) {
	if fromKey > toKey {
		return nil, nil // DynamoDB refuses such a range
	}
	var windows []kpi.Window
	for i, err := range t.query(ctx, span{pk: computed(ns, g), from: fromKey, to: toKey}) {
		if err != nil {
			return nil, translate("read windows", err)
		}
		var w kpi.Window
		head, err := t.whole(ctx, windowAt(ns, g, i.text("SK")), i, &w)
		if err != nil {
			return nil, translate("read window", err)
		}
		if head != nil {
			windows = append(windows, w)
		}
	}
	return windows, nil
}

// PutWindow replaces a window if the stored one is of a run before this, or there is none; else fault.Conflict.
func (t *Table) PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error {
	return translate("write window", t.putOfRun(ctx, windowAt(ns, w.Grain, w.Key), w, w.Run, ofEarlierRun(w.Run)))
}

// StampWindow replaces a window if the stored one is of the given run, 0 for none; else fault.Conflict. A rebuild
// writes so what the revisions of a generation follow from.
func (t *Table) StampWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window, stored int64) error {
	c := absent
	if stored != 0 {
		c = condition{expression: "run = :before", values: item{":before": number(stored)}}
	}
	return translate("write window", t.putOfRun(ctx, windowAt(ns, w.Grain, w.Key), w, w.Run, c))
}
