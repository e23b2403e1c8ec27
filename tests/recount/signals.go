package recount

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
)

// signalNames are the measures of signals: sums, then persons.
var signalNames = [...]measure.Name{
	"engaged_touchpoints", "stage_advances", "ad_views", "ad_clicks", "promotion_views", "promotion_clicks", "cta_views", "cta_clicks", "offer_views", "offer_clicks",
	"list_views", "list_clicks", "email_delivered", "email_opened", "email_machine_opens", "email_clicked", "email_bounced", "email_attempts", "email_spam",
	"unsubscribed", "sms_delivered", "sms_clicked", "sms_failed", "sms_attempts", "push_received", "push_tapped", "push_bounced", "push_attempts",
	"nps_answers", "nps_balance", "nps_extremes", "csat_answers", "csat_satisfied", "ces_answers", "ces_scores", "referrals", "reviews", "shares",
	"email_reached", "email_openers", "email_clickers", "unsubscribers", "sms_reached", "sms_clickers", "push_reached", "push_tappers",
}

// personsOf are the measures of persons among them, by what they must have done.
var personsOf = map[measure.Name]measure.Name{
	"email_reached": "email_delivered", "email_openers": "email_opened", "email_clickers": "email_clicked", "unsubscribers": "unsubscribed",
	"sms_reached": "sms_delivered", "sms_clickers": "sms_clicked", "push_reached": "push_received", "push_tappers": "push_tapped",
}

// signalsOf says for what a row is counted, by the words of docs/kpi.md, and how often.
func signalsOf(r *step.Row) map[measure.Name]int64 {
	out := map[measure.Name]int64{}
	isDeed := r.Session > 0
	if r.Type == "" {
		return nil
	}
	if r.StageBefore != "" && r.Stage != r.StageBefore {
		out["stage_advances"] = 1
	}
	if r.Type != "track" {
		return out
	}
	words := strings.Split(r.Event, " ")
	last := words[len(words)-1]
	if isDeed && (len(words) < 2 || last != "Viewed" && last != "Seen" && last != "Heard") {
		out["engaged_touchpoints"] = 1
	}
	count := func(names ...measure.Name) {
		for _, name := range names {
			out[name] = 1
		}
	}
	switch r.Event {
	case "Ad Viewed", "Display Ad Viewed", "Social Ad Viewed":
		count("ad_views")
	case "Ad Clicked", "Display Ad Clicked", "Social Ad Clicked":
		count("ad_clicks")
	case "Promotion Viewed":
		count("promotion_views")
	case "Promotion Clicked":
		count("promotion_clicks")
	case "CTA Viewed":
		count("cta_views")
	case "CTA Clicked":
		count("cta_clicks")
	case "Offer Viewed":
		count("offer_views")
	case "Offer Clicked":
		count("offer_clicks")
	case "Product List Viewed":
		count("list_views")
	case "Product Clicked":
		count("list_clicks")
	case "Email Delivered":
		count("email_delivered", "email_attempts")
	case "Email Opened":
		if isDeed {
			count("email_opened")
		} else {
			count("email_machine_opens")
		}
	case "Email Link Clicked":
		count("email_clicked")
	case "Email Bounced":
		count("email_bounced", "email_attempts")
	case "Email Marked as Spam":
		count("email_spam")
	case "Unsubscribed":
		count("unsubscribed")
	case "SMS Delivered", "SMS Link Clicked", "SMS Failed":
		count(map[string][]measure.Name{
			"Delivered": {"sms_delivered", "sms_attempts"}, "Clicked": {"sms_clicked"}, "Failed": {"sms_failed", "sms_attempts"},
		}[last]...)
	case "Push Notification Received":
		count("push_received", "push_attempts")
	case "Push Notification Tapped":
		count("push_tapped")
	case "Push Notification Bounced":
		count("push_bounced", "push_attempts")
	case "Referral Made", "Invite Sent":
		count("referrals")
	case "Product Reviewed", "Review Submitted", "Rating Given":
		count("reviews")
	case "Product Shared", "Social Post Shared", "Cart Shared":
		count("shares")
	case "Survey Answered":
		answer(r, out)
	}
	return out
}

