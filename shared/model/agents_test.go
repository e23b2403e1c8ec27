package model_test

import (
	"os"
	"strings"
	"testing"

	"waymark/shared/domain/agent"
	"waymark/shared/model"
)

// TestAgentFamilies counts the families of ua-parser's own tests that are found, under the names that they are counted under.
func TestAgentFamilies(t *testing.T) {
	t.Parallel()
	rules := model.Agents()
	for _, c := range []struct {
		file string
		of   func(agent.Agent) string
	}{
		{"browsers", func(a agent.Agent) string { return a.Browser }},
		{"systems", func(a agent.Agent) string { return a.OS }},
	} {
		text, err := os.ReadFile("testdata/agents/" + c.file + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		found, all := 0, 0
		for line := range strings.Lines(string(text)) {
			family, sent, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			want := model.AgentFamily(family)
			all++
			if got := c.of(rules.Of(sent)); got == want {
				found++
			} else {
				t.Logf("%q is %q, not %q", sent, got, want)
			}
		}
		share := 100 * float64(found) / float64(all)
		t.Logf("%s: %d of %d families, %.2f %%", c.file, found, all, share)
		if share < 98 || all < 200 {
			t.Errorf("%s: %.2f %% of %d families are found, 98 %% must be", c.file, share, all)
		}
	}
}

// What people use most, by the names that reports show.
func TestAgents(t *testing.T) {
	t.Parallel()
	rules := model.Agents()
	for sent, want := range map[string]agent.Agent{
		"": {},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":                                  {Browser: "Chrome", OS: "Windows", Device: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0":                    {Browser: "Edge", OS: "Windows", Device: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/116.0.0.0":                    {Browser: "Opera", OS: "Windows", Device: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                 {Browser: "Firefox", OS: "Windows", Device: "desktop"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                           {Browser: "Firefox", OS: "Linux", Device: "desktop"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":                                   {Browser: "Chrome", OS: "Chrome OS", Device: "desktop"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                            {Browser: "Safari", OS: "macOS", Device: "desktop"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":          {Browser: "Safari", OS: "iOS", Device: "mobile"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0.7499.40 Mobile/15E148 Safari/604.1":   {Browser: "Chrome", OS: "iOS", Device: "mobile"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15":        {Browser: "Firefox", OS: "iOS", Device: "mobile"},
		"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":                   {Browser: "Safari", OS: "iOS", Device: "tablet"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36":                                  {Browser: "Chrome", OS: "Android", Device: "mobile"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":              {Browser: "Samsung Internet", OS: "Android", Device: "mobile"},
		"Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0":                                                                             {Browser: "Firefox", OS: "Android", Device: "mobile"},
		"Mozilla/5.0 (Linux; Android 14; SM-X710; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.0.0 Safari/537.36":                   {Browser: "Chrome", OS: "Android", Device: "tablet"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 360.0.0.0.1 (iPhone15,2)": {Browser: "Instagram", OS: "iOS", Device: "mobile"},
		"nobody knows me": {Browser: "Other", OS: "Other", Device: "other"},
	} {
		if got := rules.Of(sent); got != want {
			t.Errorf("%q is %+v, want %+v", sent, got, want)
		}
	}
}

func BenchmarkAgents(b *testing.B) {
	text, err := os.ReadFile("testdata/bots/browsers.txt")
	if err != nil {
		b.Fatal(err)
	}
	sent := strings.Split(strings.TrimSpace(string(text)), "\n")
	b.Run("none", func(b *testing.B) { // prepared
		for b.Loop() {
			agent.New(model.AgentConfig())
		}
	})
	b.Run("first", func(b *testing.B) { // prepared, and every expression that is needed compiled
		for b.Loop() {
			rules := agent.New(model.AgentConfig())
			rules.Of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36")
		}
	})
	b.Run("new", func(b *testing.B) { // an agent that was not seen before
		rules := model.Agents()
		for _, one := range sent {
			rules.Of(one)
		}
		n := 0
		for b.Loop() {
			rules.Of(sent[n%len(sent)] + strings.Repeat(" ", 1+n/len(sent)%97))
			n++
		}
	})
	b.Run("seen", func(b *testing.B) {
		rules := model.Agents()
		for b.Loop() {
			rules.Of(sent[0])
		}
	})
}
