package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// window is a kpi.Window with its rows, which are not part of its own JSON.
type window struct {
	kpi.Window
	Rows []kpi.Row `json:"rows"`
}

func computed(workspace string, g period.Grain) string {
	return partition(workspace, "kpi#"+string(g))
}

// Window reads one computed window; the zero Window when it was never computed. One of revision 0 with a version never had anything to count.
func (t *Table) Window(ctx context.Context, workspace string, g period.Grain, key string) (kpi.Window, error) {
	i, err := t.get(ctx, address{computed(workspace, g), key})
	if err != nil || i == nil {
		return kpi.Window{}, translate("read window", err)
	}
	return t.windowIn(i)
}

func (t *Table) windowIn(i item) (kpi.Window, error) {
	var w window
	err := t.unpack(i, &w)
	w.Window.Rows = w.Rows
	return w.Window, err
}

// Windows reads the computed windows of a grain from one key to another, both included, in the order of their keys. One that holds a version and
// never had anything to count is none of them.
func (t *Table) Windows(ctx context.Context, workspace string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error) {
	if fromKey > toKey {
		return nil, nil // DynamoDB refuses such a range
	}
	var windows []kpi.Window
	for i, err := range t.query(ctx, span{pk: computed(workspace, g), from: fromKey, to: toKey}) {
		if err != nil {
			return nil, translate("read windows", err)
		}
		w, err := t.windowIn(i)
		if err != nil {
			return nil, err
		}
		if w.Revision > 0 {
			windows = append(windows, w)
		}
	}
	return windows, nil
}

// PutWindow replaces a window if the stored version is the one before it, or it is absent for version 1; else fault.Conflict.
func (t *Table) PutWindow(ctx context.Context, workspace string, w kpi.Window) error {
	return t.ReplaceWindow(ctx, workspace, w, w.Version()-1)
}

// ReplaceWindow replaces a window if the stored version is the given one, 0 for none; else fault.Conflict.
func (t *Table) ReplaceWindow(ctx context.Context, workspace string, w kpi.Window, stored int64) error {
	i, err := t.windowItem(workspace, w)
	if err != nil {
		return err
	}
	return translate("write window", t.put(ctx, i, stillAt(stored)))
}

// PutWindows replaces all of the windows, each on the condition of PutWindow, and stores the marks with them, or does nothing at all: whoever sees
// such a mark sees the windows. At most 100 items, of 4 MB together.
func (t *Table) PutWindows(ctx context.Context, workspace string, windows []kpi.Window, marks []kpi.Mark) error {
	switch {
	case len(windows) == 0:
		return t.PutMarks(ctx, workspace, marks)
	case len(windows) == 1 && len(marks) == 0: // a transaction costs twice as much
		return t.PutWindow(ctx, workspace, windows[0])
	}
	items, err := t.markItems(workspace, marks)
	if err != nil {
		return err
	}
	actions := make([]types.TransactWriteItem, 0, len(windows)+len(items))
	for _, w := range windows {
		i, err := t.windowItem(workspace, w)
		if err != nil {
			return err
		}
		c := after(w.Version())
		actions = append(actions, types.TransactWriteItem{
			Put: &types.Put{TableName: &t.name, Item: i, ConditionExpression: &c.expression, ExpressionAttributeValues: c.values},
		})
	}
	for _, i := range items {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &t.name, Item: i}})
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	if canceledBy(err, "ConditionalCheckFailed") {
		return fault.New(fault.Conflict, "conflict", "one of the windows has another version: another writer was first, load them again")
	}
	return translate("write windows", err)
}

func (t *Table) windowItem(workspace string, w kpi.Window) (item, error) {
	i, err := t.packed(address{computed(workspace, w.Grain), w.Key}, window{w, w.Rows})
	if err != nil {
		return nil, fmt.Errorf("encode window: %w", err)
	}
	i["v"] = number(w.Version())
	return i, nil
}

func rollups(workspace string) address {
	return address{partition(workspace, "kpi"), "rollup"}
}

// RollupTimes reads when the newest rollup of each grain was made; nil before the first.
func (t *Table) RollupTimes(ctx context.Context, workspace string) (map[period.Grain]event.Millis, error) {
	i, err := t.get(ctx, rollups(workspace))
	if err != nil || i == nil {
		return nil, translate("read rollup times", err)
	}
	var times map[period.Grain]event.Millis
	err = t.unpack(i, &times)
	return times, err
}

// PutRollupTimes replaces the times of the newest rollups.
func (t *Table) PutRollupTimes(ctx context.Context, workspace string, times map[period.Grain]event.Millis) error {
	i, err := t.packed(rollups(workspace), times)
	if err != nil {
		return fmt.Errorf("encode rollup times: %w", err)
	}
	return translate("write rollup times", t.put(ctx, i, condition{}))
}
