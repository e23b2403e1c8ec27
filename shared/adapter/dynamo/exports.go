package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

func restated(ns workspace.Namespace) string { return partition(ns, "restated") }

// PutRestated leaves notes of exports to be made anew, each under a key of its own that no other note ever has.
func (t *Table) PutRestated(ctx context.Context, ns workspace.Namespace, notes []report.Restatement) error {
	writes := make([]types.WriteRequest, 0, len(notes))
	for _, n := range notes {
		i, err := t.note(restated(ns), string(n.Grain)+"#"+n.Key, n)
		if err != nil {
			return fmt.Errorf("encode restatement: %w", err)
		}
		writes = append(writes, putRequest(i))
	}
	return translate("write restatements", t.bulkWrite(ctx, writes))
}

// note makes an item of its own, whose key begins with a text and is never used twice.
func (t *Table) note(pk, begin string, value any) (item, error) {
	return t.packed(address{pk, begin + "#" + rand.Text()}, value)
}

// Restated reads the notes of exports of one grain, in the order of their windows, each with its handle.
func (t *Table) Restated(ctx context.Context, ns workspace.Namespace, g period.Grain) ([]report.Restatement, error) {
	grain := span{pk: restated(ns), from: string(g) + "#", to: string(g) + "#~"}
	found, _, err := readSome(ctx, t, grain, all, func(n *report.Restatement, handle string) { n.Handle = handle })
	return found, translate("read restatements", err)
}

// DeleteRestated deletes the notes that were read, by their handles; those that are gone are gone.
func (t *Table) DeleteRestated(ctx context.Context, ns workspace.Namespace, handles []string) error {
	return translate("delete restatements", t.deleteNotes(ctx, restated(ns), handles))
}

// deleteNotes deletes items by their sort keys, which may repeat.
func (t *Table) deleteNotes(ctx context.Context, pk string, handles []string) error {
	writes := make([]types.WriteRequest, 0, len(handles))
	seen := make(map[string]bool, len(handles))
	for _, handle := range handles {
		if !seen[handle] {
			seen[handle] = true
			writes = append(writes, deleteRequest(address{pk, handle}))
		}
	}
	return t.bulkWrite(ctx, writes)
}

func exportAt(workspace, export string) address {
	return address{partition(workspace, "exports"), fit(export, maxSKBytes)}
}

// ExportClaim reads the newest claim to a revision of an export; the zero Claim when none was ever made.
func (t *Table) ExportClaim(ctx context.Context, workspace, export string) (report.Claim, error) {
	i, err := t.get(ctx, exportAt(workspace, export))
	if err != nil || i == nil {
		return report.Claim{}, translate("read claim to an export", err)
	}
	var c report.Claim
	err = t.unpack(i, &c)
	return c, err
}

// PutExportClaim claims a revision of an export, if the newest that was claimed is a lower one; else fault.Conflict.
func (t *Table) PutExportClaim(ctx context.Context, workspace, export string, c report.Claim) error {
	i, err := t.packed(exportAt(workspace, export), c)
	if err != nil {
		return fmt.Errorf("encode claim to an export: %w", err)
	}
	revision := number(int64(c.Revision))
	i["v"] = revision
	lower := condition{expression: "attribute_not_exists(PK) OR v < :revision", values: item{":revision": revision}}
	return translate("write claim to an export", t.put(ctx, i, lower))
}
