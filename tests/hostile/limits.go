package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// The documented limits (docs/api.md), written out here so that a change of one is a change of this table.
const (
	eventBytes      = 32 << 10
	requestBytes    = 512 << 10
	unpackedBytes   = 1 << 20
	events          = 2500
	depth           = 32
	requestDepth    = 1000
	identifierBytes = 512
	messageIDBytes  = 256
	nameBytes       = 512
	traitBytes      = 1024 // a trait with a longer value as JSON is not kept
	traitNameBytes  = 128  // a trait with a longer name, or without one, is not kept
)

// limits is every limit at one less, itself, and one more.
func limits() []Case {
	var cases []Case
	for _, off := range []int{-1, 0, 1} {
		over := func(class string) string {
			if off > 0 {
				return class
			}
			return ""
		}
		one := func(kind string, e Event, class string) {
			e.Class = over(class)
			cases = append(cases, Case{Kind: kind, Name: fmt.Sprintf("limit %+d", off), Status: 200, Request: sent("/v1/batch", batch(e)), Events: []Event{e}})
		}
		whole := func(kind, code string, body []byte, list ...Event) {
			c := Case{Kind: kind, Name: fmt.Sprintf("limit %+d", off), Status: 200, Code: over(code), Request: sent("/v1/batch", body), Events: list}
			if off > 0 {
				c.Status = 400
			}
			cases = append(cases, c)
		}
		id := func(name string) string { return fmt.Sprint(name, 1+off) }
		one("event bytes", sized(id("event-"), eventBytes+off), "too_large")
		one("event depth", page("hostile-limit", id("depth-"), `,"properties":`+nested(depth+off-1)), "too_deep")
		named := page("hostile-limit", id("name-"), `,"type":"track","event":"`+strings.Repeat("n", nameBytes+off)+`"`)
		one("name bytes", named, "name_too_long")
		who := page(strings.Repeat("i", identifierBytes+off), id("who-"), "")
		one("identifier bytes", who, "key_too_long")
		trait := strings.Repeat("t", traitNameBytes+off)
		cases = append(cases, shape("trait name bytes", fmt.Sprintf("limit %+d", off), identify("hostile-trait", id("trait-"), trait, off)))
		value := strings.Repeat("v", traitBytes+off-len(`""`))
		cases = append(cases, shape("trait value bytes", fmt.Sprintf("limit %+d", off), identify("hostile-trait", id("value-"), id("v"), value)))
		one("messageId bytes", page("hostile-limit", id("m-")+strings.Repeat("m", messageIDBytes+off-3), ""), "key_too_long")

		e := page("hostile-limit", id("request-"), "")
		whole("request bytes", "request_too_large", padded(batch(e), requestBytes+off), e)
		whole("unpacked bytes", "request_too_large", pack(padded(batch(sized(id("unpacked-"), 999)), requestBytes+off)), sized(id("unpacked-"), 999))
		e = page("hostile-limit", id("shared-"), "")
		whole("context bytes", "context_too_large", withContext(e, `{"a":"`+strings.Repeat("x", eventBytes+off-len(`{"a":""}`))+`"}`), e)
		e = page("hostile-limit", id("shallow-"), "")
		whole("context depth", "context_too_deep", withContext(e, nested(depth+off)), e)
		many := make([]Event, events+off)
		for i := range many {
			many[i] = page("hostile-many", fmt.Sprint(id("many-"), "-", i), "")
		}
		whole("events", "too_many_events", batch(many...), many...)
	}
	return append(cases, beyond()...)
}

