package collect

import (
	"encoding/json"
	"strings"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
)

// ofVisitor lets what a request says of the visitor stand in for what its events do not name: the User-Agent, and the country in which it was sent. It
// goes into what lies under each event's own context, so an event's own word is the last.
func (h *Handler) ofVisitor(r httpapi.Request, context json.RawMessage) json.RawMessage {
	context = supplied(context, "userAgent", r.Headers["user-agent"])
	return supplied(context, event.VisitorCountry, h.countryOf(r))
}

// countryOf is the country that CloudFront says the viewer is in, else that of the address in the database, if there is one; "" when neither knows. The
// address goes nowhere else.
func (h *Handler) countryOf(r httpapi.Request) string {
	if code := r.Headers["cloudfront-viewer-country"]; isCountry(code) {
		return code
	}
	if h.Countries == nil {
		return ""
	}
	return h.Countries.Of(r.SourceIP)
}

// isCountry says whether a header's word can be a country. XX stands for unknown, T1 for Tor.
func isCountry(code string) bool {
	return len(code) == 2 && code != "XX" && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// supplied adds a member to a context that does not have it.
func supplied(context json.RawMessage, name, value string) json.RawMessage {
	members := map[string]json.RawMessage{}
	if len(context) > 0 {
		if err := json.Unmarshal(context, &members); err != nil {
			return context // no object, which process passes over
		}
	}
	if _, said := members[name]; said || value == "" {
		return context
	}
	members[name] = write(strings.ToValidUTF8(value[:min(len(value), event.MaxNameBytes)], ""))
	return write(members)
}
