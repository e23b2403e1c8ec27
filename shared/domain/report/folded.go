package report

import (
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

// Folded is what of a window has no rows of its own, as files and answers show it; see kpi.Folded. Times are as in Lines.
type Folded struct {
	Grain     period.Grain         `json:"grain"`
	Start     string               `json:"start"`
	End       string               `json:"end"`
	Dimension kpi.Dimension        `json:"dimension"` // currency: of currencies
	Members   int                  `json:"members"`
	Persons   int64                `json:"persons"`
	Orders    int64                `json:"orders"`
	Revenue   map[string]money.Sum `json:"revenue,omitempty"` // decimal, by currency
}

// FoldedIn lists what has no rows of its own in a window that is shown.
func FoldedIn(calendar period.Calendar, window kpi.Window) []Folded {
	var out []Folded
	for _, f := range window.Folded {
		is := Folded{
			Grain: window.Grain, Start: local(calendar, window.Start), End: local(calendar, window.End),
			Dimension: f.Dimension, Members: f.Members, Persons: f.Persons, Orders: f.Orders,
		}
		for _, r := range f.Revenue {
			if is.Revenue == nil {
				is.Revenue = map[string]money.Sum{}
			}
			is.Revenue[r.Currency] = money.Sum{Wide: r.Amount}
		}
		out = append(out, is)
	}
	return out
}
