package rulefile

import (
	"regexp/syntax"
	"slices"
	"strings"
)

const (
	minNeed   = 3   // length of the shortest text that is looked for
	maxExact  = 600 // texts that an expression may stand for and still be written out
	maxInSet  = 8   // characters of a class that is written out
	maxNeeded = 800 // texts that are looked for at most for one expression
)

// typical are agents that nearly everybody sends: what stands in one of these tells an agent from few others.
var typical = [...]string{
	"mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/143.0.0.0 safari/537.36 edg/143.0.0.0",
	"mozilla/5.0 (linux; u; android 10; k; wv) applewebkit/537.36 (khtml, like gecko) version/4.0 chrome/143.0.0.0 mobile safari/537.36",
	"mozilla/5.0 (iphone; cpu iphone os 18_1 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/18.1 mobile/15e148 safari/604.1",
	"mozilla/5.0 (macintosh; intel mac os x 10_15_7) applewebkit/605.1.15 (khtml, like gecko) version/18.1 safari/605.1.15",
	"mozilla/5.0 (x11; linux x86_64; rv:145.0) gecko/20100101 firefox/145.0",
}

// needs finds texts, in lower case, of which whatever matches an expression has one; nil when none are known. Of several such lists it is the one that
// fewest agents will have.
func needs(re *syntax.Regexp) []string {
	texts, exact := said(re)
	if exact {
		texts = better(nil, texts)
	}
	return texts
}

// said gives all texts that an expression stands for, in lower case, when it is exact; else what whatever matches has one of.
func said(re *syntax.Regexp) (texts []string, exact bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpWordBoundary:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}, true
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpCapture:
		return said(re.Sub[0])
	case syntax.OpQuest:
		if texts, exact := said(re.Sub[0]); exact {
			return unique(append(texts, "")), true
		}
	case syntax.OpPlus:
		return needs(re.Sub[0]), false
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needs(re.Sub[0]), false
		}
	case syntax.OpConcat:
		return inRow(re.Sub)
	case syntax.OpAlternate:
		return either(re.Sub)
	}
	return nil, false
}

// class writes a class of characters out.
func class(ranges []rune) (texts []string, exact bool) {
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if len(texts) == maxInSet {
				return nil, false
			}
			texts = append(texts, strings.ToLower(string(c)))
		}
	}
	return unique(texts), true
}

// inRow joins what stands side by side, as far as it is exact.
func inRow(subs []*syntax.Regexp) (texts []string, exact bool) {
	var best []string
	run, isWhole := []string{""}, true
	for _, sub := range subs {
		texts, exact := said(sub)
		if exact && len(run)*len(texts) <= maxExact {
			run = products(run, texts)
			continue
		}
		isWhole = false
		best, run = better(best, run), []string{""}
		if exact {
			run = texts
		} else {
			best = better(best, texts)
		}
	}
	if isWhole {
		return run, true
	}
	return better(best, run), false
}

func products(fronts, ends []string) []string {
	out := make([]string, 0, len(fronts)*len(ends))
	for _, front := range fronts {
		for _, end := range ends {
			out = append(out, front+end)
		}
	}
	return unique(out)
}

// either joins alternatives.
func either(subs []*syntax.Regexp) (all []string, exact bool) {
	exact = true
	for _, sub := range subs {
		texts, isExact := said(sub)
		exact = exact && isExact
		all = append(all, texts...)
		if texts == nil {
			return nil, false
		}
	}
	return unique(all), exact
}

// better chooses between lists of which one text is needed.
func better(a, b []string) []string {
	switch {
	case !isUseful(b):
		return a
	case !isUseful(a):
		return b
	case isCommon(a) != isCommon(b):
		if isCommon(a) {
			return b
		}
		return a
	case shortest(b) > shortest(a) || shortest(b) == shortest(a) && len(b) < len(a):
		return b
	}
	return a
}

func isUseful(texts []string) bool {
	return len(texts) > 0 && len(texts) <= maxNeeded && shortest(texts) >= minNeed
}

func isCommon(texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(typical[:], func(agent string) bool { return strings.Contains(agent, text) })
	})
}

func shortest(texts []string) int {
	n := len(texts[0])
	for _, text := range texts {
		n = min(n, len(text))
	}
	return n
}

func unique(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
