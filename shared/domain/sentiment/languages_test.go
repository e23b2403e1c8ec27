package sentiment_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/sentiment"
)

const settled = `{"default": "de", "languages": {
	"de": {"words": {"gut": 1.9, "schlecht": -2.5}, "boosters": {"sehr": 0.293, "ein wenig": -0.293}, "negations": ["nicht"], "contrasts": ["aber"], "idioms": {"auf den punkt": 2}},
	"en": {"words": {"refund": -1, "great": 1}}}}`

func languages(t *testing.T, text string) sentiment.Languages {
	t.Helper()
	l, err := sentiment.ParseLanguages([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLanguages: a language's own words, boosters, negations and contrasts are all that count in it; the rules of English do not.
func TestLanguages(t *testing.T) {
	t.Parallel()
	l := languages(t, settled)
	compound := func(raw float64) float64 { return math.Round(raw/math.Sqrt(raw*raw+15)*1e4) / 1e4 }
	for _, c := range []struct {
		code, text   string
		raw          float64
		known, words int
	}{
		{"de", "Das ist gut.", 1.9, 1, 3},
		{"de", "Das ist sehr gut!", 1.9 + .293 + .292, 2, 4},
		{"de", "Das ist nicht gut", 1.9 * -.74, 2, 4},
		{"de", "Das ist GUT", 1.9 + .733, 1, 3},
		{"de", "Versand gut, aber Ware schlecht", 1.9*.5 - 2.5*1.5, 2, 5},
		{"de", "great, but no good", 0, 0, 4},
		{"de", "So ist das alles so gut", 1.9, 1, 6}, // "so" is no rule here
		{"de", "gut😂", 1.9 - .9 + 2.8, 2, 2},         // tears, joy
		{"en", "A great refund", 0, 2, 3},
	} {
		x, found := l.Of(c.code)
		if !found {
			t.Fatalf("there is no lexicon of %s", c.code)
		}
		s := x.Score(c.text)
		if s.Compound != compound(c.raw) || s.Known != c.known || s.Tokens != c.words || s.IsScored() != (c.known > 0) {
			t.Errorf("%s %q is %v with %d of %d words known, scored %v; want %v, %d of %d", c.code, c.text, s.Compound, s.Known, s.Tokens, s.IsScored(),
				compound(c.raw), c.known, c.words)
		}
	}
	if _, found := l.Of("fr"); found {
		t.Error("there is a lexicon of French")
	}
	want := []string{
		"de: texts are scored by 2 words, 2 boosters, 1 negations, 1 contrasts and 1 idioms.",
		"en: texts are scored by 7489 words, 84 boosters, 59 negations, 1 contrasts and 9 idioms, VADER's among them.",
		"A text that does not say its language is taken for de.",
	}
	if got := sentiment.DescribeLanguages(l); !reflect.DeepEqual(got, want) {
		t.Errorf("the description is %q, want %q", got, want)
	}
}

func TestLanguagesRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                                 "bad_lexicons",
		`[]`:                                "lexicons are an object",
		`{"default": "fr"}`:                 "add languages.fr",
		`{"default": "English"}`:            "two or three small letters",
		`{"default": "en", "languages": 1}`: "languages, an object",
		`{"lexicon": {}}`:                   `not "lexicon" so`,
		`{"languages": {"DE": {"words": {"gut": 1}}}}`:           "two or three small letters",
		`{"languages": {"de": {}}}`:                              "a lexicon is an object",
		`{"languages": {"de": {"words": {"gut": 5}}}}`:           "languages.de.words.gut: \"gut\" has a number of -4 to 4, not 5",
		`{"languages": {"de": {"words": {"gut": "1"}}}}`:         "has a number",
		`{"languages": {"de": {"words": {"gut": 1, "gut": 2}}}}`: "twice",
		`{"languages": {"de": {"boosters": {"sehr": 2}}}}`:       "-1 to 1",
		`{"languages": {"de": {"negations": "nicht"}}}`:          "is a list",
		`{"languages": {"de": {"contrasts": [1]}}}`:              "has words, not 1",
		`{"languages": {"de": {"words": {" gut": 1}}}}`:          "single blanks",
		`{"languages": {"de": {"stopwords": ["der"]}}}`:          `not "stopwords"`,
	} {
		_, err := sentiment.ParseLanguages([]byte(text))
		if fault.CodeOf(err) != "bad_lexicons" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is refused by %v, want bad_lexicons with %q", text, err, want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"en": "en", "de-AT": "de", "EN_us": "en", " fr ": "fr", "": "", "english": "", "e1": "", "gsw": "gsw"} {
		if got := sentiment.CodeOf(tag); got != want {
			t.Errorf("the language of %q is %q, want %q", tag, got, want)
		}
	}
}

// TestWords: what the words add and the emphasis are the raw score that the compound is made of.
func TestWords(t *testing.T) {
	t.Parallel()
	s := sentiment.English().Score("The delivery was great, but the shoes are NOT good!!")
	if got, want := fmt.Sprintf("%v %.3f %d/%d", s.Words, s.Emphasis, s.Known, s.Tokens), "[{great 1.55} {good -2.109}] -0.584 3/10"; got != want {
		t.Errorf("the words are %s, want %s", got, want)
	}
	if s.Tone() != sentiment.Negative {
		t.Errorf("the tone is %s", s.Tone())
	}
	if empty := sentiment.English().Score(" \n"); empty.IsScored() || empty.Tokens != 0 || empty.Compound != 0 || empty.Tone() != sentiment.Neutral {
		t.Errorf("nothing has the score %+v", empty)
	}
}

// FuzzScore: any text has scores within their bounds, and its words make them.
func FuzzScore(f *testing.F) {
	for _, text := range []string{"", "not bad at all", "but but good good", "😂x", "\xff\x1c no", "İyi DEĞIL", "never so this least kind of"} {
		f.Add(text)
	}
	l, err := sentiment.ParseLanguages([]byte(settled))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, code := range l.Codes() {
			x, _ := l.Of(code)
			s := x.Score(text)
			sum := s.Emphasis
			for _, w := range s.Words {
				sum += w.Valence
			}
			shares := s.Positive + s.Neutral + s.Negative
			if math.Abs(s.Compound-sum/math.Sqrt(sum*sum+15)) > 1e-4 || math.Abs(s.Compound) > 1 || s.Known > s.Tokens || s.Known < 0 ||
				s.Tokens > 0 && math.Abs(shares-1) > .0021 || s.Tokens == 0 && shares != 0 {
				t.Errorf("%s %q is %+v", code, text, s)
			}
		}
	})
}

func BenchmarkScore(b *testing.B) {
	for b.Loop() {
		sentiment.English().Score("The delivery was great, but the shoes are NOT good!! I waited for two weeks and nobody answered my calls :(")
	}
}

// FuzzParseLanguages: any text is refused with a fault of its own, or gives lexicons that score.
func FuzzParseLanguages(f *testing.F) {
	f.Add(settled)
	f.Add(`{"languages": {"de": {"words": {"": 1}, "negations": [" "]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := sentiment.ParseLanguages([]byte(text))
		if err != nil {
			if fault.CodeOf(err) != "bad_lexicons" {
				t.Errorf("%q is refused by %v", text, err)
			}
			return
		}
		for _, code := range l.Codes() {
			if x, found := l.Of(code); !found || math.Abs(x.Score("gut but NOT very good").Compound) > 1 {
				t.Errorf("%q has no lexicon of %s that scores", text, code)
			}
		}
	})
}
