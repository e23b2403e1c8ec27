package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// FuzzDecode reads any event that Lambda may hand over: the same event is always the same request, whichever way it
// is decoded, in the normal form that handlers rely on, and the body is what the flag says it is.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"rawPath":"//v1/track//","rawQueryString":"a=1&a=%zz;b","headers":{"Authorization":"x","authorization":"y","AUTHORIZATION":"z"},"body":"e30=","isBase64Encoded":true,"requestContext":{"requestId":"r","timeEpoch":-1,"http":{"method":"post","path":"/x"}}}`))
	f.Add([]byte(`{"queryStringParameters":{"a":"1,2"},"body":"H4sIAAAAAAAA/6uuBQBDv6ajAgAAAA==","isBase64Encoded":true}`))
	f.Add([]byte(`{"body":"\u001f\ufffd","pathParameters":{"id":"user:42"},"requestContext":{"timeEpoch":9223372036854775807}}`))
	f.Add([]byte(`{"routeKey":"GET /v1/profiles/{id}","rawPath":"/prod/v1/profiles//x/","pathParameters":{"id":"/x/"},"requestContext":{"stage":"prod"}}`))
	f.Add([]byte(`{"routeKey":"$default","rawPath":"/prod//v1","requestContext":{"stage":"prod"}}`))
	f.Add([]byte(`{"headers":null,"body":"%%%","isBase64Encoded":true}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var e events.APIGatewayV2HTTPRequest
		if json.Unmarshal(payload, &e) != nil {
			return // Lambda's runtime refuses it before we see it
		}
		got, err := httpapi.Decode(e)
		if again, errAgain := httpapi.Decode(e); !reflect.DeepEqual(got, again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("Decode of one event gives %+v, %v and then %+v, %v", got, err, again, errAgain)
		}
		if len(e.PathParameters) == 0 {
			e.PathParameters, got.Params = nil, nil
		}
		written, _ := json.Marshal(e) // as the gateway writes it
		if parsed, parseErr := httpapi.Parse(written); !reflect.DeepEqual(parsed, got) || !reflect.DeepEqual(parseErr, err) {
			t.Fatalf("Parse of %s gives %+v, %v, Decode %+v, %v", written, parsed, parseErr, got, err)
		}
		decoded, badBody := base64.StdEncoding.DecodeString(e.Body)
		switch {
		case e.IsBase64Encoded && badBody != nil:
			if fault.CodeOf(err) != "bad_base64" || fault.KindOf(err) != fault.Invalid {
				t.Errorf("Decode of a body that is no base64 = %v", err)
			}
		case err != nil:
			t.Errorf("Decode = %v, want none", err)
		case e.IsBase64Encoded && !bytes.Equal(got.Body, decoded), !e.IsBase64Encoded && string(got.Body) != e.Body:
			t.Errorf("Decode gives the body %q", got.Body)
		}
		if !strings.HasPrefix(got.Path, "/") || len(got.Path) > 1 && (strings.HasSuffix(got.Path, "/") || got.Path[1] == '/') || got.Method != strings.ToUpper(got.Method) {
			t.Errorf("Decode gives the path %q and the method %q", got.Path, got.Method)
		}
		for name := range got.Headers {
			if name != strings.ToLower(name) {
				t.Errorf("Decode gives the header %q", name)
			}
		}
		for name, value := range e.Headers { // of several spellings the gateway's own counts
			if lower := strings.ToLower(name); lower == name && got.Headers[name] != value {
				t.Errorf("Decode gives the header %s the value %q, want %q", name, got.Headers[name], value)
			}
		}
		if got.Query == nil || !got.Received.IsZero() && got.Received.Before(time.Unix(0, 0)) {
			t.Errorf("Decode gives the query %v, received %v", got.Query, got.Received)
		}
	})
}

// FuzzBasic: a user that was written into a header is read from it, in either alphabet, padded or not; net/http's own reader, where it takes a
// header, says the same; and nothing but a Basic header names a user.
func FuzzBasic(f *testing.F) {
	for _, header := range []string{"Basic d2tfZGVtbzo=", "basic d2tfZGVtbw", "BASIC  d2tfPz5-Og == ", "Bearer d2tfZGVtbzo=", "Basic", "Basic %%%", "Basic OjE=", "\xffBasic eDo=", "Basic\td2tfZGVtbzo="} {
		f.Add(header, "wk_demo", "")
	}
	f.Add("", "wk_é\x00", "pass:word")
	f.Fuzz(func(t *testing.T, header, user, password string) {
		read := func(header string) string {
			return httpapi.Request{Headers: map[string]string{"authorization": header}}.Basic()
		}
		user, _, _ = strings.Cut(user, ":")
		for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			for _, credentials := range []string{user + ":" + password, user} {
				if got := read("Basic " + alphabet.EncodeToString([]byte(credentials))); got != user {
					t.Errorf("Basic of %q = %q, want %q", credentials, got, user)
				}
			}
		}
		got := read(header)
		if scheme := strings.ToLower(strings.TrimSpace(header)); got != "" && !strings.HasPrefix(scheme, "basic ") {
			t.Errorf("Basic of the header %q = %q", header, got)
		}
		if want, _, ok := (&http.Request{Header: http.Header{"Authorization": {header}}}).BasicAuth(); ok && want != got {
			t.Errorf("Basic of the header %q = %q, net/http says %q", header, got, want)
		}
		bearer := httpapi.Request{Headers: map[string]string{"authorization": header}}.Bearer()
		if got != "" && bearer != "" {
			t.Errorf("the header %q is Basic %q and Bearer %q", header, got, bearer)
		}
	})
}

// FuzzTrigger hands any payload to a function that has schedules and a route: it runs a schedule only if the payload names one, answers a request
// only with a key, and nothing else without an error.
func FuzzTrigger(f *testing.F) {
	f.Add([]byte(`{"schedule":"daily","scheduled_time":"2026-11-22T02:00:00Z"}`))
	f.Add([]byte(`{"requestContext":{"http":{"method":"POST"}},"headers":{"authorization":"Bearer sk"},"body":"{}"}`))
	f.Add([]byte(`{"requestContext":{"http":{"method":"POST"}},"headers":{"authorization":"Bearer no"},"body":"%","isBase64Encoded":true}`))
	f.Add([]byte(`{"Schedule":"x","requestContext":[]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		fired, demanded, authorised := "", false, false
		trigger := httpapi.Trigger{
			Now: func() time.Time { return start },
			Authorise: func(_ context.Context, r httpapi.Request) (workspace.Key, error) {
				if authorised = r.Bearer() == "sk"; !authorised {
					return workspace.Key{}, fault.New(fault.Unauthorized, "missing_key", "send a key")
				}
				return workspace.Key{}, nil
			},
			Fired: func(_ context.Context, schedule string, _ time.Time) (any, error) {
				fired = schedule
				return schedule, nil
			},
			Demanded: func(context.Context, httpapi.Request, workspace.Key) (any, error) {
				demanded = true
				return url.Values{}, nil
			},
		}
		answer, err := trigger.Handle(t.Context(), payload)
		response, isResponse := answer.(events.APIGatewayV2HTTPResponse)
		switch {
		case err != nil && (fired != "" || demanded || fault.CodeOf(err) != "unknown_event"):
			t.Errorf("Handle(%q) = %v after it ran %q, %v", payload, err, fired, demanded)
		case err == nil && !isResponse && (fired == "" || answer != fired):
			t.Errorf("Handle(%q) = %v, ran %q", payload, answer, fired)
		case demanded != authorised || isResponse && demanded != (response.StatusCode == 200) || isResponse && response.StatusCode >= 500:
			t.Errorf("Handle(%q) = %+v, authorised %v, answered %v", payload, response, authorised, demanded)
		}
	})
}
