package protocol

import (
	"cmp"
	"strconv"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// GA4 translates a request of the Measurement Protocol of Google Analytics 4, POST /mp/collect. The client or app instance is the anonymous id.
// Names that Google gives to what happens in shops become those of the Segment specification; user properties become an identify event.
// What Google's tags send by themselves (session_start, first_visit, first_open, user_engagement) is left out. A request that says its time has ids
// which a repeat makes again. Faults: those of parse and object.
//
// The key is an alias of the measurement id, or Firebase app id, and the API secret: who only knows the id, which stands in every page, sends nothing.
func GA4(r Request) (Batch, error) {
	id := cmp.Or(r.Query.Get("measurement_id"), r.Query.Get("firebase_app_id"))
	batch := Batch{Key: aliasOf(ga4, id)}
	if secret := r.Query.Get("api_secret"); id != "" && batch.Key != id && secret != "" {
		batch.Key = aliasOf(ga4, id+":"+secret)
	}
	body, err := object(r.Body)
	if err != nil {
		return batch, err
	}
	list := []strictjson.Value{body.Get("events")} // one by itself, as some clients send it
	if list[0].Kind() != strictjson.Object {
		list = itemsIn(list[0])
	}
	index := 0
	for _, sent := range list {
		if !isSound(sent) {
			batch = batch.with(sent)
			continue
		}
		of := ga4Event{body: body, sent: sent, params: sent.Get("params")}
		batch = batch.with(of.translate(r, index))
		index++
	}
	if traits := ga4Traits(body); len(traits) > 0 {
		t := ga4Event{body: body}.touch(r, index)
		t.typ, t.traits = event.Identify, traits
		batch = batch.with(t.event())
	}
	return batch, nil
}

// ga4Event is one event with the request around it.
type ga4Event struct{ body, sent, params strictjson.Value }

// touch is what all events of the request have in common, and what this one says of time and place.
func (e ga4Event) touch(r Request, index int) touch {
	param := func(name string) string { return e.params.Get(name).Scalar() }
	device := e.body.Get("device")
	t := touch{
		anonymous: textOf(e.body, "client_id", "app_instance_id"), user: e.body.Get("user_id").Scalar(),
		at:  instant(cmp.Or(textOf(e.sent, "timestamp_micros"), textOf(e.body, "timestamp_micros")), time.Microsecond),
		url: param("page_location"), referrer: param("page_referrer"), title: param("page_title"),
		session: cmp.Or(param("session_id"), param("ga_session_id")),
		country: textOf(e.body.Get("user_location"), "country_id"), agent: textOf(e.body, "user_agent"), ip: textOf(e.body, "ip_override"),
		language: cmp.Or(param("language"), device.Get("language").Scalar()), campaign: tree{}, properties: tree{},
	}
	t.campaign.set("source", param("source"), "medium", param("medium"), "name", param("campaign"), "term", param("term"), "content", param("content"))
	if t.at != "" {
		t.id = hashed(ga4, r.Body, strconv.Itoa(index))
	}
	return t
}

// ga4Places are the parameters that the event says elsewhere.
var ga4Places = [...]string{
	"page_location", "page_referrer", "page_title", "session_id", "ga_session_id", "source", "medium", "campaign", "term", "content", "language", "engagement_time_msec",
}

// translate makes the event; missing for what nobody did.
func (e ga4Event) translate(r Request, index int) strictjson.Value {
	name := e.sent.Get("name").Scalar()
	t := e.touch(r, index)
	for parameter, value := range e.params.Members() {
		t.properties.put(parameter, value.Any())
	}
	for _, place := range ga4Places {
		delete(t.properties, place)
	}
	t.typ, t.name = event.Track, shopName(name)
	switch name {
	case "session_start", "first_visit", "first_open", "user_engagement":
		return strictjson.Value{}
	case "page_view":
		t.typ, t.name = event.Page, ""
		return t.event()
	case "screen_view":
		screen, _ := t.properties.take("screen_name").(string)
		t.typ, t.name = event.Screen, event.Type(screen)
		return t.event()
	case "purchase", "in_app_purchase":
		t.name = event.OrderCompleted
	case "refund":
		t.name = event.OrderRefunded
	}
	e.shop(&t)
	return t.event()
}

// shop gives the properties of shops the names of the specification: those of an order and its products, or of the one product that the event is about.
func (e ga4Event) shop(t *touch) {
	delete(t.properties, "items")
	list := products(e.params.Get("items"), ga4Items)
	if t.name == event.OrderCompleted || t.name == event.OrderRefunded {
		t.properties.set("order_id", t.properties.take("transaction_id"), "revenue", t.properties.take("value"), "products", list)
		return
	}
	t.properties.put("query", t.properties.take("search_term"))
	if len(list) > 1 {
		t.properties.put("products", list)
		return
	}
	for _, only := range list {
		for name, value := range only.(map[string]any) {
			t.properties.put(name, value)
		}
	}
}

var ga4Items = map[string]string{"item_id": "product_id", "item_name": "name", "item_brand": "brand", "item_category": "category", "item_variant": "variant"}

// ga4Traits are the user properties, each {"value": …}.
func ga4Traits(body strictjson.Value) tree {
	traits := tree{}
	for name, property := range body.Get("user_properties").Members() {
		traits.put(name, property.Get("value").Any())
	}
	return traits
}
