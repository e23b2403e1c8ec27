package event_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// received is the time of receipt in these tests: 2026-11-22T09:30:00Z.
var received = mustTime("2026-11-22T09:30:00Z")

func mustTime(text string) event.Millis {
	at, err := event.ParseTime(text)
	if err != nil {
		panic(err)
	}
	return at
}

func stamp() event.Stamp {
	return event.Stamp{Workspace: "demo", Source: "web", Received: received, Request: "req-1", Index: 3}
}

func TestParseWholeEvent(t *testing.T) {
	t.Parallel()
	raw := `{"type":"track","event":"Order Completed","messageId":"m1","userId":"42","anonymousId":"7f","timestamp":"2026-11-22T09:29:59.5Z",
		"properties":{"order_id":"o1","products":[{"price":2.55,"quantity":6},{"price":"1.005","quantity":"2"}],"currency":"gbp","coupon":"X","url":"https://shop.example/pay?utm_source=x#top"},
		"context":{"userAgent":"Mozilla/5.0","location":{"country":"Norway"},"campaign":{"source":"news","medium":"email","name":"Autumn"},"page":{"referrer":"https://www.google.com/"}}}`
	got, err := event.Parse([]byte(raw), stamp())
	if err != nil {
		t.Fatal(err)
	}
	got.Properties = nil // checked through the touchpoint below
	want := event.Event{
		Workspace: "demo", Source: "web", Request: "req-1", Index: 3, ID: "m1", Type: event.Track, Name: "Order Completed", Original: received - 500, Corrected: received - 500,
		Received: received, Identifiers: []event.Identifier{"user:42", "anon:7f"}, Country: "Norway", Agent: "Mozilla/5.0",
		Page: "https://shop.example/pay", Order: &event.Order{ID: "o1", Amount: 17_310_000, Currency: "GBP", Items: 2},
		Marketing: event.Marketing{
			Source: "news", Medium: "email", Campaign: "Autumn", Referrer: "https://www.google.com/",
			URL: "https://shop.example/pay?utm_source=x#top",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Parse\n got %+v\nwant %+v", got, want)
	}
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", event.MaxIdentifierBytes+1)
	order := func(properties string) string {
		return `{"type":"track","event":"Order Completed","userId":"1","properties":{` + properties + `}}`
	}
	tests := []struct{ name, raw, code, field string }{
		{"no object", `[1]`, "bad_json", ""},
		{"null", `null`, "bad_json", ""},
		{"a key twice", `{"type":"page","userId":"a","userId":"b"}`, "bad_json", "userId"},
		{"a key twice, once in disguise", `{"type":"page","userId":"a","user\u0049d":"b"}`, "bad_json", "userId"},
		{"a key twice far inside", `{"type":"page","userId":"a","properties":{"list":[{"a":1,"a":1}]}}`, "bad_json", "a"},
		{"no type", `{"userId":"1","event":"A"}`, "unknown_type", "type"},
		{"unknown type", `{"type":"buy","userId":"1"}`, "unknown_type", "type"},
		{"type in another case", `{"Type":"track","type":"TRACK","userId":"1"}`, "unknown_type", "type"},
		{"track without name", `{"type":"track","userId":"1"}`, "missing_name", "event"},
		{"name too long", `{"type":"track","userId":"1","event":"` + strings.Repeat("n", 513) + `"}`, "name_too_long", "event"},
		{"no identifier", `{"type":"page"}`, "no_identifier", ""},
		{"null identifiers", `{"type":"page","userId":null,"anonymousId":null}`, "no_identifier", ""},
		{"blocked identifier", `{"type":"page","userId":"NULL"}`, "blocked_identifier", "userId"},
		{"identifier of blanks", `{"type":"page","userId":"  "}`, "blocked_identifier", "userId"},
		{"identifier too long", `{"type":"page","userId":"` + long + `"}`, "key_too_long", "userId"},
		{"two objects", `{"type":"page","userId":"a"}{}`, "bad_json", ""},
		{"half a surrogate pair in an identifier", `{"type":"page","userId":"a\ud800"}`, "bad_encoding", "userId"},
		{"bytes that are no UTF-8 in an identifier", "{\"type\":\"page\",\"anonymousId\":\"Jos\xe9\"}", "bad_encoding", "anonymousId"},
		{"half a surrogate pair in the messageId", `{"type":"page","userId":"a","messageId":"m\udfff"}`, "bad_encoding", "messageId"},
		{"a blocked earlier id", `{"type":"alias","userId":"a","previousId":"null"}`, "blocked_identifier", "previousId"},
		{"half a surrogate pair in an earlier id", `{"type":"alias","userId":"a","previousId":"b\ud800"}`, "bad_encoding", "previousId"},
		{"half a surrogate pair in an order id", order(`"order_id":"o\ud800","revenue":1`), "bad_encoding", "properties.order_id"},
		{"control character in an identifier", `{"type":"page","userId":"a\u0000b"}`, "bad_identifier", "userId"},
		{"message id too long", `{"type":"page","userId":"1","messageId":"` + long + `"}`, "key_too_long", "messageId"},
		{"time is no time", `{"type":"page","userId":"1","timestamp":"yesterday"}`, "bad_time", "timestamp"},
		{"time is a small number", `{"type":"page","userId":"1","timestamp":2026}`, "bad_time", "timestamp"},
		{"time is true", `{"type":"page","userId":"1","timestamp":true}`, "bad_time", "timestamp"},
		{"time is a list", `{"type":"page","userId":"1","timestamp":["2026-11-22"]}`, "bad_time", "timestamp"},
		{"year 0", `{"type":"page","userId":"1","timestamp":"0000-01-01T00:00:00Z"}`, "bad_time", "timestamp"},
		{"year 9999", `{"type":"page","userId":"1","timestamp":"9999-12-31T23:59:59Z"}`, "bad_time", "timestamp"},
		{"bad original time", `{"type":"page","userId":"1","originalTimestamp":"x"}`, "bad_time", "originalTimestamp"},
		{"amount is no number", order(`"revenue":"ten"`), "number_malformed", "properties.revenue"},
		{"amount out of range", order(`"revenue":1e300`), "number_out_of_range", "properties.revenue"},
		{"order id too long", order(`"order_id":"` + long + `"`), "key_too_long", "properties.order_id"},
		{"price is no number", order(`"products":[{"price":"x"}]`), "number_malformed", "properties.products.price"},
		{"quantity is no number", order(`"products":[{"price":1,"quantity":"x"}]`), "number_malformed", "properties.products.quantity"},
		{"currency", order(`"revenue":1,"currency":"POUND"`), "bad_currency", "properties.currency"},
		{"too deep", `{"type":"page","userId":"1","properties":` + strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32) + `}`, "too_deep", ""},
		{"too large", `{"type":"page","userId":"1","x":"` + strings.Repeat("y", event.MaxEventBytes) + `"}`, "too_large", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := event.Parse([]byte(test.raw), stamp())
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || f.Code != test.code || f.Field != test.field {
				t.Errorf("Parse(%.80s) = %v, want an invalid fault %s at %q", test.raw, err, test.code, test.field)
			}
		})
	}
}

