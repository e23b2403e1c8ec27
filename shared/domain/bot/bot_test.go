package bot_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"waymark/shared/domain/bot"
	"waymark/shared/model"
)

func rules(t testing.TB, c bot.Config) *bot.Rules {
	t.Helper()
	r, err := bot.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOf(t *testing.T) {
	t.Parallel()
	r := rules(t, bot.Config{Version: 3, Except: []string{"cubot", "abbott", "zoo/*android"}, Rules: []bot.Rule{
		{Reason: "headless", Any: []string{"headless", "^ghost", "agent$"}},
		{Reason: "crawler", Any: []string{"bot|", "crawl", "^agent$", "^zoo|"}},
	}})
	for _, test := range []struct{ agent, want string }{
		{"", ""},
		{"bo", ""},
		{"Mozilla/5.0", ""},
		{"GoogleBot/2.1", "crawler"},
		{"googlebot", "crawler"},
		{"bot", "crawler"},
		{"bottle", ""},
		{"botany bot 1", "crawler"},
		{"CUBOT MAX", ""},
		{"CUBOT MAX GoogleBot", "crawler"},
		{"Abbott and cubot", ""},
		{"a crawl by HeadlessChrome", "headless"}, // the first rule, wherever it stands
		{"Ghost 1", "headless"},
		{"a ghost 1", ""},
		{"an AGENT", "headless"},
		{"an agent 1", ""},
		{"agent", "headless"},
		{"zoo/1", "crawler"},
		{"zoom/1", ""},
		{"the zoo/1", ""},
		{"zoo/1 on Android", ""},
		{"zoo/1 on Android by a bot", "crawler"},
		// What Android names as the device says nothing of the program.
		{"Mozilla/5.0 (Linux; Android 7.0; C Bot Tab 100 Build/NRD90M) Chrome/74", ""},
		{"Mozilla/5.0 (Linux; Android 7.0; C Bot Tab 100) Chrome/74", ""},
		{"Mozilla/5.0 (Linux; U; Android 6.0; es-MX; IDbot Build/MRA58K) Safari", ""},
		{"Mozilla/5.0 (Linux; U; Android 6.0; zz; Ghost bot Build/bot; wv) Safari bot", "crawler"},
		{"Mozilla/5.0 (Linux; Android 7.0; K; bot) Chrome/74", "crawler"},
		{"Mozilla/5.0 (Linux; U; Android 4.0.2; en-us; bot) Safari", "crawler"}, // no build and no Chrome: no device
		{"Mozilla/5.0 (Linux; Android 7.0) bot", "crawler"},
		{"Mozilla/5.0 (Linux; Android bot", "crawler"},
		{"Mozilla/5.0 (Linux; Android 7.0; bot build/1", ""},
		{"ünïcødebot/1", "crawler"},
		{strings.Repeat("x", 600) + "bot", ""}, // events keep 512 bytes of an agent
		{strings.Repeat("x", 508) + " bot", "crawler"},
	} {
		if got := r.Of(test.agent); got != test.want {
			t.Errorf("Of(%q) = %q, want %q", test.agent, got, test.want)
		}
	}
	var none *bot.Rules
	if got := none.Of("Googlebot/2.1"); got != "" {
		t.Errorf("without rules Of(Googlebot) = %q, want none", got)
	}
	if r.Version() != 3 || strings.Join(r.Reasons(), " ") != "headless crawler" {
		t.Errorf("version %d, reasons %v, want 3, headless and crawler", r.Version(), r.Reasons())
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := bot.New(bot.Config{Except: []string{"ab", "zoo/*ab"}, Rules: []bot.Rule{
		{Any: []string{"^ab$"}}, {Reason: "a", Any: []string{"Googlebot", "crawl"}}, {Reason: "a", Any: []string{"crawl"}},
	}})
	want := `versions begin with 1
exception "ab": it must have 3 bytes besides its marks
exception "zoo/*ab": it must have 3 bytes besides its marks
rule 1: it needs a reason and pieces
reason , piece "^ab$": it must have 3 bytes besides its marks
reason a, piece "Googlebot": it must be in lower case
rule 3: reason "a" has a rule already
reason a, piece "crawl": a has it already`
	if err == nil || err.Error() != want {
		t.Errorf("New:\n%v\nwant\n%s", err, want)
	}
}

// plain is what the rules say, looked up the slow way.
func plain(c bot.Config, agent string) string {
	agent = strings.ToLower(agent)
	holds := func(reasonOf string) string {
		for _, rule := range c.Rules {
			for _, piece := range rule.Any {
				text, first := strings.CutPrefix(piece, "^")
				text, last := strings.CutSuffix(text, "$")
				text, noLetter := strings.CutSuffix(text, "|")
				for at := range len(reasonOf) {
					rest, ok := strings.CutPrefix(reasonOf[at:], text)
					follows := rest != "" && (rest[0] >= 'a' && rest[0] <= 'z' || rest[0] == 0)
					if ok && (!first || at == 0) && (!last || rest == "") && (!noLetter || !follows) {
						return rule.Reason
					}
				}
			}
		}
		return ""
	}
	for at := range len(agent) {
		for _, text := range c.Except {
			from, to, _ := strings.Cut(text, "*")
			rest, begins := strings.CutPrefix(agent[at:], from)
			if end := strings.Index(rest, to); begins && end >= 0 {
				n := len(from) + end + len(to)
				agent = agent[:at] + strings.Repeat("\x00", n) + agent[at+n:]
			}
		}
	}
	return holds(agent)
}

// TestOfIsThePlainSearch compares the index with a search for every piece, on agents made of pieces of the built-in rules.
func TestOfIsThePlainSearch(t *testing.T) {
	t.Parallel()
	c := model.BotConfig()
	r := rules(t, c)
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 0))
	found := 0
	for range 3000 {
		var agent strings.Builder
		for range 1 + random.IntN(4) {
			rule := c.Rules[random.IntN(len(c.Rules))]
			piece := strings.Trim(rule.Any[random.IntN(len(rule.Any))], "^$|")
			if cut := random.IntN(3); cut > 0 && len(piece) > 4 {
				piece = piece[:len(piece)-cut]
			}
			agent.WriteString(piece)
			agent.WriteString([]string{" ", "", "/", "Cubot", "x"}[random.IntN(5)])
		}
		want := plain(c, agent.String())
		if got := r.Of(agent.String()); got != want {
			t.Fatalf("seed %d: Of(%q) = %q, want %q", seed, agent.String(), got, want)
		}
		if want != "" {
			found++
		}
	}
	if found < 1000 || found == 3000 {
		t.Errorf("%d of 3000 agents are bots: that tests one side alone", found)
	}
}

func BenchmarkOf(b *testing.B) {
	r, err := model.Bots()
	if err != nil {
		b.Fatal(err)
	}
	for name, agent := range map[string]string{
		"browser": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"crawler": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/142.0.0.0 Safari/537.36",
		"none":    "",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Of(agent)
			}
		})
	}
}
