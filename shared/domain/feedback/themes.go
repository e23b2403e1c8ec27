package feedback

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/stats"
)

// theme is a declared theme: any of its words, phrases, or beginnings of words makes a text one of it.
type theme struct {
	name  string
	words []string // in small letters; a beginning ends in *
}

// fewest is how many persons a theme that nobody declared needs: what one person alone says is no theme.
const fewest = 3

// themesOf reads declared themes. Fault: Invalid bad_parameter.
func themesOf(given []string) ([]theme, error) {
	var out []theme
	for _, text := range given {
		for one := range strings.SplitSeq(text, ",") {
			name, list, found := strings.Cut(one, ":")
			t := theme{name: strings.TrimSpace(name)}
			for word := range strings.SplitSeq(list, "|") {
				if word = strings.Join(contents(word), " "); word != "" {
					t.words = append(t.words, word)
				}
			}
			isTwice := slices.ContainsFunc(out, func(other theme) bool { return other.name == t.name })
			if !found || t.name == "" || len(t.words) == 0 || isTwice || len(out) == 100 {
				return nil, analysis.Bad("themes", "themes are at most 100 of NAME:WORD|WORD with different names, such as delivery:late|courier|deliver*, not %.60q", one)
			}
			out = append(out, t)
		}
	}
	return out, nil
}

