package query

import (
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// workspaceAnswer is what a key opens, with the sources that send into it.
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

func workspaceOf(w workspace.Workspace, now time.Time) workspaceAnswer {
	return workspaceAnswer{Name: w.Name, TimeZone: w.Zone, Currency: w.Currency, Model: w.Model, Sources: sourcesOf(w, now)}
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
