package channel

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// New checks the data and makes rules of it. The error names every fault of the data, not only the first.
func New(c Config) (*Rules, error) {
	b := builder{Rules: &Rules{
		Version:    c.Version,
		categories: make(map[string]Category, len(c.Categories)),
		sites:      make(map[string][]entry, 2*len(c.Sites)),
		mediums:    maps.Clone(c.Mediums),
		webmail:    c.Webmail,
		labels:     map[string]string{},
		search:     c.Search,
		clicks:     maps.Clone(c.ClickIDs),
		explicit:   make(map[string]Name, len(c.Explicit)+len(c.Platforms)+len(Names())),
	}}
	if c.Version == "" {
		b.fault("version is missing")
	}
	b.addRules(c.Rules)
	b.addCategories(c.Categories)
	b.checkMediums(c.Mediums)
	for _, s := range c.Sites {
		b.addSite(s)
	}
	b.addLabels(c.Labels)
	b.checkClickIDs(c.ClickIDs)
	b.addExplicit(c.Explicit, c.Platforms)
	if len(b.faults) > 0 {
		return nil, fmt.Errorf("check channel rules %q: %w", c.Version, errors.Join(b.faults...))
	}
	for i := range b.rules {
		for _, c := range slices.Concat(b.rules[i].all, b.rules[i].any) {
			isNew := !slices.ContainsFunc(b.byCampaign, func(o condition) bool { return reflect.DeepEqual(o.Condition, c.Condition) })
			if c.Field == "campaign" && isNew {
				b.byCampaign = append(b.byCampaign, c)
			}
		}
	}
	for _, entries := range b.sites {
		slices.SortStableFunc(entries, func(x, y entry) int { return cmp.Compare(len(y.path), len(x.path)) })
	}
	return b.Rules, nil
}

type builder struct {
	*Rules
	faults []error
}

func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf(format, args...))
}

func (c Category) isKnown() bool {
	switch c {
	case SearchEngine, ShoppingSite, SocialSite, VideoSite, Assistant, WebmailSite:
		return true
	}
	return false
}

func (b *builder) addRules(rules []Rule) {
	if len(rules) == 0 {
		b.fault("there are no rules")
	}
	for i, r := range rules {
		where := fmt.Sprintf("rule %d (%s)", i+1, r.Channel)
		if !r.Channel.IsKnown() {
			b.fault("%s: there is no such channel", where)
		}
		if len(r.All)+len(r.Any) == 0 {
			b.fault("%s: has no condition and would hide every rule behind it", where)
		}
		b.rules = append(b.rules, rule{channel: r.Channel, all: b.conditions(where, r.All), any: b.conditions(where, r.Any)})
	}
}

func (b *builder) conditions(where string, given []Condition) []condition {
	made := make([]condition, 0, len(given))
	for _, c := range given {
		tests := slices.Concat(c.Is, c.Contains, c.Prefix, c.Suffix)
		for _, text := range tests {
			if text != strings.ToLower(text) {
				b.fault("%s: %q is not in lower case and can never match", where, text)
			}
		}
		if slices.Contains(slices.Concat(c.Contains, c.Prefix, c.Suffix), "") {
			b.fault("%s: an empty text in contains, prefix or suffix matches everything", where)
		}
		hasField := c.Field == "source" || c.Field == "medium" || c.Field == "campaign"
		switch {
		case c.Category != "" && (c.Field != "" || len(tests) > 0 || c.Pattern != ""):
			b.fault("%s: a condition tests a category or a field, not both", where)
		case c.Category != "" && !c.Category.isKnown():
			b.fault("%s: there is no category %q", where, c.Category)
		case c.Category == "" && !hasField:
			b.fault("%s: field %q is not source, medium or campaign", where, c.Field)
		case c.Category == "" && len(tests) == 0 && c.Pattern == "":
			b.fault("%s: a condition on %s tests nothing", where, c.Field)
		}
		made = append(made, condition{Condition: c, pattern: b.compile(where, c.Pattern)})
	}
	return made
}

func (b *builder) compile(where, pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	p, err := regexp.Compile(pattern)
	if err != nil {
		b.fault("%s: %w", where, err)
	}
	return p
}

func (b *builder) addCategories(categories map[string]Category) {
	for _, source := range slices.Sorted(maps.Keys(categories)) {
		if category := categories[source]; !category.isKnown() {
			b.fault("source %q: there is no category %q", source, category)
		}
		b.categories[clean(source)] = categories[source]
	}
}

