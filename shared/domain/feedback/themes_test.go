package feedback_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/step"
)

// termsOf are the content words of the texts that generated lives have.
var termsOf = map[string]string{
	"I love these shoes!": "love shoes", "The checkout is terrible.": "checkout,terrible", "It works.": "works", "Not bad at all": "bad",
	"Waited too long and nobody helped :(": "waited long helped",
}

// TestThemesRecount: persons of each theme, in the period and before, are those of a plain count; quotes are the shortest texts.
func TestThemesRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		lives := analysistest.Lives(50+seed, 300)
		q := question(t, "2026-04-01", "2026-05-01", "2026-05-20", "language=en", "top=100", "quotes=2")
		a := ask(t, lives, q)
		type at struct{ stage, term string }
		now, before, texts := map[at]map[int]bool{}, map[at]map[int]bool{}, map[at][]string{}
		said := [2]map[string]map[int]bool{{}, {}}
		for l, life := range lives {
			for _, r := range life {
				text := r.Properties.Property("text")
				month := r.At.Time().Month()
				if text == "" || month != 3 && month != 4 || r.At.Time().Format("01-02") == "03-01" { // the period before has as many days
					continue
				}
				to := map[bool]map[at]map[int]bool{true: now, false: before}[month == 4]
				for term := range strings.FieldsFuncSeq(termsOf[text], func(r rune) bool { return r == ' ' || r == ',' }) {
					key := at{r.Stage, term}
					if to[key] == nil {
						to[key] = map[int]bool{}
					}
					to[key][l] = true
				}
				of := said[month-3]
				if of[r.Stage] == nil {
					of[r.Stage] = map[int]bool{}
				}
				of[r.Stage][l] = true
				if tone := map[string]string{"I love these shoes!": "positive", "The checkout is terrible.": "negative", "Not bad at all": "positive", "Waited too long and nobody helped :(": "negative"}[text]; month == 4 && tone != "" {
					texts[at{r.Stage, tone}] = append(texts[at{r.Stage, tone}], text)
				}
			}
		}
		shown := map[at]bool{}
		for _, row := range table(t, a, "themes").Rows {
			key := at{row[0].String(), row[1].String()}
			shown[key] = true
			if strings.Contains(key.term, " ") {
				continue // a pair, of persons of both words
			}
			check(t, row[2], float64(len(now[key])))
			checkRate(t, row[3], float64(len(now[key])), float64(len(said[1][key.stage])))
			checkRate(t, row[4], float64(len(before[key])), float64(len(said[0][key.stage])))
		}
		for _, of := range []map[at]map[int]bool{now, before} {
			for key, persons := range of {
				if (len(persons) >= 3) && !shown[key] {
					t.Errorf("seed %d: %v of %d persons is not shown", seed, key, len(persons))
				}
			}
		}
		var want []string
		for key, of := range texts {
			slices.Sort(of)
			of = slices.Compact(of)
			slices.SortStableFunc(of, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
			for _, text := range of[:min(len(of), 2)] {
				want = append(want, fmt.Sprint(key.stage, key.term, text))
			}
		}
		var got []string
		for _, row := range table(t, a, "quotes").Rows {
			got = append(got, row[0].String()+row[1].String()+row[2].String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: quotes are %q, want %q", seed, got, want)
		}
	}
}

// TestManyWords: a million words and pairs that one person each has used are no themes and take no memory; those of three persons are found.
func TestManyWords(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	for i := range 3000 {
		var text strings.Builder
		for k := range 20 {
			fmt.Fprintf(&text, "word%dx%d ", i, k)
		}
		if i >= 2997 {
			text.WriteString("rare parcel")
		}
		lives = append(lives, life(t, fmt.Sprintf("user:%d", i), "2026-03-10T10:00 decision web Feedback Given text="+text.String()+"; language=en"))
	}
	equal(t, table(t, ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-04-01")), "themes"),
		"decision | parcel | 3 | 3/3000 | – | – | – | –", "decision | rare | 3 | 3/3000 | – | – | – | –", "decision | rare parcel | 3 | 3/3000 | – | – | – | –")
}
