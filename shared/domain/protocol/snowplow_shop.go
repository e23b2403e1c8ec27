package protocol

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// entities are the contexts of a Snowplow event by the names of their schemas.
type entities map[string][]strictjson.Value

func (e snowplowEvent) entities() entities {
	found := entities{}
	for entity := range e.encoded("co", "cx").Get("data").Items() {
		if name := schemaName(entity.Get("schema").Scalar()); name != "" {
			found[name] = append(found[name], entity.Get("data"))
		}
	}
	return found
}

// first is the first entity of a name; missing without any.
func (e entities) first(name string) strictjson.Value {
	for _, entity := range e[name] {
		return entity
	}
	return strictjson.Value{}
}

// take is first, and takes the entities of that name out.
func (e entities) take(name string) strictjson.Value {
	found := e.first(name)
	delete(e, name)
	return found
}

// isPlumbing tells the contexts that trackers add for themselves.
func isPlumbing(name string) bool {
	switch name {
	case "web_page", "browser_context", "client_session", "PerformanceTiming", "http_client_hints":
		return true
	}
	return false
}

// anyOf is a single entity by itself, and several as a list.
func anyOf(list []strictjson.Value) any {
	if len(list) == 1 {
		return list[0].Any()
	}
	all := make([]any, 0, len(list))
	for _, entity := range list {
		all = append(all, entity.Any())
	}
	return all
}

// shopAction translates an event of Snowplow's e-commerce plugin: its type says what was done, the entities beside it with what.
func shopAction(t *touch, action strictjson.Value, entities entities) {
	typ := action.Get("type").Scalar()
	names := map[string]event.Type{
		"product_view": "Product Viewed", "list_view": "Product List Viewed", "list_click": "Product Clicked", "add_to_cart": "Product Added",
		"remove_from_cart": "Product Removed", "checkout_step": "Checkout Step Completed", "transaction": event.OrderCompleted,
		"refund": event.OrderRefunded, "transaction_error": "Payment Failed", "promo_view": "Promotion Viewed", "promo_click": "Promotion Clicked",
	}
	t.name = names[typ]
	if t.name == "" {
		t.name = event.Type(typ)
	}
	t.properties.put("list", action.Get("name").Any())
	bought := snowplowProducts(entities["product"])
	delete(entities, "product")
	switch typ {
	case "transaction":
		t.overlay(entities.take("transaction"), map[string]string{"transaction_id": "order_id", "discount_code": "coupon", "discount_amount": "discount"})
		t.properties.put("products", bought)
	case "refund":
		t.overlay(entities.take("refund"), map[string]string{"transaction_id": "order_id", "refund_amount": "revenue", "refund_reason": "reason"})
		t.properties.put("products", bought)
	case "checkout_step":
		step := entities.take("checkout_step")
		if t.overlay(step, nil); textOf(step, "step") == "1" {
			t.name = "Checkout Started"
		}
		t.properties.put("products", bought)
	default:
		t.overlay(entities.take("promotion"), map[string]string{"id": "promotion_id"})
		if len(bought) == 1 {
			for name, value := range bought[0].(map[string]any) {
				t.properties.put(name, value)
			}
			return
		}
		t.properties.put("products", bought)
	}
}

// overlay adds the members of an entity, some under other names.
func (t *touch) overlay(entity strictjson.Value, names map[string]string) {
	for name, value := range entity.Members() {
		if ours, found := names[name]; found {
			name = ours
		}
		t.properties.put(name, value.Any())
	}
}

func snowplowProducts(list []strictjson.Value) []any {
	var all []any
	for _, entity := range list {
		product := touch{properties: tree{}}
		product.overlay(entity, map[string]string{"id": "product_id"})
		all = append(all, map[string]any(product.properties))
	}
	return all
}
