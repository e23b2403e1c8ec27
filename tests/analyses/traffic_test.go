package analyses_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// traffic makes what a shop's server says of some persons: visits by several channels on one or two devices, orders in two currencies and what
// becomes of them, mails, surveys, an experiment, and a bot. The same seed says the same. Nothing comes later than to.
type traffic struct {
	*rand.Rand
	from, to time.Time
	sent     []string
	orders   int
}

func pick[T any](r *traffic, of ...T) T { return of[r.IntN(len(of))] }

// events are those of so many persons.
func events(seed uint64, persons int) []string {
	r := &traffic{
		Rand: rand.New(rand.NewPCG(seed, 31)),
		from: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC), to: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
	}
	for person := range persons {
		r.life(person)
	}
	return r.sent
}

func (r *traffic) life(person int) {
	at := r.from.Add(time.Duration(r.Int64N(int64(r.to.Sub(r.from)) * 8 / 10)))
	device := fmt.Sprintf(`"anonymousId":"a%d"`, person)
	isKnown := false
	var bought []string
	for range 1 + r.IntN(6) {
		if !isKnown && r.IntN(2) == 0 {
			isKnown = true
		}
		who := device
		if isKnown && r.IntN(3) > 0 {
			who += fmt.Sprintf(`,"userId":"u%d"`, person)
		}
		if r.IntN(6) == 0 { // another device, which is theirs when they say who they are
			who = strings.Replace(who, `"a`, `"b`, 1)
		}
		bought = append(bought, r.visit(who, &at)...)
		r.between(who, &at, bought)
		at = at.Add(time.Duration(r.Int64N(int64(25 * 24 * time.Hour))))
	}
}

// say sends an event of somebody, unless it is later than anything is known.
func (r *traffic) say(who string, at time.Time, fields string) {
	if at.Before(r.to) {
		r.sent = append(r.sent, fmt.Sprintf(`{"messageId":"m%d",%s,"timestamp":%q,%s}`, len(r.sent), who, at.Format(time.RFC3339Nano), fields))
	}
}

// visit is one session: it comes by a channel, looks at pages and products, and may end in an order.
func (r *traffic) visit(who string, at *time.Time) (bought []string) {
	came := pick(r, ``, ``, `"campaign":{"name":"spring","source":"news","medium":"email"},`, `"campaign":{"source":"google","medium":"cpc","name":"brand"},`,
		`"page":{"url":"https://shop.example/","referrer":"https://www.google.com/search?q=socks"},`, `"page":{"url":"https://shop.example/","referrer":"https://l.facebook.com/"},`)
	place := fmt.Sprintf(`"location":{"country":%q}`, pick(r, "GB", "NO", "DE"))
	r.say(who, *at, `"type":"page","context":{`+came+place+`}`)
	if r.IntN(3) == 0 {
		r.say(who, at.Add(time.Second), fmt.Sprintf(`"type":"track","event":"Experiment Viewed","properties":{"experiment_id":"checkout","variation_id":%q}`, pick(r, "control", "green")))
	}
	for range r.IntN(5) {
		*at = at.Add(time.Duration(1+r.IntN(20*60)) * time.Second)
		r.say(who, *at, pick(r,
			`"type":"page","properties":{"url":"https://shop.example/cart"}`, `"type":"track","event":"Product Viewed","properties":{"product_id":"shoe"}`,
			`"type":"track","event":"Product Added","properties":{"product_id":"sock"}`, `"type":"track","event":"Checkout Started"`,
			`"type":"track","event":"Survey Answered","properties":{"survey_id":"s","survey_type":"nps","score":9,"text":"I love these shoes"}`))
	}
	for range r.IntN(4) / 2 {
		r.orders++
		id := fmt.Sprintf("o%d", r.orders)
		*at = at.Add(time.Duration(1+r.IntN(10*60)) * time.Second)
		order := fmt.Sprintf(`"order_id":%q,"revenue":%d.%02d`, id, 1+r.IntN(200), r.IntN(100))
		if r.IntN(4) == 0 {
			order += `,"currency":"EUR"`
		}
		r.say(who, *at, `"type":"track","event":"Order Completed","properties":{`+order+`}`)
		if at.Before(r.to) {
			bought = append(bought, id)
		}
	}
	return bought
}

// between is what happens while nobody visits: mails, what becomes of orders, an order of a till.
func (r *traffic) between(who string, at *time.Time, bought []string) {
	*at = at.Add(40 * time.Minute)
	switch r.IntN(5) {
	case 0:
		r.say(who, *at, `"type":"track","event":"Email Delivered","context":{"campaign":{"name":"letter","medium":"email"}}`)
	case 1:
		r.say(who, *at, `"type":"page","context":{"userAgent":"Googlebot/2.1 (+http://www.google.com/bot.html)"}`)
	case 2:
		if len(bought) > 0 {
			id := fmt.Sprintf(`"order_id":%q`, bought[r.IntN(len(bought))])
			r.say(who, *at, `"type":"track",`+pick(r,
				`"event":"Order Refunded","properties":{"refund_id":"f`+fmt.Sprint(len(r.sent))+`",`+id+`,"total":0.5}`, `"event":"Order Refunded","properties":{`+id+`}`,
				`"event":"Order Updated","properties":{`+id+`,"total":60.5}`, `"event":"Order Cancelled","properties":{`+id+`}`))
		}
	}
}

// purchases are orders of so many persons: some buy once or twice and are gone, others go on, each at a pace of their own; some get a little back.
func purchases(persons int) []string {
	r := &traffic{Rand: rand.New(rand.NewPCG(5, 31)), to: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	for person := range persons {
		who := fmt.Sprintf(`"userId":"u%d"`, person)
		pace := time.Duration(3+r.IntN(20)) * 24 * time.Hour
		at := time.Date(2026, 8, 1+r.IntN(28), 12, 0, 0, 0, time.UTC)
		for isThere := true; isThere && at.Before(r.to); isThere = r.IntN(5) > 0 {
			order := fmt.Sprintf(`"properties":{"order_id":"o%d"`, len(r.sent))
			r.say(who, at, `"type":"track","event":"Order Completed",`+order+fmt.Sprintf(`,"revenue":%d.25}`, 20+r.IntN(100)))
			if r.IntN(9) == 0 {
				r.say(who, at.Add(time.Hour), `"type":"track","event":"Order Refunded",`+order+`,"total":1.75}`)
			}
			at = at.Add(time.Duration(r.ExpFloat64() * float64(pace)))
		}
	}
	return r.sent
}
