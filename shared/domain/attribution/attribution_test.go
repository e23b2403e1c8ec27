package attribution_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/attribution"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

var (
	start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)

// question is one about March 2026, with parameters such as "look_back=7d".
func question(t testing.TB, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{Calendar: calendar, From: start, To: end, Now: event.At(end.AddDate(0, 2, 0)), Currency: "EUR", Said: map[string][]string{}}
	for _, text := range said {
		name, value, _ := strings.Cut(text, "=")
		q.Said[name] = append(q.Said[name], value)
	}
	return q
}

// asked answers a question in one part and in three, which must be the same to the byte.
func asked(t testing.TB, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := attribution.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	var answers []analysis.Answer
	var texts []string
	for _, parts := range []int{1, 3} {
		answer, err := plan.Answer(analysis.Listing(seen, parts))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		answers, texts = append(answers, answer), append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Fatalf("one part gives\n%s\nthree give\n%s", texts[0], texts[1])
	}
	return answers[0]
}

// table gives a table's rows as texts, each value after a space.
func table(t testing.TB, a analysis.Answer, name string) (rows []string) {
	t.Helper()
	for _, table := range a.Tables {
		if table.Name == name {
			for _, values := range table.Rows {
				var texts []string
				for _, v := range values {
					texts = append(texts, v.String())
				}
				rows = append(rows, strings.Join(texts, " "))
			}
			return rows
		}
	}
	t.Fatalf("there is no table %s", name)
	return nil
}

// column gives a column as numbers by the texts of the columns before it that are texts.
func column(t testing.TB, a analysis.Answer, name, of string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, table := range a.Tables {
		if table.Name != name {
			continue
		}
		for _, values := range table.Rows {
			key := ""
			for i, c := range table.Columns {
				if f, ok := values[i].Float(); c.Name == of && ok {
					out[strings.TrimSpace(key)] = f
				} else if c.Unit == analysis.Text {
					key += " " + values[i].String()
				}
			}
		}
	}
	return out
}

// visits is a life: a session an hour of each label, "!" behind one that has an order of 10 EUR, and "@" with a referrer's host.
func visits(person int, begin time.Time, labels ...string) []step.Row {
	var life []step.Row
	for i, label := range labels {
		label, isOrder := strings.CutSuffix(label, "!")
		label, host, _ := strings.Cut(label, "@")
		r := step.Row{
			Person: event.Identifier(fmt.Sprintf("user:%d", person)), At: event.At(begin.Add(time.Duration(i) * time.Hour)), Type: event.Page,
			Session: i + 1, SessionStart: true, SessionChannel: label,
		}
		r.Referrer.Host = host
		life = append(life, r)
		if isOrder {
			r.SessionStart, r.Type, r.At = false, event.Track, r.At.Add(time.Minute)
			r.Order = &step.Order{ID: fmt.Sprintf("o%d-%d", person, i), Kind: event.Completed, Amount: 10 * money.Unit, Currency: "EUR"}
			life = append(life, r)
		}
	}
	return life
}

type example struct {
	Name     string
	Paths    [][3]any
	Expected map[string]any
}

func examples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (e example) lives() (lives [][]step.Row) {
	for _, p := range e.Paths {
		labels := strings.Split(p[0].(string), " > ")
		for range int(p[2].(float64)) {
			lives = append(lives, visits(len(lives), start, labels...))
		}
		labels[len(labels)-1] += "!"
		for range int(p[1].(float64)) {
			lives = append(lives, visits(len(lives), start, labels...))
		}
	}
	return lives
}

