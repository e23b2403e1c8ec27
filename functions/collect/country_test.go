package collect_test

import (
	"fmt"
	"strings"
	"testing"
)

// byAddress is a database of countries.
type byAddress map[string]string

func (b byAddress) Of(address string) string { return b[address] }

// A visitor's country is what the event says, else what CloudFront says, else what the database says of the address; of a server nobody asks. The
// address is in nothing that is queued.
func TestCountryOfTheVisitor(t *testing.T) {
	t.Parallel()
	const one, batch = `{"type":"page","anonymousId":"a1"%}`, `{"batch":[{"type":"page","anonymousId":"a1"%}]}`
	const origin = "https://shop.example"
	for _, c := range []struct{ name, path, body, says, origin, header, known, want string }{
		{"beacon", "/v1/beacon", one, "", "", "FR", "192.0.2.7", "FR"},
		{"a page's batch", "/v1/batch", batch, "", origin, "FR", "192.0.2.7", "FR"},
		{"a page's short form", "/v1/p", one, "", origin, "FR", "192.0.2.7", "FR"},
		{"a file's page", "/v1/p", one, "", "null", "FR", "192.0.2.7", "FR"},
		{"a server", "/v1/batch", batch, "", "", "FR", "192.0.2.7", ""},
		{"the event's own", "/v1/batch", batch, `,"context":{"location":{"country":"Norway"}}`, origin, "FR", "192.0.2.7", "Norway"},
		{"the event's own property", "/v1/batch", batch, `,"properties":{"country":"NO"}`, origin, "FR", "192.0.2.7", "NO"},
		{"another place", "/v1/batch", batch, `,"context":{"location":{"city":"Oslo"}}`, origin, "FR", "192.0.2.7", "FR"},
		{"unknown to CloudFront", "/v1/beacon", one, "", "", "XX", "192.0.2.7", "DE"},
		{"Tor", "/v1/beacon", one, "", "", "T1", "192.0.2.7", "DE"},
		{"no code", "/v1/beacon", one, "", "", "France", "192.0.2.7", "DE"},
		{"small letters", "/v1/beacon", one, "", "", "fr", "192.0.2.7", "DE"},
		{"no header", "/v1/beacon", one, "", "", "", "192.0.2.7", "DE"},
		{"an address that nobody knows", "/v1/beacon", one, "", "", "", "192.0.2.8", ""}, // it is another
	} {
		s := newSystem()
		s.handler.Countries = byAddress{c.known: "DE"}
		r := post(c.path, strings.ReplaceAll(c.body, "%", c.says))
		for name, value := range map[string]string{"Origin": c.origin, "CloudFront-Viewer-Country": c.header} {
			if value != "" {
				r.Headers[name] = value
			}
		}
		s.send(t, r)
		if len(s.queue.sent) != 1 {
			t.Errorf("%s: %d envelopes are queued, want 1", c.name, len(s.queue.sent))
			continue
		}
		accepted, rejected := s.queue.sent[0].Open()
		if len(accepted) != 1 || accepted[0].Country != c.want {
			t.Errorf("%s: queued is %+v %v, want one event of the country %q", c.name, accepted, rejected, c.want)
		}
		if text := fmt.Sprintf("%+v", s.queue.sent[0]); strings.Contains(text, "192.0.2.7") {
			t.Errorf("%s: the address is queued: %s", c.name, text)
		}
	}
}

// Without a database only CloudFront is asked.
func TestCountryWithoutADatabase(t *testing.T) {
	t.Parallel()
	s := newSystem()
	s.send(t, post("/v1/beacon", `{"type":"page","anonymousId":"a1"}`))
	if accepted, _ := s.queue.sent[0].Open(); len(accepted) != 1 || accepted[0].Country != "" {
		t.Errorf("queued is %+v, want one event without a country", accepted)
	}
}

// What a page sends with an Origin is its visitor's, on every route: so is its User-Agent.
func TestAgentOfAPage(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{"/v1/batch": `{"batch":[` + goodPage + `]}`, "/v1/page": goodPage, "/v1/b": `{"batch":[` + goodPage + `]}`} {
		s := newSystem()
		s.send(t, post(path, body).with(map[string]string{"Origin": "https://shop.example", "User-Agent": "Mozilla/5.0 (header)"}))
		if accepted, _ := s.queue.sent[0].Open(); len(accepted) != 1 || accepted[0].Agent != "Mozilla/5.0 (header)" {
			t.Errorf("%s: queued is %+v, want one event with the header's agent", path, accepted)
		}
	}
}
