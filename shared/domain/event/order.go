package event

import (
	"cmp"
	"encoding/json"
	"iter"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/strictjson"
)

// Names of the track events that carry money.
const (
	OrderCompleted = "Order Completed"
	OrderUpdated   = "Order Updated"
	OrderCancelled = "Order Cancelled"
	OrderRefunded  = "Order Refunded"
)

// OrderKind is what an event says of an order.
type OrderKind string

// The kinds. The zero one is a new order.
const (
	Completed OrderKind = ""
	Updated   OrderKind = "updated"
	Cancelled OrderKind = "cancelled"
	Refunded  OrderKind = "refunded"
)

// String names the kind in answers and tables.
func (k OrderKind) String() string { return cmp.Or(string(k), "completed") }

// OrderKindOf reads what String wrote.
func OrderKindOf(name string) OrderKind {
	if name == Completed.String() {
		return Completed
	}
	return OrderKind(name)
}

// orderKind is the kind by the event's name.
func orderKind(name string) (kind OrderKind, isOrder bool) {
	switch name {
	case OrderCompleted:
		return Completed, true
	case OrderUpdated:
		return Updated, true
	case OrderCancelled:
		return Cancelled, true
	case OrderRefunded:
		return Refunded, true
	}
	return "", false
}

// Order is the money side of an event that concerns an order.
type Order struct {
	ID       string       `json:"i"`           // order_id; of a refund its refund_id; else, and of a change, the event's own id
	Kind     OrderKind    `json:"r,omitempty"` //
	Of       string       `json:"o,omitempty"` // of a change or refund: the order_id that it names
	Scope    string       `json:"s,omitempty"` // the source, where its order ids are its own; "" where they are those of the workspace
	Amount   money.Micros `json:"a"`           // of a change: what the order comes to from now on; of a refund never negative
	Unpriced bool         `json:"u,omitempty"` // of a change or refund that says no amount: it takes the order's
	Currency string       `json:"c,omitempty"` // ISO 4217; "" means the order's, else the workspace's own
	Items    int          `json:"n,omitempty"` // products named
}

// saysAsMuch says whether two events say the same of an order; either may be nil. In which name space its id is, its source has settled.
func (o *Order) saysAsMuch(other *Order) bool {
	if o == nil || other == nil {
		return o == other
	}
	a, b := *o, *other
	a.Scope, b.Scope = "", ""
	return a == b
}

