package event_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/testing/seed"
)

// carried is an event after its way through a message.
func carried(t *testing.T, e event.Event) (event.Event, string) {
	t.Helper()
	message, err := event.Envelope{
		Version: event.EnvelopeVersion, Workspace: e.Workspace, Source: e.Source, Request: e.Request, Received: e.Received, Parsed: []event.Event{e},
	}.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := event.ParseEnvelope(string(message))
	if err != nil {
		t.Fatalf("ParseEnvelope(%s): %v", message, err)
	}
	return envelope.Parsed[0], string(message)
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, raw, want string }{
		{
			"an order",
			`{"type":"track","event":"Order Completed","messageId":"m1","userId":"42","anonymousId":"7f","timestamp":"2026-11-22T09:29:59.5Z","integrations":{},
			  "properties":{"order_id":"o1","revenue":17.310,"currency":"gbp","coupon":"caf\u00e9","products":[{"price":17.31}]},
			  "context":{"userAgent":"Mozilla/5.0","location":{"country":"Norway"},"campaign":{"source":"news"},"page":{"referrer":"https://a.example/","url":"https://b.example/p?x=1"},"library":{"name":"js"}}}`,
			`{"index":3,"id":"m1","type":"track","name":"Order Completed","original":1795339799500,"identifiers":["user:42","anon:7f"],` +
				`"marketing":{"source":"news","referrer":"https://a.example/","url":"https://b.example/p?x=1"},` +
				`"country":"Norway","agent":"Mozilla/5.0","order":{"id":"o1","micros":17310000,"currency":"GBP","items":1},` +
				`"properties":{"coupon":"caf\u00e9","currency":"gbp","order_id":"o1","products":[{"price":17.31}],"revenue":17.310}}`,
		},
		{"little", `{"type":"page","userId":"1"}`, `{"index":3,"id":"wm-req-1-3","type":"page","untimed":true,"identifiers":["user:1"]}`},
		{
			"a clock that is wrong", `{"type":"page","userId":"1","messageId":"m","timestamp":"2026-11-22T08:30:00Z","sentAt":"2026-11-22T08:30:00Z"}`,
			`{"index":3,"id":"m","type":"page","original":1795336200000,"corrected":1795339800000,"skewed":true,"identifiers":["user:1"]}`,
		},
		{
			"an alias and an empty object", `{"type":"alias","userId":"b","previousId":"a","messageId":"m","properties":{}}`,
			`{"index":3,"id":"m","type":"alias","untimed":true,"identifiers":["user:b"],"previous":["user:a","anon:a"],"properties":{}}`,
		},
		{
			"a group", `{"type":"group","userId":"b","groupId":"g","messageId":"m","traits":{"n":1e2,"a":[null,true]}}`,
			`{"index":3,"id":"m","type":"group","untimed":true,"identifiers":["user:b"],"traits":{"a":[null,true],"n":1e2},"group":"g"}`,
		},
	} {
		e, err := event.Parse([]byte(c.raw), stamp())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(e.AppendJSON(nil)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
		if got, _ := carried(t, e); !reflect.DeepEqual(got, e) {
			t.Errorf("%s\n got %+v\nwant %+v", c.name, got, e)
		}
	}
}

// TestEveryFieldTravels fills every field of an event with something and looks for it behind the queue. A new field
// must be in the canonical form, or here among those that are made anew.
func TestEveryFieldTravels(t *testing.T) {
	t.Parallel()
	e := event.Event{
		Workspace: "w", Source: "s", Request: "r", Received: received, Type: event.Track, Identifiers: ids("user:1", "anon:2"), Previous: ids("user:0"),
		Session: "s", Order: &event.Order{ID: "o", Kind: event.Refunded, Of: "of", Scope: "till", Unpriced: true, Amount: money.Micros(-7), Currency: "EUR", Items: 2}, Properties: map[string]any{"a": json.Number("1")}, Traits: map[string]any{"b": nil},
	}
	anew := map[string]bool{"Bot": true, "Page": true, "Proof": true}
	fill(reflect.ValueOf(&e).Elem())
	e.Proof = event.Proof{}
	e.Marketing.URL, e.Marketing.Click, e.Page, e.Bot = "https://shop.example/p?q", "", "https://shop.example/p", "" // a click is read from the URL
	got, message := carried(t, e)
	if !reflect.DeepEqual(got, e) {
		t.Errorf("%s\n got %+v\nwant %+v", message, got, e)
	}
	for i, v := 0, reflect.ValueOf(e); i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && !anew[name] {
			t.Errorf("the field %s is not tested", name)
		}
	}
}

