package model

import (
	"sync"

	"waymark/shared/domain/bot"
)

// Bots gives the built-in bot rules, prepared when they are first asked for.
func Bots() (*bot.Rules, error) { return bots() }

var bots = sync.OnceValues(func() (*bot.Rules, error) { return bot.New(BotConfig()) })

// BotConfig gives a copy of the data behind Bots, for whoever changes a part of it before making rules.
func BotConfig() bot.Config { return botConfig() }
