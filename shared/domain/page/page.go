// Package page makes the address of a page into the path that numbers are kept by: without what differs from visitor to visitor or from item to item,
// such as ids, tokens and e-mail addresses, so that one page of a site is one line of a report and nobody's secret is one.
//
//	page.Path("https://shop.example/orders/100234/?token=x") // "/orders/:id"
package page

import (
	"net/url"
	"strings"
)

// Version of the rules: whoever keeps paths by them makes them anew when it rises.
const Version = 1

const (
	// MaxBytes bounds a path. What is longer ends behind a whole segment, with /*.
	MaxBytes = 160
	// MaxSegmentBytes bounds what stands between two slashes. What is longer is :long.
	MaxSegmentBytes = 120
)

// What stands in the place of what is left out.
const (
	id    = ":id"
	token = ":token"
	email = ":email"
	long  = ":long"
)

// Path gives the path of an address: "/" for the start page, "" for what is no address of a page. Scheme, host, query and fragment are left out, so are
// session ids in the path, names of start files and the last slash. Percent-encoding gets one spelling. Path of a path is that path.
func Path(address string) string {
	raw, ok := pathOf(address)
	if !ok {
		return ""
	}
	var segments []string
	for segment := range strings.SplitSeq(raw, "/") {
		segment, _, _ = strings.Cut(segment, ";") // ;jsessionid=…
		switch segment = decoded(segment); {
		case segment == "" || segment == "." || isSession(segment):
		case segment == "..":
			segments = segments[:max(len(segments)-1, 0)]
		default:
			segments = append(segments, segment)
		}
	}
	for len(segments) > 0 && isStart(segments[len(segments)-1]) {
		segments = segments[:len(segments)-1]
	}
	path, before := "", ""
	for _, segment := range segments {
		next := encoded(general(segment, before))
		if len(next) > MaxSegmentBytes {
			next = long
		}
		if len(path)+1+len(next) > MaxBytes-len("/*") {
			return path + "/*"
		}
		path, before = path+"/"+next, segment
	}
	if path == "" {
		return "/"
	}
	return path
}

// pathOf cuts an address down to its path.
func pathOf(address string) (path string, ok bool) {
	address = strings.TrimSpace(address)
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	if address == "" {
		return "", false
	}
	scheme, rest, hasScheme := strings.Cut(address, "://")
	switch {
	case hasScheme && !strings.Contains(scheme, "/"):
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return rest, true // an app's screen, which has no host
		}
	case strings.HasPrefix(address, "//"):
		rest = address[2:]
	case strings.HasPrefix(address, "/"):
		return address, true
	default: // about:blank, or a host without scheme
		host, _, _ := strings.Cut(address, "/")
		name, _, _ := strings.Cut(host, ":")
		if !strings.Contains(name, ".") {
			return address, !strings.Contains(host, ":")
		}
		rest = address
	}
	_, path, _ = strings.Cut(rest, "/")
	return path, true
}

// decoded takes the percent-encoding off; what is not encoded properly stays.
func decoded(segment string) string {
	if strings.Contains(segment, "%") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(segment, "\uFFFD"))
}

// encoded writes a segment in the one spelling that decoded reads back: only what would mean something else is encoded.
func encoded(segment string) string {
	var out strings.Builder
	for i := range len(segment) {
		switch c := segment[i]; {
		case c <= ' ' || c == 0x7F || strings.IndexByte(`%/?#;\`, c) >= 0:
			const hex = "0123456789ABCDEF"
			out.WriteByte('%')
			out.WriteByte(hex[c>>4])
			out.WriteByte(hex[c&15])
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// isSession says whether a segment is a session that ASP.NET keeps in addresses: (S(lit3py55t21z5v55vlm25s55)).
func isSession(segment string) bool {
	return strings.HasPrefix(segment, "(S(") && strings.HasSuffix(segment, "))")
}

// isStart says whether a segment is the file that a folder shows when none is named.
func isStart(segment string) bool {
	name, end, _ := strings.Cut(strings.ToLower(segment), ".")
	if name != "index" && name != "default" {
		return false
	}
	switch end {
	case "html", "htm", "php", "asp", "aspx", "jsp", "shtml", "xhtml":
		return true
	}
	return false
}