// fill gives every empty field of a struct a value of its own.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			fill(field)
		case !field.IsZero():
		case field.Kind() == reflect.String:
			field.SetString(fmt.Sprint("text ", i))
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
		case field.CanInt():
			field.SetInt(int64(i + 1))
		case field.CanUint():
			field.SetUint(uint64(event.Server))
		}
	}
}

func TestParseEnvelopeRefusesStrangeEvents(t *testing.T) {
	t.Parallel()
	const page = `{"id":"m","type":"page","identifiers":["user:1"]`
	for _, parsed := range []string{
		`7`, `{}`, `{"id":"m","type":"page"}`, `{"type":"page","identifiers":["user:1"]}`, `{"id":"m","type":"jump","identifiers":["user:1"]}`, `{"id":"m","type":"page","identifiers":[]}`,
		`{"id":"m","type":"page","identifiers":["jump:1"]}`, `{"id":"m","type":"page","identifiers":[7]}`, `{"id":7,"type":"page","identifiers":["user:1"]}`,
		page + `,"index":-1}`, page + `,"original":-1}`, page + `,"corrected":4102444800000}`, page + `,"original":1.5}`, page + `,"untimed":1}`, page + `,"marketing":[]}`,
		page + `,"marketing":{"utm":""}}`, page + `,"marketing":{"source":1}}`, page + `,"order":7}`, page + `,"order":{"price":7}}`, page + `,"properties":[]}`, page + `,"previous":[]}`, page + `,"other":1}`,
		page + `,"grade":0}`, page + `,"grade":3}`, page + `,"vouched":1}`, page + `,"network":1}`,
	} {
		message := `{"v":2,"workspace":"w","received":1,"parsed":[` + parsed + `]}`
		if _, err := event.ParseEnvelope(message); fault.CodeOf(err) != "bad_message" {
			t.Errorf("ParseEnvelope(%s) = %v, want bad_message", message, err)
		}
	}
	good := `{"v":2,"workspace":"w","received":1,"parsed":[` + page + `}]}`
	if _, err := event.ParseEnvelope(good); err != nil {
		t.Errorf("ParseEnvelope(%s): %v", good, err)
	}
}

// TestAnyRoadIsTheSame: the events of a request are the same to process, whether they travel as they were sent or as
// they were read, each in its own message or together.
func TestAnyRoadIsTheSame(t *testing.T) {
	t.Parallel()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "w", Source: "s", Received: received, Request: "r", SentAt: "2026-11-22T09:00:00Z"}
		if r.IntN(2) == 0 {
			e.Context = json.RawMessage(`{"traits":{"email":"a@b.c","plan":"pro"},"userAgent":"x","page":{"url":"/p?q"}}`)
		}
		for i := range 1 + r.IntN(6) {
			e.Events = append(e.Events, json.RawMessage(randomEvent(r, i)))
		}
		accepted, rejected := through(t, e).Open()
		mixed := e
		mixed.Events, mixed.At, mixed.Parsed = nil, []int{}, nil
		reader := event.NewReader(e.Stamp(0))
		for i, raw := range e.Events {
			one, err := reader.Parse(raw, i)
			if err != nil || r.IntN(3) == 0 {
				mixed.Events, mixed.At = append(mixed.Events, raw), append(mixed.At, i)
				continue
			}
			mixed.Parsed = append(mixed.Parsed, one)
		}
		got, gotRejected := through(t, mixed).Open()
		if !reflect.DeepEqual(got, accepted) || !reflect.DeepEqual(gotRejected, rejected) {
			t.Fatalf("%+v\n got %+v %v\nwant %+v %v", mixed, got, gotRejected, accepted, rejected)
		}
		checkHalves(t, mixed)
	})
}

