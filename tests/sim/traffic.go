package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"waymark/tests/recount"
)

// traffic gives the clients a random handful of requests: few identifiers and many ties, times near midnights, clock changes and the moment of
// lapsing, orders that several events claim, and now and then one person of whom much is said at once, or a few visits that decide when somebody
// lapses, while rollups are slow.
func (w *World) traffic() {
	hot := w.oneIn(4)
	if w.oneIn(2) {
		w.caps = smallCaps
		w.invents = w.oneIn(2)
	}
	w.old, w.bursts = w.oneIn(4), w.oneIn(2)
	if w.phase = 2; w.oneIn(5) {
		w.phase = 0
	}
	w.atOnce = pick(w.chance, 0, 0, 1, 3)
	w.slow, w.resets = w.oneIn(3), w.oneIn(6)
	requests, most := 1+w.IntN(12), 3
	if w.slow {
		requests, most = 2+w.IntN(4), 1
	}
	w.requests(requests, most, hot)
}

// requests gives the clients so many more requests.
func (w *World) requests(n, most int, hot bool) {
	for range n {
		r := &request{key: pick(w.chance, "wk_web", "wk_web", "wk_app", "wk_till"), strict: w.oneIn(4)}
		v := w.visit()
		for range 1 + w.IntN(most) {
			r.events = append(r.events, w.event(hot, v))
		}
		w.clients = append(w.clients, r)
	}
}

// visit is what the events of a request share, when they are all of one visit; otherwise nil.
type visit struct {
	who, context string
	at           time.Time
}

func (w *World) visit() *visit {
	if !w.oneIn(3) {
		return nil
	}
	v := &visit{at: w.when()}
	v.who, v.context = w.who()
	return v
}

// identifies is a kind of event.
const identifies = 6

func (w *World) event(hot bool, v *visit) string {
	if w.slow && !w.oneIn(6) {
		return fmt.Sprintf(`{"type":"page","anonymousId":"a0","timestamp":%q}`, w.lapsing().Format(time.RFC3339Nano))
	}
	hot = hot && w.oneIn(2)
	fields, context := []string{`"userId":"u0"`}, ""
	if !hot {
		fields[0], context = w.who()
	}
	at := w.when()
	if v != nil {
		fields[0], context, at = v.who, v.context, v.at.Add(time.Duration(w.IntN(5))*10*time.Minute)
	}
	if !w.oneIn(10) {
		fields = append(fields, fmt.Sprintf(`"timestamp":%q`, at.Format(time.RFC3339Nano)))
	}
	if !w.oneIn(12) {
		fields = append(fields, fmt.Sprintf(`"messageId":"id%d"`, w.IntN(40)))
	}
	kind := identifies
	if !hot {
		kind = w.IntN(18)
	}
	switch kind {
	case 1, 2, 16:
		order := fmt.Sprintf(`"order_id":"o%d","revenue":%d.%02d`, w.IntN(5), w.IntN(90), w.IntN(100))
		if w.oneIn(3) {
			order += `,"currency":"EUR"`
		}
		fields = append(fields, `"type":"track","event":"Order Completed"`, `"properties":{`+order+"}")
	case 3, 14, 15:
		fields = append(fields, `"type":"track"`, w.change())
	case 4:
		fields = append(fields, `"type":"track","event":"Product Added"`)
		context += `,"location":{"country":"NO"}`
	case 5:
		fields = append(fields, `"type":"page"`, `"properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email","plan":"p1"}`)
	case identifies, 10:
		fields = append(fields, `"type":"identify"`, fmt.Sprintf(`"traits":{"plan":"p%d","email":"e%d@x.example","trait%d":"x"}`, w.IntN(3), w.IntN(2), w.IntN(9)))
	case 7, 8:
		fields = append(fields, `"type":"alias"`, fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, w.IntN(3), w.IntN(3)))
	case 9:
		fields = append(fields, pick(w.chance, `"type":"nonsense"`, `"type":"track"`, `"type":"page","userId":"null","anonymousId":"0"`))
	case 11:
		fields = append(fields, `"type":"page"`)
		context += `,"userAgent":"Googlebot/2.1 (+http://www.google.com/bot.html)"`
	case 17:
		fields = append(fields, `"type":"track"`, `"event":"Email Delivered"`)
	default:
		fields = append(fields, `"type":"page"`)
	}
	if w.oneIn(3) {
		context += fmt.Sprintf(`,"sessionId":"s%d"`, w.IntN(3))
	}
	return "{" + strings.Join(append(fields, w.context(kind, context)), ",") + "}"
}

