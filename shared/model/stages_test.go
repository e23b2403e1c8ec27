package model_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

func presetStages(t testing.TB, name string) *stage.Model {
	t.Helper()
	m, err := model.Stages(name)
	if err != nil {
		t.Fatalf("Stages(%q): %v", name, err)
	}
	return m
}

// stageTouch is a touchpoint of the given hour. Order Completed is a new order.
func stageTouch(hour int, typ event.Type, name, channel string) stage.Touch {
	tp := event.Touchpoint{ID: event.ID(fmt.Sprintf("e%d", hour)), Source: "web", Type: typ, Name: name}
	rules, err := model.Rules("default")
	if err != nil {
		panic("model: the built-in rules are broken: " + err.Error())
	}
	tp.Passive = rules.Passive.Of(&tp)
	isOrder := name == event.OrderCompleted
	if isOrder {
		tp.Order = &event.Order{ID: fmt.Sprintf("o%d", hour)}
	}
	return stage.Touch{At: event.Millis(0).Add(time.Duration(hour) * time.Hour), Touchpoint: tp, Channel: channel, NewOrder: isOrder}
}

// pointed is where a touchpoint leads whoever begins with it.
func pointed(m *stage.Model, t event.Touchpoint) stage.Name {
	return m.Walk([]stage.Touch{{Touchpoint: t, Channel: t.OwnChannel}}, 0).After[0]
}

// stageStory turns lines of "hour type name" into touches.
func stageStory(t *testing.T, story string) []stage.Touch {
	t.Helper()
	var touches []stage.Touch
	for line := range strings.Lines(story) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) < 2 {
			continue
		}
		hour, err := time.ParseDuration(fields[0])
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		touches = append(touches, stageTouch(int(hour.Hours()), event.Type(fields[1]), strings.Join(fields[2:], ""), ""))
	}
	return touches
}

