package rfm_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// The example of docs/analyses/rfm.md.
func TestExample(t *testing.T) {
	t.Parallel()
	row := func(person, id string, day, euros int, kind event.OrderKind) step.Row {
		return step.Row{
			Person: event.Identifier(person), At: event.At(time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC)), Type: event.Track,
			Order: &step.Order{ID: id, Kind: kind, Amount: money.Micros(euros) * money.Unit, Currency: "EUR"},
		}
	}
	lives := [][]step.Row{
		{row("ann", "1", 10, 20, event.Completed), row("ann", "2", 20, 20, event.Completed), row("ann", "3", 30, 20, event.Completed)},
		{row("bob", "4", 5, 100, event.Completed)},
		{row("cid", "5", 25, 10, event.Completed)},
		{row("dan", "6", 15, 30, event.Completed), row("dan", "7", 28, 30, event.Completed)},
		{row("eve", "8", 20, 40, event.Completed), row("eve", "9", 31, 50, event.Completed), row("eve", "9", 31, 50, event.Refunded)},
	}
	end := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	answer := ask(t, analysis.Question{Calendar: calendar(t, "UTC"), From: end.AddDate(0, -1, 0), To: end, Now: event.At(end), Currency: "EUR"}, lives)
	text, err := os.ReadFile("../../../docs/analyses/rfm.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range answer.Tables[3].Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, v.String())
		}
		if line := "| " + strings.Join(cells, " | ") + " |\n"; !strings.Contains(string(text), line) {
			t.Errorf("docs/analyses/rfm.md has no line %s", line)
		}
	}
	if len(answer.Tables[3].Rows) != 5 {
		t.Errorf("%d buyers, want 5", len(answer.Tables[3].Rows))
	}
}
