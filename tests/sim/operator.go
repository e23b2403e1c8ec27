package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/export"
	"waymark/functions/query"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/report"
)

// unlinking is one order of an operator to part identifiers, sent until it is answered.
type unlinking struct {
	key     string
	body    string
	waiting bool
	done    bool
}

// orderUnlink has an operator part some identifiers, or take that back. Which link is meant is always said: an order that leaves it open means
// the next link when it is sent again.
func (w *World) orderUnlink() {
	body := fmt.Sprintf(`"id":"anon:a%d","from":"user:u%d"`, w.IntN(4), w.IntN(3))
	switch w.IntN(4) {
	case 1:
		body = fmt.Sprintf(`"id":"user:u%d","from":"user:u%d"`, w.IntN(3), w.IntN(3))
	case 2:
		body = fmt.Sprintf(`"id":"email:e%d@x.example","from":"user:u%d"`, w.IntN(3), w.IntN(3))
	case 3:
		body = fmt.Sprintf(`"id":"user:u%d","all":true`, w.IntN(3))
	}
	if w.oneIn(4) {
		body += `,"undo":true`
	}
	u := &unlinking{key: pick(w.chance, "sk_shop", "sk_shop", "sk_till"), body: "{" + body + "}"}
	w.operators = append(w.operators, u)
	w.unlink(u)
}

// unlink sends the order once. Any answer but one of a system that is down ends it.
func (w *World) unlink(u *unlinking) {
	if u.waiting || u.done {
		return
	}
	u.waiting = true
	e := events.APIGatewayV2HTTPRequest{
		RawPath: "/v1/identities/unlink", Headers: map[string]string{"authorization": "Bearer " + u.key}, Body: u.body,
	}
	e.RequestContext.RequestID, e.RequestContext.HTTP.Method = "o"+w.newID(), http.MethodPost
	var answer events.APIGatewayV2HTTPResponse
	w.start("unlink "+u.body, 29*time.Second, func(ctx context.Context, run *invocation) {
		ports := w.ports(run)
		h := query.New(query.Config{
			Keys: ports, Workspaces: ports, Store: ports, Links: ports, Recorder: new(w.recorder(ports)), Rules: w.newest().of, Version: version, Now: w.clock, Caps: w.caps,
		})
		answer, _ = h.Handle(ctx, e) // never an error
	}, func(run *invocation) {
		u.waiting = false
		u.done = run.answered && answer.StatusCode < http.StatusInternalServerError
		w.note("    the operator hears %d", answer.StatusCode)
	})
}

// insistOnCuts sends orders again that were not answered; false when there are none.
func (w *World) insistOnCuts() bool {
	open := false
	for _, u := range w.operators {
		if !u.done {
			w.unlink(u)
			open = true
		}
	}
	return open
}

var schedules = [...]string{"export-daily", "export-weekly", "export-monthly"}

// export fires a schedule of exports; "" asks for the export of the newest day instead.
func (w *World) export(schedule string) {
	event := json.RawMessage(`{"schedule":"` + schedule + `"}`)
	if schedule == "" {
		event = json.RawMessage(`{"rawPath":"/v1/exports","headers":{"authorization":"Bearer sk_shop"},"requestContext":{"http":{"method":"POST"}}}`)
	}
	w.start(cmp.Or(schedule, "export on demand"), 15*time.Minute, func(ctx context.Context, run *invocation) {
		ports := w.ports(run)
		h := export.New(export.Config{
			Workspaces: ports, Windows: ports, Restated: ports, Claims: ports, Bucket: files{w, run}, CSV: export.WriteCSV,
			Definitions: w.newest().definitions, Reader: httpapi.NewKeyring(ports, w.clock).Reader, Now: w.clock,
		})
		_, _ = h.Handle(ctx, event) // what failed, the next firing makes
	}, func(*invocation) {})
}

// files is the bucket of exports of one invocation.
type files struct {
	*World
	run *invocation
}

// Put holds exports to their promise that what is there is never another thing.
func (f files) Put(ctx context.Context, key, contentType string, body []byte) error {
	return f.call(f.run, "put file", func() error {
		before, err := f.exports.Get(ctx, key)
		if err == nil && string(before) != string(body) && !isOfNoRows(before, body) {
			f.blame("the export " + key + " became another")
		}
		return f.exports.Put(ctx, key, contentType, body)
	})
}

// isOfNoRows says whether both are manifests of an export without a row. Its file is the same in every zone and under
// every model, so whoever completes another's claim after these were changed says the later ones.
func isOfNoRows(manifests ...[]byte) bool {
	for _, text := range manifests {
		var m report.Manifest
		if err := json.Unmarshal(text, &m); err != nil || m.Name == "" || m.Rows > 0 {
			return false
		}
	}
	return true
}

func (f files) Get(ctx context.Context, key string) (body []byte, err error) {
	err = f.call(f.run, "get file", func() error { body, err = f.exports.Get(ctx, key); return err })
	return body, err
}

func (f files) List(ctx context.Context, prefix string) (keys []string, err error) {
	err = f.call(f.run, "list files", func() error { keys, err = f.exports.List(ctx, prefix); return err })
	return keys, err
}