// through is an envelope after its way through the queue.
func through(t *testing.T, e event.Envelope) event.Envelope {
	t.Helper()
	message, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(string(message), func(r rune) bool { return r >= utf8.RuneSelf || r < ' ' }) {
		t.Fatalf("the message holds what a queue refuses: %q", message)
	}
	got, err := event.ParseEnvelope(string(message))
	if err != nil {
		t.Fatalf("ParseEnvelope(%s): %v", message, err)
	}
	return got
}

// checkHalves: both halves together have what the whole has, in the same order.
func checkHalves(t *testing.T, e event.Envelope) {
	t.Helper()
	first, second, ok := e.Halves()
	if ok != (e.Len() > 1) {
		t.Fatalf("%d events split: %v", e.Len(), ok)
	}
	if !ok {
		return
	}
	first, second = through(t, first), through(t, second)
	indexes := append(first.Indexes(), second.Indexes()...)
	if first.Len() == 0 || second.Len() == 0 || !reflect.DeepEqual(indexes, e.Indexes()) {
		t.Fatalf("the halves of %v are at %v and %v", e.Indexes(), first.Indexes(), second.Indexes())
	}
}

func randomEvent(r *rand.Rand, i int) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	return fmt.Sprintf(`{"type":%s,"event":"A","messageId":"m%d","userId":%s,"timestamp":%s,"properties":%s%s}`,
		pick(`"page"`, `"track"`, `"identify"`, `"jump"`), i, pick(`"1"`, `"2"`, `null`),
		pick(`"2026-11-22T09:00:00Z"`, `"2026-11-23T09:29:59Z"`, `"2026-11-25T09:00:00Z"`, `null`),
		pick(`{}`, `{"url":"https://shop.example/é?x#y","n":1.50}`, `null`), pick(``, `,"context":{"page":null}`, `,"a":1,"a":2`, `,"anonymousId":"a`+"\\ud83d\\ude00"+`"`))
}

// FuzzEnvelope reads any text as a message: what can be read is opened without harm, has every event once, and is
// read again as it was.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"v":2,"workspace":"w","source":"s","received":1795339800000,"request":"r","at":[1,4],"events":[{},7],"parsed":[{"index":2,"id":"m","type":"page","identifiers":["user:1"],"properties":{"a":"\u00e9"}}]}`,
		`{"v":1,"workspace":"w","received":1,"request":"r","first":3,"type":"page","context":{"a":"\u003c"},"events":[{"userId":"1"},{"userId":"\ud800"}],"replay":"x"}`,
		`{"v":1,"workspace":"w","received":1,"request":"r","refused":{"code":"c","events":2},"events":null}`, `{"v":3}`, `{"v":2,"workspace":"w","at":[],"events":[1]}`, `{"v":2,"workspace":"w","at":[2,1],"events":[1,2]}`,
		`{"v":2,"workspace":"w","received":9,"parsed":[{"id":"m","type":"track","original":5,"corrected":6,"untimed":true,"skewed":true,"future":true,"identifiers":["anon:1"],"previous":["user:2"],"order":{"id":"o","refund":true,"micros":1,"currency":"EUR","items":2},"traits":{"a":null}}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		e, err := event.ParseEnvelope(message)
		if err != nil {
			if code := fault.CodeOf(err); fault.KindOf(err) != fault.Invalid || code != "bad_message" && code != "version_too_new" {
				t.Fatalf("ParseEnvelope(%q) = %v", message, err)
			}
			return
		}
		accepted, rejected := e.Open()
		if len(accepted)+len(rejected) != e.Len() || len(e.Indexes()) != e.Len() {
			t.Fatalf("%q has %d events, of which %d are accepted and %d rejected", message, e.Len(), len(accepted), len(rejected))
		}
		for _, one := range accepted {
			if len(one.Identifiers) == 0 || one.ID == "" || !one.Type.Valid() || !one.Corrected.Plausible() || one.Workspace != e.Workspace {
				t.Fatalf("%q opens to %+v", message, one)
			}
		}
		again := through(t, e)
		if accepted2, rejected2 := again.Open(); !reflect.DeepEqual(accepted, accepted2) || len(rejected) != len(rejected2) {
			t.Fatalf("%q is read as %+v, written and read again as %+v", message, accepted, accepted2)
		}
	})
}
