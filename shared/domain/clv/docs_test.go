package clv_test

import (
	"os"
	"strings"
	"testing"

	"waymark/shared/domain/analysis"
)

// cell is a value as documents print it, an estimate with its interval.
func cell(v analysis.Value) string {
	low, high, ok := v.Interval()
	if !ok {
		return v.String()
	}
	_, digits, _ := strings.Cut(v.String(), ".")
	return v.String() + " (" + analysis.Number(low, len(digits)).String() + " to " + analysis.Number(high, len(digits)).String() + ")"
}

// The example of docs/analyses/clv.md: the whole CDNOW sample.
func TestDocuments(t *testing.T) {
	t.Parallel()
	q := question(t, "America/New_York", "1998-06-01", "1998-07-01", "USD", map[string][]string{"limit": {"3"}})
	answer := ask(t, q, transactions(t))
	text, err := os.ReadFile("../../../docs/analyses/clv.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range answer.Tables {
		if table.Name == "deciles" || table.Name == "fits" {
			continue
		}
		for _, row := range table.Rows {
			var cells []string
			for _, v := range row {
				cells = append(cells, cell(v))
			}
			if line := "| " + strings.Join(cells, " | ") + " |\n"; !strings.Contains(string(text), line) {
				t.Errorf("docs/analyses/clv.md has no line %s", line)
			}
		}
	}
}