// contents are the words of a text in small letters, without what is neither letter nor digit at their ends; the * of a beginning stays.
func contents(text string) []string {
	words := strings.Fields(strings.ToLower(text))
	for i, w := range words {
		words[i] = strings.TrimFunc(strings.ReplaceAll(w, "’", "'"), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '*' })
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// of gives the themes of a text, each once.
func (p *plan) themesOf(t Text) []string {
	words := contents(t.Words)
	var out []string
	if len(p.themes) == 0 {
		return found(words, t.Language)
	}
	line := " " + strings.Join(words, " ") + " "
	for _, theme := range p.themes {
		if slices.ContainsFunc(theme.words, func(word string) bool {
			begin, isBeginning := strings.CutSuffix(word, "*")
			return isBeginning && strings.Contains(line, " "+begin) || !isBeginning && strings.Contains(line, " "+word+" ")
		}) {
			out = append(out, theme.name)
		}
	}
	return out
}

// found are the content words of a text and the pairs of them that stand side by side.
func found(words []string, language string) []string {
	var out []string
	before := ""
	for _, w := range words {
		if !isContent(w, language) {
			before = ""
			continue
		}
		out = append(out, w)
		if before != "" {
			out = append(out, before+" "+w)
		}
		before = w
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isContent says whether a word says what a text is about. In a language without a list of stop words, every word of four letters does.
func isContent(w, language string) bool {
	letters := utf8.RuneCountInString(w)
	if !strings.ContainsFunc(w, unicode.IsLetter) || strings.HasPrefix(w, "[") {
		return false
	}
	if language == "en" || language == "" {
		return letters >= 3 && !englishStops()[w]
	}
	return letters >= 4
}

var englishStops = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(englishStopWords) {
		out[w] = true
	}
	return out
})

// englishStopWords are the words of English that say nothing of what a text is about.
const englishStopWords = `a about after again all also always am an and any anything are aren't around as at back be because been before being
both but by came can can't cannot come could couldn't did didn't do does doesn't doing don't done down each either else ever every everything few for
from get gets getting give go goes going gone got had hadn't has hasn't have haven't having he her here him his how i i'd i'll i'm i've if in into is
isn't it it's its just know less let like made make makes many may me might more most much must my myself need never no nobody none nor not nothing
now of off often on once one only or other others our out over own per put quite rather really said same say see seem she should shouldn't since so
some someone something still such sure take than that that's the their them then there there's these they they're thing things this those though
through till to told too took try two under until up upon us use used very was wasn't way we we're we've well went were weren't what when where which
while who why will with within without won't would wouldn't yes yet you you'd you'll you're you've your`

// words counts themes by stage.
type words struct {
	terms map[term]*count
	said  map[string]*count // persons with words in a stage
}

type term struct{ stage, name string }

// count is of persons in the period and in the one before.
type count struct {
	now, before int64
	scores      Mean // of the texts of the period
}

func newWords() *words { return &words{map[term]*count{}, map[string]*count{}} }

func at[K comparable](in map[K]*count, key K) *count {
	if in[key] == nil {
		in[key] = &count{}
	}
	return in[key]
}

func (w *words) join(other *words) {
	for key, of := range other.terms {
		at(w.terms, key).join(of)
	}
	for key, of := range other.said {
		at(w.said, key).join(of)
	}
}

func (c *count) join(other *count) {
	c.now, c.before = c.now+other.now, c.before+other.before
	c.scores.Join(other.scores)
}

// themed counts what a person's texts are about, each theme and stage once.
func (t *tally) themed(now, before []spoken) {
	persons, stages := map[term]*Person{}, map[string]bool{}
	each := func(texts []spoken) {
		clear(persons)
		clear(stages)
		for _, s := range texts {
			stages[or(s.row.Stage)] = true
			for _, name := range t.themesOf(s.Text) {
				key := term{or(s.row.Stage), name}
				if !t.frequent.passes(key.stage, key.name) {
					continue
				}
				if persons[key] == nil {
					persons[key] = &Person{}
				}
				if s.IsScored() {
					persons[key].Add(Compound(s.Score))
				}
			}
		}
	}
	each(now)
	for key, p := range persons {
		c := at(t.words.terms, key)
		c.now++
		c.scores.Add(*p)
	}
	for stage := range stages {
		at(t.words.said, stage).now++
	}
	if !t.hasBefore {
		return
	}
	each(before)
	for key := range persons {
		at(t.words.terms, key).before++
	}
	for stage := range stages {
		at(t.words.said, stage).before++
	}
}

// looked is a theme that is looked at.
type looked struct {
	term
	*count
	p float64
}

// candidates are all themes that are looked at, by stage: those of enough persons in either period, and every declared one.
func (t *tally) candidates() map[string][]looked {
	out := map[string][]looked{}
	for key, c := range t.words.terms {
		if len(t.themes) > 0 || max(c.now, c.before) >= fewest {
			all := t.words.said[key.stage]
			out[key.stage] = append(out[key.stage], looked{key, c, RateP(c.before, all.before, c.now, all.now)})
		}
	}
	for _, of := range out {
		slices.SortFunc(of, func(a, b looked) int {
			return cmp.Or(cmp.Compare(max(b.now, b.before), max(a.now, a.before)), cmp.Compare(b.now, a.now), cmp.Compare(a.name, b.name))
		})
	}
	return out
}

func (t *tally) themeTable() analysis.Table {
	out := analysis.Table{
		Name: "themes",
		Sentence: "What texts are about, by stage, the most frequent first. A person counts once in a row and may be in many, so rows add up to nothing; " +
			"rarer themes are left out.",
		Columns: []analysis.Column{
			{Name: "stage", Unit: analysis.Text, Sentence: "after the step of the text"},
			{Name: "theme", Unit: analysis.Text, Sentence: "a declared theme, or a word or pair of words of three persons at least"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "who said so in the period"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of persons with words in the stage"},
			{Name: "before", Unit: analysis.Ratio, Sentence: "the same in the period before, which is as long"},
			{Name: "change", Unit: analysis.Ratio, Sentence: "share less before; interval of 95 % by Newcombe, as of different persons"},
			{Name: "stands_out", Unit: analysis.Text, Sentence: "more or less than before, where Fisher's exact test says so at 5 % for all themes of the answer together (Holm)"},
			{Name: "mean", Unit: analysis.Score, Sentence: "compound of the scored texts of the period, as in the table sentiment"},
		},
	}
	candidates := t.candidates()
	bound := holm(candidates)
	for _, stage := range append(t.ranks.Order(), analysis.Unknown) {
		of, all := candidates[stage], t.words.said[stage]
		for i, c := range of {
			isOut := t.hasBefore && c.p <= bound
			if i >= t.top && !isOut {
				continue
			}
			before, change, sign := analysis.None(), analysis.None(), ""
			if t.hasBefore {
				before = analysis.Rate(c.before, all.before)
			}
			if t.hasBefore && all.now > 0 && all.before > 0 {
				d, low, high := stats.Newcombe(c.before, all.before, c.now, all.now)
				change = analysis.Estimate(d, low, high, all.now+all.before, 4)
				if isOut {
					sign = map[bool]string{true: "more", false: "less"}[d > 0]
				}
			}
			out.Row(analysis.Word(stage), analysis.Word(c.name), analysis.Count(c.now), analysis.Rate(c.now, all.now), before, change,
				analysis.Word(sign), c.scores.Estimate(Unit, 4))
		}
	}
	return out
}

// holm is the largest p that still stands out at 5 % among all that are looked at (Holm 1979), -1 where none does.
func holm(of map[string][]looked) float64 {
	var p []float64
	for _, stage := range slices.Sorted(maps.Keys(of)) {
		for _, c := range of[stage] {
			p = append(p, c.p)
		}
	}
	return Holm(p, .05)
}

// Holm is the largest p of many tests that may be rejected so that with probability 1 − alpha none is rejected wrongly (Holm 1979); -1 where none may.
func Holm(p []float64, alpha float64) float64 {
	sorted, bound := slices.Sorted(slices.Values(p)), -1.0
	for i, one := range sorted {
		if one > alpha/float64(len(sorted)-i) {
			break
		}
		bound = one
	}
	return bound
}

// RateP is the probability of two rates at least as far apart as k1 of n1 and k2 of n2, were they one rate: by Fisher's exact test, and by the z-test
// where the smallest margin is of more than a thousand, for which the exact one is slow and no better. Of an n of 0 it is 1.
func RateP(k1, n1, k2, n2 int64) float64 {
	k := k1 + k2
	if min(k, n1+n2-k, n1, n2) > 1000 {
		return stats.TwoProportions(k1, n1, k2, n2).P
	}
	return stats.Fisher(k1, n1, k2, n2)
}
