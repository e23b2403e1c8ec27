package channel

import (
	"regexp"
	"strings"
)

// site is a Site ready for use.
type site struct {
	Site
	patterns []*regexp.Regexp
}

// entry is a claim of a site to a host, or to the part of it below a path.
type entry struct {
	path string
	site *site
}

// hit is what a referrer turned out to be.
type hit struct {
	medium, source, term string
	isKnown              bool
	category             Category
	as                   string
}

// Referrer answers what kind of place a referrer is ("search", "social", "chatbot", "email", "paid", "shopping", "video",
// "payment", "sign_in", "mirror"),
// its name, and the search term if the address still holds one; of a mirror the address that it shows. known is false, and all else empty, for places no list or
// naming rule knows and for what is no address. The medium is that of the lists; Of may see a video channel where the
// lists say social.
func (r *Rules) Referrer(url string) (medium, source, term string, known bool) {
	at, ok := locate(url)
	if !ok {
		return "", "", "", false
	}
	h := r.resolve(at)
	if !h.isKnown {
		return "", "", "", false
	}
	return h.medium, h.source, h.term, true
}

// resolve finds out what a place is. The more specific knowledge goes first: a listed host, the name of a webmail host, a
// host below a listed one, Google's list of sources, and last the look of a search.
func (r *Rules) resolve(at location) hit {
	if h, ok := r.listed(at); ok {
		return h
	}
	if at.isApp {
		return hit{as: "referral"}
	}
	if name, ok := r.webmail.nameOf(at); ok {
		return r.hitOf(string(WebmailSite), name, "", WebmailSite)
	}
	if medium, ok := r.labelled(at.host); ok {
		return r.hitOf(medium, strings.TrimPrefix(at.host, "www."), "", "")
	}
	if h, ok := r.belowListed(at); ok {
		return h
	}
	if category := r.category(at.host); category != "" {
		return r.hitOf(string(category), strings.TrimPrefix(at.host, "www."), "", category)
	}
	if term := r.search.termOf(at); term != "" {
		return r.hitOf(string(SearchEngine), strings.TrimPrefix(at.host, "www."), term, SearchEngine)
	}
	return hit{as: "referral"}
}

func (r *Rules) hitOf(medium, source, term string, category Category) hit {
	return hit{medium: medium, source: source, term: term, isKnown: true, category: category, as: r.mediums[medium].As}
}

// listed tries the host itself, then without a label for the device, each as written and as a pattern.
func (r *Rules) listed(at location) (hit, bool) {
	for host := at.host; ; {
		for _, e := range r.claims(host) {
			if !strings.HasPrefix(at.path, e.path) {
				continue
			}
			term := e.site.termOf(at)
			if term == "" && e.site.NeedsTerm {
				continue
			}
			return r.hitOn(e.site, at, term), true
		}
		short := withoutFront(host)
		if short == host || at.isApp {
			return hit{}, false
		}
		host = short
	}
}

// belowListed tries the hosts above. A search engine's subdomain is a search only if it looks like one: docs.google.com and
// its like are places of their own.
func (r *Rules) belowListed(at location) (hit, bool) {
	for _, host, ok := strings.Cut(at.host, "."); ok && strings.Contains(host, "."); _, host, ok = strings.Cut(host, ".") {
		for _, e := range r.claims(host) {
			if !strings.HasPrefix(at.path, e.path) {
				continue
			}
			term := e.site.termOf(at)
			isSearch := e.site.Medium == string(SearchEngine)
			if isSearch && term == "" && (e.site.NeedsTerm || !strings.Contains(at.path, "search")) {
				continue
			}
			return r.hitOn(e.site, at, term), true
		}
	}
	return hit{}, false
}

