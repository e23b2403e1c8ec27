package hostile

import (
	"cmp"
	"fmt"
	"strings"
)

// shapes are events that two readers may read in two ways, or that one of them may not read at all. Collect and process must read them alike.
func shapes() []Case {
	return append(append(keys(), characters()...), numbers()...)
}

func shape(kind, name string, e Event) Case {
	return Case{Kind: kind, Name: name, Status: 200, Request: sent("/v1/batch", batch(e)), Events: []Event{e}}
}

// keys are keys that come twice, in other letters, or with a meaning elsewhere. Nobody can know which of two is meant; other letters make another
// key.
func keys() []Case {
	user := func(id, more string) Event {
		return Event{Raw: fmt.Appendf(nil, `{"type":"page","messageId":%q,"timestamp":%q%s}`, id, moment, more), ID: id}
	}
	absent := func(e Event, who, class string) Event {
		e.Absent, e.Class = who, class
		return e
	}
	folded := page("hostile-keys", "keys-5", `,"MESSAGEID":"keys-folded","Type":"jump","TIMESTAMP":"never","Properties":7`)
	batches := page("hostile-keys", "keys-7", "")
	proto := page("hostile-keys", "keys-9", `,"__proto__":{"userId":"hostile-proto"},"constructor":{"prototype":{"type":"jump"}},"properties":{"__proto__":1,"toString":null,"hasOwnProperty":0}`)
	proto.Absent = "user:hostile-proto"
	traits := map[string]any{"__proto__": "a", "constructor": "b", "hasOwnProperty": true}
	return []Case{
		shape("keys", "two userIds", absent(user("keys-1", `,"userId":"hostile-first","userId":"hostile-last"`), "user:hostile-last", "bad_json")),
		shape("keys", "two messageIds", page("hostile-keys", "keys-2", `,"messageId":"keys-first","messageId":"keys-2"`).is("bad_json")),
		shape("keys", "two types", page("hostile-keys", "keys-3", `,"type":"jump","type":"page"`).is("bad_json")),
		shape("keys", "two equal types", page("hostile-keys", "keys-3b", `,"type":"page","type":"page"`).is("bad_json")),
		shape("keys", "two userIds, the last null", absent(user("keys-4", `,"userId":"hostile-nulled","userId":null,"anonymousId":"hostile-keys"`), "user:hostile-nulled", "bad_json")),
		shape("keys", "two userIds, the second escaped", absent(user("keys-4b", `,"userId":"hostile-plain","user\u0049d":"hostile-escaped"`), "user:hostile-plain", "bad_json")),
		shape("keys", "other letters", folded),
		shape("keys", "other letters alone", absent(user("keys-6", `,"USERID":"hostile-upper","UserId":"hostile-upper"`), "user:hostile-upper", "no_identifier")),
		shape("keys", "long s, which folds to s", absent(user("keys-6b", `,"u`+"\u017f"+`erId":"hostile-fold"`), "user:hostile-fold", "no_identifier")),
		{
			Kind: "keys", Name: "two batches", Status: 400, Code: "invalid_json", Events: []Event{batches},
			Request: sent("/v1/batch", fmt.Appendf(nil, `{"batch":[{"type":"jump"}],"Batch":[],"batch":[%s],"BATCH":7}`, batches.Raw)),
		},
		{
			Kind: "keys", Name: "two write keys", Status: 400, Code: "invalid_json", Events: []Event{page("hostile-keys", "keys-8", "")},
			Request: sent("/v1/batch", fmt.Appendf(nil, `{"writeKey":"wk_nobody","WRITEKEY":"x","writeKey":"%s",%s`, WriteKey, batch(page("hostile-keys", "keys-8", ""))[1:])),
		},
		{
			Kind: "keys", Name: "two write keys, the last of somebody else", Status: 400, Code: "invalid_json", Events: []Event{page("hostile-keys", "keys-8b", "")},
			Request: sent("/v1/batch", fmt.Appendf(nil, `{"writeKey":"%s","writeKey":"wk_nobody",%s`, WriteKey, batch(page("hostile-keys", "keys-8b", ""))[1:])),
		},
		shape("keys", "keys with a meaning in other languages", proto),
		shape("keys", "such traits", Event{
			Raw: object(map[string]any{"type": "identify", "userId": "hostile-traits", "messageId": "keys-10", "timestamp": moment, "traits": traits}),
			Who: "user:hostile-traits", Traits: traits,
		}),
		shape("keys", "a link", Event{
			Raw: object(map[string]any{"type": "alias", "userId": "hostile-new", "previousId": "hostile-old", "messageId": "keys-11", "timestamp": moment}),
			Who: "user:hostile-new", Linked: "anon:hostile-old",
		}),
		shape("keys", "an empty key", page("hostile-keys", "keys-12", `,"":"","properties":{"":{"":""}}`)),
	}
}

