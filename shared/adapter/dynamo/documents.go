package dynamo

import (
	"context"

	"waymark/shared/domain/workspace"
)

func documents(ws string) string { return partition(ws, "documents") }

// PutDocument keeps what a workspace has settled; one of the same kind is replaced. Faults: Invalid item_too_large, Unavailable.
func (t *Table) PutDocument(ctx context.Context, ws string, d workspace.Document) error {
	i, err := t.packed(address{documents(ws), d.Kind}, d)
	if err != nil {
		return err
	}
	return translate("write document", t.put(ctx, i, condition{}))
}

// Documents lists what a workspace has settled, by kind; those that were taken away are not there.
func (t *Table) Documents(ctx context.Context, ws string) ([]workspace.Document, error) {
	var out []workspace.Document
	for i, err := range t.query(ctx, span{pk: documents(ws)}) {
		if err != nil {
			return nil, translate("list documents", err)
		}
		var d workspace.Document
		if err := t.unpack(i, &d); err != nil {
			return nil, err
		}
		if d.Text != "" {
			out = append(out, d)
		}
	}
	return out, nil
}

// Document gives one of them; its Text is "" when there is none.
func (t *Table) Document(ctx context.Context, ws, kind string) (workspace.Document, error) {
	d := workspace.Document{Kind: kind}
	i, err := t.get(ctx, address{documents(ws), kind})
	if err != nil || i == nil {
		return d, translate("read document", err)
	}
	return d, t.unpack(i, &d)
}
