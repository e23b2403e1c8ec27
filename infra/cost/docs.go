package cost

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"waymark/infra/cost/bill"
)

//go:embed costs.md.tmpl
var docsTemplate string

//go:embed mine.yaml
var mineExample string

// Docs is the page about costs, made from figures and prices.
func Docs(f Figures, prices bill.Prices) ([]byte, error) {
	page, err := template.New("costs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("read template of costs.md: %w", err)
	}
	details := func(name string) string {
		m, _ := f.profile(name)
		return Details(m, prices)
	}
	type row struct{ Name, Title, Ingest, Schedules, Units, Dollars string }
	var rows []row
	cell := func(u bill.Usage) string {
		return thousandth(u.Operations(), 0) + " / " + decimal(prices.Dollars(u), 2)
	}
	for _, m := range f.Profiles {
		u := m.PerMillion()
		rows = append(rows, row{
			m.Profile.Name, m.Profile.Title, cell(m.Ingest.PerMillion()), cell(m.Schedules.PerMillion()),
			thousandth(u.Operations(), 0), decimal(prices.Dollars(u), 2),
		})
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Rows": rows, "Web": details("web"), "Single": details("single"), "Idle": decimal(prices.Dollars(f.Idle), 2),
		"Prices": prices, "Mine": mineExample,
	})
	if err != nil {
		return nil, fmt.Errorf("write costs.md: %w", err)
	}
	return out.Bytes(), nil
}

// WriteDocs writes docs/costs.md below the root of the project.
func WriteDocs(root string, f Figures, prices bill.Prices) error {
	text, err := Docs(f, prices)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "costs.md"), text, 0o644)
}