// MarshalJSON writes a refund as true, as it has always stood in pages and archive.
func (k OrderKind) MarshalJSON() ([]byte, error) {
	if k == Refunded {
		return []byte("true"), nil
	}
	return json.Marshal(string(k))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (k *OrderKind) UnmarshalJSON(text []byte) error {
	if string(text) == "true" {
		*k = Refunded
		return nil
	}
	return json.Unmarshal(text, (*string)(k))
}

// commerce reads the money side of an order, of a change of one, or of a refund. A change that names no order changes none.
func (p *parser) commerce(e *Event) error {
	kind, isOrder := orderKind(e.Name)
	if e.Type != Track || !isOrder {
		return nil
	}
	order := &Order{Kind: kind}
	id, err := p.orderID("order_id", "orderId")
	if err != nil {
		return err
	}
	switch kind {
	case Completed:
		order.ID = id
	case Refunded:
		if order.ID, err = p.orderID("refund_id", "refundId"); err != nil {
			return err
		}
		order.Of = id
	default:
		if id == "" {
			return nil
		}
		order.Of = id
	}
	if err := p.price(order); err != nil {
		return err
	}
	e.Order = order
	return nil
}

// orderID is the first of the fields that holds an id. What fillers stand for is none.
func (p *parser) orderID(fields ...string) (string, error) {
	id := strings.Map(seen, firstText(p.properties, fields...))
	at := "properties." + fields[0]
	switch {
	case id == "" || isFiller(id):
		return "", nil
	case len(id) > MaxIdentifierBytes:
		return "", fault.Newf(fault.Invalid, "key_too_long", "the order id has %d bytes, the limit is %d", len(id), MaxIdentifierBytes).At(at)
	case lossy(id):
		return "", fault.New(fault.Invalid, "bad_encoding", "the order id "+lostCharacter).At(at)
	}
	return clean(id), nil
}

// price fills in what an event comes to. The amount is revenue, else total, else value, else the sum of price × quantity of the products. A
// cancellation takes all that is left of its order, whatever it says.
func (p *parser) price(o *Order) error {
	products, isList := p.products()
	for range products {
		o.Items++
	}
	if o.Kind == Cancelled {
		o.Unpriced = true
		return nil
	}
	said, err := p.total()
	if err == nil && !said.isThere {
		if !isList {
			return fault.New(fault.Invalid, "number_malformed", "the products must be a list of objects with price and quantity").At("properties.products")
		}
		said, err = sumOf(products, o.Kind == Refunded)
	}
	if err != nil {
		return err
	}
	if o.Currency, err = p.currency(said.currency); err != nil {
		return err
	}
	o.Amount, o.Unpriced = said.amount, !said.isThere && o.Kind != Completed
	if o.Kind == Refunded {
		o.Amount = max(o.Amount, -o.Amount)
		if o.Unpriced && o.Of == "" {
			return fault.New(fault.Invalid, "missing_amount",
				"the refund says neither an amount nor the order that it takes back; send revenue, total or value, or the order_id").At("properties")
		}
	}
	return nil
}

// currency is that of the amount itself, else that of the event.
func (p *parser) currency(own string) (string, error) {
	said := cmp.Or(own, firstText(p.properties, "currency"))
	if said == "" {
		return "", nil
	}
	code, err := money.Currency(said)
	if err != nil {
		return "", fault.New(fault.Invalid, "bad_currency", "the currency must be a code of three letters such as EUR").At("properties.currency")
	}
	return code, nil
}

// products are what was bought: a list, an object that PHP made of a list with holes, or one product. isList is false where there is something
// else.
func (p *parser) products() (products iter.Seq[strictjson.Value], isList bool) {
	sent := p.properties.Get("products")
	switch sent.Kind() {
	case strictjson.List:
		return sent.Items(), true
	case strictjson.Object:
		if _, isProduct := firstOf(sent, "price", "product_id", "productId", "sku", "quantity", "name", "id"); isProduct {
			return func(yield func(strictjson.Value) bool) { yield(sent) }, true
		}
		isList = true
		for key := range sent.Members() {
			isList = isList && key != "" && isDigits(key)
		}
		return func(yield func(strictjson.Value) bool) {
			for _, product := range sent.Members() {
				if !yield(product) {
					return
				}
			}
		}, isList
	}
	return func(func(strictjson.Value) bool) {}, isNothing(sent)
}

// amount is what a field says.
type amount struct {
	amount   money.Micros
	currency string // where the amount names its own
	isThere  bool
}

// total is the amount of the whole event.
func (p *parser) total() (amount, error) {
	for _, field := range []string{"revenue", "total", "value"} {
		said, err := amountOf(p.properties.Get(field))
		if err != nil {
			return amount{}, asFault(err).At("properties." + field)
		}
		if said.isThere {
			return said, nil
		}
	}
	return amount{}, nil
}

// amountOf reads an amount: a number, a text, a list of one, or an object of amount and currency, as shops write money.
func amountOf(sent strictjson.Value) (amount, error) {
	switch sent.Kind() {
	case strictjson.Missing, strictjson.Null:
		return amount{}, nil
	case strictjson.Text, strictjson.Number:
		text := strings.TrimSpace(sent.Scalar())
		if text == "" {
			return amount{}, nil
		}
		parsed, err := money.Parse(text)
		return amount{amount: parsed, isThere: true}, err
	case strictjson.List:
		for only := range sent.Items() {
			if sent.Len() == 1 {
				return amountOf(only)
			}
		}
	case strictjson.Object:
		if inner, found := firstOf(sent, "shop_money", "shopMoney", "amount", "value"); found {
			said, err := amountOf(inner)
			said.currency = cmp.Or(said.currency, firstText(sent, "currency", "currency_code", "currencyCode"))
			return said, err
		}
	}
	return amount{}, fault.New(fault.Invalid, "number_malformed",
		"this is no amount: send a number, a text such as 12.50, or an object of amount and currency")
}

// sumOf adds up price × quantity. A product without a price costs nothing, but a refund of such is one of nobody knows how much.
func sumOf(products iter.Seq[strictjson.Value], isRefund bool) (amount, error) {
	sum := amount{}
	for product := range products {
		price, err := amountOf(product.Get("price"))
		if err != nil {
			return amount{}, asFault(err).At("properties.products.price")
		}
		if !price.isThere {
			if isRefund {
				return amount{}, fault.New(fault.Invalid, "missing_amount",
					"the refund names products without their prices; send revenue, total or value, or a price for each product").At("properties.products.price")
			}
			continue
		}
		line, err := money.MulQuantity(price.amount, cmp.Or(firstText(product, "quantity"), "1"))
		if err != nil {
			return amount{}, asFault(err).At("properties.products.quantity")
		}
		if sum.amount, err = sum.amount.Add(line); err != nil {
			return amount{}, asFault(err).At("properties.products")
		}
		sum.isThere, sum.currency = true, cmp.Or(sum.currency, price.currency)
	}
	return sum, nil
}

func asFault(err error) *fault.Error {
	if f, ok := err.(*fault.Error); ok {
		return f
	}
	return fault.New(fault.Invalid, "number_malformed", err.Error())
}

// firstOf is the first member that is there and not null.
func firstOf(tree strictjson.Value, fields ...string) (strictjson.Value, bool) {
	for _, field := range fields {
		if v := tree.Get(field); !isNothing(v) {
			return v, true
		}
	}
	return strictjson.Value{}, false
}

func firstText(tree strictjson.Value, fields ...string) string {
	for _, field := range fields {
		if s := strings.TrimSpace(idText(tree.Get(field))); s != "" {
			return s
		}
	}
	return ""
}