// TestPublished holds the models to published credits, within 1e-6 (the simulated ones of pychattr within .02, its own error).
func TestPublished(t *testing.T) {
	t.Parallel()
	tables := map[string][2]string{
		"first": {"conversions", "first"}, "last": {"conversions", "last"}, "linear": {"conversions", "linear"},
		"position_40_20_40": {"conversions", "position"}, "shapley": {"conversions", "shapley"}, "credit_exact": {"conversions", "markov"},
		"removal_effects_exact": {"removal_effects", "removal_effect"}, "transitions_without_self_loops": {"transitions", "share"},
		"published_simulated": {},
	}
	checked := 0
	for _, e := range examples(t) {
		answer := asked(t, e.lives(), question(t))
		for what, want := range e.Expected {
			of, known := tables[what]
			if !known {
				t.Fatalf("%s expects %s, which nothing is compared with", e.Name, what)
			}
			if what == "published_simulated" {
				credits := want.(map[string]any)["credit"].(map[string]any)
				for label, got := range column(t, answer, "conversions", "markov") {
					if math.Abs(got-credits[label].(float64)) > .02 {
						t.Errorf("%s: simulated credit of %s is %v, here %v", e.Name, label, credits[label], got)
					}
				}
				continue
			}
			got := column(t, answer, of[0], of[1])
			for label, number := range want.(map[string]any) {
				key := label
				if from, to, isTransition := strings.Cut(label, ">"); isTransition {
					ends := map[string]string{"START": "(start)", "CONV": "(conversion)"}
					if ends[from] != "" {
						from = ends[from]
					}
					if ends[to] != "" {
						to = ends[to]
					}
					key = from + " " + to
				}
				if f, found := got[key]; !found || math.Abs(f-number.(float64)) > 1e-6 {
					t.Errorf("%s: %s of %s is %v, want %v", e.Name, what, label, f, number)
				}
				checked++
			}
		}
	}
	if checked != 24 {
		t.Errorf("%d numbers were compared, want 24", checked)
	}
}

// TestSelfLoops holds transitions that keep a channel after itself to those of Altomare and Loris (2016); what is lost without a channel is the same.
func TestSelfLoops(t *testing.T) {
	t.Parallel()
	lives := examples(t)[0].lives()
	got, want := table(t, asked(t, lives, question(t, "self_loops=keep")), "transitions"), []string{
		"(start) A 3 1.0000", "A (conversion) 3 0.3750", "A A 2 0.2500", "A B 3 0.3750", "B A 3 0.6000", "B B 2 0.4000",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("transitions are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := column(t, asked(t, lives, question(t, "self_loops=keep")), "removal_effects", "removal_effect"); got["A"] != 1 || got["B"] != .5 {
		t.Errorf("removal effects with loops are %v, want A 1 and B .5", got)
	}
}

// TestWorkedExample is the one of docs/analyses/attribution.md, whole.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	lives := [][]step.Row{
		visits(1, start, "paid_search", "email", "direct!"),
		visits(2, start, "paid_search", "direct!"),
		visits(3, start, "email", "referral@www.paypal.com!"),
		visits(4, start, "paid_search", "email"),
	}
	answer := asked(t, lives, question(t, "half_life=1h"))
	for name, want := range map[string]string{
		"conversions": `email 1 1 2 1.333333 1.285714 1.2 1.333333 0.947368 1.333333
direct 0 2 0 0.833334 1.238095 0.9 0.833334 0.947369 0.833334
paid_search 2 0 1 0.833333 0.476191 0.9 0.833333 1.105263 0.833333`,
		"totals": "  3 1 0 4\nEUR 30.00    ",
		"paths": `email 1 1 0 1.0000
paid_search > direct 1 1 0 1.0000
paid_search > email 1 0 1 0.0000
paid_search > email > direct 1 1 0 1.0000`,
	} {
		got := strings.Join(table(t, answer, name), "\n")
		if name == "conversions" {
			got = trimmed(got)
		}
		if got != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
	if got := strings.Join(answer.Notes, "\n"); got != "1 sessions of the period came from a payment page and take no credit." {
		t.Errorf("notes are %q", got)
	}
}

