package collect

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
	"waymark/shared/domain/strictjson"
	"waymark/shared/domain/workspace"
)

// protocolRoute finds the route of a request in another system's protocol, whose clients are given our host name in the place of that system's.
// Their paths are fixed, so they stand at the root. Two of them are paths of the Segment family too: those are told apart by method or body.
func protocolRoute(r httpapi.Request) (route, bool) {
	switch r.Path {
	case "/api/event":
		return translated(http.MethodPost, protocol.Plausible, answerText(http.StatusAccepted)).cookieless(), true
	case "/api/send", "/api/batch":
		return translated(http.MethodPost, protocol.Umami, answerJSON).cookieless(), true
	case "/mp/collect":
		return translated(http.MethodPost, protocol.GA4, answerJSON), true
	case "/com.snowplowanalytics.snowplow/tp2":
		return translated(http.MethodPost, protocol.Snowplow, answerText(http.StatusOK)).cookieless(), true
	case "/i":
		return translated(httpapi.Reads, protocol.SnowplowPixel, answerPixel).cookieless(), r.Method != http.MethodPost
	case "/e", "/i/v0/e", "/capture":
		return translated(http.MethodPost, protocol.PostHog, answerPostHog).cookieless(), true
	case "/batch":
		text, err := plainText(r.Body)
		return translated(http.MethodPost, protocol.PostHog, answerPostHog), err == nil && protocol.IsPostHog(text)
	case "/flags", "/decide":
		return translated(http.MethodPost, protocol.PostHogProject, answerFlags), true
	}
	token, file, _ := strings.Cut(strings.TrimPrefix(r.Path, "/array/"), "/")
	if strings.HasPrefix(r.Path, "/array/") && (file == "config" || file == "config.js") {
		project := func(protocol.Request) (protocol.Batch, error) {
			return protocol.Batch{Key: protocol.PostHogKey(token)}, nil
		}
		return translated(httpapi.Reads, project, answerConfig(token, file)), true
	}
	return route{}, false
}

// translated is a route whose requests are translated.
func translated(
	method string, translate func(protocol.Request) (protocol.Batch, error), answer func(tally) events.APIGatewayV2HTTPResponse,
) route {
	read := func(r httpapi.Request) (payload, error) {
		text, err := plainText(r.Body)
		if err != nil {
			return payload{}, err
		}
		batch, err := translate(protocol.Request{Query: r.Query, Agent: r.Headers["user-agent"], Body: text})
		p := payload{key: batch.Key, events: batch.Events}
		if strings.Contains(p.key, ":") && (r.Basic() != "" || r.Query.Get("writeKey") != "") {
			p.key = "" // a key beats an alias
		}
		if _, bad := event.ParseTime(batch.SentAt); bad == nil && len(batch.SentAt) <= maxSentAtBytes {
			p.sentAt = batch.SentAt
		}
		if n := len(p.events); err == nil && n > event.MaxEvents {
			err = tooManyEvents(n)
		}
		return p, err
	}
	return route{method: method, read: read, answer: answer, isForeign: true}
}

// cookieless marks a route whose clients may send events of visitors without any identifier.
func (to route) cookieless() route {
	to.isCookieless = true
	return to
}

// nameVisitors gives the events that name nobody the id of a cookieless visitor: the clients of some systems keep none by themselves. A server that
// speaks for a visitor says the address in X-Forwarded-For, where these systems look for it. Fault: Unavailable.
func (h *Handler) nameVisitors(ctx context.Context, r httpapi.Request, key workspace.Key, p payload) (payload, error) {
	forwarded, _, _ := strings.Cut(r.Headers["x-forwarded-for"], ",")
	for i, sent := range p.events {
		if sent.Kind() != strictjson.Object || sent.Get("userId").Scalar() != "" || sent.Get("anonymousId").Scalar() != "" {
			continue
		}
		v := visitOf(sent, strictjson.Value{})
		v.address = cmp.Or(v.address, strings.TrimSpace(forwarded))
		id, err := h.visitor(ctx, r, key, v)
		if err != nil {
			return p, err
		}
		p.events[i] = with(sent, "anonymousId", strictjson.AppendText(nil, id))
	}
	return p, nil
}

func tooManyEvents(n int) error {
	return fault.Newf(fault.Invalid, "too_many_events", "the batch has %d events, the limit is %d; split it", n, event.MaxEvents)
}

// answerText answers as Plausible and Snowplow do.
func answerText(status int) func(tally) events.APIGatewayV2HTTPResponse {
	return func(tally) events.APIGatewayV2HTTPResponse {
		answer := httpapi.With(httpapi.OK(), map[string]string{"content-type": "text/plain; charset=utf-8"})
		answer.StatusCode, answer.Body = status, "ok"
		return answer
	}
}

// answerPostHog answers as PostHog does, and says beside what is wrong with events.
func answerPostHog(t tally) events.APIGatewayV2HTTPResponse {
	return httpapi.JSON(http.StatusOK, struct {
		Status   string           `json:"status"`
		Rejected int              `json:"rejected,omitempty"`
		Details  []httpapi.Detail `json:"details,omitempty"`
	}{"Ok", len(t.details), t.details})
}

// postHogSettings are what a client of PostHog is told to do: nothing but to send events, in a form that needs no preflight and that no gateway
// damages. There are no feature flags, recordings or surveys here; a client told so of surveys would fetch their script to say the same.
func postHogSettings() map[string]any {
	return map[string]any{
		"supportedCompression": []string{"base64"}, "analytics": map[string]string{"endpoint": "/e/"}, "hasFeatureFlags": false,
		"featureFlags": map[string]any{}, "featureFlagPayloads": map[string]any{}, "flags": map[string]any{}, "errorsWhileComputingFlags": false,
		"sessionRecording": false, "heatmaps": false, "capturePerformance": false, "captureDeadClicks": false,
		"autocaptureExceptions": false, "toolbarParams": map[string]any{}, "isAuthenticated": false, "siteApps": []string{}, "defaultIdentifiedOnly": true,
	}
}

func answerFlags(tally) events.APIGatewayV2HTTPResponse {
	return httpapi.JSON(http.StatusOK, postHogSettings())
}

// answerConfig answers the settings of a project as JSON or as the script that posthog-js loads before it asks for that.
func answerConfig(token, file string) func(tally) events.APIGatewayV2HTTPResponse {
	return func(t tally) events.APIGatewayV2HTTPResponse {
		answer := answerFlags(t)
		if file == "config" {
			return answer
		}
		// AppendText writes the token in ASCII, quotes escaped; served as a script and never as a page it can end nothing.
		name := string(strictjson.AppendText(nil, token))
		answer.Body = "(window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{})[" + name + "]={config:" + answer.Body + ",siteApps:[]};"
		return httpapi.With(answer, map[string]string{"content-type": "text/javascript; charset=utf-8"})
	}
}