// labelled tells a host by a word left of its domain, behind which digits may stand: checkout.pay.example, acs2.bank.example, 3ds-eu.bank.example. Longer
// phrases are names of something else: pay-per-click.blog.example.
func (r *Rules) labelled(host string) (medium string, ok bool) {
	front, _, hasFront := cutLast(withoutSuffix(host), '.')
	if !hasFront {
		return "", false
	}
	for label := range strings.SplitSeq(front, ".") {
		one, other, _ := strings.Cut(label, "-")
		if strings.Contains(other, "-") {
			continue
		}
		for _, word := range [...]string{one, other} {
			if medium, ok := r.labels[strings.TrimRight(word, "0123456789")]; ok {
				return medium, true
			}
		}
	}
	return "", false
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// hitOn is a hit on a listed site. Google's list of sources corrects the category of sites that do not insist on theirs:
// the lists call YouTube social, the channel groups call it video.
func (r *Rules) hitOn(s *site, at location, term string) hit {
	h := r.hitOf(s.Medium, s.Source, term, s.Category)
	if h.category == "" {
		h.category = r.category(at.host)
	}
	if h.category == "" {
		h.category = r.mediums[s.Medium].Category
	}
	if s.As != "" {
		h.as = s.As
	}
	return h
}

func (r *Rules) category(host string) Category {
	if c, ok := r.categories[host]; ok {
		return c
	}
	return r.categories[withoutFront(host)]
}

// claims gives the claims to a host: as written, with country labels as {}, with its suffix as {}.
func (r *Rules) claims(host string) []entry {
	if entries, ok := r.sites[host]; ok {
		return entries
	}
	var space [maxPatternBytes]byte
	if pattern, ok := countryPattern(space[:0], host); ok {
		if entries, ok := r.sites[string(pattern)]; ok { // no copy is made for a look-up
			return entries
		}
	}
	if pattern, ok := suffixPattern(space[:0], host); ok {
		return r.sites[string(pattern)]
	}
	return nil
}

// maxPatternBytes is more than DNS allows for a host; longer ones match no pattern.
const maxPatternBytes = 256

// countryPattern writes the host with {} for every label of two letters but the last.
func countryPattern(out []byte, host string) ([]byte, bool) {
	if len(host) > maxPatternBytes/2 {
		return nil, false
	}
	hasCountry := false
	for {
		label, rest, more := strings.Cut(host, ".")
		if !more {
			return append(out, label...), hasCountry
		}
		if len(label) == 2 {
			label, hasCountry = "{}", true
		}
		out = append(append(out, label...), '.')
		host = rest
	}
}

// suffixPattern writes the host with {} for its public suffix if that is a country's, or com.
func suffixPattern(out []byte, host string) ([]byte, bool) {
	stem := withoutSuffix(host)
	if stem == "" || len(stem) == len(host) || len(stem) > maxPatternBytes/2 {
		return nil, false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if len(last) != 2 && last != "com" {
		return nil, false
	}
	return append(append(out, stem...), ".{}"...), true
}

// termOf reads the search term of an address of this site, "" when it holds none; of a mirror the address of the page it shows.
func (s *site) termOf(at location) string {
	if s.InLabel {
		return siteInLabel(at.host)
	}
	if term := termIn(at.query, s.Params); term != "" || len(s.patterns) == 0 {
		return term
	}
	full := at.path
	if at.query != "" {
		full += "?" + at.query
	}
	for _, p := range s.patterns {
		if found := p.FindStringSubmatch(full); len(found) > 1 && found[1] != "" {
			return unescape(found[1])
		}
	}
	return ""
}

// siteInLabel is the site that a host of a mirror names in its first label, where - stands for a dot and -- for -.
func siteInLabel(host string) string {
	label, _, _ := strings.Cut(host, ".")
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(label, "--", "\x00"), "-", "."), "\x00", "-")
}

// termIn gives the first of the parameters, in the order of names, that is there and not empty.
func termIn(query string, names []string) string {
	if query == "" {
		return ""
	}
	for _, wanted := range names {
		for name, value := range pairs(query) {
			if name == wanted && value != "" {
				return unescape(value)
			}
		}
	}
	return ""
}
