package step_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/step"
	"waymark/shared/model"
)

// clock reads "1 Mar 09:00" of 2026 in UTC.
func clock(t testing.TB, text string) event.Millis {
	t.Helper()
	at, err := time.Parse("2 Jan 15:04 2006", text+" 2026")
	if err != nil {
		t.Fatal(err)
	}
	return event.At(at)
}

// sent reads "1 Mar 09:00 m1 page name key=value …": sign, campaign, country, agent, page, from (a referrer), and the id, amount and currency of an order or refund.
func sent(t testing.TB, text string) event.Touchpoint {
	t.Helper()
	f := strings.Fields(text)
	at := clock(t, strings.Join(f[:3], " "))
	tp := event.Touchpoint{
		ID: event.ID(f[3]), Type: event.Type(f[4]), Name: strings.ReplaceAll(f[5], "_", " "), Source: "web", Original: at, Corrected: at, Received: at,
	}
	for _, said := range f[6:] {
		name, value, _ := strings.Cut(said, "=")
		switch name {
		case "sign":
			tp.Marketing.Explicit = value
		case "campaign":
			tp.Marketing.Campaign = value
		case "country":
			tp.Country = value
		case "page":
			tp.Page = value
		case "from":
			tp.Marketing.Referrer = value
		case "agent":
			tp.Agent = value
		case "grade":
			tp.Grade = map[string]event.Grade{"server": event.Server, "signed": event.Signed}[value]
		case "order":
			tp.Order = &event.Order{ID: value, Amount: 7_000_000}
		case "refund", "update", "cancel":
			kind := map[string]event.OrderKind{"refund": event.Refunded, "update": event.Updated, "cancel": event.Cancelled}[name]
			tp.Order = &event.Order{ID: value, Kind: kind, Amount: 7_000_000, Unpriced: kind == event.Cancelled}
		case "of":
			tp.Order.Of = value
		case "amount":
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			tp.Order.Amount, tp.Order.Unpriced = money.Micros(n)*money.Unit, n == 0
		case "session":
			tp.Session = value
		case "currency":
			tp.Order.Currency = value
		}
	}
	return tp
}

// rowsOf folds the touchpoints of each identifier under the default stages up to an instant.
func rowsOf(t testing.TB, until string, lives map[event.Identifier][]string) []step.Row {
	t.Helper()
	stages, err := model.Stages("default")
	if err != nil {
		t.Fatal(err)
	}
	channels, err := model.Channels()
	if err != nil {
		t.Fatal(err)
	}
	rules := journey.Rules{
		Model: stages, Channel: func(t event.Touchpoint) string { return t.Marketing.Explicit }, Bot: func(string) string { return "" },
		Agent: model.Agents().Of, Referrer: channels.Outside,
	}
	var lines []journey.Line
	claims := map[string]profile.Claims{}
	for id, texts := range lives {
		line := journey.Line{Identifier: id}
		for _, text := range texts {
			tp := sent(t, text)
			line.Touchpoints = append(line.Touchpoints, tp)
			if key, claim, ok := profile.ClaimOf(tp, id); ok {
				claims[key] = claims[key].Join(claim)
			}
		}
		lines = append(lines, line)
	}
	month := func(at event.Millis) string { return at.Time().Format("2006-01") }
	others := map[event.Identifier]bool{"user:2": true} // persons of their own, who may send what happens to the orders of user:1
	lines = slices.DeleteFunc(lines, func(l journey.Line) bool { return others[l.Identifier] })
	return step.Of(journey.Fold("user:1", lines, claims, rules, clock(t, until)), step.Place{Currency: "GBP", Month: month})
}

