package corpora_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// told are the values of a metric by day, as "metric: day value, …", zeros left out.
func (w world) told(metric, from, to, by string) string {
	w.t.Helper()
	found := w.kpi(metric, "day", from, to, by)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if strings.Trim(found[key], "0.") != "" {
			out = append(out, key+" "+found[key])
		}
	}
	return strings.TrimSpace(metric+" "+by) + ": " + strings.Join(out, ", ")
}

// fieldCase is one kind of what shops, devices and clients send, and what must come out. The kinds are those of data/field_cases; the inputs are our own.
type fieldCase struct {
	name     string
	currency string   // EUR unless said
	send     []string // "route body"
	from, to string   // days of the KPIs
	want     []string // "metric [by]: day value, …"
	failed   map[string]int
}

func order(user, id, amount, day, more string) string {
	return fmt.Sprintf(`/v1/track {"userId":%q,"event":"Order Completed","timestamp":"%sT10:00:00Z","properties":{"order_id":%q,"revenue":%s,"currency":"EUR"}%s}`, user, day, id, amount, more)
}

func change(user, event, id, properties, day string) string {
	return fmt.Sprintf(`/v1/track {"userId":%q,"event":%q,"timestamp":"%sT12:00:00Z","properties":{"order_id":%q%s}}`, user, event, day, id, properties)
}

// orderCases are of orders and what happens to them.
func orderCases() []fieldCase {
	var huge []string
	for n := range 48 { // 48 × 400,000,000,000 units: more than 64 bits of millionths hold
		huge = append(huge, fmt.Sprintf(`/v1/track {"userId":"whale","event":"Order Completed","messageId":"m%d","timestamp":"2026-03-05T10:00:00Z",`+
			`"properties":{"order_id":"o%[1]d","products":[%s]}}`, n, strings.Repeat(`{"price":1000000000,"quantity":1},`, 399)+`{"price":1000000000}`))
	}
	return []fieldCase{
		{
			name: "sums beyond 64 bits", currency: "IRR", send: huge, from: "2026-03-05", to: "2026-03-06",
			want: []string{"orders: 2026-03-05 48", "revenue: 2026-03-05 19200000000000.00", "aov: 2026-03-05 400000000000.00", "net_revenue: 2026-03-05 19200000000000.00"},
		},
		{
			name: "cancelled and edited orders", from: "2026-03-31", to: "2026-04-03",
			send: []string{
				order("p", "o1", "50", "2026-03-31", ""), change("p", "Order Updated", "o1", `,"revenue":30`, "2026-03-31"),
				order("q", "o2", "70", "2026-03-31", ""), change("q", "order_cancelled", "o2", `,"revenue":70`, "2026-04-01"),
				change("q", "Refunded Order", "o2", "", "2026-04-02"),
			},
			want: []string{
				"orders: 2026-03-31 2", "revenue: 2026-03-31 120.00", "order_updates: 2026-03-31 -20.00", "cancellations: 2026-04-01 70.00",
				"refunds:", "net_revenue: 2026-03-31 100.00, 2026-04-01 -70.00",
			},
		},
		{
			name: "refunds by the order's id, of its products, and of nobody knows how much", from: "2026-03-30", to: "2026-04-05",
			send: []string{
				order("u", "o1", "50", "2026-03-30", ""), change("u", "Order Refunded", "o1", "", "2026-04-02"),
				order("v", "o2", "60", "2026-03-30", ""), change("v", "Order Refunded", "o2", `,"products":[{"price":20,"quantity":1}]`, "2026-04-03"),
				change("v", "Order Refunded", "o2", `,"products":[{"product_id":"p","quantity":1}]`, "2026-04-04"),
				change("v", "Order Refunded", "o2", `,"total":-5`, "2026-04-04"),
			},
			want: []string{
				"refunds: 2026-04-02 50.00, 2026-04-03 20.00, 2026-04-04 5.00",
				"net_revenue: 2026-03-30 110.00, 2026-04-02 -50.00, 2026-04-03 -20.00, 2026-04-04 -5.00", "active_persons: 2026-03-30 2",
			},
			failed: map[string]int{"missing_amount": 1},
		},
		{
			name: "what a server sends of orders under an id of its own counts where the order does", from: "2026-03-05", to: "2026-03-08",
			send: []string{
				`/v1/page {"anonymousId":"w","timestamp":"2026-03-05T09:59:00Z","properties":{"url":"https://shop.example/?utm_medium=email"}}`,
				`/v1/identify {"userId":"u","anonymousId":"w","timestamp":"2026-03-05T09:59:30Z"}`,
				order("u", "o1", "50", "2026-03-05", `,"context":{"location":{"country":"de"}}`),
				change("backoffice", "Order Refunded", "o1", `,"total":20`, "2026-03-06"), change("backoffice", "Order Cancelled", "o1", "", "2026-03-07"),
			},
			want: []string{
				"net_revenue channel: 2026-03-05 email 50.00, 2026-03-06 email -20.00, 2026-03-07 email -30.00",
				"net_revenue country: 2026-03-05 DE 50.00, 2026-03-06 DE -20.00, 2026-03-07 DE -30.00",
				"cancellations channel: 2026-03-07 email 30.00",
			},
		},
	}
}

