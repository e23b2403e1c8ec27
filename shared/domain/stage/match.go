package stage

import (
	"math/big"
	"slices"
	"strings"

	"waymark/shared/domain/event"
)

// matcher is a When made fast to ask.
type matcher struct {
	types      []event.Type
	names      nameSet
	notNames   nameSet
	channels   map[string]bool
	page       Page
	properties []comparison
}

func newMatcher(w When) matcher {
	m := matcher{types: slices.Clone(w.Types), names: newNameSet(w.Names), notNames: newNameSet(w.NotNames), channels: set(w.Channels)}
	for _, prefix := range w.Page.Prefix {
		m.page.Prefix = append(m.page.Prefix, strings.ToLower(prefix))
	}
	for _, part := range w.Page.Contains {
		m.page.Contains = append(m.page.Contains, strings.ToLower(part))
	}
	for _, p := range w.Properties {
		m.properties = append(m.properties, newComparison(p))
	}
	return m
}

func (m *matcher) holds(t *event.Touchpoint, channel string) bool {
	return m.nameHolds(t.Type, t.Name, channel) && m.pageHolds(t.Page) && m.propertiesHold(t.Properties)
}

func (m *matcher) nameHolds(t event.Type, name, channel string) bool {
	switch {
	case len(m.types) > 0 && !slices.Contains(m.types, t):
		return false
	case !m.names.empty() && !m.names.has(name):
		return false
	case m.notNames.has(name):
		return false
	}
	return len(m.channels) == 0 || m.channels[channel]
}

func (m *matcher) propertiesHold(properties map[string]string) bool {
	for i := range m.properties {
		if !m.properties[i].holds(properties) {
			return false
		}
	}
	return true
}

func (m *matcher) pageHolds(address string) bool {
	if len(m.page.Prefix)+len(m.page.Contains) == 0 {
		return true
	}
	path := pathOf(address)
	begins := func(prefix string) bool { return strings.HasPrefix(path, prefix) }
	holds := func(part string) bool { return strings.Contains(path, part) }
	return (len(m.page.Prefix) == 0 || slices.ContainsFunc(m.page.Prefix, begins)) &&
		(len(m.page.Contains) == 0 || slices.ContainsFunc(m.page.Contains, holds))
}

// pathOf is the path of a page's address in lower case, "/" if it names none. An address without a host is taken as a path.
func pathOf(address string) string {
	if address == "" {
		return ""
	}
	path, _, _ := strings.Cut(address, "?")
	path, _, _ = strings.Cut(path, "#")
	if _, rest, found := strings.Cut(path, "://"); found {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return strings.ToLower(path)
}

// nameSet holds names and beginnings of names.
type nameSet struct {
	exact    map[string]bool
	prefixes []string
}

func newNameSet(patterns []string) nameSet {
	s := nameSet{exact: map[string]bool{}}
	for _, pattern := range patterns {
		if prefix, isPrefix := strings.CutSuffix(pattern, "*"); isPrefix {
			s.prefixes = append(s.prefixes, prefix)
			continue
		}
		s.exact[pattern] = true
	}
	return s
}

func (s nameSet) empty() bool { return len(s.exact)+len(s.prefixes) == 0 }

func (s nameSet) has(name string) bool {
	if s.exact[name] {
		return true
	}
	return slices.ContainsFunc(s.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// comparison is a Property whose numbers are read already.
type comparison struct {
	Property
	numbers []*big.Rat // of each value, nil where it is not a number
}

func newComparison(p Property) comparison {
	c := comparison{Property: p}
	c.Values = slices.Clone(p.Values)
	for _, value := range p.Values {
		number, _ := decimal(value)
		c.numbers = append(c.numbers, number)
	}
	return c
}

func (c *comparison) holds(properties map[string]string) bool {
	said, found := properties[c.Name]
	if c.Op == Exists {
		return found == (c.Values[0] == "true")
	}
	if !found {
		return false
	}
	if c.Op == Prefix {
		return slices.ContainsFunc(c.Values, func(prefix string) bool { return strings.HasPrefix(said, prefix) })
	}
	number, isNumber := decimal(said)
	for i, value := range c.Values {
		both := isNumber && c.numbers[i] != nil
		switch {
		case c.Op == AtLeast && both && number.Cmp(c.numbers[i]) >= 0,
			c.Op == AtMost && both && number.Cmp(c.numbers[i]) <= 0,
			(c.Op == Equals || c.Op == In) && both && number.Cmp(c.numbers[i]) == 0,
			(c.Op == Equals || c.Op == In) && said == value:
			return true
		}
	}
	return false
}

// Texts longer than this, or with an exponent of more digits, are no numbers to a rule: reading them exactly could take long.
const (
	maxNumberBytes    = 64
	maxExponentDigits = 3
)

// decimal reads a decimal number exactly. Fractions, hexadecimal digits, underscores and words are no decimal numbers.
func decimal(text string) (*big.Rat, bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxNumberBytes || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, false
	}
	if at := strings.IndexAny(text, "eE"); at >= 0 && len(strings.TrimLeft(text[at+1:], "+-")) > maxExponentDigits {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func set(values []string) map[string]bool {
	out := make(map[string]bool, len(values))
	for _, v := range values {
		out[v] = true
	}
	return out
}
