package scenarios

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
)

// verbs are what a person can do, with what stands behind each.
var verbs = []string{"page", "screen", "track", "identify", "alias", "group"}

// event reads: at TIME ID [ID …] VERB [WHAT] [name=value …].
func (p *parser) event(list []string) error {
	at, took, err := p.clock.read(list)
	if err != nil {
		return err
	}
	list = list[took:]
	verb := slices.IndexFunc(list, func(w string) bool { return slices.Contains(verbs, w) })
	if verb < 1 {
		return fmt.Errorf("write: at TIME ID [ID …] and one of %s", strings.Join(verbs, ", "))
	}
	m := newMessage(event.ID(fmt.Sprintf("line-%d", p.line)), list[verb])
	for _, id := range list[:verb] {
		if err := m.identify(id); err != nil {
			return err
		}
		if slow, found := p.slow[id]; found {
			m.slow = slow
		}
	}
	if err := m.what(list[verb+1:]); err != nil {
		return err
	}
	if at.After(p.newest) {
		p.newest = at
	}
	m.event["timestamp"] = at.Add(-m.slow).UTC().Format("2006-01-02T15:04:05.000Z")
	p.pending = append(p.pending, Message{Event: m.finished(), Received: at.Add(time.Second), Slow: m.slow})
	return nil
}

// message is an event in the making.
type message struct {
	verb                        string
	event                       map[string]any
	context, properties, traits map[string]any
	address                     *url.URL
	slow                        time.Duration
}

func newMessage(id event.ID, verb string) *message {
	return &message{
		verb: verb, event: map[string]any{"type": verb, "messageId": string(id)},
		context: map[string]any{}, properties: map[string]any{}, traits: map[string]any{},
	}
}

// identify adds an identifier where clients send one of its kind.
func (m *message) identify(text string) error {
	id, err := event.ParseIdentifier(text)
	if err != nil {
		return fmt.Errorf("read %q: %w", text, err)
	}
	switch id.Kind() {
	case event.User:
		m.event["userId"] = id.Value()
	case event.Anonymous:
		m.event["anonymousId"] = id.Value()
	case event.Device:
		m.context["device"] = map[string]any{"id": id.Value()}
	default:
		list, _ := m.context["externalIds"].([]any)
		m.context["externalIds"] = append(list, map[string]any{"type": string(id.Kind()), "id": id.Value()})
	}
	return nil
}

// what reads the words after the verb: the thing itself, then name=value pairs.
func (m *message) what(list []string) error {
	if slices.Contains(list, ",") {
		return fmt.Errorf("an event has no commas outside quotes")
	}
	if len(list) > 0 && (m.verb != "identify") && !isPair(list[0]) {
		m.thing(list[0])
		list = list[1:]
	}
	if m.verb == "track" && m.event["event"] == nil {
		return fmt.Errorf("write the event's name in quotes: track \"Product Viewed\"")
	}
	for _, pair := range list {
		name, value, isPair := strings.Cut(pair, "=")
		if !isPair || name == "" {
			return fmt.Errorf("%q is no name=value", pair)
		}
		if err := m.pair(name, value); err != nil {
			return err
		}
	}
	return nil
}

func isPair(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && !strings.ContainsAny(name, "/ ")
}

func (m *message) thing(word string) {
	switch m.verb {
	case "page":
		if address, err := url.Parse(word); err == nil {
			if address.Host == "" {
				address.Scheme, address.Host = "https", "shop.example"
			}
			m.address = address
		}
	case "screen":
		m.event["name"] = word
	case "track":
		m.event["event"] = word
	case "alias":
		m.event["previousId"] = strings.TrimPrefix(word, "user:")
	case "group":
		m.event["groupId"] = word
	}
}

// pair puts a value where clients send it: campaign parameters and click ids into the page's address, places into the context, the rest into
// properties or traits.
func (m *message) pair(name, value string) error {
	switch {
	case name == "id":
		m.event["messageId"] = value
	case name == "name" && m.verb == "page":
		m.event["name"] = value
	case name == "country":
		m.context["location"] = map[string]any{"country": value}
	case name == "channel":
		m.context["channel"] = value
	case name == "referrer":
		m.properties["referrer"] = value
	case name == "product":
		return m.product(value)
	case strings.HasPrefix(name, "utm_") || slices.Contains(channel.ClickIDs(), name):
		if m.address == nil {
			m.address = &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}
		}
		query := m.address.Query()
		query.Set(name, value)
		m.address.RawQuery = query.Encode()
	case m.verb == "identify" || m.verb == "group":
		m.traits[name] = value
	default:
		m.properties[name] = value
	}
	return nil
}

// product reads one line of an order: ID*QUANTITY@PRICE.
func (m *message) product(text string) error {
	id, rest, hasQuantity := strings.Cut(text, "*")
	quantity, price, hasPrice := strings.Cut(rest, "@")
	if !hasQuantity || !hasPrice {
		return fmt.Errorf("%q is no product; write p1*2@12.50", text)
	}
	list, _ := m.properties["products"].([]any)
	m.properties["products"] = append(list, map[string]any{"product_id": id, "quantity": quantity, "price": price})
	return nil
}

func (m *message) finished() map[string]any {
	if m.address != nil {
		m.properties["url"] = m.address.String()
	}
	for name, part := range map[string]map[string]any{"context": m.context, "properties": m.properties, "traits": m.traits} {
		if len(part) > 0 {
			m.event[name] = part
		}
	}
	return m.event
}
