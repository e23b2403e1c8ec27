// Package model holds the business rules as data: stages, channels, bots and the kinds of touchpoint, checked and versioned.
//
// People edit the YAML and CSV files of this folder; `make golden` compiles them into compiled.go, by infra/rulefile, and a test says
// when that was forgotten. So a program that starts reads and parses nothing, and prepares each set of rules once, when it is first asked for.
// The package decides nothing and computes nothing.
//
//	rules, err := model.Channels()
//	name := rules.Of(channel.Signals{Source: "google", Medium: "cpc"}) // paid_search
package model

import (
	"sync"

	"waymark/shared/domain/channel"
)

// Channels gives the built-in channel rules, prepared when they are first asked for.
func Channels() (*channel.Rules, error) { return channels() }

var channels = sync.OnceValues(func() (*channel.Rules, error) { return channel.New(ChannelConfig()) })

// ChannelConfig gives a copy of the data behind Channels, for whoever changes a part of it before making rules.
func ChannelConfig() channel.Config { return channelConfig() }