// trimmed drops zeros at the end of decimals.
func trimmed(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	for i, w := range words {
		head, tail, isLine := strings.Cut(w, "\n")
		if strings.Contains(head, ".") {
			head = strings.TrimRight(strings.TrimRight(head, "0"), ".")
		}
		if words[i] = head; isLine {
			words[i] += "\n" + tail
		}
	}
	return strings.Join(words, " ")
}

// TestPeriod holds what is of the period: look-back, orders before it and after it, open paths, and what is not known.
func TestPeriod(t *testing.T) {
	t.Parallel()
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	for name, c := range map[string]struct {
		life  []step.Row
		said  string
		now   time.Time
		paths string
		notes string
	}{
		"a session before the period counts within the look-back": {
			life: append(visits(1, at(-10), "email"), again(visits(1, at(3), "x", "direct!"))...), paths: "email > direct 1 1 0 1.0000",
		},
		"not beyond it": {
			life: append(visits(1, at(-10), "email"), again(visits(1, at(3), "x", "direct!"))...), said: "look_back=7d", paths: "direct 1 1 0 1.0000",
		},
		"that very instant is within it": {
			life: append(visits(1, at(3).Add(61*time.Minute-7*24*time.Hour), "email"), again(visits(1, at(3), "x", "direct!"))...), said: "look_back=7d",
			paths: "email > direct 1 1 0 1.0000",
		},
		"a millisecond more is not": {
			life: append(visits(1, at(3).Add(61*time.Minute-7*24*time.Hour-time.Millisecond), "email"), again(visits(1, at(3), "x", "direct!"))...), said: "look_back=7d",
			paths: "direct 1 1 0 1.0000",
		},
		"a path without an order has sessions of just the look-back": {
			life: append(visits(1, at(1), "email"), again(visits(1, at(8).Add(-time.Hour), "x", "sms"))...), said: "look_back=7d", paths: "email > sms 1 0 1 0.0000",
		},
		"and none of a millisecond more": {
			life: append(visits(1, at(1), "email"), again(visits(1, at(8).Add(time.Millisecond-time.Hour), "x", "sms"))...), said: "look_back=7d",
			paths: "email 1 0 1 0.0000\nsms 1 0 1 0.0000",
		},
		"an order before the period is none": {life: visits(1, at(-1), "email!")},
		"its sessions count for the next order too": {
			life: append(visits(1, at(-1), "email!"), again(visits(1, at(1), "x", "sms!"))...), paths: "email > sms 1 1 0 1.0000",
		},
		"not since the last order": {
			life: append(visits(1, at(-1), "email!"), again(visits(1, at(1), "x", "sms!"))...), said: "since_last_order=yes", paths: "sms 1 1 0 1.0000",
		},
		"an order after the period takes its sessions along": {
			life: append(visits(1, at(29), "email"), again(visits(1, at(33), "x", "sms!"))...), notes: "1 sessions of the period led to an order after it, and are in no path.",
		},
		"which nobody knows before it came": {
			life: append(visits(1, at(29), "email"), again(visits(1, at(33), "x", "sms!"))...), now: at(32), paths: "email 1 0 1 0.0000",
			notes: "1 of the 1 paths without an order are open: one may still come within 30d of their last session.",
		},
		"paths without an order are as long as the look-back": {
			life: append(visits(1, at(1), "email", "sms"), again(visits(1, at(20), "x", "y", "direct"))...), said: "look_back=7d",
			paths: "email > sms 1 0 1 0.0000\ny > direct 1 0 1 0.0000",
		},
		"an order of nobody's session": {
			life: func() []step.Row {
				life := visits(1, at(1), "email!")
				life[1].Session, life[1].SessionChannel = 0, ""
				return life[1:]
			}(), paths: "unknown 1 1 0 1.0000", notes: `1 orders have no session that counts; their credit is with "unknown".`,
		},
		"nothing but a payment page is direct": {
			life: visits(1, at(1), "referral@pay.klarna.com!"), paths: "direct 1 1 0 1.0000", notes: "1 sessions of the period came from a payment page and take no credit.",
		},
		"a payment page after a click in a mail is not what the session came by": {
			life: visits(1, at(1), "email@paypal.com!"), paths: "email 1 1 0 1.0000",
		},
		"a payment page of one's own": {
			life: visits(1, at(1), "email", "referral@pay.bank.example!"), said: "payment_hosts=bank.example", paths: "email 1 1 0 1.0000",
			notes: "1 sessions of the period came from a payment page and take no credit.",
		},
	} {
		q := question(t, c.said)
		if !c.now.IsZero() {
			q.Now = event.At(c.now)
		}
		answer := asked(t, [][]step.Row{c.life}, q)
		if got := strings.Join(table(t, answer, "paths"), "\n"); got != c.paths {
			t.Errorf("%s: paths are\n%s\nwant\n%s", name, got, c.paths)
		}
		if got := strings.Join(answer.Notes, "\n"); got != c.notes {
			t.Errorf("%s: notes are %q, want %q", name, got, c.notes)
		}
	}
}

