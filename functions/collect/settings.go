package collect

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// What a client fetches before it sends its first event. Without an answer it sends nothing, ever, and says so in the console of a browser alone. So
// these routes answer for as long as anything does: a key that cannot be looked up now is taken for a good one, because the documents tell nothing
// that is not in the request.

// document writes what a client of one family asks for: address is ours, without a scheme.
type document func(scheme, address, key string) any

// about is a route that answers such a document.
func about(write document) route {
	return route{method: httpapi.Reads, serve: func(h *Handler, ctx context.Context, r httpapi.Request) events.APIGatewayV2HTTPResponse {
		return h.about(ctx, r, write)
	}}
}

func (h *Handler) about(ctx context.Context, r httpapi.Request, write document) events.APIGatewayV2HTTPResponse {
	text, err := agreedKey(r.Basic(), settingsKey(r.Path), r.Query.Get("writeKey"))
	if err == nil {
		err = h.mayAsk(ctx, text)
	}
	if fault.CodeOf(err) == codeLeaked {
		h.noteRefusal(ctx, r, payload{key: text}, err)
		return toNobody(httpapi.Error(err, r.ID))
	}
	isSure := err == nil
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return toAnyone(httpapi.Error(err, r.ID))
	}
	scheme, address, found := strings.Cut(r.Address, "://")
	if !found {
		return toAnyone(httpapi.Error(fault.New(fault.Invalid, "bad_host", "the request does not say by which host it came; send a Host header"), r.ID))
	}
	answer := httpapi.JSON(http.StatusOK, write(scheme, address, text))
	if isSure {
		answer.Headers["cache-control"] = "public, max-age=300"
	}
	return toAnyone(answer)
}

// mayAsk says that a key is a site's write key. Faults: NotFound unknown_key or key_expired, Forbidden secret_key or server_key_leaked, Unavailable.
func (h *Handler) mayAsk(ctx context.Context, text string) error {
	key, err := h.keyring.Find(ctx, text)
	if unknown, is := errors.AsType[*fault.Error](err); is && unknown.Kind == fault.Unauthorized {
		return fault.Newf(fault.NotFound, unknown.Code, "there are no settings: %s", unknown.Message)
	}
	if err == nil && key.Role != workspace.Write {
		return secretKey()
	}
	if err == nil && key.Kind == workspace.ServerSource {
		return h.leaked(ctx, key)
	}
	return err
}

// toAnyone lets scripts of every site read an answer that is the same for all of them, so that it may be cached.
func toAnyone(answer events.APIGatewayV2HTTPResponse) events.APIGatewayV2HTTPResponse {
	return httpapi.With(answer, map[string]string{"access-control-allow-origin": "*"})
}

// settingsKey is the key in a path such as /v1/projects/KEY/settings; "" when it is another path.
func settingsKey(path string) string {
	key, isSettings := strings.CutSuffix(strings.TrimPrefix(path, "/v1"), "/settings")
	key, isProject := strings.CutPrefix(key, "/projects/")
	if !isSettings || !isProject || strings.Contains(key, "/") {
		return ""
	}
	return key
}

// segmentSettings is the least that clients of Segment need: analytics-next sends to what it says of Segment.io, and so do the clients for Swift and
// Kotlin.
func segmentSettings(scheme, address, key string) any {
	type object = map[string]any
	all := object{"enabled": true, "integrations": object{}}
	return object{
		"integrations": object{"Segment.io": object{"apiKey": key, "apiHost": address + "/v1", "protocol": scheme}},
		"plan": object{
			"track": object{"__default": all}, "identify": object{"__default": object{"enabled": true}}, "group": object{"__default": object{"enabled": true}},
		},
		"metrics": object{"sampleRate": 0}, "middlewareSettings": object{}, "edgeFunction": object{}, "consentSettings": object{},
	}
}

// rudderSettings is the least that clients of RudderStack need: an id, a config, a list of destinations, which is empty because events go to us alone,
// and no statistics about the client to its maker.
func rudderSettings(_, _, key string) any {
	type object = map[string]any
	off := object{"enabled": false}
	return object{"source": object{
		"id": key, "name": key, "writeKey": key, "enabled": true, "workspaceId": "waymark", "destinations": []any{},
		"config": object{"statsCollection": object{"errors": off, "metrics": off}},
	}}
}
