// Package sentiment says how positive or negative a text is, by the words of a lexicon and by rules: VADER (Hutto and Gilbert 2014, MIT), as its
// reference implementation vaderSentiment 3.3.2 does it. It learns nothing, so the same text has the same score for ever, and each score names the
// words that made it.
//
// It does not find out which language a text is in: whoever asks says so, and a language without a lexicon has no score.
//
//	s := sentiment.English().Score("Not bad at all")
//	s.Compound // 0.431, made by {bad 1.85}
package sentiment

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Score is what a text comes to. Positive, Neutral and Negative are shares of 0 to 1 that sum to 1 but for rounding to three digits; all are 0 of a
// text without words. Compound is of -1 to 1, rounded to four digits.
type Score struct {
	Positive, Neutral, Negative, Compound float64

	// Words are those that made the score, in their order. The valences and Emphasis, which exclamation and question marks add in the direction of
	// their sum, are the raw score x; Compound is x/√(x²+15).
	Words    []Word
	Emphasis float64

	Tokens int // words, emoticons and descriptions of emoji in the text
	Known  int // of them that the lexicon has: with a valence, as a booster or as a negation
	rated  int // of them that have a valence
}

// Word is a word with what it adds to the score, after negations, boosters, capitals and contrasts.
type Word struct {
	Text    string
	Valence float64
}

// IsScored says whether the lexicon rates any word of the text. The score 0 of another text says nothing of it.
func (s Score) IsScored() bool { return s.rated > 0 }

// Tone is positive, negative or neutral.
type Tone string

// The tones, by the bounds that VADER's authors give: at least 0.05 and at most -0.05.
const (
	Positive Tone = "positive"
	Neutral  Tone = "neutral"
	Negative Tone = "negative"
)

// Tone is that of the compound.
func (s Score) Tone() Tone {
	switch {
	case s.Compound >= .05:
		return Positive
	case s.Compound <= -.05:
		return Negative
	}
	return Neutral
}

// What the reference has found from ratings of people.
const (
	boost       = .293 // what a booster adds
	capital     = .733 // what capitals add
	negation    = -.74 // what a negation multiplies with
	exclamation = .292 // what each of at most four exclamation marks adds
	question    = .18  // what each of two or three question marks adds
	questions   = .96  // what more of them add in all
	spread      = 15   // of the compound
)

// Score rates a text.
func (x *Lexicon) Score(text string) Score {
	s := sentence{Lexicon: x, words: tokens(x.spell(text))}
	s.lower = make([]string, len(s.words))
	for i, w := range s.words {
		s.lower[i] = lower(w)
	}
	s.isMixed = isMixed(s.words)
	valences := make([]float64, len(s.words))
	out := Score{Tokens: len(s.words)}
	for i := range s.words {
		_, isRated := s.rating(i)
		if isRated {
			out.rated++
		}
		if isRated || x.boosters[s.lower[i]] != 0 || s.isNegation(s.lower[i]) {
			out.Known++
		}
		valences[i] = s.valence(i)
	}
	s.contrast(valences)
	out.add(valences, text)
	for i, v := range valences {
		if v != 0 {
			out.Words = append(out.Words, Word{s.words[i], v})
		}
	}
	return out
}

// add makes the scores from what the words come to.
func (s *Score) add(valences []float64, text string) {
	if len(valences) == 0 {
		return
	}
	var sum, positive, negative, neutral float64
	for _, v := range valences {
		sum += v
		switch {
		case v > 0:
			positive += v + 1 // a neutral word counts as 1
		case v < 0:
			negative += v - 1
		default:
			neutral++
		}
	}
	emphasis := emphasisOf(text)
	switch {
	case sum > 0:
		sum, s.Emphasis = sum+emphasis, emphasis
	case sum < 0:
		sum, s.Emphasis = sum-emphasis, -emphasis
	}
	switch {
	case positive > -negative:
		positive += emphasis
	case positive < -negative:
		negative -= emphasis
	}
	total := positive - negative + neutral
	s.Positive, s.Neutral, s.Negative = rounded(positive/total, 3), rounded(neutral/total, 3), rounded(math.Abs(negative/total), 3)
	s.Compound = rounded(sum/math.Sqrt(sum*sum+spread), 4)
}

func emphasisOf(text string) float64 {
	out := float64(min(strings.Count(text, "!"), 4)) * exclamation
	switch n := strings.Count(text, "?"); {
	case n > 3:
		out += questions
	case n > 1:
		out += float64(n) * question
	}
	return out
}

func rounded(x float64, digits int) float64 {
	out, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return out + 0 // never -0
}

// tokens parts a text at white space and takes punctuation from both ends, but of what has two characters or fewer without it: an emoticon.
func tokens(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
	for i, w := range words {
		if bare := strings.Trim(w, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"); utf8.RuneCountInString(bare) > 2 {
			words[i] = bare
		}
	}
	return words
}

// lower is strings.ToLower, but for the İ, which is no i.
func lower(word string) string { return strings.ToLower(strings.ReplaceAll(word, "İ", "i̇")) }

// isCapital says whether a word has capitals and no small letters.
func isCapital(word string) bool {
	found := false
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z':
			return false
		case r >= 'A' && r <= 'Z':
			found = true
		case r < 0x80:
		case unicode.In(r, unicode.Ll, unicode.Other_Lowercase, unicode.Lt):
			return false
		case unicode.In(r, unicode.Lu, unicode.Other_Uppercase):
			found = true
		}
	}
	return found
}

// isMixed says whether some words are in capitals and others are not: only then do capitals say something.
func isMixed(words []string) bool {
	capitals := 0
	for _, w := range words {
		if isCapital(w) {
			capitals++
		}
	}
	return capitals > 0 && capitals < len(words)
}
