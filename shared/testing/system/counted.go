package system

import (
	"encoding/json"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// Counted is what settling comes to, a line for each thing: windows, the profiles of identifiers that are wanted, and steps. Numbers of runs, times of
// computing and which zones there were are left out, for they tell how it went.
func (s *System) Counted(w workspace.Workspace, ids []event.Identifier, isWanted func(ledger.Profile) bool) (lines []string) {
	s.t.Helper()
	note := func(what string, value any) {
		text, err := json.Marshal(value)
		must(s.t, err)
		lines = append(lines, what+" "+string(text))
	}
	ctx, space := s.t.Context(), w.Namespace()
	for _, g := range period.Grains() {
		windows, err := s.Table.Windows(ctx, space, g, "0", "~")
		must(s.t, err)
		for _, window := range windows {
			if !window.Totals.IsZero() { // one in which something counted once may be left
				note(string(g)+" "+window.Key, s.Definitions.Rows(w.Currency, window.Totals))
			}
		}
	}
	profiles, err := s.Table.Profiles(ctx, space, ids)
	must(s.t, err)
	for _, p := range profiles {
		if p.Zone = 0; isWanted(p) {
			note("profile "+string(p.ID), p)
		}
	}
	days, err := s.Archive.Days(ctx, space)
	must(s.t, err)
	for _, day := range days {
		for rows, err := range s.Archive.Steps(ctx, space, []string{day.Key}, step.AllColumns) {
			must(s.t, err)
			note("steps of "+day.Key, rows)
		}
	}
	return lines
}

// Everyone wants every profile.
func Everyone(ledger.Profile) bool { return true }
