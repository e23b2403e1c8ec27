package httpapi

import (
	"cmp"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// EdgeHeader is where the edge (docs/edge.md) says by which host, and behind which path, it was asked: t.shop.example/x7. Whoever sends it without an
// edge tells only himself a wrong address.
const EdgeHeader = "waymark-edge"

// address is what stands before the path of a request in the address that the client used: scheme, host and, where there is one, the stage, the base
// path of a custom domain or the path of the edge.
func address(e events.APIGatewayV2HTTPRequest, r Request) string {
	scheme := r.Headers["x-forwarded-proto"]
	if scheme != "http" {
		scheme = "https"
	}
	host, before := strings.ToLower(cmp.Or(r.Headers["host"], e.RequestContext.DomainName)), ""
	raw := "/" + strings.Trim(cmp.Or(e.RawPath, e.RequestContext.HTTP.Path), "/")
	if rest, is := strings.CutSuffix(raw, r.Path); is {
		before = rest
	}
	if edge := r.Headers[EdgeHeader]; edge != "" {
		name, path, _ := strings.Cut(edge, "/")
		host, before = strings.ToLower(name), strings.TrimRight("/"+path, "/")
	}
	if len(host) > maxOriginBytes || !isHost(host) || !isPath(before) {
		return ""
	}
	return scheme + "://" + host + before
}

// isPath says that a text is nothing, or a path of plain characters that begins with a slash.
func isPath(text string) bool {
	if text == "" {
		return true
	}
	lower := strings.ToLower(text)
	return len(text) <= maxOriginBytes && text[0] == '/' && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-._~/$") == "" && !strings.HasPrefix(text, "//")
}
