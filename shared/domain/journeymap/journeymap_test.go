package journeymap_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journeymap"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

const stageNames = `["awareness","consideration","decision","purchase","post-purchase","loyalty"]`

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
		Calendar: calendar, From: at(from), To: at(to), Now: event.At(at(now)), Currency: "EUR", Said: map[string][]string{"language": {"en"}},
		Documents: map[string][]byte{"stages": []byte(stageNames)},
	}
	for _, one := range said {
		name, value, _ := strings.Cut(one, "=")
		q.Said[name] = append(q.Said[name], value)
	}
	return q
}

// once gives the answer by one part.
func once(t testing.TB, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := journeymap.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), 1))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// ask gives the answer, by one part and by three, which must be the same to the byte.
func ask(t testing.TB, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := journeymap.Analysis().Prepare(q)
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

// lines writes some columns of a table for people, rates by their counts.
func lines(table analysis.Table, columns ...string) []string {
	var out []string
	for _, row := range table.Rows {
		var cells []string
		for i, v := range row {
			if len(columns) > 0 && !slices.Contains(columns, table.Columns[i].Name) {
				continue
			}
			text := v.String()
			if k, n := v.Counts(); n > 1 && table.Columns[i].Unit == analysis.Ratio || n == 1 && strings.Contains(text, ".") && table.Columns[i].Unit == analysis.Ratio {
				text = fmt.Sprintf("%d/%d", k, n)
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

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// life makes a life of lines such as "03-01T10:00 decision web Feedback Given: I love it"; an order says its amount behind the colon.
func life(t testing.TB, person string, steps ...string) []step.Row {
	t.Helper()
	var out []step.Row
	before := ""
	for _, text := range steps {
		parts := strings.SplitN(text, " ", 4)
		at, err := time.Parse("2006-01-02T15:04", "2026-"+parts[0])
		if err != nil {
			t.Fatal(err)
		}
		name, said, _ := strings.Cut(parts[3], ": ")
		r := step.Row{Person: event.Identifier(person), At: event.At(at), Type: event.Track, Event: name, Stage: parts[1], StageBefore: before, Channel: parts[2]}
		switch {
		case name == "-":
			r.Type, r.Event, r.Channel = "", "", ""
		case strings.HasPrefix(name, "Order"):
			amount, currency, _ := strings.Cut(said, " ")
			m, err := money.Parse(amount)
			if err != nil {
				t.Fatal(err)
			}
			r.Order = &step.Order{Kind: event.Completed, Amount: m, Currency: currency, Number: 1}
			if name == "Order Refunded" {
				r.Order.Kind = event.Refunded
			}
		case said != "":
			r.Properties = step.SaidOf(map[string]string{"text": said})
		}
		before = r.Stage
		out = append(out, r)
	}
	return out
}

// example is that of docs/analyses/map.md.
func example(t testing.TB) [][]step.Row {
	return [][]step.Row{
		life(t, "user:1", "03-01T10:00 consideration email Product Viewed", "03-01T11:00 decision email Checkout Started", "03-01T11:30 purchase email Order Completed: 40 EUR",
			"03-03T10:00 purchase email Order Refunded: 10 EUR"),
		life(t, "user:2", "03-02T10:00 consideration email Product Viewed", "03-02T10:30 decision email Checkout Started", "03-02T12:30 purchase email Order Completed: 20 EUR"),
		life(t, "user:3", "03-02T10:00 consideration paid_social Product Viewed", "03-02T10:10 decision paid_social Checkout Started", "03-02T10:20 decision paid_social Payment Failed",
			"03-02T10:25 decision chat Feedback Given: terrible checkout", "03-20T10:00 consideration email Product Viewed"),
		life(t, "user:4", "03-05T10:00 decision paid_social Checkout Started", "04-10T10:00 lapsed - -"),
		life(t, "user:5", "03-30T10:00 decision paid_social Checkout Started"),
		life(t, "user:6", "03-06T10:00 decision paid_social Checkout Started", "03-07T10:00 purchase paid_social Order Completed: 30 USD"),
	}
}

// TestExample: the worked example of docs/analyses/map.md.
func TestExample(t *testing.T) {
	t.Parallel()
	a := ask(t, example(t), question(t, "2026-03-01", "2026-04-01", "2026-04-15", "least=1"))
	equal(t, lines(table(t, a, "map"), "stage", "channel", "persons", "visits", "repeated", "converted", "open", "lost", "conversion", "drop_off", "dwell_median", "dwell_p90",
		"ongoing", "errors", "texts", "sentiment"),
		"awareness | all | 0 | 0 | 0 | 0 | 0 | 0 | – | – | – | – | 0 | – | 0 | –",
		"consideration | all | 3 | 4 | 1 | 3 | 0 | 0 | 2/2 | 0/2 | 1800 | 3600 | 1 | 0/3 | 0 | –",
		"consideration | email | 3 | 3 | 0 | 2 | 1 | 0 | 2/2 | 0/2 | 1800 | 3600 | 1 | 0/3 | 0 | –",
		"consideration | paid_social | 1 | 1 | 0 | 1 | 0 | 0 | 1/1 | 0/1 | 600 | 600 | 0 | 0/1 | 0 | –",
		"decision | all | 6 | 6 | 0 | 3 | 1 | 2 | 3/5 | 2/5 | 86400 | 3110400 | 1 | 1/6 | 1 | -0.4767",
		"decision | paid_social | 4 | 4 | 0 | 1 | 1 | 2 | 1/3 | 2/3 | 1554600 | 3110400 | 1 | 1/4 | 0 | –",
		"decision | email | 2 | 2 | 0 | 2 | 0 | 0 | 2/2 | 0/2 | 1800 | 7200 | 0 | 0/2 | 0 | –",
		"decision | chat | 0 | 0 | 0 | 0 | 0 | 0 | – | – | – | – | 0 | – | 1 | -0.4767",
		"purchase | all | 3 | 3 | 0 | 0 | 0 | 3 | 0/3 | 3/3 | – | – | 3 | 0/3 | 0 | –",
		"purchase | email | 2 | 2 | 0 | 0 | 0 | 2 | 0/2 | 2/2 | – | – | 2 | 0/2 | 0 | –",
		"purchase | paid_social | 1 | 1 | 0 | 0 | 0 | 1 | 0/1 | 1/1 | – | – | 1 | 0/1 | 0 | –",
		"post-purchase | all | 0 | 0 | 0 | 0 | 0 | 0 | – | – | – | – | 0 | – | 0 | –",
		"loyalty | all | 0 | 0 | 0 | – | – | – | – | – | – | – | 0 | – | 0 | –",
		"lapsed | all | 0 | 0 | 0 | – | – | – | – | – | – | – | 0 | – | 0 | –")
	equal(t, lines(table(t, a, "flows")),
		"(start) | consideration | 3 | 3 | 3/6", "(start) | decision | 3 | 3 | 3/6", "consideration | decision | 3 | 3 | 3/4",
		"consideration | (ongoing) | 1 | 1 | 1/4", "decision | consideration | 1 | 1 | 1/6", "decision | purchase | 3 | 3 | 3/6",
		"decision | lapsed | 1 | 1 | 1/6", "decision | (ongoing) | 1 | 1 | 1/6", "purchase | (ongoing) | 3 | 3 | 3/3")
	signals := "errors of 1 persons, 1 of whom were lost; negative texts of 1 persons; stays twice as long as elsewhere"
	equal(t, lines(table(t, a, "pain_points")),
		"1 | decision | channel | paid_social | 2/3 | 0.0000 | 2.00 | EUR | 33.333333 | – | "+signals, "1 | decision | channel | paid_social | 2/3 | 0.0000 | 2.00 | USD | 20.00 | – | "+signals,
		"2 | consideration | channel | email | 0/2 | 0.0000 | 0.00 | EUR | 0.00 | – | stays twice as long as elsewhere")
	equal(t, lines(table(t, a, "examples")),
		"1 | decision | channel | paid_social | user:3 | 2026-03-02T10:10:00Z | Checkout Started (paid_social) [decision] → Payment Failed (paid_social) → Feedback Given (chat) → Product Viewed (email) [consideration]",
		"1 | decision | channel | paid_social | user:4 | 2026-03-05T10:00:00Z | Checkout Started (paid_social) [decision] → time passed [lapsed]")
	equal(t, lines(table(t, a, "opportunities")),
		"decision | channel | paid_social | 1/3 | 1.0000 | 2.00 | 2.00 | EUR | 33.333333 | –", "decision | channel | paid_social | 1/3 | 1.0000 | 2.00 | 2.00 | USD | 20.00 | –")
	equal(t, lines(table(t, a, "quotes")), "decision | chat | terrible checkout | -0.4767 | terrible -2.10 | 2026-03-02T10:25:00Z")
	equal(t, lines(table(t, a, "map"), "stage", "channel", "funnel")[4:6],
		"decision | all | step=stage:decision&step=stage:purchase|post-purchase|loyalty&window=30d",
		"decision | paid_social | step=stage:decision[channel:paid_social]&step=stage:purchase|post-purchase|loyalty&window=30d")
	equal(t, a.Notes,
		"1 of 1 texts are scored; the analysis sentiment says why the others are not.",
		"In 1 cases a person may still go on from a stage; conversion and drop-off are of persons whose windows are over.")
}

// world makes persons who enter decision by one of four channels; rate says how likely they go on, of a channel and on a day of March or February.
func world(seed uint64, persons int, rate func(channel string, isMarch bool) float64) [][]step.Row {
	r := rand.New(rand.NewPCG(seed, 4))
	channels := []string{"email", "direct", "paid_social", "display"}
	texts := []string{"I love it", "It is terrible", "fine", "Not bad at all"}
	var out [][]step.Row
	for i := range persons {
		channel, isMarch := channels[r.IntN(len(channels))], r.IntN(2) == 0
		month := map[bool]time.Month{true: time.March, false: time.February}[isMarch]
		at := time.Date(2026, month, 1+r.IntN(25), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		device := []string{"mobile", "desktop"}[r.IntN(2)]
		rows := []step.Row{{At: event.At(at), Event: "Checkout Started", Stage: "decision"}}
		add := func(name, stage string) *step.Row {
			at = at.Add(time.Duration(1+r.IntN(60*20)) * time.Minute)
			rows = append(rows, step.Row{At: event.At(at), Event: name, Stage: stage, StageBefore: rows[len(rows)-1].Stage})
			return &rows[len(rows)-1]
		}
		goesOn := r.Float64() < rate(channel, isMarch)
		if r.Float64() < map[bool]float64{true: .1, false: .3}[goesOn] {
			add("Payment Failed", "decision")
		}
		if r.IntN(3) == 0 {
			add("Feedback Given", "decision").Properties = step.SaidOf(map[string]string{"text": texts[r.IntN(len(texts))]})
		}
		if goesOn {
			add("Order Completed", "purchase").Order = &step.Order{Kind: event.Completed, Amount: money.Micros(1+r.IntN(100)) * 1_000_000, Currency: "EUR", Number: 1}
		}
		for k := range rows {
			rows[k].Person, rows[k].Type, rows[k].Channel = event.Identifier(fmt.Sprintf("user:%d", i)), event.Track, channel
			rows[k].Device = device
		}
		out = append(out, rows)
	}
	return out
}

// TestPlanted: the channel that loses more than the others is the first pain point, is clear, and what it costs is the arithmetic of the map.
func TestPlanted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		lives := world(seed, 2000, func(channel string, _ bool) float64 {
			return map[bool]float64{true: .2, false: .6}[channel == "paid_social"]
		})
		a := ask(t, lives, question(t, "2026-02-01", "2026-04-01", "2026-06-01"))
		row := table(t, a, "pain_points").Rows[0]
		if row[1].String() != "decision" || row[3].String() != "paid_social" || row[9].String() != "yes" {
			t.Errorf("seed %d: the first pain point is %v, want paid_social in decision, clear", seed, row)
		}
		if of := table(t, a, "examples"); len(of.Rows) < 3 || of.Rows[2][3].String() != "paid_social" || !strings.Contains(of.Rows[0][6].String(), "Payment Failed") {
			t.Errorf("seed %d: the examples are %v, want three of paid_social, the first with a failed payment", seed, lines(of))
		}
	}
}

// TestPlantedElsewhere: trouble on phones is the first pain point of a map by channels too, for devices are looked at besides.
func TestPlantedElsewhere(t *testing.T) {
	t.Parallel()
	lives := world(9, 1500, func(string, bool) float64 { return .5 })
	for n, rows := range lives { // most phones lose the order that they would have made
		if rows[0].Device == "mobile" && n%3 != 0 {
			for i := range rows {
				rows[i].Stage = "decision"
				if i > 0 {
					rows[i].StageBefore = "decision"
				}
				rows[i].Order = nil
			}
		}
	}
	row := table(t, ask(t, lives, question(t, "2026-02-01", "2026-04-01", "2026-06-01")), "pain_points").Rows[0]
	if got := fmt.Sprint(row[1], row[2], row[3], row[9]); got != "decision device mobile yes" {
		t.Errorf("the first pain point is %s, want decision device mobile, clear", got)
	}
}

// TestManyValues: of many values the most frequent have columns, and the others one together, so that everything still adds up.
func TestManyValues(t *testing.T) {
	t.Parallel()
	lives := world(2, 400, func(string, bool) float64 { return .5 })
	for n, rows := range lives {
		for i := range rows {
			rows[i].Channel = fmt.Sprintf("c%d", min(n%90, 60+n%7))
		}
	}
	a := ask(t, lives, question(t, "2026-02-01", "2026-04-01", "2026-06-01"))
	sums, columns := map[string]float64{}, map[string]int{}
	for _, row := range table(t, a, "map").Rows {
		visits, _ := row[3].Float()
		switch value := row[1].String(); {
		case value == "all":
			sums[row[0].String()] += visits
		default:
			sums[row[0].String()] -= visits
			columns[row[0].String()]++
			if value == "(other)" && (row[16].String() != "" || visits == 0) {
				t.Errorf("the row of other values is %v", row)
			}
		}
	}
	for stage, rest := range sums {
		if rest != 0 {
			t.Errorf("visits of %s are %v off those of its columns", stage, rest)
		}
	}
	if columns["decision"] != 51 {
		t.Errorf("decision has %d columns, want 50 and one for the others", columns["decision"])
	}
}

// TestNothing: of worlds without a difference at most one in twenty has a number that differs between two periods, or between a segment and the others,
// and as few have a clear pain point. Of 100 worlds more than 11 come once in 200 times where the rate is 5 %.
func TestNothing(t *testing.T) {
	t.Parallel()
	falsely := map[string]int{}
	for seed := range uint64(100) {
		lives := world(100+seed, 200, func(string, bool) float64 { return .5 })
		periods := once(t, lives, question(t, "2026-03-01", "2026-04-01", "2026-06-01", "compare_from=2026-02-01", "compare_to=2026-03-01"))
		segments := once(t, lives, question(t, "2026-02-01", "2026-04-01", "2026-06-01", "compare=device:mobile"))
		for name, rows := range map[string][][]analysis.Value{
			"periods": table(t, periods, "comparison").Rows, "segments": table(t, segments, "comparison").Rows, "pains": table(t, segments, "pain_points").Rows,
		} {
			if slices.ContainsFunc(rows, func(row []analysis.Value) bool {
				return slices.ContainsFunc(row[7:], func(v analysis.Value) bool { return slices.Contains([]string{"more", "less", "yes"}, v.String()) })
			}) {
				falsely[name]++
			}
		}
	}
	t.Logf("of 100 worlds without a difference: %v", falsely)
	for name, n := range falsely {
		if n > 11 {
			t.Errorf("%d of 100 worlds without a difference have %s that differ", n, name)
		}
	}
}

// TestCompared: a planted difference between periods, and between a segment and the others, is found.
func TestCompared(t *testing.T) {
	t.Parallel()
	lives := world(3, 1500, func(channel string, isMarch bool) float64 {
		return map[bool]float64{true: .3, false: .6}[channel == "display" && isMarch]
	})
	differing := func(a analysis.Answer) (out []string) {
		for _, line := range lines(table(t, a, "comparison"), "stage", "channel", "metric", "differs") {
			if !strings.HasSuffix(line, "–") {
				out = append(out, line)
			}
		}
		return out
	}
	q := question(t, "2026-03-01", "2026-04-01", "2026-06-01", "compare_from=2026-02-01", "compare_to=2026-03-01")
	if got := differing(ask(t, lives, q)); !slices.Contains(got, "decision | display | conversion | less") {
		t.Errorf("what differs between the periods is %q", got)
	}
	q = question(t, "2026-03-01", "2026-04-01", "2026-06-01", "compare=channel:display")
	if got := differing(ask(t, lives, q)); !slices.Contains(got, "decision | all | conversion | less") {
		t.Errorf("what differs between the segment and the others is %q", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"window=400d": "at most 366d", "least=0": "least is a whole number", "pains=-1": "pains is a whole number", "quotes=21": "quotes is a whole number",
		"compare_from=2026-02-01": "say compare_from and compare_to", "compare=email": "a segment is DIMENSION:VALUE",
		"compare_from=2026-02-01 compare_to=2026-03-02": "before or after the map's own", "compare_from=x compare_to=2026-03-01": "compare_from",
		"compare_from=2026-01-01 compare_to=2026-02-01 compare=channel:email": "not both",
	} {
		_, err := journeymap.Analysis().Prepare(question(t, "2026-03-01", "2026-04-01", "2026-04-01", strings.Fields(said)...))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is refused by %v, want %q", said, err, want)
		}
	}
	q := question(t, "2026-03-01", "2026-04-01", "2026-04-01", "compare_from=2026-01-01", "compare_to=2026-02-01")
	q.Segment, _ = analysis.ParseSegment("segment", []string{"channel:email"})
	if _, err := journeymap.Analysis().Prepare(q); err == nil || !strings.Contains(err.Error(), "leave segment out") {
		t.Errorf("a segment in two periods is refused by %v", err)
	}
	q = question(t, "2026-03-01", "2026-04-01", "2026-04-01")
	q.By, _ = analysis.ParseBreakdown("by", "stage")
	if _, err := journeymap.Analysis().Prepare(q); err == nil || !strings.Contains(err.Error(), "leave stage out") {
		t.Errorf("stages by stage are refused by %v", err)
	}
}
