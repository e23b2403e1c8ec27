package event_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// told is what an order comes to, in one line; of a refused event its class and field.
func told(raw string) string {
	e, err := event.Parse([]byte(raw), stamp())
	if f, ok := err.(*fault.Error); ok {
		return f.Code + " " + f.Field
	}
	o := e.Order
	if o == nil {
		return e.Name + ": none"
	}
	out := fmt.Sprintf("%s %s %s", o.Kind, o.ID, o.Amount)
	for _, part := range [][2]string{{" ", o.Currency}, {" of ", o.Of}} {
		if part[1] != "" {
			out += part[0] + part[1]
		}
	}
	if o.Unpriced {
		out += " unpriced"
	}
	if o.Items > 0 {
		out += fmt.Sprint(" items ", o.Items)
	}
	return out
}

func track(name, properties string) string {
	return fmt.Sprintf(`{"type":"track","event":%q,"messageId":"m","userId":"1","timestamp":"2026-11-22T09:00:00Z","properties":{%s}}`, name, properties)
}

// Amounts come in many forms. What cannot be read refuses the event and is never 0.
func TestAmounts(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]string{
		`"revenue":12.5`:     "completed o 12.50",
		`"revenue":"12.50"`:  "completed o 12.50",
		`"revenue":" 12.5 "`: "completed o 12.50",
		`"revenue":{"amount":"12.50","currency":"EUR"}`:                       "completed o 12.50 EUR",
		`"revenue":{"amount":"12.50","currency_code":"usd"},"currency":"EUR"`: "completed o 12.50 USD",
		`"total":{"value":12.5,"currencyCode":"GBP"}`:                         "completed o 12.50 GBP",
		`"total":{"shop_money":{"amount":"5.00","currency_code":"CAD"}}`:      "completed o 5.00 CAD",
		`"revenue":["12.50"]`:                              "completed o 12.50",
		`"revenue":[{"amount":1}]`:                         "completed o 1.00",
		`"revenue":null,"total":7`:                         "completed o 7.00",
		`"revenue":"","value":8`:                           "completed o 8.00",
		`"revenue":0`:                                      "completed o 0.00",
		`"revenue":[]`:                                     "number_malformed properties.revenue",
		`"revenue":[1,2]`:                                  "number_malformed properties.revenue",
		`"revenue":{}`:                                     "number_malformed properties.revenue",
		`"revenue":{"sum":1}`:                              "number_malformed properties.revenue",
		`"revenue":true`:                                   "number_malformed properties.revenue",
		`"revenue":"NaN"`:                                  "number_malformed properties.revenue",
		`"revenue":"1.234,50"`:                             "number_malformed properties.revenue",
		`"revenue":{"amount":"x"}`:                         "number_malformed properties.revenue",
		`"revenue":999999999999.999999`:                    "completed o 999999999999.999999",
		`"revenue":1000000000000`:                          "number_out_of_range properties.revenue",
		`"products":[{"price":999999999999.999999}]`:       "completed o 999999999999.999999 items 1",
		`"products":[{"price":1000000000000}]`:             "number_out_of_range properties.products.price",
		`"products":[{"price":500000000000,"quantity":2}]`: "number_out_of_range properties.products.quantity",
		`"products":[{"price":500000000000},{"price":500000000000}]`:              "number_out_of_range properties.products",
		`"products":{"0":{"price":10,"quantity":1},"2":{"price":5,"quantity":2}}`: "completed o 20.00 items 2",
		`"products":{"price":3,"quantity":2}`:                                     "completed o 6.00 items 1",
		`"products":[{"price":{"amount":2,"currency":"EUR"},"quantity":"3"}]`:     "completed o 6.00 EUR items 1",
		`"products":[{"price":["2"]},{"sku":"gift"}]`:                             "completed o 2.00 items 2",
		`"products":[{"price":[]}]`:                                               "number_malformed properties.products.price",
		`"products":{"a":{"price":1}}`:                                            "number_malformed properties.products",
		`"products":"[{\"price\":1}]"`:                                            "number_malformed properties.products",
		`"products":"none","revenue":4`:                                           "completed o 4.00",
		`"products":null`:                                                         "completed o 0.00",
		`"revenue":{"amount":1,"currency":"euro"}`:                                "bad_currency properties.currency",
	} {
		if got := told(track("Order Completed", `"order_id":"o",`+properties)); got != want {
			t.Errorf("%s: %s, want %s", properties, got, want)
		}
	}
}

