package protocol

import (
	"cmp"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Umami translates what Umami's clients send: POST /api/send with one event, POST /api/batch with a list of them. An event without a name is a
// page, with one a track event; identify sets the traits of its id, which is a user id. Measures of how fast a page was are left out. A visitor
// who was not identified has no identifier. Faults: those of parse; Invalid not_an_object and invalid_json for one event, bad_batch, key_mismatch
// for a list about several sites.
func Umami(r Request) (Batch, error) {
	body, err := parse(r.Body)
	if err != nil {
		return Batch{}, err
	}
	if body.Kind() != strictjson.List {
		if body, err = object(r.Body); err != nil {
			return Batch{}, err
		}
		batch := Batch{Key: aliasOf(umami, umamiSite(body))}
		if err := once(body); err != nil {
			return batch, err
		}
		return batch.with(umamiEvent(body, r.Agent)), nil
	}
	batch := Batch{}
	site := oneOf{protocol: umami}
	for sent := range body.Items() {
		site.add(umamiSite(sent))
		batch = batch.with(umamiEvent(sent, r.Agent))
	}
	batch.Key, err = site.key()
	return batch, err
}

// with adds an event, unless there is none.
func (b Batch) with(v strictjson.Value) Batch {
	if v.Kind() != strictjson.Missing {
		b.Events = append(b.Events, v)
	}
	return b
}

// oneOf is the one id that all events of a request name.
type oneOf struct {
	protocol, id string
	differ       bool
}

func (o *oneOf) add(id string) {
	o.differ = o.differ || id != "" && o.id != "" && id != o.id
	o.id = cmp.Or(o.id, id)
}

// key is the alias of that id. Fault: Invalid key_mismatch where there are several.
func (o *oneOf) key() (string, error) {
	if o.differ {
		return "", fault.New(fault.Invalid, "key_mismatch", "the events of the request name different sites or apps; send those of each by themselves")
	}
	return aliasOf(o.protocol, o.id), nil
}

func umamiSite(sent strictjson.Value) string {
	return textOf(sent.Get("payload"), "website", "pixel", "link")
}

// umamiEvent translates one event; missing for what is none.
func umamiEvent(sent strictjson.Value, agent string) strictjson.Value {
	said := sent.Get("payload")
	typ := cmp.Or(sent.Get("type").Scalar(), "event")
	if !isSound(sent) || said.Kind() != strictjson.Object || typ != "event" && typ != "identify" && typ != "performance" {
		return sent
	}
	host := said.Get("hostname").Scalar()
	t := touch{
		typ: event.Track, name: event.Type(said.Get("name").Scalar()), user: said.Get("id").Scalar(),
		at:  instant(said.Get("timestamp").Scalar(), time.Second),
		url: absolute(said.Get("url").Scalar(), host), referrer: absolute(said.Get("referrer").Scalar(), host), title: said.Get("title").Scalar(),
		language: said.Get("language").Scalar(), ip: said.Get("ip").Scalar(), agent: cmp.Or(said.Get("userAgent").Scalar(), agent), properties: tree{},
	}
	switch {
	case typ == "performance":
		return strictjson.Value{}
	case typ == "identify":
		t.typ, t.name, t.traits = event.Identify, "", tree(said.Get("data").Map())
		return t.event()
	case t.name == "":
		t.typ = event.Page
	}
	for name, value := range said.Get("data").Members() {
		t.properties.put(name, value.Any())
	}
	t.properties.put("tag", said.Get("tag").Any())
	if t.typ == event.Track {
		t.earned(t.properties.take("revenue"), t.properties.take("currency"))
	}
	return t.event()
}