func (b *builder) checkMediums(mediums map[string]Medium) {
	for _, name := range slices.Sorted(maps.Keys(mediums)) {
		m := mediums[name]
		if m.As == "" {
			b.fault("medium %q: does not say as which medium rules see it", name)
		}
		if m.Category != "" && !m.Category.isKnown() {
			b.fault("medium %q: there is no category %q", name, m.Category)
		}
	}
	for _, needed := range []Category{SearchEngine, ShoppingSite, SocialSite, VideoSite, Assistant, WebmailSite} {
		if _, ok := mediums[string(needed)]; !ok {
			b.fault("medium %q is missing", needed)
		}
	}
}

func (b *builder) addSite(given Site) {
	where := fmt.Sprintf("site %q", given.Source)
	if given.Source == "" || len(given.Hosts) == 0 {
		b.fault("%s (%s): needs a source and hosts", where, strings.Join(given.Hosts, ", "))
	}
	if _, ok := b.mediums[given.Medium]; !ok {
		b.fault("%s: there is no medium %q", where, given.Medium)
	}
	if given.Category != "" && !given.Category.isKnown() {
		b.fault("%s: there is no category %q", where, given.Category)
	}
	s := &site{Site: given}
	if given.InLabel && given.Medium != Mirror {
		b.fault("%s: only a mirror shows other sites", where)
	}
	s.Params = nil
	for _, param := range given.Params {
		pattern, isPattern := strings.CutPrefix(param, "/")
		if !isPattern {
			s.Params = append(s.Params, param)
			continue
		}
		s.patterns = append(s.patterns, b.compile(where, strings.TrimSuffix(pattern, "/")))
	}
	for _, host := range given.Hosts {
		name, path, hasPath := strings.Cut(toUnicode(strings.ToLower(host)), "/")
		if hasPath {
			path = "/" + path
		}
		name = strings.TrimPrefix(name, "www.")
		if name == "" || strings.ContainsAny(name, " :?#") {
			b.fault("%s: %q is not a host", where, host)
		}
		if given.Medium == Mirror && !strings.Contains(name, "{}") {
			b.mirrors = append(b.mirrors, name)
		}
		if !slices.ContainsFunc(b.sites[name], func(e entry) bool { return e.path == path && !e.site.NeedsTerm }) {
			b.sites[name] = append(b.sites[name], entry{path: path, site: s})
		}
	}
}

func (b *builder) addLabels(labels map[string][]string) {
	for _, medium := range slices.Sorted(maps.Keys(labels)) {
		if _, ok := b.mediums[medium]; !ok {
			b.fault("labels: there is no medium %q", medium)
		}
		for _, word := range labels[medium] {
			if word == "" || word != strings.ToLower(word) {
				b.fault("labels of %q: %q is no label in lower case", medium, word)
			}
			if taken, ok := b.labels[word]; ok {
				b.fault("label %q: is of both %s and %s", word, taken, medium)
			}
			b.labels[word] = medium
		}
	}
}

func (b *builder) checkClickIDs(ids map[string]ClickID) {
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		if !slices.Contains(clickIDs[:], name) {
			b.fault("click id %q: FromURL does not know it; add it to channel.ClickIDs", name)
		}
		if id := ids[name]; id.Source == "" || id.Medium == "" || id.Source+id.Medium != clean(id.Source+id.Medium) {
			b.fault("click id %q: needs a source and a medium in lower case", name)
		}
	}
	for _, name := range clickIDs {
		if _, ok := ids[name]; !ok {
			b.fault("click id %q: has no source and medium", name)
		}
	}
}

func (b *builder) addExplicit(synonyms map[string]Name, platforms []string) {
	for _, name := range Names() {
		b.explicit[string(name)] = name
	}
	for _, word := range platforms {
		key := wordKey(word)
		if b.explicit[key] != "" {
			b.fault("platform %q: is also a channel", word)
		}
		b.explicit[key] = ""
	}
	for _, word := range slices.Sorted(maps.Keys(synonyms)) {
		name, key := synonyms[word], wordKey(word)
		taken, isTaken := b.explicit[key]
		switch {
		case key == "":
			b.fault("explicit name %q: holds no letters", word)
		case !name.IsKnown():
			b.fault("explicit name %q: there is no channel %q", word, name)
		case isTaken && taken == "":
			b.fault("explicit name %q: is also a platform, which is no sign of a channel", word)
		case isTaken && taken != name:
			b.fault("explicit name %q: is both %s and %s", word, taken, name)
		}
		b.explicit[key] = name
	}
}
