package corpora_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// arrival is how somebody came, and the channel that it must be.
type arrival struct {
	context, properties map[string]any
	want                string
	what                string
}

// arrive sends one page of one person each, and looks at the channel of each person and of all together.
func (w world) arrive(arrivals []arrival) {
	w.t.Helper()
	var events []string
	all := map[string]int{}
	for n, a := range arrivals {
		events = append(events, event(w.t, map[string]any{
			"type": "page", "anonymousId": fmt.Sprint("v", n), "messageId": fmt.Sprint("v", n), "timestamp": at(0), "context": a.context, "properties": a.properties,
		}))
		all[a.want]++
	}
	w.send(events)
	for n, a := range arrivals {
		if p := w.person(fmt.Sprint("anon:v", n)); len(p.Channels) != 1 || p.Channels[a.want] != 1 || p.Touchpoints != 1 {
			w.t.Errorf("%s: %+v, want one touchpoint by %s", a.what, p.Channels, a.want)
		}
	}
	want := map[string]string{}
	for channel, n := range all {
		want[dayOf(0)+" "+channel] = strconv.Itoa(n)
	}
	w.same("sessions", w.kpi("sessions", "day", "2026-11-15", "2026-11-16", "channel"), want)
	if got := w.fates(); got.Accepted != len(arrivals) || got.Bots != 0 {
		w.t.Errorf("accepted %d, want %d", got.Accepted, len(arrivals))
	}
}

// tally counts what was wanted, for the log.
func tally(arrivals []arrival) map[string]int {
	out := map[string]int{}
	for _, a := range arrivals {
		out[a.want]++
	}
	return out
}

// groups is the channel of a kind of place without anything paid.
var groups = map[string]string{
	"search": "organic_search", "social": "organic_social", "video": "organic_video", "shopping": "organic_shopping", "email": "email", "chatbot": "ai_assistant",
}

// google is Google's list of sources, by host or name.
func google(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, line := range lines(t, "../../shared/model/channels_ga4_source_categories.csv")[1:] {
		source, category, _ := strings.Cut(line, ",")
		out[strings.ToLower(source)] = strings.ToLower(strings.TrimPrefix(category, "SOURCE_CATEGORY_"))
	}
	return out
}

// TestReferrers: people from listed places come by the list's channel, all others by referral.
func TestReferrers(t *testing.T) {
	w := newWorld(t, "EUR")
	from := func(referrer, want string) arrival {
		page := map[string]any{"url": "https://www.shop.example/p", "referrer": referrer}
		return arrival{properties: page, want: want, what: "referrer " + referrer}
	}
	var arrivals []arrival
	for _, c := range referrerCases(t) {
		want := groups[c.Medium]
		switch {
		case c.Medium == "paid" && strings.Contains(c.URI, "earch"):
			want = "paid_search"
		case c.Medium == "paid":
			want = "display"
		case strings.Contains(c.URI, "pricerunner"):
			want = "organic_shopping" // a price comparison
		case c.URI == "https://rich-v01.bluewin.ch":
			want = "referral" // nothing of it says mail
		}
		arrivals = append(arrivals, from(c.URI, want))
	}
	kinds := google(t)
	for _, host := range some(listedHosts(t, "referrers_socials.yaml"), 160) {
		want := groups["social"]
		if kind := kinds[host]; kind != "" {
			want = groups[kind]
		}
		if passed[host] {
			want = "direct"
		}
		arrivals = append(arrivals, from("https://"+host+"/some/page", want))
	}
	for _, host := range listedHosts(t, "referrers_ai_assistants.yaml") {
		arrivals = append(arrivals, from("https://"+host+"/", "ai_assistant"))
	}
	for n := range 100 {
		arrivals = append(arrivals, from(fmt.Sprintf("https://blog%d.partner-%d.example/post?id=%d", n%7, n, n), "referral"))
		arrivals = append(arrivals, from("https://"+payments[n%len(payments)]+"/", "direct"))
	}
	w.arrive(arrivals)
	t.Logf("referrers: %d; %v", len(arrivals), tally(arrivals))
}

// passed are listed places where people sign in.
var passed = map[string]bool{"login.live.com": true}

