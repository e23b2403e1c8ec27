package scenarios_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"waymark/tests/scenarios"
)

// TestParseRefuses gives each mistake after a good first line, and wants it named with its line.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const first = "# title\nworkspace shop Europe/London GBP default\n"
	for _, c := range []struct{ name, line, want string }{
		{"unknown line", "whoops", `x.txt:3: "whoops" begins no line`},
		{"open quote", `at 2026-03-01 09:00 anon:a page "/`, "x.txt:3: a quote is not closed"},
		{"second workspace", "workspace shop UTC EUR default", "x.txt:3: there is a workspace already"},
		{"no time", "at anon:a page", `x.txt:3: "anon:a" has no date`},
		{"no such day", "at 2026-02-30 09:00 anon:a page", `x.txt:3: "2026-02-30" has no date`},
		{"no such hour", "at 2026-03-01 25:00 anon:a page", `x.txt:3: "2026-03-01 25:00" is no time`},
		{"a time that never is", "at 2026-03-29 01:30 anon:a page", "x.txt:3: the clock of Europe/London never shows 2026-03-29 01:30"},
		{"a time that is twice", "at 2026-10-25 01:30 anon:a page", "x.txt:3: the clock of Europe/London shows 2026-10-25 01:30 twice; write which is meant, such as 2026-10-25 01:30"},
		{"nothing before", "at +10m anon:a page", `x.txt:3: "+10m" needs a time before it`},
		{"no identifier", "at 2026-03-01 09:00 page", "x.txt:3: write: at TIME ID"},
		{"no verb", "at 2026-03-01 09:00 anon:a", "x.txt:3: write: at TIME ID"},
		{"unknown kind", "at 2026-03-01 09:00 cookie:a page", `x.txt:3: read "cookie:a": bad_identifier`},
		{"filler", "at 2026-03-01 09:00 user:null page", `x.txt:3: read "user:null": blocked_identifier`},
		{"track without a name", "at 2026-03-01 09:00 anon:a track order_id=1", "x.txt:3: write the event's name in quotes"},
		{"name without quotes", "at 2026-03-01 09:00 anon:a track Order Completed", `x.txt:3: "Completed" is no name=value`},
		{"bad product", "at 2026-03-01 09:00 anon:a track x product=p1", `x.txt:3: "p1" is no product`},
		{"comma", "at 2026-03-01 09:00 anon:a track x a=1, b=2", "x.txt:3: an event has no commas outside quotes"},
		{"nothing to deliver", "deliver twice", "x.txt:3: there is nothing to deliver"},
		{"unknown delivery", "deliver sideways", `x.txt:3: "sideways" is no way to deliver`},
		{"late without a duration", "deliver late", `x.txt:3: "late" is no way to deliver`},
		{"late for how long", "deliver late soon", `x.txt:3: "soon" is no duration`},
		{"clock", "clock anon:a slow", "x.txt:3: write: clock ID 1h slow"},
		{"clock by how much", "clock anon:a much slow", `x.txt:3: "much" is no duration`},
		{"unlink from nobody", "unlink anon:a", "x.txt:3: write: unlink anon:a1 from user:42"},
		{"unlink and more", "unlink anon:a from user:1 now", "x.txt:3: write: unlink anon:a1 from user:42"},
		{"unlink whom", "unlink cookie:a from user:1", `x.txt:3: read "cookie:a": bad_identifier`},
		{"now", "now 2026-03-01 09:00 sharp", "x.txt:3: write: now 2026-03-01 09:00"},
		{"expect nothing", "expect", "x.txt:3: write: expect person"},
		{"expect something else", "expect rain user:1", `x.txt:3: "rain" is nothing to expect`},
		{"other model", "expect under four stage user:1 is x", `x.txt:3: the workspace is not run under "four"`},
		{"person without commas", "expect person user:1 identifiers anon:a anon:b", "x.txt:3: write identifiers with commas between them"},
		{"person is what", "expect person user:1 was user:2", `x.txt:3: "was" is nothing to expect of a person`},
		{"stage without a time", "expect stage user:1 history purchase", "x.txt:3: write each stage with the time"},
		{"stages without commas", "expect stage user:1 history a 2026-03-01 09:00 b 09:05", "x.txt:3: write the stages with commas between them"},
		{"no fact", "expect profile user:1 mood good", `x.txt:3: "mood good" is no fact of a profile`},
		{"amount without a currency", "expect profile user:1 revenue 5", "x.txt:3: an amount needs its currency"},
		{"no metric", "expect kpi day 2026-03-01 visits 1", `x.txt:3: there is no metric "visits"`},
		{"money without a currency", "expect kpi day 2026-03-01 revenue 1", "x.txt:3: revenue is counted in currency"},
		{"count with a currency", "expect kpi day 2026-03-01 orders 1 GBP", "x.txt:3: orders is counted in count"},
		{"no dimension", "expect kpi day 2026-03-01 by colour red orders 1", `x.txt:3: there is no dimension "colour"`},
		{"no such window", "expect kpi week 2026-03-01 orders 1", "x.txt:3: there is no week 2026-03-01"},
		{"window that is not over", "at 2026-03-01 09:00 anon:a page\nexpect kpi day 2026-03-01 orders 0", "x.txt: line 4 looks at a window that is not over; add a line: now 2026-03-02 00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := scenarios.Parse("x.txt", first+c.line)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%q) says %v, want %q", c.line, err, c.want)
			}
		})
	}
}

