package analyse

import (
	"waymark/shared/domain/acquisition"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/attribution"
	"waymark/shared/domain/balance"
	"waymark/shared/domain/basket"
	"waymark/shared/domain/change"
	"waymark/shared/domain/clv"
	"waymark/shared/domain/custom"
	"waymark/shared/domain/experiment"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/journeymap"
	"waymark/shared/domain/objective"
	"waymark/shared/domain/paths"
	"waymark/shared/domain/rates"
	"waymark/shared/domain/retention"
	"waymark/shared/domain/rfm"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/trigger"
	"waymark/shared/model"
)

// Analyses lists what may be asked, in the order in which it is shown.
func Analyses() []analysis.Analysis {
	return []analysis.Analysis{
		custom.Analysis(model.Metrics),
		funnel.Analysis(),
		retention.Analysis(),
		retention.Lifecycle(),
		paths.Analysis(),
		attribution.Analysis(),
		acquisition.Analysis(),
		rfm.Analysis(),
		clv.Analysis(),
		basket.Analysis(),
		basket.Refill(),
		feedback.Analysis(),
		journeymap.Analysis(),
		change.Analysis(),
		trigger.Analysis(),
		objective.Analysis(),
		balance.Analysis(),
		experiment.Analysis(),
	}
}

// Kind is a kind of document that a workspace may settle.
type Kind struct {
	Name     string
	Sentence string // what it is for
	// Read checks a document and says of each entry, in a sentence, what it counts. Faults, all Invalid, name the entry and what to write instead.
	Read func(text []byte) (sentences []string, err error)
}

// Kinds lists them, in the order in which they are shown.
func Kinds() []Kind {
	return []Kind{
		{"metrics", "metrics of the workspace's own, from conditions on steps", reader(custom.Parse, custom.Describe)},
		{"funnels", "funnels by name, for the analysis funnel", reader(funnel.Parse, funnel.Describe)},
		{"costs", "what was spent on channels and campaigns", reader(acquisition.ParseCosts, acquisition.DescribeCosts)},
		{"lexicons", "words of texts with their valence, by language, for the analyses sentiment and map", reader(sentiment.ParseLanguages, sentiment.DescribeLanguages)},
		{"rates", "what a currency is worth in another, by day, for convert_to", reader(rates.Parse, rates.Describe)},
		{"objectives", "what metrics are to reach, and by when", reader(objective.Parse, objective.Describe)},
		{"benchmarks", "what others reach, with source and date", reader(objective.ParseBenchmarks, objective.DescribeBenchmarks)},
		{"experiments", "what is tried on whom", reader(experiment.Parse, experiment.Describe)},
	}
}

func reader[T any](parse func([]byte) (T, error), describe func(T) []string) func([]byte) ([]string, error) {
	return func(text []byte) ([]string, error) {
		entries, err := parse(text)
		if err != nil {
			return nil, err
		}
		return describe(entries), nil
	}
}
