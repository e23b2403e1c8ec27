// Package client reads and operates one workspace of a running system over HTTP, with its secret key: any request, rollups and exports until they
// are done. The command line and the demo use it. It sends no events (package importer does) and prints nothing.
//
//	c := &client.Client{URL: "http://127.0.0.1:3000", Key: "sk_demo", Sleep: sleep}
//	done, err := c.RollUp(ctx, "", nil)
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	timeout       = 2 * time.Minute // of one request; API Gateway gives up after 30 s
	maxAnswerSize = 64 << 20
	pauseBetween  = 5 * time.Second // before a request that went wrong is made again
)

// Client is a workspace of a system.
type Client struct {
	URL, Key string
	Hint     string       // follows the error of a request that nobody answered; "" for none
	HTTP     *http.Client // nil for one of its own
	Sleep    func(ctx context.Context, d time.Duration) error
}

// Refusal is what the system answered in the place of what was asked for.
type Refusal struct {
	Status  int
	Code    string // "" when the answer is not the system's own
	Message string
}

// Error is the system's message with its code.
func (r *Refusal) Error() string {
	if r.Code == "" {
		return fmt.Sprintf("the system answered %d: %.200s", r.Status, r.Message)
	}
	return fmt.Sprintf("%s (%s)", r.Message, r.Code)
}

// IsFinal says that the same request will be refused again: it is wrong, and not the moment.
func (r *Refusal) IsFinal() bool {
	return r.Status/100 == 4 && r.Status != http.StatusConflict && r.Status != http.StatusTooManyRequests && r.Status != http.StatusRequestTimeout
}

// Do sends a request and reads its JSON answer into the value, unless that is nil. A nil body sends none; a json.RawMessage is sent, and read, as
// it is. Errors: *Refusal for a status that is neither 200 nor 202.
func (c *Client) Do(ctx context.Context, method, path string, body, into any) error {
	text, err := c.Bytes(ctx, method, path, body)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("decode answer of %s %s: %w", method, path, err)
	}
	return nil
}

// Bytes is Do for an answer of any kind, of at most 64 MiB.
func (c *Client) Bytes(ctx context.Context, method, path string, body any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }() // read to its end below; nothing is lost
	text, err := io.ReadAll(io.LimitReader(answer, maxAnswerSize))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s %s: %w", method, path, err)
	}
	return text, nil
}

// send gives the body of an answer that is no refusal.
func (c *Client) send(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	switch {
	case c.URL == "":
		return nil, errors.New("no system is known: start one with `waymark dev`, set WAYMARK_URL or give --url")
	case c.Key == "":
		return nil, errors.New("no secret key is known: set WAYMARK_SECRET_KEY or give --key sk_…")
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.browser().Do(request)
	if err != nil {
		return nil, fmt.Errorf("reach the system: %w%s", err, c.Hint)
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusAccepted {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }() // what it said is read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerSize))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s %s: %w", method, path, err)
	}
	return nil, refusal(response.StatusCode, text)
}

// browser follows an answer that points to a large file. The address is signed, and the key stays here.
func (c *Client) browser() *http.Client {
	own := http.Client{}
	if c.HTTP != nil {
		own = *c.HTTP
	}
	own.CheckRedirect = func(r *http.Request, before []*http.Request) error {
		r.Header.Del("Authorization")
		if len(before) > 2 {
			return errors.New("the system answers with one address after the other")
		}
		return nil
	}
	return &own
}

func refusal(status int, text []byte) *Refusal {
	var said struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &said) != nil || said.Message == "" || said.Code == "" {
		return &Refusal{Status: status, Message: string(text)}
	}
	return &Refusal{status, said.Code, said.Message}
}

// maxUnheard is how many requests may fail one after the other before a wait is given up.
const maxUnheard = 5

// insist makes a request until it is answered. It gives up when the answer is final, or nothing is heard for several requests.
func (c *Client) insist(ctx context.Context, method, path string, body, into any) error {
	for unheard := 1; ; unheard++ {
		err := c.Do(ctx, method, path, body, into)
		if refused, is := errors.AsType[*Refusal](err); err == nil || ctx.Err() != nil || is && refused.IsFinal() || unheard == maxUnheard {
			return err
		}
		if err := c.Sleep(ctx, pauseBetween); err != nil {
			return err
		}
	}
}
