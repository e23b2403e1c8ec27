package collect

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// What a server sends is believed: it can be years old, cancel orders and outrank what a site says. So a server's key that comes by a way that only
// pages take stands in a page, or in an address that logs and histories keep. It is refused there, counted for its source, and an alarm tells of it,
// because the one who put it there sees nothing wrong, and whoever reads it sends by another way.
const (
	codeLeaked = "server_key_leaked"
	leakEvery  = time.Minute // the log tells of a source, from each instance
)

// isExposed says whether a request came by a way that no secret may take: from a page, as an image, with the key in the address, or as a client of
// another system, which has its key in the page.
func isExposed(r httpapi.Request, to route) bool {
	return isBrowsers(r, to) || to.isForeign || r.Query.Has("writeKey")
}

// leaked tells of a server's key that others can read, and gives the refusal, which says how to replace it.
func (h *Handler) leaked(ctx context.Context, key workspace.Key) error {
	if h.guard.isNews(key) { // template.yaml has an alarm that waits for this line
		slog.WarnContext(ctx, "server key leaked", "workspace", key.Workspace, "source", key.Source)
	}
	return fault.Newf(fault.Forbidden, codeLeaked, "this is the key of a server, and it came from a page or in an address, where others can read it: nothing was "+
		"taken. Make another with `waymark keys rotate %s %s --overlap 1h`, give that to the server alone, and put the key of the site, wk_…, into pages",
		key.Workspace, key.Label())
}

// isNews says whether the log has to tell of a source once more.
func (g *guard) isNews(key workspace.Key) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, now := g.account(key), g.now()
	if !a.leaked.IsZero() && now.Sub(a.leaked) < leakEvery {
		return false
	}
	a.leaked = now
	return true
}

// toNobody keeps an answer from the scripts of every site.
func toNobody(answer events.APIGatewayV2HTTPResponse) events.APIGatewayV2HTTPResponse {
	return httpapi.With(answer, map[string]string{"access-control-allow-origin": ""})
}
