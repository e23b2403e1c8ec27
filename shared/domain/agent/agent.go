// Package agent reads user agents: which browser or app a person used, on which operating system, and what class of device it was.
//
// Families are found by the patterns of ua-parser, which are data (package model). Their regular expressions are compiled when an agent first has one of
// the texts that they need, for most never match. It does not tell bots from people: package bot does, and who is a bot is asked nothing here.
//
//	rules := agent.New(config)
//	is := rules.Of("Mozilla/5.0 (iPhone; …) … Version/18.1 Mobile/15E148 Safari/604.1") // {Safari iOS mobile}
package agent

import (
	"regexp"
	"strings"
	"sync"
)

// Agent is what a user agent says. The zero Agent is that of no user agent.
type Agent struct {
	Browser string // family of the browser or app, such as Chrome; Other when no pattern knows it
	OS      string // family of the operating system, such as Android; Other when no pattern knows it
	Device  string // Desktop, Mobile, Tablet or OtherDevice
}

// Other is the family of what no pattern knows.
const Other = "Other"

// MaxFamilyBytes bounds a family, for some patterns take it from the agent.
const MaxFamilyBytes = 64

// Config is the data that rules are made from.
type Config struct {
	Version  int               // counts up with every change
	Browsers []Pattern         // the first that matches names the family
	Systems  []Pattern         // likewise
	Merged   map[string]string // families that are counted under another name, such as Chrome Mobile under Chrome
}

// Pattern names a family.
type Pattern struct {
	Needs  []string // in lower case: an agent without any of these does not match; none when nothing is known
	Expr   string   // regular expression
	Family string   // as for regexp.Expand; "" for the first group
}

// Rules read agents. They may be used by many goroutines.
type Rules struct {
	version           int
	browsers, systems families
	merged            map[string]string

	mu   sync.Mutex
	seen map[string]Agent
}

// MaxSeen is how many agents are remembered: the people of one run use few.
const MaxSeen = 4096

// New makes rules. Expressions are not looked at before they are needed: whoever compiles the data checks them.
func New(c Config) *Rules {
	return &Rules{
		version: c.Version, browsers: newFamilies(c.Browsers), systems: newFamilies(c.Systems), merged: c.Merged, seen: map[string]Agent{},
	}
}

// Version of the data.
func (r *Rules) Version() int { return r.version }

// Of reads an agent.
func (r *Rules) Of(text string) Agent {
	if text == "" {
		return Agent{}
	}
	r.mu.Lock()
	known, found := r.seen[text]
	r.mu.Unlock()
	if found {
		return known
	}
	lower := strings.ToLower(text)
	is := Agent{Browser: r.name(r.browsers.of(text, lower)), OS: r.name(r.systems.of(text, lower)), Device: Class(text)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) >= MaxSeen {
		clear(r.seen)
	}
	r.seen[strings.Clone(text)] = is
	return is
}

// name is what a family is counted under.
func (r *Rules) name(family string) string {
	if merged, found := r.merged[family]; found {
		return merged
	}
	return family
}

// pattern is a Pattern ready for use.
type pattern struct {
	Pattern
	once     sync.Once
	compiled *regexp.Regexp
}

func (p *pattern) match(text string) string {
	p.once.Do(func() { p.compiled = regexp.MustCompile(p.Expr) })
	if p.Family != "" && !strings.Contains(p.Family, "$") {
		if p.compiled.MatchString(text) {
			return p.Family
		}
		return ""
	}
	at := p.compiled.FindStringSubmatchIndex(text)
	if at == nil {
		return ""
	}
	family := p.Family
	if family == "" {
		family = "$1"
	}
	return clip(strings.TrimSpace(string(p.compiled.ExpandString(nil, family, text, at))))
}

// clip bounds a family without cutting a character.
func clip(family string) string {
	if len(family) <= MaxFamilyBytes {
		return family
	}
	return strings.ToValidUTF8(family[:MaxFamilyBytes], "")
}

// families are patterns with an index of the texts that they need.
type families struct {
	patterns []pattern
	index    map[start][]need
}

// start is how a text begins.
type start [3]byte

// need is a text that a pattern needs.
type need struct {
	text    string
	pattern int
}

func newFamilies(patterns []Pattern) families {
	f := families{patterns: make([]pattern, len(patterns)), index: make(map[start][]need, len(patterns))}
	for i, p := range patterns {
		f.patterns[i].Pattern = p
		for _, text := range p.Needs {
			key := start([]byte(text))
			f.index[key] = append(f.index[key], need{text, i})
		}
	}
	return f
}

// of names the family of an agent, given in lower case too.
func (f *families) of(text, lower string) string {
	wanted := make([]bool, len(f.patterns))
	for at := 0; at+len(start{}) <= len(lower); at++ {
		for _, n := range f.index[start([]byte(lower[at:at+len(start{})]))] {
			wanted[n.pattern] = wanted[n.pattern] || strings.HasPrefix(lower[at:], n.text)
		}
	}
	for i := range f.patterns {
		if p := &f.patterns[i]; wanted[i] || len(p.Needs) == 0 {
			if family := p.match(text); family != "" {
				return family
			}
		}
	}
	return Other
}
