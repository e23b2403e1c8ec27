package model

import (
	"cmp"
	"sync"

	"waymark/shared/domain/agent"
)

// Agents gives the built-in rules of user agents, prepared when they are first asked for.
func Agents() *agent.Rules { return agents() }

var agents = sync.OnceValue(func() *agent.Rules { return agent.New(AgentConfig()) })

// AgentConfig gives a copy of the data behind Agents.
func AgentConfig() agent.Config { return agentConfig() }

// AgentFamily is the name under which a family of ua-parser is counted.
func AgentFamily(family string) string { return cmp.Or(AgentConfig().Merged[family], family) }
