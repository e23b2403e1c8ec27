package hostile

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// together is how many texts one batch brings.
const together = 100

// inPlaces puts every text into nine places: event, userId, trait key, trait value, URL, title, user agent, query string and write key.
func inPlaces(all []string) []Case {
	var cases []Case
	cases = append(cases, inBatches("as event name", all, func(i int, text string) Event {
		id := fmt.Sprint("name-", i)
		return Event{
			Raw: object(map[string]any{"type": "track", "anonymousId": "hostile-name", "messageId": id, "timestamp": moment, "event": text}),
			Who: "anon:hostile-name", ID: id, Class: AsAnswered, Named: text,
		}
	})...)
	cases = append(cases, inBatches("as userId", all, func(i int, text string) Event {
		id := fmt.Sprint("user-", i)
		return Event{
			Raw: object(map[string]any{"type": "page", "userId": text, "messageId": id, "timestamp": moment}), Who: "user:" + text, ID: id, Class: AsAnswered,
		}
	})...)
	cases = append(cases, inBatches("as URL", all, func(i int, text string) Event {
		return page("hostile-url", fmt.Sprint("url-", i), `,"properties":{"url":`+string(object(text))+`,"referrer":`+string(object(text))+`},"context":{"page":{"url":`+string(object(text))+`}}`)
	})...)
	cases = append(cases, inBatches("as title", all, func(i int, text string) Event {
		return page("hostile-title", fmt.Sprint("title-", i), `,"properties":{"title":`+string(object(text))+`},"context":{"page":{"title":`+string(object(text))+`}}`)
	})...)
	cases = append(cases, asTraits(all)...)
	cases = append(cases, inRequests(all)...)
	return cases
}

func inBatches(kind string, all []string, event func(int, string) Event) []Case {
	var cases []Case
	for part := range slices.Chunk(all, together) {
		c := Case{Kind: kind, Name: fmt.Sprint("batch ", len(cases)), Status: 200}
		for i, text := range part {
			c.Events = append(c.Events, event(together*len(cases)+i, text))
		}
		c.Request = sent("/v1/batch", batch(c.Events...))
		cases = append(cases, c)
	}
	return cases
}

// asTraits makes each text the name of a trait and the value of one; each batch is of one person, who may have 256.
func asTraits(all []string) []Case {
	keys := inBatches("as trait key", all, func(i int, text string) Event {
		return identify(fmt.Sprint("hostile-key-", i/together), fmt.Sprint("key-", i), text, i)
	})
	for c := range keys { // of two values of one trait the one with the higher id stays
		byKey := map[string]int{}
		for i, e := range keys[c].Events {
			for name := range e.Traits {
				if before, twice := byKey[name]; twice {
					keys[c].Events[before].Traits = nil
				}
				byKey[name] = i
			}
		}
	}
	values := inBatches("as trait value", all, func(i int, text string) Event {
		return identify(fmt.Sprint("hostile-value-", i/together), fmt.Sprint("value-", i), fmt.Sprint("v", i), text)
	})
	return append(keys, values...)
}

// identify is a call with one trait, which is kept within its limits and leaves the rest of the event alone beyond them.
func identify(who, id, trait string, value any) Event {
	traits := map[string]any{trait: value}
	e := Event{
		Raw: object(map[string]any{"type": "identify", "userId": who, "messageId": id, "timestamp": fmt.Sprintf("%sT10:00:00.%03dZ", day, len(id)), "traits": traits}),
		Who: "user:" + who,
	}
	if trait == "" || len(trait) > traitNameBytes || len(object(value)) > traitBytes {
		e.Dropped = trait
		return e
	}
	e.Traits = traits
	return e
}

// inRequests makes each text a header, a part of the query and a key.
func inRequests(all []string) []Case {
	var cases []Case
	for i, text := range all {
		agent := page("hostile-agent", fmt.Sprint("agent-", i), `,"context":{"userAgent":`+string(object(text))+`}`)
		cases = append(cases, Case{
			Kind: "as user agent", Name: text, Request: sent("/v1/batch", batch(agent)).With("User-Agent", text), Events: []Event{agent.is(AsAnswered)},
		})
		for _, form := range []string{"&title=" + url.QueryEscape(text), "&" + text} {
			id := fmt.Sprint("query-", i, "-", len(cases))
			c := Case{Kind: "as query, escaped", Name: text, Status: 200, Events: []Event{{Who: "anon:hostile-query", ID: id}}}
			if form[1:] == text {
				c.Kind, c.Status, c.Events[0].Class = "as query, raw", 0, AsAnswered
			}
			c.Request = Request{Method: "GET", Target: "/v1/pixel.gif?writeKey=" + WriteKey + "&anonymousId=hostile-query&messageId=" + id + "&timestamp=" + moment + form}
			cases = append(cases, c)
		}
		cases = append(cases, asKey(i, text)...)
	}
	return cases
}

// asKey sends each text where a write key is looked for. None of them is one.
func asKey(i int, text string) []Case {
	e := page("hostile-key", fmt.Sprint("key-", i), "")
	body := `{"writeKey":` + string(object(text)) + `,` + strings.TrimPrefix(string(e.Raw), "{")
	header := Request{Method: "POST", Target: "/v1/page", Body: e.Raw}
	return []Case{
		{
			Kind: "as write key", Name: "header " + text, Status: 401, Events: []Event{e},
			Request: header.With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text+":"))),
		},
		{Kind: "as write key", Name: "body " + text, Status: 401, Events: []Event{e}, Request: Request{Method: "POST", Target: "/v1/page", Body: []byte(body)}},
		{
			Kind: "as write key", Name: "query " + text, Status: 401, Events: []Event{e},
			Request: Request{Method: "POST", Target: "/v1/page?writeKey=" + url.QueryEscape(text), Body: e.Raw},
		},
	}
}
