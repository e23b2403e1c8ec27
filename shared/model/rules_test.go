package model_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/country"
	"waymark/shared/domain/page"
	"waymark/shared/model"
)

// TestRulesID: what persons are folded under names every table that it is made of, so that a changed one counts everybody anew.
func TestRulesID(t *testing.T) {
	t.Parallel()
	rules, err := model.Rules("default")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(
		"%s channels@%s bots@%d catalogue@%d countries@%d agents@%d pages@%d", rules.Model.ID(), channelRules(t).Version, botRules(t).Version(), rules.Passive.Version, country.Version,
		model.Agents().Version(), page.Version)
	if rules.ID != want {
		t.Errorf("ID = %q, want %q", rules.ID, want)
	}
}
