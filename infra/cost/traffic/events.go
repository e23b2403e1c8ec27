package traffic

import (
	"fmt"
	"time"
)

// event is one event as a client writes it, about 900 bytes of JSON.
type event map[string]any

// kind is what somebody does.
type kind string

const (
	page     kind = "page"
	product  kind = "product"
	identify kind = "identify"
	order    kind = "order"
	feature  kind = "feature" // seen by a server
)

const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// browse alternates pages and products.
func browse(i int) kind {
	if i%2 == 0 {
		return page
	}
	return product
}

// campaigns are the ways to a site: the query of the address, and the page before.
var campaigns = [...]struct{ query, referrer string }{
	{"", ""},
	{"", "https://www.google.com/"},
	{"", "https://www.facebook.com/"},
	{"?utm_source=news&utm_medium=email&utm_campaign=november", ""},
	{"?utm_source=google&utm_medium=cpc&utm_campaign=brand", "https://www.google.com/"},
}

// event writes one action at its time.
func (g *generator) event(a action, at time.Time) event {
	e := event{
		"messageId": fmt.Sprintf("ajs-next-%s-%08d-5d41402abc4b2a76b9719d911017c592", g.prefix, a.number),
		"timestamp": at.Format(timeFormat), "type": "track", "integrations": map[string]any{},
	}
	if a.user != "" {
		e["userId"] = a.user
	}
	if a.visitor != "" {
		e["anonymousId"] = a.visitor
		e["context"] = browser(a)
	} else {
		e["context"] = server()
	}
	switch a.kind {
	case page:
		e["type"], e["name"] = "page", "Category"
		e["properties"] = map[string]any{
			"title": "Board games for rainy days", "path": "/c/games",
			"url": "https://shop.example/c/games", "search": "",
		}
	case product:
		e["event"] = "Product Viewed"
		e["properties"] = goods(a.number)
	case order:
		e["event"] = "Order Completed"
		e["properties"] = map[string]any{
			"order_id": fmt.Sprintf("o-%s-%08d", g.prefix, a.number),
			"revenue":  fmt.Sprintf("%d.%02d", 10+a.number%90, a.number%100), "currency": "EUR",
			"products": []any{goods(a.number), goods(a.number + 1)},
		}
	case identify:
		e["type"] = "identify"
		e["traits"] = map[string]any{
			"email": a.user + "@mail.example", "plan": "gold", "city": "Lyon",
			"createdAt": "2026-01-15T08:00:00.000Z",
		}
	case feature:
		e["event"] = "Feature Used"
		e["properties"] = map[string]any{
			"feature": fmt.Sprintf("report-%d", a.number%20), "duration_ms": 120 + a.number%900, "plan": "gold", "seats": 12,
			"project": fmt.Sprintf("p-%05d", a.number%5000), "result": "ok", "rows": 4200 + a.number%1000, "region": "eu-west-1",
			"note":   "a scheduled report that was opened from the list of reports of this project",
			"filter": "country in (FR, BE, CH) and created after 2026-01-01 and status is one of open, waiting, on hold",
			"source": "https://reports.example/projects/overview?tab=scheduled&page=3",
			"layout": map[string]any{
				"columns": 8, "sorted_by": "created_at", "descending": true, "grouped_by": "owner",
				"theme": "light",
			},
		}
	}
	return e
}

// goods is one of 500 products.
func goods(n int) map[string]any {
	return map[string]any{
		"product_id": fmt.Sprintf("507f1f77bcf86cd799%06d", n%500), "sku": fmt.Sprintf("G-%03d", n%500),
		"category": "Games", "name": "Monopoly: 3rd Edition",
		"brand": "Hasbro", "price": 18.99, "quantity": 1, "currency": "EUR", "position": 3,
	}
}

// browser is the context of an event that a browser sends.
func browser(a action) map[string]any {
	from := campaigns[a.campaign]
	return map[string]any{
		"page": map[string]any{
			"path": "/p/monopoly", "referrer": from.referrer, "search": from.query, "title": "Monopoly: 3rd Edition",
			"url": "https://shop.example/p/monopoly" + from.query,
		},
		"userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"library":   map[string]any{"name": "analytics.js", "version": "npm:next-1.84.3"}, "timezone": "Europe/Paris",
		"locale": "fr-FR", "screen": map[string]any{"width": 1920, "height": 1080, "density": 2},
		"userAgentData": map[string]any{"mobile": false, "platform": "Linux"},
	}
}

// server is the context of an event that a server sends.
func server() map[string]any {
	return map[string]any{
		"library":   map[string]any{"name": "analytics-node", "version": "2.3.0"},
		"app":       map[string]any{"name": "reports", "version": "7.4.1", "build": "3141"},
		"userAgent": "reports/7.4.1 (linux; amd64) analytics-node/2.3.0 node/22.11.0", "ip": "192.0.2.7", "locale": "fr-FR",
		"timezone": "Europe/Paris",
	}
}