// beyond is what lies far beyond a limit, made to exhaust whoever reads it.
func beyond() []Case {
	refused := func(name, code string, body []byte) Case {
		return Case{Kind: "far beyond", Name: name, Status: 400, Code: code, Request: sent("/v1/batch", body), Events: []Event{page("hostile-beyond", "beyond", "")}}
	}
	e := page("hostile-beyond", "beyond", "")
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	huge := sized("beyond-huge", 400_000)
	return []Case{
		refused("10,000 levels", "too_deep", batch(page("hostile-beyond", "beyond", `,"properties":{"a":`+deep+`}`))),
		refused("10,000 levels that do not end", "too_deep", bytes.Repeat([]byte(`{"a":`), 10_000)),
		refused("10,000 levels of context", "too_deep", withContext(e, `{"a":`+deep+`}`)),
		refused("100 MB of spaces in 100 KB", "gzip_too_large", pack(bytes.Repeat([]byte(" "), 100_000_000))),
		refused("unpacks to 1 MiB", "request_too_large", pack(padded(batch(e), unpackedBytes))),
		refused("unpacks to 1 MiB and a byte", "gzip_too_large", pack(padded(batch(e), unpackedBytes+1))),
		refused("packed twice", "gzip_nested", pack(pack(batch(e)))),
		refused("packed and cut", "gzip_truncated", pack(batch(e))[:40]),
		refused("packed and hit", "gzip_corrupt", hit(pack(batch(e)))),
		refused("packed, and more", "gzip_trailing", append(pack(batch(e)), '{', '}')),
		{
			Kind: "far beyond", Name: "one event of 400,000 bytes", Status: 200, Request: sent("/v1/batch", batch(huge)),
			Events: []Event{{Class: "too_large", ID: huge.ID, Who: huge.Who}},
		},
		{Kind: "far beyond", Name: "3 MB", Status: 400, Code: "request_too_large", Request: sent("/v1/batch", padded(batch(e), 3_000_000)), Events: []Event{e}},
		{Kind: "far beyond", Name: "6 MB, of which the gateway makes more than Lambda takes", Status: 413, Request: sent("/v1/batch", padded(batch(e), 6_000_000)), Events: []Event{e}},
	}
}

// hit changes one byte of the checksum.
func hit(packed []byte) []byte {
	packed[len(packed)-8] ^= 1
	return packed
}

// sized is a page event of exactly so many bytes.
func sized(id string, size int) Event {
	empty := page("hostile-limit", id, `,"properties":{"pad":""}`)
	return page("hostile-limit", id, `,"properties":{"pad":"`+strings.Repeat("x", size-len(empty.Raw))+`"}`)
}

// nested is an object of so many levels.
func nested(levels int) string {
	return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
}

func padded(body []byte, size int) []byte {
	return append(body, bytes.Repeat([]byte(" "), size-len(body))...)
}

func withContext(e Event, context string) []byte {
	return fmt.Appendf(nil, `{"batch":[%s],"context":%s}`, e.Raw, context)
}

func pack(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("hostile: a buffer takes everything: " + err.Error())
	}
	return out.Bytes()
}

// contentTypes are those that collection clients send, missing and malformed ones, and whether API Gateway hands the body over as text.
var contentTypes = []struct {
	value  string
	isText bool
}{
	{"text/plain", true},
	{"text/plain;charset=UTF-8", true},
	{"application/json", true},
	{"application/json; charset=utf-8", true},
	{"application/json;charset=UTF-8", true},
	{"application/x-www-form-urlencoded", false},
	{"", false},
	{"TEXT/PLAIN", true},
	{"text/plain; charset=utf-16", true},
	{"application/json; charset=shift_jis", true},
	{`application/json; charset="`, true},
	{"application/json;;;;", true},
	{"application/vnd.api+json", false},
	{"application/octet-stream", false},
	{"application/gzip", false},
	{"multipart/form-data; boundary=x", false},
	{"image/png", false},
	{"json", false},
	{"/", false},
	{";", false},
	{"*/*", false},
	{"\xff\xfe", false},
	{"application/" + strings.Repeat("x", 4000), false},
}

// underTypes sends one event plain and packed under every Content-Type. Plain ones are always taken; packed ones are, unless the gateway
// hands them over as text, and then the answer says so.
func underTypes() []Case {
	var cases []Case
	for i, t := range contentTypes {
		for _, form := range []string{"plain", "packed"} {
			e := page("hostile-types", fmt.Sprint("type-", i, "-", form), `,"name":"Café 😀"`)
			e.Named = "Café 😀"
			c := Case{Kind: form + " under each type", Name: fmt.Sprintf("%.40q", t.value), Status: 200, Request: sent("/v1/batch", batch(e)), Events: []Event{e}}
			c.Header = c.Header[:1] // the key alone
			if t.value != "" {
				c.Request = c.With("Content-Type", t.value)
			}
			if form == "packed" {
				c.Body = pack(c.Body)
			}
			switch {
			case form == "packed" && t.isText: // and nobody says that it is packed, so no edge can help
				c.Status, c.Code = 400, "gzip_damaged"
			case form == "packed":
				c.Request = c.With("Content-Encoding", "gzip")
			}
			cases = append(cases, c)
		}
	}
	return cases
}
