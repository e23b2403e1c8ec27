package query

import (
	"cmp"
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
	Orders   string         `json:"orders"` // whose word makes orders: any or server
	Latest   []string       `json:"latest"` // traits whose latest value holds, whoever sent it
	Sources  []sourceAnswer `json:"sources"`
}

// sourceAnswer is a source with a key that it sends with. A site's stands in every page, and is no secret to whoever reads; a server's is one, for
// whoever reads may not send what is believed.
type sourceAnswer struct {
	Source   string  `json:"source"`
	Kind     string  `json:"kind"`      // site or server
	WriteKey *string `json:"write_key"` // of a site
	KeyHash  *string `json:"key_hash"`  // of a server: as `waymark keys list` names it
	Identity string  `json:"identity"`  // open or signed: whether a site's events have to prove whom they name
	Expires  *string `json:"expires"`
}

func workspaceOf(w workspace.Workspace, now time.Time) workspaceAnswer {
	return workspaceAnswer{
		Name: w.Name, TimeZone: w.Zone, Currency: w.Currency, Model: w.Model, Orders: w.Orders.String(), Latest: append([]string{}, w.Latest...),
		Sources: sourcesOf(w, now),
	}
}

// sourcesOf lists the write keys that work.
func sourcesOf(w workspace.Workspace, now time.Time) []sourceAnswer {
	out := []sourceAnswer{}
	for _, k := range w.Keys {
		if k.Role != workspace.Write || !k.Valid(now) {
			continue
		}
		s := sourceAnswer{Source: k.Source, Kind: k.Kind.String(), Identity: cmp.Or(k.Said("identity"), "open")}
		if shown := k.Label(); k.IsPublic() {
			s.WriteKey = &shown
		} else {
			s.KeyHash = &shown
		}
		if k.Expires != event.Millis(0) {
			text := instant(k.Expires)
			s.Expires = &text
		}
		out = append(out, s)
	}
	return out
}
