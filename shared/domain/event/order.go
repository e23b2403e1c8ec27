package event

import (
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
)

// Names of the track events that carry money.
const (
	OrderCompleted = "Order Completed"
	OrderRefunded  = "Order Refunded"
)

// commerce reads the money side of an order or a refund. The amount is revenue, else total, else value, else the sum of price × quantity of
// the products.
func (p parser) commerce(e *Event) error {
	if e.Type != Track || (e.Name != OrderCompleted && e.Name != OrderRefunded) {
		return nil
	}
	order := &Order{Refund: e.Name == OrderRefunded}
	order.ID = firstText(e.Properties, "order_id", "orderId")
	if order.Refund {
		order.ID = firstText(e.Properties, "refund_id", "refundId")
	}
	if len(order.ID) > MaxIdentifierBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "the order id has %d bytes, the limit is %d", len(order.ID), MaxIdentifierBytes).At("properties.order_id")
	}
	if lossy(order.ID) {
		return fault.New(fault.Invalid, "bad_encoding", "the order id "+lostCharacter).At("properties.order_id")
	}
	order.ID = clean(order.ID)
	if currency := firstText(e.Properties, "currency"); currency != "" {
		code, err := money.Currency(currency)
		if err != nil {
			return fault.New(fault.Invalid, "bad_currency", "the currency must be a code of three letters such as EUR").At("properties.currency")
		}
		order.Currency = code
	}
	products, _ := e.Properties["products"].([]any)
	order.Items = len(products)
	amount, field, err := amountOf(e.Properties, products)
	if err != nil {
		return asFault(err).At(field)
	}
	order.Amount = amount
	e.Order = order
	return nil
}

func amountOf(properties map[string]any, products []any) (money.Micros, string, error) {
	for _, field := range []string{"revenue", "total", "value"} {
		said := strings.TrimSpace(text(properties[field]))
		if said == "" {
			continue
		}
		amount, err := money.Parse(said)
		return amount, "properties." + field, err
	}
	var sum money.Micros
	for _, item := range products {
		product, _ := item.(map[string]any)
		price, quantity := strings.TrimSpace(text(product["price"])), strings.TrimSpace(text(product["quantity"]))
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

func asFault(err error) *fault.Error {
	if f, ok := err.(*fault.Error); ok {
		return f
	}
	return fault.New(fault.Invalid, "number_malformed", err.Error())
}

func firstText(tree map[string]any, fields ...string) string {
	for _, field := range fields {
		if s := strings.TrimSpace(text(tree[field])); s != "" {
			return s
		}
	}
	return ""
}