func TestParseReportsEveryLine(t *testing.T) {
	t.Parallel()
	_, err := scenarios.Parse("x.txt", "at 2026-03-01 09:00 anon:a page\n\nwhoops")
	want := "x.txt:1: the first line must be a workspace, such as: workspace shop Europe/London GBP default\n" +
		"x.txt:3: the first line must be a workspace, such as: workspace shop Europe/London GBP default\nx.txt: there is no workspace line"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// TestParseEvents compares whole events with what a client would send.
func TestParseEvents(t *testing.T) {
	t.Parallel()
	text := `workspace shop Europe/London GBP default
clock device:d 1h slow
at 2026-06-01 09:00 user:1 anon:a page "/sale?x=1" utm_source=google name=Sale country=GB referrer=https://example.org/ ; comment
at +30s user:1 device:d track "Order Completed" order_id="o 1" product=p1*2@12.50 channel=till id=m7
at 2026-06-02 00:00 email:a@b.c loyalty:9 identify name="Ann, Smith"
at 00:10 user:2 alias user:1
at 00:11 user:2 group "acme"
deliver backwards twice late 2d
`
	s, err := scenarios.Parse("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"groupId":"acme","messageId":"line-7","timestamp":"2026-06-01T23:11:00.000Z","type":"group","userId":"2"}`,
		`{"messageId":"line-6","previousId":"1","timestamp":"2026-06-01T23:10:00.000Z","type":"alias","userId":"2"}`,
		`{"context":{"externalIds":[{"id":"a@b.c","type":"email"},{"id":"9","type":"loyalty"}]},"messageId":"line-5","timestamp":"2026-06-01T23:00:00.000Z","traits":{"name":"Ann, Smith"},"type":"identify"}`,
		`{"context":{"channel":"till","device":{"id":"d"}},"event":"Order Completed","messageId":"m7","properties":{"order_id":"o 1","products":[{"price":"12.50","product_id":"p1","quantity":"2"}]},"timestamp":"2026-06-01T07:00:30.000Z","type":"track","userId":"1"}`,
		`{"anonymousId":"a","context":{"location":{"country":"GB"}},"messageId":"line-3","name":"Sale","properties":{"referrer":"https://example.org/","url":"https://shop.example/sale?utm_source=google\u0026x=1"},"timestamp":"2026-06-01T08:00:00.000Z","type":"page","userId":"1"}`,
	}
	want = append(want, want...)
	var got []string
	for _, b := range s.Steps[0].Deliver {
		if len(b) != 1 {
			t.Fatalf("a batch of %d, want the events one by one", len(b))
		}
		text, err := json.Marshal(b[0].Event)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
		if at := b[0].Received.UTC().Format("2006-01-02T15:04Z"); at != "2026-06-03T23:11Z" {
			t.Errorf("%s is received at %s, want two days after the last", text, at)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("events are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if slow := s.Steps[0].Deliver[3][0].Slow; slow.Hours() != 1 {
		t.Errorf("the clock of the fourth is %s slow, want 1h", slow)
	}
}

// A scenario whose expectations are all wrong must say so of each, or it proves nothing.
func TestWrongExpectationsAreReported(t *testing.T) {
	t.Parallel()
	text := `workspace shop Europe/London GBP default
now 2026-03-02 00:00
at 2026-03-01 09:00 anon:a page "/" utm_source=google utm_medium=cpc
at +5m anon:a user:1 track "Order Completed" order_id=o1 revenue=25
at +1m user:1 identify plan=gold
expect person anon:a is anon:a
expect person user:1 identifiers none
expect stage user:1 is awareness
expect stage user:1 history awareness 2026-03-01 09:00, purchase 09:06
expect stage user:1 history awareness 2026-03-01 09:00:01, purchase 09:05
expect stage user:1 history awareness 2026-03-01 09:00
expect profile user:1 touchpoints 3, orders 2, revenue 25.01 GBP, revenue 1.00 EUR, channel paid_search 1, trait plan silver, first_seen 2026-03-01 09:01, last_seen 2026-03-01 09:06
expect profile user:2 touchpoints 1
expect kpi day 2026-03-01 orders 2, revenue 24.00 GBP, aov none GBP, conversion_rate 1/2, sessions 2, buyers 0
expect kpi day 2026-03-01 by channel direct orders 1
expect kpi day 2026-02-28 touchpoints 1
`
	s, err := scenarios.Parse("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	system, err := scenarios.NewFold(s, "default")
	if err != nil {
		t.Fatal(err)
	}
	want := `x.txt:6 (default): anon:a belongs to user:1, want anon:a
x.txt:7 (default): user:1 has the identifiers [anon:a], want []
x.txt:8 (default): stage of user:1 is purchase, want awareness
x.txt:9 (default): stages of user:1 are
	awareness 2026-03-01 09:00, purchase 2026-03-01 09:05
   want
	awareness 2026-03-01 09:00, purchase 2026-03-01 09:06
x.txt:10 (default): stages of user:1 are
	awareness 2026-03-01 09:00:00, purchase 2026-03-01 09:05
   want
	awareness 2026-03-01 09:00:01, purchase 2026-03-01 09:05
x.txt:11 (default): stages of user:1 are
	awareness 2026-03-01 09:00, purchase 2026-03-01 09:05
   want
	awareness 2026-03-01 09:00
x.txt:12 (default): touchpoints of user:1 is 2, want 3
x.txt:12 (default): orders of user:1 is 1, want 2
x.txt:12 (default): revenue of user:1 is 25.00 GBP, want 25.01 GBP
x.txt:12 (default): revenue of user:1 is 0.00 EUR, want 1.00 EUR
x.txt:12 (default): channel paid_search of user:1 is 2, want 1
x.txt:12 (default): trait plan of user:1 is gold, want silver
x.txt:12 (default): first_seen of user:1 is 2026-03-01 09:00, want 2026-03-01 09:01
x.txt:12 (default): last_seen of user:1 is 2026-03-01 09:05, want 2026-03-01 09:06
x.txt:13 (default): person of user:2: nothing is known of user:2
x.txt:14 (default): orders of day 2026-03-01 is 1, want 2
x.txt:14 (default): revenue of day 2026-03-01 is 25.00 GBP, want 24.00 GBP
x.txt:14 (default): aov of day 2026-03-01 is 25.00 GBP, want none GBP
x.txt:14 (default): conversion_rate of day 2026-03-01 is 1/1, want 1/2
x.txt:14 (default): sessions of day 2026-03-01 is 1, want 2
x.txt:14 (default): buyers of day 2026-03-01 is 1, want 0
x.txt:15 (default): orders of day 2026-03-01 by channel direct is 0, want 1
x.txt:16 (default): touchpoints of day 2026-02-28 is 0, want 1`
	if err := scenarios.Run(t.Context(), s, "default", system); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// The example of the README must hold.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(folder + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```text\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the README has no example")
	}
	s, err := scenarios.Parse("README.md", example+"now 2026-03-02 00:00\n")
	if err != nil {
		t.Fatal(err)
	}
	system, err := scenarios.NewFold(s, "default")
	if err != nil {
		t.Fatal(err)
	}
	if err := scenarios.Run(t.Context(), s, "default", system); err != nil {
		t.Error(err)
	}
}
