package channel

import (
	"slices"
	"strings"
)

// nameOf answers the provider's name if the host is one for reading mail; the host itself where no provider is known.
func (w *Webmail) nameOf(at location) (string, bool) {
	stem := withoutSuffix(at.host)
	front, domain := "", stem
	if i := strings.LastIndexByte(stem, '.'); i >= 0 {
		front, domain = stem[:i], stem[i+1:]
	}
	for _, start := range w.Redirects {
		if name, ok := strings.CutPrefix(domain, start); ok {
			name = strings.TrimRight(strings.TrimRight(name, "0123456789"), "-") // deref-example-02 as well
			return w.provider(name+at.host[len(stem):], name, at.host), true
		}
	}
	if front == "" || !w.isMailFront(front) && !w.isMailPath(at.path, at.host, domain) {
		return "", false
	}
	return w.provider(at.host[len(front)+1:], domain, at.host), true
}

func (w *Webmail) provider(registered, domain, fallback string) string {
	if name, ok := w.Providers[registered]; ok {
		return name
	}
	if name, ok := w.Providers[domain]; ok {
		return name
	}
	return fallback
}

// isMailFront says whether a part of the name left of the domain is a word for mail. Parts end at dots and hyphens, and
// numbers behind them do not count.
func (w *Webmail) isMailFront(front string) bool {
	for part := range strings.FieldsFuncSeq(front, func(c rune) bool { return c == '.' || c == '-' }) {
		word := strings.TrimRight(part, "0123456789")
		if slices.Contains(w.Labels, word) {
			return true
		}
		if slices.ContainsFunc(w.Endings, func(end string) bool { return strings.HasSuffix(word, end) }) {
			return true
		}
	}
	return false
}

// isMailPath says whether a page below a known provider's domain is its mail by the path, as portals have it.
func (w *Webmail) isMailPath(path, host, domain string) bool {
	if w.provider(host, domain, "") == "" {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if slices.Contains(w.Labels, segment) {
			return true
		}
	}
	return false
}

// termOf reads the term if the host is called like a search engine and asked like one; "" otherwise.
func (s *Search) termOf(at location) string {
	if at.query == "" || !s.isSearchHost(at.host) {
		return ""
	}
	return termIn(at.query, s.Params)
}

func (s *Search) isSearchHost(host string) bool {
	for label := range strings.SplitSeq(withoutSuffix(host), ".") {
		for _, word := range s.Words {
			if strings.HasPrefix(label, word) || strings.HasSuffix(label, word) {
				return true
			}
		}
	}
	return false
}
