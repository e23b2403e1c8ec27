// Package hostile is one table of requests that no friend would send, and the rules by which a system must come out of them: no answer of 500 or
// more, and no event that was answered as taken and is nowhere afterwards. The table goes through two roads: as Lambda events through the handlers
// with stores in memory (the tests here), and as raw bytes over TCP through the running system (tests/e2e).
//
// It starts nothing and sends nothing itself: a road turns a Request into an Answer, and Check looks for what became of every event through the
// read API.
//
//	cases, err := hostile.Cases("../..")
//	answers[i] = road(cases[i].Request)
//	tally, problems := hostile.Check(ctx, get, cases, answers)
package hostile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// WriteKey stands in a Request where the road puts the write key of its own workspace; in a Basic header it is encoded.
const WriteKey = "{write-key}"

// Request is one HTTP request, which need not be a valid one.
type Request struct {
	Method string
	Target string // path and query as they stand in the request line
	Header []Header
	Body   []byte
}

// Header is one header line. No value ends the line: roads over HTTP send the name alone.
type Header struct{ Name, Value string }

// With is the request with one more header.
func (r Request) With(name, value string) Request {
	r.Header = append(append([]Header(nil), r.Header...), Header{name, value})
	return r
}

// Case is a request and what must become of it.
type Case struct {
	Kind   string // under which it is counted
	Name   string
	Status int    // of the answer; 0 for any below 500
	Code   string // of a refusal; "" for any
	Request
	Events []Event // in their order in the request
}

// AsAnswered is the class of an event that may be accepted or rejected, as long as the answer and the stores agree.
const AsAnswered = "?"

// Event is one event of a request and where it must be found.
type Event struct {
	Raw     []byte         // as sent; nil for one that is kept in part, or that is no JSON at this place
	Class   string         // "" when it must be accepted, AsAnswered, or the class it must be rejected with
	Who     string         // identifier that it is kept under when it is accepted
	ID      string         // messageId: a touchpoint of Who has it
	Named   string         // name that this touchpoint has, when not ""
	Traits  map[string]any // that Who has
	Linked  string         // an identifier that belongs to Who
	Absent  string         // an identifier of whom nobody has heard
	Dropped string         // a trait beyond its limits, which is stated not to be kept
}

// Answer is what came back.
type Answer struct {
	Status  int
	Request string // id that the gateway gave the request; "" when the front itself refused it
	Body    []byte
}

// said is what a client can read in an answer.
type said struct {
	Success  bool   `json:"success"`
	Code     string `json:"code"`
	Rejected int    `json:"rejected"`
	Details  []struct {
		Index int    `json:"index"`
		Code  string `json:"code"`
	} `json:"details"`
}

// classes reads which events an answer rejects; known is false when the answer does not say, as an image cannot.
func (a Answer) classes() (rejected map[int]string, code string, known bool) {
	var s said
	if json.Unmarshal(a.Body, &s) != nil {
		return nil, "", false
	}
	rejected = map[int]string{}
	for _, d := range s.Details {
		rejected[d.Index] = d.Code
	}
	return rejected, s.Code, true
}

// day and moment are the device time of every event: of yesterday, for nobody believes an old time of a site.
var (
	day    = time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	moment = day + "T10:00:00.000Z"
)

// sent is a request with the write key as servers send it, its body untouched by any gateway.
func sent(path string, body []byte) Request {
	return Request{Method: "POST", Target: path, Body: body, Header: []Header{
		{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(WriteKey+":"))}, {"Content-Type", "application/octet-stream"},
	}}
}

// object writes JSON as clients do, which leave < and > alone.
func object(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("hostile: the table holds what JSON can say: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}

// batch wraps events into one body.
func batch(list ...Event) []byte {
	var out bytes.Buffer
	out.WriteString(`{"batch":[`)
	for i, e := range list {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(e.Raw)
	}
	out.WriteString(`]}`)
	return out.Bytes()
}

// page is a page event of an anonymous visitor with more members behind it, in place of its own of these names.
func page(who, id, more string) Event {
	var own []string
	for _, member := range [][2]string{{"type", "page"}, {"anonymousId", who}, {"messageId", id}, {"timestamp", moment}} {
		if !strings.Contains(more, fmt.Sprintf(",%q:", member[0])) {
			own = append(own, fmt.Sprintf("%q:%q", member[0], member[1]))
		}
	}
	return Event{Raw: []byte("{" + strings.TrimPrefix(strings.Join(own, ",")+more, ",") + "}"), Who: "anon:" + who, ID: id}
}

// is gives the event another fate.
func (e Event) is(class string) Event {
	e.Class = class
	return e
}
