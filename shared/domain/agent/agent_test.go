package agent_test

import (
	"strings"
	"sync"
	"testing"

	"waymark/shared/domain/agent"
)

// few are rules in which each way of naming a family occurs.
func few() *agent.Rules {
	return agent.New(agent.Config{
		Version: 3,
		Browsers: []agent.Pattern{
			{Needs: []string{"edg/"}, Expr: `Edg/\d+`, Family: "Edge"},
			{Needs: []string{"opera", "opr/"}, Expr: `(Opera|OPR)/`, Family: "$1 Browser"},
			{Needs: []string{"crios"}, Expr: `(CriOS)/\d+`},
			{Needs: []string{" cfnetwork"}, Expr: `^(.{0,200})/\d+ CFNetwork`},
			{Expr: `(?i)^ab?c`, Family: "abc"},
		},
		Systems: []agent.Pattern{{Needs: []string{"iphone"}, Expr: `iPhone OS`, Family: "iOS"}},
		Merged:  map[string]string{"CriOS": "Chrome"},
	})
}

func TestOf(t *testing.T) {
	t.Parallel()
	rules := few()
	long := strings.Repeat("é", 40) // 80 bytes
	for text, want := range map[string]agent.Agent{
		"":                                   {},
		"Edg/120 OPR/5":                      {"Edge", "Other", "other"},  // the first pattern that matches
		"EDG/120":                            {"Other", "Other", "other"}, // has what is needed and does not match
		"OPR/5":                              {"OPR Browser", "Other", "other"},
		"(iPhone; CPU iPhone OS 18) CriOS/5": {"Chrome", "iOS", "mobile"},
		"My App/7 CFNetwork":                 {"My App", "Other", "other"},
		long + "/7 CFNetwork":                {long[:agent.MaxFamilyBytes], "Other", "other"},
		" /7 CFNetwork":                      {"Other", "Other", "other"}, // a family of nothing is none
		"AC":                                 {"abc", "Other", "other"},
		"ed":                                 {"Other", "Other", "other"},
	} {
		for range 2 { // read, then remembered
			if got := rules.Of(text); got != want {
				t.Errorf("Of(%q) = %+v, want %+v", text, got, want)
			}
		}
	}
	if rules.Version() != 3 {
		t.Errorf("version %d, want 3", rules.Version())
	}
}

// What is remembered is bounded, and many may ask at once.
func TestOfMany(t *testing.T) {
	t.Parallel()
	rules := few()
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for i := range agent.MaxSeen {
				text := strings.Repeat("x", n) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + " Edg/1"
				if got := rules.Of(text); got.Browser != "Edge" {
					t.Errorf("Of(%q) = %+v", text, got)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestClass(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":       agent.Desktop,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15": agent.Desktop,
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36":                                                           agent.Desktop,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148":                             agent.Mobile,
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36":       agent.Mobile,
		"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119":                                                          agent.Mobile,
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":              agent.Tablet,
		"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148":                                      agent.Tablet,
		"Mozilla/5.0 (Linux; Android 11; KFTRWI) Silk/120.2 like Chrome/120 Mobile":                                             agent.Tablet,
		"okhttp/4.12.0": agent.OtherDevice,
	} {
		if got := agent.Class(text); got != want {
			t.Errorf("Class(%q) = %q, want %q", text, got, want)
		}
	}
}
