package feedback_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

func question(t testing.TB, from, to, now string, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		bound, err := calendar.ParseBound(text)
		if err != nil {
			t.Fatal(err)
		}
		return bound
	}
	q := analysis.Question{
		Calendar: calendar, From: at(from), To: at(to), Now: event.At(at(now)), Currency: "EUR", Said: map[string][]string{},
		Documents: map[string][]byte{"stages": []byte(`["awareness","consideration","decision","purchase","post-purchase","loyalty"]`)},
	}
	for _, one := range said {
		name, value, _ := strings.Cut(one, "=")
		q.Said[name] = append(q.Said[name], value)
	}
	return q
}

// ask gives the answer, by one part and by three, which must be the same to the byte.
func ask(t testing.TB, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := feedback.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	var first analysis.Answer
	var text []byte
	for _, parts := range []int{1, 3} {
		answer, err := plan.Answer(analysis.Listing(seen, parts))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if text == nil {
			first, text = answer, got
		} else if string(text) != string(got) {
			t.Fatalf("%d parts answer %s, one %s", parts, got, text)
		}
	}
	return first
}

func table(t testing.TB, a analysis.Answer, name string) analysis.Table {
	t.Helper()
	at := slices.IndexFunc(a.Tables, func(table analysis.Table) bool { return table.Name == name })
	if at < 0 {
		t.Fatalf("there is no table %s", name)
	}
	return a.Tables[at]
}

// lines writes a table for people, counts of rates beside them.
func lines(table analysis.Table) []string {
	var out []string
	for _, row := range table.Rows {
		var cells []string
		for i, v := range row {
			text := v.String()
			if table.Columns[i].Unit == analysis.Ratio && !v.IsNone() {
				if _, of := v.Counts(); of > 0 && table.Columns[i].Name != "change" && table.Columns[i].Name != "difference" {
					k, n := v.Counts()
					text = fmt.Sprintf("%d/%d", k, n)
				}
			}
			if text == "" {
				text = "–"
			}
			cells = append(cells, text)
		}
		out = append(out, strings.Join(cells, " | "))
	}
	return out
}

