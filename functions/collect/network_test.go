package collect_test

import (
	"maps"
	"testing"

	"waymark/shared/domain/workspace"
)

// TestNetworks: of whom is known, the network is kept; of nobody else, and of no server.
func TestNetworks(t *testing.T) {
	t.Parallel()
	page, denied := `{"type":"page","anonymousId":"a"}`, `{"type":"page","anonymousId":"b","context":{"consent":false}}`
	for _, c := range []struct {
		name, address string
		kind          workspace.Kind
		visitor       string
		headers       map[string]string
		batch         string
		want          []string // of each event
	}{
		{"a visitor", "192.0.2.7", workspace.Site, "client", nil, page, []string{"192.0.2.0/24"}},
		{"IPv6", "2001:db8:1:2:3:4:5:6", workspace.Site, "client", nil, page, []string{"2001:db8:1::/48"}},
		{"IPv4 in IPv6", "::ffff:192.0.2.7", workspace.Site, "client", nil, page, []string{"192.0.2.0/24"}},
		{"a zone", "fe80::1%eth0", workspace.Site, "client", nil, page, []string{"fe80::/48"}},
		{"no address", "unknown", workspace.Site, "client", nil, page, []string{""}},
		{"a server", "192.0.2.7", workspace.ServerSource, "client", nil, page, []string{""}},
		{"who does not want to be tracked", "192.0.2.7", workspace.Site, "client", map[string]string{"sec-gpc": "1"}, page, []string{""}},
		{"who has denied it", "192.0.2.7", workspace.Site, "client", nil, denied, []string{""}},
		{"one of two who has denied it", "192.0.2.7", workspace.Site, "client", nil, page + "," + denied, []string{"", ""}},
		{"a cookieless visitor", "192.0.2.7", workspace.Site, "cookieless", nil, page, []string{""}},
		{"what the event says of it", "192.0.2.7", workspace.Site, "client", nil, `{"type":"page","anonymousId":"a","network":"1.2.3.0/24","context":{"network":"1.2.3.0/24"}}`, []string{"192.0.2.0/24"}},
	} {
		s, policy := newSystem(), workspace.Policy{}
		if err := policy.Set("visitor", c.visitor); err != nil {
			t.Fatal(err)
		}
		s.keys.more = map[string]workspace.Key{"wk_demo": {Workspace: "demo", Role: workspace.Write, Source: "web", Kind: c.kind, Policy: policy}}
		r := post("/v1/batch", `{"batch":[`+c.batch+`]}`)
		r.Headers = maps.Clone(r.Headers)
		maps.Copy(r.Headers, c.headers)
		e := r.envelope()
		e.RequestContext.HTTP.SourceIP = c.address
		checkAnswer(t, s.answer(t, e), 200, fine)
		accepted, _ := s.queue.sent[0].Open()
		if len(accepted) != len(c.want) {
			t.Fatalf("%s: %d events", c.name, len(accepted))
		}
		for i, one := range accepted {
			if one.Network != c.want[i] {
				t.Errorf("%s: the network of event %d is %q, want %q", c.name, i, one.Network, c.want[i])
			}
		}
	}
}

// TestNetworkOfWhatTravelsAsSent: process reads it from the envelope.
func TestNetworkOfWhatTravelsAsSent(t *testing.T) {
	t.Parallel()
	s := newSystem()
	checkAnswer(t, s.send(t, post("/v1/batch", `{"batch":[`+goodPage+`,{"type":"page"}]}`)), 200,
		`{"success":true,"accepted":1,"rejected":1,"details":[{"index":1,"code":"no_identifier","reason":"the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)"}]}`)
	if e := s.queue.sent[0]; e.Network != "192.0.2.0/24" || e.Stamp(0).Network != e.Network || len(e.Events) != 1 {
		t.Errorf("queued with the network %q, %d as sent", e.Network, len(e.Events))
	}
}
