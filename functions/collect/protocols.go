package collect

import (
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
	"waymark/shared/domain/strictjson"
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
		return translated(httpapi.Reads+", POST", protocol.PostHog, answerPostHog).cookieless(), true
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
			err = tooMany(n)
		}
		return p, err
	}
	return route{method: method, read: read, answer: answer}
}

// cookieless marks a route whose clients may send events of visitors without any identifier.
func (to route) cookieless() route {
	to.isCookieless = true
	return to
}

// ofVisitor gives the events that name nobody the id of their visitor. It is the place for an id that the visitor's requests of one day share.
func (p payload) ofVisitor(id string) payload {
	for i, v := range p.events {
		if v.Kind() != strictjson.Object || v.Get("userId").Scalar() != "" || v.Get("anonymousId").Scalar() != "" {
			continue
		}
		tree := v.Map()
		tree["anonymousId"] = id
		p.events[i] = asValue(tree)
	}
	return p
}

func tooMany(n int) error {
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
// damages. There are no feature flags, recordings or surveys here.
func postHogSettings() map[string]any {
	return map[string]any{
		"supportedCompression": []string{"base64"}, "analytics": map[string]string{"endpoint": "/e/"}, "hasFeatureFlags": false,
		"featureFlags": map[string]any{}, "featureFlagPayloads": map[string]any{}, "flags": map[string]any{}, "errorsWhileComputingFlags": false,
		"sessionRecording": false, "surveys": false, "heatmaps": false, "capturePerformance": false, "captureDeadClicks": false,
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
