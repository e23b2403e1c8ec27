package paths_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/paths"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

var (
	begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)

// question is one about March 2026, with parameters such as "start=Product Viewed".
func question(t testing.TB, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{Calendar: calendar, From: begin, To: end, Now: event.At(end.AddDate(0, 2, 0)), Currency: "EUR", Said: map[string][]string{}}
	for _, text := range said {
		if name, value, found := strings.Cut(text, "="); found {
			q.Said[name] = append(q.Said[name], value)
		}
	}
	return q
}

// asked answers a question in one part and in three, which must be the same to the byte.
func asked(t testing.TB, of analysis.Analysis, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := of.Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	var out analysis.Answer
	before := ""
	for _, parts := range []int{3, 1} {
		if out, err = plan.Answer(analysis.Listing(seen, parts)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if before != "" && before != string(text) {
			t.Fatalf("three parts give\n%s\none gives\n%s", before, text)
		}
		before = string(text)
	}
	return out
}

// rows gives a table's rows as texts, columns parted by |.
func rows(t testing.TB, a analysis.Answer, name string, columns ...string) string {
	t.Helper()
	var out []string
	for _, table := range a.Tables {
		if table.Name != name {
			continue
		}
		for _, values := range table.Rows {
			var texts []string
			for i, v := range values {
				for _, c := range columns {
					if table.Columns[i].Name == c {
						texts = append(texts, v.String())
					}
				}
			}
			out = append(out, strings.Join(texts, "|"))
		}
		return strings.Join(out, "\n")
	}
	t.Fatalf("there is no table %s", name)
	return ""
}

// life is events of one person, an hour apart; "|" begins another session a day later, of the channel that follows.
func life(person int, text string) (out []step.Row) {
	at, session, isFirst, channel := begin, 1, true, "direct"
	for _, word := range strings.Fields(text) {
		if name, found := strings.CutPrefix(word, "|"); found {
			at, session, isFirst, channel = at.AddDate(0, 0, 1), session+1, true, name
			continue
		}
		out = append(out, step.Row{
			Person: event.Identifier(fmt.Sprintf("user:%d", person)), At: event.At(at), Type: event.Track, Event: word, Session: session, SessionStart: isFirst,
			Channel: channel, SessionChannel: channel, Device: map[bool]string{true: "mobile", false: "desktop"}[session > 1],
		})
		at, isFirst = at.Add(time.Hour), false
	}
	return out
}

func lives(texts ...string) (out [][]step.Row) {
	for i, text := range texts {
		out = append(out, life(i+1, text))
	}
	return out
}

// TestWorkedExample is the one of docs/analyses/paths.md, whole.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	answer := asked(t, paths.Analysis(), lives("Home View Buy", "View Home View Buy", "View View", "Home |email View Add Buy", "Home"), question(t, "start=View", "steps=3"))
	for table, want := range map[string]string{
		"nodes position node persons went_on no_further reached goes_on": `1|View|4|4|0|0|0
2|Add|1|1|0|0|0
2|Buy|1|0|1|0|0
2|Home|1|1|0|0|0
2|View|1|0|1|0|0
3|Buy|1|0|1|0|0
3|View|1|0|0|0|1`,
		"edges position from to persons funnel": `1|View|Add|1|funnel?step=View&step=Add&among=activities&entry=first&order=strict&window=366d&within=period
1|View|Buy|1|funnel?step=View&step=Buy&among=activities&entry=first&order=strict&window=366d&within=period
1|View|Home|1|funnel?step=View&step=Home&among=activities&entry=first&order=strict&window=366d&within=period
1|View|View|1|funnel?step=View&step=View&among=activities&entry=first&order=strict&window=366d&within=period
2|Add|Buy|1|funnel?step=View&step=Add&step=Buy&among=activities&entry=first&order=strict&window=366d&within=period
2|Buy|(no further action)|1|
2|Home|View|1|funnel?step=View&step=Home&step=View&among=activities&entry=first&order=strict&window=366d&within=period
2|View|(no further action)|1|
3|Buy|(no further action)|1|
3|View|(goes on)|1|`,
		"drop_off position node persons dropped":      "2|Buy|1|1\n2|View|1|1\n3|Buy|1|1",
		"paths path persons":                          "View > Add > Buy|1\nView > Buy|1\nView > Home > View > …|1\nView > View|1",
		"switches dimension from to persons times":    "channel|direct|email|1|1\ndevice|desktop|mobile|1|1",
		"together channel other_channel persons lift": "direct|email|1|1.0000",
		"loops node persons came_back returns":        "View|4|1|1\nHome|4|0|0\nBuy|3|0|0\nAdd|1|0|0",
	} {
		words := strings.Fields(table)
		got := rows(t, answer, words[0], words[1:]...)
		if got != want {
			t.Errorf("%s is\n%s\nwant\n%s", words[0], got, want)
		}
	}
	if got := strings.Join(answer.Notes, "\n"); got != "1 of 5 persons of the period have no path: no step of theirs is the start." {
		t.Errorf("notes are %q", got)
	}
}

