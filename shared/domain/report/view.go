package report

import (
	"sync"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/workspace"
)

// planned are the dimensions whose values a tracking plan may list, as those of the property of the same name.
var planned = [...]kpi.Dimension{measure.ByChannel, measure.ByCampaign, kpi.ByCurrency}

// View is how a workspace's numbers are shown: in its currency, and with what its tracking plans list as declared. Plans are read when a window has
// more values than it shows.
func View(w workspace.Workspace) kpi.View {
	listed := sync.OnceValue(func() map[kpi.Dimension]map[string]bool {
		out := map[kpi.Dimension]map[string]bool{}
		for _, key := range w.Keys {
			p, err := plan.Parse(key.Policy.Plan)
			if key.Policy.Plan == "" || err != nil { // one that a later release has set
				continue
			}
			for _, d := range planned {
				for _, value := range p.Values(string(d)) {
					if code, err := money.Currency(value); d == kpi.ByCurrency && err == nil {
						value = code
					}
					if out[d] == nil {
						out[d] = map[string]bool{}
					}
					out[d][value] = true
				}
			}
		}
		out[measure.ByFirstChannel] = out[measure.ByChannel]
		return out
	})
	return kpi.View{Currency: w.Currency, Declared: func(d kpi.Dimension, value string) bool { return listed()[d][value] }}
}