// characters are those that JSON, UTF-8, SQS or DynamoDB have rules of their own for.
func characters() []Case {
	var cases []Case
	for i, c := range []struct {
		name, raw string
		lost      bool // something cannot be told from another once it was read: no id may hold it
		control   bool // no id may hold it
	}{
		{name: "U+FFFE", raw: "\ufffe"},
		{name: "U+FFFF", raw: "\uffff"},
		{name: "U+FFFE, escaped", raw: `\ufffe`},
		{name: "U+FFFF, escaped", raw: `\uFFFF`},
		{name: "U+1FFFE", raw: "\U0001fffe"},
		{name: "U+10FFFF", raw: "\U0010ffff"},
		{name: "a pair", raw: `\ud83d\ude00`},
		{name: "U+2028", raw: "\u2028"},
		{name: "no-break space", raw: "\u00a0"},
		{name: "right to left", raw: "\u202e"},
		{name: "markup", raw: `<script>&amp;`},
		{name: "a byte order mark", raw: "\ufeff"},
		{name: "a high surrogate alone", raw: `\ud800`, lost: true},
		{name: "a low surrogate alone", raw: `\udfff`, lost: true},
		{name: "surrogates the wrong way", raw: `\ude00\ud83d`, lost: true},
		{name: "a surrogate as bytes", raw: "\xed\xa0\x80", lost: true},
		{name: "an overlong slash", raw: "\xc0\xaf", lost: true},
		{name: "an overlong NUL", raw: "\xe0\x80\x80", lost: true},
		{name: "beyond Unicode", raw: "\xf4\x90\x80\x80", lost: true},
		{name: "Latin 1", raw: "Jos\xe9", lost: true},
		{name: "half a character", raw: "\xe2\x82", lost: true},
		{name: "NUL, escaped", raw: `\u0000`, control: true},
		{name: "ESC, escaped", raw: `\u001b`, control: true},
		{name: "DEL", raw: "\x7f", control: true},
		{name: "U+0085", raw: "\u0085", control: true},
	} {
		class := ""
		switch {
		case c.lost:
			class = "bad_encoding"
		case c.control:
			class = "bad_identifier"
		}
		id := fmt.Sprint("char-", i)
		for _, form := range []string{"application/octet-stream", "text/plain"} {
			id += "-" + form[:1]
			add := func(place string, e Event) {
				one := shape("characters", c.name+" "+place+" as "+form, e)
				one.Request = one.With("Content-Type", form)
				cases = append(cases, one)
			}
			add("in a value", page("hostile-chars", id+"-v", `,"properties":{"title":"a`+c.raw+`b","x":["`+c.raw+`"]}`))
			add("in a name", page("hostile-chars", id+"-n", `,"type":"track","event":"a`+c.raw+`b"`))
			add("in a key", page("hostile-chars", id+"-k", `,"properties":{"a`+c.raw+`b":1},"`+c.raw+`":2`))
			inID := page("hostile-chars", "m"+id, `,"messageId":"`+id+c.raw+`"`).is(class)
			inID.ID = id + decoded(c.raw)
			add("in a messageId", inID)
			who := page("x", id+"-u", `,"anonymousId":"hostile-`+c.raw+`"`).is(class)
			who.Who = "anon:hostile-" + decoded(c.raw)
			add("in an identifier", who)
		}
	}
	return append(cases, bodies()...)
}

// bodies are characters around the JSON, and where it has no place for them.
func bodies() []Case {
	e := func(i int) Event { return page("hostile-chars", fmt.Sprint("body-", i), "") }
	refused := func(name string, i int, before, after string) Case {
		return Case{Kind: "characters", Name: name, Status: 400, Code: "invalid_json", Events: []Event{e(i)}, Request: sent("/v1/batch", []byte(before+string(batch(e(i)))+after))}
	}
	mark := shape("characters", "a byte order mark in front", e(0))
	mark.Body = append([]byte("\ufeff"), mark.Body...)
	raw := shape("characters", "a control character as it is", page("hostile-chars", "body-1", ",\"name\":\"a\x01b\""))
	raw.Status, raw.Code = 400, "invalid_json"
	return []Case{
		mark, raw, refused("two byte order marks", 2, "\ufeff\ufeff", ""), refused("a byte order mark behind", 3, "", "\ufeff"), refused("NUL in front", 4, "\x00", ""),
		refused("NUL behind", 5, "", "\x00"), refused("UTF-16", 6, "\xff\xfe{\x00", ""), refused("a second value", 7, "", "{}"),
	}
}

// numbers are those that a float or an integer cannot hold. They are text until somebody counts with them, and equal ones
// are one id.
func numbers() []Case {
	var cases []Case
	for i, c := range []struct{ raw, class string }{
		{"1e400", "number_out_of_range"},
		{"-1e400", "number_out_of_range"},
		{"1e-400", ""},
		{"12345678901234567890", "number_out_of_range"},
		{"-0", ""},
		{"0e999999999", ""},
		{"0.1e1", ""},
		{"1E+2", ""},
		{strings.Repeat("9", 400), "number_out_of_range"},
		{"0." + strings.Repeat("3", 400), ""},
	} {
		id := fmt.Sprint("number-", i)
		cases = append(cases, shape("numbers", c.raw+" as a value", page("hostile-numbers", id+"-v", `,"properties":{"n":`+c.raw+`}`)))
		cases = append(cases, shape("numbers", c.raw+" as revenue", page("hostile-numbers", id+"-r",
			`,"type":"track","event":"Order Completed","properties":{"order_id":"`+id+`","revenue":`+c.raw+`}`).is(c.class)))
		who := page("x", id+"-u", `,"anonymousId":null,"userId":`+c.raw)
		who.Who = "user:" + cmp.Or(map[string]string{"0.1e1": "1", "1E+2": "100"}[c.raw], c.raw)
		if c.raw == "-0" {
			who = who.is("blocked_identifier") // as 0 is
		}
		cases = append(cases, shape("numbers", c.raw+" as userId", who))
		traits := Event{Raw: []byte(`{"type":"identify","userId":"hostile-numbers","messageId":"` + id + `-t","timestamp":"` + moment + `","traits":{"n` + fmt.Sprint(i) + `":` + c.raw + `}}`), Who: "user:hostile-numbers"}
		traits.Traits = map[string]any{fmt.Sprint("n", i): number(c.raw)}
		cases = append(cases, shape("numbers", c.raw+" as a trait", traits))
	}
	return cases
}
