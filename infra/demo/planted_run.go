package demo

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

// RunPlanted sends the planted workspace through the front door, asks for each truth, and says whether all were found. An error means that it could
// not be done, not that a truth was not found.
func RunPlanted(ctx context.Context, c Config) (found bool, err error) {
	started := c.Now()
	if c.Pause == nil {
		c.Pause = Pause
	}
	server, secret, err := c.CreateWorkspace(ctx, plantedWorkspace, "UTC", "EUR", "default")
	if err != nil {
		return false, fmt.Errorf("create workspace %s: %w", plantedWorkspace, err)
	}
	p := makePlanted()
	if err := c.send(ctx, server, p); err != nil {
		return false, err
	}
	a := newAPI(c, secret)
	if err := a.drain(ctx, c.Out); err != nil {
		return false, err
	}
	if _, err := a.RollUp(ctx, "", nil); err != nil {
		return false, err
	}
	for kind, text := range p.documents() {
		if err := a.Do(ctx, http.MethodPut, "/v1/definitions/"+kind, json.RawMessage(text), nil); err != nil {
			return false, fmt.Errorf("settle %s: %w", kind, err)
		}
	}
	n, all, err := lookFor(ctx, p, a.Do, c.Out)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(c.Out, "\n%s in %.0f s: %d of %d truths found\n", c.System.URL, c.Now().Sub(started).Seconds(), n, all)
	fmt.Fprintf(c.Out, "Ask on: waymark analyse map --from %s --to %s --key %s\n", plantedBegin.Format(time.DateOnly), plantedEnd().Format(time.DateOnly), secret)
	return n == all, nil
}

// lookFor asks for each truth and prints what came out, in 80 columns.
func lookFor(ctx context.Context, p *planted, ask asking, out io.Writer) (found, all int, failed error) {
	fmt.Fprintf(out, "%d events of %d persons in %d days; what was planted, the question, and what it shows\n", len(p.events), p.persons, plantedDays)
	for _, t := range truths() {
		isFound, numbers, err := t.find(truthOf{ctx, ask, p, t.question})
		if err != nil {
			err = fmt.Errorf("look for %q: %w", t.name, err)
			failed = errors.Join(failed, err)
			numbers = err.Error()
		}
		verdict := "NOT FOUND"
		if all++; isFound && err == nil {
			verdict = "found"
			found++
		}
		fmt.Fprintf(out, "\n%-9s  %s\n%s%s", verdict, t.name, folded("GET "+t.question, "&?"), folded(numbers, " "))
	}
	return found, all, failed
}

// folded breaks a text into lines of 80 columns behind an indent, after one of some characters.
func folded(text, after string) string {
	const indent, width = "           ", 69
	var out strings.Builder
	for text != "" {
		at := len(text)
		if at > width {
			if at = strings.LastIndexAny(text[:width], after) + 1; at == 0 {
				at = width
			}
		}
		out.WriteString(strings.TrimRight(indent+text[:at], " ") + "\n")
		text = text[at:]
	}
	return out.String()
}

// documents are what the workspace settles.
func (p *planted) documents() map[string]string {
	var experiments []string
	for n, id := range plantedExperiments {
		experiments = append(experiments, fmt.Sprintf(
			`{"id":%q,"variants":[{"id":"control","weight":50},{"id":%q,"weight":50}],"from":%q,"to":%q,"window":"60d","metric":{"event":"Order Completed"}}`,
			id, map[bool]string{true: "green", false: "other"}[n == 0], plantedBegin.Format(time.DateOnly), plantedEnd().Format(time.DateOnly)))
	}
	objective := func(name string, target int) string {
		return fmt.Sprintf(`{"name":%q,"metric":"orders","target":%d,"direction":"at_least","from":%q,"to":%q,"owner":"demo"}`,
			name, target, plantedBegin.Format(time.DateOnly), plantedEnd().Format(time.DateOnly))
	}
	return map[string]string{
		"experiments": `{"experiments":[` + strings.Join(experiments, ",") + `]}`,
		"objectives":  `{"objectives":[` + objective("orders-sold", p.orders) + "," + objective("one-more", p.orders+1) + `]}`,
	}
}

// batchEvents is how many events one request carries.
const batchEvents = 500

// batches are the bodies of requests with all events.
func (p *planted) batches() [][]byte {
	var out [][]byte
	for from := 0; from < len(p.events); from += batchEvents {
		var body bytes.Buffer
		body.WriteString(`{"batch":[`)
		for i, e := range p.events[from:min(from+batchEvents, len(p.events))] {
			if i > 0 {
				body.WriteByte(',')
			}
			body.Write(e.json)
		}
		body.WriteString(`]}`)
		out = append(out, body.Bytes())
	}
	return out
}

// sendTries is how often a request is made that may succeed later.
const sendTries = 8

// send posts all events as any server does. A second run sends the same message ids, which change nothing.
func (c Config) send(ctx context.Context, key string, p *planted) error {
	for n, body := range p.batches() {
		for try := 1; ; try++ {
			status, text, err := c.post(ctx, key, body)
			if err == nil && status == http.StatusOK {
				break
			}
			isFinal := err == nil && status/100 == 4 && status != http.StatusTooManyRequests
			if isFinal || try == sendTries {
				return fmt.Errorf("send batch %d: status %d %.200s (%v)", n+1, status, text, err)
			}
			if err := c.Pause(ctx, time.Duration(try)*time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c Config) post(ctx context.Context, key string, body []byte) (status int, text []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.System.URL, "/")+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.SetBasicAuth(key, "")
	request.Header.Set("Content-Type", "application/json")
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below; nothing is lost
	text, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, text, err
}
