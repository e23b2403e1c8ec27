package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// example is an event of one of the small cases, as a row for the importer.
type example struct {
	User       string         `json:"user"`
	Time       time.Time      `json:"time"`
	Event      string         `json:"event"`
	Channel    string         `json:"channel"` // "" for none
	Properties map[string]any `json:"properties"`
}

// attributionCases are paths with published credits.
type attributionCase struct {
	Name  string
	Paths []struct {
		Path               string
		Conversions, Nulls int
	}
	Expected struct {
		Credit        map[string]json.Number `json:"credit_exact"`
		RemovalEffect map[string]json.Number `json:"removal_effects_exact"`
		Transitions   map[string]json.Number `json:"transitions_without_self_loops"`
		First         map[string]json.Number
		Last          map[string]json.Number
		Linear        map[string]json.Number
		Position      map[string]json.Number `json:"position_40_20_40"`
		Shapley       map[string]json.Number
	}
}

// UnmarshalJSON reads ["A > B", conversions, nulls].
func (c *attributionCase) UnmarshalJSON(text []byte) error {
	type plain attributionCase // without this method
	var read struct {
		plain
		Paths [][3]json.RawMessage
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*c = attributionCase(read.plain)
	for _, cells := range read.Paths {
		var path struct {
			Path               string
			Conversions, Nulls int
		}
		for i, into := range []any{&path.Path, &path.Conversions, &path.Nulls} {
			if err := json.Unmarshal(cells[i], into); err != nil {
				return err
			}
		}
		c.Paths = append(c.Paths, path)
	}
	return nil
}

// exampleChannels are channels in the place of the letters and words of the cases.
var exampleChannels = map[string]string{
	"A": "email", "B": "display", "a": "email", "b": "display", "c": "paid_search", "d": "organic_social",
	"direct": "direct", "search": "paid_search", "email": "email", "social": "organic_social",
}

// begin is the month of an attribution case, far enough from that of the next that none looks back to another.
func (c attributionCase) begin(number int) time.Time {
	return time.Date(2026, time.Month(1+number), 10, 0, 0, 0, 0, time.UTC)
}

// examples are a person for each path: a session for each touch, an hour apart, and the order after the last.
func (c attributionCase) examples(number int) []example {
	var out []example
	for i, p := range c.Paths {
		for n := range p.Conversions + p.Nulls {
			who, at := fmt.Sprintf("%s-%d-%d", c.Name, i, n), c.begin(number)
			for _, touch := range strings.Split(p.Path, " > ") {
				at = at.Add(time.Hour)
				out = append(out, example{User: who, Time: at, Event: "Product Viewed", Channel: exampleChannels[touch], Properties: map[string]any{"product_id": "p"}})
			}
			if n < p.Conversions {
				out = append(out, example{
					User: who, Time: at.Add(time.Minute), Event: "Order Completed", Properties: map[string]any{"order_id": who, "revenue": 10, "currency": "EUR"},
				})
			}
		}
	}
	return out
}

// trial is an experiment with published results: who saw which variant, and who then reached the goal.
type trial struct {
	name              string
	successes, trials []int
}

func (t trial) examples() []example {
	var out []example
	for v, persons := range t.trials {
		for n := range persons {
			who := fmt.Sprintf("%s-%c-%d", t.name, 'a'+v, n)
			at := time.Date(2026, 6, 10, 0, n, 0, 0, time.UTC)
			out = append(out, example{User: who, Time: at, Event: "Experiment Viewed", Properties: map[string]any{"experiment_id": t.name, "variation_id": string(rune('a' + v))}})
			if n < t.successes[v] {
				out = append(out, example{User: who, Time: at.Add(time.Minute), Event: "Goal Reached"})
			}
		}
	}
	return out
}

// surveyed are the answers of the worked examples: of nps the percentages among a hundred persons, of csat the counts.
func surveyed(p surveyNumbers) []example {
	var out []example
	answer := func(n int, kind string, score, scale int) {
		out = append(out, example{
			User: fmt.Sprintf("%s-%d", kind, n), Time: time.Date(2026, 7, 10, 0, n, 0, 0, time.UTC), Event: "Survey Answered",
			Properties: map[string]any{"survey": kind, "survey_type": kind, "score": score, "scale": scale},
		})
	}
	for n := range 100 {
		switch {
		case n < p.NPS[0].Promoters:
			answer(n, "nps", 9+n%2, 10)
		case n < p.NPS[0].Promoters+p.NPS[0].Detractors:
			answer(n, "nps", n%7, 10)
		default:
			answer(n, "nps", 7+n%2, 10)
		}
	}
	for n := range p.CSAT[0].Total {
		if n < p.CSAT[0].Satisfied {
			answer(n, "csat", 4+n%2, 5)
		} else {
			answer(n, "csat", 1+n%3, 5)
		}
	}
	return out
}

// said are the sentences with published scores, each a review by a person of its own.
func said(sentences []sentence) []example {
	var out []example
	for n, s := range sentences {
		out = append(out, example{
			User: fmt.Sprintf("reviewer-%d", n), Time: time.Date(2026, 8, 10, 0, n, 0, 0, time.UTC), Event: "Product Reviewed",
			Properties: map[string]any{"product_id": "p", "rating": 4, "text": s.Text, "language": "en"},
		})
	}
	return out
}

// makeExamples writes the rows of all cases.
func makeExamples() ([]byte, error) {
	c, err := readCases()
	if err != nil {
		return nil, err
	}
	var all []example
	for number, a := range c.attribution {
		all = append(all, a.examples(number)...)
	}
	for _, t := range c.trials {
		all = append(all, t.examples()...)
	}
	all = append(append(all, surveyed(c.surveys)...), said(c.sentences)...)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for _, e := range all {
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
