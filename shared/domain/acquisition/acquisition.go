// Package acquisition is what it takes to win persons: new persons and new buyers by the channel of their first session, what they have spent since,
// and, with a file of costs, what each of them cost and when they had paid it back.
//
// It does not share an order among the channels that led to it, which is package attribution: here a person belongs to the first one.
//
//	plan, err := acquisition.Analysis().Prepare(question)
//
// The rules are:
//   - New persons are those whose first step ever is in the period, new buyers those whose first order ever is. Either is by the channel, and campaign, of
//     the person's first session. New buyers need not be new persons.
//   - Revenue is that of the new persons, from their first step until now, each of its days counted from that step.
//   - Costs are spread evenly over the days of their entry, to the last digit: periods that tile time have costs that add up to the entry.
//   - Currencies are never added, and cost is compared with revenue of its own currency alone.
package acquisition

import (
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

const day = 24 * time.Hour

// month is what payback is counted in.
const month = 30 * day

// horizons are how long after their first step the revenue of persons is shown.
func horizons() [3]time.Duration { return [3]time.Duration{30 * day, 90 * day, 365 * day} }

// Analysis answers how many persons each channel won, what they brought and what they cost.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "acquisition", Version: 1,
		Sentence: "Counts new persons and new buyers by the channel of their first session, with what they brought since and, where costs are settled, what they cost.",
		Parameters: []analysis.Parameter{
			{Name: "revenue", Sentence: "net takes off what was changed, cancelled and refunded; gross is what orders came to", Values: []string{"net", "gross"}, Default: "net"},
		},
		Prepare: prepare,
	}
}

// settings are the parameters, read.
type settings struct {
	analysis.Question
	byCampaign bool
	isGross    bool
	costs      []Cost
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	s := &settings{Question: q}
	from := q.Start()
	columns := step.ColumnsOf(step.FirstChannel, step.FirstEver, step.OrderMoney)
	switch q.By.Name {
	case "", "channel", "first_channel":
	case "campaign":
		s.byCampaign, from = true, 0 // the first session of who first buys in the period may lie long before it
		columns = columns.With(step.Session, step.SessionCampaign)
	default:
		return analysis.Plan{}, analysis.Bad("by", "acquisition is by channel or by campaign, those of the first session, not by %.40q", q.By.Name)
	}
	revenue, err := q.Choice("revenue", "net", "gross")
	if err != nil {
		return analysis.Plan{}, err
	}
	s.isGross = revenue == "gross"
	if text := q.Documents["costs"]; text != nil {
		if s.costs, err = ParseCosts(text); err != nil {
			return analysis.Plan{}, err
		}
	}
	return analysis.Plan{From: from, To: max(q.Now, q.Start()), Columns: columns, Answer: s.answer}, nil
}

func (s *settings) answer(lives analysis.Lives) (analysis.Answer, error) {
	t := analysis.Fold(lives, s.begin, (*tally).add, (*tally).join)
	t.spend()
	return t.answer(), nil
}

// ends says whether a time after a first step is over.
func (s *settings) ends(first event.Millis, after time.Duration) bool {
	return first.Add(after) <= s.Now
}