// stageVisits writes visits as "hour stage rule event".
func stageVisits(h stage.History) []string {
	var lines []string
	for _, v := range h.Visits {
		line := fmt.Sprintf("%dh %s %s %s", v.Entered.Sub(0)/time.Hour, v.Stage, v.Cause.Rule, v.Cause.Event)
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// The example journeys of the source documents (A1.13 to A1.15) and the standard questions, under each preset.
var stageStories = []struct {
	name, story       string
	until             time.Duration
	seven, five, four []string
}{
	{
		name: "A1.13 from a social ad to a return purchase and social engagement",
		story: `
			0h track Social Ad Clicked
			1h page Home
			2h track Product Viewed
			3h track Product List Viewed
			4h track Product Added
			5h track Order Completed
			6h track Shipping Notification Sent
			500h track Order Completed
			501h track Social Post Liked`,
		until: 501 * time.Hour,
		seven: []string{
			"0h awareness first-touch e0", "2h consideration product-evaluated e2", "4h decision cart e4", "5h purchase order e5",
			"6h post-purchase delivery e6", "500h loyalty repeat-order e500", "501h advocacy social-engagement-of-customer e501",
		},
		five: []string{
			"0h awareness first-touch e0", "2h consideration product-evaluated e2", "5h purchase order e5", "6h post-purchase delivery e6",
			"501h advocacy social-engagement-of-customer e501",
		},
		four: []string{
			"0h awareness first-touch e0", "2h consideration product-evaluated e2", "4h decision cart e4", "5h post-purchase order e5",
		},
	},
	{
		name: "A1.14 from a social ad to a chat with service",
		story: `
			0h track Social Ad Clicked
			1h page Blog Post
			2h page Product
			3h track Chat Started`,
		until: 3 * time.Hour,
		seven: []string{"0h awareness first-touch e0", "2h consideration evaluation-page e2"},
		five:  []string{"0h awareness first-touch e0", "2h consideration evaluation-page e2"},
		four:  []string{"0h awareness first-touch e0", "2h consideration evaluation-page e2"},
	},
	{
		name: "A1.15 begun on the phone, looked up on the laptop, bought on the tablet",
		story: `
			0h screen Home
			20h track Products Searched
			21h track Product Viewed
			44h track Order Completed`,
		until: 44 * time.Hour,
		seven: []string{"0h awareness first-touch e0", "20h consideration product-evaluated e20", "44h purchase order e44"},
		five:  []string{"0h awareness first-touch e0", "20h consideration product-evaluated e20", "44h purchase order e44"},
		four:  []string{"0h awareness first-touch e0", "20h consideration product-evaluated e20", "44h post-purchase order e44"},
	},
	{
		name: "one ad click",
		story: `
			0h track Ad Clicked`,
		seven: []string{"0h awareness first-touch e0"},
		five:  []string{"0h awareness first-touch e0"},
		four:  []string{"0h awareness first-touch e0"},
	},
	{
		name: "a step back and forth, and a cart that is emptied",
		story: `
			0h track Product Added
			1h track Product Viewed
			2h track Product Added
			3h track Product Removed`,
		until: 3 * time.Hour,
		seven: []string{"0h decision cart e0", "1h consideration product-evaluated e1", "2h decision cart e2"},
		five:  []string{"0h consideration cart e0"},
		four:  []string{"0h decision cart e0", "1h consideration product-evaluated e1", "2h decision cart e2"},
	},
	{
		name: "time after purchase, silence, return by a plain page",
		story: `
			0h track Order Completed
			5000h page Home`,
		until: 8000 * time.Hour,
		seven: []string{
			"0h purchase order e0", "336h post-purchase time-after-purchase", "2160h lapsed silence", "5000h post-purchase return e5000",
			"7160h lapsed silence",
		},
		five: []string{"0h purchase order e0", "336h post-purchase time-after-purchase"},
		four: []string{"0h post-purchase order e0"},
	},
	{
		name: "consent is no touch of ours",
		story: `
			0h track Consent Given
			1h page`,
		until: time.Hour,
		seven: []string{"1h awareness first-touch e1"},
		five:  []string{"1h awareness first-touch e1"},
		four:  []string{"1h awareness first-touch e1"},
	},
	{
		name: "a loyal customer's parcel and ticket keep loyalty, a return does not",
		story: `
			0h track Order Completed
			1h track Order Completed
			2h track Order Delivered
			3h track Support Ticket Opened
			4h track Survey Answered
			5h track Return Requested`,
		until: 5 * time.Hour,
		seven: []string{"0h purchase order e0", "1h loyalty repeat-order e1", "5h post-purchase product-return e5"},
		five:  []string{"0h purchase order e0", "2h post-purchase delivery e2"},
		four:  []string{"0h post-purchase order e0"},
	},
}

func TestPresetHistories(t *testing.T) {
	t.Parallel()
	for _, c := range stageStories {
		for preset, want := range map[string][]string{"default": c.seven, "five": c.five, "four": c.four} {
			t.Run(c.name+" under "+preset, func(t *testing.T) {
				t.Parallel()
				m, touches := presetStages(t, preset), stageStory(t, c.story)
				h := m.Walk(touches, event.Millis(c.until.Milliseconds()))
				if got := stageVisits(h); !slices.Equal(got, want) {
					t.Errorf("Walk() visits\n got %q\nwant %q", got, want)
				}
				again := m.Walk(slices.Clone(touches), event.Millis(c.until.Milliseconds()))
				if !reflect.DeepEqual(h, again) {
					t.Errorf("Walk() again gave another history: %v, then %v", h, again)
				}
			})
		}
	}
}

func TestFirstTouchpointByDetail(t *testing.T) {
	t.Parallel()
	survey := func(properties map[string]string) event.Touchpoint {
		return event.Touchpoint{Type: event.Track, Name: "Survey Answered", Properties: properties}
	}
	page := func(address string) event.Touchpoint { return event.Touchpoint{Type: event.Page, Page: address} }
	for _, c := range []struct {
		name string
		t    event.Touchpoint
		want stage.Name
	}{
		{"promoter", survey(map[string]string{"survey_type": "nps", "score": "9"}), "advocacy"},
		{"promoter by survey, written 10.0", survey(map[string]string{"survey": "NPS", "score": "10.0"}), "advocacy"},
		{"promoter by type", survey(map[string]string{"type": "nps", "score": "1e1"}), "advocacy"},
		{"passive", survey(map[string]string{"survey_type": "nps", "score": "8.99"}), "post-purchase"},
		{"beyond the scale", survey(map[string]string{"survey_type": "nps", "score": "11"}), "post-purchase"},
		{"nine of another scale", survey(map[string]string{"survey_type": "csat", "score": "9"}), "post-purchase"},
		{"no score", survey(map[string]string{"survey_type": "nps"}), "post-purchase"},
		{"pricing page", page("https://shop.example/en/Pricing"), "consideration"},
		{"product page", page("https://shop.example/product/42"), "consideration"},
		{"shipping page", page("https://shop.example/shipping-info"), "consideration"},
		{"landing", page("https://shop.example/"), "awareness"},
		{"a host is no path", page("https://pricing.example"), "awareness"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := pointed(presetStages(t, "default"), c.t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	type described struct {
		ID     string
		Policy stage.Policy
		Stages []stage.Name
		Lapse  stage.Name
	}
	var got []described
	for _, name := range model.StageNames() {
		m := presetStages(t, name)
		if presetStages(t, m.ID()) != m {
			t.Errorf("Stages(%q) and Stages(%q) differ", name, m.ID())
		}
		got = append(got, described{m.ID(), m.Policy(), m.Stages(), m.Lapse()})
	}
	want := []described{
		{
			"default@1", stage.Latest,
			[]stage.Name{"awareness", "consideration", "decision", "purchase", "post-purchase", "loyalty", "advocacy"},
			"lapsed",
		},
		{
			"five@1", stage.Furthest,
			[]stage.Name{"awareness", "consideration", "purchase", "post-purchase", "advocacy"},
			"",
		},
		{"four@1", stage.Latest, []stage.Name{"awareness", "consideration", "decision", "post-purchase"}, ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("presets\n got %+v\nwant %+v", got, want)
	}
	_, err := model.Stages("six")
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "use one of default, five, four") {
		t.Errorf("Stages(six): got %v, want a fault of kind not_found that lists the models", err)
	}
	if _, err := model.Stages("default@2"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Stages(default@2): got %v, want a fault of kind not_found", err)
	}
}

// BenchmarkWalkDefault follows 10,000 touches of one person under the default model.
func BenchmarkWalkDefault(b *testing.B) {
	m := presetStages(b, "default")
	names := []string{"Product Viewed", "Product Viewed", "Article Viewed", "Product Added", "Order Completed", "Order Delivered", "Email Opened"}
	var touches []stage.Touch
	for i := range 10_000 {
		touches = append(touches, stageTouch(i, event.Track, names[i%len(names)], "email"))
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Walk(touches, touches[len(touches)-1].At)
	}
}
