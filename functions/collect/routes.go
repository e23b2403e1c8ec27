package collect

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect/tracker"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
)

// route is what is done with the requests of one path.
type route struct {
	method string // or several, as the header Allow lists them
	read   func(httpapi.Request) (payload, error)
	answer func(tally) events.APIGatewayV2HTTPResponse
	// visitor says that the visitor's own browser sends these requests, also without an Origin, so that their User-Agent is the visitor's.
	visitor bool
	// isCookieless says that events may name nobody, and are then given an id of their visitor.
	isCookieless bool
	// isForeign says that the route is another system's, whose clients name a site by what stands in its pages.
	isForeign bool
	// isImage says that the answer is a picture, which whoever shows it cannot give an identifier, so that one is made up.
	isImage bool
	// serve answers what brings no events; the others are nil then.
	serve func(*Handler, context.Context, httpapi.Request) events.APIGatewayV2HTTPResponse
}

// routes lists the paths, without trailing slashes, under which events come in. The one-letter forms are those of browser clients.
var routes = map[string]route{
	"/v1/track": one(event.Track), "/v1/t": one(event.Track),
	"/v1/page": one(event.Page), "/v1/p": one(event.Page),
	"/v1/screen": one(event.Screen), "/v1/s": one(event.Screen),
	"/v1/identify": one(event.Identify), "/v1/i": one(event.Identify),
	"/v1/group": one(event.Group), "/v1/g": one(event.Group),
	"/v1/alias": one(event.Alias), "/v1/a": one(event.Alias),
	"/v1/batch": post(readBatch), "/v1/b": post(readBatch), "/v1/import": post(readBatch),
	"/v1/beacon":       beacon(readBeacon),
	"/beacon/v1/batch": beacon(readBatch), // where the RudderStack client sends on leaving a page
	"/v1/pixel.gif":    image(readPixel),
	"/pixel/v1/page":   image(func(r httpapi.Request) (payload, error) { return readDotted(r, event.Page) }),
	"/pixel/v1/track":  image(func(r httpapi.Request) (payload, error) { return readDotted(r, event.Track) }),
	"/v1/m":            {method: http.MethodPost, serve: drop}, // what a client measures of itself
	"/sourceConfig":    about(rudderSettings),

	"/.well-known/gpc.json": {method: httpapi.Reads, serve: answerGPC},
}

// routeOf finds the route of a request. Clients that are given a host alone leave /v1 out of the paths that others write with it.
func routeOf(r httpapi.Request) (route, bool) {
	if to, found := routes[r.Path]; found {
		return to, true
	}
	if settingsKey(r.Path) != "" {
		return about(segmentSettings), true
	}
	if experimentOf(r.Path) != "" {
		return route{method: httpapi.Reads, serve: (*Handler).variant}, true
	}
	if script, found := tracker.Find(r.Path); found {
		return route{method: httpapi.Reads, serve: func(_ *Handler, _ context.Context, r httpapi.Request) events.APIGatewayV2HTTPResponse {
			return script.Answer(r)
		}}, true
	}
	if to, found := protocolRoute(r); found {
		return to, true
	}
	to, found := routes["/v1"+r.Path]
	return to, found
}

func drop(*Handler, context.Context, httpapi.Request) events.APIGatewayV2HTTPResponse {
	return httpapi.OK()
}

func one(t event.Type) route {
	return post(func(r httpapi.Request) (payload, error) { return readOne(r, t) })
}

func post(read func(httpapi.Request) (payload, error)) route {
	return route{method: http.MethodPost, read: read, answer: answerJSON}
}

func image(read func(httpapi.Request) (payload, error)) route {
	return route{method: httpapi.Reads, read: read, answer: answerPixel, visitor: true, isImage: true}
}

func beacon(read func(httpapi.Request) (payload, error)) route {
	r := post(read)
	r.visitor = true
	return r
}

// taken is the answer when some of the events are bad. Clients that look at success alone see that the request was taken.
type taken struct {
	Success  bool             `json:"success"`
	Accepted int              `json:"accepted"`
	Rejected int              `json:"rejected"`
	Details  []httpapi.Detail `json:"details"`
}

func answerJSON(t tally) events.APIGatewayV2HTTPResponse {
	rejected := len(t.details)
	if rejected == 0 {
		return httpapi.OK()
	}
	return httpapi.JSON(http.StatusOK, taken{Success: true, Accepted: t.total - rejected, Rejected: rejected, Details: t.details})
}

func answerPixel(tally) events.APIGatewayV2HTTPResponse { return httpapi.GIF() }
