package event

import (
	"strconv"

	"waymark/shared/domain/money"
	"waymark/shared/domain/strictjson"
)

// The canonical form of an event is the JSON in which it travels from collect to process once it is accepted: one
// object without what is empty and without what its envelope or another member says. The same event always has the
// same bytes, in ASCII.

// AppendJSON appends the canonical form.
func (e Event) AppendJSON(out []byte) []byte {
	w := encoder{append(out, '{')}
	w.number("index", int64(e.Index), e.Index != 0)
	w.text("id", string(e.ID))
	w.text("type", string(e.Type))
	w.text("name", e.Name)
	w.flag("untimed", e.Untimed)
	w.number("original", int64(e.Original), e.Original != e.Received)
	w.number("corrected", int64(e.Corrected), e.Corrected != e.Original)
	w.number("grade", int64(e.Grade), e.Grade != Public)
	w.flag("vouched", e.Vouched)
	w.flag("unproven", e.Unproven)
	w.text("network", e.Network)
	w.flag("skewed", e.Skewed)
	w.flag("future", e.Future)
	w.identifiers("identifiers", e.Identifiers)
	w.identifiers("previous", e.Previous)
	if e.Marketing != (Marketing{}) {
		w.name("marketing")
		w.out = e.Marketing.appendJSON(w.out)
	}
	w.text("country", e.Country)
	w.text("session", e.Session)
	w.text("agent", e.Agent)
	if e.Order != nil {
		w.name("order")
		w.out = e.Order.appendJSON(w.out)
	}
	w.tree("properties", e.Properties)
	w.tree("traits", e.Traits)
	w.text("group", e.Group)
	return append(w.out, '}')
}

func (m Marketing) appendJSON(out []byte) []byte {
	w := encoder{append(out, '{')}
	w.text("explicit", m.Explicit)
	w.text("source", m.Source)
	w.text("medium", m.Medium)
	w.text("campaign", m.Campaign)
	w.text("term", m.Term)
	w.text("content", m.Content)
	w.text("referrer", m.Referrer)
	w.text("url", m.URL)
	return append(w.out, '}')
}

func (o Order) appendJSON(out []byte) []byte {
	w := encoder{append(out, '{')}
	w.text("id", o.ID)
	w.text("kind", string(o.Kind))
	w.text("of", o.Of)
	w.text("scope", o.Scope)
	w.flag("unpriced", o.Unpriced)
	w.number("micros", int64(o.Amount), true)
	w.text("currency", o.Currency)
	w.number("items", int64(o.Items), o.Items != 0)
	return append(w.out, '}')
}

// encoder writes the members of one object and leaves out what is empty.
type encoder struct{ out []byte }

// name begins a member. Names are letters, digits and underscores.
func (w *encoder) name(name string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(append(append(w.out, '"'), name...), '"', ':')
}

func (w *encoder) text(name, value string) {
	if value != "" {
		w.name(name)
		w.out = strictjson.AppendText(w.out, value)
	}
}

func (w *encoder) number(name string, value int64, isSaid bool) {
	if isSaid {
		w.name(name)
		w.out = strconv.AppendInt(w.out, value, 10)
	}
}

func (w *encoder) flag(name string, isSet bool) {
	if isSet {
		w.name(name)
		w.out = append(w.out, "true"...)
	}
}

func (w *encoder) identifiers(name string, ids []Identifier) {
	for i, id := range ids {
		if i == 0 {
			w.name(name)
		}
		w.out = append(w.out, "[,"[min(i, 1)])
		w.out = strictjson.AppendText(w.out, string(id))
	}
	if len(ids) > 0 {
		w.out = append(w.out, ']')
	}
}

func (w *encoder) tree(name string, tree map[string]any) {
	if tree != nil {
		w.name(name)
		w.out = strictjson.AppendAny(w.out, tree)
	}
}

// decoder reads the members of objects that encoder has written, and notes whether one of them is of no encoder.
type decoder struct{ bad bool }

func (d *decoder) refuse() { d.bad = true }

func (d *decoder) text(v strictjson.Value) string {
	if v.Kind() != strictjson.Text {
		d.refuse()
	}
	return v.Scalar()
}

func (d *decoder) number(v strictjson.Value) int64 {
	n, ok := v.Int()
	if !ok {
		d.refuse()
	}
	return n
}

