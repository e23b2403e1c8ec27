// Package httpapi translates between Amazon API Gateway's HTTP API (payload format 2.0) and the functions behind it: requests into plain
// values, values and faults into answers, keys into the workspaces they open. All answers of one kind look alike because they are made here.
//
// It knows no route and no event; what is asked for and what is answered is the functions' business.
//
//	request, err := httpapi.Decode(e)
//	key, err := keyring.Reader(ctx, request)
//	return httpapi.JSON(200, answer), nil
package httpapi

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Request is one HTTP request.
type Request struct {
	Method   string
	Path     string            // as template.yaml names it, whatever stands before it here; without trailing slashes, "/" for the root
	Params   map[string]string // of the route, by name, as the gateway gave them
	Headers  map[string]string // by lower-case name; repeated ones are joined by commas
	Query    url.Values
	Body     []byte // as the client sent it, where the gateway kept it
	Address  string // by which the client reached the system, and before Path: https://t.shop.example/x7; "" when nobody says
	SourceIP string
	ID       string    // unique, for answers and logs
	Received time.Time // zero when the gateway did not say
}

// Parse reads a request as Lambda hands it over, and of it only what Decode looks at: of a large request
// encoding/json would read the body twice. Faults, both Invalid: unknown_event, when the payload is no JSON object,
// and that of Decode.
func Parse(payload []byte) (Request, error) {
	v, err := strictjson.Parse(string(payload))
	if err != nil || v.Kind() != strictjson.Object {
		return Request{}, fault.New(fault.Invalid, "unknown_event", "the event is not an HTTP request")
	}
	context := v.Get("requestContext")
	http := context.Get("http")
	e := events.APIGatewayV2HTTPRequest{
		RouteKey: v.Get("routeKey").Scalar(), RawPath: v.Get("rawPath").Scalar(), RawQueryString: v.Get("rawQueryString").Scalar(),
		Headers: texts(v.Get("headers")), QueryStringParameters: texts(v.Get("queryStringParameters")),
		PathParameters: texts(v.Get("pathParameters")),
		Body:           v.Get("body").Scalar(), IsBase64Encoded: v.Get("isBase64Encoded").Kind() == strictjson.True,
	}
	e.RequestContext.RequestID, e.RequestContext.Stage = context.Get("requestId").Scalar(), context.Get("stage").Scalar()
	e.RequestContext.DomainName = context.Get("domainName").Scalar()
	e.RequestContext.TimeEpoch, _ = context.Get("timeEpoch").Int()
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = http.Get("method").Scalar(), http.Get("path").Scalar()
	e.RequestContext.HTTP.SourceIP = http.Get("sourceIp").Scalar()
	return Decode(e)
}

// texts are the members of an object of texts; nil when there is none.
func texts(v strictjson.Value) map[string]string {
	if v.Kind() != strictjson.Object {
		return nil
	}
	out := make(map[string]string, v.Len())
	for name, member := range v.Members() {
		out[name] = member.Scalar()
	}
	return out
}

// Decode reads a request. Fault: Invalid bad_base64, when the body is not what its flag says. A malformed query string loses its malformed
// pairs only.
func Decode(e events.APIGatewayV2HTTPRequest) (Request, error) {
	context := e.RequestContext
	r := Request{
		Method: strings.ToUpper(context.HTTP.Method), Path: path(e), Params: e.PathParameters, Headers: map[string]string{},
		Body: []byte(e.Body), SourceIP: context.HTTP.SourceIP, ID: context.RequestID,
	}
	r.Received = received(context.TimeEpoch)
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) { // in order: of two spellings the gateway's own, which is lower case, counts
		r.Headers[strings.ToLower(name)] = e.Headers[name]
	}
	r.Address = address(e, r)
	r.Query, _ = url.ParseQuery(e.RawQueryString) // what can be read of it
	if e.RawQueryString == "" {
		r.Query = url.Values{}
		for name, value := range e.QueryStringParameters {
			r.Query[name] = []string{value}
		}
	}
	if !e.IsBase64Encoded {
		return r, nil
	}
	body, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return r, fault.New(fault.Invalid, "bad_base64", "the body is marked as base64 and is not; send the bytes as they are")
	}
	r.Body = body
	return r, nil
}

// received reads when the gateway took a request, in milliseconds since 1970; the zero time when it does not say. `sam local start-api` gives seconds, by
// which all that a site sends would lie far ahead.
func received(epoch int64) time.Time {
	const firstMillis = 100_000_000_000 // March 1973; as seconds it is the year 5138
	switch {
	case epoch <= 0:
		return time.Time{}
	case epoch < firstMillis:
		return time.Unix(epoch, 0).UTC()
	}
	return time.UnixMilli(epoch).UTC()
}

// path is that of the route which the gateway found, with its parameters in their places. What was sent is asked only
// where no route says it: before it may stand a stage, or the base path of a custom domain, which nothing in the event
// tells from the rest.
func path(e events.APIGatewayV2HTTPRequest) string {
	_, route, isNamed := strings.Cut(e.RouteKey, " ")
	if path, isWhole := filled(route, e.PathParameters); isNamed && isWhole {
		return "/" + strings.Trim(path, "/")
	}
	raw := "/" + strings.Trim(cmp.Or(e.RawPath, e.RequestContext.HTTP.Path), "/")
	stage := "/" + e.RequestContext.Stage
	if rest, is := strings.CutPrefix(raw, stage); is && stage != "/" && (rest == "" || rest[0] == '/') {
		return "/" + strings.Trim(rest, "/")
	}
	return raw
}

// filled puts parameters into a route such as /v1/profiles/{id}. It is whole when none is missing.
func filled(route string, parameters map[string]string) (path string, isWhole bool) {
	if !strings.Contains(route, "{") {
		return route, true
	}
	segments := strings.Split(route, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		value, is := parameters[strings.TrimRight(segment[1:], "+}")]
		if !is {
			return "", false
		}
		segments[i] = value
	}
	return strings.Join(segments, "/"), true
}

// Basic is the user of a Basic Authorization header, which is where most collection clients put their key; "" when there is none. The colon
// may be missing, as some clients leave it out.
func (r Request) Basic() string {
	scheme, credentials, _ := strings.Cut(strings.TrimSpace(r.Headers["authorization"]), " ")
	if !strings.EqualFold(scheme, "basic") {
		return ""
	}
	credentials = strings.TrimRight(strings.TrimSpace(credentials), "=")
	decoded, err := base64.RawStdEncoding.DecodeString(credentials)
	if err != nil {
		decoded, err = base64.RawURLEncoding.DecodeString(credentials)
	}
	if err != nil {
		return ""
	}
	user, _, _ := strings.Cut(string(decoded), ":")
	return user
}

// Bearer is the token of a Bearer Authorization header; "" when there is none.
func (r Request) Bearer() string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Headers["authorization"]), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// With adds headers to an answer.
func With(response events.APIGatewayV2HTTPResponse, headers map[string]string) events.APIGatewayV2HTTPResponse {
	all := maps.Clone(response.Headers)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, headers)
	response.Headers = all
	return response
}
