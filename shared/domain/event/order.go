package event

import (
	"cmp"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/strictjson"
)

// Names of the track events that carry money.
const (
	OrderCompleted = "Order Completed"
	OrderRefunded  = "Order Refunded"
)

// commerce reads the money side of an order or a refund. The amount is revenue, else total, else value, else the sum of price × quantity of
// the products.
func (p *parser) commerce(e *Event) error {
	if e.Type != Track || (e.Name != OrderCompleted && e.Name != OrderRefunded) {
		return nil
	}
	order := &Order{Refund: e.Name == OrderRefunded, Items: p.products().Len()}
	order.ID = firstText(p.properties, "order_id", "orderId")
	if order.Refund {
		order.ID = firstText(p.properties, "refund_id", "refundId")
	}
	if len(order.ID) > MaxIdentifierBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "the order id has %d bytes, the limit is %d", len(order.ID), MaxIdentifierBytes).At("properties.order_id")
	}
	if lossy(order.ID) {
		return fault.New(fault.Invalid, "bad_encoding", "the order id "+lostCharacter).At("properties.order_id")
	}
	order.ID = clean(order.ID)
	if currency := firstText(p.properties, "currency"); currency != "" {
		code, err := money.Currency(currency)
		if err != nil {
			return fault.New(fault.Invalid, "bad_currency", "the currency must be a code of three letters such as EUR").At("properties.currency")
		}
		order.Currency = code
	}
	amount, field, err := p.amount()
	if err != nil {
		return asFault(err).At(field)
	}
	order.Amount = amount
	e.Order = order
	return nil
}

// products is the list of what was bought; missing where it is no list.
func (p *parser) products() strictjson.Value {
	if v := p.properties.Get("products"); v.Kind() == strictjson.List {
		return v
	}
	return strictjson.Value{}
}

// amount is what the order came to, or the field that is to blame.
func (p *parser) amount() (money.Micros, string, error) {
	for _, field := range []string{"revenue", "total", "value"} {
		said := strings.TrimSpace(p.properties.Get(field).Scalar())
		if said == "" {
			continue
		}
		amount, err := money.Parse(said)
		return amount, "properties." + field, err
	}
	var sum money.Micros
	for product := range p.products().Items() {
		price, quantity := firstText(product, "price"), firstText(product, "quantity")
		if price == "" {
			continue
		}
		each, err := money.Parse(price)
		if err != nil {
			return 0, "properties.products.price", err
		}
		line, err := money.MulQuantity(each, cmp.Or(quantity, "1"))
		if err != nil {
			return 0, "properties.products.quantity", err
		}
		if sum, err = sum.Add(line); err != nil {
			return 0, "properties.products", err
		}
	}
	return sum, "properties", nil
}

func asFault(err error) *fault.Error {
	if f, ok := err.(*fault.Error); ok {
		return f
	}
	return fault.New(fault.Invalid, "number_malformed", err.Error())
}

func firstText(tree strictjson.Value, fields ...string) string {
	for _, field := range fields {
		if s := strings.TrimSpace(idText(tree.Get(field))); s != "" {
			return s
		}
	}
	return ""
}
