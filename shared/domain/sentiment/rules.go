package sentiment

import "strings"

// sentence is a text under way. The rules look back three words at most. They are those of the reference to the letter, also where that looks like
// an oversight, for its scores are what others publish and compare with.
type sentence struct {
	*Lexicon
	words, lower []string
	isMixed      bool
}

// at is a word in small letters, "" before the first and behind the last.
func (s *sentence) at(i int) string {
	if i < 0 || i >= len(s.lower) {
		return ""
	}
	return s.lower[i]
}

// rating is what the lexicon says of a word alone.
func (s *sentence) rating(i int) (float64, bool) {
	v, found := s.Lexicon.words[s.at(i)]
	if !found && !s.isEnglish {
		return s.ofEmoji(s.words[i])
	}
	return v, found
}

func (s *sentence) isRated(i int) bool {
	_, found := s.Lexicon.words[s.at(i)]
	return found
}

// valence is what a word adds, with what stands before it.
func (s *sentence) valence(i int) float64 {
	rating, found := s.rating(i)
	if _, isBooster := s.boosters[s.lower[i]]; isBooster || !found || s.isEnglish && s.at(i) == "kind" && s.at(i+1) == "of" {
		return 0
	}
	v := rating
	if s.isEnglish {
		v = s.afterNo(i, rating)
	}
	if s.isMixed && isCapital(s.words[i]) {
		v = further(v, capital)
	}
	for back := 1; back <= 3 && back <= i; back++ {
		if s.isRated(i - back) {
			continue
		}
		v += s.boost(i-back, v) * [...]float64{1, .95, .9}[back-1]
		v = s.negated(v, i, back)
		if back == 3 {
			v = s.idiom(v, i)
		}
	}
	if s.isEnglish && s.at(i-1) == "least" && !s.isRated(i-1) && s.at(i-2) != "at" && s.at(i-2) != "very" {
		v *= negation
	}
	return v
}

// further moves a valence away from zero; zero goes down, as in the reference.
func further(v, by float64) float64 {
	if v > 0 {
		return v + by
	}
	return v - by
}

// afterNo is the rating of a word that may follow "no", which is a word with a rating of its own and a negation of the next one.
func (s *sentence) afterNo(i int, rating float64) float64 {
	switch {
	case s.at(i-1) == "no", s.at(i-2) == "no", s.at(i-3) == "no" && (s.at(i-1) == "or" || s.at(i-1) == "nor"):
		return rating * negation
	case s.at(i) == "no" && s.isRated(i+1):
		return 0
	}
	return rating
}

// boost is what a booster adds to the valence of a word behind it.
func (s *sentence) boost(i int, v float64) float64 {
	by, found := s.boosters[s.lower[i]]
	if !found {
		return 0
	}
	if v < 0 {
		by = -by
	}
	if s.isMixed && isCapital(s.words[i]) {
		if v > 0 {
			return by + capital
		}
		return by - capital
	}
	return by
}

func (s *sentence) isNegation(word string) bool {
	return s.negations[word] || s.isEnglish && strings.Contains(word, "n't")
}

// negated is the valence of a word by the word so many places before it.
func (s *sentence) negated(v float64, i, back int) float64 {
	if s.isEnglish && back > 1 {
		isSo := s.at(i-1) == "so" || s.at(i-1) == "this"
		isDoubt := s.at(i-1) == "doubt"
		isNever := s.at(i-back) == "never"
		switch {
		case back == 2 && isNever && isSo, back == 3 && (isNever && (s.at(i-2) == "so" || s.at(i-2) == "this") || isSo):
			return v * 1.25
		case s.at(i-back) == "without" && (isDoubt || back == 3 && s.at(i-2) == "doubt"):
			return v
		}
	}
	if s.isNegation(s.at(i - back)) {
		return v * negation
	}
	return v
}

// idiom is the valence of a word as part of an idiom, and with boosters of several words before it. It needs three words before it.
func (s *sentence) idiom(v float64, i int) float64 {
	join := func(from, to int) string { return strings.Join(s.lower[from:to+1], " ") }
	three, two, one := join(i-3, i-1), join(i-3, i-2), join(i-2, i-1)
	for _, words := range []string{join(i-1, i), join(i-2, i), one, three, two} {
		if of, found := s.idioms[words]; found {
			v = of
			break
		}
	}
	for last := i + 1; last <= i+2 && last < len(s.lower); last++ {
		if of, found := s.idioms[join(i, last)]; found {
			v = of
		}
	}
	return v + s.boosters[three] + s.boosters[two] + s.boosters[one]
}

// contrast halves what stands before the first "but" and adds half to what stands behind it. Of words with equal valence the reference takes the
// first for each of them, and so does this.
func (s *sentence) contrast(valences []float64) {
	but := -1
	for i, w := range s.lower {
		if s.contrasts[w] {
			but = i
			break
		}
	}
	if but < 0 {
		return
	}
	for k := range valences {
		v, first := valences[k], 0
		for valences[first] != v {
			first++
		}
		switch {
		case first < but:
			valences[first] = v * .5
		case first > but:
			valences[first] = v * 1.5
		}
	}
}
