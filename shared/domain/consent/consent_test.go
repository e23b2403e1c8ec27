package consent_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/consent"
	"waymark/shared/domain/strictjson"
)

func parse(t testing.TB, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestOf(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]consent.Verdict{
		`{}`:                                         consent.Unsaid,
		`{"consent":true}`:                           consent.Granted,
		`{"consent":false}`:                          consent.Denied,
		`{"consent":"granted"}`:                      consent.Granted,
		`{"consent":" Denied "}`:                     consent.Denied,
		`{"consent":"perhaps"}`:                      consent.Unsaid,
		`{"consent":null}`:                           consent.Unsaid,
		`{"consent":["analytics"]}`:                  consent.Unsaid,
		`{"consent":1}`:                              consent.Granted,
		`{"consent":0}`:                              consent.Denied,
		`{"consent":"G111"}`:                         consent.Granted,
		`{"consent":"G110"}`:                         consent.Denied,
		`{"consent":"G10-"}`:                         consent.Unsaid,
		`{"consent":{}}`:                             consent.Unsaid,
		`{"consent":{"ads":false}}`:                  consent.Unsaid,
		`{"consent":{"ads":true}}`:                   consent.Unsaid,
		`{"consent":{"analytics":no}}`:               consent.Unsaid,
		`{"consent":{"analytics":false,"ads":true}}`: consent.Denied,
		`{"consent":{"analytics":true,"ads":false}}`: consent.Granted,
		`{"consent":{"analytics_storage":"denied","ad_storage":"granted"}}`:                  consent.Denied,
		`{"consent":{"analytics_storage":"granted","ad_storage":"denied"}}`:                  consent.Granted,
		`{"consent":{"statistics":"0"}}`:                                                     consent.Denied,
		`{"consent":{"Performance":true,"Analytics":false}}`:                                 consent.Denied,
		`{"consent":{"categoryPreferences":{"Analytics":false,"Advertising":true}}}`:         consent.Denied,
		`{"consent":{"categoryPreferences":{"Analytics":true,"Advertising":false}}}`:         consent.Granted,
		`{"consent":{"categoryPreferences":{"C0001":true,"C0002":false}}}`:                   consent.Denied,
		`{"consent":{"categoryPreferences":{"Advertising":false}}}`:                          consent.Unsaid,
		`{"consentManagement":{"deniedConsentIds":["C0002"],"allowedConsentIds":[]}}`:        consent.Denied,
		`{"consentManagement":{"deniedConsentIds":["C0004"],"allowedConsentIds":["c0002"]}}`: consent.Granted,
		`{"consentManagement":{"deniedConsentIds":["C0004"]}}`:                               consent.Unsaid,

		`{"consentManagement":7}`: consent.Unsaid,
		`{"consent":true,"consentManagement":{"deniedConsentIds":["analytics"]}}`: consent.Denied,
	} {
		own = strings.ReplaceAll(own, ":no}", `:"maybe"}`)
		if got := consent.Of(parse(t, own), strictjson.Value{}); got != want {
			t.Errorf("%s: %v, want %v", own, got, want)
		}
		if got := consent.Of(strictjson.Value{}, parse(t, own)); got != want {
			t.Errorf("%s said by the batch: %v, want %v", own, got, want)
		}
	}
	if got := consent.Of(parse(t, `{"consent":true}`), parse(t, `{"consent":false}`)); got != consent.Granted {
		t.Errorf("an event that grants in a batch that denies: %v, want granted", got)
	}
}

func TestOpposed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		own, batch string
		want       bool
	}{{`{"gpc":true}`, `{}`, true}, {`{}`, `{"gpc":true}`, true}, {`{"gpc":false}`, `{"gpc":true}`, false}, {`{}`, `{}`, false}, {`{"gpc":"1"}`, `{}`, true}} {
		if got := consent.Opposed(parse(t, c.own), parse(t, c.batch)); got != c.want {
			t.Errorf("Opposed(%s, %s) = %v", c.own, c.batch, got)
		}
		own, batch := strings.ReplaceAll(c.own, "gpc", "cookieless"), strings.ReplaceAll(c.batch, "gpc", "cookieless")
		if got := consent.Cookieless(parse(t, own), parse(t, batch)); got != c.want {
			t.Errorf("Cookieless(%s, %s) = %v", own, batch, got)
		}
	}
}

