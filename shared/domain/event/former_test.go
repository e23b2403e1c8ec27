package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// What follows is the parser that stood before the one of one pass: encoding/json decodes an event into maps, and the
// last of two keys counts. It is kept as an oracle, as it was.

func formerParse(raw []byte, s Stamp) (Event, error) {
	if len(raw) > MaxEventBytes {
		return Event{}, fault.Newf(fault.Invalid, "too_large", "the event has %d bytes, the limit is %d; send less or split it", len(raw), MaxEventBytes)
	}
	if depth := Depth(raw); depth > MaxDepth {
		return Event{}, fault.Newf(fault.Invalid, "too_deep", "the event nests %d levels deep, the limit is %d", depth, MaxDepth)
	}
	tree, err := formerObject(raw)
	if err != nil {
		return Event{}, err
	}
	p := formerParser{stamp: s, tree: tree, context: formerMerged(tree["context"], s.Context)}
	return p.event(raw)
}

type formerParser struct {
	stamp   Stamp
	tree    map[string]any
	context map[string]any
}

func (p formerParser) event(raw []byte) (Event, error) {
	e := Event{
		Workspace: p.stamp.Workspace, Source: p.stamp.Source, Received: p.stamp.Received, Request: p.stamp.Request, Index: p.stamp.Index,
	}
	e.Properties, _ = p.tree["properties"].(map[string]any)
	e.Traits, _ = p.tree["traits"].(map[string]any)
	if e.Traits == nil {
		e.Traits, _ = p.context["traits"].(map[string]any)
	}
	steps := []func(*Event) error{p.typ, p.name, p.times, p.identifiers, p.commerce}
	for _, step := range steps {
		if err := step(&e); err != nil {
			return Event{}, err
		}
	}
	if err := p.id(&e, raw); err != nil {
		return Event{}, err
	}
	if e.Order != nil && e.Order.ID == "" {
		e.Order.ID = "event:" + string(e.ID)
	}
	p.surroundings(&e)
	return e, nil
}

func (p formerParser) typ(e *Event) error {
	sent, _ := p.tree["type"].(string)
	e.Type = p.stamp.Type
	if e.Type == "" {
		e.Type = Type(sent)
	}
	if !e.Type.Valid() {
		return fault.New(fault.Invalid, "unknown_type", "type must be one of track, identify, page, screen, group, alias").At("type")
	}
	return nil
}

func (p formerParser) name(e *Event) error {
	field := "name"
	if e.Type == Track {
		field = "event"
	}
	e.Name = clean(formerText(p.tree[field]))
	if e.Type == Page && e.Name == "" {
		e.Name = clean(formerText(e.Properties["name"]))
	}
	if e.Type == Track && e.Name == "" {
		return fault.New(fault.Invalid, "missing_name", "a track call needs the name of the event").At("event")
	}
	if len(e.Name) > MaxNameBytes {
		return fault.Newf(fault.Invalid, "name_too_long", "the name has %d bytes, the limit is %d", len(e.Name), MaxNameBytes).At(field)
	}
	if !e.Type.Touches() {
		e.Name = ""
	}
	return nil
}

// id takes the messageId, or makes one that a client's retry repeats. An event with neither messageId nor timestamp
// cannot be told from a second one: it gets the request's id and its place there.
func (p formerParser) id(e *Event, raw []byte) error {
	e.ID = ID(formerText(p.tree["messageId"]))
	if len(e.ID) > MaxIDBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "messageId has %d bytes, the limit is %d", len(e.ID), MaxIDBytes).At("messageId")
	}
	if strings.ContainsFunc(string(e.ID), unicode.IsControl) {
		return fault.New(fault.Invalid, "bad_identifier", "messageId holds a control character").At("messageId")
	}
	if lossy(string(e.ID)) {
		return fault.New(fault.Invalid, "bad_encoding", "messageId "+lostCharacter).At("messageId")
	}
	switch {
	case e.ID != "":
	case e.Untimed:
		e.ID = ID(fmt.Sprintf("wm-%s-%d", p.stamp.Request, p.stamp.Index))
	default:
		delete(p.tree, "sentAt") // a retry has another one
		delete(p.tree, "writeKey")
		canonical, err := json.Marshal(p.tree)
		if err != nil {
			return fault.Newf(fault.Invalid, "bad_json", "the event cannot be written again: %v", err)
		}
		sum := sha256.Sum256(append(canonical, p.stamp.Type...))
		e.ID = ID("wm-" + hex.EncodeToString(sum[:12]))
	}
	return nil
}