// payments are places where people pay, sign in or read the shop through another's eyes.
var payments = []string{
	"www.paypal.com", "pay.klarna.com", "checkout.stripe.com", "hooks.stripe.com", "live.adyen.com", "www.mollie.com", "centinelapi.cardinalcommerce.com",
	"acs3.bank-of.example", "3ds.bank-of.example", "accounts.google.com", "login.microsoftonline.com", "appleid.apple.com", "shop.eu.auth0.com", "shop.okta.com",
	"login.shop-of.example", "www-shop-example.translate.goog", "webcache.googleusercontent.com", "web.archive.org",
}

type referrerCase struct {
	URI, Medium string
}

func referrerCases(t *testing.T) []referrerCase {
	t.Helper()
	text, err := os.ReadFile(data + "referrers/referer_tests.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []referrerCase
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) != 66 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	return cases
}

// listedHosts are the hosts of a list of names with hosts, without those that stand for many and without paths.
func listedHosts(t *testing.T, list string) []string {
	t.Helper()
	text, err := os.ReadFile("../../shared/model/" + list)
	if err != nil {
		t.Fatal(err)
	}
	var names map[string][]string
	if err := yaml.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for _, host := range names[name] {
			if !strings.ContainsAny(host, "{}/") {
				out = append(out, host)
			}
		}
	}
	return out
}

// TestChannelGroups: Google's sources with the mediums that people tag them with, in the places where clients put tags.
func TestChannelGroups(t *testing.T) {
	w := newWorld(t, "EUR")
	var arrivals []arrival
	for _, line := range lines(t, data+"channels/ga4_default_channel_cases.csv")[1:] {
		f := strings.Split(line, ",")
		want := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(f[3]))
		if want == "mobile_push_notifications" {
			want = "mobile_push"
		}
		arrivals = append(arrivals, tagged(len(arrivals), f[0], f[1], f[2], want))
	}
	kinds := google(t)
	mediums := []struct{ medium, campaign, want string }{
		{"", "", "organic"}, {"cpc", "", "paid"}, {"referral", "", "organic"}, {"paid_social", "shop", "paid"}, {"CPC", "shop", "paid_shopping"},
	}
	for n, source := range some(slices.Sorted(maps.Keys(kinds)), 400) {
		m, kind := mediums[n%len(mediums)], kinds[source]
		want := m.want
		switch {
		case want == "organic":
			want = groups[kind]
		case want == "paid" && m.medium == "paid_social" && kind == "video":
			want = "paid_social" // the medium names it, and in Google's order it stands before video
		case want == "paid":
			want = "paid_" + kind
		}
		arrivals = append(arrivals, tagged(n, source, m.medium, m.campaign, want))
	}
	w.arrive(arrivals)
	t.Logf("channel_groups: %d; %v", len(arrivals), tally(arrivals))
}

// tagged is an arrival with campaign parameters, in one of the places and spellings in which they come.
func tagged(n int, source, medium, campaign, want string) arrival {
	const page = "https://www.shop.example/p"
	escape := strings.NewReplacer(" ", "%20", "&", "%26", "#", "%23", "+", "%2B")
	tags := "utm_source=" + escape.Replace(source) + "&utm_medium=" + escape.Replace(medium) + "&utm_campaign=" + escape.Replace(campaign)
	a := arrival{want: want, what: fmt.Sprintf("%q, %q, %q", source, medium, campaign), properties: map[string]any{"referrer": "https://www.google.com/"}}
	switch n % 6 {
	case 0:
		a.properties["url"] = page + "?" + tags
	case 1:
		a.properties["url"] = page + "?x=1&amp;" + strings.ReplaceAll(tags, "&", "&amp;")
	case 2:
		a.properties["url"] = page + "#" + tags
	case 3:
		a.properties["url"] = page + "#!/path?" + tags
	case 4:
		a.context = map[string]any{"campaign": map[string]any{"source": source, "medium": medium, "name": campaign}, "channel": "web"}
	default:
		a.context = map[string]any{"page": map[string]any{"url": page + "/?" + tags}}
	}
	return a
}
