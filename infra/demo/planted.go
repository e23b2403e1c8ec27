package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The planted workspace is a shop of persons who never were. What its analyses must find is written into it here, so that each has one right answer.

const (
	plantedWorkspace = "demo-planted"
	plantedPersons   = 2000
	plantedDays      = 120
	plantedSeed      = 13
	churnMonth       = time.March
	botDay           = 60 // of the days, from 0
	bots, botPages   = 300, 10
	letterDay        = 90
	twins            = 150 // persons who may come by phone and computer, in turn
	displayShare     = .45 // of persons who come by a display ad first
)

// plantedBegin is the first day, a Monday.
var plantedBegin = time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)

func plantedEnd() time.Time { return plantedBegin.AddDate(0, 0, plantedDays) }

// planted is the events with what is known of them, counted while they are made.
type planted struct {
	events  []plantedEvent
	persons int
	touches int // of persons, without identify calls and bots
	orders  int
	revenue int            // in EUR
	daily   map[string]int // touches by day
	twins   [][2]string    // pairs of anonymous ids that are one person
}

type plantedEvent struct {
	at   time.Time
	json json.RawMessage
}

const (
	phoneAgent    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
	computerAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
	botAgent      = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

// campaigns say where a session comes from, by the parameters that its links carry.
var campaigns = map[string]map[string]string{
	"display":        {"source": "adnet", "medium": "display", "name": "awareness"},
	"paid_search":    {"source": "google", "medium": "cpc", "name": "shoes"},
	"paid_social":    {"source": "facebook", "medium": "cpc", "name": "friends"},
	"email":          {"source": "newsletter", "medium": "email", "name": "letter"},
	"organic_search": {"source": "google", "medium": "organic"},
}

// texts are what persons say: bad words stand after the purchase alone.
var texts = map[string][]string{
	"Direct Message Received": {"Thanks, that was a great help!", "I love the colours, very nice.", "Great, friendly and quick answer.", "Good advice, thank you."},
	"Feedback Given": {
		"The parcel arrived broken. Terrible packaging!", "I am very disappointed, the delivery was awful.", "Horrible: the wrong size again, and nobody answers.",
		"This is the worst delivery I have seen.", "Bad quality, it is damaged and I am angry.",
	},
	"Product Reviewed": {"Excellent shoes, I am happy with them.", "Very good, I love them.", "Great quality and a fair price.", "Perfect fit, wonderful."},
}

// makePlanted makes the workspace's events, in time order. It gives the same ones every time.
func makePlanted() *planted {
	p := &planted{daily: map[string]int{}, persons: plantedPersons}
	for i := range plantedPersons {
		m := &visitor{planted: p, Rand: rand.New(rand.NewPCG(plantedSeed, uint64(i))), number: i}
		m.live()
	}
	p.sendBots()
	slices.SortStableFunc(p.events, func(a, b plantedEvent) int { return a.at.Compare(b.at) })
	return p
}

// visitor is a person in the making.
type visitor struct {
	*planted
	*rand.Rand
	number    int
	at        time.Time
	sent      int
	isPhone   bool
	isTwin    bool
	hasBought bool
	used      [2]bool // the computer, and the phone
	channel   string
}

func (v *visitor) live() {
	v.visits()
	if v.isTwin && v.used[0] && v.used[1] {
		v.twins = append(v.twins, [2]string{v.anonymous(false), v.anonymous(true)})
	}
}

// visits makes all visits of a person.
func (v *visitor) visits() {
	v.isTwin = v.number < twins
	v.isPhone = v.IntN(2) == 0
	begin := plantedBegin.AddDate(0, 0, v.IntN(plantedDays-10))
	v.at = v.hour(begin)
	isChurned := v.at.Month() == churnMonth
	until := plantedEnd()
	if isChurned {
		until = v.at.AddDate(0, 0, 8)
		if end := time.Date(2025, churnMonth+1, 1, 0, 0, 0, 0, time.UTC); until.After(end) {
			until = end
		}
	}
	comesByDisplay := v.Float64() < displayShare
	if !isChurned && v.at.Before(plantedBegin.AddDate(0, 0, letterDay)) && (v.number%8 == 1 || v.number%8 == 2) {
		v.letter()
	}
	visits := 2 + v.IntN(4)
	for n := range visits {
		v.channel = []string{"paid_search", "email", "organic_search", "direct", "paid_social"}[v.IntN(5)]
		if n == 0 && comesByDisplay {
			v.channel = "display"
		}
		v.visit(n == 0, comesByDisplay)
		gap := time.Duration(2+v.IntN(26)) * 24 * time.Hour
		if isChurned || n == 0 && comesByDisplay {
			gap = time.Duration(1+v.IntN(4)) * 24 * time.Hour
		}
		day := v.at.Truncate(24 * time.Hour).Add(gap)
		if v.isTwin {
			v.isPhone = !v.isPhone
		}
		if v.at = v.hour(day); !v.at.Before(until) {
			return
		}
	}
}

// letter lets some persons come by a newsletter on one day, look at two pages, and go.
func (v *visitor) letter() {
	first := v.at
	v.at = v.hour(plantedBegin.AddDate(0, 0, letterDay))
	v.channel = "email"
	v.page("Home", "/letter")
	v.page("Home", "/letter/more")
	v.at = first
}

// hour is a time of a day at which people are awake.
func (v *visitor) hour(day time.Time) time.Time {
	return day.Truncate(24 * time.Hour).Add(time.Duration(7*60+v.IntN(14*60)) * time.Minute)
}

// anonymous is the id of the device that is used.
func (v *visitor) anonymous(isPhone bool) string {
	if v.isTwin && isPhone {
		return fmt.Sprintf("p%04d-phone", v.number)
	}
	return fmt.Sprintf("p%04d", v.number)
}

// send makes an event and lets some time pass.
func (v *visitor) send(kind, name string, properties map[string]any) {
	e := map[string]any{
		"type": kind, "messageId": fmt.Sprintf("planted-%04d-%03d", v.number, v.sent), "timestamp": v.at.Format(time.RFC3339),
		"anonymousId": v.anonymous(v.isPhone), "properties": properties,
	}
	v.sent++
	agent := computerAgent
	if v.isPhone {
		agent = phoneAgent
	}
	about := map[string]any{"userAgent": agent}
	if c := campaigns[v.channel]; c != nil {
		about["campaign"] = c
	}
	e["context"] = about
	switch kind {
	case "track":
		e["event"] = name
	case "page":
		e["name"] = name
	case "identify":
		e["userId"] = fmt.Sprintf("u%04d", v.number)
		delete(e, "properties")
	}
	v.add(v.at, e)
	if kind != "identify" {
		v.touches++
		v.daily[v.at.Format(time.DateOnly)]++
	}
	v.at = v.at.Add(time.Duration(20+v.IntN(100)) * time.Second)
}

func (p *planted) add(at time.Time, e map[string]any) {
	text, err := json.Marshal(e)
	if err != nil {
		panic("demo: an event has a JSON: " + err.Error())
	}
	p.events = append(p.events, plantedEvent{at, text})
}

func (v *visitor) page(name, path string) {
	v.send("page", name, map[string]any{"url": "https://shop.example" + path, "path": path})
}

// visit is one session.
func (v *visitor) visit(isFirst, comesByDisplay bool) {
	if isFirst {
		v.variants()
	}
	v.page("Home", "/")
	if v.isTwin {
		v.send("identify", "", nil)
		v.used[map[bool]int{false: 0, true: 1}[v.isPhone]] = true
	}
	product := fmt.Sprint(1 + v.IntN(20))
	v.promotion()
	v.send("track", "Product Viewed", map[string]any{"product_id": product, "price": "40.00", "currency": "EUR"})
	if v.IntN(6) == 0 && !v.hasBought {
		v.say("Direct Message Received", map[string]any{"feedback_kind": "message"})
	}
	chance := .45
	if comesByDisplay {
		chance = .65 // who has seen the ad is set on buying when they come back
	}
	if v.channel == "display" || v.Float64() > chance {
		if v.IntN(20) == 0 {
			v.send("track", "Size Guide Viewed", map[string]any{})
		}
		v.page("Home", "/help")
		return
	}
	v.send("track", "Product Added", map[string]any{"product_id": product, "price": "40.00", "currency": "EUR", "quantity": 1})
	v.checkout(product)
}

// checkout fails on phones at the payment, most of the time.
func (v *visitor) checkout(product string) {
	buys := .6
	if v.number%2 == 0 {
		buys = .8 // the green button: variant "green" is for even numbers
	}
	if v.isPhone {
		buys *= .2
	}
	willBuy := v.Float64() < buys
	if guide := v.IntN(20); willBuy && guide < 9 || guide == 0 {
		v.send("track", "Size Guide Viewed", map[string]any{})
	}
	v.send("track", "Checkout Started", map[string]any{"value": "40.00", "currency": "EUR"})
	v.send("track", "Checkout Step Viewed", map[string]any{"step": "payment"})
	if !willBuy {
		if v.isPhone {
			v.send("track", "Payment Failed", map[string]any{"reason": "form"})
		}
		return
	}
	v.send("track", "Order Completed", map[string]any{"order_id": fmt.Sprintf("o%04d-%d", v.number, v.sent), "revenue": "40.00", "currency": "EUR"})
	v.orders++
	v.hasBought = true
	v.revenue += 40
	switch v.IntN(4) {
	case 0, 1:
		v.at = v.at.Add(5 * time.Minute)
		v.say("Feedback Given", map[string]any{"feedback_kind": "form"})
	case 2:
		v.at = v.at.Add(5 * time.Minute)
		v.say("Product Reviewed", map[string]any{"product_id": product, "rating": 5})
	}
}

func (v *visitor) say(event string, properties map[string]any) {
	properties["language"] = "en"
	properties["text"] = texts[event][v.IntN(len(texts[event]))]
	v.send("track", event, properties)
}

// promotion shows the spring promotion to whoever comes by e-mail or directly: they are told otherwise. The shipping promotion is the same for all.
func (v *visitor) promotion() {
	switch v.channel {
	case "email":
		v.send("track", "Promotion Viewed", map[string]any{"promotion_id": "spring", "creative": "10 % off"})
	case "direct":
		v.send("track", "Promotion Viewed", map[string]any{"promotion_id": "spring", "creative": "15 % off"})
	default:
		return
	}
	v.send("track", "Promotion Viewed", map[string]any{"promotion_id": "shipping", "creative": "free shipping"})
}

// plantedExperiments are one that works and two that show all persons the same.
var plantedExperiments = []string{"green-button", "same-one", "same-two"}

// variants shows the person their variants. Of those of the same-… experiments the halves differ by chance alone.
func (v *visitor) variants() {
	for n, experiment := range plantedExperiments {
		variant := []string{"control", "green"}
		at := v.number + 1
		if n > 0 {
			variant, at = []string{"control", "other"}, rand.New(rand.NewPCG(uint64(n), uint64(v.number))).IntN(2)
		}
		v.send("track", "Experiment Viewed", map[string]any{"experiment_id": experiment, "variation_id": variant[at%2]})
	}
}

// sendBots makes the wave of bots.
func (p *planted) sendBots() {
	day := plantedBegin.AddDate(0, 0, botDay)
	for bot := range bots {
		for n := range botPages {
			at := day.Add(time.Duration(bot*4+n) * time.Minute)
			p.add(at, map[string]any{
				"type": "page", "name": "Home", "messageId": fmt.Sprintf("planted-bot-%03d-%02d", bot, n), "timestamp": at.Format(time.RFC3339),
				"anonymousId": fmt.Sprintf("bot%03d", bot), "properties": map[string]any{"url": "https://shop.example/", "path": "/"},
				"context": map[string]any{"userAgent": botAgent},
			})
		}
	}
}
