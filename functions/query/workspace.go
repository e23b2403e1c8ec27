package query

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

type workspaceAnswer struct {
	Name     string         `json:"name"`
	TimeZone string         `json:"time_zone"`
	Currency string         `json:"currency"`
	Model    string         `json:"model"`
	Sources  []sourceAnswer `json:"sources"`
}

// sourceAnswer is a source with the key that it sends with. That stands in every page, and is no secret to whoever holds the secret key.
type sourceAnswer struct {
	Source   string  `json:"source"`
	WriteKey string  `json:"write_key"`
	Expires  *string `json:"expires"`
}

// workspaceOf answers GET /v1/workspace: what the key opens, and what its sources send with.
func (h *Handler) workspaceOf(_ context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	w := q.workspace
	answer := workspaceAnswer{Name: w.Name, TimeZone: w.Zone, Currency: w.Currency, Model: w.Model, Sources: sourcesOf(w, h.Now())}
	return httpapi.JSON(http.StatusOK, answer), nil
}

// sourcesOf lists the write keys that work.
func sourcesOf(w workspace.Workspace, now time.Time) []sourceAnswer {
	out := []sourceAnswer{}
	for _, k := range w.Keys {
		if k.Role != workspace.Write || !k.Valid(now) {
			continue
		}
		s := sourceAnswer{Source: k.Source, WriteKey: k.Text}
		if k.Expires != event.Millis(0) {
			text := instant(k.Expires)
			s.Expires = &text
		}
		out = append(out, s)
	}
	return out
}
