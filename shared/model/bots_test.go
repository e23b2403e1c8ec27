package model_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/bot"
	"waymark/shared/model"
)

func botRules(t *testing.T) *bot.Rules {
	t.Helper()
	rules, err := model.Bots()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func agents(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/bots/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestBotsKnowCrawlers holds the rules against two public lists of crawlers: at least 99 of 100 are found.
func TestBotsKnowCrawlers(t *testing.T) {
	t.Parallel()
	rules := botRules(t)
	crawlers := agents(t, "crawlers.txt")
	reasons := map[string]int{}
	var missed []string
	for _, agent := range crawlers {
		reason := rules.Of(agent)
		if reason == "" {
			missed = append(missed, agent)
			continue
		}
		reasons[reason]++
	}
	t.Logf("%d of %d crawlers are found, %.2f %%: %v", len(crawlers)-len(missed), len(crawlers), 100-100*float64(len(missed))/float64(len(crawlers)), reasons)
	if len(crawlers) < 1300 || len(missed)*100 > len(crawlers) {
		t.Errorf("%d of %d crawlers are missed, want at most 1 of 100:\n%s", len(missed), len(crawlers), strings.Join(missed, "\n"))
	}
	if got := slices.Sorted(maps.Keys(reasons)); !slices.Equal(got, slices.Sorted(slices.Values(rules.Reasons()))) {
		t.Errorf("the crawlers have the reasons %v, want each of %v", got, rules.Reasons())
	}
}

// TestBotsSpareBrowsers: not one browser, app or mail service that loads images for its readers is taken for a bot.
func TestBotsSpareBrowsers(t *testing.T) {
	t.Parallel()
	rules := botRules(t)
	browsers := agents(t, "browsers.txt")
	wrong := 0
	for _, agent := range browsers {
		if reason := rules.Of(agent); reason != "" {
			t.Errorf("Of(%q) = %q, want none", agent, reason)
			wrong++
		}
	}
	t.Logf("%d of %d browsers are taken for bots", wrong, len(browsers))
	if len(browsers) < 300 {
		t.Errorf("there are %d browsers, want 300", len(browsers))
	}
}

func TestBotReasons(t *testing.T) {
	t.Parallel()
	rules := botRules(t)
	for _, test := range []struct{ agent, want string }{
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "crawler"},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36", "headless"},
		{"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitor"},
		{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "preview"},
		{"Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)", "feed"},
		{"sqlmap/1.7 (https://sqlmap.org)", "scanner"},
		{"python-requests/2.32.3", "library"},
		{"curl/8.10.1", "library"},
	} {
		if got := rules.Of(test.agent); got != test.want {
			t.Errorf("Of(%q) = %q, want %q", test.agent, got, test.want)
		}
	}
	if rules.Version() < 1 {
		t.Errorf("the rules have version %d", rules.Version())
	}
}
