package feedback

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/sentiment"
)

// Unit is what one of a compound is in sums: scores have four digits.
const Unit = 10_000

// Compound is a score in whole numbers of 1/Unit.
func Compound(s sentiment.Score) int64 {
	if s.Compound < 0 {
		return -int64(-s.Compound*Unit + .5)
	}
	return int64(s.Compound*Unit + .5)
}

// cell is what the texts of a row come to.
type cell struct {
	texts, persons, tokens, known int64
	positive, neutral, negative   int64 // of the scored ones
	scores                        Mean
}

func newCell() *cell { return &cell{} }
func newMean() *Mean { return &Mean{} }

func (c *cell) join(other *cell) {
	c.texts, c.persons, c.tokens, c.known = c.texts+other.texts, c.persons+other.persons, c.tokens+other.tokens, c.known+other.known
	c.positive, c.neutral, c.negative = c.positive+other.positive, c.neutral+other.neutral, c.negative+other.negative
	c.scores.Join(other.scores)
}

// rated counts the texts of a person.
func (t *tally) rated(now []spoken) {
	persons := map[group]*Person{}
	for _, s := range now {
		for _, place := range append(t.groupsOf(s.row), group{byLanguage, languageOf(s.Text)}) {
			c, p := t.texts.at(place, newCell), persons[place]
			if p == nil {
				p = &Person{}
				persons[place] = p
				c.persons++
			}
			c.texts++
			if s.HasWords {
				c.tokens, c.known = c.tokens+int64(s.Tokens), c.known+int64(s.Known)
			}
			if !s.IsScored() {
				continue
			}
			p.Add(Compound(s.Score))
			switch s.Tone() {
			case sentiment.Positive:
				c.positive++
			case sentiment.Negative:
				c.negative++
			default:
				c.neutral++
			}
		}
	}
	for place, p := range persons {
		t.texts[place].scores.Add(*p)
	}
}

func languageOf(t Text) string {
	switch {
	case t.Language == "":
		return analysis.Unknown
	case !t.HasWords:
		return t.Language + " (no lexicon)"
	}
	return t.Language
}

// Values of a part that have rows of their own, and what stands for the others.
const (
	mostValues  = 100
	otherValues = "(other)"
)

// limit adds up the values of each part but the most frequent ones. Persons of these are not distinct any more, so tables show none.
func limit[C any](of groups[C], size func(C) int64, begin func() C, join func(to, part C)) {
	parts := map[string][]group{}
	for place := range of {
		if place.part != byStage && place.part != byPeriod {
			parts[place.part] = append(parts[place.part], place)
		}
	}
	for part, all := range parts {
		if len(all) <= mostValues {
			continue
		}
		slices.SortFunc(all, func(a, b group) int {
			return cmp.Or(cmp.Compare(size(of[b]), size(of[a])), cmp.Compare(a.value, b.value))
		})
		rest := begin()
		for _, place := range all[mostValues:] {
			join(rest, of[place])
			delete(of, place)
		}
		of[group{part, otherValues}] = rest
	}
}

// persons of a row, and its mean with an interval; of other values there are neither.
func (m *Mean) values(place group, persons int64, unit float64) (of, mean analysis.Value) {
	if place.value == otherValues && m.N > 0 {
		return analysis.None(), analysis.Number(m.Value(unit), 4)
	}
	return analysis.Count(persons), m.Estimate(unit, 4)
}

// places lists the rows of a part: stages and times in their order, all else by size and then by name.
func places[C any](t *tally, of groups[C], part string, size func(C) int64) []group {
	var out []group
	switch part {
	case whole:
		return []group{{whole, ""}}
	case byPeriod:
		for _, w := range t.windows {
			out = append(out, group{part, w.Key})
		}
		return out
	case byStage:
		for _, name := range append(t.ranks.Order(), analysis.Unknown) {
			if _, found := of[group{part, name}]; found || name != analysis.Unknown {
				out = append(out, group{part, name})
			}
		}
		return out
	}
	for place := range maps.Keys(of) {
		if place.part == part {
			out = append(out, place)
		}
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(cmp.Compare(size(of[b]), size(of[a])), cmp.Compare(a.value, b.value))
	})
	return out
}

// parts lists what numbers are parted by, with one more after the whole.
func (t *tally) parts(own string) []string {
	out := []string{whole, own, byStage, byChannel, byPeriod}
	if !t.q.By.IsZero() && !slices.Contains(out, t.q.By.Name) {
		out = append(out, t.q.By.Name)
	}
	return out
}