// otherCases are of forms, times and sessions, and of what nobody did.
func otherCases() []fieldCase {
	return []fieldCase{
		{
			name: "forms of money, of lists and of names", from: "2026-03-05", to: "2026-03-06",
			send: []string{
				`/v1/track {"userId":"u","event":"Completed Order","timestamp":"2026-03-05T10:00:00Z","properties":{"order_id":"o1","products":{"0":{"price":10},"2":{"price":5,"quantity":2}}}}`,
				`/v1/track {"userId":"u","event":"order completed ","timestamp":"2026-03-05T10:00:00Z","properties":{"order_id":"o2","revenue":{"amount":"12.50","currency_code":"EUR"}}}`,
				`/v1/track {"userId":"u","event":"order_completed","timestamp":"2026-03-05T10:00:00Z","properties":{"order_id":"o3","revenue":["12.50"]}}`,
				`/v1/track {"userId":"u","event":"ORDER COMPLETED","timestamp":"2026-03-05T10:00:00Z","properties":{"order_id":"o4","revenue":{"sum":1}}}`,
			},
			want:   []string{"orders: 2026-03-05 3", "revenue: 2026-03-05 45.00"},
			failed: map[string]int{"number_malformed": 1},
		},
		{
			name: "an event from another system's archive stays on its day", from: "2023-05-01", to: "2023-05-02",
			send: []string{`/v1/import {"batch":[{"type":"track","userId":"arch","event":"Order Completed","messageId":"m1","originalTimestamp":"2023-05-01T10:00:00.000Z",` +
				`"timestamp":"2023-05-01T10:00:01.100Z","sentAt":"2023-05-01T10:00:02.000Z","receivedAt":"2023-05-01T10:00:03.100Z","properties":{"order_id":"o1","revenue":10}}],"sentAt":"2026-11-22T09:30:00Z"}`},
			want: []string{"revenue: 2023-05-01 10.00"},
		},
		{
			name: "a late order belongs to the session that it names", from: "2026-03-05", to: "2026-03-06",
			send: []string{
				`/v1/identify {"userId":"u","anonymousId":"w","timestamp":"2026-03-05T09:59:00Z"}`,
				`/v1/page {"anonymousId":"w","timestamp":"2026-03-05T10:00:00Z","context":{"sessionId":1772704800},"properties":{"url":"https://shop.example/?utm_source=google&utm_medium=cpc"}}`,
				`/v1/track {"userId":"u","event":"Order Completed","timestamp":"2026-03-05T10:35:00Z","context":{"sessionId":1772704800},"properties":{"order_id":"o","revenue":10}}`,
				`/v1/page {"anonymousId":"w","timestamp":"2026-03-05T10:45:00Z"}`,
			},
			want: []string{"sessions channel: 2026-03-05 direct 1, 2026-03-05 paid_search 1", "revenue channel: 2026-03-05 paid_search 10.00"},
		},
		{
			name: "what nobody did makes nobody active", from: "2026-04-05", to: "2026-04-06",
			send: []string{
				`/v1/track {"userId":"u0","event":"Email Delivered","timestamp":"2026-04-05T10:00:00Z"}`, `/v1/track {"userId":"u1","event":"email_bounced","timestamp":"2026-04-05T10:00:00Z"}`,
				`/v1/track {"userId":"u2","event":"Email Marked as Spam","timestamp":"2026-04-05T10:00:00Z"}`, `/v1/track {"userId":"u3","event":"Order Refunded","timestamp":"2026-04-05T10:00:00Z","properties":{"total":1}}`,
				`/v1/track {"userId":"u4","event":"Invoice Sent","timestamp":"2026-04-05T10:00:00Z"}`, `/v1/track {"userId":"u5","event":"SMS Delivered","timestamp":"2026-04-05T10:00:00Z"}`,
				`/v1/track {"userId":"mpp","event":"Email Opened","timestamp":"2026-04-05T10:00:00Z","context":{"userAgent":"Mozilla/5.0"}}`,
				`/v1/track {"userId":"sg","event":"Email Opened","timestamp":"2026-04-05T10:00:00Z","properties":{"sg_machine_open":true}}`,
				`/v1/track {"userId":"me","event":"Email Opened","timestamp":"2026-04-05T10:00:00Z","context":{"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"}}`,
			},
			want: []string{"touchpoints: 2026-04-05 9", "active_persons: 2026-04-05 1", "sessions: 2026-04-05 1"},
		},
	}
}

