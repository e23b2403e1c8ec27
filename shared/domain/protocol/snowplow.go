package protocol

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Snowplow translates what Snowplow's trackers post: POST /com.snowplowanalytics.snowplow/tp2, a list of events in the tracker protocol. A page
// view is a page, a screen view a screen; a structured event is a track event by its action, a self-describing one by the name of its schema; the
// e-commerce events, old and new, get the names of the Segment specification. Page pings are nothing that a visitor did, and are left out. The
// domain user id is the anonymous id. The key is an alias of the app id. Faults: those of parse and object; Invalid bad_batch, key_mismatch.
func Snowplow(r Request) (Batch, error) {
	body, err := object(r.Body)
	if err != nil {
		return Batch{}, err
	}
	list := body.Get("data")
	if list.Kind() != strictjson.List {
		return Batch{}, fault.New(fault.Invalid, "bad_batch", "a request of a Snowplow tracker has a list of events under this name").At("data")
	}
	app := oneOf{protocol: snowplow}
	items := itemsOf(list)
	batch := Batch{}
	for sent := range list.Items() {
		app.add(sent.Get("aid").Scalar())
		if !isSound(sent) {
			batch = batch.with(sent)
			continue
		}
		e := snowplowEvent{get: func(name string) string { return sent.Get(name).Scalar() }, agent: r.Agent, items: items}
		batch = batch.with(e.translate())
	}
	batch.Key, err = app.key()
	return batch, err
}

// SnowplowPixel translates one event in a query: GET /i.
func SnowplowPixel(r Request) (Batch, error) {
	e := snowplowEvent{get: r.Query.Get, agent: r.Agent}
	return Batch{Key: aliasOf(snowplow, r.Query.Get("aid"))}.with(e.translate()), nil
}

// itemsOf are the items of orders in a request, by order: a tracker of the older kind sends them as events of their own behind it.
func itemsOf(list strictjson.Value) map[string][]any {
	items := map[string][]any{}
	for sent := range list.Items() {
		if sent.Get("e").Scalar() != "ti" {
			continue
		}
		item := tree{}
		for ours, name := range map[string]string{"product_id": "ti_sk", "name": "ti_nm", "category": "ti_ca", "price": "ti_pr", "quantity": "ti_qu"} {
			item.put(ours, sent.Get(name).Scalar())
		}
		order := sent.Get("ti_id").Scalar()
		items[order] = append(items[order], map[string]any(item))
	}
	return items
}

// snowplowEvent is one event by the names of the tracker protocol.
type snowplowEvent struct {
	get   func(name string) string
	agent string // of the request: the visitor's, where a browser sends
	items map[string][]any
}

// translate makes the event; missing for what nobody did.
func (e snowplowEvent) translate() strictjson.Value {
	entities := e.entities()
	t := e.touch(entities)
	switch e.get("e") {
	case "pv":
		t.typ = event.Page
	case "pp":
		return strictjson.Value{}
	case "se":
		t.name = event.Type(e.get("se_ac"))
		t.properties.set("category", e.get("se_ca"), "label", e.get("se_la"), "property", e.get("se_pr"), "value", e.get("se_va"))
	case "tr":
		t.name = event.OrderCompleted
		t.properties.set("order_id", e.get("tr_id"), "revenue", e.get("tr_tt"), "tax", e.get("tr_tx"), "shipping", e.get("tr_sh"),
			"currency", e.get("tr_cu"), "affiliation", e.get("tr_af"), "products", e.items[e.get("tr_id")])
	case "ti":
		return strictjson.Value{} // a product of its order
	case "ue":
		e.selfDescribing(&t, entities)
	default:
		t.name = event.Type(e.get("e"))
	}
	for name, list := range entities {
		if len(list) > 0 && !isPlumbing(name) {
			contexts, _ := t.properties["contexts"].(map[string]any)
			if contexts == nil {
				contexts = map[string]any{}
				t.properties["contexts"] = contexts
			}
			contexts[name] = anyOf(list)
		}
	}
	return t.event()
}

// touch is what every event says of visitor, time and place.
func (e snowplowEvent) touch(entities entities) touch {
	session := entities.first("client_session")
	t := touch{
		typ: event.Track, id: e.get("eid"), user: e.get("uid"),
		anonymous: cmp.Or(e.get("duid"), textOf(session, "userId"), e.get("tnuid"), e.get("nuid")),
		session:   cmp.Or(e.get("sid"), textOf(session, "sessionId")),
		at:        instant(cmp.Or(e.get("ttm"), e.get("dtm")), time.Millisecond), sent: instant(e.get("stm"), time.Millisecond),
		url: e.get("url"), referrer: e.get("refr"), title: e.get("page"), language: e.get("lang"), agent: e.get("ua"), ip: e.get("ip"), properties: tree{},
	}
	if t.agent == "" && cmp.Or(e.get("p"), "web") == "web" {
		t.agent = e.agent
	}
	return t
}

// selfDescribing reads an event whose schema names it.
func (e snowplowEvent) selfDescribing(t *touch, entities entities) {
	inner := e.encoded("ue_pr", "ue_px").Get("data")
	name, data := schemaName(inner.Get("schema").Scalar()), inner.Get("data")
	t.name = event.Type(name)
	if name == "snowplow_ecommerce_action" {
		shopAction(t, data, entities)
		return
	}
	for member, value := range data.Members() {
		t.properties.put(member, value.Any())
	}
	if name == "screen_view" {
		screen, _ := t.properties.take("name").(string)
		t.typ, t.name = event.Screen, event.Type(screen)
	}
}

// encoded is a member that is JSON in a text, or that in base64.
func (e snowplowEvent) encoded(plain, packed string) strictjson.Value {
	text := e.get(plain)
	if text == "" {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(e.get(packed)), "="))
		if err != nil {
			return strictjson.Value{}
		}
		text = strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	v, err := parse(text)
	if err != nil || !isSound(v) {
		return strictjson.Value{}
	}
	return v
}

// schemaName is the name of a schema such as iglu:com.acme/link_click/jsonschema/1-0-1.
func schemaName(schema string) string {
	parts := strings.Split(strings.TrimPrefix(schema, "iglu:"), "/")
	if len(parts) != 4 {
		return ""
	}
	name, err := url.PathUnescape(parts[1])
	if err != nil {
		return parts[1]
	}
	return name
}