// change is what happens to an order: it is refunded, in part or whole, changed or cancelled, before or after it came, once or twice.
func (w *World) change() string {
	order := fmt.Sprintf(`"order_id":"o%d"`, w.IntN(5))
	amount := fmt.Sprintf(`"total":%d.5`, w.IntN(60))
	if w.oneIn(4) {
		amount += pick(w.chance, `,"currency":"EUR"`, `,"currency":"GBP"`)
	}
	refund := fmt.Sprintf(`"refund_id":"f%d"`, w.IntN(3))
	return pick(w.chance,
		`"event":"Order Refunded","properties":{`+refund+`,`+amount+`}`,
		`"event":"Order Refunded","properties":{`+refund+`,`+order+`,`+amount+`}`,
		`"event":"Order Refunded","properties":{`+order+`,`+amount+`}`,
		`"event":"Order Refunded","properties":{`+order+`}`,
		`"event":"Order Updated","properties":{`+order+`,`+amount+`}`,
		`"event":"Order Updated","properties":{`+order+`}`,
		`"event":"Order Cancelled","properties":{`+order+`}`,
	)
}

// context is the event's context: what is given of it, and often a country, a campaign or a device.
func (w *World) context(kind int, context string) string {
	if kind != 4 && w.oneIn(3) {
		context += fmt.Sprintf(`,"location":{"country":%q}`, pick(w.chance, "GB", "NO", "UK", "Norge", "England", "578", "Korea, Republic of", "Atlantis"))
	}
	if w.oneIn(3) {
		context += `,"campaign":{"name":` + pick(
			w.chance, `"spring"}`, `"autumn","source":"news","medium":"email"}`,
			`"spring","source":"google","medium":"cpc"}`,
		)
	}
	if w.oneIn(2) {
		context += fmt.Sprintf(`,"page":{"url":%q,"referrer":%q}`, pages[w.IntN(len(pages))], referrers[w.IntN(len(referrers))])
	}
	if kind != 11 && w.oneIn(2) {
		context += fmt.Sprintf(`,"userAgent":%q`, agents[w.IntN(len(agents))])
	}
	return `"context":{` + strings.TrimPrefix(context, ",") + "}"
}

// agents are those of devices of every class, pages and referrers those that the recount knows.
var (
	agents    = slices.Sorted(maps.Keys(recount.Agents))
	pages     = slices.Sorted(maps.Keys(recount.Pages))
	referrers = slices.Sorted(maps.Keys(recount.Referrers))
)

// who is the identifiers of an event, and what its context says of them.
func (w *World) who() (fields, context string) {
	user, visitor := w.IntN(3), w.IntN(4)
	if w.invents && w.oneIn(2) { // a server invents an id for each event
		return fmt.Sprintf(`"userId":"u%d","anonymousId":"z%d"`, w.IntN(2), w.IntN(9)), ""
	}
	switch w.IntN(4) {
	case 1:
		return fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, user, visitor), ""
	case 2:
		return fmt.Sprintf(`"userId":"u%d"`, user), ""
	case 3, 14, 15:
		return fmt.Sprintf(`"anonymousId":"a%d"`, visitor), fmt.Sprintf(`,"traits":{"email":"e%d@x.example"}`, user)
	}
	return fmt.Sprintf(`"anonymousId":"a%d"`, visitor), ""
}

// when picks a time where something can go wrong: about the clock change of 25 October 2026, about midnights of the
// last days and of a month's and quarter's end, about 90 days ago, so that lapses come true while the schedule runs,
// and a day ahead, where times are taken for wrong. Where all is old, many lapse.
func (w *World) when() time.Time {
	around := pick(w.chance,
		time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC),
		begin.Add(-90*24*time.Hour), begin.Add(-91*24*time.Hour), begin.Add(24*time.Hour),
	)
	if w.old {
		around = begin.Add(-time.Duration(90*24-w.IntN(7*24)) * time.Hour)
	}
	return around.Add(time.Duration(w.IntN(16)-8) * 10 * time.Minute).Truncate(time.Minute)
}

// lapsing picks a time of a visit that makes somebody lapse today or yesterday, or of one that came in between and keeps them from it.
func (w *World) lapsing() time.Time {
	return pick(w.chance, begin.Add(-90*24*time.Hour), begin.Add(-91*24*time.Hour), begin.Add(-30*24*time.Hour))
}
