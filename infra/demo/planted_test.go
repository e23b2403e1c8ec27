package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"waymark/infra/demo"
	"waymark/shared/testing/system"
)

// TestPlantedTruths sends the planted workspace through all functions, in the memory of this process, and looks for each truth.
func TestPlantedTruths(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	found, all, err := look(t, demo.MakePlanted(), &page)
	if err != nil || found != all || all < 14 {
		t.Errorf("found %d of %d truths (%v)", found, all, err)
	}
	t.Log(page.String())
}

// TestNothingIsFoundInNothing shows that each truth can be missed: of answers without numbers none is found.
func TestNothingIsFoundInNothing(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	found, all, err := demo.MakePlanted().LookFor(t.Context(), func(_ context.Context, _, _ string, _, into any) error {
		return json.Unmarshal([]byte(`{}`), into)
	}, &page)
	if err != nil || found != 0 || all < 14 {
		t.Errorf("of nothing %d of %d truths are found (%v)\n%s", found, all, err, page.String())
	}
}

func look(t *testing.T, p demo.Planted, page *bytes.Buffer) (found, all int, err error) {
	t.Helper()
	w := system.Shop()
	w.Zone, w.Currency = "UTC", "EUR"
	s := system.New(t, w)
	for _, body := range p.Batches() {
		var batch struct{ Batch []json.RawMessage }
		if err := json.Unmarshal(body, &batch); err != nil {
			t.Fatal(err)
		}
		raw := make([]string, len(batch.Batch))
		for i, one := range batch.Batch {
			raw[i] = string(one)
		}
		s.Send("wk_web", raw...)
	}
	s.Settle()
	ask := func(_ context.Context, method, path string, body, into any) error {
		text, _ := body.(string)
		status, answer := s.Ask(method, path, "sk_shop", text)
		if status != http.StatusOK {
			return fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		}
		return json.Unmarshal([]byte(answer), into)
	}
	for kind, text := range p.Documents() {
		var settled json.RawMessage
		if err := ask(t.Context(), http.MethodPut, "/v1/definitions/"+kind, text, &settled); err != nil {
			t.Fatal(err)
		}
	}
	return p.LookFor(t.Context(), ask, page)
}

// TestPlantedPage holds docs/planted.md to the answer key: it has each truth, and no other.
func TestPlantedPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/planted.md")
	if err != nil {
		t.Fatal(err)
	}
	names := demo.TruthNames()
	for _, name := range names {
		if !strings.Contains(string(page), "\n| "+name+" | ") {
			t.Errorf("docs/planted.md has no row of %q", name)
		}
	}
	if rows := strings.Count(string(page), "\n| ") - 1; rows != len(names) {
		t.Errorf("docs/planted.md has %d rows for %d truths", rows, len(names))
	}
}
