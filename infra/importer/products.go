package importer

import (
	"encoding/json"
	"fmt"
	"maps"

	"waymark/shared/domain/money"
)

// products says what an order consists of: each line of its group, or each element of a list in its row.
type products struct {
	list  string // "" takes the lines of the group
	each  []field
	total string // the property that gets the sum of price × quantity; "" for none
}

// basket collects the products of one event.
type basket struct {
	products []any
	total    money.Micros
}

func (b *basket) add(p *products, row record) *Problem {
	product := map[string]any{}
	for _, f := range p.each {
		if problem := f.put(row, product, "products"); problem != nil {
			return problem.at(row.line, "")
		}
	}
	b.products = append(b.products, product)
	if p.total == "" {
		return nil
	}
	line, err := lineTotal(product)
	if err == nil {
		b.total, err = b.total.Add(line)
	}
	if err != nil {
		problem := problemOf(err)
		problem.Line, problem.Field = row.line, "products"
		return problem
	}
	return nil
}

// addList takes the products out of a list in the row.
func (b *basket) addList(p *products, row record) *Problem {
	value, err := row.json(p.list)
	if err != nil {
		return badCell("bad_value", "products", err)
	}
	items, isList := value.([]any)
	if value != nil && !isList {
		return &Problem{Code: "bad_value", Field: "products", Reason: fmt.Sprintf("%s is no list", p.list)}
	}
	for _, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return &Problem{Code: "bad_value", Field: "products", Reason: fmt.Sprintf("%s holds something that is no object", p.list)}
		}
		if problem := b.add(p, row.within(object)); problem != nil {
			return problem
		}
	}
	return nil
}

// into puts the products into an event, below what the mapping says of its properties.
func (b *basket) into(d *draft, p *products) {
	if p == nil || b.products == nil {
		return
	}
	properties := map[string]any{"products": b.products}
	if p.total != "" {
		properties[p.total] = json.Number(b.total.String())
	}
	if own, ok := d.event["properties"].(map[string]any); ok {
		maps.Copy(properties, own)
	}
	d.event["properties"] = properties
}

// lineTotal is price × quantity of one product; nothing when the price is missing.
func lineTotal(product map[string]any) (money.Micros, error) {
	price, _ := product["price"].(json.Number)
	quantity, _ := product["quantity"].(json.Number)
	if price == "" {
		return 0, nil
	}
	if quantity == "" {
		quantity = "1"
	}
	each, err := money.Parse(price.String())
	if err != nil {
		return 0, err
	}
	return money.MulQuantity(each, quantity.String())
}
