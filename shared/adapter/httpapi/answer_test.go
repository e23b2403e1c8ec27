package httpapi_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
)

var jsonHeaders = map[string]string{"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}

func checkAnswer(t *testing.T, got, want events.APIGatewayV2HTTPResponse) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("answer\n%+v\nwant\n%+v", got, want)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	checkAnswer(t, httpapi.OK(), events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: jsonHeaders, Body: `{"success":true}`})
	checkAnswer(t, httpapi.JSON(201, map[string]string{"a": "<b>"}), events.APIGatewayV2HTTPResponse{
		StatusCode: 201, Headers: jsonHeaders, Body: `{"a":"\u003cb\u003e"}`,
	})
	if got := httpapi.JSON(200, func() {}); got.StatusCode != 500 {
		t.Errorf("what is no JSON is answered %d, want 500", got.StatusCode)
	}
	csv := httpapi.File("text/csv; charset=utf-8", "a\"b\r\nx; ünï.csv", []byte("\ufeffa"))
	checkAnswer(t, csv, events.APIGatewayV2HTTPResponse{
		StatusCode: 200, Body: base64.StdEncoding.EncodeToString([]byte("\ufeffa")), IsBase64Encoded: true,
		Headers: map[string]string{
			"content-type": "text/csv; charset=utf-8", "content-disposition": `attachment; filename="abxn.csv"`,
			"cache-control": "no-store", "x-content-type-options": "nosniff",
		},
	})
	if got := httpapi.File("x", "\r\n", nil).Headers["content-disposition"]; got != `attachment; filename="download"` {
		t.Errorf("a file without a name is called %s", got)
	}
	before := httpapi.OK()
	httpapi.With(before, map[string]string{"x": "y"})
	checkAnswer(t, before, httpapi.OK()) // With changes a copy
}

func TestGIF(t *testing.T) {
	t.Parallel()
	got := httpapi.GIF()
	image, err := base64.StdEncoding.DecodeString(got.Body)
	if err != nil || len(image) != 43 || got.Headers["cache-control"] != "no-store" {
		t.Errorf("GIF is %d bytes, %v, %v, want 43 that no one keeps", len(image), err, got.Headers)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.1: refused, user jo@shop.example")
	const ours = "something went wrong on our side; send the request again, and if it fails again tell us its request_id"
	const busy = "the system cannot take this request now; send it again after 5 seconds"
	cases := []struct {
		err           error
		status        int
		code, message string
	}{
		{fault.New(fault.Invalid, "bad_batch", "no list"), 400, "bad_batch", "no list"},
		{fault.New(fault.Invalid, "bad_batch", "no list").At("batch"), 400, "bad_batch", "batch: no list"},
		{fmt.Errorf("read request: %w", fault.New(fault.Invalid, "bad_time", "no time")), 400, "bad_time", "no time"},
		{fault.New(fault.Unauthorized, "unknown_key", "not known"), 401, "unknown_key", "not known"},
		{fault.New(fault.Forbidden, "write_key", "may not"), 403, "write_key", "may not"},
		{fault.New(fault.NotFound, "no_person", "nobody"), 404, "no_person", "nobody"},
		{fault.New(fault.Conflict, "busy", "again"), 409, "busy", "again"},
		{fault.Wrap(fault.NotFound, "no_such_object", secret), 404, "no_such_object", "there is no such thing"},
		{fault.Wrap(fault.Invalid, "bad", secret), 400, "bad", "the request is not well formed; see docs/api.md"},
		{fault.Wrap(fault.Unavailable, "throttled", secret), 503, "unavailable", busy},
		{fault.New(fault.Unavailable, "throttled", secret.Error()), 503, "unavailable", busy},
		{fault.New(fault.Internal, "defect", secret.Error()), 500, "internal", ours},
		{secret, 500, "internal", ours},
	}
	for _, c := range cases {
		headers := jsonHeaders
		if c.status == 503 {
			headers = map[string]string{
				"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff", "retry-after": "5",
			}
		}
		checkAnswer(t, httpapi.Error(c.err, "r-1"), events.APIGatewayV2HTTPResponse{
			StatusCode: c.status, Headers: headers,
			Body: fmt.Sprintf(`{"success":false,"code":%q,"message":%q,"error":%q,"details":[],"request_id":"r-1"}`, c.code, c.message, c.message),
		})
	}
}

func TestErrorWithDetails(t *testing.T) {
	t.Parallel()
	details := []httpapi.Detail{
		httpapi.DetailOf(3, fault.New(fault.Invalid, "bad_time", "no time").At("timestamp")),
		httpapi.DetailOf(4, errors.New("secret")),
	}
	err := fmt.Errorf("check: %w", httpapi.WithDetails(fault.New(fault.Invalid, "rejected_events", "two are bad"), details))
	want := `{"success":false,"code":"rejected_events","message":"two are bad","error":"two are bad","details":[` +
		`{"index":3,"field":"timestamp","code":"bad_time","reason":"no time"},` +
		`{"index":4,"code":"internal","reason":"something went wrong on our side; send the request again, and if it fails again tell us its request_id"}],` +
		`"request_id":"r-2"}`
	if got := httpapi.Error(err, "r-2"); got.StatusCode != 400 || got.Body != want {
		t.Errorf("answered %d %s, want 400 %s", got.StatusCode, got.Body, want)
	}
}
