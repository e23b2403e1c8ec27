package adaptertest

import (
	"strings"
	"testing"

	"waymark/shared/domain/workspace"
)

// documents: what a workspace has settled is kept by kind, and the latest of a kind stands.
func documents(t *testing.T, table TableUnderTest, _ *Clock) {
	put := func(ws, kind, text string) workspace.Document {
		t.Helper()
		d := workspace.Document{Kind: kind, Text: text, Changed: noon}
		must(t, table.PutDocument(t.Context(), ws, d))
		return d
	}
	check := func(ws string, want ...workspace.Document) {
		t.Helper()
		got, err := table.Documents(t.Context(), ws)
		must(t, err)
		equal(t, "Documents of "+ws, got, want)
	}
	check("settled")
	put("settled", "funnels", `{"old":1}`)
	funnels := put("settled", "funnels", `{ "a" : "<b>" }`)
	costs := put("settled", "costs", `[`+strings.Repeat(`{"channel":"email","amount":"12.50"},`, 5000)+`{}]`)
	other := put("settled-2", "costs", `[1]`)
	check("settled", costs, funnels)
	check("settled-2", other)
	one, err := table.Document(t.Context(), "settled", "costs")
	must(t, err)
	equal(t, "Document costs", one, costs)
	none, err := table.Document(t.Context(), "settled", "metrics")
	must(t, err)
	equal(t, "Document metrics", none, workspace.Document{Kind: "metrics"})
	put("settled", "costs", "")
	check("settled", funnels)
}
