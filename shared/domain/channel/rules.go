package channel

import (
	"regexp"
	"slices"
	"strings"
)

// Rules answer channels. They are immutable and may be used by many goroutines; New makes them.
type Rules struct {
	Version string // of the data they were made from

	rules      []rule
	byCampaign []condition // those of the rules' conditions that test a campaign's name
	categories map[string]Category
	sites      map[string][]entry // by host, longest path first
	mediums    map[string]Medium
	webmail    Webmail
	labels     map[string]string // label → medium
	mirrors    []string          // hosts of mirrors
	search     Search
	clicks     map[string]ClickID
	explicit   map[string]Name // "" for platforms
}

type rule struct {
	channel  Name
	all, any []condition
}

type condition struct {
	Condition
	pattern *regexp.Regexp
}

// traffic is what rules look at: a source, what it is, a medium and a campaign, all in lower case.
type traffic struct {
	source, medium, campaign string
	category                 Category
}

// Of answers the channel of a touchpoint by the order of precedence in the package comment; "" when it carries no sign.
// It never fails: what cannot be read is no sign. Source, medium, campaign and explicit names may be of any case.
func (r *Rules) Of(s Signals) Name {
	if s.Explicit != "" {
		if name := r.named(s.Explicit); name != "" {
			return name
		}
	}
	t, isSigned := r.traffic(s)
	if !isSigned {
		return ""
	}
	if t.campaign != "" && !r.isSign(t, clean(s.Medium)) {
		t.campaign = ""
	}
	return r.channelOf(t)
}

func (r *Rules) channelOf(t traffic) Name {
	for i := range r.rules {
		if r.rules[i].holds(t) {
			return r.rules[i].channel
		}
	}
	if name := r.named(t.medium); name != "" {
		return name
	}
	return Unassigned
}

// isSign says whether the campaign's name decides anything: some rule holds of it, and no medium was sent that names its kind, for the newsletter of a
// shop opening is mail. Paid and display name no kind: they say how something is paid for or shown.
func (r *Rules) isSign(t traffic, sent string) bool {
	if !slices.ContainsFunc(r.byCampaign, func(c condition) bool { return c.holds(t) }) {
		return false
	}
	if sent == "" || sent != t.medium {
		return true
	}
	switch r.channelOf(traffic{medium: sent}) {
	case Unassigned, PaidOther, Display:
		return true
	}
	return false
}

// named answers the group that a word stands for, "" for platforms and unknown words.
func (r *Rules) named(word string) Name {
	if name, ok := r.explicit[word]; ok {
		return name
	}
	return r.explicit[wordKey(word)]
}

// wordKey is the one spelling of an explicit name: "Mobile Push" and "mobile-push" are mobile_push.
func wordKey(word string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(word), func(c rune) bool {
		return c == ' ' || c == '-' || c == '_' || c == '.' || c == '/' || c == '\t'
	}), "_")
}

// traffic joins the signals; false when none says anything.
func (r *Rules) traffic(s Signals) (traffic, bool) {
	t := traffic{source: clean(s.Source), medium: clean(s.Medium), campaign: clean(s.Campaign)}
	if t.source == "(not set)" {
		t.source = ""
	}
	if t.source == "" && (t.medium == "(not set)" || t.medium == "(none)") {
		t.medium = ""
	}
	if click, ok := r.clicks[clean(s.ClickID)]; ok {
		if t.source == "" {
			t.source = click.Source
		}
		if t.medium == "" {
			t.medium = click.Medium
		}
	}
	if t.source != "" || t.medium != "" {
		t.category = r.categoryOf(t.source)
		return t, true
	}
	from, hit, ok := r.outside(s)
	if !ok {
		return t, t.campaign != ""
	}
	t.source, t.category, t.medium = from.host, hit.category, hit.as
	return t, true
}

// clean is how source, medium, campaign and click id are compared.
func clean(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// outside gives the referrer and what it is, unless it is missing, garbled, a page of the same site, or a place where people only pass through.
func (r *Rules) outside(s Signals) (location, hit, bool) {
	from, ok := locate(s.Referrer)
	if !ok {
		return location{}, hit{}, false
	}
	page, hasPage := locate(s.Page)
	if hasPage && isSameSite(from, page) {
		return location{}, hit{}, false
	}
	h := r.resolve(from)
	if h.medium == Mirror {
		if from, ok = locate(h.term); !ok {
			return location{}, hit{}, false
		}
		h = r.resolve(from)
	}
	if h.as == NoSource || hasPage && isSameSite(from, r.shown(page)) {
		return location{}, hit{}, false
	}
	return from, h, true
}

// shown is the page that a mirror shows; the page itself where it is no mirror's, or does not say.
func (r *Rules) shown(page location) location {
	if !slices.ContainsFunc(r.mirrors, func(host string) bool { return strings.HasSuffix(page.host, host) }) {
		return page
	}
	if h := r.resolve(page); h.medium == Mirror {
		if original, ok := locate(h.term); ok {
			return original
		}
	}
	return page
}

func isSameSite(from, page location) bool {
	return page.isApp == from.isApp && isInternal(from.host, page.host)
}

// categoryOf answers what a tagged source is: by its name, or as a host ("www.facebook.com") or address.
func (r *Rules) categoryOf(source string) Category {
	if !strings.Contains(source, ".") {
		return r.categories[source]
	}
	at, ok := locate(source)
	if !ok {
		return r.categories[source]
	}
	return r.resolve(at).category
}

func (r *rule) holds(t traffic) bool {
	for i := range r.all {
		if !r.all[i].holds(t) {
			return false
		}
	}
	return len(r.any) == 0 || slices.ContainsFunc(r.any, func(c condition) bool { return c.holds(t) })
}

func (c *condition) holds(t traffic) bool {
	if c.Category != "" {
		return c.Category == t.category
	}
	value := c.valueOf(t)
	return slices.Contains(c.Is, value) ||
		value != "" && (slices.ContainsFunc(c.Contains, func(part string) bool { return strings.Contains(value, part) }) ||
			slices.ContainsFunc(c.Prefix, func(start string) bool { return strings.HasPrefix(value, start) }) ||
			slices.ContainsFunc(c.Suffix, func(end string) bool { return strings.HasSuffix(value, end) }) ||
			c.pattern != nil && c.pattern.MatchString(value))
}

func (c *condition) valueOf(t traffic) string {
	switch c.Field {
	case "source":
		return t.source
	case "medium":
		return t.medium
	}
	return t.campaign
}
