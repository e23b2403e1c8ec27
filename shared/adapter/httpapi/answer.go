package httpapi

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/fate"
	"waymark/shared/domain/fault"
)

// RetryAfterSeconds is what a client is told to wait when the system cannot take its request now.
const RetryAfterSeconds = 5

// Detail is what is wrong with one part of a request.
type Detail struct {
	Index  int    `json:"index"` // of the event in the request
	Field  string `json:"field,omitempty"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// DetailOf describes what is wrong with the event at an index.
func DetailOf(index int, err error) Detail {
	d := Detail{Index: index, Code: fault.CodeOf(err), Reason: genericMessage(fault.KindOf(err))}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Cause == nil {
		d.Field, d.Reason = f.Field, f.Message
	}
	return d
}

// ReasonOf is the sentence that a client is told of a fault, without what it quotes.
func ReasonOf(err error) string { return fate.WithoutQuotes(DetailOf(0, err).Reason) }

// detailed is an error whose answer has details.
type detailed struct {
	error
	details []Detail
}

func (d detailed) Unwrap() error { return d.error }

// WithDetails makes Error answer with details.
func WithDetails(err error, details []Detail) error { return detailed{err, details} }

// failure is the body of every answer that is not a success. Error repeats Message because some clients read that name.
type failure struct {
	Success   bool     `json:"success"`
	Code      string   `json:"code"`
	Message   string   `json:"message"`
	Error     string   `json:"error"`
	Details   []Detail `json:"details"`
	RequestID string   `json:"request_id"`
}

// Error answers a request that failed. The kind of fault gives the status; the cause of a fault, and everything of an error that is none,
// stays out of the answer.
func Error(err error, requestID string) events.APIGatewayV2HTTPResponse {
	kind := fault.KindOf(err)
	body := failure{Code: string(kind), Message: genericMessage(kind), Details: []Detail{}, RequestID: requestID}
	f, isFault := errors.AsType[*fault.Error](err)
	if isFault && isClients(kind) {
		body.Code = f.Code
		if f.Cause == nil {
			body.Message = f.Message
		}
		if f.Field != "" {
			body.Message = fmt.Sprintf("%s: %s", f.Field, body.Message)
		}
	}
	body.Error = body.Message
	if d, ok := errors.AsType[detailed](err); ok {
		body.Details = d.details
	}
	response := JSON(status(kind), body)
	switch kind {
	case fault.Exhausted:
		seconds := max(1, int(math.Ceil(f.After.Seconds())))
		return With(response, map[string]string{"retry-after": fmt.Sprint(seconds)})
	case fault.Unavailable:
		return With(response, map[string]string{"retry-after": fmt.Sprint(RetryAfterSeconds)})
	}
	return response
}

// WrongMethod answers a request with a method that its path does not have.
func WrongMethod(right, requestID string) events.APIGatewayV2HTTPResponse {
	response := Error(fault.Newf(fault.Invalid, "wrong_method", "this route takes %s", right), requestID)
	response.StatusCode = http.StatusMethodNotAllowed
	return With(response, map[string]string{"allow": right + ", OPTIONS"})
}

// isClients tells the faults that the client can do something about from those that only we can.
func isClients(kind fault.Kind) bool { return status(kind) < http.StatusInternalServerError }

func status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Exhausted:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func genericMessage(kind fault.Kind) string {
	switch kind {
	case fault.Invalid:
		return "the request is not well formed; see docs/api.md"
	case fault.Unauthorized:
		return "the key is not known"
	case fault.Forbidden:
		return "the key may not do this"
	case fault.NotFound:
		return "there is no such thing"
	case fault.Conflict:
		return "somebody else changed this at the same time; try again"
	case fault.Exhausted:
		return "that was too much at a time; send it again when Retry-After is over"
	case fault.Unavailable:
		return fmt.Sprintf("the system cannot take this request now; send it again after %d seconds", RetryAfterSeconds)
	}
	return "something went wrong on our side; send the request again, and if it fails again tell us its request_id"
}

// OK is the answer to every collected event. It is never empty, never 204 and never a redirect: some clients send for ever on those.
func OK() events.APIGatewayV2HTTPResponse {
	return JSON(http.StatusOK, map[string]bool{"success": true})
}

// JSON answers a value. One that cannot be written as JSON is a defect of ours and answered as such.
func JSON(status int, v any) events.APIGatewayV2HTTPResponse {
	body, err := json.Marshal(v)
	if err != nil {
		return Error(fmt.Errorf("write answer: %w", err), "")
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status, Body: string(body),
		Headers: map[string]string{
			"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff",
		},
	}
}

// File answers bytes for saving. The name is ours, never the client's; characters that could end the header value are dropped.
func File(contentType, name string, body []byte) events.APIGatewayV2HTTPResponse {
	safe := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"\;`, r) {
			return -1
		}
		return r
	}, name)
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK, Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true,
		Headers: map[string]string{
			"content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff",
			"content-disposition": `attachment; filename="` + cmp.Or(safe, "download") + `"`,
		},
	}
}

// SeeOther sends a reader on to an address that we made. Collection never answers so.
func SeeOther(address string) events.APIGatewayV2HTTPResponse {
	return With(JSON(http.StatusSeeOther, map[string]string{"location": address}), map[string]string{"location": address})
}

// pixel is a GIF of one transparent point, 43 bytes.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// GIF answers the pixel, which no one may keep: each showing is an event.
func GIF() events.APIGatewayV2HTTPResponse {
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK, Body: base64.StdEncoding.EncodeToString([]byte(pixel)), IsBase64Encoded: true,
		Headers: map[string]string{
			"content-type": "image/gif", "cache-control": "no-store", "x-content-type-options": "nosniff",
		},
	}
}
