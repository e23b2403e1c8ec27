package front

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// answer is a function's reply in payload format 2.0.
type answer struct {
	status  int
	header  http.Header
	cookies []string
	body    []byte
}

// errMalformed marks a reply that API Gateway would not send on.
var errMalformed = errors.New("malformed reply")

// decodeAnswer reads a function's reply. A JSON object with statusCode is a full reply; any other JSON is the body of
// a 200, as the gateway infers.
func decodeAnswer(payload []byte) (answer, error) {
	if !json.Valid(payload) {
		return answer{}, fmt.Errorf("%w: not JSON", errMalformed)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || members["statusCode"] == nil {
		header := http.Header{"Content-Type": {"application/json"}}
		return answer{status: http.StatusOK, header: header, body: bytes.TrimSpace(payload)}, nil
	}
	var reply struct {
		StatusCode        int              `json:"statusCode"`
		Headers           map[string]any   `json:"headers"`
		MultiValueHeaders map[string][]any `json:"multiValueHeaders"`
		Cookies           []string         `json:"cookies"`
		Body              string           `json:"body"`
		IsBase64Encoded   bool             `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(payload, &reply); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	// 1xx is no final answer, and the server would refuse to write a number outside of 100 to 999.
	if reply.StatusCode < 200 || reply.StatusCode > 599 {
		return answer{}, fmt.Errorf("%w: status code %d", errMalformed, reply.StatusCode)
	}
	a := answer{status: reply.StatusCode, header: http.Header{}, cookies: reply.Cookies, body: []byte(reply.Body)}
	for name, value := range reply.Headers {
		a.header.Set(name, fmt.Sprint(value))
	}
	for name, values := range reply.MultiValueHeaders {
		a.header.Del(name)
		for _, value := range values {
			a.header.Add(name, fmt.Sprint(value))
		}
	}
	if reply.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(reply.Body)
		if err != nil {
			return answer{}, fmt.Errorf("%w: body is not base64: %w", errMalformed, err)
		}
		a.body = decoded
	}
	return a, nil
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	for _, cookie := range a.cookies {
		header.Add("Set-Cookie", cookie)
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/plain;charset=UTF-8") // the gateway's own default
	}
	header.Set("Content-Length", itoa(int64(len(a.body))))
	w.WriteHeader(a.status)
	w.Write(a.body)
}
