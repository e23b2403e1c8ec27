package feedback

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/interval"
	"waymark/shared/domain/step"
)

// surveyEvent is the event of an answer, by the catalogue.
const surveyEvent = "Survey Answered"

// kind is a type of survey. The sender declares it; a score of 0 to 10 of another type is no NPS.
type kind struct {
	name        string
	scales      []string // that may be declared; "" for none
	least, most int64
}

func kinds() []kind {
	return []kind{{"nps", []string{"", "10", "11"}, 0, 10}, {"csat", []string{"5"}, 1, 5}, {"ces", []string{"7"}, 1, 7}}
}

func (t *tally) survey(kind string) groups[*Mean] {
	of := t.surveys[kind]
	if of == nil {
		of = groups[*Mean]{}
		t.surveys[kind] = of
	}
	return of
}

// scoreOf is the type of survey that an answer declares, and its score; reason says why it counts nowhere.
func scoreOf(said properties) (k kind, score int64, reason string) {
	declared := strings.ToLower(strings.TrimSpace(said.get("survey_type")))
	at := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == declared })
	switch {
	case said.get("score") == "":
		return k, 0, "-" // an answer in words
	case declared == "":
		return k, 0, "their survey_type is not declared, and it is not guessed from the score"
	case at < 0:
		return k, 0, fmt.Sprintf("survey_type %.20q has no metric; there are nps, csat and ces", declared)
	}
	k = kinds()[at]
	if !slices.Contains(k.scales, said.get("scale")) {
		return k, 0, fmt.Sprintf("the scale of %s is %s, and theirs is %.10q", k.name, strings.Join(slices.DeleteFunc(k.scales, func(s string) bool { return s == "" }), " or "), said.get("scale"))
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(said.get("score")), 64)
	if score = int64(number); err != nil || float64(score) != number || score < k.least || score > k.most {
		return k, 0, fmt.Sprintf("a score of %s is a whole number from %d to %d", k.name, k.least, k.most)
	}
	return k, score, ""
}

// npsValue is 1 of a promoter, -1 of a detractor and 0 between them.
func npsValue(score int64) int64 {
	switch {
	case score >= 9:
		return 1
	case score <= 6:
		return -1
	}
	return 0
}

// answered notes an answer of a person.
func (t *tally) answered(r *step.Row, said properties, to map[string]map[group]*Person) {
	k, value, reason := scoreOf(said)
	if reason != "" {
		if reason != "-" {
			t.dropped[reason]++
		}
		return
	}
	switch k.name {
	case "nps":
		value = npsValue(value)
	case "csat":
		value = value / 4 // 1 of 4 and 5
	}
	if to[k.name] == nil {
		to[k.name] = map[group]*Person{}
	}
	survey := or(cmp.Or(said.get("survey"), said.get("survey_id")))
	for _, place := range append(t.groupsOf(r), group{bySurvey, survey}) {
		if to[k.name][place] == nil {
			to[k.name][place] = &Person{}
		}
		to[k.name][place].Add(value)
	}
}

func (t *tally) surveyed(answers map[string]map[group]*Person) {
	for kind, persons := range answers {
		for place, p := range persons {
			t.survey(kind).at(place, newMean).Add(*p)
		}
	}
}

// surveyTables are one for each type.
func (t *tally) surveyTables() []analysis.Table {
	sentence := " Answers of each part add up to the whole, whatever survey they are of; persons may be in several rows."
	nps := analysis.Table{Name: "nps", Sentence: "Answers to surveys of the declared type nps, with 0 to 10." + sentence, Columns: append(partColumns(), []analysis.Column{
		{Name: "answers", Unit: analysis.Counts, Sentence: "that have a score"},
		{Name: "persons", Unit: analysis.Persons, Sentence: "who answered"},
		{Name: "promoters", Unit: analysis.Ratio, Sentence: "answers of 9 or 10, of all"},
		{Name: "passives", Unit: analysis.Ratio, Sentence: "answers of 7 or 8, of all"},
		{Name: "detractors", Unit: analysis.Ratio, Sentence: "answers of 0 to 6, of all"},
		{Name: "nps", Unit: analysis.Score, Sentence: "per cent of promoters less per cent of detractors, -100 to 100; interval of 95 % by its variance, (p + d - (p - d)²)/n"},
	}...)}
	csat := analysis.Table{Name: "csat", Sentence: "Answers to surveys of the declared type csat and scale 5." + sentence, Columns: append(partColumns(), []analysis.Column{
		{Name: "answers", Unit: analysis.Counts, Sentence: "that have a score"},
		{Name: "persons", Unit: analysis.Persons, Sentence: "who answered"},
		{Name: "csat", Unit: analysis.Ratio, Sentence: "answers of 4 or 5, of all"},
	}...)}
	ces := analysis.Table{Name: "ces", Sentence: "Answers to surveys of the declared type ces and scale 7." + sentence, Columns: append(partColumns(), []analysis.Column{
		{Name: "answers", Unit: analysis.Counts, Sentence: "that have a score"},
		{Name: "persons", Unit: analysis.Persons, Sentence: "who answered"},
		{Name: "ces", Unit: analysis.Score, Sentence: "mean score, 1 to 7; interval of 95 % by Student with each person as one observation"},
	}...)}
	for _, k := range kinds() {
		of := t.surveys[k.name]
		for _, part := range t.parts(bySurvey) {
			for _, place := range places(t, of, part, func(m *Mean) int64 { return m.N }) {
				m := of[place]
				if m == nil {
					m = newMean()
				}
				persons, mean := m.values(place, m.Persons, 1)
				begin := []analysis.Value{analysis.Word(place.part), analysis.Word(place.value), analysis.Count(m.N), persons}
				switch k.name {
				case "nps":
					nps.Row(append(begin, npsValues(m)...)...)
				case "csat":
					csat.Row(append(begin, analysis.Rate(m.Sum, m.N))...)
				case "ces":
					ces.Row(append(begin, mean)...)
				}
			}
		}
	}
	return []analysis.Table{nps, csat, ces}
}

func npsValues(m *Mean) []analysis.Value {
	promoters, detractors := (m.squares+m.Sum)/2, (m.squares-m.Sum)/2
	nps := analysis.None()
	if m.N > 0 {
		low, high, ok := interval.Score(m.Sum, m.squares, m.N)
		if !ok {
			low, high = math.NaN(), math.NaN()
		}
		nps = analysis.Estimate(100*float64(m.Sum)/float64(m.N), 100*low, 100*high, m.N, 4)
	}
	return []analysis.Value{analysis.Rate(promoters, m.N), analysis.Rate(m.N-m.squares, m.N), analysis.Rate(detractors, m.N), nps}
}
