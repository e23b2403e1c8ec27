// Package edge plays the CloudFront distribution in front of the HTTP API: it runs the CloudFront Function of template.yaml, the very code that is
// deployed, on each request before the gateway sees it. It caches nothing.
//
//	e, err := edge.New(code)
//	http.Serve(listener, e.Handler(front))
package edge

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// readOnly are headers that a function may read and not change; CloudFront answers 502 to one that does.
var readOnly = []string{"content-length", "host", "transfer-encoding", "via"}

// Edge runs a function. It may be used by several goroutines, which wait for each other: a call takes some microseconds.
type Edge struct {
	mu      sync.Mutex
	runtime *goja.Runtime
	handler goja.Callable
}

// New compiles a CloudFront Function of the type viewer-request. The error is of code that is no JavaScript or has no function handler.
func New(code string) (*Edge, error) {
	runtime := goja.New()
	if _, err := runtime.RunScript("FunctionCode", code); err != nil {
		return nil, fmt.Errorf("compile the edge's function: %w", err)
	}
	handler, isFunction := goja.AssertFunction(runtime.Get("handler"))
	if !isFunction {
		return nil, errors.New("compile the edge's function: it has no function handler(event)")
	}
	return &Edge{runtime: runtime, handler: handler}, nil
}

// Handler puts the edge before the gateway.
func (e *Edge) Handler(gateway http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		changed, answer, err := e.run(r)
		switch {
		case err != nil:
			http.Error(w, "the edge's function failed: "+err.Error(), http.StatusBadGateway)
		case answer != nil:
			answer.write(w)
		default:
			gateway.ServeHTTP(w, changed)
		}
	})
}

// answer is what a function answers itself.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	w.Write([]byte(a.body))
}

// run gives the request that goes on to the gateway, or the answer of the function.
func (e *Edge) run(r *http.Request) (*http.Request, *answer, error) {
	result, err := e.call(map[string]any{
		"version": "1.0", "context": map[string]any{"eventType": "viewer-request", "requestId": "local"},
		"viewer":  map[string]any{"ip": viewer(r)},
		"request": map[string]any{"method": r.Method, "uri": r.URL.EscapedPath(), "querystring": query(r), "headers": headers(r), "cookies": cookies(r)},
	})
	if err != nil {
		return nil, nil, err
	}
	if result["statusCode"] != nil {
		a, err := answerOf(result)
		return nil, a, err
	}
	if !reflect.DeepEqual(result["querystring"], query(r)) {
		return nil, nil, errors.New("it changed the query string, which is not played here")
	}
	changed, err := apply(r, result)
	return changed, nil, err
}

// call runs the function. What it leaves alone in the event stays what it was, to the byte.
func (e *Edge) call(event map[string]any) (map[string]any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	value, err := e.handler(goja.Undefined(), e.runtime.ToValue(event))
	if err != nil {
		return nil, err
	}
	result, isObject := value.Export().(map[string]any)
	if !isObject {
		return nil, errors.New("it returned no object")
	}
	return result, nil
}

// headers of a request as a function gets them; cookies come by themselves.
func headers(r *http.Request) map[string]any {
	out := map[string]any{"host": map[string]any{"value": r.Host}}
	for name, values := range r.Header {
		if name != "Cookie" {
			out[strings.ToLower(name)] = many(values)
		}
	}
	return out
}

func cookies(r *http.Request) map[string]any {
	out := map[string]any{}
	for _, c := range r.Cookies() {
		out[c.Name] = map[string]any{"value": c.Value}
	}
	return out
}

// query is what can be read of the query string; the gateway gets it as it was sent.
func query(r *http.Request) map[string]any {
	out := map[string]any{}
	parsed, _ := url.ParseQuery(r.URL.RawQuery)
	for name, values := range parsed {
		out[name] = many(values)
	}
	return out
}

// many is a header or parameter with its values.
func many(values []string) map[string]any {
	out := map[string]any{"value": values[0]}
	if len(values) > 1 {
		var all []any
		for _, v := range values {
			all = append(all, map[string]any{"value": v})
		}
		out["multiValue"] = all
	}
	return out
}

// apply makes the request that the function returned. Its body, which no function sees, is that of the old one.
func apply(r *http.Request, result map[string]any) (*http.Request, error) {
	changed := r.Clone(r.Context())
	changed.Body = r.Body
	if uri, _ := result["uri"].(string); uri != r.URL.EscapedPath() {
		path, err := url.PathUnescape(uri)
		if err != nil || !strings.HasPrefix(uri, "/") {
			return nil, fmt.Errorf("its uri is %q", uri)
		}
		changed.URL.Path, changed.URL.RawPath = path, uri
	}
	changed.Header = headersOf(result["headers"])
	for _, name := range readOnly {
		canonical := http.CanonicalHeaderKey(name)
		before := r.Header.Values(canonical)
		if name == "host" {
			before = []string{r.Host}
		}
		if !slices.Equal(before, changed.Header.Values(canonical)) {
			return nil, fmt.Errorf("it changed the header %s, which is read-only", name)
		}
	}
	changed.Header.Del("Host")
	kept, _ := result["cookies"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		value, _ := kept[name].(map[string]any)
		text, _ := value["value"].(string)
		changed.Header.Add("Cookie", name+"="+text)
	}
	return changed, nil
}

func answerOf(result map[string]any) (*answer, error) {
	status, _ := result["statusCode"].(int64)
	if status < 200 || status > 599 {
		return nil, fmt.Errorf("its status code is %v", result["statusCode"])
	}
	a := &answer{status: int(status), header: headersOf(result["headers"])}
	switch body := result["body"].(type) {
	case string:
		a.body = body
	case map[string]any:
		a.body, _ = body["data"].(string)
	}
	return a, nil
}

// headersOf reads headers as a function writes them.
func headersOf(v any) http.Header {
	out := http.Header{}
	all, _ := v.(map[string]any)
	for name, h := range all {
		header, _ := h.(map[string]any)
		if values, isMany := header["multiValue"].([]any); isMany {
			for _, one := range values {
				value, _ := one.(map[string]any)
				out.Add(name, fmt.Sprint(value["value"]))
			}
			continue
		}
		out.Add(name, fmt.Sprint(header["value"]))
	}
	return out
}

func viewer(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