// again is a life that goes on: sessions are numbered from 2 on, the first one left out.
func again(life []step.Row) []step.Row {
	for i := range life {
		life[i].Session += 10
	}
	return life[1:]
}

// TestNet takes what happened to an order off its path, whenever it was.
func TestNet(t *testing.T) {
	t.Parallel()
	life := visits(1, start, "email", "direct!")
	refund := life[2]
	refund.At, refund.Session, refund.SessionStart = event.At(end.AddDate(0, 1, 0)), 3, true
	refund.Order = &step.Order{ID: "o1-1", Kind: event.Refunded, Amount: 4 * money.Unit, Currency: "EUR"}
	lives := [][]step.Row{append(life, refund)}
	for said, want := range map[string]string{"revenue=gross": "5.00", "revenue=net": "3.00"} {
		got := table(t, asked(t, lives, question(t, said)), "revenue")
		if len(got) != 2 || strings.Fields(got[0])[5] != want {
			t.Errorf("%s: revenue is %q, want %s by linear", said, got, want)
		}
	}
}

// TestBy tells touches by the campaign of their session: without one a session is as good as direct for last_non_direct.
func TestBy(t *testing.T) {
	t.Parallel()
	life := visits(1, start, "email", "direct!")
	life[0].SessionCampaign = "spring"
	q := question(t)
	var err error
	if q.By, err = analysis.ParseBreakdown("by", "campaign"); err != nil {
		t.Fatal(err)
	}
	answer := asked(t, [][]step.Row{life}, q)
	if got, want := trimmed(table(t, answer, "conversions")[0]), "spring 1 0 1 0.5 0.498969 0.5 0.5 0.5 0.5"; got != want {
		t.Errorf("by campaign %q, want %q", got, want)
	}
	for _, table := range answer.Tables[:3] {
		if table.Columns[0].Name != "campaign" {
			t.Errorf("the first column of %s is %s", table.Name, table.Columns[0].Name)
		}
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"look_back=0d", "look_back=400d", "half_life=x", "position=50/50", "position=40/30/40", "position=-10/70/40", "position=1/2/3/94", "markov_order=4",
		"self_loops=no", "revenue=all", "since_last_order=1", "top=0", "payment_hosts=https://x.example/", "payment_hosts=bank",
	} {
		_, err := attribution.Analysis().Prepare(question(t, said))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), strings.Split(said, "=")[0]) {
			t.Errorf("%s: %v, want an invalid parameter that is named", said, err)
		}
	}
	for _, p := range attribution.Analysis().Parameters {
		if p.Default == "" {
			continue
		}
		if _, err := attribution.Analysis().Prepare(question(t, p.Name+"="+p.Default)); err != nil {
			t.Errorf("the default of %s: %v", p.Name, err)
		}
	}
}
