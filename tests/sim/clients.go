package sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// request is what one client has to send, and sends until it is told that it was taken.
type request struct {
	key      string
	events   []string
	strict   bool // one bad event refuses all of it
	attempts int
	waiting  bool // for an answer
	acked    bool
}

// acknowledgement is what a client was promised.
type acknowledgement struct {
	request string
	events  int
}

// send sends a request once: one that was never answered well, or, as impatient clients do, one that was.
func (w *World) send() {
	if len(w.clients) == 0 {
		return
	}
	w.transmit(w.clients[w.IntN(len(w.clients))])
}

// transmit is one attempt. A retry says another time of sending and has another id, as with the SDKs.
func (w *World) transmit(r *request) {
	if r.waiting {
		return
	}
	r.waiting = true
	r.attempts++
	sent := w.now
	if w.oneIn(4) {
		sent = sent.Add(time.Duration(w.IntN(80)-40) * time.Minute) // a wrong clock
	}
	id := "r" + w.newID()
	e := events.APIGatewayV2HTTPRequest{
		RawPath: "/v1/batch",
		Headers: map[string]string{"authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(r.key+":"))},
		Body:    fmt.Sprintf(`{"sentAt":%q,"batch":[%s]}`, sent.Format(time.RFC3339Nano), strings.Join(r.events, ",")),
	}
	e.RequestContext.RequestID, e.RequestContext.TimeEpoch = id, w.now.UnixMilli()
	e.RequestContext.HTTP.Method = http.MethodPost
	if r.strict {
		e.RawQueryString = "strict=1"
	}
	var answer events.APIGatewayV2HTTPResponse
	w.start("collect "+id, 10*time.Second, func(ctx context.Context, run *invocation) {
		answer = w.collect(ctx, run, e)
	}, func(run *invocation) {
		r.waiting = false
		if run.answered && answer.StatusCode == http.StatusOK {
			r.acked = true
			w.promised = append(w.promised, acknowledgement{id, len(r.events)})
		}
		if run.answered && answer.StatusCode == http.StatusBadRequest {
			r.acked = true // it is refused, and not sent again
		}
		w.note("    client of %s hears %d", id, answer.StatusCode)
	})
}

// repeat sends everything once more, long after it was taken.
func (w *World) repeat() {
	for _, r := range w.clients {
		w.transmit(r)
	}
}

// insist sends what was not taken yet; false when there is nothing.
func (w *World) insist() bool {
	open := false
	for _, r := range w.clients {
		if !r.acked {
			w.transmit(r)
			open = true
		}
	}
	return open
}

// checkPromises looks for everything that a client was promised: on the queue, among the dead letters, in the record of a batch, in the
// archive or among the failed events. What is missing is lost.
func (w *World) checkPromises() string {
	kept := map[copyOf]bool{}
	for _, m := range w.queue.messages {
		if !m.deleted {
			w.keep(kept, m)
		}
	}
	for c := range w.archived {
		kept[c] = true
	}
	for _, t := range w.tenants {
		batches, _, err := w.table.Batches(background, t.Namespace(), "", 1<<30)
		if err != nil {
			return err.Error()
		}
		for _, b := range batches {
			for _, r := range b.Events {
				kept[copyOf{r.Request, r.Index}] = true
			}
		}
	}
	for c := range w.rejected {
		kept[c] = true
	}
	for _, p := range w.promised {
		for i := range p.events {
			if !kept[copyOf{p.request, i}] {
				return fmt.Sprintf("event %d of request %s was acknowledged and is lost", i, p.request)
			}
		}
	}
	return ""
}

func (w *World) keep(kept map[copyOf]bool, m *message) {
	var envelope struct {
		Request string            `json:"request"`
		First   int               `json:"first"`
		At      []int             `json:"at"`
		Events  []json.RawMessage `json:"events"`
		Parsed  []struct {
			Index int `json:"index"`
		} `json:"parsed"`
	}
	if err := json.Unmarshal([]byte(m.body), &envelope); err != nil {
		panic("sim: what is on the queue is JSON: " + err.Error())
	}
	for i := range envelope.Events {
		index := envelope.First + i
		if envelope.At != nil {
			index = envelope.At[i]
		}
		kept[copyOf{envelope.Request, index}] = true
	}
	for _, one := range envelope.Parsed {
		kept[copyOf{envelope.Request, one.Index}] = true
	}
}