// shown writes what a row says, every field that is not empty.
func shown(r step.Row) string {
	var out []string
	for v, i := reflect.ValueOf(r), 0; i < v.NumField(); i++ {
		name := v.Type().Field(i).Name
		switch value := v.Field(i).Interface().(type) {
		case event.Millis:
			out = append(out, name+"="+value.Time().Format("2Jan15:04"))
		case *step.Order:
			if value != nil {
				out = append(out, fmt.Sprintf("Order=%s %s %s %s #%d by %s/%s/%s", value.ID, value.Kind, value.Amount, value.Currency, value.Number,
					value.Channel, value.Origin.Source, value.Stage))
			}
		default:
			if !v.Field(i).IsZero() {
				out = append(out, fmt.Sprintf("%s=%v", name, value))
			}
		}
	}
	return strings.Join(out, " ")
}

// A life of two devices: two sessions, a lapse at the very millisecond of a touchpoint, orders of two currencies with a repeat and a refund, and a stage
// that comes with time at last.
func TestOf(t *testing.T) {
	t.Parallel()
	rows := rowsOf(t, "1 Sep 00:00", map[event.Identifier][]string{
		"anon:a": {
			"1 Mar 09:00 m1 page Home agent=iPhone country=Atlantis", "1 Mar 09:10 m2 page Home sign=email campaign=spring country=UK",
			"1 Mar 09:20 m3 track Product_Viewed sign=social campaign=wool country=FR",
		},
		"user:1": {
			"30 May 09:20 m4 page Home", "30 May 09:30 m5 track Order_Refunded refund=r1", "30 May 09:40 m6 track Order_Completed order=o1 agent=X11 grade=server",
			"1 Jun 10:00 m7 track Order_Completed order=o1 sign=sms grade=server", "1 Jun 10:01 m8 track Order_Completed order=o2 currency=EUR campaign=june",
			"1 Jun 10:02 m9 screen Receipt",
		},
	})
	const known, later = " FirstChannel=email FirstMonth=2026-03", " Visitor=returning FirstChannel=email FirstMonth=2026-03"
	const session1 = " SessionChannel=email SessionCampaign=spring SessionCountry=GB"
	want := []string{
		"Person=user:1 Identifier=anon:a At=1Mar09:00 ID=m1 Type=page Source=web Grade=public Event=Home Channel=email Campaign=spring Device=mobile Browser=Safari OS=iOS" +
			" Session=1 SessionStart=true" + session1 + " SessionPages=2 SessionSeconds=1200 Stage=awareness FirstEver=true Visitor=new" + known,
		"Person=user:1 Identifier=anon:a At=1Mar09:10 ID=m2 Type=page Source=web Grade=public Event=Home Channel=email Country=GB Campaign=spring" +
			" Session=1" + session1 + " StageBefore=awareness Stage=awareness Visitor=new" + known,
		"Person=user:1 Identifier=anon:a At=1Mar09:20 ID=m3 Type=track Source=web Grade=public Event=Product Viewed Channel=social Country=FR Campaign=wool" +
			" Session=1" + session1 + " StageBefore=awareness Stage=consideration Visitor=new" + known,
		"Person=user:1 At=30May09:20 StageBefore=consideration Stage=lapsed" + later,
		"Person=user:1 Identifier=user:1 At=30May09:20 ID=m4 Type=page Source=web Grade=public Event=Home Channel=direct Session=2 SessionStart=true" +
			" SessionChannel=direct SessionPages=1 SessionSeconds=1200 StageBefore=lapsed Stage=consideration" + later,
		"Person=user:1 Identifier=user:1 At=30May09:30 ID=m5 Type=track Source=web Grade=public Event=Order Refunded Channel=direct Session=2" +
			" SessionChannel=direct StageBefore=consideration Stage=post-purchase" + later + " Order=r1 refunded 7.00 GBP #0 by direct/web/post-purchase",
		"Person=user:1 Identifier=user:1 At=30May09:40 ID=m6 Type=track Source=web Grade=server Event=Order Completed Channel=direct Device=desktop Browser=Other OS=Other Session=2" +
			" SessionChannel=direct StageBefore=post-purchase Stage=purchase" + later + " OrderMonth=2026-05 Order=o1 completed 7.00 GBP #1 by direct/web/purchase",
		"Person=user:1 Identifier=user:1 At=1Jun10:00 ID=m7 Type=track Source=web Grade=server Event=Order Completed Channel=sms Campaign=june Session=3 SessionStart=true" +
			" SessionChannel=sms SessionCampaign=june SessionPages=1 SessionSeconds=120 StageBefore=purchase Stage=purchase" + later + " OrderMonth=2026-05",
		"Person=user:1 Identifier=user:1 At=1Jun10:01 ID=m8 Type=track Source=web Grade=public Event=Order Completed Channel=sms Campaign=june Session=3" +
			" SessionChannel=sms SessionCampaign=june StageBefore=purchase Stage=loyalty" + later + " OrderMonth=2026-05 Order=o2 completed 7.00 EUR #2 by sms/web/loyalty",
		"Person=user:1 Identifier=user:1 At=1Jun10:02 ID=m9 Type=screen Source=web Grade=public Event=Receipt Channel=sms Campaign=june Session=3" +
			" SessionChannel=sms SessionCampaign=june StageBefore=loyalty Stage=loyalty" + later + " OrderMonth=2026-05",
		"Person=user:1 At=30Aug10:02 StageBefore=loyalty Stage=lapsed" + later + " OrderMonth=2026-05",
	}
	var got []string
	for _, r := range rows {
		got = append(got, shown(r))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A session's pages, length, first page and referrer stand on all its rows or on its first one, and an order takes the latter two along.
func TestSessionFacts(t *testing.T) {
	t.Parallel()
	const site = " page=https://shop.example"
	begun := []string{
		"1 Mar 23:50 m1 track Tap", // of no page
		"1 Mar 23:55 m2 page Home" + site + "/p/123456/ from=https://www.google.com/search?q=red+shoes",
	}
	went := append(slices.Clip(begun), "2 Mar 00:10 m3 page Cart"+site+"/cart from=https://a.example/x", "2 Mar 00:20 m4 track Order_Completed order=o1"+site+"/thanks",
		"2 Mar 09:00 m5 page Home"+site+"/ from="+"https://shop.example/cart", "2 Mar 09:01 m6 screen Home", "3 Mar 09:00 m7 track Order_Refunded refund=r1 of=o1")
	facts := func(lines []string) string {
		out := ""
		for _, r := range rowsOf(t, "1 Apr 00:00", map[event.Identifier][]string{"user:1": lines}) {
			out += fmt.Sprintf("%s %s in %d: %d pages %d s from %s by %+v", r.ID, r.Page, r.Session, r.SessionPages, r.SessionSeconds, r.LandingPage, r.Referrer)
			if o := r.Order; o != nil {
				out += fmt.Sprintf(", order from %s by %s", o.LandingPage, o.ReferrerHost)
			}
			out += "\n"
		}
		return out
	}
	const google, none = " from /p/:id by {Host:google.com Source:Google Medium:search Term:red shoes}", " by {Host: Source: Medium: Term:}"
	if got, want := facts(begun), "m1  in 1: 1 pages 300 s"+google+"\nm2 /p/:id in 1: 0 pages 0 s"+google+"\n"; got != want {
		t.Errorf("before midnight got\n%s\nwant\n%s", got, want)
	}
	want := "m1  in 1: 2 pages 1800 s" + google + "\nm2 /p/:id in 1: 0 pages 0 s" + google + "\nm3 /cart in 1: 0 pages 0 s" + google + "\n" +
		"m4 /thanks in 1: 0 pages 0 s" + google + ", order from /p/:id by google.com\n" +
		"m5 / in 2: 2 pages 60 s from /" + none + "\nm6  in 2: 0 pages 0 s from /" + none + "\n" +
		"m7  in 3: 0 pages 0 s from " + none + ", order from /p/:id by google.com\n"
	if got := facts(went); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// ordersOf folds lives and writes what the orders of user:1 come to, step by step: day, event, who sent it, kind, amount, order, origin, and session.
func ordersOf(t *testing.T, lives map[event.Identifier][]string) []string {
	t.Helper()
	var out []string
	for _, r := range rowsOf(t, "1 Apr 00:00", lives) {
		if o := r.Order; o != nil {
			out = append(out, fmt.Sprintf("%s %s %s %s %s of %s by %s in %d", r.At.Time().Format("2Jan"), r.Identifier, o.Kind, o.Amount, o.Currency, o.ID, o.Channel, r.Session))
		}
	}
	return out
}

// What happens to an order counts on its own day, with the order's person and origin, and takes back no more than there is.
func TestWhatHappensToOrders(t *testing.T) {
	t.Parallel()
	const bought = "1 Mar 09:00 m1 track Order_Completed order=o1 amount=50 sign=email grade=server"
	for name, c := range map[string]struct{ lines, want []string }{
		"what happened before a site tells of an order is not of that order": {
			[]string{
				"1 Mar 09:00 m1 track Order_Completed order=o1 amount=50 sign=email", "28 Feb 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=20 grade=server",
				"28 Feb 09:00 m3 track Order_Cancelled cancel=m3 of=o1 grade=server", "2 Mar 09:00 m4 track Order_Refunded refund=r2 of=o1 amount=5 grade=server",
			},
			[]string{"28Feb user:1 refunded 20.00 GBP of o1 by direct in 1", "1Mar user:1 completed 50.00 GBP of o1 by email in 2", "2Mar user:1 refunded 5.00 GBP of o1 by email in 3"},
		},
		"a refund in part, and then of all that is left": {
			[]string{bought, "2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=20", "3 Mar 09:00 m3 track Order_Refunded refund=r2 of=o1 amount=0"},
			[]string{"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:1 refunded 20.00 GBP of o1 by email in 2", "3Mar user:1 refunded 30.00 GBP of o1 by email in 3"},
		},
		"the same refund twice counts at its earliest": {
			[]string{bought, "3 Mar 09:00 m3 track Order_Refunded refund=r1 of=o1 amount=20", "2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=20"},
			[]string{"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:1 refunded 20.00 GBP of o1 by email in 2"},
		},
		"a refund may be more than the order came to": {
			[]string{bought, "2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=60", "3 Mar 09:00 m3 track Order_Cancelled cancel=m3 of=o1"},
			[]string{"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:1 refunded 60.00 GBP of o1 by email in 2", "3Mar user:1 cancelled 0.00 GBP of o1 by email in 3"},
		},
		"updates add or take off; a cancellation takes what is left, once; later nothing does": {
			[]string{
				bought, "2 Mar 09:00 m2 track Order_Updated update=m2 of=o1 amount=30", "3 Mar 09:00 m3 track Order_Updated update=m3 of=o1 amount=45",
				"4 Mar 09:00 m4 track Order_Refunded refund=m4 of=o1 amount=5", "5 Mar 09:00 m5 track Order_Cancelled cancel=m5 of=o1",
				"6 Mar 09:00 m6 track Order_Refunded refund=m6 of=o1 amount=40", "7 Mar 09:00 m7 track Order_Updated update=m7 of=o1 amount=99",
			},
			[]string{
				"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:1 updated -20.00 GBP of o1 by email in 2", "3Mar user:1 updated 15.00 GBP of o1 by email in 3",
				"4Mar user:1 refunded 5.00 GBP of o1 by email in 4", "5Mar user:1 cancelled 40.00 GBP of o1 by email in 5",
				"6Mar user:1 refunded 0.00 GBP of o1 by email in 6", "7Mar user:1 updated 0.00 GBP of o1 by email in 7",
			},
		},
		"an update without an amount, in another currency, or before the order adds nothing": {
			[]string{
				bought, "28 Feb 09:00 m2 track Order_Updated update=m2 of=o1 amount=30", "2 Mar 09:00 m3 track Order_Updated update=m3 of=o1 amount=0",
				"3 Mar 09:00 m4 track Order_Updated update=m4 of=o1 amount=30 currency=EUR", "4 Mar 09:00 m5 track Order_Cancelled cancel=m5 of=o1",
			},
			[]string{
				"28Feb user:1 updated 0.00 GBP of o1 by email in 1", "1Mar user:1 completed 50.00 GBP of o1 by email in 2", "2Mar user:1 updated 0.00 GBP of o1 by email in 3",
				"3Mar user:1 updated 0.00 EUR of o1 by email in 4", "4Mar user:1 cancelled 50.00 GBP of o1 by email in 5",
			},
		},
		"a refund in another currency takes nothing off; the workspace's own is that of an order without": {
			[]string{
				bought, "2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=20 currency=EUR", "3 Mar 09:00 m3 track Order_Refunded refund=r2 of=o1 amount=10 currency=GBP",
				"4 Mar 09:00 m5 track Order_Cancelled cancel=m5 of=o1",
			},
			[]string{
				"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:1 refunded 20.00 EUR of o1 by email in 2",
				"3Mar user:1 refunded 10.00 GBP of o1 by email in 3", "4Mar user:1 cancelled 40.00 GBP of o1 by email in 4",
			},
		},
		"of an order that nobody knows, a refund counts when it says an amount, a cancellation and an update never": {
			[]string{
				"2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o9 amount=20 sign=sms", "3 Mar 09:00 m3 track Order_Refunded refund=r2 of=o9 amount=0",
				"4 Mar 09:00 m4 track Order_Cancelled cancel=m4 of=o9", "5 Mar 09:00 m5 track Order_Updated update=m5 of=o9 amount=7",
			},
			[]string{"2Mar user:1 refunded 20.00 GBP of o9 by sms in 1"},
		},
	} {
		if got := ordersOf(t, map[event.Identifier][]string{"user:1": c.lines}); !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// A server may send what happens to an order under an id of its own: it counts with the person who bought, at its time, and with nobody else.
func TestWhatOthersSendOfOrders(t *testing.T) {
	t.Parallel()
	lives := map[event.Identifier][]string{
		"user:1": {"1 Mar 09:00 m1 track Order_Completed order=o1 amount=50 sign=email", "5 Mar 09:00 m4 page Home"},
		"user:2": {"2 Mar 09:00 m2 track Order_Refunded refund=r1 of=o1 amount=20", "6 Mar 09:00 m3 track Order_Cancelled cancel=m3 of=o1"},
	}
	want := []string{
		"1Mar user:1 completed 50.00 GBP of o1 by email in 1", "2Mar user:2 refunded 20.00 GBP of o1 by email in 0", "6Mar user:2 cancelled 30.00 GBP of o1 by email in 0",
	}
	if got := ordersOf(t, lives); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rows := rowsOf(t, "1 Apr 00:00", lives)
	if r := rows[1]; r.Type != "" || r.IsTouchpoint() || r.Event != event.OrderRefunded || r.ID != "m2" || r.Stage != "purchase" || r.StageBefore != "purchase" {
		t.Errorf("the refund is the row %s", shown(r))
	}
	lives["user:2"], lives["user:1"] = lives["user:1"], lives["user:2"]
	if got := ordersOf(t, lives); got != nil {
		t.Errorf("of whoever sent them they are %q, want nothing", got)
	}
}

// Between takes the rows of a window: its beginning is part of it, its end is not.
func TestBetween(t *testing.T) {
	t.Parallel()
	rows := []step.Row{{At: 1, ID: "a"}, {At: 5, ID: "b"}, {At: 5, ID: "c"}, {At: 9, ID: "d"}}
	for _, c := range []struct {
		start, end event.Millis
		want       string
	}{{0, 10, "abcd"}, {1, 5, "a"}, {5, 9, "bc"}, {6, 9, ""}, {9, 5, ""}, {10, 20, ""}} {
		got := ""
		for _, r := range step.Between(rows, c.start, c.end) {
			got += string(r.ID)
		}
		if got != c.want {
			t.Errorf("Between(%d, %d) = %q, want %q", c.start, c.end, got, c.want)
		}
	}
}
