package front

import (
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// event is payload format 2.0 as API Gateway sends it: what is absent in the request is absent in the event.
// aws-lambda-go's own type serves for reading; it would write empty members that the gateway leaves out.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string                                               `json:"accountId"`
	APIID        string                                               `json:"apiId"`
	DomainName   string                                               `json:"domainName"`
	DomainPrefix string                                               `json:"domainPrefix"`
	HTTP         events.APIGatewayV2HTTPRequestContextHTTPDescription `json:"http"`
	RequestID    string                                               `json:"requestId"`
	RouteKey     string                                               `json:"routeKey"`
	Stage        string                                               `json:"stage"`
	Time         string                                               `json:"time"`
	TimeEpoch    int64                                                `json:"timeEpoch"`
}

// newEvent describes a request to the function behind a route.
func newEvent(r *http.Request, body []byte, route Route, parameters map[string]string, requestID string, now time.Time) event {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	path := unescape(r.URL.EscapedPath()) // an HTTP API decodes rawPath, in spite of its name
	e := event{
		Version: "2.0", RouteKey: route.key(), RawPath: path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: headers(r), QueryStringParameters: query(r.URL.RawQuery), PathParameters: parameters,
		RequestContext: requestContext{
			AccountID: "000000000000", APIID: "local", DomainName: host, DomainPrefix: strings.SplitN(host, ".", 2)[0],
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent(),
			},
			RequestID: requestID, RouteKey: route.key(), Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 +0000"), TimeEpoch: now.UnixMilli(),
		},
	}
	e.Body, e.IsBase64Encoded = encodeBody(r.Header.Get("Content-Type"), body)
	return e
}

// encodeBody writes a body as text only for the content types that API Gateway takes for text, as seen on AWS. Everything
// else, also a body without a content type, a form and any other JSON, comes as base64. Text loses what is no UTF-8, as it
// does there: a client that packs its body under such a type must meet that on the laptop and not in the cloud.
func encodeBody(contentType string, body []byte) (encoded string, isBase64 bool) {
	if len(body) == 0 {
		return "", false
	}
	if isText(contentType) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = strings.ToLower(strings.TrimSpace(strings.SplitN(contentType, ";", 2)[0]))
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// headers has lower-case names; several values of one name are joined with commas. Cookies have a list of their own.
func headers(r *http.Request) map[string]string {
	joined := map[string]string{
		"host":              r.Host,
		"x-forwarded-for":   sourceIP(r),
		"x-forwarded-proto": "http",
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		joined["x-forwarded-port"] = port
	}
	if r.ContentLength > 0 {
		joined["content-length"] = itoa(r.ContentLength)
	}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		switch name {
		case "cookie":
		case "x-forwarded-for":
			joined[name] = strings.Join(values, ",") + ", " + sourceIP(r)
		default:
			joined[name] = strings.Join(values, ",")
		}
	}
	return joined
}

func cookies(header http.Header) []string {
	var list []string
	for _, line := range header.Values("Cookie") {
		for part := range strings.SplitSeq(line, ";") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// query decodes the query string; several values of one name are joined with commas in their order.
func query(raw string) map[string]string {
	var joined map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescapeQuery(name), unescapeQuery(value)
		if joined == nil {
			joined = map[string]string{}
		}
		if earlier, is := joined[name]; is {
			value = earlier + "," + value
		}
		joined[name] = value
	}
	return joined
}

func unescapeQuery(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func sourceIP(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
