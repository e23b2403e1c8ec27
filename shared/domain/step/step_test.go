package step_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
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

// sent reads "1 Mar 09:00 m1 page name key=value …": sign, campaign, country, agent, and the id, amount and currency of an order or refund.
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
		case "agent":
			tp.Agent = value
		case "order", "refund":
			tp.Order = &event.Order{ID: value, Refund: name == "refund", Amount: 7_000_000}
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
	rules := journey.Rules{
		Model: stages, Channel: func(t event.Touchpoint) string { return t.Marketing.Explicit }, Bot: func(string) string { return "" },
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
				out = append(out, fmt.Sprintf("%s=%+v", name, *value))
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
			"30 May 09:20 m4 page Home", "30 May 09:30 m5 track Order_Refunded refund=r1", "30 May 09:40 m6 track Order_Completed order=o1 agent=X11",
			"1 Jun 10:00 m7 track Order_Completed order=o1 sign=sms", "1 Jun 10:01 m8 track Order_Completed order=o2 currency=EUR campaign=june",
			"1 Jun 10:02 m9 screen Receipt",
		},
	})
	const known, later = " FirstChannel=email FirstMonth=2026-03", " Visitor=returning FirstChannel=email FirstMonth=2026-03"
	const session1 = " SessionChannel=email SessionCampaign=spring SessionCountry=GB"
	want := []string{
		"Person=user:1 Identifier=anon:a At=1Mar09:00 ID=m1 Type=page Source=web Event=Home Channel=email Campaign=spring Device=mobile" +
			" Session=1 SessionStart=true" + session1 + " Stage=awareness FirstEver=true Visitor=new" + known,
		"Person=user:1 Identifier=anon:a At=1Mar09:10 ID=m2 Type=page Source=web Event=Home Channel=email Country=GB Campaign=spring" +
			" Session=1" + session1 + " StageBefore=awareness Stage=awareness Visitor=new" + known,
		"Person=user:1 Identifier=anon:a At=1Mar09:20 ID=m3 Type=track Source=web Event=Product Viewed Channel=social Country=FR Campaign=wool" +
			" Session=1" + session1 + " StageBefore=awareness Stage=consideration Visitor=new" + known,
		"Person=user:1 At=30May09:20 StageBefore=consideration Stage=lapsed" + later,
		"Person=user:1 Identifier=user:1 At=30May09:20 ID=m4 Type=page Source=web Event=Home Channel=direct Session=2 SessionStart=true" +
			" SessionChannel=direct StageBefore=lapsed Stage=consideration" + later,
		"Person=user:1 Identifier=user:1 At=30May09:30 ID=m5 Type=track Source=web Event=Order Refunded Channel=direct Session=2" +
			" SessionChannel=direct StageBefore=consideration Stage=post-purchase" + later + " Order={ID:r1 Refund:true Amount:7.00 Currency:GBP Number:0}",
		"Person=user:1 Identifier=user:1 At=30May09:40 ID=m6 Type=track Source=web Event=Order Completed Channel=direct Device=desktop Session=2" +
			" SessionChannel=direct StageBefore=post-purchase Stage=purchase" + later + " OrderMonth=2026-05 Order={ID:o1 Refund:false Amount:7.00 Currency:GBP Number:1}",
		"Person=user:1 Identifier=user:1 At=1Jun10:00 ID=m7 Type=track Source=web Event=Order Completed Channel=sms Campaign=june Session=3 SessionStart=true" +
			" SessionChannel=sms SessionCampaign=june StageBefore=purchase Stage=purchase" + later + " OrderMonth=2026-05",
		"Person=user:1 Identifier=user:1 At=1Jun10:01 ID=m8 Type=track Source=web Event=Order Completed Channel=sms Campaign=june Session=3" +
			" SessionChannel=sms SessionCampaign=june StageBefore=purchase Stage=loyalty" + later + " OrderMonth=2026-05 Order={ID:o2 Refund:false Amount:7.00 Currency:EUR Number:2}",
		"Person=user:1 Identifier=user:1 At=1Jun10:02 ID=m9 Type=screen Source=web Event=Receipt Channel=sms Campaign=june Session=3" +
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

func TestDevice(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":       step.Desktop,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15": step.Desktop,
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36":                                                           step.Desktop,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148":                             step.Mobile,
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36":       step.Mobile,
		"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119":                                                          step.Mobile,
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":              step.Tablet,
		"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148":                                      step.Tablet,
		"Mozilla/5.0 (Linux; Android 11; KFTRWI) Silk/120.2 like Chrome/120 Mobile":                                             step.Tablet,
		"okhttp/4.12.0": step.Other,
	} {
		if got := step.Device(agent); got != want {
			t.Errorf("Device(%q) = %q, want %q", agent, got, want)
		}
	}
}
