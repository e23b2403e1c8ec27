package dynamo

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

const allWorkspaces = "workspaces"

// Key finds a key by its text; fault.NotFound when there is none. Whether it has expired is for the caller to tell.
func (t *Table) Key(ctx context.Context, keyText string) (workspace.Key, error) {
	i, err := t.get(ctx, opened(workspace.Fingerprint(keyText)))
	if err != nil {
		return workspace.Key{}, translate("read key", err)
	}
	if i == nil {
		return workspace.Key{}, fault.New(fault.NotFound, "unknown_key", "there is no such key")
	}
	var k workspace.Key
	err = t.unpack(i, &k)
	k.Text = keyText
	return k, err
}

func opened(fingerprint string) address { return address{"key#" + fingerprint, "K"} }

// Workspace reads one workspace; fault.NotFound when there is none. Keys that are no site's have their fingerprint in place of their text.
func (t *Table) Workspace(ctx context.Context, name string) (workspace.Workspace, error) {
	w, stored, err := t.workspace(ctx, name)
	if err == nil && stored == nil {
		err = unknown(name)
	}
	return w, err
}

func unknown(name string) error {
	return fault.Newf(fault.NotFound, "unknown_workspace", "there is no workspace %q", name)
}

// workspace gives the workspace and its item, which is nil when there is none.
func (t *Table) workspace(ctx context.Context, name string) (w workspace.Workspace, stored item, err error) {
	stored, err = t.get(ctx, address{allWorkspaces, name})
	if err != nil || stored == nil {
		return w, nil, translate("read workspace", err)
	}
	w, err = t.workspaceIn(stored)
	return w, stored, err
}

func (t *Table) workspaceIn(stored item) (w workspace.Workspace, err error) {
	err = t.unpack(stored, &w)
	w.Watch = watchIn(stored)
	return w, err
}

// unchanged is the condition that a workspace is still stored as it was read. Its version counts the writes; the first release wrote none.
func unchanged(stored item) condition {
	switch {
	case stored == nil:
		return condition{expression: "attribute_not_exists(PK)"}
	case stored["v"] == nil:
		return condition{expression: "attribute_not_exists(v)"}
	}
	return stillAt(stored.number("v"))
}

// PutGenerations writes the generations of a workspace, and the stage model of the one in use, if those of before are still stored; else
// fault.Conflict. Everything else of the workspace stays as it is.
func (t *Table) PutGenerations(ctx context.Context, before, after workspace.Workspace) error {
	return t.change(ctx, before.Name, func(stored workspace.Workspace) (workspace.Workspace, error) {
		if !stored.SameGenerations(before) {
			return stored, fault.Newf(fault.Conflict, "generations_changed", "the generations of workspace %s were changed by another rebuild", before.Name)
		}
		return stored.WithGenerations(after), nil
	})
}

// PutQuarantines writes the quarantines of a workspace if those of before are still stored; else fault.Conflict. Everything else of the workspace
// stays as it is.
func (t *Table) PutQuarantines(ctx context.Context, before, after workspace.Workspace) error {
	return t.change(ctx, before.Name, func(stored workspace.Workspace) (workspace.Workspace, error) {
		if !stored.SameQuarantines(before) {
			return stored, fault.Newf(fault.Conflict, "quarantines_changed", "the quarantines of workspace %s were changed by another", before.Name)
		}
		return stored.WithQuarantines(after), nil
	})
}

// change writes what is made of a stored workspace, if nobody else has changed it since it was read; else fault.Conflict.
func (t *Table) change(ctx context.Context, name string, with func(stored workspace.Workspace) (workspace.Workspace, error)) error {
	w, stored, err := t.workspace(ctx, name)
	if err != nil {
		return err
	}
	if stored == nil {
		return unknown(name)
	}
	changed, err := with(w)
	if err != nil {
		return err
	}
	i, err := t.packed(address{allWorkspaces, w.Name}, changed)
	if err != nil {
		return fmt.Errorf("encode workspace: %w", err)
	}
	i["v"] = number(stored.number("v") + 1)
	watched(i, w.Watch)
	return translate("change workspace", t.put(ctx, i, unchanged(stored)))
}

// Workspaces reads all workspaces in the order of their names.
func (t *Table) Workspaces(ctx context.Context) ([]workspace.Workspace, error) {
	var all []workspace.Workspace
	for i, err := range t.query(ctx, span{pk: allWorkspaces}) {
		if err != nil {
			return nil, translate("read workspaces", err)
		}
		w, err := t.workspaceIn(i)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// maxActions is how many items one transaction may write.
const maxActions = 100

// PutWorkspace writes a workspace and its keys in one transaction; keys that it had before and has no more stop working. The generations of a
// workspace that is there stay as they are stored: PutGenerations changes those. A key that opens another workspace gives fault.Conflict with
// code key_taken.
func (t *Table) PutWorkspace(ctx context.Context, w workspace.Workspace) error {
	before, item, err := t.workspace(ctx, w.Name)
	if err != nil {
		return err
	}
	stored := w
	if item != nil {
		stored = w.Over(before)
	}
	stored.Keys = slices.Clone(w.Keys)
	kept := map[string]bool{}
	var actions []types.TransactWriteItem
	for n, k := range w.Keys {
		stored.Keys[n] = k.WithoutSecret()
		kept[k.Fingerprint()] = true
		action, err := t.keyAction(w.Name, k.Fingerprint(), stored.Keys[n])
		if err != nil {
			return err
		}
		actions = append(actions, action)
	}
	for _, k := range before.Keys {
		if !kept[k.Fingerprint()] {
			actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: opened(k.Fingerprint()).item()}})
		}
	}
	i, err := t.packed(address{allWorkspaces, w.Name}, stored)
	if err != nil {
		return fmt.Errorf("encode workspace: %w", err)
	}
	i["v"] = number(item.number("v") + 1)
	watched(i, stored.Watch)
	still := unchanged(item)
	actions = append(actions, types.TransactWriteItem{Put: &types.Put{
		TableName: &t.name, Item: i, ConditionExpression: &still.expression, ExpressionAttributeValues: still.values,
	}})
	if len(actions) > maxActions {
		return fault.Newf(fault.Invalid, "too_many_keys", "a workspace has at most %d keys, changes counted: remove expired ones first", maxActions-1)
	}
	_, err = t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	if failedAt(err, len(actions)-1) {
		return fault.Newf(fault.Conflict, "workspace_changed", "workspace %s was changed by another at the same time: read it again", w.Name)
	}
	if canceledBy(err, "ConditionalCheckFailed") {
		return fault.New(fault.Conflict, "key_taken", "one of the keys opens another workspace: make a new one")
	}
	return translate("write workspace", err)
}

// keyAction writes a key unless another workspace has it.
func (t *Table) keyAction(name, fingerprint string, k workspace.Key) (types.TransactWriteItem, error) {
	i, err := t.packed(opened(fingerprint), k)
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("encode key: %w", err)
	}
	i["w"] = text(name)
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &t.name, Item: i,
		ConditionExpression: aws.String("attribute_not_exists(PK) OR w = :w"), ExpressionAttributeValues: item{":w": text(name)},
	}}, nil
}
