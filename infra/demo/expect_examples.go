package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// cases are the small data sets with published answers.
type cases struct {
	attribution []attributionCase
	trials      []trial
	tests       []testNumbers
	surveys     surveyNumbers
	sentences   []sentence
}

type surveyNumbers struct {
	NPS []struct {
		Promoters  int `json:"promoters_pct"`
		Detractors int `json:"detractors_pct"`
		NPS        int `json:"nps"`
	}
	CSAT []struct {
		Satisfied, Total int
		Percent          int `json:"csat_pct"`
	}
}

// testNumbers are a case of ab_test as far as it is compared.
type testNumbers struct {
	Name              string
	Successes, Trials []int
	Rates             []json.Number
	Wilson            [][2]json.Number `json:"wilson95"`
	Difference        struct {
		Value json.Number
		Lift  json.Number `json:"relative_lift"`
	} `json:"diff_B_minus_A"`
	Bayes struct {
		Better json.Number `json:"p_B_beats_A"`
		Loss   json.Number `json:"expected_loss_choosing_B"`
	} `json:"bayes_uniform_prior"`
}

type sentence struct {
	Text     string
	Compound json.Number
	Note     string
}

func readCases() (c cases, err error) {
	var all []sentence
	for name, into := range map[string]any{
		"attribution_examples/cases.json": &c.attribution, "ab_test/cases.json": &c.tests, "surveys/worked_examples.json": &c.surveys,
		"sentiment/vader_readme_examples.json": &all,
	} {
		if err := readJSON("data/"+name, into); err != nil {
			return c, err
		}
	}
	for _, s := range all {
		if s.Note == "" { // a note says that the published score is of an older program
			c.sentences = append(c.sentences, s)
		}
	}
	c.trials = []trial{
		{"statsmodels", c.tests[0].Successes, c.tests[0].Trials},
		{"growthbook", []int{14, 16}, []int{28, 30}}, // see data/ab_test/SOURCE.md
		{"fleiss", c.tests[1].Successes, c.tests[1].Trials},
	}
	return c, nil
}

// expectExamples are the published answers.
func expectExamples([]byte) ([]line, error) {
	c, err := readCases()
	if err != nil {
		return nil, err
	}
	var lines []line
	for number, a := range c.attribution {
		lines = append(lines, a.credits(number)...)
	}
	lines = append(lines, c.attribution[1].deciders(1)...)
	lines = append(lines, c.experiments()...)
	lines = append(lines, c.surveys.answers()...)
	return span("2026-01-01", "2026-09-01", append(lines, scored(c.sentences)...)), nil
}

// credits are what each model gives to each channel, to a millionth.
func (c attributionCase) credits(number int) []line {
	q := question{analysis: "attribution", from: c.begin(number).Format(time.DateOnly), to: c.begin(number).AddDate(0, 0, 2).Format(time.DateOnly)}
	short := []string{"pychattr", "mta", "mta four"}[number]
	var lines []line
	for _, model := range []struct {
		column string
		want   map[string]json.Number
	}{
		{"first", c.Expected.First},
		{"last", c.Expected.Last},
		{"linear", c.Expected.Linear},
		{"position", c.Expected.Position},
		{"markov", c.Expected.Credit},
		{"shapley", c.Expected.Shapley},
	} {
		for _, touch := range sorted(model.want) {
			lines = append(lines, q.cell(fmt.Sprintf("attribution: %s, %s of %s", short, model.column, touch), "conversions",
				of("channel", exampleChannels[touch]), model.column, model.want[touch].String(), published).near("0.000001"))
		}
	}
	for _, touch := range sorted(c.Expected.RemovalEffect) {
		lines = append(lines, q.cell(fmt.Sprintf("attribution: %s, removal of %s", short, touch), "removal_effects",
			of("channel", exampleChannels[touch]), "removal_effect", c.Expected.RemovalEffect[touch].String(), published).near("0.000001"))
	}
	return lines
}

// deciders are who bought of those whose path began with a channel: the orders are the published credits of first touches.
func (c attributionCase) deciders(number int) []line {
	begin := c.begin(number)
	q := question{analysis: "triggers", from: begin.Format(time.DateOnly), to: begin.AddDate(0, 0, 2).Format(time.DateOnly), parameters: "least=1"}
	paths, orders := map[string]int{}, 0
	for _, p := range c.Paths {
		first, _, _ := strings.Cut(p.Path, " > ")
		paths[first] += p.Conversions + p.Nulls
		orders += p.Conversions
	}
	var lines []line
	for _, touch := range sorted(c.Expected.First) {
		row := of("kind", "channel", "value", exampleChannels[touch])
		lines = append(lines,
			q.cell("triggers: first "+touch+", bought", "correlations", row, "conversion_with", c.Expected.First[touch].String(), published).as("numerator"),
			q.cell("triggers: first "+touch+", all", "correlations", row, "conversion_with", text(paths[touch]), recounted).as("denominator"))
	}
	journey := question{analysis: "map", from: q.from, to: q.to}
	for _, touch := range sorted(c.Expected.First) {
		row := of("stage", "consideration", "channel", exampleChannels[touch])
		lines = append(lines,
			journey.cell("map: considered by "+touch, "map", row, "persons", text(paths[touch]), recounted),
			journey.cell("map: went on from "+touch, "map", row, "converted", c.Expected.First[touch].String(), published))
	}
	return append(lines, q.cell("triggers: bought after a view", "triggers", of("event", "Product Viewed"), "deciders", text(orders), recounted).as("numerator"))
}