// Refunds, updates and cancellations say which order they are of; a refund of nobody knows how much is refused.
func TestWhatHappensToAnOrder(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"Order Refunded", `"order_id":"o","refund_id":"r","total":3`, "refunded r 3.00 of o"},
		{"Order Refunded", `"order_id":"o","total":-3`, "refunded event:m 3.00 of o"},
		{"Order Refunded", `"order_id":"o"`, "refunded event:m 0.00 of o unpriced"},
		{"Order Refunded", `"order_id":"o","products":[]`, "refunded event:m 0.00 of o unpriced"},
		{"Order Refunded", `"order_id":"o","products":[{"price":2,"quantity":3}]`, "refunded event:m 6.00 of o items 1"},
		{"Order Refunded", `"order_id":"o","products":[{"product_id":"p","quantity":1}]`, "missing_amount properties.products.price"},
		{"Order Refunded", `"order_id":"o","products":[{"price":1},{"product_id":"p"}]`, "missing_amount properties.products.price"},
		{"Order Refunded", `"refund_id":"r"`, "missing_amount properties"},
		{"Order Refunded", `"order_id":"n/a"`, "missing_amount properties"},
		{"Order Refunded", `"refund_id":"r","total":"3"`, "refunded r 3.00"},
		{"Order Refunded", `"order_id":"o","total":"x"`, "number_malformed properties.total"},
		{"Order Updated", `"order_id":"o","total":30,"currency":"EUR"`, "updated event:m 30.00 EUR of o"},
		{"Order Updated", `"order_id":"o"`, "updated event:m 0.00 of o unpriced"},
		{"Order Updated", `"order_id":"o","products":[{"price":2}]`, "updated event:m 2.00 of o items 1"},
		{"Order Updated", `"total":30`, "Order Updated: none"},
		{"Order Cancelled", `"order_id":"o","total":70,"products":[{},{}]`, "cancelled event:m 0.00 of o unpriced items 2"},
		{"Order Cancelled", `"order_id":"o","total":"?"`, "cancelled event:m 0.00 of o unpriced"},
		{"Order Cancelled", `"reason":"late"`, "Order Cancelled: none"},
	} {
		if got := told(track(c[0], c[1])); got != c[2] {
			t.Errorf("%s {%s}: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// Fillers are no order ids: each such event is an order of its own.
func TestFillersAsOrderIDs(t *testing.T) {
	t.Parallel()
	for _, filler := range []string{"", "null", "(null)", "undefined", "-", "none", "N/A", "0", "{{order.id}}", "[object Object]", " ", "\u200b"} {
		if got := told(track("Order Completed", fmt.Sprintf(`"order_id":%q,"revenue":1`, filler))); got != "completed event:m 1.00" {
			t.Errorf("order id %q: %s", filler, got)
		}
	}
	for sent, want := range map[string]string{`"#1001"`: "#1001", `1001`: "1001", `1001.0`: "1001", `" a "`: "a", `"a\u200bb"`: "ab", `"1001–2"`: "1001-2"} {
		if got := told(track("Order Completed", `"order_id":`+sent+`,"revenue":1`)); got != "completed "+want+" 1.00" {
			t.Errorf("order id %s: %s, want %s", sent, got, want)
		}
	}
}

// Names of the catalogue are known in any form; others stay byte for byte.
func TestStandardNames(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"Order Completed": "Order Completed", "order completed": "Order Completed", "ORDER_COMPLETED": "Order Completed", "order-completed": "Order Completed",
		"orderCompleted": "Order Completed", " Order  Completed ": "Order Completed", "Completed Order": "Order Completed", "completed_order": "Order Completed",
		"Order Canceled": "Order Cancelled", "Cancelled Order": "Order Cancelled", "canceled order": "Order Cancelled", "Refunded Order": "Order Refunded",
		"Viewed Product": "Product Viewed", "Added Product": "Product Added", "Viewed Product Category": "Product List Viewed", "Viewed Checkout Step": "Checkout Step Viewed",
		"Started Checkout": "Checkout Started", "signed up": "Signed Up", "Email Link Clicked": "Email Link Clicked", "product_added_to_wishlist": "Product Added to Wishlist",
		"Order": "Order", "Completed": "Completed", "Order Completed Again": "Order Completed Again", " x ": " x ", "Kauf": "Kauf", "": "",
	} {
		if got := event.StandardName(sent); got != want {
			t.Errorf("StandardName(%q) = %q, want %q", sent, got, want)
		}
	}
	names := event.StandardNames()
	for _, name := range names {
		for _, form := range []string{name, strings.ToLower(name), strings.ReplaceAll(strings.ToUpper(name), " ", "_")} {
			if got := event.StandardName(form); got != name {
				t.Errorf("StandardName(%q) = %q, want %q", form, got, name)
			}
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Error("the names are not sorted, each once")
	}
}

// An event that another system received first is judged by that system's clock and the device's, however old both are.
func TestArchivedEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ times, want string }{
		"an archive of Segment": {
			`"originalTimestamp":"2023-05-01T10:00:00Z","timestamp":"2023-05-01T10:00:01.1Z","sentAt":"2023-05-01T10:00:02Z","receivedAt":"2023-05-01T10:00:03.1Z"`,
			"2023-05-01T10:00:00Z false",
		},
		"one whose device was an hour slow": {
			`"originalTimestamp":"2023-05-01T09:00:00Z","sentAt":"2023-05-01T09:00:02Z","receivedAt":"2023-05-01T10:00:02Z"`, "2023-05-01T10:00:00Z true",
		},
		"without a time of sending":          {`"timestamp":"2023-05-01T10:00:00Z","receivedAt":"2023-05-01T10:00:03Z"`, "2023-05-01T10:00:00Z false"},
		"a receipt that cannot be read":      {`"timestamp":"2023-05-01T10:00:00Z","receivedAt":"soon"`, "2023-05-01T10:00:00Z false"},
		"a receipt after ours is no other's": {`"timestamp":"2026-11-22T08:00:00Z","sentAt":"2026-11-22T08:30:00Z","receivedAt":"2027-01-01T00:00:00Z"`, "2026-11-22T09:00:00Z true"},
		"no receipt: a clock that is wrong":  {`"timestamp":"2026-11-22T08:00:00Z","sentAt":"2026-11-22T08:30:00Z"`, "2026-11-22T09:00:00Z true"},
	} {
		e, err := event.Parse([]byte(`{"type":"page","userId":"1","messageId":"m",`+c.times+`}`), stamp())
		if got := fmt.Sprint(e.Corrected.Time().Format("2006-01-02T15:04:05Z"), " ", e.Skewed); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
	}
}

// The id of a session is found under the names that SDKs and exports have for it.
func TestSessionIDs(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		`"context":{"sessionId":1772704800}`:                             "1772704800",
		`"context":{"sessionId":1772704800.0}`:                           "1772704800",
		`"context":{"session_id":"s1"}`:                                  "s1",
		`"context":{"session":{"id":"s1"}}`:                              "s1",
		`"properties":{"session_id":"s1"}`:                               "s1",
		`"properties":{"ga_session_id":17}`:                              "17",
		`"integrations":{"Actions Amplitude":{"session_id":1772704800}}`: "1772704800",
		`"integrations":{"Amplitude":{"session_id":-1}}`:                 "",
		`"context":{"sessionId":"null"},"properties":{"sessionId":"s2"}`: "s2",
		`"context":{"sessionId":{"a":1}}`:                                "",
		`"context":{"sessionId":"` + strings.Repeat("x", 300) + `"}`:     "",
	} {
		e, err := event.Parse([]byte(`{"type":"page","userId":"1",`+fields+`}`), stamp())
		if err != nil || e.Session != want {
			t.Errorf("%.60s: %q, %v; want %q", fields, e.Session, err, want)
		}
	}
}
