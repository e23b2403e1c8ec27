package protocol_test

import (
	"net/url"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
)

func TestCheckAlias(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"plausible:shop.example": "", "umami:b1a9f0e2-5c3d-4a77-9a52-8f0c0a2d9f11": "", "ga4:G-ABC123:s3cret": "", "snowplow:shop-web": "",
		"posthog:phc_abc": "", "plausible:münchen.example": "", "posthog:" + strings.Repeat("x", 192): "",
		"": "bad_alias", "shop.example": "bad_alias", "plausible:": "bad_alias", "matomo:1": "bad_alias", "wk_demo": "bad_alias",
		"plausible: shop.example": "bad_alias", "plausible:shop\n": "bad_alias", "Plausible:shop.example": "bad_alias",
		"posthog:" + strings.Repeat("x", 193): "bad_alias",
	}
	for text, want := range cases {
		if got := fault.CodeOf(protocol.CheckAlias(text)); got != want {
			t.Errorf("CheckAlias(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestAliasesAreThoseThatAreLookedUp: what is looked up for a request of each protocol can be given to a key.
func TestAliasesAreThoseThatAreLookedUp(t *testing.T) {
	t.Parallel()
	requests := map[string]protocol.Request{
		"plausible": {Body: `{"d":"shop.example"}`}, "umami": {Body: `{"payload":{"website":"b1a9"}}`},
		"ga4":      {Query: url.Values{"measurement_id": {"G-1"}, "api_secret": {"s"}}, Body: `{}`},
		"snowplow": {Body: `{"data":[{"aid":"shop"}]}`}, "posthog": {Body: `{"token":"phc_abc"}`},
	}
	if len(requests) != len(protocol.Names) {
		t.Fatalf("there are %d protocols, tried %d", len(protocol.Names), len(requests))
	}
	for _, name := range protocol.Names {
		batch, err := translations[name](requests[name])
		if err != nil || !strings.HasPrefix(batch.Key, name+":") || protocol.CheckAlias(batch.Key) != nil {
			t.Errorf("%s looks up %q, %v, want an alias", name, batch.Key, err)
		}
	}
}
