package bucket_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waymark/shared/adapter/bucket"
	"waymark/shared/domain/fault"
)

// What a bucket keeps is tested by the conformance suite; here stands what only a service that misbehaves can show.

func environment(endpoint string) func(string) string {
	values := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_ENDPOINT_URL_S3": endpoint,
	}
	return func(name string) string { return values[name] }
}

func TestPresignGet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint, host, path string
	}{
		{"", "exports.s3.eu-central-1.amazonaws.com", "/demo/kpis%202026.csv"},
		{"https://s3.eu-central-1.amazonaws.com", "exports.s3.eu-central-1.amazonaws.com", "/demo/kpis%202026.csv"},
		{"http://127.0.0.1:9000", "127.0.0.1:9000", "/exports/demo/kpis%202026.csv"},
		{"http://storage.internal:9000", "storage.internal:9000", "/exports/demo/kpis%202026.csv"},
	} {
		exports := bucket.New(bucket.NewClient(environment(c.endpoint)), "exports")
		address, err := exports.PresignGet(t.Context(), "demo/kpis 2026.csv", "KPIs \"ü\"\r\n.csv", 15*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		got, err := url.Parse(address)
		if err != nil || got.Host != c.host || got.EscapedPath() != c.path {
			t.Errorf("PresignGet at %q: host %s, path %s, %v, want %s and %s", c.endpoint, got.Host, got.EscapedPath(), err, c.host, c.path)
		}
		query := got.Query()
		if query.Get("X-Amz-Expires") != "900" || query.Get("X-Amz-Security-Token") != "c" || query.Get("X-Amz-Signature") == "" {
			t.Errorf("PresignGet: got %v, want 900 seconds, the session token and a signature", query)
		}
		disposition := query.Get("response-content-disposition")
		if want := "attachment; filename*=utf-8''KPIs%20%22%C3%BC%22%0D%0A.csv"; disposition != want {
			t.Errorf("PresignGet: disposition %q, want %q", disposition, want)
		}
	}
}

// answers is S3 as far as a test needs it.
type answers func() (*http.Response, error)

func (a answers) Do(*http.Request) (*http.Response, error) { return a() }

func status(code int, body string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func TestErrorsHaveKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func() (*http.Response, error)
		kind   fault.Kind
		calls  int
	}{
		{"no such key", status(404, `<Error><Code>NoSuchKey</Code></Error>`), fault.NotFound, 1},
		{"no such bucket", status(404, `<Error><Code>NoSuchBucket</Code></Error>`), fault.Internal, 1},
		{"not allowed", status(403, `<Error><Code>AccessDenied</Code></Error>`), fault.Internal, 1},
		{"slow down", status(503, `<Error><Code>SlowDown</Code></Error>`), fault.Unavailable, 3},
		{"its own fault", status(500, `<Error><Code>InternalError</Code></Error>`), fault.Unavailable, 3},
		{"no connection", func() (*http.Response, error) { return nil, errors.New("connection reset by peer") }, fault.Unavailable, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				options := bucket.NewClient(environment("")).Options()
				options.HTTPClient = answers(func() (*http.Response, error) {
					calls++
					return c.answer()
				})
				_, err := bucket.New(s3.New(options), "exports").Get(t.Context(), "key")
				if fault.KindOf(err) != c.kind || calls != c.calls {
					t.Errorf("Get: %v (kind %q) after %d calls, want kind %q after %d", err, fault.KindOf(err), calls, c.kind, c.calls)
				}
			})
		})
	}
}