// TestOrdersInTheField sends each case through the whole system, forwards and backwards, and asks for KPIs.
func TestOrdersInTheField(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(orderCases(), otherCases()) {
		for _, isBackwards := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " backwards=", isBackwards), func(t *testing.T) {
				currency := c.currency
				if currency == "" {
					currency = "EUR"
				}
				w := newWorld(t, currency)
				send := slices.Clone(c.send)
				if isBackwards {
					slices.Reverse(send)
				}
				for n, request := range send {
					path, body, _ := strings.Cut(request, " ")
					if status, answer := w.post(path, body); status != 200 && c.failed == nil {
						t.Errorf("POST %s: %d %s", request, status, answer)
					}
					if n%2 == 1 {
						w.count() // in between, so that numbers change that were counted
					}
				}
				w.count()
				for _, want := range c.want {
					metric, _, _ := strings.Cut(want, ":")
					metric, by, _ := strings.Cut(metric, " ")
					if got := w.told(metric, c.from, c.to, by); strings.TrimSpace(got) != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
				}
				if got := w.fates().RejectedBy; !maps.Equal(got, c.failed) {
					t.Errorf("rejected %v, want %v", got, c.failed)
				}
			})
		}
	}
}

// TestNumbersOfTwoShops: one number of two sources is one order unless a key says that its source numbers by itself; copies are counted.
func TestNumbersOfTwoShops(t *testing.T) {
	t.Parallel()
	for orders, want := range map[workspace.Orders][3]string{
		workspace.SharedOrders: {"orders: 2026-03-05 1", "revenue: 2026-03-05 20.00", "1 copies"},
		workspace.OwnOrders:    {"orders: 2026-03-05 2", "revenue: 2026-03-05 50.00", "0 copies"},
	} {
		t.Run("orders are "+string(orders), func(t *testing.T) {
			w := newWorld(t, "EUR")
			shop := system.Shop()
			shop.Zone, shop.Currency = "UTC", "EUR"
			for i := range shop.Keys {
				shop.Keys[i].Orders = orders
			}
			if err := w.Table.PutWorkspace(t.Context(), shop); err != nil {
				t.Fatal(err)
			}
			for key, body := range map[string]string{
				"wk_web": order("u", "#1001", "20", "2026-03-05", ""), "wk_till": strings.Replace(order("v", "#1001", "30", "2026-03-05", ""), "T10:", "T11:", 1),
			} {
				path, event, _ := strings.Cut(body, " ")
				answer, err := httpapitest.Invoke(t.Context(), w.Collect(w.Ports()), w.Request("POST", path, system.Basic(key), event))
				if err != nil || answer.StatusCode != 200 {
					t.Fatalf("%s: %v %s", key, err, answer.Body)
				}
			}
			w.count()
			got := [3]string{
				w.told("orders", "2026-03-05", "2026-03-06", ""), w.told("revenue", "2026-03-05", "2026-03-06", ""), fmt.Sprintf("%d copies", w.fates().OrderCopies),
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestAliasOfEitherKind: a server gives up the anonymous id of a browser, or a former user id, before or after it was used.
func TestAliasOfEitherKind(t *testing.T) {
	t.Parallel()
	alias := `{"userId":"new9","previousId":"7f3a","timestamp":"2026-03-05T10:01:00Z"}`
	for name, visit := range map[string]string{
		"anon:7f3a": `{"anonymousId":"7f3a","event":"Product Viewed","timestamp":"2026-03-05T10:00:00Z"}`,
		"user:7f3a": `{"userId":"7f3a","event":"Product Viewed","timestamp":"2026-03-05T10:00:00Z"}`,
	} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " alias first=", first), func(t *testing.T) {
				w := newWorld(t, "EUR")
				if first {
					w.post("/v1/alias", alias)
					w.count()
				}
				w.post("/v1/track", visit)
				w.count()
				w.post("/v1/alias", alias)
				w.count()
				p := w.person(name)
				ids, err := json.Marshal(p.Identifiers)
				if err != nil || p.Person != "user:new9" || p.Touchpoints != 1 || string(ids) != `[{"ID":"user:new9"},{"ID":"`+name+`"}]` {
					t.Errorf("%s is %s with %d touchpoints and the identifiers %s", name, p.Person, p.Touchpoints, ids)
				}
			})
		}
	}
}

// TestInventedIDs: a server that invents an anonymous id for each event uses up nobody's places: the visitor's own device, which comes later, is found.
func TestInventedIDs(t *testing.T) {
	w := newWorld(t, "EUR")
	var events []string
	for n := range identity.MaxChildren + 200 {
		events = append(events, fmt.Sprintf(`{"type":"track","event":"Invoice Viewed","messageId":"s%d","userId":"u","anonymousId":"invented-%[1]d","timestamp":"2026-11-01T10:00:00Z"}`, n))
	}
	w.send(events)
	w.send([]string{
		`{"type":"page","messageId":"p1","anonymousId":"device","timestamp":"2026-11-02T10:00:00Z"}`,
		`{"type":"identify","messageId":"i1","anonymousId":"device","userId":"u","timestamp":"2026-11-02T10:01:00Z","traits":{"email":"u@x.example"}}`,
		`{"type":"page","messageId":"p2","anonymousId":"device","timestamp":"2026-11-02T10:02:00Z"}`,
	})
	for _, id := range []string{"anon:device", "email:u@x.example"} {
		if p := w.person(id); p.Person != "user:u" || p.Touchpoints != identity.MaxChildren+202 {
			t.Errorf("%s is %s with %d touchpoints, want user:u with %d", id, p.Person, p.Touchpoints, identity.MaxChildren+202)
		}
	}
	if got, want := w.told("active_persons", "2026-11-01", "2026-11-03", ""), "active_persons: 2026-11-01 1, 2026-11-02 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
