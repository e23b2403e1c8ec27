package httpapi

import (
	"slices"
	"strings"

	"waymark/shared/domain/workspace"
)

// CORS gives the headers that let a browser read an answer of collection. A key with a list of origins allows credentials to those alone; any other
// allows them to every site, for pages send cookies along with a beacon whether they want to or not, and collection reads none. An origin is
// written back only if it is written as a browser writes one; to any other, and to none, goes a star, which allows no credentials. The zero Key
// lists none. A server's key is no browser's, so no script of a page may read what it is answered.
func CORS(origin string, key workspace.Key) map[string]string {
	if key.Kind == workspace.ServerSource {
		return nil
	}
	isListed := len(key.Origins) == 0 || slices.Contains(key.Origins, origin)
	if !isListed || !isOrigin(origin) {
		return map[string]string{"access-control-allow-origin": "*"}
	}
	return map[string]string{
		"access-control-allow-origin": origin, "access-control-allow-credentials": "true", "vary": "origin",
	}
}

// allowedHeaders are those that the known collection clients send, and the answer to whoever asks without naming any. Authorization must be
// named: a star does not cover it.
const allowedHeaders = "authorization, content-type, x-retry-count, anonymousid, sentat, rsa-recovered, rsa-retry-attempt, " +
	"rsa-since-last-attempt, rsa-since-first-attempt, rsa-retry-reason"

// alsoAllowed are the headers that other scripts of a page add to every request that leaves it, tracing above all, and those of clients that speak
// another protocol. Collection reads none of them.
const alsoAllowed = " accept accept-language cache-control content-encoding content-language idempotency-key pragma x-idempotency-key x-requested-with " +
	"traceparent tracestate baggage sentry-trace newrelic b3 uber-trace-id elastic-apm-traceparent request-id request-context " +
	"x-request-id x-correlation-id x-amzn-trace-id x-cloud-trace-context x-dtpc x-dtreferer x-instana-t x-instana-s x-instana-l " +
	"x-umami-cache sp-anonymous "

// allowedFamilies are the beginnings of the names of headers that come by the dozen.
var allowedFamilies = []string{"x-datadog-", "x-newrelic-", "x-sentry-", "x-b3-", "x-posthog-", "x-ot-span-", "rsa-"}

// maxAskedBytes bounds what is read of the headers that a preflight asks for; a browser asks for a dozen.
const maxAskedBytes = 4096

// Preflight gives the headers that answer an OPTIONS request, besides those of CORS. Of the headers that are asked for, as
// Access-Control-Request-Headers lists them, the answer names those that are allowed.
func Preflight(asked string) map[string]string {
	headers := allowedHeaders
	if strings.TrimSpace(asked) != "" {
		var allowed []string
		for name := range strings.SplitSeq(asked[:min(len(asked), maxAskedBytes)], ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); isAllowed(name) {
				allowed = append(allowed, name)
			}
		}
		headers = strings.Join(allowed, ", ")
	}
	answer := map[string]string{"access-control-allow-methods": "GET, POST, OPTIONS", "access-control-max-age": "7200"}
	if headers != "" {
		answer["access-control-allow-headers"] = headers
	}
	return answer
}

func isAllowed(name string) bool {
	if !isToken(name) {
		return false
	}
	if strings.Contains(", "+allowedHeaders+",", ", "+name+",") || strings.Contains(alsoAllowed, " "+name+" ") {
		return true
	}
	return slices.ContainsFunc(allowedFamilies, func(family string) bool { return strings.HasPrefix(name, family) })
}

// isToken says that a text may be the name of a header. Of what HTTP allows, names that are in use have only these characters.
func isToken(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// maxOriginBytes is room for the longest host name there is, with scheme and port.
const maxOriginBytes = 300

// isOrigin says that a text is scheme://host or scheme://host:port, in lower case and without anything else: as a browser writes it.
func isOrigin(text string) bool {
	scheme, host, found := strings.Cut(text, "://")
	return found && len(text) <= maxOriginBytes && isScheme(scheme) && isHost(host)
}

func isScheme(text string) bool {
	return text != "" && 'a' <= text[0] && text[0] <= 'z' && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// isHost says that a text is a name or an address in lower case, with or without a port.
func isHost(text string) bool {
	host, port, hasPort := text, "", false
	if inner, isIPv6 := strings.CutPrefix(text, "["); isIPv6 {
		address, rest, closed := strings.Cut(inner, "]")
		if !closed || address == "" || strings.Trim(address, "0123456789abcdef:.") != "" {
			return false
		}
		host, rest = "v6", strings.TrimPrefix(rest, "]")
		if _, port, hasPort = strings.Cut(rest, ":"); rest != "" && (!hasPort || rest[0] != ':') {
			return false
		}
	} else {
		host, port, hasPort = strings.Cut(text, ":")
	}
	if hasPort && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
}