// TestStrip strips an event that has everything.
func TestStrip(t *testing.T) {
	t.Parallel()
	sent := `{"type":"page","name":"Home","category":"c","messageId":"m","timestamp":"2026-11-22T10:00:00Z","originalTimestamp":"2026-11-22T10:00:01Z",` +
		`"userId":"SECRET","anonymousId":"SECRET","previousId":"SECRET","groupId":"SECRET","traits":{"email":"SECRET"},"integrations":{"A":{"session_id":"SECRET"}},` +
		`"rudderId":"SECRET","unknown":"SECRET","writeKey":"SECRET","context":{"ip":"SECRET","traits":{"x":"SECRET"},"device":{"id":"SECRET"},` +
		`"externalIds":[{"id":"SECRET"}],"sessionId":"SECRET","network":{"x":"SECRET"},"screen":{"width":"SECRET"},"timezone":"SECRET","locale":"de-DE",` +
		`"userAgent":"Mozilla/5.0 (Linux; Android 13; SECRET Build/SECRET) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.179 Mobile Safari/537.36",` +
		`"location":{"country":"DE","city":"SECRET"},"campaign":{"source":"news"},"consent":{"analytics":false},"gpc":true,` +
		`"page":{"url":"https://shop.example/a?utm_source=news&gclid=SECRET&id=SECRET&flag#SECRET","path":"/a","title":"T","referrer":"https://x.example/?q=SECRET",` +
		`"search":"?gclid=SECRET"},"referrer":{"url":"https://x.example/?q=SECRET","id":"SECRET"}},` +
		`"properties":{"url":"https://shop.example/a?token=SECRET","order_id":"1","revenue":5,"user_id":"SECRET","customerId":"SECRET","sessionId":"SECRET",` +
		`"loyalty_id":"SECRET","ga_session_id":"SECRET","email":"SECRET","anonymous_id":"SECRET","products":[{"product_id":"p"}],"coupon":"SPRING"}}`
	want := `{"anonymousId":"day-1","type":"page","name":"Home","category":"c","messageId":"m","timestamp":"2026-11-22T10:00:00Z",` +
		`"originalTimestamp":"2026-11-22T10:00:01Z","context":{"locale":"de-DE","campaign":{"source":"news"},"consent":{"analytics":false},"gpc":true,` +
		`"userAgent":"Mozilla/5 (Linux; Android 13) AppleWebKit/537 (KHTML, like Gecko) Chrome/124 Mobile Safari/537","location":{"country":"DE"},` +
		`"page":{"path":"/a","title":"T","url":"https://shop.example/a?utm_source=news&gclid=1&id=1&flag","referrer":"https://x.example/?q=1","search":"?gclid=1"},` +
		`"referrer":{"url":"https://x.example/?q=1"}},"properties":{"url":"https://shop.example/a?token=1","order_id":"1","revenue":5,` +
		`"products":[{"product_id":"p"}],"coupon":"SPRING"}}`
	got := consent.Strip(parse(t, sent), "day-1")
	if got.Raw() != want {
		t.Errorf("Strip:\n got %s\nwant %s", got.Raw(), want)
	}
	if again := consent.Strip(got, "day-1"); again.Raw() != got.Raw() {
		t.Errorf("stripped twice:\n got %s\nwant %s", again.Raw(), got.Raw())
	}
	for _, other := range []string{`7`, `"SECRET"`, `["SECRET"]`, `null`} {
		if got := consent.Strip(parse(t, other), "day-1").Raw(); got != "null" {
			t.Errorf("Strip(%s) = %s, want null", other, got)
		}
	}
}

// FuzzStrip: whatever is sent, what is left is JSON, and stripping it again changes nothing.
func FuzzStrip(f *testing.F) {
	f.Add(`{"context":{"page":{"url":"?a=1#b"},"userAgent":"(Linux; a;b) 1.2.3 1_2"},"properties":{"url":"x?;&a","user_id":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := strictjson.Parse(text)
		if err != nil {
			return
		}
		once := consent.Strip(v, "day-1")
		if again := consent.Strip(once, "day-1"); again.Raw() != once.Raw() {
			t.Errorf("once %s, twice %s", once.Raw(), again.Raw())
		}
	})
}