// surroundings reads what says where the person was and how they came there. Nothing here can make an event bad.
func (p formerParser) surroundings(e *Event) {
	page, _ := p.context["page"].(map[string]any)
	campaign, _ := p.context["campaign"].(map[string]any)
	location, _ := p.context["location"].(map[string]any)
	first := func(values ...any) string {
		for _, v := range values {
			if s := strings.TrimSpace(clean(formerText(v))); s != "" {
				return s
			}
		}
		return ""
	}
	e.Marketing = Marketing{
		Explicit: first(p.context["channel"], e.Properties["channel"]),
		Source:   first(campaign["source"]), Medium: first(campaign["medium"]), Campaign: first(campaign["name"]),
		Term: first(campaign["term"]), Content: first(campaign["content"]),
		URL:      first(e.Properties["url"], page["url"]),
		Referrer: first(e.Properties["referrer"], page["referrer"], p.refererURL()),
	}
	e.Country = clip(first(location["country"], e.Properties["country"]), 64)
	e.Agent = clip(first(p.context["userAgent"]), MaxNameBytes)
	e.Page, _, _ = strings.Cut(e.Marketing.URL, "?")
	e.Page, _, _ = strings.Cut(e.Page, "#")
	e.Page = clip(e.Page, maxPropertyBytes)
	if e.Type == Group {
		e.Group = clip(first(p.tree["groupId"]), MaxIdentifierBytes)
	}
}

func (p formerParser) refererURL() any {
	referrer, _ := p.context["referrer"].(map[string]any)
	return referrer["url"]
}

// formerObject decodes one JSON object, keeping the text of numbers.
func formerObject(raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil || tree == nil {
		return nil, fault.New(fault.Invalid, "bad_json", "an event must be a JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fault.New(fault.Invalid, "bad_json", "an event must be one JSON object, and something follows it")
	}
	return tree, nil
}

// formerMerged lays the event's own context over the batch's, one level deep as the SDKs do.
func formerMerged(own any, batch json.RawMessage) map[string]any {
	out := map[string]any{}
	if len(batch) > 0 && Depth(batch) <= MaxDepth {
		if below, err := formerObject(batch); err == nil {
			out = below
		}
	}
	if above, ok := own.(map[string]any); ok {
		for k, v := range above {
			out[k] = v
		}
	}
	return out
}

// text is the value of a scalar JSON value as text; "" for null, objects and arrays.
func formerText(v any) string {
	s, _ := scalar(v)
	return s
}

// identifiers collects every id that the event carries, highest rank first. Fillers such as "null" are passed over;
// if nothing is left the event is bad.
func (p formerParser) identifiers(e *Event) error {
	collected := formerIdentifierSet{}
	collected.add("userId", User, formerText(p.tree["userId"]))
	collected.add("anonymousId", Anonymous, formerText(p.tree["anonymousId"]))
	traits, _ := p.context["traits"].(map[string]any)
	for _, from := range []struct {
		field string
		tree  map[string]any
	}{{"traits", e.Traits}, {"context.traits", traits}} {
		if e.Type == Group && from.field == "traits" {
			continue // a group's traits are the company's, not the person's
		}
		collected.add(from.field+".email", Email, formerText(from.tree["email"]))
		collected.add(from.field+".phone", Phone, formerText(from.tree["phone"]))
		collected.add(from.field+".loyalty_id", Loyalty, formerText(from.tree["loyalty_id"]))
	}
	collected.add("properties.loyalty_id", Loyalty, formerText(e.Properties["loyalty_id"]))
	device, _ := p.context["device"].(map[string]any)
	collected.add("context.device.id", Device, formerText(device["id"]))
	p.external(&collected)
	if e.Type == Alias {
		p.previous(e, &collected)
	}
	if collected.err != nil {
		return collected.err
	}
	e.Identifiers = collected.ranked()
	if len(e.Identifiers) > 0 {
		return nil
	}
	if collected.blocked != nil {
		return collected.blocked
	}
	return fault.New(fault.Invalid, "no_identifier", "the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)")
}

// external reads context.externalIds, the Segment way to send other ids.
func (p formerParser) external(collected *formerIdentifierSet) {
	list, _ := p.context["externalIds"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		kind := Kind(formerText(entry["type"]))
		switch kind {
		case "anonymous", "anonymousId":
			kind = Anonymous
		case "loyalty_card", "loyalty_id":
			kind = Loyalty
		case "device_id":
			kind = Device
		}
		if kind.Rank() < len(Kinds) {
			collected.add("context.externalIds", kind, formerText(entry["id"]))
		}
	}
}

// previous reads the alias call's previousId, which may be an earlier user id or the anonymous id.
func (p formerParser) previous(e *Event, collected *formerIdentifierSet) {
	said := formerText(p.tree["previousId"])
	kinds := []Kind{User}
	if said == formerText(p.tree["anonymousId"]) {
		kinds = []Kind{Anonymous}
	}
	for _, kind := range kinds {
		id, err := NewIdentifier(kind, said)
		if err != nil {
			collected.fail(err, "previousId")
			continue
		}
		e.Previous = append(e.Previous, id)
	}
	if len(e.Previous) == 0 && collected.err == nil {
		collected.err = collected.blocked
	}
}

type formerIdentifierSet struct {
	byKind  map[Kind]Identifier
	blocked error
	err     error
}

// add keeps the first usable id of each kind. An empty value is no id.
func (s *formerIdentifierSet) add(field string, kind Kind, value string) {
	if value == "" {
		return
	}
	id, err := NewIdentifier(kind, value)
	if err != nil {
		s.fail(err, field)
		return
	}
	if s.byKind == nil {
		s.byKind = map[Kind]Identifier{}
	}
	if _, taken := s.byKind[kind]; !taken {
		s.byKind[kind] = id
	}
}

func (s *formerIdentifierSet) fail(err error, field string) {
	f := err.(*fault.Error).At(field)
	if f.Code == "blocked_identifier" {
		s.blocked = f
		return
	}
	if s.err == nil {
		s.err = f
	}
}

func (s *formerIdentifierSet) ranked() []Identifier {
	var out []Identifier
	for _, kind := range Kinds {
		if id, found := s.byKind[kind]; found {
			out = append(out, id)
		}
	}
	return out
}

// commerce reads the money side of an order or a refund. The amount is revenue, else total, else value, else the sum
// of price × quantity of the products.
func (p formerParser) commerce(e *Event) error {
	if e.Type != Track || (e.Name != OrderCompleted && e.Name != OrderRefunded) {
		return nil
	}
	order := &Order{Refund: e.Name == OrderRefunded}
	order.ID = formerFirstText(e.Properties, "order_id", "orderId")
	if order.Refund {
		order.ID = formerFirstText(e.Properties, "refund_id", "refundId")
	}
	if len(order.ID) > MaxIdentifierBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "the order id has %d bytes, the limit is %d", len(order.ID), MaxIdentifierBytes).At("properties.order_id")
	}
	if lossy(order.ID) {
		return fault.New(fault.Invalid, "bad_encoding", "the order id "+lostCharacter).At("properties.order_id")
	}
	order.ID = clean(order.ID)
	if currency := formerFirstText(e.Properties, "currency"); currency != "" {
		code, err := money.Currency(currency)
		if err != nil {
			return fault.New(fault.Invalid, "bad_currency", "the currency must be a code of three letters such as EUR").At("properties.currency")
		}
		order.Currency = code
	}
	products, _ := e.Properties["products"].([]any)
	order.Items = len(products)
	amount, field, err := formerAmountOf(e.Properties, products)
	if err != nil {
		return asFault(err).At(field)
	}
	order.Amount = amount
	e.Order = order
	return nil
}

