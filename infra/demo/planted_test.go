package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"waymark/infra/demo"
	lives "waymark/shared/analyse"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/attribution"
	"waymark/shared/domain/balance"
	"waymark/shared/domain/change"
	"waymark/shared/domain/event"
	"waymark/shared/domain/experiment"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/objective"
	"waymark/shared/domain/trigger"
	"waymark/shared/domain/workspace"
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
	for kind, text := range p.Documents() {
		if err := s.Table.PutDocument(t.Context(), w.Name, workspace.Document{Kind: kind, Text: text, Changed: event.At(s.Now)}); err != nil {
			t.Fatal(err)
		}
	}
	a := &lives.Analyser{
		Steps: s.Archive, Documents: s.Table, Windows: s.Ports(), Ledger: s.Ports(), Rules: s.Rules, Definitions: s.Definitions, Now: func() time.Time { return s.Now }, MaxSteps: lives.MaxSteps,
		Analyses: []analysis.Analysis{
			funnel.Analysis(), attribution.Analysis(), change.Analysis(), balance.Analysis(), trigger.Analysis(), objective.Analysis(), experiment.Analysis(), feedback.Analysis(),
		},
	}
	return p.LookFor(t.Context(), func(ctx context.Context, method, path string, _, into any) error {
		if name, isAnalysis := strings.CutPrefix(path, "/v1/analyses/"); isAnalysis {
			name, query, _ := strings.Cut(name, "?")
			said, err := url.ParseQuery(query)
			if err != nil {
				return err
			}
			answer, err := a.Answer(ctx, w, name, said)
			if err != nil {
				return err
			}
			text, err := json.Marshal(answer)
			if err != nil {
				return err
			}
			return json.Unmarshal(text, into)
		}
		status, body := s.Get(path)
		if status != http.StatusOK {
			return fmt.Errorf("%s %s: %d %s", method, path, status, body)
		}
		return json.Unmarshal([]byte(body), into)
	}, page)
}

var _ = os.Getenv
