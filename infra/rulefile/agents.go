package rulefile

import (
	"fmt"
	"io/fs"
	"regexp/syntax"
	"strings"

	"waymark/shared/domain/agent"
)

// The shapes of agents.yaml and of agents_uap.yaml, which is ua-parser's own.
type (
	agentFile struct {
		Version int                 `yaml:"version"`
		Merged  map[string][]string `yaml:"merged"`
		Browser []agentPattern      `yaml:"browsers"`
		Systems []agentPattern      `yaml:"systems"`
	}
	agentPattern struct {
		Regex  string `yaml:"regex"`
		Family string `yaml:"family"`
	}
	uapFile struct {
		Browsers []uapPattern `yaml:"user_agent_parsers"`
		Systems  []uapPattern `yaml:"os_parsers"`
	}
	uapPattern struct {
		Regex  string            `yaml:"regex"`
		Flag   string            `yaml:"regex_flag"`
		Family string            `yaml:"family_replacement"`
		System string            `yaml:"os_replacement"`
		Others map[string]string `yaml:",inline"` // versions, which nobody asks for
	}
)

// Agents reads the patterns of user agents: ours, then ua-parser's. Every expression is read once here, and never when a program starts.
func Agents(files fs.FS) (agent.Config, error) {
	var own agentFile
	if err := decodeFile(files, "agents.yaml", &own); err != nil {
		return agent.Config{}, err
	}
	var uap uapFile
	if err := decodeFile(files, "agents_uap.yaml", &uap); err != nil {
		return agent.Config{}, err
	}
	config := agent.Config{Version: own.Version, Merged: map[string]string{}}
	for name, families := range own.Merged {
		for _, family := range families {
			if _, taken := config.Merged[family]; taken {
				return agent.Config{}, fmt.Errorf("read agents.yaml: family %q is merged twice", family)
			}
			config.Merged[family] = name
		}
	}
	for _, kind := range []struct {
		own []agentPattern
		uap []uapPattern
		to  *[]agent.Pattern
	}{{own.Browser, uap.Browsers, &config.Browsers}, {own.Systems, uap.Systems, &config.Systems}} {
		for _, p := range kind.own {
			*kind.to = append(*kind.to, agent.Pattern{Expr: p.Regex, Family: p.Family})
		}
		for _, p := range kind.uap {
			expr := p.Regex
			if p.Flag != "" {
				expr = "(?" + p.Flag + ")" + expr
			}
			*kind.to = append(*kind.to, agent.Pattern{Expr: expr, Family: p.Family + p.System})
		}
		for i := range *kind.to {
			p := &(*kind.to)[i]
			parsed, err := syntax.Parse(p.Expr, syntax.Perl)
			if err != nil {
				return agent.Config{}, fmt.Errorf("pattern %q of agents: %w", p.Expr, err)
			}
			if parsed.MaxCap() == 0 && (p.Family == "" || strings.Contains(p.Family, "$")) {
				return agent.Config{}, fmt.Errorf("pattern %q of agents has no group that names the family", p.Expr)
			}
			p.Needs = needs(parsed)
		}
	}
	return config, nil
}