// partColumns begin the tables that are parted.
func partColumns() []analysis.Column {
	return []analysis.Column{
		{Name: "part", Unit: analysis.Text, Sentence: "what the rows are parted by; the rows of each part add up to the row whole"},
		{Name: "value", Unit: analysis.Text, Sentence: "of the part; a row by time is named by the first day of it"},
	}
}

func (t *tally) sentimentTable() analysis.Table {
	out := analysis.Table{
		Name:     "sentiment",
		Sentence: "Texts in the period. Texts of each part add up to the whole, persons do not, who may be in several rows of a part. Values after the first hundred are (other).",
		Columns: append(partColumns(), []analysis.Column{
			{Name: "texts", Unit: analysis.Counts, Sentence: "with words in the property text"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who wrote them"},
			{Name: "scored", Unit: analysis.Ratio, Sentence: "texts with a word that the lexicon of their language rates, of all texts"},
			{Name: "words_known", Unit: analysis.Ratio, Sentence: "words that the lexicon has, of all words of texts whose language has one"},
			{Name: "positive", Unit: analysis.Ratio, Sentence: "texts with a compound of at least 0.05, of the scored ones"},
			{Name: "neutral", Unit: analysis.Ratio, Sentence: "texts with a compound between these, of the scored ones"},
			{Name: "negative", Unit: analysis.Ratio, Sentence: "texts with a compound of at most -0.05, of the scored ones"},
			{Name: "mean", Unit: analysis.Score, Sentence: "compound of the scored texts, -1 to 1; interval of 95 % by Student with each person as one observation"},
			{Name: "spread", Unit: analysis.Score, Sentence: "standard deviation of the compounds"},
		}...),
	}
	for _, part := range t.parts(byLanguage) {
		for _, place := range places(t, t.texts, part, func(c *cell) int64 { return c.texts }) {
			c := t.texts[place]
			if c == nil {
				c = newCell()
			}
			n := c.scores.N
			persons, mean := c.scores.values(place, c.persons, Unit)
			out.Row(analysis.Word(place.part), analysis.Word(place.value), analysis.Count(c.texts), persons, analysis.Rate(n, c.texts),
				analysis.Rate(c.known, c.tokens), analysis.Rate(c.positive, n), analysis.Rate(c.neutral, n), analysis.Rate(c.negative, n),
				mean, analysis.Number(c.scores.Spread(Unit), 4))
		}
	}
	return out
}

// curveTable is the emotion curve.
func (t *tally) curveTable() analysis.Table {
	out := analysis.Table{
		Name: "curve", Sentence: "The emotion curve: stages in their order, each with the mean of its texts. Scored texts add up to those of the whole.",
		Columns: []analysis.Column{
			{Name: "stage", Unit: analysis.Text, Sentence: "after the step of the text"},
			{Name: "scored", Unit: analysis.Counts, Sentence: "texts that have a score"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who wrote them"},
			{Name: "mean", Unit: analysis.Score, Sentence: "as in the table sentiment"},
			{Name: "change", Unit: analysis.Score, Sentence: "mean less that of the stage above that has one; interval of 95 % by Welch, as of different persons"},
		},
	}
	var above *Mean
	for _, place := range places(t, t.texts, byStage, func(c *cell) int64 { return c.texts }) {
		m, change := &Mean{}, analysis.None()
		if c := t.texts[place]; c != nil {
			m = &c.scores
		}
		if above != nil {
			change = m.Less(above, Unit, 4)
		}
		out.Row(analysis.Word(place.value), analysis.Count(m.N), analysis.Count(m.Persons), m.Estimate(Unit, 4), change)
		if m.N > 0 {
			above = m
		}
	}
	return out
}

func (t *tally) notes() []string {
	all := newCell()
	if c := t.texts[group{whole, ""}]; c != nil {
		all = c
	}
	notes := []string{fmt.Sprintf("%d of %d texts are scored; means, tones and quotes are of these.", all.scores.N, all.texts)}
	for _, place := range places(t, t.texts, byLanguage, func(c *cell) int64 { return c.texts }) {
		switch c := t.texts[place]; {
		case place.value == analysis.Unknown:
			notes = append(notes, fmt.Sprintf("%d texts do not say their language, and nobody guesses it: say language=en, or another, if you know that they are in it.", c.texts))
		case c.tokens == 0 && c.texts > 0:
			notes = append(notes, fmt.Sprintf("%d texts are in a language without lexicon: %s. Settle one as lexicons.", c.texts, place.value))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(t.dropped)) {
		notes = append(notes, fmt.Sprintf("%d answers to surveys count nowhere: %s.", t.dropped[reason], reason))
	}
	if !t.hasBefore {
		notes = append(notes, "Themes are not compared with the period before: a segment is of persons by what they do in the period.")
	}
	return notes
}
