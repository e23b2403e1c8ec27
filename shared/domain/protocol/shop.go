package protocol

import (
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// ShopNames gives the events that Google names for shops and sites the names of the Segment specification. The ready mapping of the importer
// has the same, as a test there sees.
func ShopNames() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(shopNames) {
		google, ours, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if ours != "" {
			names[google] = ours
		}
	}
	return names
}

const shopNames = `
view_item: Product Viewed
select_item: Product Clicked
view_item_list: Product List Viewed
add_to_cart: Product Added
remove_from_cart: Product Removed
view_cart: Cart Viewed
add_to_wishlist: Product Added to Wishlist
begin_checkout: Checkout Started
add_shipping_info: Checkout Step Completed
add_payment_info: Payment Info Entered
sign_up: Signed Up
login: Signed In
generate_lead: Lead Generated
view_search_results: Products Searched
search: Products Searched
share: Product Shared
`

// shopName is the name in the specification of an event that Google names; any other stays what it is.
func shopName(name string) event.Type {
	at := strings.Index(shopNames, "\n"+name+": ")
	if name == "" || strings.ContainsAny(name, "\n:") || at < 0 {
		return event.Type(name)
	}
	line, _, _ := strings.Cut(shopNames[at+1:], "\n")
	return event.Type(line[len(name)+2:])
}

// isPurchase says whether a name that a site has given its goal means that something was bought. An amount alone does not: a donation, a lead
// and a booking have one too.
func isPurchase(name string) bool {
	switch strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(name)) {
	case "purchase", "purchased", "order", "ordered", "ordercompleted", "completedorder", "checkoutcompleted", "sale":
		return true
	}
	return false
}

// earned gives an event an amount. What means a purchase becomes an order.
func (t *touch) earned(amount, currency any) {
	if amount == nil || amount == "" {
		return
	}
	t.properties.set("revenue", amount, "currency", currency)
	if isPurchase(string(t.name)) {
		t.name = event.OrderCompleted
	}
}

// products gives the products of an order the names of the specification: names says what the client calls each; the rest stays as it was sent.
func products(items strictjson.Value, names map[string]string) []any {
	var list []any
	for item := range items.Items() {
		if item.Kind() != strictjson.Object {
			continue
		}
		product := tree{}
		for name, value := range item.Members() {
			if ours, found := names[name]; found {
				name = ours
			}
			if _, taken := product[name]; !taken {
				product.put(name, value.Any())
			}
		}
		list = append(list, map[string]any(product))
	}
	return list
}
