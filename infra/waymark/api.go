package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	apiTimeout    = 16 * time.Minute // a rollup that computes much answers late
	maxAnswerSize = 64 << 20
)

// api reads and operates one workspace over HTTP with its secret key.
type api struct{ url, key string }

// apiFlags adds --url and --key to a command's flags. Their defaults are the environment's WAYMARK_URL and WAYMARK_SECRET_KEY, else those of
// the system that `waymark dev` runs in this folder or one above.
func apiFlags(set *flag.FlagSet) *api {
	a := &api{url: os.Getenv("WAYMARK_URL"), key: os.Getenv("WAYMARK_SECRET_KEY")}
	if text, err := os.ReadFile(readyFile()); err == nil && a.url == "" {
		var ready struct {
			URL  string `json:"url"`
			Keys struct {
				Secret string `json:"secret"`
			} `json:"keys"`
		}
		_ = json.Unmarshal(text, &ready) // a file that is no JSON tells nothing
		a.url, a.key = ready.URL, cmp.Or(a.key, ready.Keys.Secret)
	}
	set.StringVar(&a.url, "url", a.url, "address of the system")
	set.StringVar(&a.key, "key", a.key, "secret key of the workspace, sk_…")
	return a
}

// do sends a request and reads its JSON answer into the value, unless that is nil. A nil body sends none, a json.RawMessage is sent as it is.
// Errors say what the system said.
func (a *api) do(ctx context.Context, method, path string, body, into any) error {
	switch {
	case a.url == "":
		return errors.New("no system is known: start one with `waymark dev`, set WAYMARK_URL or give --url")
	case a.key == "":
		return errors.New("no secret key is known: set WAYMARK_SECRET_KEY or give --key sk_…")
	}
	var content goio.Reader
	if text, isText := body.(json.RawMessage); isText {
		content = bytes.NewReader(text)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.url, "/")+path, content)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reach the system: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end below; nothing is lost
	text, err := goio.ReadAll(goio.LimitReader(response.Body, maxAnswerSize))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return refused(response.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// refused is what the system said about a request that it did not do.
func refused(status int, text []byte) error {
	var said struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		return fmt.Errorf("the system answered %d: %.200s", status, text)
	}
	return fmt.Errorf("%s (%s)", said.Message, said.Code)
}