func formerAmountOf(properties map[string]any, products []any) (money.Micros, string, error) {
	for _, field := range []string{"revenue", "total", "value"} {
		said := strings.TrimSpace(formerText(properties[field]))
		if said == "" {
			continue
		}
		amount, err := money.Parse(said)
		return amount, "properties." + field, err
	}
	var sum money.Micros
	for _, item := range products {
		product, _ := item.(map[string]any)
		price, quantity := strings.TrimSpace(formerText(product["price"])), strings.TrimSpace(formerText(product["quantity"]))
		if price == "" {
			continue
		}
		if quantity == "" {
			quantity = "1"
		}
		each, err := money.Parse(price)
		if err != nil {
			return 0, "properties.products.price", err
		}
		line, err := money.MulQuantity(each, quantity)
		if err != nil {
			return 0, "properties.products.quantity", err
		}
		if sum, err = sum.Add(line); err != nil {
			return 0, "properties.products", err
		}
	}
	return sum, "properties", nil
}

func formerFirstText(tree map[string]any, fields ...string) string {
	for _, field := range fields {
		if s := strings.TrimSpace(formerText(tree[field])); s != "" {
			return s
		}
	}
	return ""
}

func (p formerParser) times(e *Event) error {
	sent := p.sent()
	field := "timestamp"
	value := p.tree["originalTimestamp"]
	if value == nil {
		value = p.tree["timestamp"]
	} else {
		field = "originalTimestamp"
	}
	if value == nil {
		e.Untimed, e.Original, e.Corrected = true, e.Received, e.Received
		return nil
	}
	said, ok := value.(string)
	if !ok {
		return fault.New(fault.Invalid, "bad_time", "the time must be text in ISO 8601, such as 2026-11-22T09:30:00.000Z").At(field)
	}
	original, err := ParseTime(said)
	if err != nil {
		return err.(*fault.Error).At(field)
	}
	e.Original = original
	e.Corrected, e.Skewed, e.Future = Correct(original, sent, e.Received)
	return nil
}

// sent is when the device says it sent the event: its own sentAt, else the batch's, else unknown (0). A bad one is as
// good as none.
func (p formerParser) sent() Millis {
	for _, candidate := range []string{formerText(p.tree["sentAt"]), p.stamp.SentAt} {
		if sent, err := ParseTime(candidate); err == nil && candidate != "" {
			return sent
		}
	}
	return 0
}
