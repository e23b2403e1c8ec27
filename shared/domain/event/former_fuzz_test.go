package event

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
)

// FuzzFormer holds Parse against the parser that stood before it: they take the same events and read the same from
// them, and refuse the others under the same class. Only a key that comes twice divides them.
func FuzzFormer(f *testing.F) {
	for seed := range uint64(40) {
		f.Add([]byte(wildEvent(rand.New(rand.NewPCG(seed, 1)))), "", "")
	}
	f.Add([]byte(`{"type":"page"}`), `{"traits":{"email":"a@b.c"},"userAgent":"x","channel":7}`, "track")
	f.Add([]byte(`{"event":"A","userId":"1","context":{"traits":null,"page":{}}}`), `{"traits":{"email":"a@b.c"},"page":{"url":"/a?b#c"}}`, "track")
	f.Fuzz(func(t *testing.T, raw []byte, context, typ string) { compareWithFormer(t, raw, context, typ) })
}

// TestFormer is the same on events that are made of what events are made of.
func TestFormer(t *testing.T) {
	t.Parallel()
	accepted := 0
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 2))
		context := ""
		if r.IntN(3) == 0 {
			context = wildContext(r)
		}
		typ := ""
		if r.IntN(4) == 0 {
			typ = pick(r, "track", "page", "identify", "alias", "group", "screen", "jump")
		}
		if compareWithFormer(t, []byte(wildEvent(r)), context, typ) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if accepted < 500 {
		t.Errorf("%d of 3,000 events are accepted, too few to compare", accepted)
	}
}

func compareWithFormer(t *testing.T, raw []byte, context, typ string) (accepted bool) {
	t.Helper()
	s := Stamp{Workspace: "w", Source: "s", Received: 1_790_000_000_000, Request: "r", Index: 3, SentAt: "2026-09-21T14:00:00Z", Context: []byte(context), Type: Type(typ)}
	got, err := Parse(raw, s)
	if err != nil && strings.Contains(err.Error(), "twice") {
		if !json.Valid(raw) {
			t.Fatalf("Parse(%q) = %v, and it is not JSON", raw, err)
		}
		return false
	}
	want, wantErr := formerParse(raw, s)
	if fault.CodeOf(err) != fault.CodeOf(wantErr) || err != nil && fault.CodeOf(err) != "bad_json" && err.Error() != wantErr.Error() {
		t.Fatalf("Parse(%q) = %v, before it was %v", raw, err, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("Parse(%q) with context %q\n got %+v\nwant %+v", raw, context, got, want)
	}
	return err == nil
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// wildEvent is an event of members that mean something, with values of any type. No key comes twice in an object.
func wildEvent(r *rand.Rand) string {
	names := []string{
		"type", "event", "name", "userId", "anonymousId", "messageId", "timestamp", "originalTimestamp", "sentAt", "properties", "traits", "context", "previousId", "groupId", "writeKey", "x",
	}
	out := "{"
	for _, i := range r.Perm(len(names)) {
		name := names[i]
		value := ""
		switch {
		case name == "type" && r.IntN(9) > 0:
			value = pick(r, `"track"`, `"page"`, `"identify"`, `"alias"`, `"group"`, `"screen"`)
		case name == "event" && r.IntN(2) > 0:
			value = pick(r, `"Order Completed"`, `"Order Refunded"`, `"Product Viewed"`)
		case name == "properties" && r.IntN(4) > 0:
			value = wildObject(r, "order_id", "orderId", "refund_id", "currency", "revenue", "total", "value", "products", "loyalty_id", "url", "referrer", "channel", "country", "name")
		case name == "traits" && r.IntN(4) > 0:
			value = wildObject(r, "email", "phone", "loyalty_id", "plan")
		case name == "context" && r.IntN(4) > 0:
			value = wildContext(r)
		case r.IntN(3) == 0:
			continue
		default:
			value = wildValue(r, name)
		}
		out += pick(r, "", "", " ", "\n") + `"` + name + `":` + value + ","
	}
	return strings.TrimSuffix(out, ",") + "}"
}

func wildContext(r *rand.Rand) string {
	return wildObject(r, "traits", "device", "externalIds", "page", "campaign", "location", "referrer", "channel", "userAgent")
}

func wildObject(r *rand.Rand, names ...string) string {
	out := "{"
	for _, i := range r.Perm(len(names)) {
		if r.IntN(2) > 0 {
			out += `"` + names[i] + `":` + wildValue(r, names[i]) + ","
		}
	}
	return strings.TrimSuffix(out, ",") + "}"
}

func wildValue(r *rand.Rand, name string) string {
	if r.IntN(8) > 0 {
		switch name {
		case "products", "externalIds":
			return "[" + wildObject(r, "price", "quantity", "id", "type") + "," + wildObject(r, "price", "quantity", "id", "type") + "]"
		case "traits", "device", "page", "campaign", "location", "referrer":
			return wildObject(r, "email", "phone", "id", "url", "referrer", "source", "medium", "name", "term", "content", "country", "loyalty_id")
		case "timestamp", "originalTimestamp", "sentAt":
			return pick(r, `"2026-09-21T14:00:00Z"`, `"2026-09-21T13:00:00.5+01:00"`, `"2026-09-25"`, `"2026-08-01 10:00:00"`, `null`, `null`, `"soon"`, `17`)
		case "userId", "anonymousId", "messageId", "event", "name":
			return pick(r, `"a"`, `"b"`, `42`, `"caf\u00e9"`)
		case "price", "quantity", "revenue", "total", "value":
			return pick(r, `"12.50"`, `7`, `1e2`, `-3`, `"x"`, `""`, `null`, `1e400`)
		case "type":
			return pick(r, `"email"`, `"user"`, `"device_id"`, `"anonymousId"`, `"loyalty_card"`, `"ga"`)
		case "currency":
			return pick(r, `"EUR"`, `"gbp"`, `"euro"`, `7`)
		}
	}
	return pick(r, `"a"`, `"42"`, `" Jo@Shop.Example "`, `"https://shop.example/p?utm_source=x#top"`, `42`, `1.50`, `true`, `null`, `""`, `" "`, `"null"`, `"a\u0001b"`, `"\ud800"`, `"caf\u00e9"`,
		"\"\xff\"", `{}`, `[]`, `{"a":[1,{"b":null}]}`, `"`+strings.Repeat("é", 300)+`"`, `"`+strings.Repeat("x", 255)+`"`)
}