// TestShapes holds starts, ends, repeats, sessions and kinds of nodes to what they say.
func TestShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said []string
		life string
		want string
	}{
		"without a start the first node is":        {nil, "Home View", "Home > View|1"},
		"the first start counts":                   {[]string{"start=View"}, "Home View Add View Buy", "View > Add > View > Buy|1"},
		"a path stops at the first end":            {[]string{"start=View", "end=Buy"}, "Home View Add Buy View Buy", "View > Add > Buy|1"},
		"or never gets there":                      {[]string{"start=View", "end=Buy"}, "Buy View Add", "View > Add|1"},
		"an end alone is led to, at its last":      {[]string{"end=Buy"}, "Home Buy View Buy Home", "Home > Buy > View > Buy|1"},
		"by as many steps as are shown":            {[]string{"end=Buy", "steps=2"}, "Home Buy View Buy Home", "… > View > Buy|1"},
		"repeats are steps":                        {nil, "Home Home View View View", "Home > Home > View > View > View|1"},
		"or are not":                               {[]string{"repeats=collapse"}, "Home Home View View View Home", "Home > View > Home|1"},
		"a session ends the path":                  {[]string{"scope=session", "start=View"}, "Home View Add |email Buy", "View > Add|1"},
		"a person goes on":                         {[]string{"start=View"}, "Home View Add |email Buy", "View > Add > Buy|1"},
		"channels":                                 {[]string{"node=channel", "repeats=collapse"}, "Home View |email Buy |sms Home |sms View", "direct > email > sms|1"},
		"to a purchase by channels":                {[]string{"node=channel", "repeats=collapse", "end=Buy"}, "Home |sms View |email Buy |sms Home", "direct > sms > Buy|1"},
		"an end among several":                     {[]string{"start=View", "end=Buy|Add"}, "View Home Add Buy", "View > Home > Add|1"},
		"nobody starts":                            {[]string{"start=Nothing"}, "View", ""},
		"a start of another kind is what was said": {[]string{"start=channel:email"}, "Home |email View Buy", "channel:email > Buy|1"},
	} {
		answer := asked(t, paths.Analysis(), lives(c.life), question(t, c.said...))
		if got := rows(t, answer, "paths", "path", "persons"); got != c.want {
			t.Errorf("%s: %q is %q, want %q", name, c.life, got, c.want)
		}
	}
}

// TestPerson lists the steps of one person.
func TestPerson(t *testing.T) {
	t.Parallel()
	answer := asked(t, paths.Analysis(), lives("Home View Buy", "View Home Buy Home"), question(t, "person=user:2", "end=Buy"))
	want := "2026-03-01T00:00:00Z|View|direct\n2026-03-01T01:00:00Z|Home|direct\n2026-03-01T02:00:00Z|Buy|direct"
	if got := rows(t, answer, "journey", "time", "event", "channel"); got != want {
		t.Errorf("the journey is\n%s\nwant\n%s", got, want)
	}
	if got := rows(t, answer, "paths", "path", "persons"); got != "View > Home > Buy|1" {
		t.Errorf("the path is %q", got)
	}
	answer = asked(t, paths.Analysis(), lives("Home"), question(t, "person=user:9"))
	if got := strings.Join(answer.Notes, ""); !strings.HasPrefix(got, "Nobody of the period is user:9;") {
		t.Errorf("of nobody it is noted %q", got)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"steps=1", "steps=21", "node=colour", "start=a[", "end=View?", "repeats=yes", "scope=day", "nodes=0", "top=1001"} {
		_, err := paths.Analysis().Prepare(question(t, said))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), strings.Split(said, "=")[0]) {
			t.Errorf("%s: %v, want an invalid parameter that is named", said, err)
		}
	}
	q := question(t)
	q.By, _ = analysis.ParseBreakdown("by", "channel")
	if _, err := paths.Analysis().Prepare(q); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "node=channel") {
		t.Errorf("by: %v, want it refused with what to say instead", err)
	}
}
