package channel

import (
	"iter"
	"net/url"
	"strings"
	"unicode"
)

// location is an address split in the way channels need it: the host in lower case and Unicode, without user, port, or
// final dot. Splitting by hand is an order of magnitude cheaper than url.Parse and accepts what browsers really send.
type location struct {
	host, path, query string
	isApp             bool // host is the id of a mobile app
}

// locate splits an address; false when it names no host that could have sent anybody. The scheme may be missing as long as
// what stands there reads like a host name.
func locate(raw string) (location, bool) {
	raw, _, _ = strings.Cut(plainAmpersands(strings.TrimSpace(raw)), "#")
	scheme, rest, hasScheme := strings.Cut(raw, "://")
	at := location{}
	switch {
	case !hasScheme:
		rest = strings.TrimPrefix(raw, "//")
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
	case strings.EqualFold(scheme, "android-app"), strings.EqualFold(scheme, "ios-app"):
		at.isApp = true
	default:
		return location{}, false
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, at.path = rest[:i], rest[i:]
	}
	at.path, at.query, _ = strings.Cut(at.path, "?")
	at.host = hostName(authority)
	if at.host == "" || !hasScheme && !strings.Contains(at.host, ".") {
		return location{}, false
	}
	return at, true
}

// ampersands are the ways in which HTML writes &. Links that were copied out of a page's source, or escaped twice, hold them.
var ampersands = [...]string{"&amp;", "&AMP;", "&#38;", "&#038;", "&#x26;", "&#X26;"}

// plainAmpersands takes HTML's ways of writing & out of an address, however often it was escaped.
func plainAmpersands(address string) string {
	for strings.Contains(address, "&amp;") || strings.Contains(address, "&AMP;") || strings.Contains(address, "&#") {
		before := len(address)
		for _, escaped := range ampersands {
			address = strings.ReplaceAll(address, escaped, "&")
		}
		if len(address) == before {
			break
		}
	}
	return address
}

// hostName gives the host of an authority in its one spelling, "" when it cannot be a host name.
func hostName(authority string) string {
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if strings.HasPrefix(authority, "[") { // an IPv6 address
		inner, _, closed := strings.Cut(authority[1:], "]")
		if !closed || strings.Trim(inner, "0123456789abcdefABCDEF:.") != "" {
			return ""
		}
		return strings.ToLower(inner)
	}
	host, _, _ := strings.Cut(authority, ":")
	host = toUnicode(strings.ToLower(strings.TrimSuffix(host, ".")))
	for _, c := range host {
		isNamePart := c == '.' || c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
		if !isNamePart {
			return ""
		}
	}
	if strings.Trim(host, ".-_") == "" || strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
		return ""
	}
	return host
}

// isInternal says whether two hosts are one site as far as names alone can tell: equal but for www., or one below the other.
func isInternal(a, b string) bool {
	a, b = strings.TrimPrefix(a, "www."), strings.TrimPrefix(b, "www.")
	return a == b || isBelow(a, b) || isBelow(b, a)
}

func isBelow(host, parent string) bool {
	return strings.Contains(parent, ".") && len(host) > len(parent) && strings.HasSuffix(host, parent) &&
		host[len(host)-len(parent)-1] == '.'
}

// withoutFront drops a first label that names the device or a link shim of the same site, as in m.facebook.com.
func withoutFront(host string) string {
	label, rest, _ := strings.Cut(host, ".")
	if !strings.Contains(rest, ".") {
		return host
	}
	switch strings.TrimRight(label, "0123456789") {
	case "www", "m", "mobile", "wap", "amp", "l", "lm", "touch":
		return rest
	}
	return host
}

// withoutSuffix drops the public suffix of a host as far as its shape tells: a last label, or two as in co.uk.
func withoutSuffix(host string) string {
	last := strings.LastIndexByte(host, '.')
	if last < 0 {
		return host
	}
	if len(host)-last-1 != 2 {
		return host[:last]
	}
	second := strings.LastIndexByte(host[:last], '.')
	if second < 0 {
		return host[:last]
	}
	switch host[second+1 : last] {
	case "co", "com", "net", "org", "edu", "gov", "gob", "ac", "ne", "or":
		return host[:second]
	}
	return host[:last]
}

// pairs walks the parameters of a query in order, names and values still escaped.
func pairs(query string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for query != "" {
			var pair string
			pair, query, _ = strings.Cut(query, "&")
			name, value, _ := strings.Cut(pair, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// unescape decodes a parameter's value; what is not properly escaped stays as it is. Always valid UTF-8: engines of old send
// terms in GB 2312 and the like, which nobody can read later without knowing which.
func unescape(value string) string {
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = decoded
	}
	return strings.ToValidUTF8(value, "\uFFFD")
}