func equal(t *testing.T, table analysis.Table, want ...string) {
	t.Helper()
	if got := lines(table); !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", table.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// life makes a life of lines such as "2026-03-01T10:00 decision web Feedback Given text=I love it; language=en".
func life(t testing.TB, person string, steps ...string) []step.Row {
	t.Helper()
	var out []step.Row
	before := ""
	for _, text := range steps {
		parts := strings.SplitN(text, " ", 4)
		at, err := time.Parse("2006-01-02T15:04", parts[0])
		if err != nil {
			t.Fatal(err)
		}
		name, list, _ := strings.Cut(parts[3], " text=")
		properties := map[string]string{}
		if list != "" {
			list = "text=" + list
		} else {
			name, list, _ = strings.Cut(parts[3], "; ")
		}
		for one := range strings.SplitSeq(list, "; ") {
			if key, value, found := strings.Cut(one, "="); found {
				properties[key] = value
			}
		}
		r := step.Row{
			Person: event.Identifier(person), At: event.At(at), Type: event.Track, Event: name, Stage: parts[1], StageBefore: before, Channel: parts[2],
			Properties: step.SaidOf(properties),
		}
		if name == "Order Completed" {
			r.Order = &step.Order{Kind: event.Completed, Amount: 10_000_000, Currency: "EUR", Number: 1}
		}
		before = r.Stage
		out = append(out, r)
	}
	return out
}

// example is that of docs/analyses/sentiment.md.
func example(t testing.TB) [][]step.Row {
	return [][]step.Row{
		life(t, "user:1",
			"2026-03-02T10:00 consideration chat Live Chat Message Sent text=I love these shoes!; language=en",
			"2026-03-05T10:00 purchase web Order Completed",
			"2026-03-20T10:00 post-purchase email Survey Answered; survey_type=nps; score=9; survey=spring",
			"2026-03-21T10:00 post-purchase email Feedback Given text=The delivery was late and the parcel broken.; language=en-GB",
			"2026-03-21T12:30 post-purchase chat Support Ticket Solved",
			"2026-03-22T10:00 post-purchase email Feedback Given text=great help!; language=en"),
		life(t, "user:2",
			"2026-03-03T10:00 consideration chat Live Chat Message Sent text=Terrible delivery; language=en",
			"2026-03-10T10:00 consideration email Survey Answered; survey_type=nps; score=3; survey=spring; scale=10",
			"2026-03-11T10:00 consideration email Survey Answered; survey_type=csat; score=4; scale=5",
			"2026-03-12T10:00 consideration email Survey Answered; survey_type=csat; score=9; scale=10"),
		life(t, "user:3",
			"2026-03-04T10:00 consideration web Feedback Given text=Wo ist mein Paket?; language=de",
			"2026-03-28T10:00 consideration email Survey Answered; score=10; survey=autumn",
			"2026-03-29T10:00 consideration email Survey Answered; survey_type=nps; score=7; survey=autumn"),
		life(t, "user:4",
			"2026-03-30T10:00 post-purchase web Product Reviewed text=bad delivery; language=en",
			"2026-04-20T10:00 post-purchase web Order Completed"),
	}
}

// TestExample: the worked example of docs/analyses/sentiment.md, every table whole.
func TestExample(t *testing.T) {
	t.Parallel()
	a := ask(t, example(t), question(t, "2026-03-01", "2026-04-01", "2026-04-25", "quotes=1", "themes=delivery:deliver*|parcel,praise:great|love"))
	equal(t, table(t, a, "sentiment"),
		"whole | – | 6 | 4 | 5/6 | 6/18 | 2/5 | 0/5 | 3/5 | -0.0060 | 0.6764",
		"language | en | 5 | 3 | 5/5 | 6/18 | 2/5 | 0/5 | 3/5 | -0.0060 | 0.6764",
		"language | de (no lexicon) | 1 | 1 | 0/1 | – | – | – | – | – | –",
		"stage | awareness | 0 | 0 | – | – | – | – | – | – | –",
		"stage | consideration | 3 | 3 | 2/3 | 2/6 | 1/2 | 0/2 | 1/2 | 0.0964 | 0.8106",
		"stage | decision | 0 | 0 | – | – | – | – | – | – | –",
		"stage | purchase | 0 | 0 | – | – | – | – | – | – | –",
		"stage | post-purchase | 3 | 2 | 3/3 | 4/12 | 1/3 | 0/3 | 2/3 | -0.0744 | 0.7544",
		"stage | loyalty | 0 | 0 | – | – | – | – | – | – | –",
		"channel | chat | 2 | 2 | 2/2 | 2/6 | 1/2 | 0/2 | 1/2 | 0.0964 | 0.8106",
		"channel | email | 2 | 1 | 2/2 | 3/10 | 1/2 | 0/2 | 1/2 | 0.1596 | 0.8999",
		"channel | web | 2 | 2 | 1/2 | 1/2 | 0/1 | 0/1 | 1/1 | -0.5423 | –",
		"period | 2026-03-01 | 6 | 4 | 5/6 | 6/18 | 2/5 | 0/5 | 3/5 | -0.0060 | 0.6764")
	equal(t, table(t, a, "curve"), "awareness | 0 | 0 | – | –", "consideration | 2 | 2 | 0.0964 | –", "decision | 0 | 0 | – | –", "purchase | 0 | 0 | – | –",
		"post-purchase | 3 | 2 | -0.0744 | -0.1708", "loyalty | 0 | 0 | – | –")
	equal(t, table(t, a, "themes"),
		"consideration | delivery | 1 | 1/3 | – | – | – | -0.4767", "consideration | praise | 1 | 1/3 | – | – | – | 0.6696",
		"post-purchase | delivery | 2 | 2/2 | – | – | – | -0.5095", "post-purchase | praise | 1 | 1/2 | – | – | – | 0.7959")
	equal(t, table(t, a, "effect"), "positive | 1 | 0 | 1 | 1/1 | 1.0000", "neutral | 0 | 0 | 0 | – | –", "negative | 1 | 1 | 0 | 0/1 | -1.0000",
		"all | 2 | 1 | 1 | 1/2 | –")
	equal(t, table(t, a, "nps"),
		"whole | – | 3 | 3 | 1/3 | 1/3 | 1/3 | 0.0000", "survey | spring | 2 | 2 | 1/2 | 0/2 | 1/2 | 0.0000", "survey | autumn | 1 | 1 | 0/1 | 1/1 | 0/1 | 0.0000",
		"stage | awareness | 0 | 0 | – | – | – | –", "stage | consideration | 2 | 2 | 0/2 | 1/2 | 1/2 | -50.0000", "stage | decision | 0 | 0 | – | – | – | –",
		"stage | purchase | 0 | 0 | – | – | – | –", "stage | post-purchase | 1 | 1 | 1/1 | 0/1 | 0/1 | 100.0000", "stage | loyalty | 0 | 0 | – | – | – | –",
		"channel | email | 3 | 3 | 1/3 | 1/3 | 1/3 | 0.0000", "period | 2026-03-01 | 3 | 3 | 1/3 | 1/3 | 1/3 | 0.0000")
	if got := lines(table(t, a, "csat"))[0]; got != "whole | – | 1 | 1 | 1/1" {
		t.Errorf("csat is %s", got)
	}
	if got := lines(table(t, a, "ces"))[0]; got != "whole | – | 0 | 0 | –" {
		t.Errorf("ces is %s", got)
	}
	equal(t, table(t, a, "recovery"),
		"whole | – | 3 | 1 | 1/2 | 9000 | 9000 | 1/1", "stage | consideration | 1 | 0 | 0/1 | – | – | –", "stage | post-purchase | 2 | 1 | 1/1 | 9000 | 9000 | 1/1",
		"channel | chat | 1 | 0 | 0/1 | – | – | –", "channel | email | 1 | 0 | 1/1 | 9000 | 9000 | 1/1", "channel | web | 1 | 1 | – | – | – | –")
	equal(t, table(t, a, "quotes"),
		"consideration | negative | Terrible delivery | -0.4767 | Terrible -2.10 | chat | en | 2026-03-03T10:00:00Z",
		"consideration | positive | I love these shoes! | 0.6696 | love +3.20, emphasis +0.29 | chat | en | 2026-03-02T10:00:00Z",
		"post-purchase | negative | bad delivery | -0.5423 | bad -2.50 | web | en | 2026-03-30T10:00:00Z",
		"post-purchase | positive | great help! | 0.7959 | great +3.10, help +1.70, emphasis +0.29 | email | en | 2026-03-22T10:00:00Z")
	want := []string{
		"5 of 6 texts are scored; means, tones and quotes are of these.",
		"1 texts are in a language without lexicon: de (no lexicon). Settle one as lexicons.",
		`1 answers to surveys count nowhere: the scale of csat is 5, and theirs is "10".`,
		"1 answers to surveys count nowhere: their survey_type is not declared, and it is not guessed from the score.",
	}
	if !reflect.DeepEqual(a.Notes, want) {
		t.Errorf("the notes are %q, want %q", a.Notes, want)
	}
}

// TestLanguage: nobody guesses a language. The same texts are not scored until somebody says that they are English.
func TestLanguage(t *testing.T) {
	t.Parallel()
	lives := [][]step.Row{life(t, "user:1", "2026-03-02T10:00 decision web Feedback Given text=I love it")}
	first := func(q analysis.Question) string { return lines(table(t, ask(t, lives, q), "sentiment"))[1] }
	q := question(t, "2026-03-01", "2026-04-01", "2026-04-01")
	if got, want := first(q), "language | unknown | 1 | 1 | 0/1 | – | – | – | – | – | –"; got != want {
		t.Errorf("without a language: %s, want %s", got, want)
	}
	q.Said["language"] = []string{"en"}
	if got, want := first(q), "language | en | 1 | 1 | 1/1 | 1/3 | 1/1 | 0/1 | 0/1 | 0.6369 | –"; got != want {
		t.Errorf("with the parameter: %s, want %s", got, want)
	}
	q.Said["language"] = nil
	q.Documents["lexicons"] = []byte(`{"default": "de", "languages": {"de": {"words": {"love": -1}}}}`)
	if got, want := first(q), "language | de | 1 | 1 | 1/1 | 1/3 | 0/1 | 0/1 | 1/1 | -0.2500 | –"; got != want {
		t.Errorf("with the workspace's default: %s, want %s", got, want)
	}
}

// TestNPS: the worked example of ../shared/data/surveys (DELA, annual report 2018: 30 % promoters and 20 % detractors are an NPS of 10), with the
// interval that its variance gives: 1.96 √((.3 + .2 − .01)/100). CSAT of 80 satisfied of 100 is .8.
func TestNPS(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	add := func(n int, said string) {
		for range n {
			lives = append(lives, life(t, fmt.Sprintf("user:%d", len(lives)), "2026-03-02T10:00 decision web Survey Answered; "+said))
		}
	}
	add(30, "survey_type=nps; score=9; survey=a")
	add(50, "survey_type=NPS; score=7; survey=b")
	add(20, "survey_type=nps; score=0; survey=b; scale=10")
	add(80, "survey_type=csat; score=4; scale=5")
	add(20, "survey_type=csat; score=3; scale=5")
	add(10, "survey_type=ces; score=5; scale=7")
	add(10, "survey_type=ces; score=6; scale=7")
	add(7, "survey_type=text; score=10")
	a := ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-04-01"))
	row := table(t, a, "nps").Rows[0]
	v, _ := row[7].Float()
	low, high, _ := row[7].Interval()
	half := 1.959963984540054 * 100 * math.Sqrt((.3+.2-.01)/100)
	if v != 10 || math.Abs(low-(10-half)) > 1e-9 || math.Abs(high-(10+half)) > 1e-9 {
		t.Errorf("the NPS is %v from %v to %v, want 10 ± %v", v, low, high, half)
	}
	if csat, _ := table(t, a, "csat").Rows[0][4].Float(); csat != .8 {
		t.Errorf("the CSAT is %v, want 0.8", csat)
	}
	if ces, _ := table(t, a, "ces").Rows[0][4].Float(); ces != 5.5 {
		t.Errorf("the CES is %v, want 5.5", ces)
	}
	if want := `7 answers to surveys count nowhere: survey_type "text" has no metric; there are nps, csat and ces.`; !slices.Contains(a.Notes, want) {
		t.Errorf("the notes are %q, want %q among them", a.Notes, want)
	}
}

// TestThemes: a word that comes up stands out; on lives without a difference nothing does, in 95 of 100 worlds.
func TestThemes(t *testing.T) {
	t.Parallel()
	world := func(seed uint64, late func(isNow bool) float64) analysis.Table {
		r := rand.New(rand.NewPCG(seed, 7))
		words := strings.Fields("courier parcel price colour size website checkout refund quality leather")
		var lives [][]step.Row
		for i := range 200 {
			isNow := i%2 == 0
			text := "the " + words[r.IntN(len(words))] + " and the " + words[r.IntN(len(words))]
			if r.Float64() < late(isNow) {
				text += " came late"
			}
			lives = append(lives, life(t, fmt.Sprintf("user:%d", i), map[bool]string{true: "2026-03", false: "2026-02"}[isNow]+"-10T10:00 decision web Feedback Given text="+text+"; language=en"))
		}
		return table(t, ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-04-01")), "themes")
	}
	of := world(1, func(isNow bool) float64 { return map[bool]float64{true: .5, false: .2}[isNow] })
	if got := lines(of)[0]; !strings.HasPrefix(got, "decision | late | ") || !strings.Contains(got, " | more | ") {
		t.Errorf("the first theme is %s, want late, and more than before", got)
	}
	falsely := 0
	for seed := range uint64(60) {
		for _, row := range world(seed, func(bool) float64 { return .3 }).Rows {
			if row[6].String() != "" {
				falsely++
				break
			}
		}
	}
	if falsely > 8 { // 3 are expected at most, and more than 8 come once in 200 times
		t.Errorf("%d of 60 worlds without a difference have a theme that stands out", falsely)
	}
}

// TestEffect: a planted effect (60 % of happy persons order, 30 % of unhappy ones) is within its interval, and an open window decides nothing.
func TestEffect(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	var lives [][]step.Row
	for i := range 2000 {
		text, rate := "I love it", .6
		if i%2 == 1 {
			text, rate = "It is terrible", .3
		}
		steps := []string{"2026-03-02T10:00 decision web Feedback Given text=" + text + "; language=en"}
		if r.Float64() < rate {
			steps = append(steps, "2026-03-09T10:00 purchase web Order Completed")
		}
		lives = append(lives, life(t, fmt.Sprintf("user:%d", i), steps...))
	}
	row := table(t, ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-06-01")), "effect").Rows[2]
	if low, high, ok := row[5].Interval(); !ok || low > -.3 || high < -.3 || high-low > .1 {
		t.Errorf("the effect is %v from %v to %v, want -0.3 within a short interval", row[5], low, high)
	}
	equal(t, table(t, ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-03-20")), "effect"),
		"positive | 0 | 1000 | 0 | – | –", "neutral | 0 | 0 | 0 | – | –", "negative | 0 | 1000 | 0 | – | –", "all | 0 | 2000 | 0 | – | –")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"language=fr": "there is no lexicon of \"fr\"; there are en", "grain=hour": "grain is one of month", "window=0d": "window is a length", "themes=late": "NAME:WORD",
		"themes=a:x,a:y": "different names", "top=0": "top is a whole number from 1 to 100", "quotes=21": "quotes is a whole number from 0 to 20",
	} {
		_, err := feedback.Analysis().Prepare(question(t, "2026-03-01", "2026-04-01", "2026-04-01", said))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is refused by %v, want %q", said, err, want)
		}
	}
}

// TestManyValues: of many values the most frequent have rows, and the others one together, which has no distinct persons; texts and answers still add up.
func TestManyValues(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	for i := range 300 {
		lives = append(lives, life(t, fmt.Sprintf("user:%d", i), fmt.Sprintf("2026-03-02T10:00 decision c%d Survey Answered text=I love it; language=en; survey_type=nps; score=9", min(i, 150))))
	}
	a := ask(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-04-01"))
	for _, name := range []string{"sentiment", "nps"} {
		rows, sum, other := 0, 0., ""
		for _, row := range table(t, a, name).Rows {
			if n, _ := row[2].Float(); row[0].String() == "channel" {
				rows, sum = rows+1, sum+n
				if row[1].String() == "(other)" {
					other = row[2].String() + row[3].String()
				}
			}
		}
		if rows != 101 || sum != 300 || other != "51" {
			t.Errorf("%s has %d rows of channels with %v, the others are %q; want 101 with 300, and 51 without persons", name, rows, sum, other)
		}
	}
}
