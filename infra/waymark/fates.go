package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	goio "io" // io is the command's stdio
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"waymark/infra/local/front"
)

// The fates that are seen where events come in.
const (
	accepted = "accepted"
	rejected = "rejected" // kept with its reason
	refused  = "refused"  // told to the client alone
)

// fate is what became of an event, or of some that are alike, or of a request of which no event was read. Nothing in it
// says who the event is about.
type fate struct {
	At     time.Time `json:"at"`
	Fate   string    `json:"fate"`
	Event  string    `json:"event,omitempty"` // type and name; "" for a whole request
	Count  int       `json:"count"`
	Class  string    `json:"class,omitempty"`
	Field  string    `json:"field,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Route  string    `json:"route"`
	Status int       `json:"status"`
}

func (f fate) why() string { return strings.TrimPrefix(f.Field+": ", ": ") + f.Reason }

// collecting is the function that takes events.
const collecting = "Collect"

// taken is what it answers.
type taken struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Index  int    `json:"index"`
		Field  string `json:"field"`
		Code   string `json:"code"`
		Reason string `json:"reason"`
	} `json:"details"`
}

// fatesIn tells what became of the events of a request, in their order; those that follow each other and are alike are one.
// A request that brings no events has none.
func fatesIn(x front.Exchange) []fate {
	isAsked := x.Method == http.MethodPost || x.Method == http.MethodGet
	if !isAsked || x.Function != collecting && (x.Function != "" || x.Method != http.MethodPost) {
		return nil
	}
	whole := fate{At: x.At, Count: 1, Route: x.Method + " " + x.Path, Status: x.Status}
	var said taken
	_ = json.Unmarshal(x.Answer, &said) // an image says nothing
	names := namesIn(x)
	if x.Status != http.StatusOK && len(said.Details) == 0 {
		whole.Fate, whole.Class, whole.Reason = refused, cmp.Or(said.Code, "no_answer"), withoutQuotes(cmp.Or(said.Message, http.StatusText(x.Status)))
		return []fate{whole}
	}
	bad := rejected
	if x.Status != http.StatusOK {
		bad = refused // with strict=1 all of them are, the good ones too
	}
	all := make([]fate, len(names))
	for i, name := range names {
		all[i] = whole
		all[i].Event, all[i].Fate = name, map[bool]string{true: accepted, false: refused}[x.Status == http.StatusOK]
	}
	for _, d := range said.Details {
		if d.Index < len(all) {
			f := &all[d.Index]
			f.Fate, f.Class, f.Field, f.Reason = bad, d.Code, d.Field, withoutQuotes(d.Reason)
		}
	}
	var n, of int
	_, _ = fmt.Sscanf(x.Header.Get("Waymark-Rejected"), "%d/%d", &n, &of) // none when the header is not there
	if n > 0 && len(said.Details) == 0 && len(all) == 1 {                 // the pixel
		all[0].Fate, all[0].Class, all[0].Reason = bad, "bad", "an image cannot say why; `waymark failed list` can"
	}
	if n > 1 && n == of {
		whole.Event, whole.Fate = fmt.Sprintf("all %d events of %s", n, whole.Route), bad
		return append(alike(all), whole)
	}
	return alike(all)
}

// alike makes one of those that follow each other and say the same.
func alike(all []fate) []fate {
	var out []fate
	for _, f := range all {
		if n := len(out); n > 0 {
			last := out[n-1]
			if last.Count = f.Count; last == f {
				out[n-1].Count++
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// namesIn gives the type and name of each event of a request, as far as they can be read.
func namesIn(x front.Exchange) []string {
	type named struct{ Type, Event, Name any }
	name := func(e named) string {
		text := func(v any) string { s, _ := v.(string); return s }
		kind := cmp.Or(typesByRoute[path.Base(strings.TrimRight(x.Path, "/"))], text(e.Type), "event")
		return strings.TrimSpace(printable(kind + " " + withoutPersons(cmp.Or(text(e.Event), text(e.Name)))))
	}
	if x.Method == http.MethodGet {
		query, _ := url.ParseQuery(x.Query) // what can be read of it
		e := named{Type: "page"}
		if data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(query.Get("data"), "=")); err == nil {
			_ = json.Unmarshal(data, &e) // what the query says lies over it
		}
		for name, said := range map[string]*any{"type": &e.Type, "event": &e.Event, "name": &e.Name} {
			if query.Has(name) {
				*said = query.Get(name)
			}
		}
		return []string{name(e)}
	}
	var body struct {
		named
		Batch []json.RawMessage
	}
	if err := json.Unmarshal(unpacked(x.Body), &body); err != nil {
		return nil
	}
	if body.Batch == nil {
		return []string{name(body.named)}
	}
	names := make([]string, len(body.Batch))
	for i, text := range body.Batch {
		var e named
		_ = json.Unmarshal(text, &e) // what is no event has no name
		names[i] = name(e)
	}
	return names
}

// typesByRoute are the types of events that have a route of their own.
var typesByRoute = map[string]string{
	"track": "track", "t": "track", "page": "page", "p": "page", "screen": "screen", "s": "screen",
	"identify": "identify", "i": "identify", "group": "group", "g": "group", "alias": "alias", "a": "alias",
}

// unpacked is a body as it was before the client packed it; one that cannot be unpacked comes back as it is.
func unpacked(body []byte) []byte {
	const most = 1 << 20
	if member, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		if plain, err := goio.ReadAll(goio.LimitReader(member, most)); err == nil {
			return plain
		}
	}
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	personal = regexp.MustCompile(`@|[0-9]{5}`)
)

// withoutQuotes takes out of a reason what it quotes of the event.
func withoutQuotes(reason string) string { return quoted.ReplaceAllString(reason, `"…"`) }

// withoutPersons takes away the name of an event that may be one of a person: an address or a long number.
func withoutPersons(name string) string {
	if personal.MatchString(name) {
		return "…"
	}
	return name
}