// TestParseLimits shows that every limit is exact: at the limit an event is accepted, one more is rejected.
func TestParseLimits(t *testing.T) {
	t.Parallel()
	at := func(format string, n int) string { return fmt.Sprintf(format, strings.Repeat("x", n)) }
	const bare = `{"type":"page","userId":"1","x":"%s"}`
	tests := []struct {
		name  string
		build func(n int) string
		limit int
	}{
		{"event bytes", func(n int) string { return at(bare, n-len(bare)+2) }, event.MaxEventBytes},
		{"depth", func(n int) string {
			return `{"type":"page","userId":"1","p":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
		}, event.MaxDepth},
		{"identifier bytes", func(n int) string { return at(`{"type":"page","userId":"%s"}`, n) }, event.MaxIdentifierBytes},
		{"message id bytes", func(n int) string { return at(`{"type":"page","userId":"1","messageId":"%s"}`, n) }, event.MaxIDBytes},
		{"name bytes", func(n int) string { return at(`{"type":"page","userId":"1","name":"%s"}`, n) }, event.MaxNameBytes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for n, accepted := range map[int]bool{test.limit - 1: true, test.limit: true, test.limit + 1: false} {
				_, err := event.Parse([]byte(test.build(n)), stamp())
				if (err == nil) != accepted {
					t.Errorf("at %d of %d: error %v, want accepted %v", n, test.limit, err, accepted)
				}
			}
		})
	}
}

func TestParseIdentifiers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw string
		want      []event.Identifier
		previous  []event.Identifier
	}{
		{"user and visitor", `{"type":"page","userId":"42","anonymousId":"7f"}`, ids("user:42", "anon:7f"), nil},
		{"number as user id", `{"type":"page","userId":42}`, ids("user:42"), nil},
		{"an equal number", `{"type":"page","userId":42.0,"anonymousId":4.2e1}`, ids("user:42", "anon:42"), nil},
		{"another number", `{"type":"page","userId":42.5,"anonymousId":1e999999999}`, ids("user:42.5", "anon:1e999999999"), nil},
		{"a large number", `{"type":"page","userId":12345678901234567890.000}`, ids("user:12345678901234567890"), nil},
		{"a user id that is an address", `{"type":"page","userId":"Ann@B.C"}`, ids("user:Ann@B.C", "email:ann@b.c"), nil},
		{"and another address", `{"type":"identify","userId":"ann@b.c","traits":{"email":"new@b.c"}}`, ids("user:ann@b.c", "email:new@b.c"), nil},
		{"fillers beside a real one", `{"type":"identify","anonymousId":"7f","traits":{"email":"-","phone":"0000000000"}}`, ids("anon:7f"), nil},
		{"only exact keys", `{"type":"page","userId":"a","USERID":"evil","userid":"evil"}`, ids("user:a"), nil},
		{"filler beside a real one", `{"type":"page","userId":"undefined","anonymousId":"7f"}`, ids("anon:7f"), nil},
		{"traits", `{"type":"identify","userId":"42","traits":{"email":" Ann@B.C ","phone":"+44 (20) 1-2"}}`, ids("user:42", "email:ann@b.c", "phone:+44201"+"2"), nil},
		{"context traits", `{"type":"track","event":"E","anonymousId":"7f","context":{"traits":{"email":"a@b.c"}}}`, ids("email:a@b.c", "anon:7f"), nil},
		{"a group's traits are not the person's", `{"type":"group","userId":"1","groupId":"g","traits":{"email":"info@firm.example"}}`, ids("user:1"), nil},
		{
			"external ids", `{"type":"page","context":{"externalIds":[{"id":"L9","type":"loyalty_card"},{"id":"a@b.c","type":"email"},{"id":"x","type":"ga"},
				{"id":"d","type":"device_id"},{"id":"a","type":"anonymousId"}]}}`,
			ids("email:a@b.c", "loyalty:L9", "device:d", "anon:a"), nil,
		},
		{"device and till", `{"type":"track","event":"E","properties":{"loyalty_id":7},"context":{"device":{"id":"D"}}}`, ids("loyalty:7", "device:D"), nil},
		{"bytes of an id are kept", `{"type":"page","userId":"Ångström "}`, ids("user:Ångström "), nil},
		{"alias", `{"type":"alias","userId":"new","previousId":"old"}`, ids("user:new"), ids("user:old", "anon:old")},
		{"alias of the visitor", `{"type":"alias","userId":"new","anonymousId":"a1","previousId":"a1"}`, ids("user:new", "anon:a1"), ids("anon:a1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, err := event.Parse([]byte(test.raw), stamp())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(e.Identifiers, test.want) || !reflect.DeepEqual(e.Previous, test.previous) {
				t.Errorf("got %q previous %q, want %q previous %q", e.Identifiers, e.Previous, test.want, test.previous)
			}
		})
	}
}

func ids(texts ...string) []event.Identifier {
	out := make([]event.Identifier, len(texts))
	for i, text := range texts {
		out[i] = event.Identifier(text)
	}
	return out
}

// TestParseMessageIDs: a missing messageId is made so that a client's retry is a repeat, unless nothing tells it from a second event.
func TestParseMessageIDs(t *testing.T) {
	t.Parallel()
	id := func(raw string, s event.Stamp) event.ID {
		e, err := event.Parse([]byte(raw), s)
		if err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	retry := stamp()
	retry.Request, retry.Received, retry.Index = "req-2", received+60_000, 0
	first := id(`{"type":"page","userId":"1","timestamp":"2026-11-22T09:00:00Z","sentAt":"2026-11-22T09:00:01Z"}`, stamp())
	again := id(`{"sentAt":"2026-11-22T09:01:01Z", "timestamp":"2026-11-22T09:00:00Z","userId":"1","type":"page"}`, retry)
	if first != again || !strings.HasPrefix(string(first), "wm-") {
		t.Errorf("a retry without messageId has id %q, the first copy %q; want the same, made by us", again, first)
	}
	untimed, second := id(`{"type":"page","userId":"1"}`, stamp()), id(`{"type":"page","userId":"1"}`, retry)
	if untimed != "wm-req-1-3" || second != "wm-req-2-0" {
		t.Errorf("events with neither messageId nor time have ids %q and %q, want wm-req-1-3 and wm-req-2-0", untimed, second)
	}
}

func TestParseBatchContextAndType(t *testing.T) {
	t.Parallel()
	s := stamp()
	s.Type = event.Track
	s.SentAt = "2026-11-22T08:30:00Z"
	s.Context = []byte(`{"location":{"country":"Norway"},"channel":"store"}`)
	e, err := event.Parse([]byte(`{"event":"Visit","userId":"1","timestamp":"2026-11-22T08:29:00Z","context":{"channel":"phone"}}`), s)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{e.Type, e.Country, e.Marketing.Explicit, e.Corrected, e.Skewed}
	want := []any{event.Track, "Norway", "phone", mustTime("2026-11-22T09:29:00Z"), true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestChannelOfProperties: what SDKs say around an event is the platform it came from, and hides no channel that the event itself names.
func TestChannelOfProperties(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]string{`{"channel":"in_store"}`: "in_store", `{"channel":""}`: "web", `{}`: "web"} {
		e, err := event.Parse([]byte(`{"type":"track","event":"Visit","userId":"1","context":{"channel":"web"},"properties":`+properties+`}`), stamp())
		if err != nil || e.Marketing.Explicit != want {
			t.Errorf("properties %s: channel %q (%v), want %q", properties, e.Marketing.Explicit, err, want)
		}
	}
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	const minute, hour = 60_000, 3_600_000
	tests := []struct {
		name           string
		original, sent event.Millis
		want           event.Millis
		skewed, future bool
	}{
		{"same clock", received - minute, received - 100, received - minute, false, false},
		{"no sentAt", received - hour, 0, received - hour, false, false},
		{"exactly at the tolerance", received - hour, received - 5*minute, received - hour, false, false},
		{"one more", received - hour, received - 5*minute - 1, received - hour + 5*minute + 1, true, false},
		{"clock ahead", received + 2*hour, received + 2*hour, received, true, false},
		{"clock ten years ahead", received + 87_600*hour, received + 87_600*hour + minute, received - minute, true, false},
		{"clock ten years behind", received - 87_600*hour, received - 87_600*hour + minute, received - minute, true, false},
		{"exactly a day in the future", received + 24*hour, 0, received + 24*hour, false, false},
		{"more than a day in the future", received + 24*hour + 1, 0, received, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, skewed, future := event.Correct(test.original, test.sent, received)
			if got != test.want || skewed != test.skewed || future != test.future {
				t.Errorf("Correct = %v %v %v, want %v %v %v", got.Time(), skewed, future, test.want.Time(), test.skewed, test.future)
			}
		})
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"2026-11-22T09:30:00Z":             "2026-11-22T09:30:00.000Z",
		"2026-11-22T09:30:00.123456789Z":   "2026-11-22T09:30:00.123Z",
		"2026-11-22T09:30:00.5+05:30":      "2026-11-22T04:00:00.500Z",
		"2026-11-22T09:30:00+0100":         "2026-11-22T08:30:00.000Z",
		"2026-11-22 09:30:00":              "2026-11-22T09:30:00.000Z",
		"2024-02-29T23:59:59.999999+00:00": "2024-02-29T23:59:59.999Z",
		"2026-11-22":                       "2026-11-22T00:00:00.000Z",
		"1997-01-01T00:00:00.000000-05:00": "1997-01-01T05:00:00.000Z",
		"2025-02-29T00:00:00Z":             "",
		"":                                 "",
		"1969-12-31T23:59:59Z":             "",
		"2100-01-01T00:00:00Z":             "",
		"2026-11-22T09:30:00.000Z; DROP":   "",
		// PostgreSQL, with and without minutes of the offset
		"2026-03-05 10:00:00+00":           "2026-03-05T10:00:00.000Z",
		"2026-03-05 10:00:00.123456+05:30": "2026-03-05T04:30:00.123Z",
		"2026-03-05 10:00:00.5-03":         "2026-03-05T13:00:00.500Z",
		"2026-03-05T10:00:00+00":           "2026-03-05T10:00:00.000Z",
		// Ruby, Go, Python, SQL Server, Oracle, MySQL, SQLite, BigQuery
		"2026-03-05 10:00:00 +0000":          "2026-03-05T10:00:00.000Z",
		"2026-03-05 11:00:00 +0100":          "2026-03-05T10:00:00.000Z",
		"2026-03-05 10:00:00 UTC":            "2026-03-05T10:00:00.000Z",
		"2026-03-05 10:00:00.25 +0000 UTC":   "2026-03-05T10:00:00.250Z",
		"2026-03-05 10:00:00,123":            "2026-03-05T10:00:00.123Z",
		"2026-03-05 10:00:00.1234567 +00:00": "2026-03-05T10:00:00.123Z",
		"2026-03-05  10:00:00":               "2026-03-05T10:00:00.000Z",
		"2026-03-05T10:00":                   "2026-03-05T10:00:00.000Z",
		"2026-03-05T10:00Z":                  "2026-03-05T10:00:00.000Z",
		"2026-03-05 10:00 GMT":               "2026-03-05T10:00:00.000Z",
		// the short form
		"20260305T100000Z":       "2026-03-05T10:00:00.000Z",
		"20260305T100000.5+0100": "2026-03-05T09:00:00.500Z",
		"20260305t1000z":         "2026-03-05T10:00:00.000Z",
		"20260305":               "2026-03-05T00:00:00.000Z",
		// seconds and milliseconds since 1970
		"1772704800":      "2026-03-05T10:00:00.000Z",
		"1772704800.25":   "2026-03-05T10:00:00.250Z",
		"1772704800123":   "2026-03-05T10:00:00.123Z",
		"1772704800123.9": "2026-03-05T10:00:00.123Z",
		"100000000":       "1973-03-03T09:46:40.000Z",
		// neither
		"4102444800":                    "",
		"99999999999":                   "1973-03-03T09:46:39.999Z",
		"17727048001234":                "",
		"1772704800.1.2":                "",
		"-1772704800":                   "",
		"1e9":                           "",
		"2026":                          "",
		"202603":                        "",
		"2026-03":                       "",
		"2026-03-05T":                   "",
		"2026-03-05X10:00:00Z":          "",
		"2026-03-05T1Z":                 "",
		"2026-03-05T10:00:00+":          "",
		"2026-03-05T10:00:00+1":         "",
		"2026-03-05T10:00:00 EST":       "",
		"2026-03-05T10:00:00.Z":         "",
		"2026-03-05T25:00:00Z":          "",
		"20261305T100000Z":              "",
		"2026-03-05T10:00:00Z+00":       "",
		"05.03.2026 10:00":              "",
		"Thu, 05 Mar 2026 10:00:00 GMT": "",
	}
	for text, want := range tests {
		got, err := event.ParseTime(text)
		if (err != nil) != (want == "") || (err == nil && got.Time().Format("2006-01-02T15:04:05.000Z") != want) {
			t.Errorf("ParseTime(%q) = %v, %v; want %q", text, got.Time(), err, want)
		}
	}
}

func TestTouchpointKeepsOnlyWhatIsAllowed(t *testing.T) {
	t.Parallel()
	raw := `{"type":"track","event":"E","userId":"1","messageId":"m","properties":{"plan":"pro","score":9.50,"ok":true,"email":"a@b.c","list":[1],"long":"` +
		strings.Repeat("ü", 200) + `"}}`
	e, err := event.Parse([]byte(raw), stamp())
	if err != nil {
		t.Fatal(err)
	}
	got := e.Touchpoint(event.Keep{Always: map[string]bool{"plan": true, "score": true, "ok": true, "list": true, "long": true}})
	want := event.Touchpoint{
		ID: "m", Source: "web", Type: event.Track, Name: "E", Original: received, Corrected: received, Received: received, Untimed: true,
		Properties: map[string]string{"plan": "pro", "score": "9.50", "ok": "true", "long": strings.Repeat("ü", 128)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestOrderAmounts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		properties string
		want       money.Micros
		id         string
	}{
		{`{"order_id":"1","revenue":10,"total":20,"value":30}`, 10_000_000, "1"},
		{`{"order_id":"1","total":"20.5","value":30}`, 20_500_000, "1"},
		{`{"orderId":7,"value":30}`, 30_000_000, "7"},
		{`{"products":[{"price":0.1},{"price":0.2,"quantity":3}]}`, 700_000, "event:m"},
		{`{"revenue":0.30000000000000004}`, 300_000, "event:m"},
		{`{"revenue":null,"total":"","value":"2"}`, 2_000_000, "event:m"},
		{`{"order_id":"a\u0001b","products":[{"sku":"no price"},{"price":2}]}`, 2_000_000, "a b"},
		{`{"refund_id":"r","order_id":"o","total":3}`, 3_000_000, "r"},
		{`{}`, 0, "event:m"},
	}
	for _, test := range tests {
		name := "Order Completed"
		if strings.Contains(test.properties, "refund_id") {
			name = "Order Refunded"
		}
		e, err := event.Parse([]byte(`{"type":"track","event":"`+name+`","messageId":"m","userId":"u1","properties":`+test.properties+`}`), stamp())
		if err != nil || e.Order.Amount != test.want || e.Order.ID != test.id {
			t.Errorf("%s: order %+v, error %v; want %v of %q", test.properties, e.Order, err, test.want, test.id)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"track","event":"Order Completed","messageId":"m1","userId":"42","properties":{"revenue":"1e2"}}`))
	f.Add([]byte(`{"type":"alias","userId":"a","previousId":"b","timestamp":"2026-11-22T09:30:00Z"}`))
	f.Add([]byte(`{"type":"page","anonymousId":"\ud800","context":{"externalIds":[null,{"id":{}}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := event.Parse(raw, stamp())
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %v, want an invalid fault", raw, err)
			}
			return
		}
		again, err := event.Parse(raw, stamp())
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("Parse(%q) twice differs: %v", raw, err)
		}
		if len(e.Identifiers) == 0 || e.ID == "" || e.Original < 0 || e.Corrected < 0 {
			t.Fatalf("Parse(%q) = %+v, which lacks an identifier, an id or a time", raw, e)
		}
		if len(e.Touchpoint(event.Keep{}).Bytes()) == 0 {
			t.Fatal("a touchpoint has no bytes")
		}
	})
}
