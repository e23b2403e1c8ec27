package protocol

import (
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// Plausible translates an event of Plausible's clients and of its events API, POST /api/event, in the long and the short form of its names. A
// pageview is a page, any other event a track event; an amount makes an order of an event whose name says that something was bought. The
// script's measure of how long a page was looked at ("engagement") is nothing that a visitor did, and is left out. The visitor has no
// identifier. Faults: those of parse and object.
func Plausible(r Request) (Batch, error) {
	body, err := object(r.Body)
	if err != nil {
		return Batch{}, err
	}
	// A script may name several sites, to count for each and for all of them. The first is the site itself.
	domain, _, _ := strings.Cut(textOf(body, "d", "domain"), ",")
	batch := Batch{Key: aliasOf(plausible, strings.TrimSpace(domain))}
	if err := once(body); err != nil {
		return batch, err
	}
	name := textOf(body, "n", "name")
	if name == "engagement" {
		return batch, nil
	}
	t := touch{
		typ: event.Track, name: event.Type(name), agent: r.Agent,
		url: textOf(body, "u", "url"), referrer: textOf(body, "r", "referrer"), properties: plausibleProps(body),
	}
	if name == "pageview" {
		t.typ, t.name = event.Page, ""
	}
	if isQuiet := firstOf(body, "i", "interactive"); isQuiet.Kind() == strictjson.False {
		t.properties.put("interactive", false)
	}
	revenue := asObject(firstOf(body, "$", "revenue"))
	t.earned(revenue.Get("amount").Any(), revenue.Get("currency").Any())
	batch.Events = append(batch.Events, t.event())
	return batch, nil
}

// plausibleProps are the custom properties, which older scripts send as JSON in a text.
func plausibleProps(body strictjson.Value) tree {
	properties := tree{}
	for name, value := range asObject(firstOf(body, "p", "props", "m", "meta")).Members() {
		properties.put(name, value.Any())
	}
	return properties
}

// asObject is an object that may be sent as JSON in a text. What is none, or says something twice, says nothing.
func asObject(sent strictjson.Value) strictjson.Value {
	if sent.Kind() == strictjson.Text {
		inner, err := parse(sent.Scalar())
		if err != nil || !isSound(inner) {
			return strictjson.Value{}
		}
		return inner
	}
	if sent.Kind() != strictjson.Object {
		return strictjson.Value{}
	}
	return sent
}