func (c cases) experiments() []line {
	ask := func(name string) question {
		return question{analysis: "experiments", from: "2026-06-01", to: "2026-07-01", parameters: "experiment=" + name}
	}
	first, book := ask("statsmodels"), ask("growthbook")
	row, test := of("variant", "b"), c.tests[0]
	lines := []line{
		first.cell("statsmodels: difference", "results", row, "difference", test.Difference.Value.String(), published).near("0.000001"),
		first.cell("statsmodels: lift", "results", row, "lift", test.Difference.Lift.String(), published).near("0.000001"),
		first.cell("statsmodels: probability that b is better", "results", row, "better", test.Bayes.Better.String(), published).near("0.000001"),
		first.cell("statsmodels: expected loss of b", "results", row, "expected_loss", test.Bayes.Loss.String(), published).near("0.000001"),
		book.cell("GrowthBook: lift", "results", row, "lift", "0.06667", published),
		book.cell("GrowthBook: lift, from", "results", row, "lift", "-0.47767", published).as("low"),
		book.cell("GrowthBook: lift, to", "results", row, "lift", "0.61101", published).as("high"),
		book.cell("GrowthBook: p", "results", row, "p_lift", "0.80707", published),
	}
	for n, t := range c.tests {
		q, name := first, "statsmodels"
		if n == 1 {
			q, name = ask("fleiss"), "Fleiss"
		}
		for v := range t.Trials {
			row, what := of("variant", string(rune('a'+v))), fmt.Sprintf("%s: %c, ", name, 'a'+v)
			lines = append(lines,
				q.cell(what+"rate", "results", row, "conversion", t.Rates[v].String(), published).near("0.000001"),
				q.cell(what+"rate, from", "results", row, "conversion", t.Wilson[v][0].String(), published).as("low").near("0.000001"),
				q.cell(what+"rate, to", "results", row, "conversion", t.Wilson[v][1].String(), published).as("high").near("0.000001"))
		}
	}
	return lines
}

// answers are the published scores, with the intervals of 95 % that follow from their definitions.
func (p surveyNumbers) answers() []line {
	const z = 1.959963984540054
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }
	q := question{analysis: "sentiment", from: "2026-07-01", to: "2026-08-01"}
	nps, csat := p.NPS[0], p.CSAT[0]
	promoters, detractors := float64(nps.Promoters)/100, float64(nps.Detractors)/100
	half := z * math.Sqrt((promoters+detractors-(promoters-detractors)*(promoters-detractors))/100)
	n, share := float64(csat.Total), float64(csat.Satisfied)/float64(csat.Total)
	middle, spread := (share+z*z/(2*n))/(1+z*z/n), z/(1+z*z/n)*math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	row := of("part", "whole")
	metric := question{analysis: "metrics", from: q.from, to: q.to, parameters: "metric=nps,csat"}
	kpi := func(what, name, part, want string, origin origin) line {
		return line{what: what, metric: name, part: part, from: q.from, to: q.to, want: want, origin: origin}
	}
	return []line{
		kpi("NPS, of the KPIs", "nps", "value", strconv.Itoa(nps.NPS), published),
		kpi("NPS, of the KPIs, from", "nps", "low", decimal(float64(nps.NPS)-100*half), recounted).near("0.001"),
		kpi("NPS, of the KPIs, to", "nps", "high", decimal(float64(nps.NPS)+100*half), recounted).near("0.001"),
		kpi("CSAT, of the KPIs", "csat", "value", decimal(float64(csat.Percent)/100), published),
		kpi("CSAT, of the KPIs, from", "csat", "low", decimal(middle-spread), recounted).near("0.000001"),
		kpi("CSAT, of the KPIs, to", "csat", "high", decimal(middle+spread), recounted).near("0.000001"),
		metric.cell("NPS, of the analysis metrics", "whole", of("metric", "nps"), "value", strconv.Itoa(nps.NPS), published),
		metric.cell("CSAT, of the analysis metrics", "whole", of("metric", "csat"), "value", decimal(float64(csat.Percent)/100), published),
		q.cell("NPS", "nps", row, "nps", strconv.Itoa(nps.NPS), published),
		q.cell("NPS, from", "nps", row, "nps", decimal(float64(nps.NPS)-100*half), recounted).as("low").near("0.001"),
		q.cell("NPS, to", "nps", row, "nps", decimal(float64(nps.NPS)+100*half), recounted).as("high").near("0.001"),
		q.cell("NPS, promoters", "nps", row, "promoters", strconv.Itoa(nps.Promoters), published).as("numerator"),
		q.cell("NPS, detractors", "nps", row, "detractors", strconv.Itoa(nps.Detractors), published).as("numerator"),
		q.cell("CSAT", "csat", row, "csat", decimal(float64(csat.Percent)/100), published),
		q.cell("CSAT, from", "csat", row, "csat", decimal(middle-spread), recounted).as("low").near("0.000001"),
		q.cell("CSAT, to", "csat", row, "csat", decimal(middle+spread), recounted).as("high").near("0.000001"),
	}
}

// scored are the published scores of the sentences.
func scored(sentences []sentence) []line {
	q := question{analysis: "sentiment", from: "2026-08-01", to: "2026-09-01", parameters: "quotes=20"}
	sum := 0.0
	lines := []line{{what: "reviews", metric: "reviews", from: q.from, to: q.to, want: text(len(sentences)), origin: recounted}}
	for _, s := range sentences {
		f, _ := s.Compound.Float64() // it was a number, or the file had not been read
		sum += f
		lines = append(lines, q.cell(s.Text, "quotes", of("text", s.Text), "compound", s.Compound.String(), published).near("0.0001"))
	}
	mean := strconv.FormatFloat(sum/float64(len(sentences)), 'f', 4, 64)
	return append(lines, q.cell("mean of all sentences", "sentiment", of("part", "whole"), "mean", mean, recounted).near("0.0001"))
}