func (d *decoder) flag(v strictjson.Value) bool {
	if v.Kind() != strictjson.True && v.Kind() != strictjson.False {
		d.refuse()
	}
	return v.Kind() == strictjson.True
}

func (d *decoder) grade(v strictjson.Value) Grade {
	n := d.number(v)
	if n <= int64(Public) || n > int64(Server) {
		d.refuse()
		return Public
	}
	return Grade(n)
}

func (d *decoder) tree(v strictjson.Value) map[string]any {
	if v.Kind() != strictjson.Object {
		d.refuse()
	}
	return v.Map()
}

func (d *decoder) identifiers(v strictjson.Value) []Identifier {
	ids := make([]Identifier, 0, v.Len())
	for item := range v.Items() {
		id := Identifier(d.text(item))
		if id.Kind().Rank() == len(Kinds) {
			d.refuse()
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		d.refuse()
	}
	return ids
}

// event reads the canonical form of an event of an envelope. What a touchpoint cannot do without is looked for; the
// rest was checked by Parse.
func (d *decoder) event(v strictjson.Value, of Envelope) Event {
	e := Event{
		Workspace: of.Workspace, Source: of.Source, Request: of.Request, Received: of.Received, Original: of.Received,
	}
	if v.Kind() != strictjson.Object {
		d.refuse()
	}
	isCorrected := false
	for name, m := range v.Members() {
		switch name {
		case "index":
			e.Index = int(d.number(m))
		case "id":
			e.ID = ID(d.text(m))
		case "type":
			e.Type = Type(d.text(m))
		case "name":
			e.Name = d.text(m)
		case "untimed":
			e.Untimed = d.flag(m)
		case "original":
			e.Original = Millis(d.number(m))
		case "corrected":
			e.Corrected, isCorrected = Millis(d.number(m)), true
		case "grade":
			e.Grade = d.grade(m)
		case "vouched":
			e.Vouched = d.flag(m)
		case "unproven":
			e.Unproven = d.flag(m)
		case "network":
			e.Network = d.text(m)
		case "skewed":
			e.Skewed = d.flag(m)
		case "future":
			e.Future = d.flag(m)
		case "identifiers":
			e.Identifiers = d.identifiers(m)
		case "previous":
			e.Previous = d.identifiers(m)
		case "marketing":
			e.Marketing = d.marketing(m)
		case "country":
			e.Country = d.text(m)
		case "session":
			e.Session = d.text(m)
		case "agent":
			e.Agent = d.text(m)
		case "order":
			e.Order = d.order(m)
		case "properties":
			e.Properties = d.tree(m)
		case "traits":
			e.Traits = d.tree(m)
		case "group":
			e.Group = d.text(m)
		default:
			d.refuse()
		}
	}
	if !isCorrected {
		e.Corrected = e.Original
	}
	e.Page = pageOf(e.Marketing.URL)
	isWhole := e.ID != "" && e.Type.Valid() && len(e.Identifiers) > 0 && e.Index >= 0
	if !isWhole || !e.Original.Plausible() || !e.Corrected.Plausible() {
		d.refuse()
	}
	return e
}

func (d *decoder) marketing(v strictjson.Value) Marketing {
	m := Marketing{}
	if v.Kind() != strictjson.Object {
		d.refuse()
	}
	for name, member := range v.Members() {
		said := d.text(member)
		switch name {
		case "explicit":
			m.Explicit = said
		case "source":
			m.Source = said
		case "medium":
			m.Medium = said
		case "campaign":
			m.Campaign = said
		case "term":
			m.Term = said
		case "content":
			m.Content = said
		case "referrer":
			m.Referrer = said
		case "url":
			m.URL = said
		default:
			d.refuse()
		}
	}
	return m
}

func (d *decoder) order(v strictjson.Value) *Order {
	o := &Order{}
	if v.Kind() != strictjson.Object {
		d.refuse()
	}
	for name, member := range v.Members() {
		switch name {
		case "id":
			o.ID = d.text(member)
		case "kind":
			o.Kind = OrderKind(d.text(member))
		case "of":
			o.Of = d.text(member)
		case "scope":
			o.Scope = d.text(member)
		case "unpriced":
			o.Unpriced = d.flag(member)
		case "micros":
			o.Amount = money.Micros(d.number(member))
		case "currency":
			o.Currency = d.text(member)
		case "items":
			o.Items = int(d.number(member))
		default:
			d.refuse()
		}
	}
	return o
}