// answer counts an answer to a survey, whose type its sender declares.
func answer(r *step.Row, out map[measure.Name]int64) {
	var said struct {
		Type  string `json:"survey_type"`
		Score string `json:"score"`
		Scale string `json:"scale"`
	}
	if json.Unmarshal([]byte(r.Properties), &said) != nil {
		return
	}
	score, err := strconv.Atoi(said.Score) // tests send whole numbers, or what is none
	if err != nil {
		return
	}
	switch kind := strings.ToLower(said.Type); {
	case kind == "nps" && (said.Scale == "" || said.Scale == "10" || said.Scale == "11") && score >= 0 && score <= 10:
		out["nps_answers"] = 1
		if score > 8 {
			out["nps_balance"], out["nps_extremes"] = 1, 1
		}
		if score < 7 {
			out["nps_balance"], out["nps_extremes"] = -1, 1
		}
	case kind == "csat" && said.Scale == "5" && score >= 1 && score <= 5:
		out["csat_answers"] = 1
		if score > 3 {
			out["csat_satisfied"] = 1
		}
	case kind == "ces" && said.Scale == "7" && score >= 1 && score <= 7:
		out["ces_answers"], out["ces_scores"] = 1, int64(score)
	}
}

// signal is the number of a measure of signals.
func signal(name measure.Name) number {
	for i, n := range signalNames {
		if n == name {
			return firstSignal + number(i)
		}
	}
	panic("recount: there is no signal " + string(name))
}

// costsOf is what an order is counted for that says what its goods cost, in millionths; tests send at most two decimals, or what is no number.
func costsOf(r *step.Row) map[number]int64 {
	var said struct {
		Cost string `json:"cost"`
	}
	if r.Order == nil || r.Order.Kind != event.Completed || json.Unmarshal([]byte(cmp.Or(r.Properties, "{}")), &said) != nil || said.Cost == "" {
		return nil
	}
	whole, cents, _ := strings.Cut(said.Cost, ".")
	n, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	cost, amount := n*10_000, int64(r.Order.Amount)
	return map[number]int64{costedOrders: 1, costedRevenue: amount, costOfGoods: cost, margin: amount - cost}
}

// product is two measures multiplied person by person, or the persons who have any of one.
type product struct {
	name measure.Name
	a, b number
	many bool // persons with any of a
}

// products are what the intervals of metrics need, by their names.
var products = func() (out []product) {
	add := func(p product) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	nameOf := map[number]measure.Name{}
	for i, name := range [...]measure.Name{
		touchpoints: "touchpoints", activePersons: "persons_active", sessionsBegun: "sessions", stageEntries: "stage_entries", orders: "orders", buyers: "buyers",
		revenue: "revenue", pricedOrders: "priced_orders", payingBuyers: "paying_buyers", netRevenue: "net_revenue", pageSessions: "page_sessions", bounces: "bounces",
		sessionPages: "session_pages", sessionSeconds: "session_seconds", refundsMade: "refunds_made", costedOrders: "costed_orders", margin: "margin",
	} {
		nameOf[number(i)] = name
	}
	for i, name := range signalNames {
		nameOf[firstSignal+number(i)] = name
	}
	for _, m := range metrics {
		if m.interval != "delta" {
			continue
		}
		y, x := m.numerator, m.denominator
		add(product{nameOf[y] + "*" + nameOf[y], y, y, false})
		if !(y == orders && x == buyers) { // who has no order buys nothing
			add(product{nameOf[y] + "*" + nameOf[x], y, x, false})
		}
		if x != activePersons && x != buyers && x != payingBuyers {
			add(product{nameOf[x] + "*" + nameOf[x], x, x, false})
			if x != orders && x != pricedOrders { // whose persons are buyers and paying buyers
				add(product{nameOf[x] + ":persons", x, x, true})
			}
		}
	}
	return out
}()

// isAmount, isOfCurrency say what a number is.
func isAmount(n number) bool { return n == revenue || n == netRevenue || n == margin }

func isOfCurrency(n number) bool {
	return isAmount(n) || n == pricedOrders || n == payingBuyers || n == costedOrders
}

// multiply fills in the products of one person.
func multiply(mine map[group]*tally) {
	for g, t := range mine {
		of := func(n number) int64 {
			from := t
			if g.currency != "" && !isOfCurrency(n) {
				from = mine[group{g.dimension, g.value, ""}]
			}
			if from == nil {
				return 0
			}
			if isAmount(n) {
				return from[n] / 10_000
			}
			return from[n]
		}
		for i, p := range products {
			if (isOfCurrency(p.a) || isOfCurrency(p.b)) != (g.currency != "") {
				continue
			}
			n := of(p.a) * of(p.b)
			if p.many {
				n = min(n, 1)
			}
			t[firstProduct+number(i)] = n
		}
	}
}
