package memory

import (
	"context"

	"waymark/shared/domain/workspace"
)

// PutDocument is dynamo.Table.PutDocument.
func (t *Table) PutDocument(_ context.Context, ws string, d workspace.Document) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tenant(ws).documents[d.Kind] = d
	return nil
}

// Documents is dynamo.Table.Documents.
func (t *Table) Documents(_ context.Context, ws string) ([]workspace.Document, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []workspace.Document
	of := t.tenant(ws).documents
	for _, kind := range sortedKeys(of) {
		if of[kind].Text != "" {
			out = append(out, of[kind])
		}
	}
	return out, nil
}

// Document is dynamo.Table.Document.
func (t *Table) Document(_ context.Context, ws, kind string) (workspace.Document, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.tenant(ws).documents[kind]
	d.Kind = kind
	return d, nil
}
